/* SPDX-License-Identifier: MIT */
/*
 * engine.c - which engines there are, and whether one can be used here.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/engine.h"
#include "tracer/notify/notify.h"

const struct zc_engine *zc_engine_find(const char *name)
{
	static const struct zc_engine *const engines[] = { &zc_engine_ptrace, &zc_engine_notify };

	for (size_t i = 0; i < ZC_LEN(engines); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

/*
 * An outer supervisor by user notification answers before our filter would, so that nothing stops;
 * only then a second listener is EBUSY. Such a filter shows as seccomp mode 2 in ourselves.
 */
int zc_engine_outer_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };
	int status = 0;
	pid_t pid;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return 0;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program) < 0)
			_exit(errno == EBUSY);
		_exit(0);
	}
	if (pid < 0)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? EBUSY : 0;
}

/* Without a program the kernel says EFAULT when it knows the flags, EINVAL when it does not. */
static int flags_are_known(unsigned flags)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno != EFAULT)
		return errno;
	return 0;
}

int zc_engine_fits(const struct zc_engine *engine)
{
	int error;

	if (engine != &zc_engine_notify)
		return 0;
	error = flags_are_known(ZC_NOTIFY_FLAGS);
	return error ? error : zc_engine_outer_listener();
}
