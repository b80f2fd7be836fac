/* SPDX-License-Identifier: MIT */
/*
 * process.h - who was in the tree, what watched each of them, and what did not.
 *
 * A process is known by its pid as long as it lives, its program by the random exec_id of its exec.
 * A SIGN_IN says that the shim runs; an EXEC says that another program is about to; one without a
 * sign-in after it is a gap, and so is an EXEC of something that cannot load the shim. What is
 * kept is bounded: 10,000 covered processes are listed (all are counted), details of 8,192 programs.
 *
 * Memory: the table owns everything; pointers hold until the next call that changes it.
 */
#ifndef ZC_EVIDENCE_PROCESS_H
#define ZC_EVIDENCE_PROCESS_H

#include <sys/types.h>

#include "core/wire/wire.h"
#include "text/json.h"
#include "evidence/stack/stack.h"

#define ZC_LISTED_MAX 10000u

/* What an exec made of a process. Shared by its forks. */
struct zc_program {
	struct zc_program *next;
	uint64_t exec_id;
	uint64_t used;   /* for dropping the one that was not used for longest */
	unsigned refs;   /* processes that run it */
	char *exe, *cwd; /* NUL-terminated; cwd may be NULL */
	size_t exe_len;
	char *members; /* "exe":...,"argv":...,"cwd":... ready for events */
	size_t members_len;
	struct zc_maps *maps; /* as signed in */
};

struct zc_process {
	struct zc_process *next;
	pid_t pid, ppid;
	uint64_t exec_id;
	struct zc_program *program; /* NULL: not known (any more) */
	struct zc_maps *maps;       /* as far as known now */
	char *becoming;             /* EXEC seen, outcome not known yet */
	const char *becoming_gap;   /* why that cannot be covered; NULL: it should sign in */
	bool unannounced;           /* signed in, and the parent has not yet told of the exec */
	bool left_out;              /* said that its next program will not have the shim */
};

struct zc_covered {
	pid_t pid, ppid;
	const char *exe; /* owned by the table */
	const char *gap; /* NULL: watched */
};

struct zc_processes;

struct zc_processes *zc_processes_new(struct zc_unwinder *unwinder);
struct zc_processes *zc_processes_free(struct zc_processes *table);

/* The process that sent this frame; made when it was not known. NULL without memory. */
struct zc_process *zc_process_of(struct zc_processes *table, const struct zc_frame *frame);
struct zc_process *zc_process_find(struct zc_processes *table, pid_t pid); /* NULL: not known */

void zc_process_sign_in(struct zc_processes *table, const struct zc_frame *frame);
void zc_process_fork(struct zc_processes *table, const struct zc_frame *frame);
void zc_process_more_maps(struct zc_processes *table, const struct zc_frame *frame);
/*
 * Process pid is about to become exe. gap: why the shim cannot be there, or NULL. late: somebody
 * else says so (a parent that spawned), so that the sign-in may have come already.
 */
void zc_process_exec(struct zc_processes *table, pid_t pid, pid_t ppid, const char *exe, size_t len,
		     const char *gap, bool late);
void zc_process_exec_failed(struct zc_processes *table, const struct zc_frame *frame);
/* Nothing more will come: every exec without a sign-in is a gap now. */
void zc_processes_settle(struct zc_processes *table);

uint64_t zc_processes_count(const struct zc_processes *table);
uint64_t zc_processes_gaps(const struct zc_processes *table);
/* The list for run.json: index counts from 0; NULL past the end. */
const struct zc_covered *zc_processes_listed(const struct zc_processes *table, size_t index);
/* "ancestry":[...] of the process: names of the programs above it, nearest first. */
void zc_process_write_ancestry(struct zc_processes *table, const struct zc_process *process,
			       struct zc_json *json);

#endif
