/* SPDX-License-Identifier: MIT */
/*
 * files.h - separate debug files: where distributions and gdb put them, and who may be asked for them.
 *
 * The names come from zcname, so from a hostile file: a build-id is hex digits, a link is a name without
 * a slash, and only regular files are opened (module_file.h). What zcname is handed it holds against
 * the build-id or the checksum that the first file names. Nobody is asked over a network, unless that was allowed.
 */
#ifndef ZC_EVIDENCE_NAMING_FILES_H
#define ZC_EVIDENCE_NAMING_FILES_H

#include "evidence/naming/protocol.h"

struct zc_module;

struct zc_debug_search {
	unsigned local; /* places that were tried */
	bool asked;     /* servers, for the debug file */
};

/*
 * The next file that may tell more about the module, by what zcname says of it: its debug file by build-id, by its link
 * beside it, in .debug, and below /usr/lib/debug, then of a server; or what its debug data shares with others. lines:
 * they are wanted; for names alone nobody is asked. Returns a descriptor, or -errno when there is no more.
 */
int zc_debug_next(const struct zc_module *module, const struct zc_naming_file *file, bool lines,
		  struct zc_debug_search *search);
/* The module's debug file of a server, where that is allowed (fetch/fetch.h). A descriptor or -errno. */
int zc_debug_fetch(const struct zc_module *module, bool lines);
/* Has the file the build-id that the process reported? */
bool zc_debug_is_of(const struct zc_module *module, const struct zc_naming_file *file);

#endif
