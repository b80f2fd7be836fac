/* SPDX-License-Identifier: MIT */
/*
 * syscall.c - libc's syscall(): the same verdicts for calls made by number.
 *
 * A number outside the catalogue is made as it is, by the entry in syscall_entry.S, which keeps no frame
 * (clone by number may come back on another stack), and noted once.
 */
#include <linux/openat2.h>

#include "preload/hooks/hooks.h"
#include "preload/judge/judge.h"
#include "preload/open/open.h"
#include "preload/shim.h"

long zc_judged_syscall(const long *args, const void *caller) __attribute__((visibility("hidden")));

/* Made by the entry itself, without a frame of ours: they return twice, perhaps on another stack. */
#define IN_PLACE(name) \
	(ZC_ID_##name == ZC_ID_fork || ZC_ID_##name == ZC_ID_vfork || \
	 ZC_ID_##name == ZC_ID_clone || ZC_ID_##name == ZC_ID_clone3)
#define BIT(name, nr, word) \
	((nr) >= 0 && (nr) / 64 == (word) && !IN_PLACE(name) ? 1ull << ((nr) < 0 ? 0 : (nr) % 64) \
							     : 0)

/* For syscall_entry.S: one bit for each number that must come here, from the rows. */
const uint64_t zc_judged_numbers[8] __attribute__((visibility("hidden"))) = {
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 0) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 1) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 2) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 3) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 4) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 5) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 6) |
#include "core/calls.def"
	0,
#define ZC_CALL(name, class, op, nr64, nr32, ...) BIT(name, nr64, 7) |
#include "core/calls.def"
	0,
};

static long watched(unsigned call, const long *a)
{
	bool became = false;
	long result;

	switch (call) {
	case ZC_ID_close: return zc_is_ours((int)a[0]) ? -EBADF : zc_sys_close((int)a[0]);
	case ZC_ID_close_range: return zc_close_range((unsigned)a[0], (unsigned)a[1], (int)a[2]);
	case ZC_ID_dup2:
	case ZC_ID_dup3:
		if (zc_is_ours((int)a[0]) || zc_is_ours((int)a[1]))
			return -EBADF;
		break;
	case ZC_ID_chdir:
	case ZC_ID_fchdir: return zc_change_cwd(zc_calls[call].nr[0], a[0]);
	case ZC_ID_seccomp:
		if (a[0] == 0 || a[0] == 1) /* strict, or a filter */
			became = zc_become_passive();
		break;
	case ZC_ID_prctl:
		if (a[0] == 22) /* PR_SET_SECCOMP */
			became = zc_become_passive();
		break;
	default: break;
	}
	result = zc_sys6(zc_calls[call].nr[0], a[0], a[1], a[2], a[3], a[4], a[5]);
	if (became && result < 0)
		zc_shim.passive = 0;
	return result;
}

static long dispatch(const void *caller, unsigned call, const long *a)
{
	switch (call) {
	case ZC_ID_open:
		return zc_open(caller, AT_FDCWD, (const char *)a[0], (uint32_t)a[1],
			       (uint32_t)a[2]);
	case ZC_ID_creat:
		return zc_open(caller, AT_FDCWD, (const char *)a[0], O_CREAT | O_WRONLY | O_TRUNC,
			       (uint32_t)a[1]);
	case ZC_ID_openat:
		return zc_open(caller, (int)a[0], (const char *)a[1], (uint32_t)a[2],
			       (uint32_t)a[3]);
	case ZC_ID_openat2:
		return zc_openat2(caller, (int)a[0], (const char *)a[1],
				  (const struct open_how *)a[2], (size_t)a[3]);
	case ZC_ID_execve:
		return zc_execute(caller, AT_FDCWD, (const char *)a[0], (char *const *)a[1],
				  (char *const *)a[2], 0);
	case ZC_ID_execveat:
		return zc_execute(caller, (int)a[0], (const char *)a[1], (char *const *)a[2],
				  (char *const *)a[3], (int)a[4]);
	case ZC_ID_chroot: return zc_chroot(caller, (const char *)a[0]);
	case ZC_ID_listen: return zc_listen(caller, (int)a[0], (int)a[1]);
	case ZC_ID_ioctl:
		if (zc_ioctl_sets_owner((uint32_t)a[1]))
			return zc_call_on_process(caller, call, a[0], a[1], a[2], 0, 0, 0);
		break;
	default: break;
	}
	switch (zc_calls[call].op) {
	case ZC_OP_SYS_PTRACE:
	case ZC_OP_SYS_PROCESS_MEMORY:
	case ZC_OP_SYS_PIDFD_GETFD:
	case ZC_OP_SYS_SIGNAL_SUPERVISOR:
		return zc_call_on_process(caller, call, a[0], a[1], a[2], a[3], a[4], a[5]);
	default: break;
	}
	if (zc_calls[call].class == ZC_CALL_WATCH)
		return watched(call, a);
	if (zc_calls[call].class == ZC_CALL_NET)
		return zc_call_on_network(caller, call, a);
	return zc_call(caller, call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* args[0] is the number. Returns the kernel's result: syscall_entry.S turns it into errno. */
long zc_judged_syscall(const long *args, const void *caller)
{
	unsigned call = zc_call_by_number(ZC_ABI_X86_64, args[0]);

	if (call == ZC_CALL_NONE)
		return zc_sys6(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
	return dispatch(caller, call, args + 1);
}
