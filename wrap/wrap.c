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

#include "core/decide/policy.h"
#include "evidence/redact.h"
#include "evidence/account/baseline.h"
#include "policy/policy_set.h"
#include "wrap/modes/layers.h"
#include "wrap/modes/probe.h"
#include "wrap/wrap.h"

/* --- what arrives -------------------------------------------------------------------------------------- */

struct clerk {
	struct zc_evidence *evidence;
	struct zc_status *status;
	const struct zc_page *page;
	pid_t tracer; /* 0: none; we ourselves in mode watch */
	struct zc_asker *asker;
};

static void clerk_put(void *context, const void *frame, size_t size, pid_t sender)
{
	const struct clerk *clerk = context;
	bool outside = clerk->tracer && sender == clerk->tracer;

	if (zc_asker_take(clerk->asker, frame, size, outside))
		return;
	if (outside)
		zc_evidence_put_outside(clerk->evidence, frame, size);
	else
		zc_evidence_put(clerk->evidence, frame, size, sender);
	zc_status_progress(clerk->status, clerk->page);
}

static int64_t clerk_rest(void *context)
{
	const struct clerk *clerk = context;

	zc_status_progress(clerk->status, clerk->page);
	return zc_evidence_rest(clerk->evidence);
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

/* Before the collector, which ends when nobody holds the sending end. */
static void end_watcher(struct zc_job *job)
{
	zc_watch_finish(job->watcher);
	if (job->watcher)
		close(job->watcher_socket);
	job->watcher = NULL;
}

static int watch(struct zc_job *job, pid_t pid, uint64_t *ret_dropped)
{
	struct clerk clerk = { job->evidence, &job->status, job->channel.page,
			       job->watcher ? getpid() : job->tracing.tracer, NULL };
	const struct zc_asker_setup asks = { job->image, job->channel.page,
					     job->traced ? job->tracing.control : -1,
					     job->options->ask_ms };
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

	zc_begin_note(job, pid);
	zc_status_started(&job->status, &job->store, job->mode.used, pid);
	r = zc_asker_start(&clerk.asker, &asks);
	if (r == 0)
		r = zc_collect_start(&collect, job->channel.receiver, &sink);
	if (r < 0) {
		/* Nobody would hear what it does. An attached process goes on when its tracer ends. */
		kill(watched.attached ? watched.tracer : pid, SIGKILL);
		return zc_trouble(&job->trouble, r, "cannot start a thread: %s", strerror(-r));
	}
	zc_run(&watched, &job->ending);
	end_watcher(job);
	*ret_dropped = zc_collect_finish(collect);
	zc_asker_finish(clerk.asker);
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
		return zc_begin_cannot(job,
				       job->command.error == ENOENT || job->command.error == ENOTDIR
					       ? ZC_START_MISSING
					       : ZC_START_CANNOT,
				       strerror(job->command.error));
	r = zc_begin_judge(job);
	if (r < 0)
		return r;
	note_children(job);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return zc_trouble(&job->trouble, -errno, "cannot become a subreaper: %s",
				  strerror(errno));
	close_the_doors();
	zc_spawn_hold_signals(job->inherited);
	r = zc_begin(job, &pid);
	if (r < 0) {
		end_watcher(job);
		return r;
	}
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
	if (zc_lesson_learn(job) < 0 && out.code == 0)
		out = (struct zc_exit){ ZC_EXIT_TROUBLE, "the policy could not be written" };
	if (zc_after_run(job) < 0 && out.code == 0)
		out = (struct zc_exit){ ZC_EXIT_TROUBLE,
					"the run could not be signed or reported" };
	zc_status_ended(&job->status, &job->store, &result, out);
	return out.code;
}

static void release(struct zc_job *job)
{
	zc_evidence_free(job->evidence);
	zc_after_forget(job);
	zc_policy_set_free(job->set);
	zc_policy_set_free(job->stricter_set);
	zc_baseline_free(job->baseline);
	free(job->stricter_sources);
	zc_tree_finish(&job->before);
	zc_layers_finish(job);
	free(job->host);
	zc_env_free(job->env);
	zc_redaction_free(job->redaction);
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

	if (strcmp(job->mode.used, job->mode.asked) != 0 && strcmp(job->mode.used, "watch") == 0 &&
	    !job->options->quiet)
		zc_say("only mode watch works here: nothing is refused; 'zcwrap --doctor' says "
		       "why");
	zc_status_open(&job->status, job->options->status_fd);
	r = zc_layers_plan(job);
	if (r == 0)
		r = zc_begin_redaction(job);
	if (r == 0)
		r = zc_begin_run(job);
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
	if (zc_setup_look(job) < 0 || zc_after_check(job) < 0) {
		zc_say("%s", job->trouble.text);
	} else if (zc_setup_freeze(job) < 0) {
		zc_say("%s", job->trouble.text);
		code = zc_explain_unsound(job);
	} else {
		code = zc_explain_wanted(options) ? zc_explain(job) : zc_setup_show(job);
	}
	if (code < 0)
		code = carry_out(job);
	release(job);
	return code;
}
