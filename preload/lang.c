/* SPDX-License-Identifier: MIT */
/*
 * lang.c - the Python and JavaScript frames above a hook, read in our own process (core/lang/python.h and
 * core/lang/v8.h have how).
 *
 * Only for records, and only where one of the loaded files is an interpreter: whether that is so is looked
 * up once for a list of loaded files, and costs one read afterwards. Everything, the loader's list too,
 * is read through the kernel, on our own process: what another thread unloads meanwhile, and what a program
 * has made up, is an error there and not a fault here. Where a filter forbids that call there are no frames.
 */
#include <asm/prctl.h>
#include <link.h>
#include <sys/uio.h>

#include "core/lang/interpreter.h"
#include "preload/shim.h"

#define LISTED_MAX 1024u /* files that are counted */
#define LOOKED_MAX 256u  /* files that are looked into */

/* The end of the loader's list. New files are appended: as long as this is the end, there are none. */
struct end {
	uint64_t last, before, bias;
};

/* Everything that one record needs. */
struct own {
	struct zc_interpreter interpreter;
	struct end end;
	bool found;
	long pid;
	struct zc_peek memory;
	struct zc_peek_blocks blocks;
	struct zc_interpreter_work work;
};

static struct {
	uint32_t taken; /* by who copies; nobody waits for it */
	bool found;
	struct end end; /* last is 0: nothing has been looked up */
	struct zc_interpreter interpreter;
} known;

static long read_own(void *context, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

	return zc_sys6(__NR_process_vm_readv, *(long *)context, (long)&local, 1, (long)&remote, 1,
		       0);
}

static bool take(void)
{
	return !__atomic_exchange_n(&known.taken, 1, __ATOMIC_ACQUIRE);
}

static void give(void)
{
	__atomic_store_n(&known.taken, 0, __ATOMIC_RELEASE);
}

/* Is it known that there is no interpreter? */
static bool has_none(long pid)
{
	struct link_map map;
	struct end end = { 0, 0, 0 };

	if (take()) {
		if (!known.found)
			end = known.end;
		give();
	}
	return end.last && read_own(&pid, end.last, &map, sizeof(map)) == (long)sizeof(map) &&
	       !map.l_next && (uint64_t)(uintptr_t)map.l_prev == end.before &&
	       map.l_addr == end.bias;
}

static bool still_ends(struct own *own)
{
	struct link_map map;

	return own->end.last && zc_peek(&own->memory, own->end.last, &map, sizeof(map)) &&
	       !map.l_next && (uint64_t)(uintptr_t)map.l_prev == own->end.before &&
	       map.l_addr == own->end.bias;
}

static void look(struct own *own)
{
	uint64_t at = (uintptr_t)zc_link_maps();
	struct link_map map;

	own->found = false;
	own->end = (struct end){ 0, 0, 0 };
	for (unsigned n = 0; at && n < LISTED_MAX; n++) {
		if (!zc_peek(&own->memory, at, &map, sizeof(map)))
			return;
		if (!own->found && n < LOOKED_MAX)
			own->found = zc_interpreter_look(&own->memory, map.l_addr, &own->work,
							 &own->interpreter);
		own->end = (struct end){ at, (uintptr_t)map.l_prev, map.l_addr };
		at = (uintptr_t)map.l_next;
	}
}

/* The interpreter, as it is remembered or looked up anew. */
static bool find(struct own *own)
{
	if (take()) {
		own->found = known.found;
		own->end = known.end;
		zc_copy(&own->interpreter, &known.interpreter, sizeof(own->interpreter));
		give();
	}
	if (still_ends(own))
		return own->found;
	look(own);
	if (take()) {
		known.found = own->found;
		known.end = own->end;
		zc_copy(&known.interpreter, &own->interpreter, sizeof(own->interpreter));
		give();
	}
	return own->found;
}

void zc_lang_put_own(struct zc_frame_writer *writer, int32_t pid, int32_t tid, const void *stack,
		     size_t stack_len, uint64_t stack_at)
{
	struct zc_lang_thread who = { tid, tid == pid, 0, stack, stack_len, stack_at, false };
	struct own *own = has_none(pid) ? NULL : zc_pages_take(sizeof(*own));

	if (!own)
		return;
	own->pid = pid;
	own->blocks.read = read_own;
	own->blocks.context = &own->pid;
	own->memory = (struct zc_peek){ zc_peek_blocks_read, &own->blocks, ZC_INTERPRETER_READS };
	if (find(own)) {
		/* What is there is pthread_self(), in glibc and in musl; and asking never faults. */
		zc_sys2(__NR_arch_prctl, ARCH_GET_FS, (long)&who.self);
		own->memory.left = ZC_INTERPRETER_READS;
		zc_interpreter_put(&own->interpreter, &own->memory, &who, &own->work, writer);
	}
	zc_pages_give(own, sizeof(*own));
}
