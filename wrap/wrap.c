/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - one run, from options to exit code: the order of things, and who says what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/policy.h"
#include "policy/policy_set.h"
#include "wrap/layers.h"
#include "wrap/probe.h"
#include "wrap/wrap.h"

/* --- the run's evidence ------------------------------------------------------------------------------ */

static bool wants_color(const struct zc_job *job)
{
	const struct zc_options *options = job->options;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !options->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0 &&
	       isatty(fileno(job->human));
}

/* NULL-ended and malloc'd, or NULL. */
static const char **list_texts(const struct zc_job *job,
			       const char *(*get)(const struct zc_policy_set *, size_t))
{
	const char **list;
	size_t count = 0;

	while (get(job->set, count))
		count++;
	list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++)
		list[i] = get(job->set, i);
	return list;
}

static int open_evidence(struct zc_job *job)
{
	struct zc_evidence_setup setup = {
		.policy_sources = job->sources = list_texts(job, zc_policy_source),
		.notes = job->notes = list_texts(job, zc_policy_note),
		.policy_sha256 = zc_policy_sha256(job->set),
		.dir = job->store.run_dir,
		.run_id = job->store.run_id,
		.image = job->image,
		.command = (const char *const *)job->options->command,
		.mode_asked = job->mode.asked,
		.mode_used = job->mode.used,
		.engine = job->mode.engine,
		.engine_why_not = *job->mode.engine_why ? job->mode.engine_why : NULL,
		.why_not = job->mode.why_not,
		.why_nots = job->mode.why_nots,
		.layers = job->layer,
		.layer_count = ZC_LEN(job->layer),
		.cwd = job->cwd,
		.human = job->options->quiet ? NULL : job->human,
		.events_copy = job->json,
		.color = wants_color(job),
		.page = job->channel.page,
	};
	int r;

	if (!job->sources || !job->notes)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	r = zc_evidence_new(&job->evidence, &setup);
	return r < 0 ? zc_trouble(&job->trouble, r, "cannot keep evidence in '%s': %s",
				  job->store.run_dir, strerror(-r))
		     : 0;
}

static int open_run(struct zc_job *job)
{
	int r = zc_store_open(&job->store, &job->trouble);

	if (r < 0)
		return r;
	r = zc_channel_open(&job->channel, job->image, job->image_size);
	if (r == 0 && (!job->traced || job->hybrid))
		r = zc_env_put(&job->env, ZC_ENV_SESSION,
			       job->hybrid ? job->channel.gated : job->channel.variable);
	if (r < 0)
		zc_trouble(&job->trouble, r, "cannot make the session: %s", strerror(-r));
	else
		r = open_evidence(job);
	if (r < 0)
		rmdir(job->store.run_dir); /* only when nothing was written */
	return r;
}

/* --- the command -------------------------------------------------------------------------------------- */

static int cannot_run(struct zc_job *job, enum zc_start start, const char *why)
{
	job->facts.start = start;
	return zc_trouble(&job->trouble, -EACCES, "cannot run '%s': %s", job->options->command[0],
			  why);
}

static int judge(struct zc_job *job)
{
	void *frame = aligned_alloc(8, ZC_FRAME_MAX);
	bool refused = false;

	if (!frame)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; !refused && i < job->command.programs; i++) {
		size_t size;

		refused = zc_refuses(zc_command_judge(&job->command, i, job->image, frame, &size));
		if (size)
			zc_evidence_supervisor_record(job->evidence, frame, size);
	}
	free(frame);
	return refused ? cannot_run(job, ZC_START_REFUSED, "the policy refuses it") : 0;
}

static int launch(struct zc_job *job, pid_t *ret_pid)
{
	struct zc_launch launch = {
		.exe = job->command.exe,
		.argv = job->command.argv,
		.env = job->env,
		.chdir = job->options->chdir,
		.pass_fds = job->channel.fd,
		.pass_count = 3,
		.new_session = job->options->new_session,
		.die_with_parent = job->options->die_with_parent,
		.inherited = job->inherited,
		.plan = job->plan,
		.page = job->channel.page,
	};
	enum zc_launch_step failed;
	int layer[ZC_CONFINE_LAYERS], r;

	if (job->traced) {
		r = zc_trace_launch(job);
		*ret_pid = job->tracing.command;
		return r;
	}
	memset(layer, -1, sizeof(layer));
	r = zc_spawn(&launch, ret_pid, &failed, layer);
	zc_channel_let_go(&job->channel);
	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++)
		zc_layers_applied(job, i, layer[i]);
	if (r == 0)
		return 0;
	if (failed == ZC_LAUNCH_CONFINE)
		return zc_layers_blame(job, r);
	if (failed != ZC_LAUNCH_EXEC)
		return zc_trouble(&job->trouble, r, "cannot start a process: %s", strerror(-r));
	return cannot_run(job, r == -ENOENT ? ZC_START_MISSING : ZC_START_CANNOT, strerror(-r));
}

struct clerk {
	struct zc_evidence *evidence;
	struct zc_status *status;
	const struct zc_page *page;
	pid_t tracer; /* 0: none */
};

static void clerk_put(void *context, const void *frame, size_t size, pid_t sender)
{
	const struct clerk *clerk = context;

	if (clerk->tracer && sender == clerk->tracer)
		zc_evidence_put_outside(clerk->evidence, frame, size);
	else
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

/* The first process, which should sign in. */
static void note_command(struct zc_job *job, pid_t pid)
{
	const char *program;

	if (job->attach_count)
		return; /* they sign in where they are found */
	program = job->command.program[job->command.programs - 1].path;
	zc_evidence_command(job->evidence, pid, program,
			    job->traced ? NULL : zc_target_gap(program));
}

static int watch(struct zc_job *job, pid_t pid, uint64_t *ret_dropped)
{
	struct clerk clerk = { job->evidence, &job->status, job->channel.page,
			       job->tracing.tracer };
	struct zc_collect_sink sink = { clerk_put, clerk_rest, &clerk, job->store.run_dir, 0 };
	struct zc_watch watched = { .options = job->options,
				    .inherited = job->inherited,
				    .before = &job->before,
				    .page = job->channel.page,
				    .may_kill = job->image->flags & ZC_IMAGE_KILL,
				    .command = pid,
				    .tracer = job->tracing.tracer,
				    .control = job->traced ? job->tracing.control : -1,
				    .attached = job->attach_count > 0 };
	struct zc_collect *collect;
	int r;

	note_command(job, pid);
	zc_status_started(&job->status, &job->store, job->mode.used, pid);
	r = zc_collect_start(&collect, job->channel.receiver, &sink);
	if (r < 0) {
		/* Nobody would hear what it does. An attached process goes on when its tracer ends. */
		kill(watched.attached ? watched.tracer : pid, SIGKILL);
		return zc_trouble(&job->trouble, r, "cannot start a thread: %s", strerror(-r));
	}
	zc_run(&watched, &job->ending);
	*ret_dropped = zc_collect_finish(collect);
	return job->ending.unseen ? zc_trace_blame(job) : 0;
}

/* A shell that became zcwrap by exec may have left children; /proc is read only if so. */
static void note_children(struct zc_job *job)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0)
		zc_tree_scan(&job->before, getpid(), NULL);
}

static int run(struct zc_job *job, uint64_t *ret_dropped)
{
	pid_t pid;
	int r;

	job->ending.code = -1;
	job->tracing.control = -1;
	if (job->command.error)
		return cannot_run(job,
				  job->command.error == ENOENT || job->command.error == ENOTDIR
					  ? ZC_START_MISSING
					  : ZC_START_CANNOT,
				  strerror(job->command.error));
	r = judge(job);
	if (r < 0)
		return r;
	note_children(job);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return zc_trouble(&job->trouble, -errno, "cannot become a subreaper: %s",
				  strerror(errno));
	close_the_doors();
	zc_spawn_hold_signals(job->inherited);
	r = launch(job, &pid);
	if (r < 0)
		return r;
	job->facts.start = ZC_START_RAN;
	return watch(job, pid, ret_dropped);
}

/* --- after --------------------------------------------------------------------------------------------- */

static void note_left(struct zc_job *job)
{
	const struct zc_ending *ending = &job->ending;
	char text[64];

	for (size_t i = 0; i < ending->left_count && i < 16; i++) {
		snprintf(text, sizeof(text), "process %d %s", (int)ending->left[i],
			 ending->unfinished ? "could not be ended"
					    : "outlived the command and was ended");
		zc_evidence_note(job->evidence, "left-behind", text);
	}
}

static int finish(struct zc_job *job, bool failed, uint64_t dropped)
{
	struct zc_evidence_end end = {
		.command_code = job->ending.signal ? -1 : job->ending.code,
		.command_signal = job->ending.signal,
		.error = failed && job->facts.start != ZC_START_REFUSED ? job->trouble.text : NULL,
		.timed_out = job->ending.timed_out,
		.killed = job->ending.killed,
		.left_behind = job->ending.left,
		.left_count = job->ending.left_count,
		.abandoned = job->ending.unfinished,
		.dropped = dropped,
	};
	struct zc_evidence_result result;
	struct zc_exit out;
	int r;

	zc_store_release(&job->store);
	note_left(job);
	zc_evidence_settle(job->evidence, &end, &result);
	job->facts.code = job->ending.code;
	job->facts.signal = job->ending.signal;
	job->facts.timed_out = job->ending.timed_out;
	job->facts.killed = job->ending.killed;
	job->facts.audit = job->image->flags & ZC_IMAGE_AUDIT;
	job->facts.violations = result.violations;
	job->facts.not_kept = result.not_kept + result.lost + (result.write_error != 0);
	job->facts.violation_exit = job->options->violation_exit;
	job->facts.violation_always = job->options->violation_always;
	out = zc_exit_decide(&job->facts);
	r = zc_evidence_finish(job->evidence, out.code, out.reason);
	zc_evidence_print_end(job->evidence);
	if (r < 0) {
		zc_say("cannot write run.json in '%s': %s", job->store.run_dir, strerror(-r));
		out = out.code ? out
			       : (struct zc_exit){ ZC_EXIT_TROUBLE, "run.json could not be kept" };
	}
	zc_status_ended(&job->status, &job->store, &result, out);
	return out.code;
}

static void release(struct zc_job *job)
{
	zc_evidence_free(job->evidence);
	zc_policy_set_free(job->set);
	zc_tree_finish(&job->before);
	zc_layers_finish(job);
	free(job->host);
	zc_env_free(job->env);
	free(job->sources);
	free(job->notes);
	free(job->image);
	free(job->attach);
	if (job->human && job->human != stderr)
		fclose(job->human);
	if (job->json)
		fclose(job->json);
	free(job);
}

static int carry_out(struct zc_job *job)
{
	uint64_t dropped = 0;
	int r;

	if (zc_channel_inside()) {
		zc_say("this is inside another run, whose shim stays in charge: the policy given "
		       "here would "
		       "not be enforced; nested runs are not built yet");
		return ZC_EXIT_TROUBLE;
	}
	zc_status_open(&job->status, job->options->status_fd);
	r = zc_layers_plan(job);
	if (r == 0)
		r = open_run(job);
	if (r < 0) {
		zc_say("%s", job->trouble.text);
		return ZC_EXIT_TROUBLE;
	}
	r = run(job, &dropped);
	if (r < 0)
		zc_say("%s", job->trouble.text);
	return finish(job, r < 0, dropped);
}

int zc_wrap(const struct zc_options *options, struct zc_inherited *inherited)
{
	struct zc_job *job = calloc(1, sizeof(*job));
	int code = ZC_EXIT_TROUBLE;

	if (job)
		job->host = calloc(1, sizeof(*job->host));
	if (!job || !job->host) {
		zc_say("out of memory");
		free(job);
		return code;
	}
	job->options = options;
	job->inherited = inherited;
	job->facts.start = ZC_START_TROUBLE;
	if (zc_setup_look(job) < 0 || zc_setup_freeze(job) < 0)
		zc_say("%s", job->trouble.text);
	else
		code = zc_setup_show(job);
	if (code < 0)
		code = carry_out(job);
	release(job);
	return code;
}
