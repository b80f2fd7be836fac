/* SPDX-License-Identifier: MIT */
/*
 * exports.h - the symbols that a file mapped in a process exports, looked up in that process's memory.
 *
 * Context: anywhere. Memory: the caller's. Fails: false, or 0.
 */
#ifndef ZC_CORE_EXPORTS_H
#define ZC_CORE_EXPORTS_H

#include <elf.h>

#include "core/lang/peek.h"

#define ZC_EXPORTS_DYNAMIC 128u

/* The table of exported symbols of one mapped file. */
struct zc_exports {
	uint64_t bias, table, text, hash;
	uint32_t head[4]; /* of the hash table: buckets, first symbol, words of filter, shift */
	uint64_t code_start,
		code_end; /* what of the file is executable, and all that lies between */
};

/* What looking works in, so that it lies on no stack. Contents do not matter. */
struct zc_exports_work {
	Elf64_Phdr phdr[24];
	Elf64_Dyn dynamic[ZC_EXPORTS_DYNAMIC];
};

/* The table of the file that is mapped at bias (address - ELF virtual address); false: it has none. */
bool zc_exports_find(struct zc_peek *memory, uint64_t bias, struct zc_exports_work *work,
		     struct zc_exports *ret);
/* The address of an exported symbol, or 0. */
uint64_t zc_export(struct zc_peek *memory, const struct zc_exports *exports, const char *name);
/* The same, and its size. */
uint64_t zc_export_sized(struct zc_peek *memory, const struct zc_exports *exports, const char *name,
			 uint64_t *ret_size);

#endif
