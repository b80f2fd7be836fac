/* SPDX-License-Identifier: MIT */
/*
 * fetcher.c - the process that runs debuginfod-find, one build-id at a time, and opens what it found.
 *
 * The client's answer is a path on its standard output. It is opened here, where only the client's own
 * directory can be read, so that nobody can have another file handed on by naming it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "evidence/fetch/fetcher.h"
#include "evidence/naming/helper.h"

#define GRACE_MS 3000 /* for the client to notice itself that its time is over */
#define CANNOT_CONFINE 126
#define CANNOT_RUN 127

static void say(struct zc_fetch_answer *answer, const char *text)
{
	size_t len = 0;

	for (; len < sizeof(answer->why) - 1 && text[len]; len++)
		answer->why[len] = text[len];
	answer->why[len] = '\0';
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the client ---- */

static _Noreturn void become(char *id, int out, int err)
{
	static char name[] = "debuginfod-find", what[] = "debuginfo";
	char *const arguments[] = { name, what, id, NULL };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) < 0 || chdir("/") < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
	    zc_fetch_confine_client(&zc_fetch_plan) < 0)
		_exit(CANNOT_CONFINE);
	execve(zc_fetch_plan.program, arguments, zc_fetch_plan.variable);
	_exit(CANNOT_RUN);
}

static int begin(char *id, pid_t *ret_pid, int *ret_out, int *ret_err)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, r = 0;

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(err, O_CLOEXEC | O_NONBLOCK) < 0)
		r = -errno;
	*ret_pid = r == 0 ? zc_helper_fork(SIGCHLD) : -1;
	if (*ret_pid == 0)
		become(id, out[1], err[1]);
	if (r == 0 && *ret_pid < 0)
		r = -errno;
	close(out[1]);
	close(err[1]);
	*ret_out = out[0];
	*ret_err = err[0];
	if (r < 0) {
		close(out[0]);
		close(err[0]);
	}
	return r;
}

/*
 * Reads what the client says until it ends. false: its time is over, it says too much, or nobody wants to know any
 * more.
 */
static bool listen_to(int out, int socket, char *text, size_t cap)
{
	struct pollfd poll_fd[] = { { .fd = out, .events = POLLIN }, { .fd = socket } };
	int64_t until = now_ms() + zc_fetch_plan.seconds * 1000 + GRACE_MS, left;
	size_t len = 0;

	while ((left = until - now_ms()) > 0 && len < cap - 1) {
		ssize_t got;

		if (poll(poll_fd, ZC_LEN(poll_fd), (int)left) <= 0)
			continue;
		if (poll_fd[1].revents)
			return false;
		got = read(out, text + len, cap - 1 - len);
		if (got == 0) {
			text[len] = '\0';
			return true;
		}
		len += got > 0 ? (size_t)got : 0;
	}
	return false;
}

/* Returns its wait status, or -1 when it had to be ended. */
static int run(char *id, int socket, char *text, size_t cap, struct zc_fetch_answer *answer)
{
	char complaint[512];
	int out, err, status = -1;
	ssize_t got;
	bool ended;
	pid_t pid;

	if (begin(id, &pid, &out, &err) < 0) {
		say(answer, "debuginfod-find cannot be started");
		return -1;
	}
	ended = listen_to(out, socket, text, cap);
	if (!ended) {
		say(answer, "the servers took too long");
		kill(-pid, SIGKILL); /* not yet a group's leader: then this finds nobody */
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	got = ended ? read(err, complaint, sizeof(complaint) - 1) : -1;
	complaint[got > 0 ? got : 0] = '\0';
	if (*complaint)
		say(answer, complaint);
	close(out);
	close(err);
	return ended ? status : -1;
}

/* ---- what came of it ---- */

/* "Server query failed: No such file or directory" is an answer; other reasons are failures. */
static int explain(int status, struct zc_fetch_answer *answer)
{
	static const char before[] = "Server query failed: ", no[] = "No such file or directory";
	char *reason = strstr(answer->why, before);

	answer->why[strcspn(answer->why, "\n")] = '\0';
	if (status == -1)
		return -ETIMEDOUT;
	if (WIFSIGNALED(status)) {
		say(answer, WTERMSIG(status) == SIGXFSZ   ? "the file is larger than wanted"
			    : WTERMSIG(status) == SIGXCPU ? "debuginfod-find computed too long"
							  : "debuginfod-find crashed");
		return -EIO;
	}
	if (WEXITSTATUS(status) == CANNOT_CONFINE || WEXITSTATUS(status) == CANNOT_RUN) {
		say(answer, WEXITSTATUS(status) == CANNOT_RUN
				    ? "debuginfod-find cannot be executed"
				    : "debuginfod-find could not be confined");
		return -EIO;
	}
	if (reason && reason < answer->why + strlen(answer->why)) {
		reason += strlen(before);
		if (!strcmp(reason, no)) {
			answer->why[0] = '\0';
			return -ENOENT;
		}
		memmove(answer->why, reason, strlen(reason) + 1);
	}
	if (!*answer->why)
		say(answer, "debuginfod-find failed");
	return -EIO;
}

/* The file that the client names, if it is one of its own. */
static int open_found(char *path, struct zc_fetch_answer *answer)
{
	size_t len = strlen(zc_fetch_plan.cache);
	struct stat st;
	int fd = -1;

	path[strcspn(path, "\n")] = '\0';
	if (!strncmp(path, zc_fetch_plan.cache, len) && path[len] == '/' && !strstr(path, "/../"))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size <= zc_fetch_plan.size_max)
		return fd;
	if (fd >= 0)
		close(fd);
	say(answer, "debuginfod-find named no file that can be read");
	return -EIO;
}

static int fetch(char *id, int socket, struct zc_fetch_answer *answer)
{
	char text[ZC_PATH_CAP];
	int status = run(id, socket, text, sizeof(text), answer);

	if (status != 0)
		return explain(status, answer);
	answer->why[0] = '\0';
	return open_found(text, answer);
}

void zc_fetcher_serve(int socket)
{
	int confined = zc_fetch_confine(&zc_fetch_plan), passed;
	char id[ZC_FETCH_ID_CAP + 1];
	ssize_t got;

	while ((got = zc_helper_receive(socket, id, sizeof(id) - 1, &passed)) > 0) {
		struct zc_fetch_answer answer = { 0 };
		int fd = confined;

		id[got] = '\0';
		if (passed >= 0)
			close(passed);
		if (confined < 0)
			say(&answer, "the fetcher could not be confined");
		else
			fd = fetch(id, socket, &answer);
		answer.status = fd < 0 ? fd : 0;
		zc_helper_send(socket, &answer, sizeof(answer), fd);
		if (fd >= 0)
			close(fd);
	}
	_exit(0);
}
