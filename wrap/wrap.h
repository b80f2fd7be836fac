/* SPDX-License-Identifier: MIT */
/*
 * wrap.h - what the parts of zcwrap promise each other, one section a file.
 *
 * main.c tells how they work together. Results are 0 or -errno; who has more to say fills a
 * struct zc_trouble, and only wrap.c and main.c print it.
 */
#ifndef ZC_WRAP_WRAP_H
#define ZC_WRAP_WRAP_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "confine/confine.h"
#include "core/exec/carry.h"
#include "core/image.h"
#include "core/decide/policy.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"
#include "evidence/evidence.h"
#include "wrap/options/options.h"

/* DESIGN's exit codes that are zcwrap's own. */
enum {
	ZC_EXIT_VIOLATIONS = 2,
	ZC_EXIT_ENDED = 124,   /* timeout, limit or kill */
	ZC_EXIT_TROUBLE = 125, /* zcwrap itself failed */
	ZC_EXIT_CANNOT_RUN = 126,
	ZC_EXIT_NOT_FOUND = 127,
	ZC_EXIT_SIGNAL = 128,
};

/* --- say.c: words for people ----------------------------------------------------------------- */

/* The name that the next function begins with: "zcwrap", or "zctrace" for its front. */
extern const char *zc_say_name;
/* Prints "zcwrap: ..." as one line on stderr; bytes that could steer a terminal are escaped. */
void zc_say(const char *format, ...) ZC_PRINTF(1, 2);
/* Fills trouble and returns error, so that it can stand in a return statement. */
int zc_trouble(struct zc_trouble *trouble, int error, const char *format, ...) ZC_PRINTF(3, 4);

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
	struct zc_elf_look look; /* of the last one */
	int error;               /* 0, or the errno that execve would answer */
};

/*
 * Finds argv[0] as execvp does, in the PATH of env. root: the command's root directory, which stays
 * readable as long as command; NULL: ours. Returns 0 or -errno; "not found" is .error.
 */
int zc_command_find(struct zc_command *command, char *const *argv, const char *root,
		    const char *cwd, char *const *env);

/* --- ask.c: questions on the terminal ------------------------------------------------------------- */

/*
 * Puts a question (lines of text, escaped) on /dev/tty and waits for the answer, or until *stop is set.
 * ZC_ASKED_NO_TERMINAL without one, or where we are not in its foreground.
 */
enum zc_asked zc_ask_terminal(const char *question, int64_t timeout_ms, const volatile bool *stop);
/* The question that a frame is. Returns a malloc'd text, or NULL. */
char *zc_ask_text(const struct zc_image *image, const struct zc_frame *frame);

struct zc_asker_setup {
	const struct zc_image *image;
	struct zc_page *page; /* where shims wait */
	int control;          /* where zctrace does; -1 */
	int64_t timeout_ms;
};
struct zc_asker;
/* A thread that asks, one question at a time, and remembers what it need not ask again. */
int zc_asker_start(struct zc_asker **ret, const struct zc_asker_setup *setup);
/* Takes a frame if it is a question. outside: it came from our tracer. Returns whether it was one. */
bool zc_asker_take(struct zc_asker *asker, const void *frame, size_t size, bool outside);
void zc_asker_finish(struct zc_asker *asker); /* takes NULL */

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

/* --- collect.c: frames in, without ever making a sender wait ------------------------------------ */

struct zc_collect;
struct zc_collect_sink {
	/* Called by the clerk thread alone, in the order of arrival. */
	void (*put)(void *context, const void *frame, size_t size, pid_t sender);
	/*
	 * Called by the clerk when it has caught up, for now. Returns in how many milliseconds it wants
	 * to be called again though nothing arrives; -1: not at all. May be NULL.
	 */
	int64_t (*rest)(void *context);
	void *context;
	const char *spool_dir; /* where the queue overflows to */
	size_t memory_blocks;  /* MiB kept in memory; 0: 64 */
};

int zc_collect_start(struct zc_collect **ret, int receiver, const struct zc_collect_sink *sink);
/* Takes what has been sent so far, waits for the clerk, ends both threads. Returns frames dropped. */
uint64_t zc_collect_finish(struct zc_collect *collect);

/* --- tree.c: the processes below us -------------------------------------------------------------- */

struct zc_member {
	pid_t pid, parent;
	uint64_t start; /* with pid, names a process for good */
	char state;
};
struct zc_tree {
	struct zc_member *member;
	size_t count, cap;
};

/* Every process below root, not following those in except (which may be NULL). */
int zc_tree_scan(struct zc_tree *tree, pid_t root, const struct zc_tree *except);
void zc_tree_finish(struct zc_tree *tree);
/* Does pid descend from root? False too when it is gone. */
bool zc_tree_below(pid_t pid, pid_t root);
/* Signals each member that is still the process that was scanned; returns how many. */
size_t zc_tree_signal(const struct zc_tree *tree, int signal);

/* --- run.c: the one loop ------------------------------------------------------------------------- */

#define ZC_LEFT_MAX 1024u

struct zc_watch {
	const struct zc_options *options;
	const struct zc_inherited *inherited;
	const struct zc_tree *before; /* children that zcwrap had before the command */
	const struct zc_page *page;
	bool may_kill; /* the policy may ask to end the run */
	pid_t command;
	pid_t tracer;  /* zctrace, whose children the tree is; 0: the command is our own child */
	int control;   /* what zctrace says; -1: none */
	bool attached; /* the command is not ours: it is let go of, never ended */
};
struct zc_ending {
	int code;   /* -1: unknown */
	int signal; /* 0: none */
	bool timed_out, killed;
	bool unfinished; /* something could not be ended */
	bool unseen;     /* zctrace ended before what it watched: from there on nobody saw */
	int tracer_status;
	pid_t left[ZC_LEFT_MAX];
	size_t left_count;
};

void zc_run(const struct zc_watch *watch, struct zc_ending *ret);

/* --- trace.c: zctrace, between us and the command -------------------------------------------------- */

struct zc_job;
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

/* --- watch.c: the lowest rung, looking into /proc now and then ---------------------------------- */

/*
 * Mode `watch`: a thread of zcwrap looks at the processes below root and sends what the policy would
 * refuse as frames from ZC_SOURCE_PROC over its copy of the sending end, which no other process has:
 * what arrives from our own pid is then to be believed (zc_evidence_put_outside()). Nothing is
 * refused; only where the policy says kill, page->kill ends the run. Start it before the command, so
 * that what the command inherits is known, and with signals blocked; finish before the collector.
 */
struct zc_watcher_setup {
	const struct zc_image *image;
	struct zc_page *page;
	int socket;                   /* sending end, kept open by the caller until finish */
	pid_t root;                   /* us: the tree is what lies below ... */
	const struct zc_tree *before; /* ... but for these, which may be NULL */
};
struct zc_watcher;
extern const char zc_watch_gap[]; /* why no process is covered: the command's gap, too */
int zc_watch_start(struct zc_watcher **ret, const struct zc_watcher_setup *setup);
/* Looks once more, and ends the thread. Takes NULL. */
void zc_watch_finish(struct zc_watcher *watcher);

/* --- exitcode.c: facts -> exit code ----------------------------------------------------------------- */

enum zc_start {
	ZC_START_RAN,
	ZC_START_TROUBLE,
	ZC_START_REFUSED,
	ZC_START_CANNOT,
	ZC_START_MISSING
};
struct zc_exit_facts {
	enum zc_start start;
	int code, signal; /* of the command */
	bool timed_out, killed, audit;
	uint64_t violations;
	uint64_t not_kept; /* events that the evidence lacks */
	int violation_exit;
	bool violation_always;
};
struct zc_exit {
	int code;
	const char *reason;
};
/* Pure. */
struct zc_exit zc_exit_decide(const struct zc_exit_facts *facts);

/* --- status.c: --status-fd ---------------------------------------------------------------------------- */

struct zc_status {
	int fd; /* -1: none */
	uint64_t refused;
	int64_t last_ms;
};
void zc_status_open(struct zc_status *status, int fd);
void zc_status_started(struct zc_status *status, const struct zc_store *store, const char *mode,
		       pid_t pid);
/* Says how many refusals there were, at most once a second. */
void zc_status_progress(struct zc_status *status, const struct zc_page *page);
void zc_status_ended(struct zc_status *status, const struct zc_store *store,
		     const struct zc_evidence_result *result, struct zc_exit end);

/* --- mode.c: strongest first --------------------------------------------------------------------------- */

struct zc_host;
#define ZC_MODES 5u
#define ZC_REASON 480u
struct zc_mode_choice {
	const char *asked, *used;
	const char *engine; /* "notify" "ptrace" "shim" "proc": the one to try, of the mode used */
	char engine_why[ZC_REASON];          /* why it is not the better one; "": it is */
	struct zc_why_not why_not[ZC_MODES]; /* the stronger ones */
	size_t why_nots;
	char reason[ZC_MODES][ZC_REASON]; /* "": it fits, or was not tried */
	/* Of a survey. */
	bool fits[ZC_MODES];
	const char *engines[ZC_MODES];
};
bool zc_mode_is_traced(const char *mode);
const char *zc_mode_name(size_t row); /* strongest first; NULL past the last */
int zc_mode_choose(struct zc_mode_choice *choice, const struct zc_options *options,
		   struct zc_host *host, struct zc_trouble *trouble);
/* The engine that was tried failed with error when it mattered: that is told beside the modes. */
void zc_mode_engine_lost(struct zc_mode_choice *choice, int error);
/* Which would fit, whatever is asked for: for --doctor. */
void zc_mode_survey(struct zc_mode_choice *choice, const struct zc_options *options,
		    struct zc_host *host);

/* --- show.c: looking without running ---------------------------------------------------------------------- */

/* Prints what --print-command promises: program, directory, changes of the environment. */
void zc_show_command(const struct zc_command *command, char *const *before, char *const *after,
		     FILE *out);
/* Writes the image for use without zcwrap (ZENCUBE_IMAGE=FILE). */
int zc_show_freeze(const char *file, const struct zc_image *image, size_t size);

/* --- explain.c: questions to the policy ----------------------------------------------------------- */

bool zc_explain_wanted(const struct zc_options *options);
/* Answers --check-policy and --explain-...; says itself what went wrong. Returns an exit code. */
struct zc_job;
int zc_explain(struct zc_job *job);
/* The policy could not be frozen and job->trouble has been said: the exit code of that. */
int zc_explain_unsound(struct zc_job *job);

/* --- project.c: --project ------------------------------------------------------------------------ */

/* Finds .zencube in the directory from or above it. Returns 0 or -errno with *trouble. */
int zc_project_find(const char *from, char ret_dir[ZC_PATH_CAP], char ret_file[ZC_PATH_CAP],
		    struct zc_trouble *trouble);

/* --- setup.c: before anything is made --------------------------------------------------------- */

#define ZC_OWN_FILES 9u

/* One run. wrap.c owns it; setup.c fills the first half. */
struct zc_sign_key;

struct zc_job {
	const struct zc_options *options;
	struct zc_inherited *inherited;
	struct zc_trouble trouble; /* what -errno of the last step meant */
	struct zc_mode_choice mode;
	struct zc_command command;
	struct zc_store store;
	struct zc_channel channel;
	struct zc_status status;
	struct zc_policy_set *set;
	struct zc_image *image;
	size_t image_size;
	struct zc_evidence *evidence;
	struct zc_sign_key *key; /* --sign-key; NULL: none */
	char key_path[ZC_PATH_CAP];
	struct zc_tree before;
	struct zc_ending ending;
	struct zc_exit_facts facts;
	char **env;
	const char *home, *tmpdir;   /* of the command; tmpdir NULL: not said */
	char cwd[ZC_PATH_CAP];       /* as the command will see it ... */
	char start_dir[ZC_PATH_CAP]; /* ... and as we do */
	char jail[ZC_PATH_CAP];      /* --jail, resolved; "": none */
	bool jailed;                 /* it becomes the command's root directory */
	char jail_note[512];         /* why not; "": nothing to say */
	char shim[ZC_PATH_CAP], tracer[ZC_PATH_CAP];
	char project[ZC_PATH_CAP];      /* --project: where its file is ... */
	char project_file[ZC_PATH_CAP]; /* ... and the file; "": none */
	bool traced;                    /* from outside, by zctrace */
	bool inside;                    /* the shim is: modes shim and hybrid */
	bool hybrid;                    /* both, with a gate */
	struct zc_watcher
		*watcher; /* neither: a thread of ours looks on, and sends by its socket */
	int watcher_socket;
	struct zc_host *host;
	struct zc_confine_plan *plan; /* layers.c; NULL: no layer is applied */
	size_t plan_size;
	struct zc_confine_account account[ZC_CONFINE_LAYERS];
	struct zc_layer_report layer[ZC_CONFINE_LAYERS];
	char layer_failed[ZC_CONFINE_LAYERS][192];
	bool has_accounts;
	struct zc_tracing tracing;
	pid_t *attach; /* -p */
	size_t attach_count;
	FILE *human; /* stderr, or --output */
	FILE *json;  /* --json; NULL: none */
	char own[ZC_OWN_FILES][ZC_PATH_CAP];
	const char *own_write[ZC_OWN_FILES + 1];
	const char **sources, **notes;      /* of the policy, NULL-ended */
	struct zc_redaction *redaction;     /* --redact-home, --redact; NULL: none */
	struct zc_policy_set *stricter_set; /* --audit-policy; NULL: none */
	const char **stricter_sources;
	struct zc_baseline *baseline; /* --baseline; NULL: none */
};

/* Directory, shim, environment, program, place for the evidence. */
int zc_setup_look(struct zc_job *job);
/* Flags and files become the image. */
int zc_setup_freeze(struct zc_job *job);
/* --show-policy, --print-command, --freeze: returns an exit code, or -1 when a command is to run. */
int zc_setup_show(struct zc_job *job);

/* --- begin.c: the command begins ------------------------------------------------------------------ */

/* It does not: why, for the exit code and for people. Returns an error. */
int zc_begin_cannot(struct zc_job *job, enum zc_start start, const char *why);
/* May the command's programs run? What there is to record is recorded. Returns 0 or -EACCES. */
int zc_begin_judge(struct zc_job *job);
int zc_begin(struct zc_job *job, pid_t *ret_pid);
/* Tells the evidence whom it should hear of. */
void zc_begin_note(struct zc_job *job, pid_t pid);

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

/* --- learn.c: --learn --------------------------------------------------------------------------- */

/* Before the command starts: is the file ours to write? The command may not write it. 0 or -errno. */
int zc_lesson_check(struct zc_job *job);
/* When run.json is written. Says itself what went wrong, and what was learnt. Returns 0 or -errno. */
int zc_lesson_learn(struct zc_job *job);

/* --- after.c: the run's signature and reports --------------------------------------------------- */

/* Before the command starts: is the list of reports sound, can the key be read? 0 or -errno. */
int zc_after_check(struct zc_job *job);
/* When run.json is written. Says itself what went wrong. Returns 0 or -errno. */
int zc_after_run(struct zc_job *job);
void zc_after_forget(struct zc_job *job);

/* --- clock ---------------------------------------------------------------------------------------------------- */

int64_t zc_now_ms(void); /* CLOCK_MONOTONIC */

/* --- wrap.c: one run, from options to exit code ----------------------------------------------------------------- */

int zc_wrap(const struct zc_options *options, struct zc_inherited *inherited);

#endif
