/* SPDX-License-Identifier: MIT */
/*
 * session.h - the two roles of the program zctrace, and what they share. Only main.c, front.c,
 * session.c and control.c need it.
 */
#ifndef ZC_TRACER_SESSION_H
#define ZC_TRACER_SESSION_H

#include "core/wire/session.h"

enum {
	ZC_TRACE_DONE = 0,
	ZC_TRACE_TROUBLE = 125, /* zctrace itself failed; zcwrap says so and makes it an error */
};

/* Becomes zcwrap, which runs zctrace again. Returns an exit code when it cannot. */
int zc_front(char **argv);
/* The tracer's own life, as zcwrap starts it: --session=... first. Returns an exit code. */
int zc_session_run(int argc, char **argv);

void zc_control_tell(int control, const struct zc_control *word);

#endif
