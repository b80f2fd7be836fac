/* SPDX-License-Identifier: MIT */
/*
 * interpreter.c - which interpreter a mapped file is, and whose frames are asked for.
 */
#include "core/lang/interpreter.h"
#include "core/mem.h"

bool zc_interpreter_look(struct zc_peek *memory, uint64_t bias, struct zc_interpreter_work *work,
			 struct zc_interpreter *ret)
{
	struct zc_exports exports;

	zc_fill(ret, 0, sizeof(*ret));
	if (!zc_exports_find(memory, bias, &work->exports, &exports))
		return false;
	if (zc_python_look(memory, &exports, &work->python, &ret->python))
		ret->lang = ZC_LANG_PYTHON;
	else if (zc_v8_look(memory, &exports, &ret->v8))
		ret->lang = ZC_LANG_JS;
	return ret->lang != 0;
}

void zc_interpreter_put(const struct zc_interpreter *interpreter, struct zc_peek *memory,
			const struct zc_lang_thread *who, struct zc_interpreter_work *work,
			struct zc_frame_writer *writer)
{
	if (interpreter->lang == ZC_LANG_PYTHON)
		zc_python_put(&interpreter->python, memory, who, &work->python, writer);
	else if (interpreter->lang == ZC_LANG_JS)
		zc_v8_put(&interpreter->v8, memory, who, &work->v8, writer);
}
