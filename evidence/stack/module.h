/* SPDX-License-Identifier: MIT */
/*
 * module.h - the ELF files that a watched process had mapped: bytes to unwind with, and names.
 *
 * A module is a name and a build-id, as the process reported them. The file is opened on first need
 * and believed only when its build-id is the reported one. It may be hostile and may change under
 * us, so it is read, never mapped (a truncated mapping would be SIGBUS), and every size is bounded.
 *
 * Memory: the cache owns its modules; they live as long as it does. Not thread-safe.
 * Fails: what cannot be read is simply not known; zc_module_trouble() says why.
 */
#ifndef ZC_EVIDENCE_MODULE_H
#define ZC_EVIDENCE_MODULE_H

#include "core/base.h"

#define ZC_BUILD_ID_CAP 20u

struct zc_modules;
struct zc_module;

struct zc_modules *zc_modules_new(void);
struct zc_modules *zc_modules_free(struct zc_modules *modules);

/* The module of that name and build-id (id_len 0: not known). NULL without memory, or after 65,536 of them. */
struct zc_module *zc_module_get(struct zc_modules *modules, const char *name, size_t name_len,
				const uint8_t *build_id, unsigned id_len);

const char *zc_module_name(const struct zc_module *module);
const char *zc_module_base(const struct zc_module *module); /* the name after its last slash */
const uint8_t *zc_module_build_id(const struct zc_module *module, unsigned *ret_len);
/* NULL: the file is there and is the one that was mapped. */
const char *zc_module_trouble(struct zc_module *module);

/* Reads len bytes at an ELF virtual address, out of read-only segments only. */
bool zc_module_read(struct zc_module *module, uint64_t address, void *buffer, size_t len);
/* Where .eh_frame_hdr is, as virtual address and size. */
bool zc_module_unwind_header(struct zc_module *module, uint64_t *ret_address, uint64_t *ret_size);
/* The lowest and the past-the-end virtual address of all segments. */
bool zc_module_extent(struct zc_module *module, uint64_t *ret_start, uint64_t *ret_end);

/* Which package a file belongs to; name NULL: not known. */
struct zc_package {
	char *type, *name, *version; /* "deb"; type and version may be NULL */
	const char *from;            /* "dpkg": its database; "note": the file itself says so */
};

#endif
