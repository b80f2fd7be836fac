/* SPDX-License-Identifier: MIT */
/*
 * start.h - until the command runs: what it is, what it gets, and the ways on which it begins.
 *
 * Theory of operation. First everything is looked at and nothing is made (setup.c): the directory, the jail
 * (jail.c), the environment (env.c), which program an execvp would find and what the kernel would start for it
 * (command.c), where the evidence will go (store.c). Then the policy is frozen, and a run that ends up to here
 * leaves nothing behind. Now the run's directory is made, image, page and socket (channel.c), and the evidence
 * (evidence.c). The command's own exec comes before any shim and any filter, so it is judged here, by the same
 * function and with the same record as everybody's (judge.c, begin.c). It begins as a child of ours (spawn.c),
 * or as zctrace's (trace.c).
 *
 *   paths     as the command will walk them: in a jail its root is another than ours (rooted.c)
 *   child     between fork and exec only async-signal-safe calls are made; a CLOEXEC pipe tells who failed
 *   ours      descriptors are CLOEXEC and sit high; signals are held, never ignored: dispositions survive exec
 *
 * Results are 0 or -errno; what takes a struct zc_job leaves the words in job->trouble.
 */
#ifndef ZC_WRAP_START_H
#define ZC_WRAP_START_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "confine/confine.h"
#include "core/decide/policy.h"
#include "core/exec/carry.h"
#include "core/image.h"
#include "core/wire/session.h"
#include "wrap/options/options.h"

struct zc_job;

/* What became of the start. */
enum zc_start {
	ZC_START_RAN,
	ZC_START_TROUBLE,
	ZC_START_REFUSED,
	ZC_START_CANNOT,
	ZC_START_MISSING
};

/* --- setup.c: before anything is made --------------------------------------------------------- */

/* Directory, shim, environment, program, place for the evidence. */
int zc_setup_look(struct zc_job *job);
/* Flags and files become the image. */
int zc_setup_freeze(struct zc_job *job);
/* --show-policy, --print-command, --freeze: returns an exit code, or -1 when a command is to run. */
int zc_setup_show(struct zc_job *job);

/* --- env.c: the command's environment --------------------------------------------------------- */

/*
 * The environment by the options: --set-env beats --keep-env beats --drop-env beats --clear-env,
 * whatever their order. ZenCube's own variables never pass. Returns a malloc'd NULL-ended array of
 * malloc'd texts, or NULL.
 */
char **zc_env_build(const struct zc_options *options, char *const *inherited);
char **zc_env_free(char **env); /* takes NULL, returns NULL */
const char *zc_env_get(char *const *env, const char *name);
/* Sets name in *env, replacing every earlier one; value NULL removes it. Returns 0 or -ENOMEM. */
int zc_env_put(char ***env, const char *name, const char *value);
/* Puts the shim into LD_PRELOAD as the program that look saw needs it (core/exec/carry.h). */
int zc_env_preload(char ***env, const char *shim, const struct zc_elf_look *look);

/* --- command.c: which program is it? ------------------------------------------------------------ */

#define ZC_PROGRAMS_MAX 6u /* a script, its interpreter ...: the kernel gives up at five rewrites */

struct zc_program {
	char given[ZC_PATH_CAP]; /* made absolute */
	char path[ZC_PATH_CAP];  /* where it leads */
};
struct zc_command {
	char *const *argv;
	const char *root;      /* its root directory; NULL: ours */
	char cwd[ZC_PATH_CAP]; /* of the command, absolute, as seen from its root */
	char exe[ZC_PATH_CAP]; /* what execve is given, relative to cwd or absolute */
	struct zc_program program[ZC_PROGRAMS_MAX]; /* the file, the interpreter it asks for ... */
	size_t programs;
	/* What a script's first line says behind its interpreter's name. */
	char option[ZC_PROGRAMS_MAX][256];
	struct zc_elf_look look; /* of the last one */
	int error;               /* 0, or the errno that execve would answer */
};

/*
 * Finds argv[0] as execvp does, in the PATH of env. root: the command's root directory, which stays
 * readable as long as command; NULL: ours. Returns 0 or -errno; "not found" is .error.
 */
int zc_command_find(struct zc_command *command, char *const *argv, const char *root,
		    const char *cwd, char *const *env);

/* --- rooted.c: paths as the command walks them ----------------------------------------------------- */

/* root: the command's root directory, or NULL for ours. Each returns -errno, or a descriptor or 0. */
int zc_rooted_open(const char *root, const char *path, int flags);
int zc_rooted_real(const char *root, const char *path, char ret[ZC_PATH_CAP]);
/* 0, or the errno that execve would answer without looking into the file. */
int zc_rooted_runnable(const char *root, const char *path);

/* --- jail.c: --jail ------------------------------------------------------------------------------------ */

/* Finds the directory, and whether it becomes the command's root. Once the mode is known. */
int zc_jail_choose(struct zc_job *job);
int zc_jail_directory(struct zc_job *job); /* where in it the command starts */
int zc_jail_check(struct zc_job *job);     /* can the command be loaded in there? */
void zc_jail_note(
	struct zc_job *job); /* what somebody who asked for a jail should know: said, and noted */

/* --- judge.c: may it? ----------------------------------------------------------------------------- */

/*
 * Judges the exec of one of the command's programs. When there is something to record, *ret_size > 0
 * and frame (at least ZC_FRAME_MAX, 8-aligned) holds the record. ask- rules are asked about for ask_ms.
 */
struct zc_verdict zc_command_judge(const struct zc_command *command, size_t program,
				   const struct zc_image *image, int64_t ask_ms, void *frame,
				   size_t *ret_size);

/* --- store.c: where the evidence goes --------------------------------------------------------- */

struct zc_store {
	char log_dir[ZC_PATH_CAP]; /* absolute */
	char run_dir[ZC_PATH_CAP];
	char run_id[48]; /* sorts by time */
	int reserve;     /* disk space held back for the end; -1: none */
	int lock;        /* of the run's directory: held as long as we live, to say so; -1: none */
};

/* Picks the log directory without making anything. named: --log-dir, or NULL. */
int zc_store_choose(struct zc_store *store, const char *named, struct zc_trouble *trouble);
/* Makes it and the run's own directory, and holds back some space there for run.json. */
int zc_store_open(struct zc_store *store, struct zc_trouble *trouble);
void zc_store_release(struct zc_store *store); /* the space held back; may be called twice */

/* --- channel.c: what the shim will find -------------------------------------------------------- */

struct zc_channel {
	int fd[3];    /* image, page, sending end: ours, CLOEXEC, at the command's numbers */
	int receiver; /* the only receiving end */
	int open_fd;  /* mode hybrid: the page that the command may write; else -1 */
	struct zc_page *page;
	struct zc_page *open_page; /* of open_fd; else page */
	char variable[192];        /* value of ZENCUBE */
	char gated[192];           /* ... in mode hybrid, where the command has no socket */
};

int zc_channel_open(struct zc_channel *channel, const struct zc_image *image, size_t size);
/* After the fork: the sending end must be the tree's alone, so that its end is seen. */
void zc_channel_let_go(struct zc_channel *channel);
/* Are we in a run of mode shim or hybrid? Then its shim, in this process too, hands on its session. */
bool zc_channel_inside(void);
/* Finds libzcshim.so: named, beside zcwrap, or installed. */
int zc_channel_find_shim(const char *named, char path[ZC_PATH_CAP], struct zc_trouble *trouble);

/* --- evidence.c: directory, session and evidence ----------------------------------------------- */

/*
 * What --redact and --redact-home take out: our home, as the environment and the user's entry say, and the
 * command's. Once its environment is known. Returns 0 or -errno.
 */
int zc_begin_redaction(struct zc_job *job);
/* Makes all three. What can be taken back when that fails is. Returns 0 or -errno. */
int zc_begin_run(struct zc_job *job);

/* --- begin.c: the command begins ------------------------------------------------------------------ */

/* It does not: why, for the exit code and for people. Returns an error. */
int zc_begin_cannot(struct zc_job *job, enum zc_start start, const char *why);
/* May the command's programs run? What there is to record is recorded. Returns 0 or -EACCES. */
int zc_begin_judge(struct zc_job *job);
int zc_begin(struct zc_job *job, pid_t *ret_pid);
/* Tells the evidence whom it should hear of. */
void zc_begin_note(struct zc_job *job, pid_t pid);

/* --- spawn.c: the command begins --------------------------------------------------------------- */

/* Signals and streams as zcwrap got them, to hand on untouched. */
struct zc_inherited {
	sigset_t mask;
	struct sigaction
		child; /* SIGCHLD's and SIGXFSZ's, the only dispositions that zcwrap changes */
	struct sigaction size;
	pid_t parent;
	bool held;
};

/* A file that may not grow (ulimit -f) is an error of write, and not our end. */
void zc_spawn_outlive_limits(struct zc_inherited *inherited);
/* Gives descriptors 0-2 that are closed a CLOEXEC placeholder, so that none of ours lands there. */
void zc_spawn_guard_streams(void);
/* Blocks every signal that can wait for zc_run(), remembering how it was. */
void zc_spawn_hold_signals(struct zc_inherited *inherited);

struct zc_launch {
	const char *exe;
	char *const *argv, *const *env;
	const char *chdir;   /* NULL: stay */
	const int *pass_fds; /* descriptors that lose CLOEXEC */
	size_t pass_count;
	bool new_session, die_with_parent;
	const struct zc_inherited *inherited;
	const struct zc_confine_plan *plan; /* applied in the child; NULL: none */
	struct zc_page *page;               /* told of a filter that the plan put in */
};
enum zc_launch_step {
	ZC_LAUNCH_FORK,
	ZC_LAUNCH_CHDIR,
	ZC_LAUNCH_CONFINE, /* a required layer failed */
	ZC_LAUNCH_EXEC
};
/*
 * Returns 0 once the command's program runs, or -errno with the step that failed. With a plan,
 * ret_layers[n] is what zc_confine_apply() said of layer n; else untouched, and may be NULL.
 */
int zc_spawn(const struct zc_launch *launch, pid_t *ret_pid, enum zc_launch_step *ret_step,
	     int ret_layers[ZC_CONFINE_LAYERS]);

/* --- trace.c: zctrace, between us and the command -------------------------------------------------- */

int zc_trace_find(char path[ZC_PATH_CAP], struct zc_trouble *trouble);
/* Runs zctrace, which starts or attaches to the command. Returns 0 or -errno with job->trouble. */
int zc_trace_launch(struct zc_job *job);
/* Takes one word off the control socket. False: there is none, or nobody is left to say one. */
bool zc_trace_hear(int control, struct zc_control *ret);
/* When zctrace ended too early: whatever the command came to, what nobody saw is not a pass. */
int zc_trace_blame(struct zc_job *job);

struct zc_tracing {
	pid_t tracer, command;
	int control; /* -1: none */
};

#endif
