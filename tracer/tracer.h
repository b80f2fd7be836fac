/* SPDX-License-Identifier: MIT */
/*
 * tracer.h - zctrace: the same verdicts from outside, whatever the binary is made of.
 *
 * Theory of operation. `zctrace [policy] -- COMMAND` is a front: it becomes `zcwrap --mode=trace`,
 * which owns policy, evidence and exit codes, and which runs zctrace again with --session. That one
 * is the tracer. It forks the command, seizes it (PTRACE_SEIZE, EXITKILL), and the command installs
 * a seccomp filter (filter.c) that answers RET_TRACE, with the row's id as data, for exactly the
 * calls a policy can judge and refuses cheaply nothing else; then it execs.
 *
 *   engine.h  the ways of holding a call: what follows is about ptrace (ptrace/ptrace.h), notify/notify.h
 *             has the other
 *   loop.c    the only place that waits and the only one that restarts a tracee
 *   stop.c    wait status -> enum zc_stop, purely; loop.c's table has one handler for each
 *   launch.c  the command is forked, seized, filtered, executed (launch_child.c: what it does itself,
 *             kernel layers first); attach.c: the same for -p, and detaching
 *   tracee.c  the table of tracees by tid: birth in any order, exec by any thread, death at any time
 *   numbers.c which row a system call number is, second numbers included
 *   birth.c   whose child a tracee is, and whose memory it lives in
 *   regs.c    PTRACE_GET_SYSCALL_INFO, skipping a call with a result; the only place that knows registers
 *   mem.c     bounded reads of a tracee's memory; pages.c, mapped.c: may others write there?
 *   paths.c   names as the tracee sees them: its root, directory, descriptors, mount namespace
 *   judge.c   a seccomp stop -> event -> zc_policy_decide() -> refuse in this very stop, or go on
 *             verdict.c: what it comes to; program.c: an exec; sockets.c: addresses; targets.c: whose
 *             process; life.c: birth to end
 *   quick.c   what was judged before, and can mean nothing else; known.c: which names are like that
 *   bypass.c  mode hybrid: who calls around the shim that is there
 *   recheck.c after an exec, or an open of a tracee that shares memory: was it what was judged?
 *   maps.c    what code is mapped where; elf.c: which build it is
 *   report.c  frames to the collector; view.c: lines for people; control.c: words to zcwrap's loop
 *   orphan.c  zcwrap is gone: so is the tree
 *   session/  main.c tells the two roles apart; front.c becomes zcwrap; session.c is the tracer's own start:
 *             signals blocked (not ignored: dispositions are the command's), descriptors CLOEXEC, a
 *             process group of its own (session/withdraw.c: not everywhere) and non-dumpable once the command is seized, subreaper
 *
 * A refusal costs one stop: the number becomes -1 and the result -errno at the seccomp stop. Any
 * request may answer ESRCH: the tracee is dying, and its end will be waited for. Nothing here waits
 * for a sink; nothing here allocates on behalf of a tracee without a limit.
 */
#ifndef ZC_TRACER_TRACER_H
#define ZC_TRACER_TRACER_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "core/event.h"
#include "core/image.h"
#include "core/keyed.h"
#include "core/decide/policy.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"

/* What is remembered between the entry and the exit of one call. */
enum zc_pending { ZC_PENDING_NONE, ZC_PENDING_RECHECK, ZC_PENDING_RESULT, ZC_PENDING_REFUSED };

/* Set aside until the child of names/ask.c has ended; TRIED: which was started for it. */
enum zc_aside { ZC_ASIDE_NO, ZC_ASIDE_WAITS, ZC_ASIDE_TRIED };

struct zc_tracee {
	struct zc_tracee *next; /* in its bucket */
	pid_t tid, tgid, ppid;  /* tgid 0: not yet known */
	uint64_t exec_id;       /* changes at each exec */
	bool seized, attached;  /* attached: by -p, no filter inside */
	bool dying;         /* a request or a read said ESRCH: nothing about it is worth a record */
	bool hides;         /* what a call points to is there, and not for us to read */
	bool shares_memory; /* threads, or CLONE_VM without vfork: what was read may change */
	bool lends;         /* ... by what it made itself, whatever it was born with */
	bool maps_shared; /* ... through a mapping that others may have: inherited, not given back */
	bool left_sharers; /* before its last exec: who was born then may still share */
	pid_t memory_of;   /* whose memory it was born into; 0: has its own */
	bool new_born;     /* its first stop has not been seen */
	bool adopted;      /* stopped before its parent's birth event, which is still to come */
	bool gone;         /* ... and ended before it too: kept for that event only */
	uint8_t pending;   /* enum zc_pending */
	int refusal;       /* errno to answer at the exit (ENTRY route) */
	uint16_t call;     /* of the pending call */
	uint8_t abi;
	uint64_t args[6];
	uint64_t judged_hash;  /* of what was judged: a path for recheck.c, an address for bind */
	uint8_t judged_need;   /* ZC_NEED_* of judged_path */
	bool judged_loader;    /* what was judged is a loader, or came to one */
	uint8_t judged_extra;  /* arguments that a script's interpreters have in front of its own */
	uint64_t judged_argv;  /* of the arguments of an exec; 0: nobody asks for them */
	char *judged_path;     /* owned; freed with the tracee */
	char *exe;             /* as last seen; owned; NULL: not looked up */
	uint64_t program_hash; /* of exe, for fingerprints */
	uint32_t uid;          /* as of the last exec or birth */
	bool uid_told;         /* ... by the engine */
	uint64_t
		maps_generation; /* bumped when mappings may have changed (exec, mmap of code is not seen: see maps.c) */
	void *maps;     /* struct zc_maps of the whole process, shared by tgid; maps.c owns */
	uint64_t calls; /* judged calls, for --summary */
	/* Engine notify: */
	int pidfd;         /* tells its end; -1: none, then ... */
	uint64_t born;     /* ... this tells it from the next of its number */
	bool executes;     /* an exec was let go on, and it is not known yet what came of it */
	bool looks_deep;   /* ... which its program's name alone would not tell */
	uint8_t aside;     /* enum zc_aside: its call, while names are asked for */
	bool stranger;     /* it has other ids or capabilities than we have */
	uint64_t identity; /* of what it runs: changes with each exec */
};

struct zc_tracer_options {
	struct zc_session session; /* image, page and socket of the run (descriptor numbers) */
	bool enforce; /* false: -p without --enforce; violations are recorded as audited */
	bool verbose; /* -v: a line for every judged call */
	bool stacks;  /* -k: a stack on every printed call */
	bool summary;
	unsigned digest;     /* ZC_DIGEST_*: whose files are hashed before the call goes on */
	const char *classes; /* -e: "file,net", NULL: all */
	FILE *view;          /* where lines for people go; NULL: nowhere */
	const pid_t *attach; /* 0-ended; NULL: run the command */
	char *const *command;
	/* launch.c: how the command is started; as zcwrap got it, untouched by us. */
	const char *exe;          /* what execve is given; command[0] may differ */
	char *const *environment; /* the command's; ours is another */
	sigset_t mask;            /* to restore in the child before exec ... */
	struct sigaction child;   /* ... and SIGCHLD's disposition, the only one that we change */
	int open_page;            /* mode hybrid: the shim's page; -1: none */
	bool new_session;         /* the child calls setsid() */
	pid_t group;              /* process group that the command stays in, and we may leave */
	int control;              /* socket to zcwrap's main loop (core/wire/session.h); -1: none */
	const struct zc_engine
		*engine; /* that was asked for; NULL: ptrace, and nothing is said of it */
	const struct zc_confine_plan *plan; /* kernel layers for the command; NULL: none */
};

struct sock_fprog;
struct zc_engine;
struct zc_confine_plan;
struct zc_notify;

struct zc_tracer {
	const struct zc_tracer_options *options;
	const struct zc_engine *engine; /* the one that is used */
	struct zc_notify *notify;       /* of the engine of that name; NULL: not used */
	uint32_t layers; /* bit n: enum zc_confine_layer n is applied to the command */
	const struct zc_image *image;
	struct zc_page *page; /* in mode hybrid nobody's but zcwrap's and ours */
	struct zc_page
		*open_page; /* what shims see, and anything of the run can write; else page */
	int socket;         /* -1: none */
	struct zc_tracee *bucket[1024];
	size_t alive;
	pid_t command;      /* the command's first process */
	int command_status; /* wait status, once it has ended */
	bool command_ended, filtered, stopping;
	bool memory_written; /* somebody may write into the memory of others: all are rechecked */
	bool launching;      /* until the command's own exec */
	int tell;            /* what its child says before that; -1 */
	struct sock_fprog
		*filter; /* which calls are judged; NULL: all. Also asked without seccomp */
	uint64_t
		key; /* of what is only remembered by a number (core/keyed.h): nobody else knows it */
};

/* What was judged, to be held against what came of it. Never 0. */
static inline uint64_t zc_judged_hash(const struct zc_tracer *tracer, const char *path, size_t len)
{
	uint64_t hash = zc_keyed_hash(path, len, tracer->key, 1);

	return hash ? hash : 1;
}

/* tracee.c: -ENOMEM is the only failure. find returns NULL when unknown. */
struct zc_tracee *zc_tracee_find(struct zc_tracer *tracer, pid_t tid);
struct zc_tracee *zc_tracee_add(struct zc_tracer *tracer, pid_t tid);
void zc_tracee_remove(struct zc_tracer *tracer, pid_t tid);
/* Exec by old_tid made it tid: the leader's entry goes, the thread's takes its place. */
struct zc_tracee *zc_tracee_exec(struct zc_tracer *tracer, pid_t tid, pid_t old_tid);
/* Fills tgid and ppid from /proc. Returns 0, or -ESRCH. */
int zc_tracee_look_up(struct zc_tracee *tracee);

/*
 * numbers.c: the row of system call nr, or ZC_CALL_NONE. Some calls have a second number that the
 * catalogue's rows have no column for: i386's chown32 and time64 calls, x32's 512 and above.
 */
struct zc_number {
	uint32_t nr; /* as seccomp sees it */
	uint16_t row;
};
#define ZC_NUMBERS_CAP 256u
unsigned zc_numbers_row(enum zc_abi abi, long nr);
/*
 * All numbers of an ABI in ascending order; returns how many. With identity also those that change ids,
 * groups, capabilities or the Landlock domain, under the row ZC_ROW_IDENTITY, which is none.
 */
#define ZC_ROW_IDENTITY 0xfffdu
#define ZC_VFORK_64 58u /* of that row, too: it has no row of its own */
#define ZC_VFORK_32 190u
size_t zc_numbers_list(enum zc_abi abi, bool identity, struct zc_number list[ZC_NUMBERS_CAP]);

/* One call that is about to be made. */
struct zc_call_stop {
	enum zc_abi abi;
	unsigned call; /* row, or ZC_CALL_NONE */
	long nr;
	uint64_t args[6], ip, sp;
	bool known_abi;
};
/* paths.c: resolves event.object[n] as the tracee sees it. Returns 0, or the -errno the kernel would give. */
struct zc_held {         /* what a path was found to lead to, kept from changing meanwhile */
	int fd;          /* the thing itself, or the directory of the entry; -1: none */
	char entry[256]; /* "": the thing itself */
};
struct zc_names { /* memory for one event */
	struct zc_event_text text;
	char given[2][ZC_PATH_CAP], path[2][ZC_PATH_CAP];
	struct zc_held held[2];
};
void zc_paths_begin(struct zc_tracer *tracer,
		    struct zc_names *names); /* before the first, for each event */
int zc_paths_resolve(struct zc_tracee *tracee, struct zc_event *event, unsigned n,
		     struct zc_names *names);
/* Names event.object[n] for the record only; follows nothing. */
void zc_paths_spell(struct zc_tracee *tracee, struct zc_event *event, unsigned n,
		    struct zc_names *names);
void zc_paths_end(struct zc_names *names); /* lets go of what was held */
/* From here on roots and mount namespaces may differ from ours: they are looked at for every path. */
void zc_paths_diverge(void);
/* Does the tracee see our root? True for all until one of them changes roots or mounts. */
bool zc_paths_root_is_ours(const struct zc_tracee *tracee);
/* Name of the program that it runs (tracee->exe, when it has just been seen), as the policy knows it. Returns its
   length or -errno. */
long zc_paths_exe(struct zc_tracee *tracee, char *buffer);
/* Name behind a tracee's descriptor. Returns its length or -errno; *ret_flags ZC_OBJ_*. */
long zc_paths_fd(struct zc_tracee *tracee, int fd, char *buffer, uint8_t *ret_flags);

/*
 * filter.c: the seccomp program for all ABIs, from the rows; zc_filter_free() frees it. action is
 * SECCOMP_RET_TRACE or SECCOMP_RET_USER_NOTIF, for what is judged. What does
 * not stop is what no image like this one could refuse or record by its number and register values.
 */
int zc_filter_build(const struct zc_image *image, uint32_t action, struct sock_fprog *ret_program);
void zc_filter_free(struct sock_fprog *program);
/* interpret.c: what the kernel would answer: SECCOMP_RET_*. For tracees without seccomp, and tests. */
struct seccomp_data;
uint32_t zc_filter_run(const struct sock_fprog *program, const struct seccomp_data *data);
enum { ZC_FILTER_UNKNOWN_ABI = 0xfffe }; /* RET_DATA besides row ids */

/* judge.c: what the handlers ask. how the tracee is to be restarted. */
enum zc_restart {
	ZC_RESTART_GO,
	ZC_RESTART_TO_EXIT,
	ZC_RESTART_KILL,
	ZC_RESTART_LATER, /* not yet: its call was set aside */
	ZC_RESTART_WAIT,  /* not yet: zc_prompt_ended() will say when */
};
enum zc_restart zc_judge_stop(struct zc_tracer *tracer, struct zc_tracee *tracee,
			      const struct zc_call_stop *stop);
enum zc_restart zc_judge_return(struct zc_tracer *tracer, struct zc_tracee *tracee);
/* A tracee's own listener would answer before our filter. Refused with a note. */
enum zc_restart zc_judge_listener(struct zc_tracer *tracer, struct zc_tracee *tracee);
void zc_judge_exec(struct zc_tracer *tracer,
		   struct zc_tracee *tracee); /* after EXEC: sign-in frame */
void zc_judge_birth(struct zc_tracer *tracer, struct zc_tracee *parent, struct zc_tracee *child);
void zc_judge_exit(struct zc_tracer *tracer, struct zc_tracee *tracee, int status);

/* targets.c: is the event's process one of ours, of the run, or a stranger? Sets ZC_EV_*_TARGET. */
void zc_targets_look(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_event *event);
bool zc_targets_is_of_the_run(struct zc_tracer *tracer, pid_t pid);
bool zc_targets_is_ours(const struct zc_tracer *tracer, pid_t pid);

/* report.c */
/* file: object 0 of the event, for its digest; -1: there is none. */
void zc_report_record(struct zc_tracer *tracer, struct zc_tracee *tracee,
		      const struct zc_event *event, struct zc_verdict verdict, int file);
/* The question about a verdict that asks, to zcwrap. Returns whether it was taken. */
bool zc_report_ask(struct zc_tracer *tracer, struct zc_tracee *tracee, const struct zc_event *event,
		   struct zc_verdict verdict, uint64_t key, uint64_t number);
void zc_report_bypass(struct zc_tracer *tracer, struct zc_tracee *tracee,
		      const struct zc_call_stop *stop);
void zc_report_sign_in(struct zc_tracer *tracer, struct zc_tracee *tracee);
void zc_report_fork(struct zc_tracer *tracer, struct zc_tracee *child);
void zc_report_catch_up(struct zc_tracer *tracer); /* sends what was put off */
void zc_report_exit(struct zc_tracer *tracer, struct zc_tracee *tracee, int status);
void zc_report_note(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_note note,
		    const char *text);

/*
 * control.c: what zcwrap's main loop must know at once. loop.c says when the command's first process
 * is in group-stop (so that zcwrap stops too and the shell sees it) and when it has ended (others of
 * its tree may live on). Nothing without a control socket; never waits.
 */
void zc_control_stopped(struct zc_tracer *tracer, int signal);
void zc_control_ended(struct zc_tracer *tracer, int status);

/* orphan.c: zcwrap must not be outlived. Once, when the command runs; and wherever SIGCHLD was seen. */
void zc_orphan_prepare(const struct zc_tracer *tracer);
void zc_orphan_look(const struct zc_tracer *tracer);

/* view.c: one readable line. */
void zc_view_call(struct zc_tracer *tracer, struct zc_tracee *tracee, const struct zc_event *event,
		  struct zc_verdict verdict);
void zc_view_end(struct zc_tracer *tracer); /* the table, when asked for */

#endif
