/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which calls stop at all: the seccomp program, and the process that puts it in.
 *
 * Theory of operation. The rows of the catalogue and the frozen image become one program for all ABIs, when
 * the command begins: filter.c finds the number by a search tree, filter_blocks.c tests what registers alone
 * can tell, free.c says of which rows the policy has nothing to say but a plain allow. What is judged answers
 * RET_TRACE or RET_USER_NOTIF, as the engine wants it, with the row as data; everything else is over in the
 * kernel. What is let through here is unseen, so a test lets through only what zc_policy_decide() allows
 * whatever the rest of the event may be.
 *
 * The command's first process applies the kernel's layers, puts the program in and execs (launch_child.c, all
 * of it async-signal-safe), and says word for word on a pipe what came of each step (launch.h). Where there is
 * no filter (-p, or no seccomp) every call stops and the same program is run here (interpret.c), so both ways
 * judge the same calls. numbers.c has the rows' numbers in each ABI, second ones too.
 */
#ifndef ZC_TRACER_FILTER_H
#define ZC_TRACER_FILTER_H

#include "confine/bpf.h"
#include "tracer/tracer.h"

struct zc_filter_code {
	struct zc_bpf bpf;
	uint32_t action; /* SECCOMP_RET_* of what is judged */
	uint32_t gate;   /* the instruction pointer behind the gate; 0: there is none */
};

/* Where a policy says nothing but a plain allow, whatever the name or address. */
struct zc_filter_free {
	bool path[ZC_PATH_CLASSES];
	bool net, listen;
	bool hybrid;     /* there is a gate */
	bool names;      /* what is asked of resolvers, and answered, is looked at */
	bool no_net;     /* sockets of foreign families are refused one by one */
	int32_t ours[5]; /* pids of ours; 0: unused */
};
/* free.c; pure. */
void zc_filter_free_of(const struct zc_image *image, struct zc_filter_free *ret);
/* Needs no call of this row a stop, whatever its arguments? */
bool zc_filter_passes(const struct zc_filter_free *free_, unsigned row);

/* filter_blocks.c: all that becomes of one number, from its test to its two returns. */
void zc_filter_leaf(struct zc_filter_code *code, const struct zc_filter_free *free_,
		    struct zc_number number);

#endif
