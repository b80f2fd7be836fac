/* SPDX-License-Identifier: MIT */
/*
 * frames.c - frames as a hostile process would send them: decoded, pushed through, written out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/evidence.h"
#include "evidence/naming/naming.h"
#include "policy/build/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A small policy, so that rule numbers in frames lead somewhere. */
static struct zc_image *make_image(void)
{
	struct zc_build_options options = { 0 };
	struct zc_build *build = zc_build_new();
	struct zc_image *image = NULL;
	size_t size;

	zc_build_rule(build, ZC_LAYER_USER, ZC_SAYS_DENY, 1, "deny-read /etc", "ci.zc:1", false);
	zc_build_path(build, 0, 1, "/etc");
	zc_build_rule(build, ZC_LAYER_PROFILE, ZC_SAYS_DENY, 1, "deny-read ~/.ssh", "@dev", true);
	zc_build_path(build, 1, 1, "/root/.ssh");
	if (zc_build_finish(build, &options, &image, &size))
		abort();
	zc_build_free(build);
	return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zc_image *image;
	static struct zc_page *page;
	struct zc_evidence_end end = { 0 };
	struct zc_evidence_result result;
	struct zc_evidence_setup setup = { .run_id = "fuzz" };
	struct zc_evidence *evidence;
	char *events = NULL, *human = NULL;
	size_t events_len, human_len, at = 0;
	static uint64_t frame[ZC_FRAME_MAX / 8];

	if (!image) {
		zc_naming_use(
			""); /* a process for each input is too slow, and what it reads is not fuzzed */
		image = make_image();
		page = calloc(1, sizeof(*page));
		page->magic = ZC_PAGE_MAGIC;
	}
	setup.image = image;
	setup.page = page;
	setup.events_out = open_memstream(&events, &events_len);
	setup.human = open_memstream(&human, &human_len);
	if (zc_evidence_new(&evidence, &setup))
		abort();
	while (at < size) {
		struct zc_frame_head head = { 0 };
		size_t len = size - at < sizeof(frame) ? size - at : sizeof(frame);

		memcpy(&head, data + at, size - at < sizeof(head) ? size - at : sizeof(head));
		if (head.size && head.size < len)
			len = head.size;
		memcpy(frame, data + at, len);
		zc_evidence_put(evidence, frame, len, (head.flags & 1) ? 0 : head.pid);
		at += len;
	}
	zc_evidence_settle(evidence, &end, &result);
	zc_evidence_finish(evidence, 0, NULL);
	zc_evidence_print_end(evidence);
	zc_evidence_free(evidence);
	fclose(setup.events_out);
	fclose(setup.human);
	if (memchr(human, 0x1b, human_len) || memchr(events, 0x1b, events_len))
		abort(); /* a terminal would have been reached */
	free(events);
	free(human);
	return 0;
}
