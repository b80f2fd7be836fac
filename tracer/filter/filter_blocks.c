/* SPDX-License-Identifier: MIT */
/*
 * filter_blocks.c - by the rows: what registers alone can tell of a call, once its number is known.
 *
 * A call from the gate (mode hybrid), an O_PATH open, an AF_UNIX socket, a fork without namespaces never
 * stop. What lies behind a pointer always does. Each test lets through only what zc_policy_decide() allows
 * whatever the rest of the event, and what no observer has to know of.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "core/net/protocols.h"
#include "tracer/filter/filter.h"

#define NAMESPACES 0x7e020080u /* CLONE_NEW*, NEWTIME included */
#define TMPFILE_BIT 020000000u /* O_TMPFILE without its O_DIRECTORY */
#define CHANGES ((unsigned)O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE_BIT)
#define PATH_BIT 010000000u /* O_PATH */
#define FAST_OPEN 0x20000000u
#define SET_FLAGS_64 0x40086602u /* FS_IOC_SETFLAGS, as each ABI spells it */
#define SET_FLAGS_32 0x40046602u
#define SET_XATTR 0x401c5820u /* FS_IOC_FSSETXATTR */
#define OLD_MMAP 90           /* of i386: its flags lie in memory */

/* --- one block: tests on arguments, then RET_TRACE, then RET_ALLOW ------------------------------ */

/* Where a test goes; the first two are replaced when the block ends. */
enum { STOP = 255, PASS = 254, NEXT = 0 };

void zc_filter_emit(struct zc_filter_code *code, uint16_t op, uint32_t k, unsigned yes, unsigned no)
{
	if (code->len < BPF_MAXINSNS)
		code->at[code->len] = (struct sock_filter){ op, (uint8_t)yes, (uint8_t)no, k };
	code->len++;
}

static void load(struct zc_filter_code *code, unsigned arg)
{
	zc_filter_emit(code, BPF_LD | BPF_W | BPF_ABS,
		       (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg), 0, 0);
}

static void load_high(struct zc_filter_code *code, unsigned arg)
{
	zc_filter_emit(code, BPF_LD | BPF_W | BPF_ABS,
		       (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + 4), 0, 0);
}

static void equal(struct zc_filter_code *code, uint32_t value, unsigned yes, unsigned no)
{
	zc_filter_emit(code, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void has(struct zc_filter_code *code, uint32_t bits, unsigned yes, unsigned no)
{
	zc_filter_emit(code, BPF_JMP | BPF_JSET | BPF_K, bits, yes, no);
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
	zc_filter_emit(code, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
	equal(code, SOCK_STREAM, NEXT, ZC_STREAM_PROTOCOLS + 1);
	load(code, 2);
	for (size_t i = 0; i < ZC_STREAM_PROTOCOLS; i++)
		equal(code, zc_stream_protocols[i], PASS,
		      i + 1 < ZC_STREAM_PROTOCOLS ? NEXT : STOP);
	equal(code, SOCK_DGRAM, NEXT, STOP);
	load(code, 2);
	for (size_t i = 0; i < ZC_DATAGRAM_PROTOCOLS; i++)
		equal(code, zc_datagram_protocols[i], PASS, NEXT);
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
	zc_filter_emit(code, BPF_JMP | BPF_JA, 1, 0, 0); /* over RET_TRACE */
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
	zc_filter_emit(code, BPF_JMP | BPF_JA, 1, 0, 0);
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
		/* By vfork who shares waits; but not whoever it has borrowed from itself (notify.c). */
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

/* --- all of a number ------------------------------------------------------------------------------ */

/* From the gate a call was judged already. All 64 bits count: the gate lies below 4 GiB. */
static void block_gate(struct zc_filter_code *code)
{
	const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);

	zc_filter_emit(code, BPF_LD | BPF_W | BPF_ABS, ip + 4, 0, 0);
	equal(code, 0, NEXT, 2);
	zc_filter_emit(code, BPF_LD | BPF_W | BPF_ABS, ip, 0, 0);
	equal(code, code->gate, PASS, NEXT);
}

void zc_filter_leaf(struct zc_filter_code *code, const struct zc_filter_free *free_,
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
	zc_filter_emit(code, BPF_RET | BPF_K, code->action | number.row, 0, 0);
	zc_filter_emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
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
