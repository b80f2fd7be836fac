/* SPDX-License-Identifier: MIT */
/*
 * maps.h - what code a tracee has mapped, as far as the records need it.
 *
 * Read from /proc/TID/maps when a program starts and again when code turns up that was not known;
 * never at every mmap, which nothing stops at. Threads share one list, a fork starts with a copy.
 */
#ifndef ZC_TRACER_MAPS_H
#define ZC_TRACER_MAPS_H

#include "tracer/tracer.h"

/* One line of /proc/PID/maps. name points into the line. */
struct zc_maps_line {
	uint64_t start, end, offset, inode;
	unsigned major, minor;
	bool executable;
	const char *name;
	size_t name_len;
};
/* Pure. Returns false for what is no such line. */
bool zc_maps_parse_line(const char *line, size_t len, struct zc_maps_line *ret);

struct zc_mapped {
	uint64_t start, end;
	uint64_t bias; /* address - bias = ELF virtual address */
	uint64_t hash; /* of the build-id, or of the name where there is none */
	uint64_t inode;
	bool told; /* the collector knows it */
	uint8_t id_len;
	uint8_t id[20];
	uint32_t name_len;
	char *name;
};

/* The executable mapping at address, looked for anew once when it is not known; NULL: there is none. */
const struct zc_mapped *zc_mapped_find(struct zc_tracee *tracee, uint64_t address);
/* The i-th executable mapping of those known, in rising order; NULL: no more. */
const struct zc_mapped *zc_mapped_at(const struct zc_tracee *tracee, unsigned i);
/* Reads the list again. Returns true when something in it has not been told. */
bool zc_mapped_refresh(struct zc_tracee *tracee);
/* Where caller.c keeps what it makes of the list; emptied when the list changes. NULL without memory. */
void **zc_mapped_kept(struct zc_tracee *tracee);
/* The whole list as a MAPS field, without telling it. */
size_t zc_mapped_wire(struct zc_tracee *tracee, void *buffer, size_t cap);
/* The new process or thread starts with what its parent has. */
void zc_mapped_inherit(struct zc_tracee *child, const struct zc_tracee *parent, bool thread);

/*
 * elf.c: what an ELF image in the tracee's memory says about itself. base: where its first byte is
 * mapped. Returns false when it is none.
 */
bool zc_elf_identify(struct zc_tracee *tracee, uint64_t base, uint64_t map_start,
		     uint64_t map_offset, struct zc_mapped *ret);
/* Takes the build-id, if there is one, out of a note segment. Pure. */
void zc_elf_build_id(const unsigned char *notes, size_t size, struct zc_mapped *ret);

#endif
