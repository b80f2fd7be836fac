/* SPDX-License-Identifier: MIT */
/*
 * notify.h - the engine that holds calls by seccomp user notification. Only notify*.c, launch.c and
 * engine.c need it.
 *
 * Theory of operation. The command's filter answers RET_USER_NOTIF; its first process, which shares our
 * descriptors until then (CLONE_FILES), tells the number of the listener and parts with them. From then
 * on a caller of a judged call sleeps in the kernel until it has an answer: an errno, a value, a
 * descriptor that was opened here (ADDFD), or "go on". After we have heard of a call only a fatal signal
 * ends the wait (WAIT_KILLABLE_RECV), so nobody sees an EINTR of our making.
 *
 *   notify.c  waits for calls, ends and children; one call at a time, as with ptrace
 *   start.c   the command begins
 *   runs.c    execs that were judged before
 *   open.c    opens in the caller's stead, where it is the same as if the caller had done it
 *             (open_plain.c: the short way for what is plainly allowed)
 *   act.c     changes of files in the caller's stead: mkdir, rename, unlink, chmod ...
 *   call.c    other calls in the caller's stead: connect, bind, sendto
 *   life.c    who calls: learnt at its first call, again after an exec, until its end (who.c: from /proc)
 *   ends.c    what is heard besides calls;  aside.c  calls that stay without an answer for now
 *   stack.c   registers: a few from /proc; all of them by stopping who was refused
 *
 * Nothing tells of births, execs and returns here. A process is known from its first judged call on
 * (what makes none is under the filter all the same), an exec is noticed when its process calls again
 * or a few milliseconds later, and what a call came to is not seen: "go on" is for what needs no look
 * afterwards, or cannot be done in the caller's stead.
 */
#ifndef ZC_TRACER_NOTIFY_H
#define ZC_TRACER_NOTIFY_H

#include <linux/seccomp.h>
#include <poll.h>

#include "tracer/engine.h"
#include "tracer/judge/judge.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define ZC_NOTIFY_FLAGS (SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

#define ZC_NOTIFY_QUEUE 2048u /* calls that were heard of and wait for their judgement */
#define ZC_NOTIFY_ASIDE 64u   /* calls that wait for names */
#define ZC_NOTIFY_EXECS 64u   /* execs whose outcome is looked for without waiting for a call */

#define ZC_NOTIFY_MOUNTS UINT64_MAX /* in events; others are 0, signals, or a pid */

struct zc_notify {
	int listener; /* -1: nobody uses the filter any more */
	int events;   /* epoll of what tells of ends: signals, and each caller's pidfd */
	int signals;
	int root;    /* of the run, O_PATH, where it is not ours; -1: it is */
	char *queue; /* a ring of requests, request_size bytes each */
	unsigned first, waiting;
	struct seccomp_notif *request; /* under judgement */
	struct seccomp_notif_resp *response;
	size_t request_size, response_size;
	const struct zc_call_stop *stop; /* of the call under judgement */
	bool answered;
	pid_t learnt;    /* first seen with this call, so that its program's name is fresh; 0 */
	pid_t unwatched; /* likewise: its end is not told of yet; 0 */
	bool tried_soon; /* zc_notify_open_plain() has had it already */
	bool let_go_on; /* a call that may change identities was let through: look at each caller */
	bool domains; /* somebody has a Landlock domain of its own: nothing is opened for anybody */
	bool apart;   /* roots or mounts may differ: likewise, and no name is what it is to us */
	bool sound;   /* no mount shows a file system twice: names can be known */
	bool own_names;      /* the run's names are ours: it has no root of its own */
	bool proc_elsewhere; /* procfs is visible under other names than /proc */
	int mountinfo[2];    /* ours and, where the run has mounts of its own, the command's; -1 */
	unsigned
		held_below; /* ZC_NEED_*: what the policy denies of these, the kernel refuses too */
	uint64_t identity;  /* of the run's first program: zc_notify_identity() */
#define ZC_NOTIFY_IDS 8 /* of users and groups: real, effective, saved, for files; each a pair */
	uint32_t ids[ZC_NOTIFY_IDS]; /* ours, where ids_known */
	bool ids_known;
	bool plain_ids; /* it is root, or somebody without any capability */
	struct {
		pid_t pid;
		unsigned looks;
	} exec[ZC_NOTIFY_EXECS];
	unsigned execs;
	uint64_t looked_ms; /* when these were looked at, or the first of them came */
	char *aside;        /* requests that wait for names: aside_count of ZC_NOTIFY_ASIDE */
	unsigned aside_count;
	bool names_came; /* ... and may be judged again */
	int unfit;       /* errno why the filter could not be put in; 0 */
	pid_t held;      /* stopped by stack.c */
	pid_t late;      /* a child that ended while it was to be held; 0: none */
	int late_status;
};

/* start.c; zc_engine_notify.launch */
pid_t zc_notify_launch(struct zc_tracer *tracer, int *ret_exec_error);
void zc_notify_finish(struct zc_tracer *tracer);

/* notify.c: one call is taken and answered. */
void zc_notify_take(struct zc_tracer *tracer);
/* Answers the call that was taken last. 0 or -errno; -ESRCH: nobody waits for it any more. */
int zc_notify_answer(struct zc_tracer *tracer, struct zc_tracee *tracee, long value);
int zc_notify_go_on(struct zc_tracer *tracer);
/* Is what was read still about the caller? Before anything that cannot be undone. */
bool zc_notify_is_valid(struct zc_tracer *tracer);
/* The request that was taken last, as if it had just come. */
void zc_notify_judge_again(struct zc_tracer *tracer);
/* Room n of the queue, counted from the request that is next. */
char *zc_notify_queued(struct zc_notify *notify, unsigned n);

/* ends.c: our own child has changed its state. */
void zc_notify_child(struct zc_tracer *tracer, pid_t pid, int status);
/* All that there is to hear besides calls. False: there is nobody left to wait for. */
bool zc_notify_look_at_ends(struct zc_tracer *tracer);

/* aside.c; engine.h has what they do. */
int zc_notify_set_aside(struct zc_tracer *tracer, struct zc_tracee *tracee);
void zc_notify_take_up(struct zc_tracer *tracer);
void *zc_notify_suspend(struct zc_tracer *tracer, struct zc_tracee *tracee);
void zc_notify_resume(struct zc_tracer *tracer, pid_t tid, void *held);

/* life.c */
struct zc_tracee *zc_notify_tracee(struct zc_tracer *tracer, pid_t tid); /* NULL: gone already */
/* Behind the answer: what could wait until then. */
/*
 * Does a process live in its parent's memory, or with its descriptors, as a vfork child does? When it calls
 * vfork itself and is killed, its parent goes on beside that child; so it must be asked before.
 */
bool zc_notify_borrows(const struct zc_tracer *tracer, pid_t tid);
void zc_notify_learn_rest(struct zc_tracer *tracer);
void zc_notify_ended(struct zc_tracer *tracer, pid_t tid);
/* The exec that a call has asked for was allowed. */
void zc_notify_executes(struct zc_tracer *tracer, struct zc_tracee *tracee);
void zc_notify_look_at_execs(struct zc_tracer *tracer);
uint64_t zc_notify_now_ms(void);
/* Hash of the ids, groups and capabilities of a thread; 0: cannot be known. */
uint64_t zc_notify_identity(pid_t tid);
/* Ours, if pidfds tell them here (Linux 6.13). */
void zc_notify_learn_ids(struct zc_notify *notify);

/* start.c: what is mounted, when it may have changed. */
void zc_notify_look_at_mounts(struct zc_notify *notify);

/* Could somebody else change what a call's pointers lead to? */
bool zc_notify_shares(const struct zc_tracer *tracer, const struct zc_tracee *tracee);

/* ... wherever in its memory that lies? Not so where only a mapping is shared. */
bool zc_notify_shares_all(const struct zc_tracer *tracer, const struct zc_tracee *tracee);

/* open_plain.c: the short way for a spelling that is plainly allowed. Returns whether it was answered. */
bool zc_notify_open_plain(struct zc_tracer *tracer, struct zc_tracee *tracee,
			  const struct zc_call_stop *stop);
/* Of one of which an exec is expected: what a new program opens first waits for nothing more than this. */
bool zc_notify_open_first(struct zc_tracer *tracer, struct zc_tracee *tracee,
			  const struct zc_call_stop *stop);
bool zc_notify_perform_open(struct zc_case *c);
/*
 * A path as it was written, behind where it starts. Returns its length, or 0: the long way knows.
 * *ret_text: bytes of it that lie in the caller's memory, with the NUL.
 */
#define ZC_NOTIFY_PATH (ZC_PATH_CAP + 256u)
size_t zc_notify_read_path(pid_t tid, int dirfd, uint64_t address, char path[ZC_NOTIFY_PATH],
			   size_t *ret_text);

/* runs.c: the short way for an exec. Returns whether it goes on. */
bool zc_notify_run_known(struct zc_tracer *tracer, struct zc_tracee *tracee,
			 const struct zc_call_stop *stop);
/* zc_engine_notify.learn */
void zc_notify_learn_run(const struct zc_case *c, int natural);

/* Would what is done for the caller here be the same as if it had done it? */
bool zc_notify_may_stand_in(struct zc_tracer *tracer, const struct zc_tracee *tracee);
/* Is it of procfs, where things are about who asks? True too where that cannot be known. */
bool zc_notify_is_proc(int fd);

/* The held directory of object 0 in the run's own root: an O_PATH descriptor, or -EAGAIN. */
int zc_notify_hold_inside(const struct zc_case *c);

/* act.c: changes of files in the caller's stead, where they were judged. */
bool zc_notify_perform_change(struct zc_case *c);
/* Makes the missing file of an allowed open. Returns a descriptor, -EAGAIN (the caller itself), -errno. */
int zc_notify_create(struct zc_case *c, uint32_t flags);
/* call.c: likewise for what is no open. */
bool zc_notify_perform_call(struct zc_case *c);

/* stack.c */
int zc_notify_registers(struct zc_tracer *tracer, struct zc_tracee *tracee,
			struct zc_wire_regs *ret);
int zc_notify_hold(struct zc_tracer *tracer, struct zc_tracee *tracee, int error);
void zc_notify_let_go(struct zc_tracer *tracer, struct zc_tracee *tracee);

/* engine.c: EBUSY where an outer supervisor has a listener already, else 0. */
int zc_engine_outer_listener(void);

#endif
