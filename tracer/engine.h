/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the ways of holding a call until it has been judged. Who judges does not know which it is.
 *
 *   ptrace   each judged call is a stop; sees returns and births; nobody else may trace. Any kernel
 *   notify   seccomp user notification: the caller waits inside the kernel for an answer. Cheaper, and
 *            programs inside may trace. An allowed open is made here and handed over, so that what was
 *            judged is what is opened. Linux 5.19 (notify.h has its theory of operation)
 *
 * One engine a run. Its functions are called for the one call that is under judgement (judge.h).
 */
#ifndef ZC_TRACER_ENGINE_H
#define ZC_TRACER_ENGINE_H

#include "tracer/tracer.h"

struct zc_case;

struct zc_engine {
	const char *name;
	enum zc_source source;
	bool sees_returns;      /* what came of a call can be looked at (ZC_RESTART_TO_EXIT) */
	bool keeps_tracers_out; /* programs of the run cannot trace */
	uint32_t action;        /* SECCOMP_RET_* that holds a call */

	/* Starts the command. Returns its pid; 0 with *ret_exec_error; -errno. */
	pid_t (*launch)(struct zc_tracer *tracer, int *ret_exec_error);
	/* Until nobody is left. Returns 0 or -errno. */
	int (*loop)(struct zc_tracer *tracer);
	/* The call is not made; value is its result. Returns 0 or -errno (-ESRCH: the caller is dying). */
	int (*answer)(struct zc_tracer *tracer, struct zc_tracee *tracee, long value);
	/* Changes argument n (0..5). -ENOTSUP: this engine cannot. */
	int (*set_argument)(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_abi abi,
			    unsigned n, uint64_t value);
	/* Is the caller still there, so that what was read is about it? NULL: it cannot go. */
	bool (*waits)(struct zc_tracer *tracer);
	/*
	 * Keeps the call under judgement where it is: 0, or -EAGAIN. take_up() judges all that were kept
	 * anew, each as if it had just come.
	 */
	int (*set_aside)(struct zc_tracer *tracer, struct zc_tracee *tracee);
	void (*take_up)(struct zc_tracer *tracer);
	/* Makes an allowed call in the caller's stead. Returns whether it has its answer. NULL: never. */
	bool (*perform)(struct zc_case *c);
	/* A call has been judged, and answered when natural is an -errno. NULL: that is of no use. */
	void (*learn)(const struct zc_case *c, int natural);
	/*
	 * The call under judgement stays unanswered until resume, by what suspend returns: malloc'd, resume frees it (NULL: it cannot).
	 * Then it is judged anew, from the beginning.
	 */
	void *(*suspend)(struct zc_tracer *tracer, struct zc_tracee *tracee);
	void (*resume)(struct zc_tracer *tracer, pid_t tid, void *held);
	/* What a walk of the stack begins with; as much of it as is known without stopping anybody. */
	int (*registers)(struct zc_tracer *tracer, struct zc_tracee *tracee,
			 struct zc_wire_regs *ret);
	/*
	 * For all registers of a call that is refused: answers -error and keeps the caller stopped behind
	 * the call until let_go. Returns 0, or -errno when it could not be stopped (it may have been
	 * answered all the same). NULL: it is stopped already.
	 */
	int (*hold)(struct zc_tracer *tracer, struct zc_tracee *tracee, int error);
	void (*let_go)(struct zc_tracer *tracer, struct zc_tracee *tracee);
};

extern const struct zc_engine zc_engine_ptrace, zc_engine_notify;

/* "ptrace" or "notify"; NULL for another name. */
const struct zc_engine *zc_engine_find(const char *name);
/* 0, or the errno why the engine cannot be used here. Tries, in a child where it must. */
int zc_engine_fits(const struct zc_engine *engine);

#endif
