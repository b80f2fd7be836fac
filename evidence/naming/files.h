/* SPDX-License-Identifier: MIT */
/*
 * files.h - separate debug files: where distributions and gdb put them.
 *
 * The names come from zcname, so from a hostile file: a build-id is hex digits, a link is a name without
 * a slash, and only regular files are opened (module_file.h). What zcname is handed it holds against
 * the build-id or the checksum that the first file names. Nothing is looked for on the network.
 */
#ifndef ZC_EVIDENCE_NAMING_FILES_H
#define ZC_EVIDENCE_NAMING_FILES_H

#include "evidence/naming/protocol.h"

/* /usr/lib/debug/.build-id/xx/yyy.debug. Returns a descriptor or -errno. */
int zc_debug_open_by_id(struct zc_naming_text id);
/*
 * The next file that may be the debug file of module: by its build-id, then by its link beside it, in .debug, and
 * below /usr/lib/debug. *at counts what was tried. Returns a descriptor or -errno when there is no more.
 */
int zc_debug_open(const char *module, const struct zc_naming_file *file, unsigned *at);

#endif
