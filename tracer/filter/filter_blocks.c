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

enum { STOP = ZC_BPF_STOP, PASS = ZC_BPF_PASS, NEXT = ZC_BPF_NEXT };

static void load_high(struct zc_bpf *code, unsigned arg)
{
	zc_bpf_emit(code, BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + 4), 0, 0);
}

/* A 64-bit argument that must be 0. */
static void is_zero(struct zc_bpf *code, unsigned arg, unsigned yes, unsigned no)
{
	zc_bpf_argument(code, arg);
	zc_bpf_equal(code, 0, NEXT, no);
	load_high(code, arg);
	zc_bpf_equal(code, 0, yes, no);
}

/* --- which tests each call has ------------------------------------------------------------------ */

static void block_open(struct zc_bpf *code, const struct zc_filter_free *free_, unsigned flags)
{
	zc_bpf_argument(code, flags);
	zc_bpf_has(code, PATH_BIT, PASS, NEXT);
	if (free_->path[ZC_CLASS_READ])
		zc_bpf_has(code, CHANGES, STOP, PASS);
}

static void block_send(struct zc_bpf *code, const struct zc_filter_free *free_)
{
	/* Even without an address: the socket may have come from outside, or lead to a resolver. */
	if (free_->no_net || free_->names)
		return;
	zc_bpf_argument(code, 3);
	zc_bpf_has(code, FAST_OPEN, STOP, NEXT);
	is_zero(code, 4, PASS, STOP);
}

/*
 * To a whole process only its id says whether it is ours. kill() and tkill() take the id of any
 * thread, so there only the harmless signal 0 passes.
 */
static void block_signal(struct zc_bpf *code, const struct zc_filter_free *free_, unsigned row)
{
	bool by_group = row == ZC_ID_tgkill || row == ZC_ID_rt_tgsigqueueinfo;

	zc_bpf_argument(code, by_group ? 2 : 1);
	zc_bpf_equal(code, 0, PASS, NEXT);
	if (!by_group)
		return;
	zc_bpf_argument(code, 0);
	for (size_t i = 0; i < ZC_LEN(free_->ours); i++)
		if (free_->ours[i] > 0)
			zc_bpf_equal(code, (uint32_t)free_->ours[i], STOP, NEXT);
	zc_bpf_emit(code, BPF_JMP | BPF_JA, 1, 0, 0); /* over RET_TRACE */
}

static void block_socketcall(struct zc_bpf *code, const struct zc_filter_free *free_)
{
	/* socket bind connect listen socketpair send sendto setsockopt sendmsg sendmmsg */
	static const uint8_t always[] = { 1, 2, 3, 4, 8, 9, 11, 14, 16, 20 };
	/* accept recv recvfrom recvmsg accept4 recvmmsg */
	static const uint8_t no_net[] = { 5, 10, 12, 17, 18, 19 };
	bool receives = free_->no_net || free_->names;

	zc_bpf_argument(code, 0);
	for (size_t i = 0; i < ZC_LEN(always); i++)
		zc_bpf_equal(code, always[i], STOP, NEXT);
	for (size_t i = 0; receives && i < ZC_LEN(no_net); i++)
		zc_bpf_equal(code, no_net[i], STOP, NEXT);
	zc_bpf_emit(code, BPF_JMP | BPF_JA, 1, 0, 0);
}

/* Those that reroute; with any other an address that it delays still comes with connect(). */
static void block_sockopt(struct zc_bpf *code)
{
	for (size_t i = 0; i < ZC_REROUTING; i++) {
		zc_bpf_argument(code, 1);
		zc_bpf_equal(code, zc_rerouting[i].level, NEXT, 2);
		zc_bpf_argument(code, 2);
		zc_bpf_equal(code, zc_rerouting[i].name, STOP, NEXT);
	}
	zc_bpf_emit(code, BPF_JMP | BPF_JA, 1, 0, 0); /* over RET_TRACE */
}

static void block_fcntl(struct zc_bpf *code)
{
	zc_bpf_argument(code, 1);
	zc_bpf_equal(code, F_SETOWN, STOP, NEXT);
	zc_bpf_equal(code, F_SETOWN_EX, STOP, NEXT);
	zc_bpf_equal(code, F_SETSIG, NEXT, PASS);
	zc_bpf_argument(code, 2);
	zc_bpf_equal(code, SIGKILL, STOP, NEXT);
	zc_bpf_equal(code, SIGSTOP, STOP, PASS);
}

static void block_ioctl(struct zc_bpf *code)
{
	zc_bpf_argument(code, 1);
	zc_bpf_equal(code, FIOSETOWN, STOP, NEXT);
	zc_bpf_equal(code, SIOCSPGRP, STOP, NEXT);
	zc_bpf_equal(code, SET_FLAGS_64, STOP, NEXT);
	zc_bpf_equal(code, SET_FLAGS_32, STOP, NEXT);
	zc_bpf_equal(code, SET_XATTR, STOP, PASS);
}

/*
 * Two ways of going blind. A program that makes itself non-dumpable cannot be read without
 * privilege. And a listener of its own answers before our filter does, so none may be made.
 */
static void block_watch(struct zc_bpf *code, unsigned row, bool unseen)
{
	zc_bpf_argument(code, 0);
	if (row == ZC_ID_prctl) {
		if (unseen) { /* what an exec, or an orphan's parent, tells */
			zc_bpf_equal(code, PR_CAPBSET_DROP, STOP, NEXT);
			zc_bpf_equal(code, PR_SET_SECUREBITS, STOP, NEXT);
			zc_bpf_equal(code, PR_SET_CHILD_SUBREAPER, STOP, NEXT);
		}
		zc_bpf_equal(code, PR_SET_DUMPABLE, NEXT, PASS);
		is_zero(code, 1, STOP, PASS);
	} else {
		zc_bpf_equal(code, SECCOMP_SET_MODE_FILTER, NEXT, PASS);
		zc_bpf_argument(code, 1);
		zc_bpf_has(code, SECCOMP_FILTER_FLAG_NEW_LISTENER, STOP, PASS);
	}
}

/* unseen: births are not told of. Then at least who comes to share memory, directory or descriptors is. */
static void block_clone(struct zc_bpf *code, bool unseen)
{
	zc_bpf_argument(code, 0);
	if (unseen) {
		zc_bpf_has(code, NAMESPACES | CLONE_UNTRACED, STOP, NEXT);
		/* Its parent is not who it shares with; a directory in common outlasts an exec. */
		zc_bpf_has(code, CLONE_PARENT | CLONE_FS, STOP, NEXT);
		/* By vfork who shares waits; but not whoever it has borrowed from itself (notify.c). */
		zc_bpf_has(code, CLONE_VM | CLONE_FS | CLONE_FILES, STOP, PASS);
	} else {
		zc_bpf_has(code, NAMESPACES | CLONE_UNTRACED, STOP, PASS);
	}
}

static void block(struct zc_bpf *code, const struct zc_filter_free *free_, unsigned row,
		  bool unseen)
{
	switch (row) {
	case ZC_ID_open: block_open(code, free_, 1); break;
	case ZC_ID_openat: block_open(code, free_, 2); break;
	case ZC_ID_mmap:
		zc_bpf_argument(code, 3);
		zc_bpf_has(code, MAP_SHARED, STOP, PASS); /* MAP_SHARED_VALIDATE has the bit, too */
		break;
	case ZC_ID_ioctl: block_ioctl(code); break;
	case ZC_ID_fcntl: block_fcntl(code); break;
	case ZC_ID_prlimit64: /* one's own limits; asking for others' */
		zc_bpf_argument(code, 0);
		zc_bpf_equal(code, 0, PASS, NEXT);
		is_zero(code, 2, PASS, STOP);
		break;
	case ZC_ID_socket:
	case ZC_ID_socketpair: zc_bpf_socket(code, !free_->no_net); break;
	case ZC_ID_sendto: block_send(code, free_); break;
	case ZC_ID_setsockopt: block_sockopt(code); break;
	case ZC_ID_socketcall: block_socketcall(code, free_); break;
	case ZC_ID_clone: block_clone(code, unseen); break;
	case ZC_ID_unshare:
		zc_bpf_argument(code, 0);
		zc_bpf_has(code, NAMESPACES, STOP, PASS);
		break;
	case ZC_ID_seccomp:
	case ZC_ID_prctl: block_watch(code, row, unseen); break;
	default:
		if (zc_calls[row].op == ZC_OP_SYS_SIGNAL_SUPERVISOR && row != ZC_ID_pidfd_open)
			block_signal(code, free_, row);
	}
}

/* --- all of a number ------------------------------------------------------------------------------ */

/* From the gate a call was judged already. All 64 bits count: the gate lies below 4 GiB. */
static void block_gate(struct zc_bpf *code, uint32_t gate)
{
	const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);

	zc_bpf_emit(code, BPF_LD | BPF_W | BPF_ABS, ip + 4, 0, 0);
	zc_bpf_equal(code, 0, NEXT, 2);
	zc_bpf_emit(code, BPF_LD | BPF_W | BPF_ABS, ip, 0, 0);
	zc_bpf_equal(code, gate, PASS, NEXT);
}

void zc_filter_leaf(struct zc_filter_code *code, const struct zc_filter_free *free_,
		    struct zc_number number)
{
	struct zc_bpf *bpf = &code->bpf;
	size_t first = bpf->len;

	zc_bpf_equal(bpf, number.nr, NEXT, PASS);
	if (code->gate && number.row < ZC_CALL_COUNT &&
	    ((zc_calls[number.row].class == ZC_CALL_FILE && number.row != ZC_ID_ioctl) ||
	     number.row == ZC_ID_chdir || number.row == ZC_ID_fchdir ||
	     number.row == ZC_ID_mmap)) /* the shim maps the page of the run */
		block_gate(bpf, code->gate);
	if (number.row < ZC_CALL_COUNT && (number.nr != OLD_MMAP || number.row != ZC_ID_mmap))
		block(bpf, free_, number.row, code->action == SECCOMP_RET_USER_NOTIF);
	zc_bpf_end(bpf, first, code->action | number.row);
}
