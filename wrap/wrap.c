/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - one run, from options to exit code: the order of things, and who says what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/policy.h"
#include "policy/policy_set.h"
#include "wrap/wrap.h"

extern char **environ;

#define OWN_FILES 5u
#define TEXTS_MAX 64u

struct wrap {
	const struct zc_options *options;
	struct zc_inherited *inherited;
	struct zc_trouble trouble;
	struct zc_mode_choice mode;
	struct zc_command command;
	struct zc_store store;
	struct zc_channel channel;
	struct zc_status status;
	struct zc_policy_set *set;
	struct zc_image *image;
	size_t image_size;
	struct zc_evidence *evidence;
	struct zc_tree before;
	struct zc_ending ending;
	struct zc_exit_facts facts;
	char **env;
	char cwd[ZC_PATH_CAP], shim[ZC_PATH_CAP];
	char own[OWN_FILES][ZC_PATH_CAP];
	const char *own_write[OWN_FILES + 1];
	const char *sources[TEXTS_MAX + 1], *notes[TEXTS_MAX + 1];
};

/* --- before: who, where, which program ---------------------------------------------------------- */

static int find_directory(struct wrap *w)
{
	char real[ZC_PATH_CAP];
	struct stat st;

	if (!w->options->chdir) {
		if (getcwd(w->cwd, sizeof(w->cwd)) && *w->cwd == '/')
			return 0;
		return zc_trouble(&w->trouble, -ENOENT, "cannot find out the working directory: %s",
				  strerror(errno));
	}
	if (!realpath(w->options->chdir, real) || stat(real, &st) < 0)
		return zc_trouble(&w->trouble, -errno, "--chdir=%s: %s", w->options->chdir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return zc_trouble(&w->trouble, -ENOTDIR, "--chdir=%s: %s", w->options->chdir, strerror(ENOTDIR));
	memcpy(w->cwd, real, strlen(real) + 1);
	return 0;
}

static int make_environment(struct wrap *w)
{
	char *preload;
	int r = -ENOMEM;

	w->env = zc_env_build(w->options, environ);
	preload = w->env ? zc_env_preload(zc_env_get(w->env, ZC_ENV_PRELOAD), w->shim) : NULL;
	if (preload)
		r = zc_env_put(&w->env, ZC_ENV_PRELOAD, preload);
	free(preload);
	return r < 0 ? zc_trouble(&w->trouble, r, "out of memory") : 0;
}

static int find_command(struct wrap *w)
{
	int r;

	if (!w->options->command[0])
		return 0;
	r = zc_command_find(&w->command, w->options->command, w->cwd, w->env);
	return r < 0 ? zc_trouble(&w->trouble, r, "cannot look for '%s': %s", w->options->command[0],
				  strerror(-r)) : 0;
}

static int prepare(struct wrap *w)
{
	const struct zc_options *options = w->options;
	bool looking = options->show_policy || options->freeze;
	int r;

	if (!options->command[0] && !looking)
		return zc_trouble(&w->trouble, -EINVAL, "no command; usage: zcwrap [OPTION ...] [--] COMMAND "
							"[ARGUMENT ...]; 'zcwrap --help' says more");
	if (options->status_fd >= 0 && fcntl(options->status_fd, F_GETFD) < 0)
		return zc_trouble(&w->trouble, -EBADF, "--status-fd=%d: no such open descriptor",
				  options->status_fd);
	r = zc_mode_choose(&w->mode, options, &w->trouble);
	if (r == 0)
		r = find_directory(w);
	if (r == 0)
		r = zc_channel_find_shim(options->shim, w->shim, &w->trouble);
	if (r == 0)
		r = make_environment(w);
	if (r == 0)
		r = find_command(w);
	if (r == 0)
		r = zc_store_choose(&w->store, options->log_dir, &w->trouble);
	return r;
}

/* --- the policy ------------------------------------------------------------------------------------ */

/* What the command must never write: the programs that watch it. */
static void list_own_files(struct wrap *w)
{
	static const char *const names[] = { "zcwrap", "zctrace", "zcaudit", "libzcshim.so" };
	char self[ZC_PATH_CAP];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
	size_t count = 0;

	while (len > 0 && self[len - 1] != '/')
		len--;
	for (size_t i = 0; len > 0 && i < ZC_LEN(names); i++) {
		int n = snprintf(w->own[count], ZC_PATH_CAP, "%.*s%s", (int)len, self, names[i]);

		if (n < (int)ZC_PATH_CAP && access(w->own[count], F_OK) == 0)
			count++;
	}
	memcpy(w->own[count++], w->shim, ZC_PATH_CAP);
	for (size_t i = 0; i < count; i++)
		w->own_write[i] = w->own[i];
}

static const char *home(const struct wrap *w)
{
	const char *named = zc_env_get(w->env, "HOME");
	const struct passwd *user;

	if (named && *named == '/')
		return named;
	user = getpwuid(getuid());
	return user && *user->pw_dir == '/' ? user->pw_dir : "/";
}

static int freeze(struct wrap *w)
{
	static const char *const nothing[] = { NULL };
	const struct zc_policy_flag *flag = w->options->policy;
	struct zc_policy_world world = {
		.home = home(w), .project = w->cwd, .tmpdir = zc_env_get(w->env, "TMPDIR"),
		.log_dir = w->store.log_dir, .ours_write = w->own_write, .ours_read = nothing,
		.supervisor = { getpid() }, .shim_path = w->shim,
		.command = *w->command.path ? w->command.path : NULL,
	};
	struct zc_policy_error error = { "" };
	int r = 0;

	/* Never 0: that is what a session without an image looks like. */
	while (!world.instance)
		if (getrandom(&world.instance, sizeof(world.instance), 0) != sizeof(world.instance))
			return zc_trouble(&w->trouble, -EIO, "no random numbers: %s", strerror(errno));
	list_own_files(w);
	w->set = zc_policy_set_new(&world);
	if (!w->set)
		return zc_trouble(&w->trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < w->options->policy_count; i++)
		r = zc_policy_add_flag(w->set, flag[i].name, flag[i].value, &error);
	if (r == 0)
		r = zc_policy_freeze(w->set, &w->image, &w->image_size, &error);
	return r < 0 ? zc_trouble(&w->trouble, r, "%s", error.text) : 0;
}

/* Returns the exit code, or -1 when there is a command to run. */
static int look_only(struct wrap *w)
{
	const struct zc_options *options = w->options;
	int r = 0;

	if (!options->show_policy && !options->print_command && !options->freeze)
		return -1;
	if (options->print_command)
		zc_show_command(&w->command, environ, w->env, stdout);
	if (options->print_command && !options->show_policy)
		fputs("policy:\n", stdout);
	if (options->print_command || options->show_policy)
		r = zc_policy_print(w->set, stdout, options->show_policy_json);
	if (r < 0 || fflush(stdout) != 0)
		zc_say("cannot write to standard output");
	else if (options->freeze && (r = zc_show_freeze(options->freeze, w->image, w->image_size)) < 0)
		zc_say("cannot write --freeze=%s: %s", options->freeze, strerror(-r));
	return r < 0 || ferror(stdout) ? ZC_EXIT_TROUBLE : 0;
}

/* --- the run's evidence ------------------------------------------------------------------------------ */

static bool wants_color(const struct zc_options *options)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !options->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0 &&
	       isatty(STDERR_FILENO);
}

static void list_texts(const struct wrap *w, const char **list,
		       const char *(*get)(const struct zc_policy_set *, size_t))
{
	for (size_t i = 0; i < TEXTS_MAX && (list[i] = get(w->set, i)); i++)
		;
}

static int open_evidence(struct wrap *w)
{
	static const struct zc_layer_report layers[] = {
		{ "landlock", false, "not built yet" },
		{ "seccomp", false, "not built yet" },
	};
	struct zc_evidence_setup setup = {
		.dir = w->store.run_dir, .run_id = w->store.run_id, .image = w->image,
		.command = (const char *const *)w->options->command,
		.policy_sources = w->sources, .policy_sha256 = zc_policy_sha256(w->set), .notes = w->notes,
		.mode_asked = w->mode.asked, .mode_used = w->mode.used, .engine = w->mode.used,
		.why_not = w->mode.why_not, .why_nots = w->mode.why_nots,
		.layers = layers, .layer_count = ZC_LEN(layers), .cwd = w->cwd,
		.human = w->options->quiet ? NULL : stderr, .color = wants_color(w->options),
		.page = w->channel.page,
	};
	int r;

	list_texts(w, w->sources, zc_policy_source);
	list_texts(w, w->notes, zc_policy_note);
	r = zc_evidence_new(&w->evidence, &setup);
	return r < 0 ? zc_trouble(&w->trouble, r, "cannot keep evidence in '%s': %s", w->store.run_dir,
				  strerror(-r)) : 0;
}

static int open_run(struct wrap *w)
{
	int r = zc_store_open(&w->store, &w->trouble);

	if (r < 0)
		return r;
	r = zc_channel_open(&w->channel, w->image, w->image_size);
	if (r == 0)
		r = zc_env_put(&w->env, ZC_ENV_SESSION, w->channel.variable);
	if (r < 0)
		zc_trouble(&w->trouble, r, "cannot make the session: %s", strerror(-r));
	else
		r = open_evidence(w);
	if (r < 0)
		rmdir(w->store.run_dir); /* only when nothing was written */
	return r;
}

/* --- the command -------------------------------------------------------------------------------------- */

static int cannot_run(struct wrap *w, enum zc_start start, const char *why)
{
	w->facts.start = start;
	return zc_trouble(&w->trouble, -EACCES, "cannot run '%s': %s", w->options->command[0], why);
}

static int judge(struct wrap *w)
{
	void *frame = aligned_alloc(8, ZC_FRAME_MAX);
	struct zc_verdict verdict;
	size_t size;

	if (!frame)
		return zc_trouble(&w->trouble, -ENOMEM, "out of memory");
	verdict = zc_command_judge(&w->command, w->image, frame, &size);
	if (size)
		zc_evidence_supervisor_record(w->evidence, frame, size);
	free(frame);
	if (!zc_refuses(verdict))
		return 0;
	return cannot_run(w, ZC_START_REFUSED, "the policy refuses it");
}

static int launch(struct wrap *w, pid_t *ret_pid)
{
	struct zc_launch launch = {
		.exe = w->command.exe, .argv = w->command.argv, .env = w->env, .chdir = w->options->chdir,
		.pass_fds = w->channel.fd, .pass_count = 3,
		.new_session = w->options->new_session, .die_with_parent = w->options->die_with_parent,
		.inherited = w->inherited,
	};
	enum zc_launch_step failed;
	int r = zc_spawn(&launch, ret_pid, &failed);

	zc_channel_let_go(&w->channel);
	if (r == 0)
		return 0;
	if (failed != ZC_LAUNCH_EXEC)
		return zc_trouble(&w->trouble, r, "cannot start a process: %s", strerror(-r));
	return cannot_run(w, r == -ENOENT ? ZC_START_MISSING : ZC_START_CANNOT, strerror(-r));
}

struct clerk {
	struct zc_evidence *evidence;
	struct zc_status *status;
	const struct zc_page *page;
};

static void clerk_put(void *context, const void *frame, size_t size, pid_t sender)
{
	const struct clerk *clerk = context;

	zc_evidence_put(clerk->evidence, frame, size, sender);
	zc_status_progress(clerk->status, clerk->page);
}

static void clerk_rest(void *context)
{
	const struct clerk *clerk = context;

	zc_status_progress(clerk->status, clerk->page);
}

/* Nobody of the same user may look into us or attach to us. (LeakSanitizer must.) */
static void close_the_doors(void)
{
#if !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	return;
#endif
#endif
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static int watch(struct wrap *w, pid_t pid, uint64_t *ret_dropped)
{
	struct clerk clerk = { w->evidence, &w->status, w->channel.page };
	struct zc_collect_sink sink = { clerk_put, clerk_rest, &clerk, w->store.run_dir, 0 };
	struct zc_watch watched = { .options = w->options, .inherited = w->inherited, .before = &w->before,
				    .page = w->channel.page, .may_kill = w->image->flags & ZC_IMAGE_KILL,
				    .command = pid };
	struct zc_collect *collect;
	int r;

	zc_evidence_command(w->evidence, pid, w->command.path, zc_target_gap(w->command.path));
	zc_status_started(&w->status, &w->store, w->mode.used, pid);
	r = zc_collect_start(&collect, w->channel.receiver, &sink);
	if (r < 0)
		return zc_trouble(&w->trouble, r, "cannot start a thread: %s", strerror(-r));
	zc_run(&watched, &w->ending);
	*ret_dropped = zc_collect_finish(collect);
	return 0;
}

static int run(struct wrap *w, uint64_t *ret_dropped)
{
	pid_t pid;
	int r;

	w->ending.code = -1;
	if (w->command.error)
		return cannot_run(w, w->command.error == ENOENT || w->command.error == ENOTDIR ?
				  ZC_START_MISSING : ZC_START_CANNOT, strerror(w->command.error));
	r = judge(w);
	if (r < 0)
		return r;
	zc_tree_scan(&w->before, getpid(), NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return zc_trouble(&w->trouble, -errno, "cannot become a subreaper: %s", strerror(errno));
	close_the_doors();
	zc_spawn_hold_signals(w->inherited);
	r = launch(w, &pid);
	if (r < 0)
		return r;
	w->facts.start = ZC_START_RAN;
	return watch(w, pid, ret_dropped);
}

/* --- after --------------------------------------------------------------------------------------------- */

static void note_left(struct wrap *w)
{
	const struct zc_ending *ending = &w->ending;
	char text[64];

	for (size_t i = 0; i < ending->left_count && i < 16; i++) {
		snprintf(text, sizeof(text), "process %d %s", (int)ending->left[i],
			 ending->unfinished ? "could not be ended" : "outlived the command and was ended");
		zc_evidence_note(w->evidence, "left-behind", text);
	}
}

static int finish(struct wrap *w, bool failed, uint64_t dropped)
{
	struct zc_evidence_end end = {
		.command_code = w->ending.signal ? -1 : w->ending.code, .command_signal = w->ending.signal,
		.error = failed && w->facts.start != ZC_START_REFUSED ? w->trouble.text : NULL,
		.timed_out = w->ending.timed_out, .killed = w->ending.killed,
		.left_behind = w->ending.left, .left_count = w->ending.left_count,
		.abandoned = w->ending.unfinished, .dropped = dropped,
	};
	struct zc_evidence_result result;
	struct zc_exit out;
	int r;

	note_left(w);
	zc_evidence_settle(w->evidence, &end, &result);
	w->facts.code = w->ending.code;
	w->facts.signal = w->ending.signal;
	w->facts.timed_out = w->ending.timed_out;
	w->facts.killed = w->ending.killed;
	w->facts.audit = w->image->flags & ZC_IMAGE_AUDIT;
	w->facts.violations = result.violations;
	w->facts.not_kept = result.not_kept + result.lost + (result.write_error != 0);
	w->facts.violation_exit = w->options->violation_exit;
	w->facts.violation_always = w->options->violation_always;
	out = zc_exit_decide(&w->facts);
	r = zc_evidence_finish(w->evidence, out.code, out.reason);
	zc_evidence_print_end(w->evidence);
	if (r < 0) {
		zc_say("cannot write run.json in '%s': %s", w->store.run_dir, strerror(-r));
		out = out.code ? out : (struct zc_exit){ ZC_EXIT_TROUBLE, "run.json could not be kept" };
	}
	zc_status_ended(&w->status, &w->store, &result, out);
	return out.code;
}

static void release(struct wrap *w)
{
	zc_evidence_free(w->evidence);
	zc_policy_set_free(w->set);
	zc_tree_finish(&w->before);
	zc_env_free(w->env);
	free(w->image);
	free(w);
}

int zc_wrap(const struct zc_options *options, struct zc_inherited *inherited)
{
	struct wrap *w = calloc(1, sizeof(*w));
	uint64_t dropped = 0;
	int code, r;

	if (!w)
		return ZC_EXIT_TROUBLE;
	w->options = options;
	w->inherited = inherited;
	w->facts.start = ZC_START_TROUBLE;
	zc_status_open(&w->status, -1);
	r = prepare(w);
	if (r == 0)
		r = freeze(w);
	code = r == 0 ? look_only(w) : ZC_EXIT_TROUBLE;
	if (r == 0 && code < 0) {
		zc_status_open(&w->status, options->status_fd);
		r = open_run(w);
		code = ZC_EXIT_TROUBLE;
		if (r == 0) {
			r = run(w, &dropped);
			if (r < 0)
				zc_say("%s", w->trouble.text);
			code = finish(w, r < 0, dropped);
			r = 0;
		}
	}
	if (r < 0)
		zc_say("%s", w->trouble.text);
	release(w);
	return code;
}
