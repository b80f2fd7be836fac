/* SPDX-License-Identifier: MIT */
/*
 * main.c - zctrace: what people call becomes zcwrap; what zcwrap calls is the tracer.
 */
#include <stdio.h>
#include <string.h>

#include "tracer/session/session.h"

int main(int argc, char **argv)
{
	if (argc < 1) {
		fputs("zctrace: called without a name\n", stderr);
		return ZC_TRACE_TROUBLE;
	}
	if (argc > 1 && strncmp(argv[1], "--session=", 10) == 0)
		return zc_session_run(argc, argv);
	return zc_front(argv);
}
