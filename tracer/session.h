/* SPDX-License-Identifier: MIT */
/*
 * session.h - the two roles of the program zctrace, and what they share. Only main.c, front.c,
 * session.c, session_start.c and control.c need it.
 */
#ifndef ZC_TRACER_SESSION_H
#define ZC_TRACER_SESSION_H

#include "core/wire/session.h"
#include "tracer/tracer.h"

enum {
	ZC_TRACE_DONE = 0,
	ZC_TRACE_TROUBLE = 125, /* zctrace itself failed; zcwrap says so and makes it an error */
};

/* Becomes zcwrap, which runs zctrace again. Returns an exit code when it cannot. */
int zc_front(char **argv);
/* The tracer's own life, as zcwrap starts it: --session=... first. Returns an exit code. */
int zc_session_run(int argc, char **argv);

void zc_control_tell(int control, const struct zc_control *word);

/* session_start.c: what zcwrap says on our command line, and what it left for us. */
struct zc_start_words {
	struct zc_tracer_options options;
	int environment, view, confine;
	pid_t *attach;
	size_t attach_count;
};
int zc_start_parse(struct zc_start_words *start, int argc, char **argv); /* 0, -EINVAL or -ENOMEM */
/* Image, pages, plan, environment: checked and mapped, as long as we live. 0 or -errno. */
int zc_start_take_over(struct zc_start_words *start, struct zc_tracer *tracer);
/* Where lines for people go, if anywhere. 0 or -errno. */
int zc_start_open_view(struct zc_start_words *start);

#endif
