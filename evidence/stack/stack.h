/* SPDX-License-Identifier: MIT */
/*
 * stack.h - from a snapshot of registers and stack to named frames, with nobody alive.
 *
 * A record brings registers and a copy of the stack from sp up; the process's maps came before. The
 * unwinder reads the stack from the copy and everything else from the mapped files (module.h), so
 * the process may be long gone. What a hostile process can lie about here is its own stack; it
 * cannot make the walk crash, run long, or read another file than a regular one.
 *
 * Memory: new/free for the unwinder, references for maps; frames point into the unwinder and hold
 * until the next walk; those of an interpreter stay in the record. Not thread-safe. Fails: a stack says itself how complete it is.
 */
#ifndef ZC_EVIDENCE_STACK_H
#define ZC_EVIDENCE_STACK_H

#include "core/wire/wire.h"
#include "text/json.h"
#include "evidence/naming/naming.h"
#include "evidence/stack/module.h"

#define ZC_STACK_FRAMES 64u

struct zc_unwinder;
struct zc_maps;

enum zc_site_kind { ZC_SITE_PROGRAM, ZC_SITE_SYSTEM /* libc, ld.so */, ZC_SITE_SHIM };

/* What is known of a frame. */
struct zc_told_frame {
	const char *function; /* as the linker knows it; NULL: not known */
	const char *shown;    /* as its author wrote it, where that is something else; NULL */
	const char *file;     /* NULL: no debug data */
	unsigned line;
};

/* One place in code, named once and kept. */
struct zc_site {
	struct zc_module *module;
	uint64_t offset; /* ELF virtual address of the program counter */
	uint64_t function_offset;
	struct zc_told_frame function; /* what the place is in */
	struct zc_told_frame *inlined; /* what was inlined there, innermost first */
	unsigned inlines;
	uint8_t kind; /* enum zc_site_kind */
	bool caller;  /* the program counter is a return address */
	bool named;   /* as well as can be */
	char *texts;  /* room of all the names */
	char *json;   /* the frames, as events hold them */
	size_t json_len;
};

struct zc_stack {
	const char *status; /* "complete", "truncated", "unavailable" */
	const char *why;    /* NULL when complete */
	unsigned count;
	struct {
		const struct zc_site *site; /* NULL: outside every known module */
		uint64_t ip;
		uint64_t bp; /* its frame pointer, if it has one; 0: not known */
	} frame[ZC_STACK_FRAMES];
	const void *lang; /* the record's LANG field: frames of an interpreter; NULL: none */
	size_t lang_len;
	uint64_t copy_at; /* where the copied stack lay */
	size_t copy_len;
	char text[160]; /* room for why */
};

struct zc_unwinder *zc_unwinder_new(void);
struct zc_unwinder *zc_unwinder_free(struct zc_unwinder *unwinder);

/* The maps of a ZC_FIELD_MAPS; relative names start at cwd. NULL without memory. */
struct zc_maps *zc_maps_new(struct zc_unwinder *unwinder, const void *field, size_t len,
			    const char *cwd);
struct zc_maps *zc_maps_ref(struct zc_maps *maps);                      /* takes NULL */
void zc_maps_unref(struct zc_unwinder *unwinder, struct zc_maps *maps); /* takes NULL */
/* Takes the caller's reference and returns one to maps that also hold those of field. */
struct zc_maps *zc_maps_add(struct zc_unwinder *unwinder, struct zc_maps *maps, const void *field,
			    size_t len, const char *cwd);

/* Walks the stack of a record (REGS and STACK, or PCS). maps NULL: the process never told. */
void zc_stack_walk(struct zc_unwinder *unwinder, struct zc_maps *maps,
		   const struct zc_frame *record, struct zc_stack *ret);
/* Where a call came from, without names. */
struct zc_place {
	const struct zc_module *module;
	uint64_t offset; /* ELF virtual address */
	bool system;     /* libc, ld.so or the shim */
};
/*
 * The innermost places of a record with REGS and STACK, as far as unwind rows lead. Names nothing, so
 * that it is cheap on a file never seen before. Returns how many; *ret_lost is an address in code that
 * maps do not know and where the walk ended, or 0.
 */
unsigned zc_stack_places(struct zc_unwinder *unwinder, struct zc_maps *maps,
			 const struct zc_frame *record, struct zc_place *ret, unsigned most,
			 uint64_t *ret_lost);
/* What went wrong with names so far (naming/naming.h). */
const struct zc_naming_report *zc_unwinder_naming(const struct zc_unwinder *unwinder);
/* "stack":{...} */
void zc_stack_write(const struct zc_stack *stack, struct zc_json *json);

#endif
