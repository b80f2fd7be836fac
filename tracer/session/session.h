/* SPDX-License-Identifier: MIT */
/*
 * session.h - the two roles of the program zctrace, and what they share.
 *
 * Theory of operation. What people call zctrace becomes zcwrap under that name (front.c), which runs zctrace
 * again with --session: that one is the tracer. It takes over what zcwrap left for it, words and descriptors,
 * and checks all of it (session_start.c). Then it steps aside, so that the command does not notice who stands
 * between: signals blocked, descriptors CLOEXEC, out of the command's process group where that can be
 * (withdraw.c). It starts the command or attaches to it by the engine that was chosen, and waits until nobody
 * is left (session.c).
 *
 * Meanwhile it tells zcwrap's main loop what must be known at once, in words that are never waited for
 * (control.c). When zcwrap is gone, nothing goes on without a record (orphan.c).
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
