/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the seccomp program: which calls stop at all.
 *
 * Number first, in a search tree, so that a call nobody judges is over after a handful of jumps, and
 * so that the kernel can tell (since 5.11) that its answer never depends on arguments and stops
 * asking. Then, by the rows, what registers alone can tell (filter_blocks.c).
 *
 * A call that is let through here is unseen.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/gate.h"
#include "tracer/filter/filter.h"

/* --- which calls have a block at all ------------------------------------------------------------ */

static bool paths_free(const struct zc_filter_free *free_)
{
	return free_->path[ZC_CLASS_READ] && free_->path[ZC_CLASS_WRITE] &&
	       free_->path[ZC_CLASS_RUN] && free_->path[ZC_CLASS_UNIX];
}

static bool net_passes(const struct zc_filter_free *free_, unsigned op)
{
	switch (op) {
	case ZC_OP_ACCEPT: return !free_->no_net;
	case ZC_OP_RECV: return !free_->no_net && !free_->names;
	case ZC_OP_LISTEN: return free_->listen;
	case ZC_OP_BIND: return free_->listen && paths_free(free_);
	case ZC_OP_SOCKET:
	case ZC_OP_SOCKOPT: return free_->net;
	default: return free_->net && !free_->names && free_->path[ZC_CLASS_UNIX];
	}
}

/* Then no open is looked at again, and memory may be shared unseen. */
static bool files_free(const struct zc_filter_free *free_)
{
	return free_->path[ZC_CLASS_READ] && free_->path[ZC_CLASS_WRITE];
}

bool zc_filter_passes(const struct zc_filter_free *free_, unsigned row)
{
	const struct zc_call *call = &zc_calls[row];

	switch (call->class) {
	case ZC_CALL_FILE:
		if (row == ZC_ID_ioctl)
			return false; /* it may aim at a process */
		if (call->op == ZC_OP_OPEN || call->op == ZC_OP_MQ_OPEN)
			return free_->path[ZC_CLASS_READ] && free_->path[ZC_CLASS_WRITE];
		if (call->op == ZC_OP_RENAME || call->op == ZC_OP_LINK)
			return paths_free(free_); /* what is moved may gain or lose in any class */
		return free_->path[ZC_CLASS_WRITE];
	case ZC_CALL_NET: return net_passes(free_, call->op);
	case ZC_CALL_WATCH:
		if (row == ZC_ID_chdir || row == ZC_ID_fchdir)
			return !free_->hybrid; /* the shim must hear of what goes around it */
		return row != ZC_ID_prctl && row != ZC_ID_seccomp &&
		       (files_free(free_) || (row != ZC_ID_mmap && row != ZC_ID_shmat));
	default:
		return false; /* programs are signed in; sys calls are rare and change what we see */
	}
}

/* --- the tree ----------------------------------------------------------------------------------- */

/* A jump over what follows it up to here; an instruction more where it is too far for one byte. */
static void land(struct zc_filter_code *code, size_t from)
{
	size_t distance = code->bpf.len - from - 1;

	if (code->bpf.len >= BPF_MAXINSNS) {
		code->bpf.len++;
		return;
	}
	if (distance <= UINT8_MAX) {
		code->bpf.at[from].jt = (uint8_t)distance;
		return;
	}
	memmove(&code->bpf.at[from + 2], &code->bpf.at[from + 1],
		distance * sizeof(code->bpf.at[0]));
	code->bpf.at[from].jf = 1;
	code->bpf.at[from + 1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)distance);
	code->bpf.len++;
}

static void tree(struct zc_filter_code *code, const struct zc_filter_free *free_,
		 const struct zc_number *list, size_t count)
{
	size_t half = count / 2, from = code->bpf.len;

	if (count == 0) {
		zc_bpf_emit(&code->bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	} else if (count == 1) {
		zc_filter_leaf(code, free_, list[0]);
	} else {
		zc_bpf_emit(&code->bpf, BPF_JMP | BPF_JGE | BPF_K, list[half].nr, 0, 0);
		tree(code, free_, list, half);
		land(code, from);
		tree(code, free_, list + half, count - half);
	}
}

static void numbers(struct zc_filter_code *code, const struct zc_filter_free *free_,
		    enum zc_abi abi)
{
	struct zc_number list[ZC_NUMBERS_CAP];
	bool births_unseen = code->action == SECCOMP_RET_USER_NOTIF;
	size_t count = zc_numbers_list(abi, births_unseen, list), kept = 0;

	for (size_t i = 0; i < count; i++)
		if (list[i].row == ZC_ROW_IDENTITY || !zc_filter_passes(free_, list[i].row))
			list[kept++] = list[i];
	zc_bpf_emit(&code->bpf, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	tree(code, free_, list, kept);
}

static void assemble(struct zc_filter_code *code, const struct zc_filter_free *free_)
{
	size_t i386, x32;

	zc_bpf_emit(&code->bpf, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0,
		    0);
	i386 = code->bpf.len;
	zc_bpf_emit(&code->bpf, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 0);
	zc_bpf_emit(&code->bpf, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	zc_bpf_emit(&code->bpf, BPF_RET | BPF_K, code->action | ZC_FILTER_UNKNOWN_ABI, 0, 0);
	zc_bpf_emit(&code->bpf, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	zc_bpf_emit(&code->bpf, BPF_JMP | BPF_JGE | BPF_K, 0x80000000u, 0, 1); /* a skipped call */
	zc_bpf_emit(&code->bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	x32 = code->bpf.len;
	zc_bpf_emit(&code->bpf, BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 0);
	numbers(code, free_, ZC_ABI_X86_64);
	code->gate = 0; /* the shim makes no others */
	land(code, x32);
	numbers(code, free_, ZC_ABI_X32);
	land(code, i386);
	numbers(code, free_, ZC_ABI_I386);
}

int zc_filter_build(const struct zc_image *image, uint32_t action, struct sock_fprog *ret_program)
{
	struct zc_filter_code code = { .bpf.at = calloc(BPF_MAXINSNS, sizeof(struct sock_filter)),
				       .action = action,
				       .gate = image->gate };
	struct zc_filter_free free_;

	if (!code.bpf.at)
		return -ENOMEM;
	if (code.gate)
		code.gate += ZC_GATE_PASS + ZC_GATE_BEHIND;
	zc_filter_free_of(image, &free_);
	free_.ours[ZC_LEN(free_.ours) - 1] = getpid();
	assemble(&code, &free_);
	if (code.bpf.len > BPF_MAXINSNS) {
		free(code.bpf.at);
		return -E2BIG;
	}
	*ret_program =
		(struct sock_fprog){ .len = (unsigned short)code.bpf.len, .filter = code.bpf.at };
	return 0;
}

void zc_filter_free(struct sock_fprog *program)
{
	free(program->filter);
	*program = (struct sock_fprog){ 0 };
}
