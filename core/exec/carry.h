/* SPDX-License-Identifier: MIT */
/*
 * carry.h - how the shim gets into the next program: what that program is, and its LD_PRELOAD.
 *
 * Used by the shim's exec hooks and by zcwrap for the command itself, so that both write the same.
 *
 * Context: anywhere. Memory: the caller's. Fails: as each function says.
 */
#ifndef ZC_CORE_CARRY_H
#define ZC_CORE_CARRY_H

#include "core/base.h"

struct zc_elf_look {
	uint8_t bits;     /* 32 or 64; 0: not an ELF file */
	bool native;      /* x86-64 */
	bool interpreted; /* has PT_INTERP: a loader reads LD_PRELOAD */
	bool loader;      /* is a loader itself, of whatever class */
	char sanitizer
		[40]; /* soname of a runtime that must be preloaded first ("libasan.so.8"), or "" */
};

/* Reads len bytes at offset; returns how many, or -errno. */
typedef long zc_read_at(void *context, void *buffer, size_t len, uint64_t offset);

/* Looks at a program's headers. Returns 0, or -EINVAL when they make no sense (then *ret is zero). */
int zc_elf_look(struct zc_elf_look *ret, zc_read_at *read_at, void *context);

/* loader.c: a dynamic loader, of either class, by its contents: a copy may have any name. */
bool zc_elf_is_loader(zc_read_at *read_at, void *context);

/* "ld.so PROGRAM" starts a program without an exec of it. Goes by the name of a loader, where there is no more to go by. */
bool zc_is_named_loader(const char *path, size_t len);
/* Which one: what a loader's arguments say, or NULL. */
const char *zc_launched_argument(char *const *argv);
/* The same word by word, behind argv[0]: is it this one? *value is false before the first, and kept between them. */
bool zc_launched_word(const char *word, bool *value);

/*
 * Writes the value of LD_PRELOAD for a program: ours in front of what was there, but behind a
 * sanitizer's runtime that the user or the program needs first. A runtime that we put there is
 * marked by an empty entry ("libasan.so.8::/ours") and is taken out again for the next program.
 * look may be NULL (unknown). A 32-bit program gets no entry of ours: its loader would complain.
 * Returns the length (0: there is nothing to preload), or -ENAMETOOLONG.
 */
long zc_preload_list(char *to, size_t cap, const char *old, const char *ours,
		     const struct zc_elf_look *look);

#endif
