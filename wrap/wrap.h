/* SPDX-License-Identifier: MIT */
/*
 * wrap.h - what the parts of zcwrap promise each other, one section a file; start/, modes/, options/ and
 * watch/ have headers of their own.
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
#include "core/image.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"
#include "evidence/evidence.h"
#include "wrap/modes/mode.h"
#include "wrap/options/options.h"
#include "wrap/start/start.h"

/* Exit codes that are zcwrap's own. */
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

/* --- the run ------------------------------------------------------------------------------------- */

#define ZC_OWN_FILES 9u

struct zc_sign_key;

/* One run. wrap.c owns it; start/setup.c fills the first half. */
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
