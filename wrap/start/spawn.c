/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - the command begins: fork, what must happen in the child, exec, and who failed where.
 *
 * The child makes only async-signal-safe calls. A CLOEXEC pipe tells: its end without a word is a
 * successful exec, otherwise it says the step and errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrap/wrap.h"

void zc_spawn_guard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		/* open() takes the lowest free number, which is fd when fd is closed. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return;
	}
}

void zc_spawn_outlive_limits(struct zc_inherited *inherited)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN };

	sigaction(SIGXFSZ, &ignored, &inherited->size);
}

/*
 * Everything that can be waited for is blocked and taken with sigtimedwait(); no handler ever runs.
 * So are the signals of faults, which `kill -ABRT 0` sends to us too: a fault of our own ends us
 * all the same. Only a sanitizer must be let to report one. SIGCHLD's disposition changes too:
 * ignored, it would reap behind us.
 */
void zc_spawn_hold_signals(struct zc_inherited *inherited)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;
#ifdef __SANITIZE_ADDRESS__
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
#endif

	sigfillset(&set);
#ifdef __SANITIZE_ADDRESS__
	for (size_t i = 0; i < ZC_LEN(faults); i++)
		sigdelset(&set, faults[i]);
#endif
	sigaction(SIGCHLD, &plain, &inherited->child);
	sigprocmask(SIG_SETMASK, &set, &inherited->mask);
	inherited->parent = getppid();
	inherited->held = true;
}

/* Told once when the plan is applied (error 0), and once when a step fails. */
struct report {
	int step, error;
	int layer[ZC_CONFINE_LAYERS];
};

static void tell(int fd, const struct report *report)
{
	while (write(fd, report, sizeof(*report)) < 0 && errno == EINTR)
		;
}

static void fail(int fd, enum zc_launch_step step)
{
	struct report report = { .step = (int)step, .error = errno };

	/* The parent reads end-of-file as success, so a lost word must not look like one. */
	tell(fd, &report);
	_exit(ZC_EXIT_TROUBLE);
}

static void confine(const struct zc_launch *launch, int fd)
{
	struct report report = { .step = ZC_LAUNCH_CONFINE };

	report.error = -zc_confine_apply(launch->plan, report.layer);
	/* A filter around the program is not its own: the shim need not mind it. */
	if (launch->page && report.layer[ZC_CONFINE_SECCOMP] == 0)
		launch->page->outer_filter = 1;
	tell(fd, &report);
	if (report.error)
		_exit(ZC_EXIT_TROUBLE);
}

static void child(const struct zc_launch *launch, int fd, pid_t parent)
{
	if (launch->die_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(ZC_EXIT_TROUBLE); /* it died before the prctl */
	}
	if (launch->new_session)
		setsid();
	if (launch->chdir && chdir(launch->chdir) < 0)
		fail(fd, ZC_LAUNCH_CHDIR);
	if (launch->plan)
		confine(launch, fd);
	for (size_t i = 0; i < launch->pass_count; i++)
		fcntl(launch->pass_fds[i], F_SETFD, 0);
	sigaction(SIGCHLD, &launch->inherited->child, NULL);
	sigaction(SIGXFSZ, &launch->inherited->size, NULL);
	sigprocmask(SIG_SETMASK, &launch->inherited->mask, NULL);
	execve(launch->exe, launch->argv, launch->env);
	fail(fd, ZC_LAUNCH_EXEC);
}

static bool hear(int fd, struct report *ret)
{
	ssize_t n;

	do {
		n = read(fd, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret);
}

static int outcome(int fd, pid_t pid, enum zc_launch_step *ret_step,
		   int ret_layers[ZC_CONFINE_LAYERS])
{
	struct report report;
	bool failed = hear(fd, &report);

	if (failed && report.step == ZC_LAUNCH_CONFINE) {
		memcpy(ret_layers, report.layer, sizeof(report.layer));
		failed = report.error || hear(fd, &report);
	}
	close(fd);
	if (!failed)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	*ret_step = (enum zc_launch_step)report.step;
	return -report.error;
}

int zc_spawn(const struct zc_launch *launch, pid_t *ret_pid, enum zc_launch_step *ret_step,
	     int ret_layers[ZC_CONFINE_LAYERS])
{
	pid_t parent = getpid(), pid;
	int pipes[2], error;

	*ret_step = ZC_LAUNCH_FORK;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(launch, pipes[1], parent);
	error = errno;
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		return -error;
	}
	*ret_pid = pid;
	return outcome(pipes[0], pid, ret_step, ret_layers);
}
