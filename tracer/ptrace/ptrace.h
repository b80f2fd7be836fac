/* SPDX-License-Identifier: MIT */
/*
 * ptrace.h - the engine that holds calls by stopping their threads.
 *
 * Theory of operation. One thread, two doors: loop.c alone waits for tracees (waitpid, all that there is,
 * then in that order), and loop.c alone restarts them. A wait status becomes an enum in a pure function
 * (stop.c), a table has one handler for each, and a handler says how its tracee is to go on.
 *
 *   begin    launch.c forks, seizes and lets the child put in the filter; attach.c takes over what runs
 *   births   a fork's child may stop before its parent tells of it: birth.c adopts it and waits for the word
 *   a call   stopped by the filter: quick.c lets go on what was judged before and can mean nothing else,
 *            judge/ says the rest; regs.c skips a call or writes its result, and knows the registers alone
 *   returns  are waited for only where memory is shared (recheck.c) or a result matters (life.c)
 *   exec     life.c makes the tracee anew; recheck.c looks whether it runs what was judged
 *
 * Any request may answer -ESRCH: the tracee is dying, and its end will come by the loop. Nothing here
 * waits for anything but tracees; a thread that stopped and is not handled is never forgotten.
 */
#ifndef ZC_TRACER_PTRACE_H
#define ZC_TRACER_PTRACE_H

#include "tracer/tracer.h"

/* What a wait status says. Each value says what a handler may do. */
enum zc_stop {
	ZC_STOP_EXITED,  /* gone by exit: no requests any more */
	ZC_STOP_KILLED,  /* gone by a signal: likewise */
	ZC_STOP_SECCOMP, /* at a judged call, before it: may be skipped; registers may be read */
	ZC_STOP_SYSCALL, /* syscall-stop: zc_regs_is_return() says whether entry (only without a filter;
			     as SECCOMP) or exit, where the result may be read and changed */
	ZC_STOP_SIGNAL, /* about to get a signal: restart with it */
	ZC_STOP_GROUP,  /* group-stop: PTRACE_LISTEN */
	ZC_STOP_TRAP,   /* PTRACE_EVENT_STOP of a new or interrupted tracee: restart */
	ZC_STOP_BIRTH,  /* fork, vfork or clone returned in the parent: message is the child */
	ZC_STOP_VFORK_DONE,
	ZC_STOP_EXEC,    /* exec succeeded: message is the old tid */
	ZC_STOP_EXITING, /* PTRACE_EVENT_EXIT; not asked for: it would cost each process a stop */
	ZC_STOP_COUNT
};
/* stop.c; pure. */
enum zc_stop zc_stop_of(int status);
const char *zc_stop_name(enum zc_stop stop);

/* regs.c: 0 or -errno (-ESRCH: dying). */
int zc_regs_call(pid_t tid, struct zc_call_stop *ret);
void zc_regs_name_abi(struct zc_call_stop *stop, uint32_t arch); /* of stop->nr; AUDIT_ARCH_* */
int zc_regs_is_return(pid_t tid); /* at a syscall-stop: 1, 0 or -errno */
/* At BIRTH: CLONE_* of the call, 0 for fork; -ENODATA where registers cannot say it. */
int zc_regs_birth_flags(pid_t tid, uint64_t *ret_flags);
/* Makes the call not happen and answers -error, at a seccomp or entry stop. */
int zc_regs_refuse(pid_t tid, int error);
/* ... or answers value (0: done as asked, without doing it). */
int zc_regs_answer(pid_t tid, long value);
int zc_regs_result(pid_t tid, long *ret);      /* at an exit stop */
int zc_regs_set_result(pid_t tid, long value); /* at an exit stop */
/* Changes argument n (0..5) of the call that a tracee of this ABI stands before. */
int zc_regs_set_argument(pid_t tid, enum zc_abi abi, unsigned n, uint64_t value);
int zc_regs_walk(pid_t tid, struct zc_wire_regs *ret);

/* launch.c: forks, seizes, filters, execs. Returns the pid, or -errno of what failed (exec: reported
 * through *ret_exec_error with 0 returned). */
pid_t zc_launch(struct zc_tracer *tracer, int *ret_exec_error);
/* At the command's own exec: what the child said about the filter. For loop.c. */
void zc_launch_done(struct zc_tracer *tracer, struct zc_tracee *command);
/* attach.c: -p. */
int zc_attach(struct zc_tracer *tracer, pid_t pid);
void zc_detach_all(struct zc_tracer *tracer);
/* From now on INT, TERM and HUP ask for the end, and a wait that they came too early for ends too. */
void zc_attach_listen(void);
bool zc_attach_is_over(void);

/* birth.c: at the parent's event. */
void zc_birth(struct zc_tracer *tracer, struct zc_tracee *parent, struct zc_tracee *child);
/* A tracee that nobody has told of stops: NULL when there is no memory for it. */
struct zc_tracee *zc_birth_adopt(struct zc_tracer *tracer, pid_t tid);

/* loop.c: until all tracees are gone (or detached). Returns 0 or -errno. */
int zc_loop(struct zc_tracer *tracer);
/* ... or until the command has executed, or ended before that. For launch.c. */
int zc_loop_launch(struct zc_tracer *tracer);
/* Calls that stayed in their stop are judged anew. For engine_ptrace.c. */
void zc_loop_take_up(struct zc_tracer *tracer);
/* One wait and what it brought. Returns 0, or -ECHILD when there is nobody left. For attach.c. */
int zc_loop_turn(struct zc_tracer *tracer);
/* Judges once more the call that a tracee was left standing before. held: unused. */
void zc_loop_resume(struct zc_tracer *tracer, pid_t tid, void *held);

/* quick.c: is this stop at a call that was a plain allow, and can be nothing else? Then it may go on. */
struct zc_case;
bool zc_quick_passes(struct zc_tracer *tracer, struct zc_tracee *tracee,
		     const struct zc_call_stop *stop);
/* ... or at an mmap() that shares nothing which the run can change? */
bool zc_quick_maps(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		   const struct zc_call_stop *stop);
/* A call has been judged; natural is the -errno it was answered for that, or 0. engine.h. */
void zc_quick_learn(const struct zc_case *c, int natural);

/* recheck.c */
enum zc_restart zc_recheck_open(struct zc_tracer *tracer, struct zc_tracee *tracee);
/* At EXEC: does it run what was judged? Ends the process when it is something that may not run. */
void zc_recheck_exec(struct zc_tracer *tracer, struct zc_tracee *tracee);

#endif
