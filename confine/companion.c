/* SPDX-License-Identifier: MIT */
/*
 * companion.c - a seccomp filter beside Landlock, for mode shim, where nobody else has one.
 *
 * It refuses what the policy refuses whatever memory holds: what a filter can tell from the number
 * of a call and its registers. The shim answers first and with a record; this is for whoever goes
 * around it. The answers are the same. In traced modes the observer's filter does all of this, and one
 * that answers by itself would keep refusals from being seen.
 *
 * A call is listed here when zc_policy_decide() refuses its event for every address, path and target.
 * What may be aimed at a process of the run (ptrace, process_vm_readv, perf ...) is not: a filter
 * cannot tell whose process it is.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/bpf.h"
#include "confine/plan.h"
#include "core/decide/policy.h"

#define LAYER ZC_CONFINE_SECCOMP
#define NAMESPACES 0x7e020080u /* CLONE_NEW*, NEWTIME included */
#define FAST_OPEN 0x20000000u  /* MSG_FASTOPEN */
#define X32_BIT 0x40000000u
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#endif

enum { ABIS = 3 };
/* --- what is refused ------------------------------------------------------------------------------ */

/* What the policy answers to a call of the row when nothing more is known: 0, or an errno. */
static unsigned answer(const struct zc_image *image, struct zc_event event, unsigned row)
{
	struct zc_verdict verdict;

	event.call = (uint16_t)row;
	event.op = zc_calls[row].op;
	verdict = zc_policy_decide(image, &event);
	return zc_forbids(verdict) ? verdict.error : 0;
}

static bool has_target(unsigned row)
{
	for (unsigned i = 0; i < 6; i++)
		if (zc_calls[row].role[i] == ZC_ROLE_PID)
			return true;
	return zc_calls[row].op == ZC_OP_SYS_PIDFD_GETFD ||
	       zc_calls[row].op == ZC_OP_SYS_PROCESS_MEMORY ||
	       zc_calls[row].op == ZC_OP_SYS_SIGNAL_SUPERVISOR;
}

/* clock_adjtime(2) with nothing to set only reads, which memory says. */
static bool tells_by_memory(unsigned row)
{
	return zc_calls[row].op == ZC_OP_SYS_CLOCK_ADJUST;
}

static unsigned refuses_socket(const struct zc_image *image, int domain, int type, int protocol)
{
	const struct zc_event event = { .domain = domain, .type = type, .protocol = protocol };

	return answer(image, event, ZC_ID_socket);
}

/* May any address at all be connected to? */
static bool reaches_any(const struct zc_image *image)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const struct zc_image_name *names = zc_image_at(image, image->names);
	uint64_t allows = ZC_MASK_BASE(0) | ZC_MASK_USER(0, ZC_SAYS_ALLOW) |
			  ZC_MASK_USER(0, ZC_SAYS_LOG) | ZC_MASK_USER(0, ZC_SAYS_ASK) |
			  ZC_MASK_PROFILE(0, ZC_SAYS_ASK);

	if (image->flags & ZC_IMAGE_NO_NET)
		return false;
	if (!(image->user_allows >> ZC_CLASS_NET & 1))
		allows |= ZC_MASK_PROFILE(0, ZC_SAYS_ALLOW) | ZC_MASK_PROFILE(0, ZC_SAYS_LOG);
	if (image->any_net & allows)
		return true;
	for (uint32_t i = 0; i < image->nets.count; i++)
		if ((nets[i].kind == ZC_NET_V4 || nets[i].kind == ZC_NET_V6) &&
		    nets[i].mask & allows)
			return true;
	for (uint32_t i = 0; i < image->names.count; i++)
		if (names[i].mask & allows)
			return true;
	return false;
}

/* --- one call ----------------------------------------------------------------------------------- */

static void block_flags(struct zc_bpf *code, unsigned argument, uint32_t flags)
{
	zc_bpf_argument(code, argument);
	zc_bpf_has(code, flags, ZC_BPF_NEXT, ZC_BPF_PASS);
}

/* Which argument decides; returns the errno, 0 when the row is left alone. */
static unsigned block(struct zc_bpf *code, const struct zc_image *image, unsigned row)
{
	const struct zc_event nothing = { 0 };
	unsigned error;

	switch (row) {
	case ZC_ID_socket:
	case ZC_ID_socketpair:
		/* The questions are put to the policy itself; the filter repeats its answers. */
		error = refuses_socket(image, AF_PACKET, SOCK_RAW, 0);
		if (error)
			zc_bpf_socket(code, !refuses_socket(image, AF_INET, SOCK_STREAM, 0));
		return error;
	case ZC_ID_sendto:
	case ZC_ID_sendmsg:
	case ZC_ID_sendmmsg:
		if (reaches_any(image))
			return 0;
		block_flags(code, row == ZC_ID_sendmsg ? 2 : 3, FAST_OPEN);
		return EPERM;
	case ZC_ID_clone:
	case ZC_ID_unshare:
		error = answer(image, nothing, row);
		if (error)
			block_flags(code, 0, NAMESPACES);
		return error;
	default:
		if (zc_calls[row].class != ZC_CALL_SYS || has_target(row) || tells_by_memory(row))
			return 0;
		return answer(image, nothing, row);
	}
}

/* --- the program ---------------------------------------------------------------------------------- */

/* x32 has numbers of its own for what takes structures; these are the ones that matter here. */
static uint32_t number_of(unsigned row, unsigned abi)
{
	static const struct {
		uint16_t row, nr;
	} x32[] = { { ZC_ID_sendmsg, 518 }, { ZC_ID_sendmmsg, 538 }, { ZC_ID_kexec_load, 528 } };

	for (size_t i = 0; abi == ZC_ABI_X32 && i < ZC_LEN(x32); i++)
		if (x32[i].row == row)
			return x32[i].nr | X32_BIT;
	if (zc_calls[row].nr[abi == ZC_ABI_I386] < 0)
		return 0;
	return (uint32_t)zc_calls[row].nr[abi == ZC_ABI_I386] | (abi == ZC_ABI_X32 ? X32_BIT : 0);
}

static unsigned rows(struct zc_bpf *code, const struct zc_image *image, unsigned abi)
{
	unsigned count = 0;

	zc_bpf_load(code, offsetof(struct seccomp_data, nr));
	for (unsigned row = 0; row < ZC_CALL_COUNT; row++) {
		uint32_t nr = number_of(row, abi);
		size_t from = code->len;
		unsigned error;

		if (!nr) /* 0 is read(2), which is no row */
			continue;
		zc_bpf_equal(code, nr, ZC_BPF_NEXT, ZC_BPF_NEXT);
		error = block(code, image, row);
		if (!error) {
			code->len = from;
			continue;
		}
		zc_bpf_end(code, from + 1, SECCOMP_RET_ERRNO | error);
		if (from < BPF_MAXINSNS)
			code->at[from].jf = (uint8_t)(code->len - from - 1);
		count++;
	}
	/* i386's second number for setting the clock. */
	if (abi == ZC_ABI_I386 && answer(image, (struct zc_event){ 0 }, ZC_ID_clock_settime)) {
		zc_bpf_equal(code, 404, ZC_BPF_NEXT, 1);
		zc_bpf_emit(code, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	}
	zc_bpf_emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	return count;
}

/* A jump over len instructions, which may be too many for a conditional one. */
static void over(struct zc_bpf *code, size_t at)
{
	if (at < BPF_MAXINSNS)
		code->at[at].k = (uint32_t)(code->len - at - 1);
}

static unsigned assemble(struct zc_bpf *code, const struct zc_image *image)
{
	size_t to_i386, to_x32;
	unsigned count;

	zc_bpf_load(code, offsetof(struct seccomp_data, arch));
	zc_bpf_equal(code, AUDIT_ARCH_X86_64, 3, ZC_BPF_NEXT);
	zc_bpf_equal(code, AUDIT_ARCH_I386, 1, ZC_BPF_NEXT);
	zc_bpf_emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	to_i386 = code->len;
	zc_bpf_emit(code, BPF_JMP | BPF_JA, 0, 0, 0);
	zc_bpf_load(code, offsetof(struct seccomp_data, nr));
	zc_bpf_emit(code, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, ZC_BPF_NEXT, 1);
	to_x32 = code->len;
	zc_bpf_emit(code, BPF_JMP | BPF_JA, 0, 0, 0);
	count = rows(code, image, ZC_ABI_X86_64);
	over(code, to_x32);
	rows(code, image, ZC_ABI_X32);
	over(code, to_i386);
	rows(code, image, ZC_ABI_I386);
	return count;
}

static void tell(struct zc_plan_maker *maker, unsigned count)
{
	const struct zc_image *image = maker->wish->image;

	zc_account_detail(maker, LAYER, "%u calls, by their numbers and registers", count);
	if (reaches_any(image))
		zc_account_lacks(maker, LAYER,
				 "addresses: UDP, MPTCP and fast open go past Landlock's ports");
	else if (!refuses_socket(image, AF_INET, SOCK_DGRAM, 0))
		zc_account_lacks(maker, LAYER,
				 "addresses: sockets of UDP and MPTCP can be made and "
				 "used (--no-net refuses them)");
	zc_account_lacks(maker, LAYER, "32-bit programs: socketcall(2) hides what it asks for");
}

int zc_companion_plan(struct zc_plan_maker *maker)
{
	/* 32 KiB; plans are made once, before there are threads. */
	static struct sock_filter room[BPF_MAXINSNS];
	struct zc_bpf code = { .at = room };
	const struct zc_confine_wish *wish = maker->wish;
	unsigned count;

	if (wish->image->flags & ZC_IMAGE_AUDIT)
		zc_account_detail(maker, LAYER, "--audit refuses nothing");
	else if (wish->traced)
		zc_account_detail(maker, LAYER, "the observer's filter does this, and records it");
	else if (!wish->host->seccomp)
		zc_account_detail(maker, LAYER, "no filter can be installed here");
	if (maker->account[LAYER].detail)
		return 0;
	count = assemble(&code, wish->image);
	if (code.len > BPF_MAXINSNS)
		return -E2BIG;
	if (!count) {
		zc_account_detail(maker, LAYER, "the policy leaves nothing to it");
		return 0;
	}
	for (size_t i = 0; i < code.len; i++)
		zc_plan_add(maker, ZC_PLAN_FILTER, &code.at[i]);
	zc_plan_take(maker, LAYER);
	tell(maker, count);
	return 0;
}

int zc_companion_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	const struct sock_fprog program = {
		.len = (unsigned short)plan->table[ZC_PLAN_FILTER].count,
		.filter = (struct sock_filter *)zc_plan_at(plan, ZC_PLAN_FILTER),
	};

	/* Without SPEC_ALLOW kernels before 5.16 would slow the whole program down. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    &program) == 0)
		return 0;
	if (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	return -errno;
}
