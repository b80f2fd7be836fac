/* SPDX-License-Identifier: MIT */
/*
 * module_file.h - the inside of a module, shared by module.c (bytes), eh_table.c and who has it named.
 */
#ifndef ZC_EVIDENCE_MODULE_FILE_H
#define ZC_EVIDENCE_MODULE_FILE_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "evidence/stack/module.h"

#define ZC_CHUNK 32768u /* bytes of the file read at a time */
#define ZC_LOADS_MAX 32u

struct zc_load {
	uint64_t address, size, offset;
	bool read_only;
};

struct zc_module {
	struct zc_module *next;
	struct zc_modules *owner;
	uint64_t hash;
	char *name;
	size_t name_len;
	uint8_t id[ZC_BUILD_ID_CAP];
	uint8_t id_len;
	bool tried, seen, stale;
	const char *trouble;
	/* which file it was when first opened; a later one is refused */
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
	uint64_t size;
	struct zc_load load[ZC_LOADS_MAX];
	unsigned loads;
	uint64_t start, end, unwind_address, unwind_size;
	uint64_t frame_address, frame_size; /* .eh_frame, where it comes without a search table */
	unsigned char *table;               /* the one made for it, at unwind_address */
	size_t table_size;
	unsigned char **chunk;
	size_t chunks;
	/* naming/: where zcname has it open, and that it is not to be asked about any more */
	uint32_t naming_epoch, naming_number;
	bool unnamed;
	bool fetched; /* lines come from a file of a server (fetch/fetch.h) */
	struct zc_package package;
	bool package_sought;
};

/* Opens the file, the same one each time. Returns a descriptor or -errno. */
int zc_module_open(struct zc_module *module);
/* Opens a regular file and nothing else: no FIFO blocks, no device acts. A descriptor or -errno. */
int zc_module_open_regular(const char *path, struct stat *ret_stat);
void zc_package_finish(struct zc_package *package);
/* eh_table.c: makes the search table for .eh_frame, if that can be read. */
void zc_module_make_table(struct zc_module *module);
/* Counts bytes that are kept; false when there would be too many. */
bool zc_module_charge(struct zc_module *module, size_t bytes);

#endif
