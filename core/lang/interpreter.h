/* SPDX-License-Identifier: MIT */
/*
 * interpreter.h - the frames of a program that is interpreted, whichever its language: one way in for
 * both observers, tracer/look/lang.c from outside and preload/lang.c from inside.
 *
 * Context: anywhere. Memory: the caller's. Fails: no frames.
 */
#ifndef ZC_CORE_INTERPRETER_H
#define ZC_CORE_INTERPRETER_H

#include "core/lang/exports.h"
#include "core/lang/python.h"
#include "core/lang/v8.h"
#include "core/wire/wire.h"

#define ZC_INTERPRETER_READS 4000u /* for looking, and for walking: a list without an end ends */

/* What a process has mapped: addresses and layouts. All zero: nothing that is known. */
struct zc_interpreter {
	enum zc_lang lang; /* 0: none */
	union {
		struct zc_python python;
		struct zc_v8 v8;
	};
};

/* What looking and walking work in. Contents do not matter. */
struct zc_interpreter_work {
	struct zc_exports_work exports;
	union {
		struct zc_python_work python;
		struct zc_v8_work v8;
	};
};

/* Is the file that is mapped at bias an interpreter that is known? */
bool zc_interpreter_look(struct zc_peek *memory, uint64_t bias, struct zc_interpreter_work *work,
			 struct zc_interpreter *ret);
/* Appends a LANG field when the thread is in interpreted code; as many frames as fit. */
void zc_interpreter_put(const struct zc_interpreter *interpreter, struct zc_peek *memory,
			const struct zc_lang_thread *who, struct zc_interpreter_work *work,
			struct zc_frame_writer *writer);

#endif
