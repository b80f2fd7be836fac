/* SPDX-License-Identifier: MIT */
/*
 * watch_report.c - what a look has found, judged and written as a frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/record.h"
#include "wrap/watch/watch.h"

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct zc_frame_head *begin(struct zc_watcher *watcher, struct zc_frame_writer *writer,
				   const struct zc_watched *process, unsigned type)
{
	struct zc_frame_head *head =
		zc_frame_begin(writer, watcher->frame, sizeof(watcher->frame), type);

	head->flags |= ZC_FRAME_NO_STACK;
	head->real_ns = nanoseconds(CLOCK_REALTIME);
	head->mono_ns = nanoseconds(CLOCK_MONOTONIC);
	head->pid = head->tid = process->pid;
	head->ppid = process->ppid;
	head->uid = process->uid;
	head->source = ZC_SOURCE_PROC;
	head->exec_id = process->exec_id;
	return head;
}

static void send_frame(struct zc_watcher *watcher, struct zc_frame_writer *writer)
{
	size_t size = zc_frame_end(writer);
	ssize_t sent;

	do {
		sent = send(watcher->setup.socket, watcher->frame, size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		__atomic_fetch_add(&watcher->setup.page->lost, 1, __ATOMIC_RELAXED);
}

/* /proc/PID/cmdline has the wire's form already, but for a last text that was cut off. */
static void put_argv(struct zc_frame_writer *writer, int at)
{
	char text[8192];
	int fd = openat(at, "cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	if (fd >= 0)
		close(fd);
	while (n > 0 && text[n - 1])
		n--;
	if (n > 0)
		zc_frame_put(writer, ZC_FIELD_ARGV, text, (size_t)n);
}

static void put_cwd(struct zc_frame_writer *writer, int at)
{
	char text[ZC_PATH_CAP];
	ssize_t n = readlinkat(at, "cwd", text, sizeof(text));

	if (n > 0)
		zc_frame_put(writer, ZC_FIELD_CWD, text, (size_t)n);
}

void zc_watch_sign_in(struct zc_watcher *watcher, const struct zc_watched *process, int at,
		      const char *exe, const char *gap)
{
	struct zc_frame_writer writer;

	begin(watcher, &writer, process, ZC_FRAME_SIGN_IN);
	zc_frame_put(&writer, ZC_FIELD_EXE, exe, strlen(exe));
	put_argv(&writer, at);
	put_cwd(&writer, at);
	zc_frame_put(&writer, ZC_FIELD_TEXT, gap, strlen(gap));
	send_frame(watcher, &writer);
}

void zc_watch_judge(struct zc_watcher *watcher, const struct zc_watched *process, int at,
		    struct zc_event *event)
{
	struct zc_verdict verdict = zc_policy_decide(watcher->setup.image, event);
	struct zc_frame_writer writer;
	struct zc_frame_head *head;

	if (verdict.action == ZC_ALLOWED || verdict.action == ZC_REFUSED_QUIET)
		return;
	if (verdict.action == ZC_KILLED)
		__atomic_store_n(&watcher->setup.page->kill, 1, __ATOMIC_RELAXED);
	else if (verdict.action == ZC_REFUSED)
		verdict.action = ZC_DETECTED;
	verdict.error = 0;
	head = begin(watcher, &writer, process, ZC_FRAME_RECORD);
	head->fingerprint =
		zc_fingerprint(watcher->setup.image, event, verdict, process->program, 0, 0);
	head->repeat = 1;
	zc_record_put(&writer, head, event, verdict);
	head->call = ZC_CALL_NONE; /* which one it was is not known */
	if (event->op == ZC_OP_EXEC)
		put_argv(&writer, at);
	send_frame(watcher, &writer);
}
