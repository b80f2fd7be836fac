/* SPDX-License-Identifier: MIT */
/*
 * session.c - the ZENCUBE variable survives being written and read, and nothing else is taken for one.
 */
#include <errno.h>
#include <string.h>

#include "core/wire/session.h"
#include "tests/unit/t.h"

static void test_round_trip(bool gap_allow, bool passive)
{
	const struct zc_session in = { .image_fd = 1016,
				       .page_fd = 1015,
				       .socket_fd = 2147483647,
				       .image_ino = 7,
				       .page_ino = UINT64_MAX,
				       .instance = 0xfedcba9876543210ull,
				       .gap_allow = gap_allow,
				       .passive = passive };
	struct zc_session out = { 0 };
	char text[192];

	T_OK(zc_session_print(&in, text, sizeof(text)) == (long)strlen(text) &&
		     zc_session_parse(&out, text) == 0,
	     "it is printed and parsed: %s", text);
	T_OK(out.image_fd == in.image_fd && out.page_fd == in.page_fd &&
		     out.socket_fd == in.socket_fd && out.image_ino == in.image_ino &&
		     out.page_ino == in.page_ino && out.socket_ino == in.socket_ino &&
		     out.instance == in.instance,
	     "with all its numbers");
	T_OK(out.gap_allow == gap_allow && out.passive == passive,
	     "and what it says of gaps (%d) and filters (%d)", gap_allow, passive);
}

int main(void)
{
	static const char *const nonsense[] = {
		"",
		"1",
		"0:3:4:5:6:7:8:9",
		"5:3:4:5:6:7:8:9",
		"1:3:4:5:6:7:8",
		"1:3:4:5:6:7:8:9:",
		"1:3:4:5:6:7:8:9x",
		"1:-3:4:5:6:7:8:9",
		"1:3:4:5:6:7:8:XY",
		"1:4294967296:4:5:6:7:8:9",
	};
	struct zc_session out;
	char small[64];

	for (int kind = 0; kind < 4; kind++)
		test_round_trip(kind & 1, kind & 2);
	for (size_t i = 0; i < ZC_LEN(nonsense); i++)
		T_OK(zc_session_parse(&out, nonsense[i]) == -EINVAL, "'%s' is none", nonsense[i]);
	T_OK(zc_session_print(&(struct zc_session){ 0 }, small, sizeof(small)) == -ENAMETOOLONG,
	     "what may not fit is not begun");
	T_DONE();
}
