/* SPDX-License-Identifier: MIT */
/*
 * shown.c - C++, Rust and D names as their authors wrote them, by libiberty's demangler.
 *
 * Short names can stand for endless ones: then the question's time or memory ends, and with it this
 * process; names of other files are not concerned.
 */
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

#include "namer/namer.h"

const char *zc_namer_shown(const char *name)
{
	char *shown;

	/* Plain C names would be taken for encoded types by some styles. */
	if (!name || strnlen(name, ZC_NAMING_TEXT_MAX) == ZC_NAMING_TEXT_MAX ||
	    (strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0 &&
	     strncmp(name, "_D", 2) != 0))
		return NULL;
	shown = cplus_demangle(name, DMGL_AUTO | DMGL_ANSI | DMGL_PARAMS);
	if (shown && !strcmp(shown, name)) {
		free(shown);
		shown = NULL;
	}
	return shown;
}
