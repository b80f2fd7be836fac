/* SPDX-License-Identifier: MIT */
/*
 * python.c - reading a tracee's Python frames from outside: its memory, its thread's number, and which
 * of its mappings is the interpreter, found once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "core/lang/python.h"
#include "tracer/look/maps.h"
#include "tracer/look/python.h"

static long read_tracee(void *context, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

	return process_vm_readv(*(pid_t *)context, &local, 1, &remote, 1, 0);
}

/* What the thread is called where it lives: numbers differ in a pid namespace. */
static pid_t inner_tid(pid_t tid)
{
	char path[32], line[256];
	pid_t inner = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6)) {
			const char *last = strrchr(line, '\t');

			inner = last ? atoi(last + 1) : tid;
			break;
		}
	if (file)
		fclose(file);
	return inner;
}

/* ---- what was found last ---- */

struct known {
	uint64_t exec_id;
	pid_t tgid;
	unsigned maps; /* how many there were: a library may come later */
	bool found;
	struct zc_python python;
};

/* The interpreter that the tracee has mapped; NULL: none. */
static const struct zc_python *find(struct zc_tracee *tracee, struct zc_python_memory *memory,
				    struct zc_python_work *work)
{
	static struct known known[16];
	static unsigned next;
	const struct zc_mapped *map;
	struct known *now;
	unsigned maps = 0;

	while (zc_mapped_at(tracee, maps))
		maps++;
	for (size_t i = 0; i < ZC_LEN(known); i++)
		if (known[i].exec_id == tracee->exec_id && known[i].tgid == tracee->tgid &&
		    known[i].maps == maps)
			return known[i].found ? &known[i].python : NULL;
	now = &known[next++ % ZC_LEN(known)];
	*now = (struct known){ .exec_id = tracee->exec_id, .tgid = tracee->tgid, .maps = maps };
	for (unsigned i = 0; !now->found && (map = zc_mapped_at(tracee, i)); i++)
		now->found = map->inode && zc_python_look(memory, map->bias, work, &now->python);
	return now->found ? &now->python : NULL;
}

void zc_tracee_python_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			  struct zc_frame_writer *writer)
{
	static struct zc_python_work work;
	struct zc_python_memory memory = { read_tracee, &tracee->tid, ZC_PYTHON_READS };
	const size_t address = sizeof(snapshot->stack.address);
	const struct zc_python *python = find(tracee, &memory, &work);
	struct zc_python_thread who = { .is_leader = tracee->tid == tracee->tgid,
					.stack = snapshot->stack.bytes };

	if (!python)
		return;
	who.tid = inner_tid(tracee->tid);
	who.stack_len = snapshot->stack_len > address ? snapshot->stack_len - address : 0;
	memory.left = ZC_PYTHON_READS;
	zc_python_put(python, &memory, &who, &work, writer);
}
