/* SPDX-License-Identifier: MIT */
/*
 * process.c - the process table, and coverage as it follows from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "evidence/evidence.h"
#include "evidence/account/process.h"
#include "evidence/secret.h"
#include "text/array.h"

#define BUCKETS 4096u /* powers of two */
#define PROGRAMS_MAX 8192u
#define GAPS_MAX 10000u /* listed; more are counted */
#define EVENT_ARGS 64u  /* of argv in each event */
#define EVENT_ARG_BYTES 2048u
#define ANCESTORS_MAX 16u

struct name {
	struct name *next;
	char text[];
};

struct zc_processes {
	struct zc_unwinder *unwinder;
	struct zc_process *process[BUCKETS];
	struct zc_program *program[BUCKETS];
	struct name *name[BUCKETS];
	unsigned programs;
	uint64_t clock;
	struct zc_covered *listed;
	size_t listed_count, listed_cap, gaps_listed;
	uint64_t count, gaps;
};

struct zc_processes *zc_processes_new(struct zc_unwinder *unwinder)
{
	struct zc_processes *table = calloc(1, sizeof(*table));

	if (table)
		table->unwinder = unwinder;
	return table;
}

static void program_free(struct zc_processes *table, struct zc_program *program)
{
	struct zc_program **at = &table->program[program->exec_id & (BUCKETS - 1)];

	while (*at != program)
		at = &(*at)->next;
	*at = program->next;
	table->programs--;
	zc_maps_unref(table->unwinder, program->maps);
	free(program->exe);
	free(program->cwd);
	free(program->members);
	free(program);
}

static void leave_program(struct zc_processes *table, struct zc_process *process)
{
	if (process->program && !--process->program->refs)
		program_free(table, process->program);
	process->program = NULL;
	zc_maps_unref(table->unwinder, process->maps);
	process->maps = NULL;
}

struct zc_processes *zc_processes_free(struct zc_processes *table)
{
	for (unsigned i = 0; table && i < BUCKETS; i++) {
		while (table->process[i]) {
			struct zc_process *process = table->process[i];

			table->process[i] = process->next;
			leave_program(table, process);
			free(process->becoming);
			free(process);
		}
		while (table->name[i]) {
			struct name *name = table->name[i];

			table->name[i] = name->next;
			free(name);
		}
	}
	for (unsigned i = 0; table && i < BUCKETS; i++)
		while (table->program[i])
			program_free(table, table->program[i]);
	if (table)
		free(table->listed);
	free(table);
	return NULL;
}

/* Keeps one copy of a text that many list entries share. */
static const char *intern(struct zc_processes *table, const char *text, size_t len)
{
	struct name **slot = &table->name[zc_hash_bytes(text, len, 0) & (BUCKETS - 1)];
	struct name *name;

	for (name = *slot; name; name = name->next)
		if (!strncmp(name->text, text, len) && !name->text[len])
			return name->text;
	name = malloc(sizeof(*name) + len + 1);
	if (!name)
		return "";
	memcpy(name->text, text, len);
	name->text[len] = '\0';
	name->next = *slot;
	*slot = name;
	return name->text;
}

/* Counts a process, and lists it while there is room; gaps have room of their own. */
static void cover(struct zc_processes *table, pid_t pid, pid_t ppid, const char *exe, size_t len,
		  const char *gap)
{
	struct zc_covered *listed;

	table->count++;
	table->gaps += gap != NULL;
	if (gap ? table->gaps_listed >= GAPS_MAX
		: table->listed_count - table->gaps_listed >= ZC_LISTED_MAX)
		return;
	listed = zc_array_grow(table->listed, table->listed_count, &table->listed_cap,
			       sizeof(*listed), 64);
	if (!listed)
		return;
	table->listed = listed;
	table->gaps_listed += gap != NULL;
	table->listed[table->listed_count++] =
		(struct zc_covered){ pid, ppid, exe ? intern(table, exe, len) : NULL,
				     gap ? intern(table, gap, strlen(gap)) : NULL };
}

struct zc_process *zc_process_find(struct zc_processes *table, pid_t pid)
{
	struct zc_process *process = table->process[(unsigned)pid & (BUCKETS - 1)];

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

static struct zc_process *process_get(struct zc_processes *table, pid_t pid, pid_t ppid)
{
	struct zc_process *process = zc_process_find(table, pid);
	struct zc_process **slot = &table->process[(unsigned)pid & (BUCKETS - 1)];

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	*process = (struct zc_process){ .next = *slot, .pid = pid, .ppid = ppid };
	*slot = process;
	return process;
}

static struct zc_program *program_find(struct zc_processes *table, uint64_t exec_id)
{
	struct zc_program *program = table->program[exec_id & (BUCKETS - 1)];

	while (program && program->exec_id != exec_id)
		program = program->next;
	return program;
}

/* Drops the program that was not used for longest; its processes go on without one. */
static void drop_oldest(struct zc_processes *table)
{
	struct zc_program *oldest = NULL;

	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct zc_program *p = table->program[i]; p; p = p->next)
			if (!oldest || p->used < oldest->used)
				oldest = p;
	for (unsigned i = 0; oldest && i < BUCKETS; i++)
		for (struct zc_process *p = table->process[i]; p; p = p->next)
			if (p->program == oldest) {
				bool last = oldest->refs == 1;

				leave_program(table, p);
				if (last)
					return;
			}
}

static void write_members(struct zc_program *program, const struct zc_frame *frame)
{
	struct zc_json json = { 0 };

	zc_json_text(&json, "exe", program->exe, program->exe_len);
	zc_secret_list(&json, "argv", frame->field[ZC_FIELD_ARGV].bytes,
		       frame->field[ZC_FIELD_ARGV].len, EVENT_ARGS, EVENT_ARG_BYTES);
	zc_json_string(&json, "cwd", program->cwd);
	program->members = json.failed ? NULL : json.bytes;
	program->members_len = json.failed ? 0 : json.len;
	if (json.failed)
		zc_json_free(&json);
}

/* A copy up to the first NUL. */
static char *copy_field(const struct zc_frame *frame, unsigned field)
{
	return frame->field[field].bytes
		       ? strndup(frame->field[field].bytes, frame->field[field].len)
		       : NULL;
}

static struct zc_program *program_new(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_program **slot = &table->program[frame->head.exec_id & (BUCKETS - 1)];
	struct zc_program *program;

	if (table->programs >= PROGRAMS_MAX)
		drop_oldest(table);
	program = calloc(1, sizeof(*program));
	if (!program)
		return NULL;
	program->exec_id = frame->head.exec_id;
	program->exe = copy_field(frame, ZC_FIELD_EXE);
	program->exe = program->exe ? program->exe : calloc(1, 1);
	program->cwd = copy_field(frame, ZC_FIELD_CWD);
	if (!program->exe) {
		free(program->cwd);
		free(program);
		return NULL;
	}
	program->exe_len = strlen(program->exe);
	program->maps = zc_maps_new(table->unwinder, frame->field[ZC_FIELD_MAPS].bytes,
				    frame->field[ZC_FIELD_MAPS].len, program->cwd);
	write_members(program, frame);
	program->next = *slot;
	*slot = program;
	table->programs++;
	return program;
}

static void join_program(struct zc_processes *table, struct zc_process *process,
			 struct zc_program *program, struct zc_maps *maps)
{
	if (program)
		program->refs++;
	zc_maps_ref(maps);
	leave_program(table, process);
	process->program = program;
	process->maps = maps;
}

/* Settles what became of an exec that was announced. */
static void conclude(struct zc_processes *table, struct zc_process *process, bool signed_in)
{
	char gap[256];

	if (!process->becoming)
		return;
	if (!signed_in) {
		snprintf(gap, sizeof(gap), "%s, and whatever it started",
			 process->becoming_gap ? process->becoming_gap : "never signed in");
		cover(table, process->pid, process->ppid, process->becoming,
		      strlen(process->becoming), gap);
	}
	free(process->becoming);
	process->becoming = NULL;
	process->becoming_gap = NULL;
}

void zc_process_sign_in(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_process *process = process_get(table, frame->head.pid, frame->head.ppid);
	struct zc_program *program;
	char *gap;

	if (!process)
		return;
	program = program_find(table, frame->head.exec_id);
	if (!program)
		program = program_new(table, frame);
	if (!program)
		return;
	process->unannounced |= !process->becoming;
	/* A program that cannot load the shim, and then another one in the same process that can. */
	conclude(table, process,
		 process->becoming &&
			 (!process->becoming_gap || !strcmp(process->becoming, program->exe)));
	program->used = ++table->clock;
	join_program(table, process, program, program->maps);
	process->ppid = frame->head.ppid;
	process->exec_id = frame->head.exec_id;
	gap = copy_field(frame, ZC_FIELD_TEXT);
	cover(table, process->pid, process->ppid, program->exe, program->exe_len, gap);
	free(gap);
}

static void adopt(struct zc_processes *table, struct zc_process *process,
		  const struct zc_frame *frame)
{
	struct zc_program *program = program_find(table, frame->head.exec_id);
	const struct zc_process *parent = zc_process_find(table, frame->head.ppid);
	bool same = parent && parent->exec_id == frame->head.exec_id && parent->maps;

	process->ppid = frame->head.ppid;
	process->exec_id = frame->head.exec_id;
	if (program)
		program->used = ++table->clock;
	join_program(table, process, program, same ? parent->maps : program ? program->maps : NULL);
}

void zc_process_fork(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_process *process = process_get(table, frame->head.pid, frame->head.ppid);

	if (!process)
		return;
	conclude(table, process, false); /* the pid is used again */
	process->unannounced = process->left_out = false;
	adopt(table, process, frame);
	cover(table, process->pid, process->ppid, process->program ? process->program->exe : NULL,
	      process->program ? process->program->exe_len : 0, NULL);
}

struct zc_process *zc_process_of(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_process *process = process_get(table, frame->head.pid, frame->head.ppid);

	if (!process)
		return NULL;
	if (process->exec_id != frame->head.exec_id || (!process->program && !process->maps))
		adopt(table, process, frame);
	else if (process->program)
		process->program->used = ++table->clock;
	return process;
}

void zc_process_more_maps(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_process *process = zc_process_of(table, frame);
	const char *cwd;

	if (!process || !frame->field[ZC_FIELD_MAPS].bytes)
		return;
	cwd = process->program ? process->program->cwd : NULL;
	process->maps = zc_maps_add(table->unwinder, process->maps,
				    frame->field[ZC_FIELD_MAPS].bytes,
				    frame->field[ZC_FIELD_MAPS].len, cwd);
}

void zc_process_exec(struct zc_processes *table, pid_t pid, pid_t ppid, const char *exe, size_t len,
		     const char *gap, bool late)
{
	struct zc_process *process = process_get(table, pid, ppid);

	if (!process)
		return;
	if (late && process->unannounced) {
		/* It may have become yet another program since. A pid that is used again may be no news. */
		process->unannounced = false;
		if (!gap || (process->program && !strcmp(process->program->exe, exe)))
			return;
	}
	if (!gap && process->left_out)
		gap = "the shim was left out";
	process->left_out = false;
	conclude(table, process, false); /* the pid is used again, or a failure did not reach us */
	process->becoming = strndup(exe, len);
	process->becoming_gap = gap;
}

void zc_process_exec_failed(struct zc_processes *table, const struct zc_frame *frame)
{
	struct zc_process *process = zc_process_find(table, frame->head.pid);

	if (process)
		conclude(table, process, true);
}

void zc_processes_settle(struct zc_processes *table)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct zc_process *process = table->process[i]; process;
		     process = process->next)
			conclude(table, process, false);
}

uint64_t zc_processes_count(const struct zc_processes *table)
{
	return table->count;
}

uint64_t zc_processes_gaps(const struct zc_processes *table)
{
	return table->gaps;
}

const struct zc_covered *zc_processes_listed(const struct zc_processes *table, size_t index)
{
	return index < table->listed_count ? &table->listed[index] : NULL;
}

void zc_process_write_ancestry(struct zc_processes *table, const struct zc_process *process,
			       struct zc_json *json)
{
	zc_json_open(json, "ancestry", '[');
	for (unsigned i = 0; process && i < ANCESTORS_MAX; i++) {
		const struct zc_process *parent =
			process->ppid ? zc_process_find(table, process->ppid) : NULL;

		if (!parent || parent == process)
			break;
		if (parent->program)
			zc_json_text(json, NULL, parent->program->exe, parent->program->exe_len);
		process = parent;
	}
	zc_json_close(json, ']');
}
