/* SPDX-License-Identifier: MIT */
/*
 * evidence.c - what becoming evidence costs a record: from its frame to its line on disk.
 *
 * usage: evidence DIR RECORDS [STACK-BYTES]. Puts so many refusals of different files, each with a copy of this
 * process's stack (none when STACK-BYTES is 0), through a run in DIR, with chain and checkpoints.
 * Prints wall and processor microseconds a record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/call.h"
#include "core/event.h"
#include "evidence/evidence.h"
#include "tests/unit/evidence_frames.h"

static struct frame_buffer frame;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Some depth below main, as programs have it. */
static __attribute__((noinline)) void record(struct zc_evidence *e, unsigned number,
					     unsigned deeper, size_t stack)
{
	char path[64];

	if (deeper) {
		record(e, number, deeper - 1, stack);
		__asm__ volatile(""); /* no tail call */
		return;
	}
	snprintf(path, sizeof(path), "/srv/data/refused/file-%u", number);
	frame_refusal(&frame, 7, path, number + 1);
	if (stack)
		frame_put_stack(&frame, stack);
	frame_end(&frame);
	zc_evidence_put(e, frame.words, frame.size, frame.head->pid);
}

int main(int argc, char **argv)
{
	struct zc_evidence_setup setup = { .dir = argc > 1 ? argv[1] : NULL, .run_id = "bench" };
	struct zc_evidence_end end = { .command_code = 0 };
	unsigned records = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	size_t stack = argc > 3 ? strtoul(argv[3], NULL, 10) : 4096;
	struct zc_evidence_result result;
	struct zc_evidence *e;
	double wall, cpu;

	if (!setup.dir || !records || zc_evidence_new(&e, &setup) < 0)
		return 1;
	frame_sign_in(&frame, 7);
	zc_evidence_put(e, frame.words, frame.size, frame.head->pid);
	for (unsigned i = 0; i < 100; i++)
		record(e, i, 8, stack); /* names what is to be named */
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned i = 100; i < 100 + records; i++)
		record(e, i, 8, stack);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	zc_evidence_settle(e, &end, &result);
	if (zc_evidence_finish(e, 0, "bench") < 0 || result.not_kept)
		return 1;
	printf("%.2f %.2f\n", wall * 1e6 / records, cpu * 1e6 / records);
	zc_evidence_free(e);
	return 0;
}
