/* SPDX-License-Identifier: MIT */
/*
 * launch.h - what the command's first process does before its exec, and what it says meanwhile. Only
 * ptrace/launch.c, launch_child.c and notify/start.c need it.
 */
#ifndef ZC_TRACER_LAUNCH_H
#define ZC_TRACER_LAUNCH_H

#include "tracer/tracer.h"

/* In this order, over a pipe that closes at a successful exec. */
enum zc_word_kind {
	ZC_WORD_LAYER,   /* value: enum zc_confine_layer; error: 0 or errno */
	ZC_WORD_CONFINE, /* a required layer has failed: the end */
	ZC_WORD_FILTER,  /* error: 0 or errno; value: the listener's number */
	ZC_WORD_EXEC,    /* it has failed: the end */
};
struct zc_word {
	int kind, error, value;
};

struct zc_child {
	int go;    /* waits for a byte from here; -1: does not wait */
	int tell;  /* where words go */
	int unfit; /* errno why no filter may be put in; 0 */
	unsigned
		flags; /* SECCOMP_FILTER_FLAG_*: with NEW_LISTENER it shares our descriptors, and parts */
};

/* launch_child.c. In the child; async-signal-safe. */
_Noreturn void zc_launch_child(const struct zc_tracer *tracer, const struct zc_child *child);
/* In the tracer: the next word. Returns 0, or -ENODATA at the end. Layers are passed on to zcwrap. */
int zc_launch_hear(struct zc_tracer *tracer, struct zc_word *ret);
/* What is left to hear after it ended before its exec. As zc_launch() returns. */
pid_t zc_launch_failed(struct zc_tracer *tracer, int *ret_exec_error);
/* Kills it, waits for it, returns error. */
int zc_launch_end(pid_t pid, int error);
/* Builds tracer->filter for an engine. */
int zc_launch_filter(struct zc_tracer *tracer, uint32_t action);

#endif
