/* SPDX-License-Identifier: MIT */
/*
 * system.c - calls that reach outside the run: other processes, clocks, the root directory.
 */
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "preload/hooks/hooks.h"
#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#define MOST_ANCESTORS 64
#define TO_GROUP 4 /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

/* ---- whose process is it ---- */

static bool is_supervisor(int pid)
{
	for (unsigned i = 0; i < ZC_LEN(zc_shim.image->supervisor); i++)
		if (zc_shim.image->supervisor[i] && zc_shim.image->supervisor[i] == pid)
			return true;
	return false;
}

static long read_small(const char *path, char *buffer, size_t cap)
{
	long fd = zc_sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), got;

	if (fd < 0)
		return fd;
	got = zc_sys3(__NR_read, fd, (long)buffer, (long)cap - 1);
	zc_sys_close((int)fd);
	buffer[got > 0 ? got : 0] = '\0';
	return got;
}

static char *put_pid(char *to, int pid)
{
	char digits[12];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + pid % 10);
	while (pid /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

/* The parent of pid, from the fourth field of /proc/PID/stat (the name before it may hold anything). */
static int parent_of(int pid)
{
	char path[32] = "/proc/", text[512], *at;
	int parent = 0;
	long got;

	zc_copy(put_pid(path + 6, pid), "/stat", 6);
	got = read_small(path, text, sizeof(text));
	if (got <= 0)
		return 0;
	for (at = text + got; at > text && *at != ')';)
		at--;
	if (at[0] != ')' || at[1] != ' ' || !at[2] || at[3] != ' ')
		return 0;
	for (at += 4; *at >= '0' && *at <= '9'; at++)
		parent = parent * 10 + (*at - '0');
	return parent;
}

/* Below the supervisor in the tree: a process of the run. */
bool zc_is_of_the_run(int pid)
{
	if (pid == zc_sys_getpid())
		return true;
	if (!zc_shim.image || zc_shim.hybrid) /* reading /proc would cost a stop each */
		return false;
	for (unsigned i = 0; i < MOST_ANCESTORS && pid > 1; i++) {
		pid = parent_of(pid);
		if (pid && is_supervisor(pid))
			return true;
	}
	return false;
}

/* The number in /proc/PID/status or a fdinfo after "name:\t" at the start of a line; 0: none. */
static int number_in(const char *text, long len, const char *name, size_t name_len)
{
	int number = 0;

	for (long i = 0; i + (long)name_len < len; i++) {
		if (!zc_equal(text + i, name, name_len) || (i && text[i - 1] != '\n'))
			continue;
		for (i += (long)name_len; text[i] >= '0' && text[i] <= '9'; i++)
			number = number * 10 + (text[i] - '0');
		return number;
	}
	return 0;
}

/* The process that a thread belongs to: the kernel takes any thread's number for its process. */
static int process_of(int tid)
{
	char path[32] = "/proc/", text[512];

	zc_copy(put_pid(path + 6, tid), "/status", 8);
	return number_in(text, read_small(path, text, sizeof(text)), "Tgid:\t", 6);
}

/* The process behind a pidfd, from its fdinfo. */
int zc_pid_of_pidfd(int fd)
{
	char path[48] = "/proc/self/fdinfo/", text[512];

	if (fd < 0)
		return 0;
	*put_pid(path + 18, fd) = '\0';
	return number_in(text, read_small(path, text, sizeof(text)), "Pid:\t", 5);
}

/* A signal to many: would it reach us? Only KILL and STOP to our group do harm; we survive the rest. */
static bool reaches_supervisor(const struct zc_event *event, int sig)
{
	int group = zc_shim.image->supervisor_group, target = event->target_pid;
	bool fatal = sig == SIGKILL || sig == SIGSTOP;

	if (event->call == ZC_ID_pidfd_send_signal && event->args[3] & TO_GROUP)
		target = -target;
	else if (event->call != ZC_ID_kill)
		return false;
	if (target == -1)
		return true;
	if (target == 0)
		return fatal && group && zc_sys1(__NR_getpgid, 0) == group;
	return target < -1 && fatal && group && -target == group;
}

void zc_look_at_target(struct zc_guard *guard)
{
	struct zc_event *event = &guard->event;
	int pid = event->target_pid;

	if (!zc_shim.image || event->flags & ZC_EV_SUPERVISOR_TARGET)
		return;
	if (event->call == ZC_ID_pidfd_getfd || event->call == ZC_ID_pidfd_send_signal ||
	    event->call == ZC_ID_process_madvise)
		pid = event->target_pid = zc_shim.passive ? 0
							  : zc_pid_of_pidfd((int)event->args[0]);
	if (event->op == ZC_OP_SYS_SIGNAL_SUPERVISOR &&
	    reaches_supervisor(event, (int)event->args[1]))
		event->flags |= ZC_EV_SUPERVISOR_TARGET;
	else if (pid > 0 && (is_supervisor(pid) || (!zc_shim.passive && pid != zc_sys_getpid() &&
						    is_supervisor(process_of(pid)))))
		event->flags |= ZC_EV_SUPERVISOR_TARGET;
	else if (event->op == ZC_OP_SYS_SIGNAL_SUPERVISOR)
		event->flags |= ZC_EV_OWN_TARGET | ZC_EV_HARMLESS;
	else if (pid > 0 && !zc_shim.passive && zc_is_of_the_run(pid))
		event->flags |= ZC_EV_OWN_TARGET;
}

/* A stranger by its number may be one of ours that has ended: a debugger asks after those. */
static bool is_gone(const struct zc_guard *guard)
{
	const struct zc_event *event = &guard->event;

	return event->target_pid > 0 &&
	       !(event->flags & (ZC_EV_OWN_TARGET | ZC_EV_SUPERVISOR_TARGET)) && !zc_shim.passive &&
	       zc_sys2(__NR_kill, event->target_pid, 0) == -ESRCH;
}

static int ask_on_process(const void *caller, unsigned call, const long args[6])
{
	struct zc_guard *guard;
	int error;

	if (!zc_is_armed() || zc_shim.hybrid)
		return 0;
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	error = zc_guard_fill(guard, call, args);
	if (!error && !(guard->event.flags & ZC_EV_HARMLESS)) {
		zc_look_at_target(guard);
		if (!(guard->event.flags & ZC_EV_HARMLESS))
			error = is_gone(guard) ? -ESRCH : zc_guard_decide(guard);
	}
	zc_guard_give(guard);
	return error;
}

long zc_call_on_process(const void *caller, unsigned call, long a, long b, long c, long d, long e,
			long f)
{
	const long args[6] = { a, b, c, d, e, f };
	int error = ask_on_process(caller, call, args);

	return error ? error : zc_hand_over(caller, call, args);
}

/* ---- processes ---- */

ZC_EXPORT int kill(pid_t pid, int sig)
{
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_kill, pid, sig, 0, 0, 0, 0));
}

ZC_EXPORT int killpg(pid_t group, int sig)
{
	if (group < 0)
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_kill, -group, sig, 0, 0, 0, 0));
}

ZC_EXPORT int tgkill(pid_t pid, pid_t tid, int sig)
{
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_tgkill, pid, tid, sig, 0, 0, 0));
}

ZC_EXPORT int sigqueue(pid_t pid, int sig, const union sigval value)
{
	int (*real)(pid_t, int, union sigval) = zc_next("sigqueue");
	const long args[6] = { pid, sig, 0, 0, 0, 0 };
	int error = ask_on_process(ZC_CALLER, ZC_ID_rt_sigqueueinfo, args);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real(pid, sig, value);
}

ZC_EXPORT int pidfd_send_signal(int fd, int sig, siginfo_t *info, unsigned flags)
{
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_pidfd_send_signal, fd, sig,
					      (long)info, flags, 0, 0));
}

ZC_EXPORT int pidfd_open(pid_t pid, unsigned flags)
{
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_pidfd_open, pid, flags, 0, 0, 0, 0));
}

ZC_EXPORT int pidfd_getfd(int fd, int target, unsigned flags)
{
	return (int)zc_ret(
		zc_call_on_process(ZC_CALLER, ZC_ID_pidfd_getfd, fd, target, flags, 0, 0, 0));
}

ZC_EXPORT ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long locals,
				   const struct iovec *remote, unsigned long remotes,
				   unsigned long flags)
{
	return zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_process_vm_readv, pid, (long)local,
					 (long)locals, (long)remote, (long)remotes, (long)flags));
}

ZC_EXPORT ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long locals,
				    const struct iovec *remote, unsigned long remotes,
				    unsigned long flags)
{
	return zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_process_vm_writev, pid, (long)local,
					 (long)locals, (long)remote, (long)remotes, (long)flags));
}

ZC_EXPORT ssize_t process_madvise(int fd, const struct iovec *ranges, size_t count, int advice,
				  unsigned flags)
{
	return zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_process_madvise, fd, (long)ranges,
					 (long)count, advice, flags, 0));
}

/* libc's ptrace turns what PEEK returns into a result: judged here, made there. */
ZC_EXPORT long ptrace(enum __ptrace_request request, ...)
{
	long (*real)(int, ...) = zc_next("ptrace");
	long args[6] = { (long)request, 0, 0, 0, 0, 0 };
	va_list list;
	int error;

	va_start(list, request);
	for (unsigned i = 1; i < 4; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	args[1] = (int)args[1];
	error = ask_on_process(ZC_CALLER, ZC_ID_ptrace, args);
	return error || !real ? zc_ret(error ? error : -ENOSYS)
			      : real((int)request, args[1], args[2], args[3]);
}

/* ---- the root directory ---- */

/* After it the kernel names things below the new root; the run's policy is about the old one. */
long zc_chroot(const void *caller, const char *path)
{
	struct zc_guard *guard;
	uint8_t flags = 0;
	long fd, len = -1, result = zc_is_armed() ? 0 : 1;

	if (result)
		return zc_sys1(__NR_chroot, (long)path);
	if (zc_shim.hybrid) {
		const long args[6] = { (long)path, 0, 0, 0, 0, 0 };

		result = zc_hand_over(caller, ZC_ID_chroot, args);
		if (result == 0)
			zc_gate_leave();
		return result;
	}
	result = zc_ask(caller, ZC_ID_chroot, (long)path, 0, 0, 0, 0, 0);
	if (result)
		return result;
	guard = zc_guard_take(caller);
	fd = guard ? zc_sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0) : -1;
	if (fd >= 0) {
		len = zc_fd_path(guard->path[0], (int)fd, &flags);
		zc_sys_close((int)fd);
	}
	zc_cwd_changing();
	result = zc_sys1(__NR_chroot, (long)path);
	zc_cwd_changed();
	if (result == 0) {
		__atomic_fetch_add(&zc_shim.page->chroots, 1, __ATOMIC_RELAXED);
		if (len > 1 && len < (long)sizeof(zc_shim_rare.root)) {
			zc_copy(zc_shim_rare.root, guard->path[0], (size_t)len);
			zc_shim_rare.root[len] = '\0';
			zc_shim.root_len = (size_t)len;
		}
		if (len > 0)
			zc_note(ZC_NOTE_CHROOT, guard->path[0], 0);
	}
	zc_guard_give(guard);
	return result;
}

ZC_EXPORT int chroot(const char *path)
{
	return (int)zc_ret(zc_chroot(ZC_CALLER, path));
}

/* ---- rows whose libc prototypes have types of their own ---- */

#define JUDGED(call, ...) ((int)zc_ret(zc_call(ZC_CALLER, ZC_ID_##call, __VA_ARGS__)))

ZC_EXPORT int mount_setattr(int dirfd, const char *path, unsigned flags,
			    struct mount_attr *attributes, size_t size)
{
	return JUDGED(mount_setattr, dirfd, (long)path, flags, (long)attributes, (long)size, 0);
}

ZC_EXPORT int reboot(int how)
{
	return JUDGED(reboot, (int)0xfee1dead, 672274793, how, 0, 0, 0);
}

ZC_EXPORT int quotactl(int command, const char *device, int id, caddr_t argument)
{
	return JUDGED(quotactl, command, (long)device, id, (long)argument, 0, 0);
}

ZC_EXPORT int settimeofday(const struct timeval *time, const struct timezone *zone)
{
	return JUDGED(settimeofday, (long)time, (long)zone, 0, 0, 0, 0);
}

ZC_EXPORT int clock_settime(clockid_t clock, const struct timespec *time)
{
	return JUDGED(clock_settime, clock, (long)time, 0, 0, 0, 0);
}

ZC_EXPORT int adjtimex(struct timex *change)
{
	return JUDGED(adjtimex, (long)change, 0, 0, 0, 0, 0);
}

ZC_EXPORT int clock_adjtime(clockid_t clock, struct timex *change)
{
	return JUDGED(clock_adjtime, clock, (long)change, 0, 0, 0, 0);
}

ZC_EXPORT int fanotify_mark(int fd, unsigned flags, uint64_t mask, int dirfd, const char *path)
{
	return JUDGED(fanotify_mark, fd, flags, (long)mask, dirfd, (long)path, 0);
}

ZC_EXPORT int klogctl(int action, char *buffer, int len)
{
	return JUDGED(syslog, action, (long)buffer, len, 0, 0, 0);
}

ZC_TWIN(__kill, kill)
ZC_TWIN(__adjtimex, adjtimex)
ZC_TWIN(ntp_adjtime, adjtimex)
