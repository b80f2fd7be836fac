/* SPDX-License-Identifier: MIT */
/*
 * interpreter.c - which interpreter a mapped file is, and whose frames are asked for.
 */
#include "core/lang/interpreter.h"

bool zc_interpreter_look(struct zc_peek *memory, uint64_t bias, struct zc_interpreter_work *work,
			 struct zc_interpreter *interpreter)
{
	struct zc_exports exports;

	if (!zc_exports_find(memory, bias, &work->exports, &exports))
		return false;
	if (!interpreter->is_python)
		interpreter->is_python =
			zc_python_look(memory, &exports, &work->python, &interpreter->python);
	return interpreter->is_python;
}

void zc_interpreter_put(const struct zc_interpreter *interpreter, struct zc_peek *memory,
			const struct zc_python_thread *who, struct zc_interpreter_work *work,
			struct zc_frame_writer *writer)
{
	if (interpreter->is_python)
		zc_python_put(&interpreter->python, memory, who, &work->python, writer);
}
