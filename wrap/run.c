/* SPDX-License-Identifier: MIT */
/*
 * run.c - the one loop: signals, children, deadlines, until nothing of the command is left.
 *
 *   RUNNING -> LINGERING -> ENDING -> KILLING -> OVER
 *
 * RUNNING until the command ends; LINGERING while others of its tree may finish by themselves;
 * ENDING after TERM; KILLING sends KILL until nobody is left. Every phase jumps to OVER when the tree
 * is empty. Timeouts enter ENDING, a killing policy enters KILLING. One place waits
 * (sigtimedwait), one place reaps (reap). No handler ever runs.
 *
 * Traced, the command is zctrace's child, and so is whoever loses a parent: the tree is what lies
 * below zctrace. zctrace says when the command stops or ends, ends by itself when its tree is empty,
 * and when it ends earlier the kernel has killed what it traced. Attached (-p), there is nobody to
 * end: zctrace is told to let go.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wrap/wrap.h"

enum phase { RUNNING, LINGERING, ENDING, KILLING, OVER };

enum {
	LEFT_GRACE_MS = 1000, /* what the command left behind gets between TERM and KILL */
	KILL_AGAIN_MS = 50,   /* a fork may have slipped between scan and signal */
	KILL_TRIES_MS = 5000,
	LOOK_MS = 100,     /* how often the tree is scanned where waitpid cannot tell */
	KILL_LOOK_MS = 20, /* how soon a killing verdict is noticed */
};

struct loop {
	const struct zc_watch *watch;
	struct zc_ending *end;
	enum phase phase;
	int64_t deadline_ms; /* of this phase; ZC_FOREVER: none */
	int64_t timeout_ms;
	int64_t scan_ms; /* next scan for an empty tree */
	bool no_children;
	pid_t tracer;    /* while it lives; 0 */
	bool has_status; /* of the command */
	struct zc_tree tree;
};

static int64_t after(int64_t ms)
{
	return ms == ZC_FOREVER ? ms : zc_now_ms() + ms;
}

static void scan(struct loop *loop)
{
	zc_tree_scan(&loop->tree, loop->tracer ? loop->tracer : getpid(), loop->watch->before);
}

static void signal_tree(struct loop *loop, int signal)
{
	if (loop->watch->attached && loop->tracer) {
		kill(loop->tracer, loop->end->killed ? SIGTERM : signal);
		return;
	}
	scan(loop);
	zc_tree_signal(&loop->tree, signal);
	/* A stopped process would take TERM only once somebody continues it. */
	if (signal == SIGTERM)
		zc_tree_signal(&loop->tree, SIGCONT);
}

static void enter(struct loop *loop, enum phase phase, int64_t for_ms)
{
	loop->phase = phase;
	loop->deadline_ms = after(for_ms);
}

static void end_tree(struct loop *loop, int64_t grace_ms)
{
	signal_tree(loop, SIGTERM);
	enter(loop, ENDING, grace_ms);
}

static void kill_tree(struct loop *loop)
{
	signal_tree(loop, SIGKILL);
	enter(loop, KILLING, KILL_TRIES_MS);
}

static void note_left(struct loop *loop)
{
	struct zc_ending *end = loop->end;

	scan(loop);
	for (size_t i = 0; i < loop->tree.count && end->left_count < ZC_LEFT_MAX; i++)
		if (loop->tree.member[i].state != 'Z')
			end->left[end->left_count++] = loop->tree.member[i].pid;
}

/* Is somebody there who would see us stopped and continue us: a shell with job control? */
static bool has_job_control(void)
{
	pid_t parent = getppid();

	return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/*
 * The command stopped, so we stop by the same signal and the shell sees what it would have seen.
 * The kernel drops terminal stops of an orphaned group by itself; SIGSTOP it does not, and with
 * nobody to continue us the timeout would never come.
 */
static void stop_too(const struct loop *loop, int signal)
{
	sigset_t set;

	if (loop->phase != RUNNING || loop->watch->options->new_session ||
	    (signal == SIGSTOP && !has_job_control()))
		return;
	sigemptyset(&set);
	sigaddset(&set, signal);
	raise(signal);
	if (signal != SIGSTOP) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	kill(loop->watch->command, SIGCONT);
}

static void command_ended(struct loop *loop, int status)
{
	loop->has_status = true;
	if (WIFSIGNALED(status))
		loop->end->signal = WTERMSIG(status);
	else
		loop->end->code = WEXITSTATUS(status);
	if (loop->phase == RUNNING)
		enter(loop, LINGERING, loop->watch->options->linger_ms);
	/* A process left behind is the command's daemon; it is not one of a command that is being ended. */
}

/* What zctrace has said since we last listened. */
static void listen_to_tracer(struct loop *loop)
{
	struct zc_control word;

	while (loop->watch->control >= 0 && zc_trace_hear(loop->watch->control, &word)) {
		if (word.kind == ZC_CONTROL_STOPPED)
			stop_too(loop, word.value);
		else if (word.kind == ZC_CONTROL_ENDED && !loop->has_status)
			command_ended(loop, word.value);
	}
}

static void tracer_ended(struct loop *loop, int status)
{
	listen_to_tracer(loop);
	loop->tracer = 0;
	loop->end->tracer_status = status;
	loop->end->unseen = status != 0 || (!loop->watch->attached && !loop->has_status);
	if (loop->watch->attached)
		loop->end->code = loop->end->unseen ? -1 : 0;
	if (loop->end->unseen)
		kill_tree(loop);
}

static void reap(struct loop *loop)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == loop->tracer && WIFSTOPPED(status))
			kill(pid,
			     SIGCONT); /* whoever stopped it stopped everything that it judges */
		else if (pid == loop->tracer)
			tracer_ended(loop, status);
		if (loop->watch->tracer || pid != loop->watch->command)
			continue;
		if (WIFSTOPPED(status))
			stop_too(loop, WSTOPSIG(status));
		else
			command_ended(loop, status);
	}
	loop->no_children = pid < 0 && errno == ECHILD;
}

/* We are the subreaper, so a tree without children of ours is empty. Children from before hide that. */
static bool tree_is_empty(struct loop *loop)
{
	if (loop->no_children)
		return true;
	if (loop->tracer)
		return false; /* it ends with its tree */
	if ((loop->phase == RUNNING && !loop->watch->tracer) || !loop->watch->before->count ||
	    zc_now_ms() < loop->scan_ms)
		return false;
	loop->scan_ms = after(LOOK_MS);
	scan(loop);
	return loop->tree.count == 0;
}

static void on_deadline(struct loop *loop)
{
	switch (loop->phase) {
	case LINGERING:
		note_left(loop);
		end_tree(loop, LEFT_GRACE_MS);
		break;
	case ENDING: kill_tree(loop); break;
	case KILLING:
		/* Not ours to kill (setuid), or stuck in the kernel. */
		note_left(loop);
		loop->end->unfinished = true;
		loop->phase = OVER;
		break;
	case RUNNING:
	case OVER: break;
	}
}

static void step(struct loop *loop)
{
	const struct zc_watch *watch = loop->watch;
	int64_t now = zc_now_ms();

	if (tree_is_empty(loop)) {
		loop->phase = OVER;
		return;
	}
	if (watch->may_kill && loop->phase < KILLING &&
	    __atomic_load_n(&watch->page->kill, __ATOMIC_RELAXED)) {
		loop->end->killed = true;
		kill_tree(loop);
	} else if (loop->phase == RUNNING && now >= loop->timeout_ms) {
		loop->end->timed_out = !watch->attached; /* there it is only enough */
		end_tree(loop, watch->options->grace_ms);
	} else if (now >= loop->deadline_ms) {
		on_deadline(loop);
	} else if (loop->phase == KILLING) {
		signal_tree(loop, SIGKILL);
	}
}

/*
 * Signals for zcwrap are meant for the command, except those that it has already: what the terminal
 * makes (SI_KERNEL) goes to the whole foreground group; a timer set before zcwrap's exec is ours
 * alone. What a process of the tree sends is not passed on, or the command could end itself through
 * us. Somebody else of our group may have aimed at us alone (`kill $!` in a script) or at the group:
 * to pass it on once more is the smaller mistake.
 */
static bool is_for_command(const struct loop *loop, int signal, const siginfo_t *info)
{
	bool timer = signal == SIGALRM || signal == SIGVTALRM || signal == SIGPROF;

	if (info->si_code == SI_KERNEL)
		return timer || loop->watch->options->new_session;
	return !zc_tree_below(info->si_pid, getpid());
}

static bool asks_to_end(int signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

static void pass_on(pid_t pid, int signal, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		sigqueue(pid, signal, info->si_value);
	else
		kill(pid, signal);
}

static void on_signal(struct loop *loop, int signal, const siginfo_t *info)
{
	const struct zc_watch *watch = loop->watch;
	bool orphaned = watch->options->die_with_parent && getppid() != watch->inherited->parent;

	if (signal == SIGCHLD || signal == SIGPIPE ||
	    (signal == SIGIO && info->si_code != SI_USER && loop->watch->tracer))
		return;
	if (watch->attached) {
		if (loop->phase == RUNNING && (orphaned || asks_to_end(signal)))
			end_tree(loop, watch->options->grace_ms);
		return;
	}
	if (orphaned && loop->phase < ENDING)
		end_tree(loop, watch->options->grace_ms);
	else if (loop->phase == RUNNING && is_for_command(loop, signal, info))
		pass_on(watch->command, signal, info);
	else if (loop->phase == LINGERING && asks_to_end(signal) &&
		 !zc_tree_below(info->si_pid, getpid()))
		loop->deadline_ms = zc_now_ms(); /* whoever waits has waited enough */
}

static int64_t next_wake(const struct loop *loop)
{
	int64_t wake = loop->deadline_ms, now = zc_now_ms();

	if (loop->phase == RUNNING && loop->timeout_ms < wake)
		wake = loop->timeout_ms;
	if (loop->phase == KILLING && wake > now + KILL_AGAIN_MS)
		wake = now + KILL_AGAIN_MS;
	if (loop->phase != RUNNING && loop->watch->before->count && wake > now + LOOK_MS)
		wake = now + LOOK_MS;
	if (loop->watch->may_kill && wake > now + KILL_LOOK_MS)
		wake = now + KILL_LOOK_MS;
	return wake < now ? now : wake;
}

static void wait_for_signal(struct loop *loop, const sigset_t *set)
{
	int64_t wake = next_wake(loop), left = wake - zc_now_ms();
	struct timespec timeout = { left / 1000, left % 1000 * 1000000 };
	siginfo_t info;
	int signal;

	if (left < 0)
		timeout = (struct timespec){ 0, 0 };
	signal = sigtimedwait(set, &info, wake == ZC_FOREVER ? NULL : &timeout);
	if (signal > 0)
		on_signal(loop, signal, &info);
}

void zc_run(const struct zc_watch *watch, struct zc_ending *ret)
{
	struct loop loop = { .watch = watch,
			     .end = ret,
			     .deadline_ms = ZC_FOREVER,
			     .tracer = watch->tracer,
			     .timeout_ms = after(watch->options->timeout_ms) };
	sigset_t set;

	*ret = (struct zc_ending){ .code = -1 };
	sigprocmask(SIG_SETMASK, NULL, &set);
	if (watch->options->die_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != watch->inherited->parent)
			end_tree(&loop, watch->options->grace_ms);
	}
	for (;;) {
		listen_to_tracer(&loop);
		reap(&loop);
		step(&loop);
		if (loop.phase == OVER)
			break;
		wait_for_signal(&loop, &set);
	}
	if (loop.tracer) { /* it should have ended with its tree */
		kill(loop.tracer, SIGKILL);
		while (waitpid(loop.tracer, &ret->tracer_status, 0) < 0 && errno == EINTR)
			;
		ret->unseen = true;
	}
	zc_tree_finish(&loop.tree);
}
