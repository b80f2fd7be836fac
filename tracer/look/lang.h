/* SPDX-License-Identifier: MIT */
/*
 * lang.h - which lines of which scripts made a stopped tracee's call (core/lang/interpreter.h has how).
 */
#ifndef ZC_TRACER_LANG_H
#define ZC_TRACER_LANG_H

#include "core/wire/wire.h"
#include "tracer/look/caller.h"
#include "tracer/tracer.h"

/* Appends a LANG field when the tracee's thread is in interpreted code; as many frames as fit. */
void zc_tracee_lang_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			struct zc_frame_writer *writer);

#endif
