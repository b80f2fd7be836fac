/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the seccomp program: which calls stop at all.
 *
 * Number first, in a search tree, so that a call nobody judges is over after a handful of jumps, and
 * so that the kernel can tell (since 5.11) that its answer never depends on arguments and stops
 * asking. Then, by the rows, what registers alone can tell: a call from the gate (mode hybrid), an
 * O_PATH open, an AF_UNIX socket, a fork without namespaces never stop. What lies behind a pointer always
 * does.
 *
 * A call that is let through here is unseen. So each test below must let through only what
 * zc_policy_decide() allows whatever the rest of the event, and what no observer has to know of.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "core/gate.h"
#include "tracer/filter.h"

#define NAMESPACES 0x7e020080u /* CLONE_NEW*, NEWTIME included */
#define TMPFILE_BIT 020000000u /* O_TMPFILE without its O_DIRECTORY */
#define CHANGES ((unsigned)O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE_BIT)
#define PATH_BIT 010000000u /* O_PATH */
#define FAST_OPEN 0x20000000u
#define SET_FLAGS_64 0x40086602u /* FS_IOC_SETFLAGS, as each ABI spells it */
#define SET_FLAGS_32 0x40046602u
#define SET_XATTR 0x401c5820u /* FS_IOC_FSSETXATTR */
#define MPTCP 262
#define OLD_MMAP 90 /* of i386: its flags lie in memory */

/* --- one block: tests on arguments, then RET_TRACE, then RET_ALLOW ------------------------------ */

/* Where a test goes; the first two are replaced when the block ends. */
enum { STOP = 255, PASS = 254, NEXT = 0 };

static void emit(struct zc_filter_code *code, uint16_t op, uint32_t k, unsigned yes, unsigned no)
{
	if (code->len < BPF_MAXINSNS)
		code->at[code->len] = (struct sock_filter){ op, (uint8_t)yes, (uint8_t)no, k };
	code->len++;
}

static void load(struct zc_filter_code *code, unsigned arg)
{
	emit(code, BPF_LD | BPF_W | BPF_ABS,
	     (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg), 0, 0);
}

static void load_high(struct zc_filter_code *code, unsigned arg)
{
	emit(code, BPF_LD | BPF_W | BPF_ABS,
	     (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + 4), 0, 0);
}

static void equal(struct zc_filter_code *code, uint32_t value, unsigned yes, unsigned no)
{
	emit(code, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void has(struct zc_filter_code *code, uint32_t bits, unsigned yes, unsigned no)
{
	emit(code, BPF_JMP | BPF_JSET | BPF_K, bits, yes, no);
}

/* A 64-bit argument that must be 0. */
static void is_zero(struct zc_filter_code *code, unsigned arg, unsigned yes, unsigned no)
{
	load(code, arg);
	equal(code, 0, NEXT, no);
	load_high(code, arg);
	equal(code, 0, yes, no);
}

/* --- which tests each call has ------------------------------------------------------------------ */

static void block_open(struct zc_filter_code *code, const struct zc_filter_free *free_,
		       unsigned flags)
{
	load(code, flags);
	has(code, PATH_BIT, PASS, NEXT);
	if (free_->path[ZC_CLASS_READ])
		has(code, CHANGES, STOP, PASS);
}

static void block_socket(struct zc_filter_code *code, const struct zc_filter_free *free_)
{
	static const uint16_t stream[] = { 0, IPPROTO_TCP, MPTCP };
	static const uint16_t datagram[] = { 0, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP,
					     IPPROTO_ICMPV6 };

	load(code, 0);
	equal(code, AF_UNIX, PASS, NEXT);
	equal(code, AF_NETLINK, NEXT, 2);
	load(code, 2); /* the protocol: 0 is NETLINK_ROUTE */
	equal(code, 0, PASS, STOP);
	if (free_->no_net)
		return;
	equal(code, AF_INET, 1, NEXT);
	equal(code, AF_INET6, NEXT, STOP);
	load(code, 1);
	emit(code, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
	equal(code, SOCK_STREAM, NEXT, ZC_LEN(stream) + 1);
	load(code, 2);
	for (size_t i = 0; i < ZC_LEN(stream); i++)
		equal(code, stream[i], PASS, i + 1 < ZC_LEN(stream) ? NEXT : STOP);
	equal(code, SOCK_DGRAM, NEXT, STOP);
	load(code, 2);
	for (size_t i = 0; i < ZC_LEN(datagram); i++)
		equal(code, datagram[i], PASS, NEXT);
}

static void block_send(struct zc_filter_code *code, const struct zc_filter_free *free_)
{
	/* Even without an address: the socket may have come from outside, or lead to a resolver. */
	if (free_->no_net || free_->names)
		return;
	load(code, 3);
	has(code, FAST_OPEN, STOP, NEXT);
	is_zero(code, 4, PASS, STOP);
}

/*
 * To a whole process only its id says whether it is ours. kill() and tkill() take the id of any
 * thread, so there only the harmless signal 0 passes.
 */
static void block_signal(struct zc_filter_code *code, const struct zc_filter_free *free_,
			 unsigned row)
{
	bool by_group = row == ZC_ID_tgkill || row == ZC_ID_rt_tgsigqueueinfo;

	load(code, by_group ? 2 : 1);
	equal(code, 0, PASS, NEXT);
	if (!by_group)
		return;
	load(code, 0);
	for (size_t i = 0; i < ZC_LEN(free_->ours); i++)
		if (free_->ours[i] > 0)
			equal(code, (uint32_t)free_->ours[i], STOP, NEXT);
	emit(code, BPF_JMP | BPF_JA, 1, 0, 0); /* over RET_TRACE */
}

static void block_socketcall(struct zc_filter_code *code, const struct zc_filter_free *free_)
{
	/* socket bind connect listen socketpair send sendto sendmsg sendmmsg */
	static const uint8_t always[] = { 1, 2, 3, 4, 8, 9, 11, 16, 20 };
	/* accept recv recvfrom recvmsg accept4 recvmmsg */
	static const uint8_t no_net[] = { 5, 10, 12, 17, 18, 19 };
	bool receives = free_->no_net || free_->names;

	load(code, 0);
	for (size_t i = 0; i < ZC_LEN(always); i++)
		equal(code, always[i], STOP, NEXT);
	for (size_t i = 0; receives && i < ZC_LEN(no_net); i++)
		equal(code, no_net[i], STOP, NEXT);
	emit(code, BPF_JMP | BPF_JA, 1, 0, 0);
}

static void block_fcntl(struct zc_filter_code *code)
{
	load(code, 1);
	equal(code, F_SETOWN, STOP, NEXT);
	equal(code, F_SETOWN_EX, STOP, NEXT);
	equal(code, F_SETSIG, NEXT, PASS);
	load(code, 2);
	equal(code, SIGKILL, STOP, NEXT);
	equal(code, SIGSTOP, STOP, PASS);
}

static void block_ioctl(struct zc_filter_code *code)
{
	load(code, 1);
	equal(code, FIOSETOWN, STOP, NEXT);
	equal(code, SIOCSPGRP, STOP, NEXT);
	equal(code, SET_FLAGS_64, STOP, NEXT);
	equal(code, SET_FLAGS_32, STOP, NEXT);
	equal(code, SET_XATTR, STOP, PASS);
}

/*
 * Two ways of going blind. A program that makes itself non-dumpable cannot be read without
 * privilege. And a listener of its own answers before our filter does, so none may be made.
 */
static void block_watch(struct zc_filter_code *code, unsigned row)
{
	load(code, 0);
	if (row == ZC_ID_prctl) {
		if (code->action ==
		    SECCOMP_RET_USER_NOTIF) { /* what an exec, or an orphan's parent, tells */
			equal(code, PR_CAPBSET_DROP, STOP, NEXT);
			equal(code, PR_SET_SECUREBITS, STOP, NEXT);
			equal(code, PR_SET_CHILD_SUBREAPER, STOP, NEXT);
		}
		equal(code, PR_SET_DUMPABLE, NEXT, PASS);
		is_zero(code, 1, STOP, PASS);
	} else {
		equal(code, SECCOMP_SET_MODE_FILTER, NEXT, PASS);
		load(code, 1);
		has(code, SECCOMP_FILTER_FLAG_NEW_LISTENER, STOP, PASS);
	}
}

/* Where births are not seen, at least who comes to share memory, directory or descriptors is. */
static void block_clone(struct zc_filter_code *code)
{
	load(code, 0);
	if (code->action == SECCOMP_RET_USER_NOTIF) {
		has(code, NAMESPACES | CLONE_UNTRACED, STOP, NEXT);
		/* Its parent is not who it shares with; a directory in common outlasts an exec. */
		has(code, CLONE_PARENT | CLONE_FS, STOP, NEXT);
		has(code, CLONE_VFORK, PASS, NEXT); /* then who shares waits */
		has(code, CLONE_VM | CLONE_FS | CLONE_FILES, STOP, PASS);
	} else {
		has(code, NAMESPACES | CLONE_UNTRACED, STOP, PASS);
	}
}

static void block(struct zc_filter_code *code, const struct zc_filter_free *free_, unsigned row)
{
	switch (row) {
	case ZC_ID_open: block_open(code, free_, 1); break;
	case ZC_ID_openat: block_open(code, free_, 2); break;
	case ZC_ID_mmap:
		load(code, 3);
		has(code, MAP_SHARED, STOP, PASS); /* MAP_SHARED_VALIDATE has the bit, too */
		break;
	case ZC_ID_ioctl: block_ioctl(code); break;
	case ZC_ID_fcntl: block_fcntl(code); break;
	case ZC_ID_prlimit64: /* one's own limits; asking for others' */
		load(code, 0);
		equal(code, 0, PASS, NEXT);
		is_zero(code, 2, PASS, STOP);
		break;
	case ZC_ID_socket:
	case ZC_ID_socketpair: block_socket(code, free_); break;
	case ZC_ID_sendto: block_send(code, free_); break;
	case ZC_ID_socketcall: block_socketcall(code, free_); break;
	case ZC_ID_clone: block_clone(code); break;
	case ZC_ID_unshare:
		load(code, 0);
		has(code, NAMESPACES, STOP, PASS);
		break;
	case ZC_ID_seccomp:
	case ZC_ID_prctl: block_watch(code, row); break;
	default:
		if (zc_calls[row].op == ZC_OP_SYS_SIGNAL_SUPERVISOR && row != ZC_ID_pidfd_open)
			block_signal(code, free_, row);
	}
}

/* --- which calls have a block at all ------------------------------------------------------------ */

static bool paths_free(const struct zc_filter_free *free_)
{
	return free_->path[ZC_CLASS_READ] && free_->path[ZC_CLASS_WRITE] &&
	       free_->path[ZC_CLASS_RUN] && free_->path[ZC_CLASS_UNIX];
}

static bool net_passes(const struct zc_filter_free *free_, unsigned op)
{
	switch (op) {
	case ZC_OP_SOCKOPT: return true; /* an address that it delays still comes with connect() */
	case ZC_OP_ACCEPT: return !free_->no_net;
	case ZC_OP_RECV: return !free_->no_net && !free_->names;
	case ZC_OP_LISTEN: return free_->listen;
	case ZC_OP_BIND: return free_->listen && paths_free(free_);
	case ZC_OP_SOCKET: return free_->net;
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

/* From the gate a call was judged already. All 64 bits count: the gate lies below 4 GiB. */
static void block_gate(struct zc_filter_code *code)
{
	const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);

	emit(code, BPF_LD | BPF_W | BPF_ABS, ip + 4, 0, 0);
	equal(code, 0, NEXT, 2);
	emit(code, BPF_LD | BPF_W | BPF_ABS, ip, 0, 0);
	equal(code, code->gate, PASS, NEXT);
}

static void leaf(struct zc_filter_code *code, const struct zc_filter_free *free_,
		 struct zc_number number)
{
	size_t first = code->len, last;

	equal(code, number.nr, NEXT, PASS);
	if (code->gate && number.row < ZC_CALL_COUNT &&
	    ((zc_calls[number.row].class == ZC_CALL_FILE && number.row != ZC_ID_ioctl) ||
	     number.row == ZC_ID_chdir || number.row == ZC_ID_fchdir ||
	     number.row == ZC_ID_mmap)) /* the shim maps the page of the run */
		block_gate(code);
	if (number.row < ZC_CALL_COUNT && (number.nr != OLD_MMAP || number.row != ZC_ID_mmap))
		block(code, free_, number.row);
	last = code->len;
	emit(code, BPF_RET | BPF_K, code->action | number.row, 0, 0);
	emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	for (size_t i = first; i < last && i < BPF_MAXINSNS; i++) {
		struct sock_filter *f = &code->at[i];

		if (BPF_CLASS(f->code) != BPF_JMP || BPF_OP(f->code) == BPF_JA)
			continue;
		f->jt = f->jt == STOP   ? (uint8_t)(last - i - 1)
			: f->jt == PASS ? (uint8_t)(last - i)
					: f->jt;
		f->jf = f->jf == STOP   ? (uint8_t)(last - i - 1)
			: f->jf == PASS ? (uint8_t)(last - i)
					: f->jf;
	}
}

/* A jump over what follows it up to here; an instruction more where it is too far for one byte. */
static void land(struct zc_filter_code *code, size_t from)
{
	size_t distance = code->len - from - 1;

	if (code->len >= BPF_MAXINSNS) {
		code->len++;
		return;
	}
	if (distance <= UINT8_MAX) {
		code->at[from].jt = (uint8_t)distance;
		return;
	}
	memmove(&code->at[from + 2], &code->at[from + 1], distance * sizeof(code->at[0]));
	code->at[from].jf = 1;
	code->at[from + 1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)distance);
	code->len++;
}

static void tree(struct zc_filter_code *code, const struct zc_filter_free *free_,
		 const struct zc_number *list, size_t count)
{
	size_t half = count / 2, from = code->len;

	if (count == 0) {
		emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	} else if (count == 1) {
		leaf(code, free_, list[0]);
	} else {
		emit(code, BPF_JMP | BPF_JGE | BPF_K, list[half].nr, 0, 0);
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
	emit(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	tree(code, free_, list, kept);
}

static void assemble(struct zc_filter_code *code, const struct zc_filter_free *free_)
{
	size_t i386, x32;

	emit(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	i386 = code->len;
	equal(code, AUDIT_ARCH_I386, 0, 0);
	equal(code, AUDIT_ARCH_X86_64, 1, NEXT);
	emit(code, BPF_RET | BPF_K, code->action | ZC_FILTER_UNKNOWN_ABI, 0, 0);
	emit(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit(code, BPF_JMP | BPF_JGE | BPF_K, 0x80000000u, NEXT, 1); /* a skipped call */
	emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	x32 = code->len;
	emit(code, BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 0);
	numbers(code, free_, ZC_ABI_X86_64);
	code->gate = 0; /* the shim makes no others */
	land(code, x32);
	numbers(code, free_, ZC_ABI_X32);
	land(code, i386);
	numbers(code, free_, ZC_ABI_I386);
}

int zc_filter_build(const struct zc_image *image, uint32_t action, struct sock_fprog *ret_program)
{
	struct zc_filter_code code = { .at = calloc(BPF_MAXINSNS, sizeof(struct sock_filter)),
				       .action = action,
				       .gate = image->gate };
	struct zc_filter_free free_;

	if (!code.at)
		return -ENOMEM;
	if (code.gate)
		code.gate += ZC_GATE_PASS + ZC_GATE_BEHIND;
	zc_filter_free_of(image, &free_);
	free_.ours[ZC_LEN(free_.ours) - 1] = getpid();
	assemble(&code, &free_);
	if (code.len > BPF_MAXINSNS) {
		free(code.at);
		return -E2BIG;
	}
	*ret_program = (struct sock_fprog){ .len = (unsigned short)code.len, .filter = code.at };
	return 0;
}

void zc_filter_free(struct sock_fprog *program)
{
	free(program->filter);
	*program = (struct sock_fprog){ 0 };
}
