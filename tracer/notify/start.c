/* SPDX-License-Identifier: MIT */
/*
 * start.c - the command begins, held by user notification.
 *
 * The listener cannot travel by sendmsg, which is judged. So the child shares our descriptors when it
 * puts the filter in, says under which number the listener is, and takes a table of its own before it
 * execs. Its exec is the first call that we are asked about.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "tracer/filter/launch.h"
#include "tracer/notify/notify.h"
#include "tracer/paths/known.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static int make_buffers(struct zc_notify *notify)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	/* A newer kernel writes more than we know of, an older one less. */
	notify->request_size = sizes.seccomp_notif > sizeof(struct seccomp_notif)
				       ? sizes.seccomp_notif
				       : sizeof(struct seccomp_notif);
	notify->response_size = sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp)
					? sizes.seccomp_notif_resp
					: sizeof(struct seccomp_notif_resp);
	notify->request = calloc(1, notify->request_size);
	notify->queue = calloc(ZC_NOTIFY_QUEUE, notify->request_size);
	notify->response = calloc(1, notify->response_size);
	return notify->request && notify->response && notify->queue ? 0 : -ENOMEM;
}

static int make_events(struct zc_notify *notify)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = 0 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	notify->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	notify->events = epoll_create1(EPOLL_CLOEXEC);
	if (notify->signals < 0 || notify->events < 0 ||
	    epoll_ctl(notify->events, EPOLL_CTL_ADD, notify->signals, &event) < 0)
		return -errno;
	return 0;
}

static int make(struct zc_tracer *tracer)
{
	struct zc_notify *notify = calloc(1, sizeof(*notify));
	int r;

	if (!notify)
		return -ENOMEM;
	notify->listener = notify->events = notify->signals = notify->root = -1;
	notify->mountinfo[0] = notify->mountinfo[1] = -1;
	tracer->notify = notify;
	r = make_buffers(notify);
	return r < 0 ? r : make_events(notify);
}

static void close_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void zc_notify_finish(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;

	if (!notify)
		return;
	close_at(&notify->listener);
	close_at(&notify->events);
	close_at(&notify->signals);
	close_at(&notify->root);
	close_at(&notify->mountinfo[0]);
	close_at(&notify->mountinfo[1]);
	free(notify->request);
	free(notify->queue);
	free(notify->aside);
	free(notify->response);
	free(notify);
	tracer->notify = NULL;
}

/* --- from the fork to the exec ---------------------------------------------------------------------- */

/* Until its words end, or it does. Its exec was judged before we were started. */
static int until_exec(struct zc_tracer *tracer, struct zc_word *ret)
{
	struct pollfd wait[2] = { { .fd = tracer->tell, .events = POLLIN },
				  { .fd = tracer->notify->listener, .events = POLLIN } };

	for (;;) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (wait[0].revents)
			return zc_launch_hear(tracer, ret) == 0 ? 1 : 0;
		if (wait[1].revents & POLLIN)
			zc_notify_take(tracer);
		else if (wait[1].revents)
			wait[1].fd = -1;
	}
}

/*
 * Landlock gives nothing that no rule gives; what a rule takes away below, it cannot say, and masks do. In
 * hybrid the gate lets more through than this.
 */
static unsigned held_below(const struct zc_tracer *tracer)
{
	const unsigned all = ZC_NEED_READ | ZC_NEED_WRITE;
	const struct zc_image_node *root = zc_image_at(tracer->image, tracer->image->nodes);
	uint64_t denies = ZC_MASK_IMPLICIT(ZC_CLASS_READ);

	for (unsigned says = ZC_SAYS_LOG; says < ZC_SAYS_COUNT; says++)
		denies |= ZC_MASK_PROFILE(ZC_CLASS_READ, says) | ZC_MASK_USER(ZC_CLASS_READ, says);
	if (tracer->image->gate)
		return all;
	if (!(tracer->layers >> ZC_CONFINE_LANDLOCK & 1) || !tracer->image->nodes.count)
		return 0;
	if (tracer->layers >> ZC_CONFINE_MOUNTS & 1)
		return all;
	/* To write is always denied somewhere below: in the log directory. */
	return (root->mask | root->below) & denies ? 0 : ZC_NEED_READ;
}

void zc_notify_look_at_mounts(struct zc_notify *notify)
{
	struct zc_mounts own, command = { 0 };

	zc_known_forget();
	zc_mounts_begin();
	if (notify->mountinfo[1] >= 0)
		zc_mounts_read(notify->mountinfo[1], &command);
	zc_mounts_read(notify->mountinfo[0], &own);
	notify->sound = own.sound && notify->own_names;
	notify->proc_elsewhere = own.proc_elsewhere || command.proc_elsewhere;
}

/* A mountinfo file shows, and tells of, the mounts of the namespace that its process had. */
static int watch_mounts(struct zc_notify *notify, pid_t pid)
{
	struct epoll_event event = { .events = EPOLLPRI, .data = { .u64 = ZC_NOTIFY_MOUNTS } };
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && epoll_ctl(notify->events, EPOLL_CTL_ADD, fd, &event) < 0)
		close_at(&fd);
	return fd;
}

static int root_of(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &head, data) < 0 || data[0].effective || data[1].effective ||
	       data[0].permitted || data[1].permitted;
}

/*
 * The run's own view is looked at once, here: with mounts or a root of its own, what is opened for the
 * command is opened from its root.
 */
static int know_command(struct zc_tracer *tracer, pid_t pid)
{
	struct rlimit files;
	struct zc_notify *notify = tracer->notify;
	const struct zc_confine_plan *plan = tracer->options->plan;
	struct zc_tracee *command;

	tracer->launching = false;
	tracer->filtered = true;
	/* A descriptor for each caller that lives; the command has its own limit already. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	notify->identity = zc_notify_identity(getpid());
	zc_notify_learn_ids(notify);
	notify->plain_ids = geteuid() == 0 || !has_capabilities();
	notify->held_below = held_below(tracer);
	notify->own_names = !plan || !zc_confine_plans(plan, ZC_CONFINE_CHROOT);
	notify->mountinfo[0] = watch_mounts(notify, getpid());
	if (plan && (zc_confine_plans(plan, ZC_CONFINE_MOUNTS) ||
		     zc_confine_plans(plan, ZC_CONFINE_CHROOT))) {
		notify->root = root_of(pid);
		notify->mountinfo[1] = watch_mounts(notify, pid);
		notify->apart = notify->root < 0 || notify->mountinfo[1] < 0;
	}
	zc_notify_look_at_mounts(notify);
	/*
	 * Who calls can be interrupted until it has been heard of: where many want to run, that must not wait
	 * for its turn. Only with privilege; the command has been started before.
	 */
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) - 10);
	command = zc_notify_tracee(tracer, pid);
	return command ? 0 : -ESRCH;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	/* Left to be waited for by who wants its status. */
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* As long as it shares our descriptors its end does not close the pipe. */
static int hear_filter(struct zc_tracer *tracer, pid_t pid)
{
	struct pollfd wait[2] = { { .fd = tracer->tell, .events = POLLIN },
				  { .fd = tracer->notify->signals, .events = POLLIN } };
	struct zc_word word = { 0 };

	while (poll(wait, 2, -1) < 0 && errno == EINTR)
		;
	if (!wait[0].revents && has_ended(pid) && poll(wait, 1, 0) == 0)
		return -ECHILD;
	if (zc_launch_hear(tracer, &word) < 0)
		return -ECHILD;
	if (word.kind == ZC_WORD_FILTER && word.error) {
		if (word.value > STDERR_FILENO)
			close(word.value);
		tracer->notify->unfit = word.error;
	}
	if (word.kind != ZC_WORD_FILTER || word.error)
		return -(word.error ? word.error : EPROTO);
	tracer->notify->listener = word.value;
	ioctl(word.value, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return 0;
}

static pid_t follow(struct zc_tracer *tracer, pid_t pid, int tell, int *ret_exec_error)
{
	struct zc_word word = { 0 };
	int r = hear_filter(tracer, pid);

	close(tell); /* the child has its own now, or has ended */
	if (r < 0)
		return zc_launch_end(pid, r);
	tracer->command = pid;
	tracer->launching = true;
	r = until_exec(tracer, &word);
	if (r > 0 && word.kind == ZC_WORD_EXEC) {
		*ret_exec_error = word.error;
		return zc_launch_end(pid, 0);
	}
	if (r < 0)
		return zc_launch_end(pid, r);
	r = know_command(tracer, pid);
	if (r == -ESRCH && has_ended(pid))
		r = 0; /* ended already: the loop hears of it */
	return r < 0 ? zc_launch_end(pid, r) : pid;
}

static pid_t start(struct zc_tracer *tracer, const int tell[2], int *ret_exec_error)
{
	struct zc_child child = { .go = -1, .tell = tell[1], .flags = ZC_NOTIFY_FLAGS };
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		zc_launch_child(tracer, &child);
	if (pid < 0) {
		pid = -errno;
		close(tell[1]);
		return pid;
	}
	return follow(tracer, pid, tell[1], ret_exec_error);
}

pid_t zc_notify_launch(struct zc_tracer *tracer, int *ret_exec_error)
{
	int tell[2], r = make(tracer);

	*ret_exec_error = 0;
	if (r == 0)
		r = zc_launch_filter(tracer, zc_engine_notify.action);
	if (r < 0)
		return r;
	if (pipe2(tell, O_CLOEXEC) < 0)
		return -errno;
	tracer->tell = tell[0];
	r = start(tracer, tell, ret_exec_error);
	close(tell[0]);
	tracer->tell = -1;
	return r;
}
