/* SPDX-License-Identifier: MIT */
/*
 * engine_ptrace.c - a judged call is a stop of its thread; the loop is loop.c.
 */
#include <linux/seccomp.h>

#include <stdlib.h>

#include "tracer/engine.h"
#include "tracer/ptrace/ptrace.h"

static int answer(struct zc_tracer *tracer, struct zc_tracee *tracee, long value)
{
	return zc_regs_answer(tracee->tid, value);
}

static int set_argument(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_abi abi,
			unsigned n, uint64_t value)
{
	return zc_regs_set_argument(tracee->tid, abi, n, value);
}

static int registers(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_wire_regs *ret)
{
	return zc_regs_walk(tracee->tid, ret);
}

/* It is stopped, and stays so. */
static int set_aside(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	return 0;
}

/* It is stopped already: nothing but its not being restarted is needed. */
static void *suspend(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	return malloc(1);
}

const struct zc_engine zc_engine_ptrace = {
	.name = "ptrace",
	.source = ZC_SOURCE_PTRACE,
	.sees_returns = true,
	.keeps_tracers_out = true,
	.action = SECCOMP_RET_TRACE,
	.launch = zc_launch,
	.loop = zc_loop,
	.answer = answer,
	.set_argument = set_argument,
	.learn = zc_quick_learn,
	.set_aside = set_aside,
	.take_up = zc_loop_take_up,
	.suspend = suspend,
	.resume = zc_loop_resume,
	.registers = registers,
};
