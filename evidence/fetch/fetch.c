/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - the asking side: what was asked for already, and when to stop asking.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "evidence/fetch/fetcher.h"
#include "evidence/naming/helper.h"

#define FILES_MAX 256u  /* that are asked for, by one process of ours */
#define SECONDS_MAX 600 /* that it waits for them in all */
#define IN_A_ROW_MAX 3u /* failures, after which nobody is asked any more */
#define LOOK_MS 200     /* how soon an interruption is noticed */
#define GRACE_MS 10000  /* for the fetcher, beyond the time that its client has */

struct zc_fetch_plan zc_fetch_plan;

static struct {
	bool allowed;
	int socket; /* of the fetcher; valid with running */
	bool running;
	pid_t pid;
	unsigned in_a_row;
	int64_t waited_ms;
	struct zc_fetch_report report;
	struct {
		char id[ZC_FETCH_ID_CAP];
		int status; /* 0: was found */
	} known[FILES_MAX];
} fetch;

int zc_fetch_allow(char error[512])
{
	int r = zc_fetch_plan_make(&zc_fetch_plan, error);

	fetch.allowed = r == 0;
	return r;
}

bool zc_fetch_allowed(void)
{
	return fetch.allowed;
}

const struct zc_fetch_report *zc_fetch_report(void)
{
	return &fetch.report;
}

pid_t zc_fetch_helper(void)
{
	return __atomic_load_n(&fetch.pid, __ATOMIC_RELAXED);
}

void zc_fetch_finish(void)
{
	if (!fetch.running)
		return;
	zc_helper_end(fetch.socket, fetch.pid);
	fetch.running = false;
	__atomic_store_n(&fetch.pid, 0, __ATOMIC_RELAXED);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool begin(void)
{
	pid_t pid = 0;

	if (fetch.running)
		return true;
	fetch.socket = zc_helper_begin("zcfetch", false, zc_fetcher_serve, &pid);
	if (fetch.socket < 0)
		return false;
	fetch.running = true;
	__atomic_store_n(&fetch.pid, pid, __ATOMIC_RELAXED);
	return true;
}

/*
 * zcwrap takes its signals one by one, and nobody does that any more while it waits for the last lines. Others have
 * them not blocked, and end.
 */
static bool interrupted(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ZC_LEN(signals); i++)
		if (sigismember(&pending, signals[i]) == 1)
			return true;
	return false;
}

/* The fetcher's answer, or one in its place. Returns the descriptor that came, or -1. */
static int receive(struct zc_fetch_answer *ret)
{
	struct pollfd poll_fd = { .fd = fetch.socket, .events = POLLIN };
	int64_t until = now_ms() + zc_fetch_plan.seconds * 1000 + GRACE_MS, left;
	int fd = -1, ready = 0;

	while (ready <= 0 && (left = until - now_ms()) > 0 && !fetch.report.stopped) {
		ready = poll(&poll_fd, 1, left < LOOK_MS ? (int)left : LOOK_MS);
		if (ready <= 0 && interrupted())
			fetch.report.stopped = "it was interrupted";
	}
	if (ready > 0 &&
	    zc_helper_receive(fetch.socket, ret, sizeof(*ret), &fd) == (ssize_t)sizeof(*ret)) {
		ret->why[sizeof(ret->why) - 1] = '\0';
		return fd;
	}
	if (fd >= 0)
		close(fd);
	zc_fetch_finish();
	*ret = (struct zc_fetch_answer){ -EIO, "the fetcher ended" };
	if (fetch.report.stopped)
		snprintf(ret->why, sizeof(ret->why), "%s", fetch.report.stopped);
	return -1;
}

/* Asks the fetcher. A descriptor, or -errno with a reason. */
static int ask(const char *id, struct zc_fetch_answer *ret)
{
	struct stat st;
	int fd;

	if (!begin() || zc_helper_send(fetch.socket, id, strlen(id) + 1, -1) < 0) {
		zc_fetch_finish();
		*ret = (struct zc_fetch_answer){ -EIO, "the fetcher cannot be started" };
		return -EIO;
	}
	fd = receive(ret);
	if (ret->status == 0 && fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	if (ret->status >= 0)
		*ret = (struct zc_fetch_answer){ -EIO, "what the fetcher found is no file" };
	return ret->status;
}

static void note(const char *id, const struct zc_fetch_answer *answer)
{
	struct zc_fetch_report *report = &fetch.report;

	if (answer->status == 0)
		report->found++;
	if (answer->status == 0 || answer->status == -ENOENT) {
		fetch.in_a_row = 0;
		return;
	}
	if (report->failures < ZC_FETCH_FAILURES) {
		snprintf(report->failure[report->failures].id, ZC_FETCH_ID_CAP, "%s", id);
		snprintf(report->failure[report->failures].why, ZC_FETCH_WHY_CAP, "%s",
			 answer->why);
	}
	report->failures++;
	if (++fetch.in_a_row == IN_A_ROW_MAX)
		report->stopped = "three files in a row could not be fetched";
}

static bool is_id(const char *id)
{
	size_t len = strspn(id, "0123456789abcdef");

	return !id[len] && len >= 6 && len < ZC_FETCH_ID_CAP && len % 2 == 0;
}

int zc_fetch_debug(const char *id)
{
	struct zc_fetch_report *report = &fetch.report;
	struct zc_fetch_answer answer;
	unsigned at = 0;
	int64_t begun = now_ms();
	int fd;

	if (!fetch.allowed || !is_id(id))
		return -EINVAL;
	while (at < report->asked && strcmp(fetch.known[at].id, id) != 0)
		at++;
	if (at < report->asked && fetch.known[at].status)
		return fetch.known[at].status;
	/* One that was found is in the client's directory: asking for it again asks no server. */
	if (at == report->asked) {
		if (!report->stopped && report->asked == FILES_MAX)
			report->stopped = "256 files were asked for";
		if (!report->stopped && fetch.waited_ms > SECONDS_MAX * 1000)
			report->stopped = "waiting for files has taken ten minutes";
		if (report->stopped)
			return -EAGAIN;
	}
	fd = ask(id, &answer);
	fetch.waited_ms += now_ms() - begun;
	if (at == report->asked) {
		report->asked++;
		snprintf(fetch.known[at].id, ZC_FETCH_ID_CAP, "%s", id);
		note(id, &answer);
	}
	fetch.known[at].status = answer.status;
	return fd;
}
