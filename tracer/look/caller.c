/* SPDX-License-Identifier: MIT */
/*
 * caller.c - a snapshot of registers and stack, and who made the call according to it.
 *
 * A finding's repeats are counted under the place that made the call. The call's own address is in
 * libc for nearly all of them, so the stack is walked to the first frame outside: the same place that
 * the shim takes. In a static program libc is not told from the rest; there the call's own address and
 * its caller's stand together.
 */
#include <string.h>
#include <sys/uio.h>

#include "core/wire/gate.h"
#include "evidence/stack/stack.h"
#include "tracer/look/caller.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/look/maps.h"

#define MOST_PLACES 16u /* libc does not call itself deeper than that */
#define MAPS_BYTES 65536u
#define PAGE 4096u

static struct zc_unwinder *unwinder; /* one tracer a process; what it caches is worth keeping */

const struct zc_snapshot *zc_snapshot_take(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static struct zc_snapshot snapshot;
	struct iovec local = { snapshot.stack.bytes, sizeof(snapshot.stack.bytes) };
	struct iovec remote[1 + ZC_STACK_MAX / PAGE];
	size_t want = sizeof(snapshot.stack.bytes);
	unsigned n = 0;
	ssize_t got;

	if (tracer->engine->registers(tracer, tracee, &snapshot.regs) < 0)
		return NULL;
	snapshot.stack.address = snapshot.regs.sp;
	/* A read of several pieces ends at the first that is not there. */
	for (uint64_t at = snapshot.regs.sp; want; n++) {
		size_t piece = PAGE - at % PAGE < want ? PAGE - at % PAGE : want;

		remote[n] = (struct iovec){ (void *)(uintptr_t)at, piece };
		at += piece;
		want -= piece;
	}
	got = process_vm_readv(tracee->tid, &local, 1, remote, n, 0);
	snapshot.stack_len = got > 0 ? sizeof(snapshot.stack.address) + (size_t)got : 0;
	/* The gate's page has no frames: behind one of its doors the caller is on top of the stack. */
	if (got >= (ssize_t)sizeof(uint64_t) &&
	    (zc_gate_is_side(tracer->image, snapshot.regs.ip) ||
	     zc_gate_is_pass(tracer->image, snapshot.regs.ip))) {
		memcpy(&snapshot.regs.ip, snapshot.stack.bytes, sizeof(uint64_t));
		snapshot.regs.sp += sizeof(uint64_t);
	}
	return &snapshot;
}

void *zc_caller_share(void *kept)
{
	return zc_maps_ref(kept);
}

void *zc_caller_forget(void *kept)
{
	if (kept)
		zc_maps_unref(unwinder, kept);
	return NULL;
}

static struct zc_maps *maps_of(struct zc_tracee *tracee)
{
	static _Alignas(8) char wire[MAPS_BYTES];
	void **kept = zc_mapped_kept(tracee);

	if (!unwinder)
		unwinder = zc_unwinder_new();
	if (!unwinder || !kept)
		return NULL;
	if (!*kept)
		*kept = zc_maps_new(unwinder, wire, zc_mapped_wire(tracee, wire, sizeof(wire)),
				    NULL);
	return *kept;
}

static uint64_t identity_of(const struct zc_module *module)
{
	const char *name = zc_module_name(module);
	unsigned len;
	const uint8_t *id = zc_module_build_id(module, &len);

	return len ? zc_hash_bytes(id, len, 1) : zc_hash_bytes(name, strlen(name), 2);
}

static unsigned walk(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
		     struct zc_place *ret)
{
	struct zc_frame frame = { 0 };
	unsigned count = 0;
	uint64_t lost;

	frame.field[ZC_FIELD_REGS].bytes = &snapshot->regs;
	frame.field[ZC_FIELD_REGS].len = sizeof(snapshot->regs);
	frame.field[ZC_FIELD_STACK].bytes = &snapshot->stack;
	frame.field[ZC_FIELD_STACK].len = (uint32_t)snapshot->stack_len;
	/* Twice at most: libraries may have come since the mappings were read. */
	for (unsigned tries = 0; tries < 2; tries++) {
		struct zc_maps *maps = maps_of(tracee);

		if (!maps)
			return 0;
		count = zc_stack_places(unwinder, maps, &frame, ret, MOST_PLACES, &lost);
		if (!lost || !zc_mapped_find(tracee, lost))
			break;
	}
	return count;
}

void zc_caller_find(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
		    uint64_t *ret_module, uint64_t *ret_offset)
{
	struct zc_place place[MOST_PLACES];
	unsigned count, at = 0;

	*ret_module = *ret_offset = 0;
	if (zc_judge_caller()) {
		const struct zc_mapped *map = zc_mapped_find(tracee, zc_judge_caller());

		*ret_module = map ? map->hash : 0;
		*ret_offset = map ? zc_judge_caller() - map->bias : 0;
		return;
	}
	count = snapshot && snapshot->stack_len ? walk(tracee, snapshot, place) : 0;
	while (at < count && place[at].system)
		at++;
	if (!count)
		return;
	if (at == count)
		at = 0;
	*ret_module = identity_of(place[at].module);
	*ret_offset = place[at].offset;
	if (at == 0 && !place[0].system && count > 1)
		*ret_offset ^= place[1].offset << 32 | place[1].offset >> 32;
}
