/* SPDX-License-Identifier: MIT */
/*
 * look.h - what can be seen of a tracee from outside: its memory, its mappings, who in it made a call.
 *
 * Theory of operation. Everything that a tracee's memory says is the tracee's own word: reads are bounded,
 * all or nothing, and what was read is a copy (mem.c). Whether the copy is worth something depends on who
 * else can write there, which the page tables say for a path (pages.c) and the file for a mapping
 * (mapped.c). What code is mapped where is read from /proc when it is needed (maps.c), and which build it
 * is from the mapped bytes (elf.c), since the file may be another by now.
 *
 * For records there is a snapshot of registers and stack (caller.c), with the first frame outside libc as
 * the place that repeats are counted under; 32-bit code has a walk of its own (narrow.c), and Python's
 * frames are read while the thread stands still (python.c). Names come later and elsewhere. bypass.c tells
 * who calls around a shim that is there.
 *
 * Nothing here judges and nothing is written into a tracee. Who cannot be read gives -EFAULT, -EPERM or, on
 * its way out, -ESRCH; a call whose arguments cannot be read is refused by who asked.
 */
#ifndef ZC_TRACER_LOOK_H
#define ZC_TRACER_LOOK_H

#include "tracer/tracer.h"

/* mem.c: a reader over process_vm_readv with /proc/PID/mem behind it; context is struct zc_tracee *. */
extern const struct zc_reader zc_tracee_memory_template;
struct zc_reader zc_tracee_reader(struct zc_tracee *tracee);
/*
 * The text at address, when it is short; kept for who reads it as text in the same stop. Returns NULL where
 * it is not plainly there; *ret_len without its NUL. unpeek: a new stop, what was kept is void.
 */
const char *zc_tracee_peek(struct zc_tracee *tracee, uint64_t address, size_t *ret_len);
void zc_tracee_unpeek(void);

/*
 * mapped.c: does this mmap() give nobody a way to change the caller's memory? Only to be asked where names
 * can be known (known.h).
 */
bool zc_maps_fixed(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		   const struct zc_call_stop *stop);

/* pages.c: does all that an open's pointers lead to belong to the tracee alone, as long as it is stopped? */
bool zc_pages_are_own(const struct zc_tracee *tracee, const struct zc_event *event);
/* Does what lies there? At most two pages long; of more it is not known. */
bool zc_pages_are_own_at(const struct zc_tracee *tracee, uint64_t address, size_t len);

/* maps.c: the MAPS field's content for a sign-in or a later note. */
size_t zc_maps_wire(struct zc_tracee *tracee, void *buffer, size_t cap);
/* The same with what was told before, and without telling it: for views. */
size_t zc_maps_wire_all(struct zc_tracee *tracee, void *buffer, size_t cap);
void zc_maps_forget(struct zc_tracee *tracee);
void zc_maps_release(struct zc_tracee *tracee);

/* bypass.c: is this a call around a shim that is there? Counted, and told once for each place. */
void zc_bypass_look(struct zc_tracer *tracer, struct zc_tracee *tracee,
		    const struct zc_call_stop *stop);
/* Does the shim in this process say that it has the gate? */
bool zc_bypass_has_gate(const struct zc_tracer *tracer, pid_t pid);
void zc_bypass_forget(struct zc_tracer *tracer, pid_t pid); /* at its exec */

#endif
