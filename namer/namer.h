/* SPDX-License-Identifier: MIT */
/*
 * namer.h - zcname: reads ELF and DWARF of suspects, and can do nothing else.
 *
 * Theory of operation. zcwrap, zctrace and zcaudit know modules and offsets; names are in files that a
 * hostile program may have made. libelf and libdw were written for files of compilers: other files
 * make them read past their buffers, ask for all memory, or never come back. So they run here, in a
 * process that has one socket and the files it was handed, and that before the first byte of them gives up
 * privileges, the file system (Landlock), nearly all system calls (an allow-list), memory and time (box.c).
 * Who asks survives its end, starts another for the other files, and reads its answers as
 * hostile (evidence/naming/).
 *
 * main.c     questions and answers
 * box.c      what it gives up
 * file.c     an ELF file and its debug files: opening, build-id, package note
 * symbols.c  function names, by symbol tables
 * debug.c    lines and inlined functions, by DWARF
 * shown.c    names as their authors wrote them
 *
 * Memory: files live as long as the process. Fails: what is not understood is not known.
 */
#ifndef ZC_NAMER_H
#define ZC_NAMER_H

#include <elfutils/libdw.h>
#include <gelf.h>

#include "evidence/naming/protocol.h"

/* box.c: 0 or -errno; the name of the step goes to *ret_what. */
int zc_box_enter(const char **ret_what);
/* A question's time begins or is over: SIGPROF ends who computes too long, SIGALRM who sleeps. */
void zc_box_clock(bool runs);

struct zc_namer_symbol {
	uint64_t address, size;
	const char *name;
	uint8_t rank; /* among symbols of one address the highest is shown */
};
struct zc_namer_symbols {
	struct zc_namer_symbol *symbol; /* sorted by address */
	size_t count;
	bool whole; /* of a .symtab, not of what is exported alone */
};

struct zc_namer_unit;
struct zc_namer_debug {
	Dwarf *dwarf;
	struct zc_namer_unit *unit; /* sorted by start */
	size_t count, cap;
	bool indexed;
};

struct zc_namer_file {
	Elf *elf, *debug, *supplement;
	bool lines; /* wanted */
	char build_id[65], link[256], shared[65];
	uint32_t link_crc;
	struct zc_namer_symbols symbols;
	struct zc_namer_debug lines_of;
	struct zc_naming_text package_type, package, version;
	bool asked_link;
};

/* file.c */
void zc_namer_open(struct zc_namer_file *file, int fd, bool lines);
void zc_namer_add_debug(struct zc_namer_file *file, int fd);
void zc_namer_add_supplement(struct zc_namer_file *file, int fd);
void zc_namer_say(const struct zc_namer_file *file, struct zc_naming_file *ret);

/* symbols.c: reads the table of that section type; true when it has any. */
bool zc_namer_read_symbols(struct zc_namer_symbols *symbols, Elf *elf, uint32_t type);
const struct zc_namer_symbol *zc_namer_symbol(const struct zc_namer_symbols *symbols,
					      uint64_t address);

/* debug.c: fills the frames of an address, all but what symbols know. */
void zc_namer_debug(struct zc_namer_debug *debug, uint64_t address, struct zc_naming_place *ret);

/* shown.c: NULL: nothing else than the name itself. Kept for good. */
const char *zc_namer_shown(const char *name);

#endif
