/* SPDX-License-Identifier: MIT */
/*
 * probe.c - throw-away children, and which try answers which question.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrap/modes/probe.h"

int zc_probe_failed(struct zc_tried *ret, int error, const char *what)
{
	ret->works = false;
	ret->error = error;
	snprintf(ret->why, sizeof(ret->why), "%s: %s", what,
		 error == ETIMEDOUT ? "no answer in time"
		 : error == ENODATA ? "the probe was ended"
				    : strerror(error));
	return -error;
}

/* --- children -------------------------------------------------------------------------------------- */

static void run_child(const struct zc_probe_child *child, void (*act)(void *context, int tell),
		      void *context)
{
	sigset_t none;
	char byte;

	/* Whatever it gets stuck in, it does not outlive the limit. */
	sigemptyset(&none);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(1 + ZC_PROBE_MS / 1000);
	if (!child->shared)
		close(child->go[1]);
	if (read(child->go[0], &byte, 1) == 1)
		act(context, child->tell[1]);
	_exit(0);
}

static int make_pipes(struct zc_probe_child *child)
{
	if (pipe2(child->go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(child->tell, O_CLOEXEC) == 0)
		return 0;
	close(child->go[0]);
	close(child->go[1]);
	return -EMFILE;
}

int zc_probe_begin(struct zc_probe_child *child, void (*act)(void *context, int tell),
		   void *context, bool shared)
{
	int r = make_pipes(child);

	if (r < 0)
		return r;
	child->shared = shared;
	child->pid = shared ? (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) : fork();
	if (child->pid == 0)
		run_child(child, act, context);
	r = child->pid < 0 ? -errno : 0;
	child->pidfd = r < 0 ? -1 : (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (r < 0)
		zc_probe_end(child);
	return r;
}

void zc_probe_go(const struct zc_probe_child *child)
{
	while (write(child->go[1], "", 1) < 0 && errno == EINTR)
		;
}

void zc_probe_say(int tell, int step, int error)
{
	struct zc_probe_word word = { step, error };

	while (write(tell, &word, sizeof(word)) < 0 && errno == EINTR)
		;
}

int zc_probe_hear(const struct zc_probe_child *child, struct zc_probe_word *ret)
{
	struct pollfd poller[2] = { { .fd = child->tell[0], .events = POLLIN },
				    { .fd = child->pidfd, .events = POLLIN } };
	int ready;

	do {
		ready = poll(poller, 2, ZC_PROBE_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -ETIMEDOUT;
	if (!(poller[0].revents & POLLIN))
		return -ENODATA;
	return read(child->tell[0], ret, sizeof(*ret)) == (ssize_t)sizeof(*ret) ? 0 : -ENODATA;
}

void zc_probe_end(struct zc_probe_child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	if (child->pidfd >= 0)
		close(child->pidfd);
	for (int i = 0; i < 2; i++) {
		close(child->go[i]);
		close(child->tell[i]);
	}
}

void zc_probe_try(struct zc_tried *ret, void (*act)(void *context, int tell), void *context,
		  const char *const *steps)
{
	struct zc_probe_child child;
	struct zc_probe_word word;
	int r = zc_probe_begin(&child, act, context, false);

	if (r < 0) {
		zc_probe_failed(ret, -r, "fork");
		return;
	}
	zc_probe_go(&child);
	r = zc_probe_hear(&child, &word);
	zc_probe_end(&child);
	if (r < 0)
		zc_probe_failed(ret, -r, steps[0]);
	else if (word.step)
		zc_probe_failed(ret, word.error, steps[word.step - 1]);
	else
		ret->works = true;
}

/* --- questions --------------------------------------------------------------------------------------- */

static void (*const tries[ZC_FACTS])(struct zc_host *host, struct zc_tried *ret) = {
	[ZC_FACT_NOTIFY] = zc_probe_notify,     [ZC_FACT_PTRACE] = zc_probe_ptrace,
	[ZC_FACT_LANDLOCK] = zc_probe_landlock, [ZC_FACT_SECCOMP] = zc_probe_seccomp,
	[ZC_FACT_USERNS] = zc_probe_userns,     [ZC_FACT_MOUNTNS] = zc_probe_mountns,
	[ZC_FACT_NETNS] = zc_probe_netns,       [ZC_FACT_USER_NETNS] = zc_probe_user_netns,
	[ZC_FACT_CHROOT] = zc_probe_chroot,     [ZC_FACT_CGROUP] = zc_probe_cgroup,
};

bool zc_host_can(struct zc_host *host, enum zc_fact fact)
{
	struct zc_tried *tried = &host->fact[fact];

	if (!tried->tried) {
		tried->tried = true;
		tries[fact](host, tried);
	}
	return tried->works;
}

static uint64_t capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

const struct zc_confine_host *zc_host_confine(struct zc_host *host, bool thorough, bool landlock)
{
	struct zc_confine_host *confine = &host->confine;
	uint64_t caps = capabilities();
	bool admin = caps >> CAP_SYS_ADMIN & 1;

	confine->root = geteuid() == 0 && caps;
	confine->landlock_abi = landlock && zc_host_can(host, ZC_FACT_LANDLOCK) ? host->landlock_abi
										: 0;
	confine->landlock_errata = host->landlock_errata;
	confine->chroot = caps >> CAP_SYS_CHROOT & 1;
	confine->mountns = confine->netns = admin;
	confine->seccomp = true;
	if (!thorough)
		return confine;
	confine->seccomp = zc_host_can(host, ZC_FACT_SECCOMP);
	confine->userns = zc_host_can(host, ZC_FACT_USERNS);
	confine->mountns = admin && zc_host_can(host, ZC_FACT_MOUNTNS);
	confine->netns = admin ? zc_host_can(host, ZC_FACT_NETNS)
			       : zc_host_can(host, ZC_FACT_USER_NETNS);
	confine->chroot = confine->chroot && zc_host_can(host, ZC_FACT_CHROOT);
	return confine;
}
