/* SPDX-License-Identifier: MIT */
/*
 * front.c - `zctrace ...` becomes `zcwrap ...` by exec, under its own name.
 *
 * zcwrap owns policy, evidence and exit codes, and has the one table of options. Called by the name
 * zctrace it traces unless told otherwise, and says "zctrace" where it says who it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base.h"
#include "tracer/session/session.h"

int zc_front(char **argv)
{
	static const char name[] = "zcwrap";
	static char own_name[] = "zctrace";
	char path[ZC_PATH_CAP];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name));

	if (len <= 0 || len >= (ssize_t)(sizeof(path) - sizeof(name))) {
		fputs("zctrace: cannot find out where it lies, and so zcwrap beside it\n", stderr);
		return ZC_TRACE_TROUBLE;
	}
	while (len > 0 && path[len - 1] != '/')
		len--;
	memcpy(path + len, name, sizeof(name));
	argv[0] = own_name;
	execv(path, argv);
	fprintf(stderr, "zctrace: cannot run '%s': %s\n", path, strerror(errno));
	return ZC_TRACE_TROUBLE;
}
