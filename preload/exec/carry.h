/* SPDX-License-Identifier: MIT */
/*
 * carry.h - the environment that the next program gets, built on the stack of whoever starts it.
 *
 * The program's own environment is never touched, and nothing is built when it already carries us.
 */
#ifndef ZC_PRELOAD_CARRY_H
#define ZC_PRELOAD_CARRY_H

#include "core/exec/carry.h"
#include "preload/shim.h"

#define ZC_STACK_BLOCK 8192u /* bytes taken from the stack; more comes from a mapping */

struct zc_carry {
	const struct zc_elf_look *look;
	const char *preload; /* the value there is, or "" */
	size_t entries;      /* entries of the old environment */
	size_t size;         /* bytes that the new one needs; 0: the old one will do */
	char session[208];   /* "ZENCUBE=...": descriptors as they are now */
};

/* Sees to our descriptors (no CLOEXEC; a lost image made anew) and measures the new environment. */
void zc_carry_begin(struct zc_carry *carry, char *const *envp, const struct zc_elf_look *look);
/* Writes it into block (carry->size bytes) and returns it; envp itself when nothing is to do. */
char **zc_carry_write(const struct zc_carry *carry, char *const *envp, void *block);
/* Does the environment carry us as it is? For programs started inside libc. */
bool zc_carry_is_complete(char *const *envp);

void *zc_block_map(size_t size);
void zc_block_unmap(void *block, size_t size);
/* Memory for n bytes in the caller's frame, or a mapping when that is much. NULL: none. */
#define ZC_BLOCK(n) ((n) <= ZC_STACK_BLOCK ? __builtin_alloca(n) : zc_block_map(n))
static inline void zc_block_give(void *block, size_t size)
{
	if (block && size > ZC_STACK_BLOCK)
		zc_block_unmap(block, size);
}

/* The i-th variable of ours, "NAME=value", or NULL past the last. */
const char *zc_own_variable(const struct zc_carry *carry, unsigned i);
/* Does entry assign to name? */
bool zc_names_variable(const char *entry, const char *name);
/* The environment as the program has it now. */
char **zc_current_environ(void);

/*
 * Judges the program that would run: its file, the interpreter of a script, what a loader is told to
 * start. announce: tell the collector that this process is about to become it. *ret_look: what it
 * is. Returns 0 or -errno.
 */
int zc_judge_program(const void *caller, int dirfd, const char *path, char *const *argv,
		     int atflags, bool announce, struct zc_elf_look *ret_look);
/* One directory of PATH joined with a name. Returns the rest of PATH, NULL at its end. */
const char *zc_next_candidate(const char *list, const char *name, size_t name_len, char *to,
			      size_t cap, bool *ret_fits);
const char *zc_path_variable(void);

#endif
