/* SPDX-License-Identifier: MIT */
/*
 * bytes.c - a name that is not UTF-8, breaks lines and colours terminals is evidence all the same.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault
 * expect: open: EACCES; base64; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/\xff\xfe\n::error::\x1b[31mred\"\\", argv[1]);
	say_open("open", path);
	return 0;
}
