/* SPDX-License-Identifier: MIT */
/*
 * content.h - what a file that is about to be executed would make run: itself, an interpreter, or what
 * it is told to.
 */
#ifndef ZC_TRACER_CONTENT_H
#define ZC_TRACER_CONTENT_H

#include "core/base.h"

enum zc_content {
	ZC_CONTENT_PROGRAM, /* also what others own and let nobody read: whoever set it up, not the run */
	ZC_CONTENT_SCRIPT,
	ZC_CONTENT_LOADER, /* a dynamic loader, whatever it is called */
	ZC_CONTENT_HIDDEN, /* kept from being looked into, by a mode or a lease */
};

/*
 * held: any descriptor of the file, O_PATH will do; nothing but a regular file is opened. A script's
 * interpreter is written to interpreter, of ZC_PATH_CAP bytes, and behind its NUL what the first line says
 * behind it: one text, perhaps empty.
 */
enum zc_content zc_content_look(int held, char *interpreter);

#endif
