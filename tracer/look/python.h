/* SPDX-License-Identifier: MIT */
/*
 * python.h - which lines of which Python files made a stopped tracee's call (core/lang/python.h has how).
 */
#ifndef ZC_TRACER_PYTHON_H
#define ZC_TRACER_PYTHON_H

#include "core/wire/wire.h"
#include "tracer/look/caller.h"
#include "tracer/tracer.h"

/* Appends a LANG field when the tracee's thread is in Python; as many frames as fit. */
void zc_tracee_python_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			  struct zc_frame_writer *writer);

#endif
