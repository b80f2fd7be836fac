/* SPDX-License-Identifier: MIT */
/*
 * targets.c - whose process is it that a call is aimed at: ours, the run's own, or a stranger's?
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/tracer.h"

#define MOST_ANCESTORS 64
#define SELF_THREAD -10000 /* PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP, Linux 6.14 */
#define SELF_PROCESS -10001
#define TO_GROUP 4 /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

/* A number behind a label of /proc/.../status or fdinfo ("Tgid:\t42"); 0 when there is none. */
static pid_t read_field(const char *path, const char *label)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	char text[2048], *at;

	if (fd >= 0) {
		got = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (got <= 0)
		return 0;
	text[got] = '\0';
	/* The first line of status is the name, where a line feed is written as "\n". */
	for (at = text; at && strncmp(at, label, strlen(label)) != 0;
	     at = strchr(at, '\n'), at += at ? 1 : 0)
		;
	return at ? (pid_t)strtol(at + strlen(label), NULL, 10) : 0;
}

static pid_t status_of(pid_t pid, const char *label)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return read_field(path, label);
}

static bool is_supervisor(const struct zc_tracer *tracer, pid_t pid)
{
	if (pid == getpid())
		return true;
	for (unsigned i = 0; tracer->image && i < ZC_LEN(tracer->image->supervisor); i++)
		if (tracer->image->supervisor[i] && tracer->image->supervisor[i] == pid)
			return true;
	return false;
}

/* Any thread of ours counts: kill(2) takes the number of a thread for its process. */
bool zc_targets_is_ours(const struct zc_tracer *tracer, pid_t pid)
{
	pid_t process;

	if (pid <= 0)
		return false;
	if (is_supervisor(tracer, pid))
		return true;
	process = status_of(pid, "Tgid:");
	return process && process != pid && is_supervisor(tracer, process);
}

bool zc_targets_is_of_the_run(struct zc_tracer *tracer, pid_t pid)
{
	const pid_t self = getpid();

	if (zc_tracee_find(tracer, pid))
		return true;
	if (tracer->options && tracer->options->attach)
		return false; /* a suspect's relatives are no run */
	for (unsigned i = 0; i < MOST_ANCESTORS && pid > 1; i++) {
		pid = status_of(pid, "PPid:");
		if (pid == self)
			return true;
	}
	return false;
}

/*
 * The process behind a descriptor of the tracee that is a pidfd, or an open directory /proc/PID, which
 * pidfd_send_signal(2) takes as well; 0: it is neither.
 */
static pid_t behind_pidfd(const struct zc_tracee *tracee, int fd)
{
	char path[48], name[64];
	ssize_t len;
	pid_t pid;

	if (fd == SELF_THREAD || fd == SELF_PROCESS)
		return tracee->tgid;
	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tracee->tid, fd);
	pid = read_field(path, "Pid:");
	if (pid)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tracee->tid, fd);
	len = readlink(path, name, sizeof(name) - 1);
	name[len > 0 ? len : 0] = '\0';
	/* Wherever procfs is mounted, its directory of a process ends in the number. */
	return len > 0 && strrchr(name, '/') ? (pid_t)strtol(strrchr(name, '/') + 1, NULL, 10) : 0;
}

/* A signal to many: would it reach us? Only KILL and STOP to our groups do harm; we survive the rest. */
static bool reaches_us(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		       const struct zc_event *event)
{
	int sig = (int)event->args[1], target = event->target_pid;
	int group = tracer->image ? tracer->image->supervisor_group : 0;

	if (event->call == ZC_ID_pidfd_send_signal && event->args[3] & TO_GROUP)
		target = -target;
	else if (event->call != ZC_ID_kill)
		return false;
	if (target > 0)
		return false;
	if (target == -1)
		return true;
	if (sig != SIGKILL && sig != SIGSTOP)
		return false;
	target = target ? -target : getpgid(tracee->tid);
	return target > 0 && (target == group || target == getpgid(0));
}

/* The kernel says ESRCH: a debugger asks for what it has just killed. */
static bool is_nobody(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static bool by_pidfd(const struct zc_event *event)
{
	return event->call == ZC_ID_pidfd_getfd || event->call == ZC_ID_pidfd_send_signal ||
	       event->call == ZC_ID_process_madvise;
}

void zc_targets_look(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_event *event)
{
	if (event->flags & ZC_EV_SUPERVISOR_TARGET)
		return; /* whoever it names */
	if (by_pidfd(event))
		event->target_pid = behind_pidfd(tracee, (int)event->args[0]);
	if (event->op == ZC_OP_SYS_SIGNAL_SUPERVISOR && reaches_us(tracer, tracee, event))
		event->flags |= ZC_EV_SUPERVISOR_TARGET;
	else if (event->target_pid > 0 && !zc_tracee_find(tracer, event->target_pid) &&
		 zc_targets_is_ours(tracer, event->target_pid))
		event->flags |= ZC_EV_SUPERVISOR_TARGET;
	else if (event->op == ZC_OP_SYS_SIGNAL_SUPERVISOR)
		event->flags |= ZC_EV_OWN_TARGET | ZC_EV_HARMLESS;
	else if (event->target_pid > 0 && (zc_targets_is_of_the_run(tracer, event->target_pid) ||
					   is_nobody(event->target_pid)))
		event->flags |= ZC_EV_OWN_TARGET;
}
