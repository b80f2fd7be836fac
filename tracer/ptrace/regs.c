/* SPDX-License-Identifier: MIT */
/*
 * regs.c - what a stopped tracee is about to do, and answering in the kernel's place.
 *
 * The kernel says the ABI of a call (PTRACE_GET_SYSCALL_INFO, Linux 5.3): the code segment does not,
 * because a 64-bit program may call int $0x80. The number comes from there too and never from the
 * filter's message, which a filter of the tracee's own may have written, or an exit status.
 */
#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

#define X32_BIT 0x40000000ull

static int syscall_info(pid_t tid, struct __ptrace_syscall_info *ret)
{
	*ret = (struct __ptrace_syscall_info){ .op = PTRACE_SYSCALL_INFO_NONE };
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*ret), ret) < 0)
		return -errno;
	return 0;
}

void zc_regs_name_abi(struct zc_call_stop *stop, uint32_t arch)
{
	stop->known_abi = true;
	switch (arch) {
	case AUDIT_ARCH_I386: stop->abi = ZC_ABI_I386; break;
	case AUDIT_ARCH_X86_64:
		/* -1 has the bit too, but is a call that was skipped, in no ABI. */
		stop->abi = stop->nr >= 0 && stop->nr & (long)X32_BIT ? ZC_ABI_X32 : ZC_ABI_X86_64;
		break;
	default: stop->known_abi = false; stop->abi = ZC_ABI_X86_64;
	}
}

int zc_regs_call(pid_t tid, struct zc_call_stop *ret)
{
	struct __ptrace_syscall_info info;
	struct zc_call_stop stop = { .call = ZC_CALL_NONE };
	int r = syscall_info(tid, &info);

	if (r < 0)
		return r;
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP && info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -EINVAL;
	/* entry and seccomp begin alike: number, then six arguments. */
	stop.nr = (long)(int)info.entry.nr;
	for (unsigned i = 0; i < 6; i++)
		stop.args[i] = info.entry.args[i];
	stop.ip = info.instruction_pointer;
	stop.sp = info.stack_pointer;
	zc_regs_name_abi(&stop, info.arch);
	if (stop.known_abi)
		stop.call = zc_numbers_row(stop.abi, stop.nr);
	*ret = stop;
	return 0;
}

int zc_regs_is_return(pid_t tid)
{
	struct __ptrace_syscall_info info;
	int r = syscall_info(tid, &info);

	return r < 0 ? r : info.op == PTRACE_SYSCALL_INFO_EXIT;
}

int zc_regs_answer(pid_t tid, long value)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -errno;
	/* Number -1 is no call at all; at these stops the kernel leaves rax as it is set here. */
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)value;
	return ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0 ? -errno : 0;
}

int zc_regs_refuse(pid_t tid, int error)
{
	return zc_regs_answer(tid, -(long)error);
}

static long peek(pid_t tid, size_t offset, uint64_t *ret)
{
	errno = 0;
	*ret = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offset, 0);
	return errno ? -errno : 0;
}

int zc_regs_result(pid_t tid, long *ret)
{
	uint64_t value;
	long r = peek(tid, offsetof(struct user, regs.rax), &value);

	if (r == 0)
		*ret = (long)value;
	return (int)r;
}

int zc_regs_set_result(pid_t tid, long value)
{
	return ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.rax), value) < 0 ? -errno
											: 0;
}

int zc_regs_set_argument(pid_t tid, enum zc_abi abi, unsigned n, uint64_t value)
{
	static const size_t wide[6] = {
		offsetof(struct user, regs.rdi), offsetof(struct user, regs.rsi),
		offsetof(struct user, regs.rdx), offsetof(struct user, regs.r10),
		offsetof(struct user, regs.r8),  offsetof(struct user, regs.r9)
	};
	static const size_t narrow[6] = {
		offsetof(struct user, regs.rbx), offsetof(struct user, regs.rcx),
		offsetof(struct user, regs.rdx), offsetof(struct user, regs.rsi),
		offsetof(struct user, regs.rdi), offsetof(struct user, regs.rbp)
	};
	size_t at = n < 6 ? (abi == ZC_ABI_I386 ? narrow : wide)[n] : 0;

	return n >= 6 ? -EINVAL : ptrace(PTRACE_POKEUSER, tid, at, value) < 0 ? -errno : 0;
}

int zc_regs_walk(pid_t tid, struct zc_wire_regs *ret)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -errno;
	*ret = (struct zc_wire_regs){
		.ip = regs.rip,
		.sp = regs.rsp,
		.bp = regs.rbp,
		.bx = regs.rbx,
		.r12 = regs.r12,
		.r13 = regs.r13,
		.r14 = regs.r14,
		.r15 = regs.r15,
	};
	return 0;
}

/*
 * The registers still hold the call's arguments: its return has not happened yet. Only these numbers of
 * each ABI bear anybody, and no ABI has another meaning for those of the other that does, so they tell
 * the ABI as well. clone3's flags lie in memory that may have changed since, so they are not looked at.
 */
int zc_regs_birth_flags(pid_t tid, uint64_t *ret_flags)
{
	enum {
		CLONE_64 = 56,
		FORK_64 = 57,
		VFORK_64 = 58,
		FORK_32 = 2,
		CLONE_32 = 120,
		VFORK_32 = 190
	};
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -errno;
	switch (regs.orig_rax & ~X32_BIT) {
	case FORK_64:
	case FORK_32: *ret_flags = 0; return 0;
	case VFORK_64:
	case VFORK_32: *ret_flags = CLONE_VM | CLONE_VFORK; return 0;
	case CLONE_64: *ret_flags = regs.rdi; return 0;
	case CLONE_32: *ret_flags = (uint32_t)regs.rbx; return 0;
	default: return -ENODATA;
	}
}
