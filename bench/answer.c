/* SPDX-License-Identifier: MIT */
/*
 * answer.c - the least that holding an open by user notification costs: who answers "go on" and looks at
 * nothing. No observer of this kind can be faster on the machine that it is run on.
 *
 * usage: answer COMMAND [ARGUMENT ...]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_KILLABLE (1UL << 5) /* as zctrace has it */
#define SET_FLAGS _IOW('!', 4, unsigned long)
#define SYNC_WAKE_UP 1UL

static void run(char **command, int tell)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	int listener;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE, &program);
	/* The number, in a table of descriptors that is still shared. */
	if (listener < 0 || write(tell, &listener, sizeof(listener)) != sizeof(listener) ||
	    unshare(CLONE_FILES) < 0)
		_exit(126);
	close(listener);
	execvp(command[0], command);
	_exit(127);
}

static void answer(int listener)
{
	struct pollfd wait = { .fd = listener, .events = POLLIN };
	struct seccomp_notif_resp response;
	struct seccomp_notif request;

	while (poll(&wait, 1, -1) == 1 && wait.revents & POLLIN) {
		memset(&request, 0, sizeof(request));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
			continue; /* interrupted, or gone */
		response = (struct seccomp_notif_resp){ .id = request.id,
							.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

int main(int argc, char **argv)
{
	int tell[2], listener, status;
	pid_t pid;

	if (argc < 2 || pipe(tell) < 0)
		return 125;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		run(argv + 1, tell[1]);
	if (pid < 0 || read(tell[0], &listener, sizeof(listener)) != sizeof(listener))
		return 125;
	close(tell[0]);
	close(tell[1]);
	ioctl(listener, SET_FLAGS, SYNC_WAKE_UP);
	answer(listener);
	if (waitpid(pid, &status, 0) < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
