/* SPDX-License-Identifier: MIT */
/*
 * lang.c - reading a tracee's Python and JavaScript frames from outside: its memory, its thread's number,
 * and which of its mappings is the interpreter, found once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "core/lang/interpreter.h"
#include "tracer/look/maps.h"
#include "tracer/look/lang.h"

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
	struct zc_interpreter interpreter;
};

/* The interpreter that the tracee has mapped; NULL: none. */
static const struct zc_interpreter *find(struct zc_tracee *tracee, struct zc_peek *memory,
					 struct zc_interpreter_work *work)
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
			return known[i].found ? &known[i].interpreter : NULL;
	now = &known[next++ % ZC_LEN(known)];
	*now = (struct known){ .exec_id = tracee->exec_id, .tgid = tracee->tgid, .maps = maps };
	for (unsigned i = 0; !now->found && (map = zc_mapped_at(tracee, i)); i++)
		now->found = map->inode &&
			     zc_interpreter_look(memory, map->bias, work, &now->interpreter);
	return now->found ? &now->interpreter : NULL;
}

void zc_tracee_lang_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			struct zc_frame_writer *writer)
{
	static struct zc_interpreter_work work;
	static struct zc_peek_blocks blocks;
	struct zc_peek memory = { zc_peek_blocks_read, &blocks, ZC_INTERPRETER_READS };
	const size_t address = sizeof(snapshot->stack.address);
	const size_t before = writer->len;
	const struct zc_interpreter *interpreter;
	struct zc_lang_thread who = { .is_leader = tracee->tid == tracee->tgid,
				      .stack = snapshot->stack.bytes,
				      .stack_at = snapshot->stack.address };

	blocks.read = read_tracee;
	blocks.context = &tracee->tid;
	memset(blocks.block, 0, sizeof(blocks.block));
	interpreter = find(tracee, &memory, &work);
	if (!interpreter)
		return;
	who.tid = inner_tid(tracee->tid);
	who.stack_len = snapshot->stack_len > address ? snapshot->stack_len - address : 0;
	memory.left = ZC_INTERPRETER_READS;
	zc_interpreter_put(interpreter, &memory, &who, &work, writer);
	if (writer->len != before || interpreter->lang != ZC_LANG_JS || !who.is_leader ||
	    tracee->ppid <= 0)
		return;
	blocks.context = &tracee->ppid;
	memset(blocks.block, 0, sizeof(blocks.block));
	who.is_copy = true;
	memory.left = ZC_INTERPRETER_READS;
	zc_interpreter_put(interpreter, &memory, &who, &work, writer);
}
