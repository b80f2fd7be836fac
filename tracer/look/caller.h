/* SPDX-License-Identifier: MIT */
/*
 * caller.h - a stopped tracee's registers and stack, and who in the program made the call.
 */
#ifndef ZC_TRACER_CALLER_H
#define ZC_TRACER_CALLER_H

#include "core/wire/wire.h"
#include "tracer/tracer.h"

struct zc_snapshot {
	struct zc_wire_regs regs;
	size_t stack_len; /* of stack, its address included; 0: nothing could be read */
	struct {
		uint64_t address;
		unsigned char bytes[ZC_STACK_MAX];
	} stack;
};
/* Returns NULL when not even the registers can be read. Valid until the next. */
const struct zc_snapshot *zc_snapshot_take(struct zc_tracer *tracer, struct zc_tracee *tracee);

/*
 * The place outside libc that a finding is counted under: the file's identity and an offset in it.
 * Both 0 when it cannot be told. snapshot may be NULL.
 */
void zc_caller_find(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
		    uint64_t *ret_module, uint64_t *ret_offset);

/* narrow.c: program counters of 32-bit code, the innermost first, as far as they can be told. At least one. */
unsigned zc_narrow_walk(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			uint64_t *ret_pcs, unsigned cap);

/* For maps.c: what is kept between walks belongs to a list of mappings. Both take NULL. */
void *zc_caller_share(void *kept);
void *zc_caller_forget(void *kept); /* returns NULL */

#endif
