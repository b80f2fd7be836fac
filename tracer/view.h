/* SPDX-License-Identifier: MIT */
/*
 * view.h - what the files that print for people share.
 */
#ifndef ZC_TRACER_VIEW_H
#define ZC_TRACER_VIEW_H

#include <stdarg.h>
#include <stdio.h>

#include "tracer/tracer.h"

struct zc_line {
	char *text;
	size_t len, cap;
};

/* -k: the tracee's stack, one frame a line, innermost first. */
void zc_view_stack(struct zc_tracer *tracer, struct zc_tracee *tracee, FILE *out);
void zc_view_stack_finish(void);

#endif
