/* SPDX-License-Identifier: MIT */
/*
 * jemalloc.c - another preloaded library, one that opens files before it has memory, stays in its place.
 *
 * flavours: dynamic
 * needs: jemalloc
 * policy: --deny-read=$T/vault
 * env: LD_PRELOAD=libjemalloc.so.2
 * args: $T/vault/secret $T/open/file
 * expect: denied: EACCES; allowed: OK; jemalloc is there: OK; quiet; violation $T/vault/secret; exit 2
 */
#include <dlfcn.h>

#include "probe.h"

int main(int argc, char **argv)
{
	char *copy = strdup(argv[1]);

	say_open("denied", copy);
	say_open("allowed", argv[2]);
	errno = EINVAL;
	say("jemalloc is there", dlsym(RTLD_DEFAULT, "mallctl") ? 0 : -1);
	free(copy);
	return 0;
}
