/* SPDX-License-Identifier: MIT */
/*
 * interpret.c - the seccomp program, run here.
 *
 * Where a tracee has no filter (it was attached to, or seccomp is not to be had) every call stops;
 * the same program then says which of them are judged. So both ways judge the same calls.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "tracer/tracer.h"

static bool jumps(const struct sock_filter *f, uint32_t a)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ: return a == f->k;
	case BPF_JGE: return a >= f->k;
	case BPF_JGT: return a > f->k;
	default: return a & f->k; /* BPF_JSET */
	}
}

/* Only what filter.c emits; anything else, and running off the end, is a stop. */
uint32_t zc_filter_run(const struct sock_fprog *program, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *f = &program->filter[i];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k > sizeof(*data) - sizeof(a))
				return SECCOMP_RET_TRACE;
			memcpy(&a, (const char *)data + f->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= f->k; break;
		case BPF_RET | BPF_K: return f->k;
		case BPF_JMP | BPF_JA: i += f->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K: i += jumps(f, a) ? f->jt : f->jf; break;
		default: return SECCOMP_RET_TRACE;
		}
	}
	return SECCOMP_RET_TRACE;
}
