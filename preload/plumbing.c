/* SPDX-License-Identifier: MIT */
/*
 * plumbing.c - what keeps the shim in place: its descriptors, its idea of the directory and process.
 *
 * A program that sweeps its descriptors does not mean ours: to it they are not open (EBADF), and
 * sweeps go around them with their flags kept.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "preload/judge/judge.h"
#include "preload/shim.h"

unsigned zc_our_fds(int ret_fds[4])
{
	const int all[4] = { zc_shim.session.image_fd, zc_shim.session.page_fd,
			     zc_shim.session.socket_fd, zc_shim.log_fd };
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned at = n;

		if (all[i] < 0)
			continue;
		for (; at > 0 && ret_fds[at - 1] > all[i]; at--)
			ret_fds[at] = ret_fds[at - 1];
		ret_fds[at] = all[i];
		n++;
	}
	return n;
}

bool zc_is_ours(int fd)
{
	return fd >= 0 && zc_carries() &&
	       (fd == zc_shim.session.image_fd || fd == zc_shim.session.page_fd ||
		fd == zc_shim.session.socket_fd || fd == zc_shim.log_fd);
}

ZC_EXPORT int close(int fd)
{
	zc_cancellation_point();
	if (ZC_UNLIKELY(fd >= zc_shim.lowest_fd && zc_is_ours(fd)))
		return (int)zc_ret(-EBADF);
	return (int)zc_ret(zc_sys_close(fd));
}

/* The kernel's call for each stretch between ours. */
static long sweep(unsigned first, unsigned last, int flags)
{
	int ours[4];
	unsigned n = zc_carries() ? zc_our_fds(ours) : 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned fd = (unsigned)ours[i];
		long result;

		if (fd < first || fd > last)
			continue;
		if (fd > first) {
			result = zc_sys3(__NR_close_range, first, fd - 1, flags);
			if (result < 0)
				return result;
		}
		if (fd == last)
			return 0;
		first = fd + 1;
	}
	return zc_sys3(__NR_close_range, first, last, flags);
}

long zc_close_range(unsigned first, unsigned last, int flags)
{
	return first > last ? -EINVAL : sweep(first, last, flags);
}

ZC_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	return (int)zc_ret(zc_close_range(first, last, flags));
}

ZC_EXPORT void closefrom(int first)
{
	unsigned from = first < 0 ? 0 : (unsigned)first;

	if (sweep(from, ~0u, 0) == -ENOSYS) {
		/* Linux before 5.9. */
		for (unsigned fd = from; fd < 65536; fd++)
			if (!zc_is_ours((int)fd))
				zc_sys_close((int)fd);
	}
}

ZC_EXPORT int dup2(int from, int to)
{
	if (zc_is_ours(from) || zc_is_ours(to))
		return (int)zc_ret(-EBADF);
	return (int)zc_ret(zc_sys2(__NR_dup2, from, to));
}

ZC_EXPORT int dup3(int from, int to, int flags)
{
	if (zc_is_ours(from) || zc_is_ours(to))
		return (int)zc_ret(-EBADF);
	return (int)zc_ret(zc_sys3(__NR_dup3, from, to, flags));
}

ZC_EXPORT int chdir(const char *path)
{
	return (int)zc_ret(zc_change_cwd(__NR_chdir, (long)path));
}

ZC_EXPORT int fchdir(int fd)
{
	return (int)zc_ret(zc_change_cwd(__NR_fchdir, fd));
}

static pid_t fork_by(const char *name)
{
	pid_t (*real)(void) = zc_next(name);
	pid_t child;

	if (!real)
		return (pid_t)zc_ret(-ENOSYS);
	child = real();
	if (child == 0 && zc_is_armed()) {
		zc_forked();
		zc_say_fork();
	}
	return child;
}

ZC_EXPORT pid_t fork(void)
{
	return fork_by("fork");
}

ZC_EXPORT pid_t _Fork(void)
{
	return fork_by("_Fork");
}

/*
 * Once the program has a seccomp filter of its own, a call it does not expect may kill it. From here
 * on the shim makes only the calls it is asked for. What it will need is looked up before.
 */
bool zc_become_passive(void)
{
	struct zc_guard *guard = zc_is_armed() && !zc_shim.passive ? zc_guard_take(NULL) : NULL;

	if (!guard)
		return false;
	zc_absolute(guard->given[0], AT_FDCWD, ".", 1); /* remembers the working directory */
	zc_guard_give(guard);
	zc_note(ZC_NOTE_PASSIVE, NULL, 0);
	zc_shim.passive = 1;
	return true;
}

ZC_EXPORT int prctl(int option, ...)
{
	unsigned long a, b, c, d;
	bool became = false;
	va_list list;
	long result;

	va_start(list, option);
	a = va_arg(list, unsigned long);
	b = va_arg(list, unsigned long);
	c = va_arg(list, unsigned long);
	d = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_SECCOMP)
		became = zc_become_passive();
	result = zc_sys6(__NR_prctl, option, (long)a, (long)b, (long)c, (long)d, 0);
	if (became && result < 0)
		zc_shim.passive = 0; /* no filter: a question whether there could be one */
	return (int)zc_ret(result);
}

ZC_TWIN(__close, close)
ZC_TWIN(__dup2, dup2)
ZC_TWIN(__fork, fork)
ZC_TWIN(__libc_fork, fork)
