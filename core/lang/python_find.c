/* SPDX-License-Identifier: MIT */
/*
 * python_find.c - is this mapped file a Python interpreter, and of which version?
 *
 * The one that exports _PyRuntime is it. The version is what the interpreter says where it does (3.11),
 * else what it exports tells it.
 */
#include "core/mem.h"
#include "core/lang/python.h"

#define OFFSET_MAX 65536u
#define NONE ZC_PYTHON_NONE

/* By offsetof() in each version's own headers, x86-64. 3.8 to 3.12 do not publish them. */
/* 3.8 to 3.10 differ in how they tell lines, and 3.10 in where a frame keeps its instruction. */
#define BEFORE_3_11 \
	.interpreters = 32, .interp_next = 0, .interp_threads = 8, .thread_next = 8, \
	.thread_id = 176, .thread_frame = 24, .current = NONE, .native_ids = false, \
	.frame_back = 24, .frame_code = 32, .frame_owner = NONE, .frame_entry = NONE, \
	.code_file = 104, .code_name = 112, .code_qualname = NONE, .code_line = 40, \
	.code_table = 120, .code_start = 0, .text_ascii = 48, .text_other = 72

/* clang-format off */
static const struct zc_python_layout layouts[] = {
	{ .minor = 8, .lines = ZC_PYTHON_LNOTAB, .frame_at = 104, BEFORE_3_11 },
	{ .minor = 9, .lines = ZC_PYTHON_LNOTAB, .frame_at = 104, BEFORE_3_11 },
	{ .minor = 10, .lines = ZC_PYTHON_LINES_310, .frame_at = 96, BEFORE_3_11 },
	{ .minor = 11, .lines = ZC_PYTHON_LOCATIONS,
	  .interpreters = 40, .interp_next = 0, .interp_threads = 16, .thread_next = 8,
	  .thread_id = 160, .thread_frame = 56, .current = 8, .native_ids = true,
	  .frame_back = 48, .frame_code = 32, .frame_at = 56, .frame_owner = 69, .frame_entry = 68,
	  .code_file = 112, .code_name = 120, .code_qualname = 128, .code_line = 72,
	  .code_table = 136, .code_start = 184, .text_ascii = 48, .text_other = 72 },
	{ .minor = 12, .lines = ZC_PYTHON_LOCATIONS,
	  .interpreters = 40, .interp_next = 0, .interp_threads = 72, .thread_next = 8,
	  .thread_id = 144, .thread_frame = 56, .current = 0, .native_ids = true,
	  .frame_back = 8, .frame_code = 0, .frame_at = 56, .frame_owner = 70, .frame_entry = NONE,
	  .code_file = 112, .code_name = 120, .code_qualname = 128, .code_line = 68,
	  .code_table = 136, .code_start = 192, .text_ascii = 40, .text_other = 56 },
};
/* clang-format on */

/* ---- the version ---- */

const struct zc_python_layout *zc_python_layout_of(unsigned minor)
{
	for (size_t i = 0; i < ZC_LEN(layouts); i++)
		if (layouts[i].minor == minor)
			return &layouts[i];
	return NULL;
}

/* struct _Py_DebugOffsets of 3.13, in words. A later version has another one. */
static bool take_published(struct zc_peek *memory, uint64_t runtime, uint64_t word[ZC_PYTHON_WORDS],
			   struct zc_python_layout *ret)
{
	if (!zc_peek(memory, runtime, word, ZC_PYTHON_WORDS * sizeof(*word)) ||
	    !zc_equal(word, "xdebugpy", 8) || word[1] >> 16 != 0x030d)
		return false;
	for (unsigned i = 3; i < ZC_PYTHON_WORDS;
	     i++) /* sizes may be large: of the interpreter's state */
		if (i != 3 && i != 6 && word[i] >= (i < 19 ? 64 * OFFSET_MAX : OFFSET_MAX))
			return false;
	*ret = (struct zc_python_layout){
		.minor = 13,
		.lines = ZC_PYTHON_LOCATIONS,
		.native_ids = true,
		.interpreters = (uint32_t)word[5],
		.interp_next = (uint32_t)word[8],
		.interp_threads = (uint32_t)word[9],
		.thread_next = (uint32_t)word[21],
		.thread_frame = (uint32_t)word[23],
		.thread_id = (uint32_t)word[25],
		.current = NONE,
		.frame_back = (uint32_t)word[29],
		.frame_code = (uint32_t)word[30],
		.frame_at = (uint32_t)word[31],
		.frame_owner = (uint32_t)word[33],
		.frame_entry = NONE,
		.code_file = (uint32_t)word[35],
		.code_name = (uint32_t)word[36],
		.code_qualname = (uint32_t)word[37],
		.code_table = (uint32_t)word[38],
		.code_line = (uint32_t)word[39],
		.code_start = (uint32_t)word[43],
		.text_ascii = (uint32_t)word[70],
		.text_other = (uint32_t)word[70] + 16, /* its UTF-8 and the length of that */
	};
	return true;
}

/* Each of these came with a version, and stayed. */
static unsigned minor_by_exports(struct zc_peek *memory, const struct zc_exports *exports)
{
	static const struct {
		const char *name;
		unsigned minor;
	} newest[] = { { "PyIter_Send", 10 },
		       { "PyFrame_GetCode", 9 },
		       { "PyCode_NewWithPosOnlyArgs", 8 } };

	for (size_t i = 0; i < ZC_LEN(newest); i++)
		if (zc_export(memory, exports, newest[i].name))
			return newest[i].minor;
	return 0;
}

static bool find_layout(struct zc_peek *memory, const struct zc_exports *exports, uint64_t runtime,
			struct zc_python_work *work, struct zc_python_layout *ret)
{
	uint64_t place = zc_export(memory, exports, "Py_Version");
	const struct zc_python_layout *layout;
	uint32_t version = 0; /* as PY_VERSION_HEX */

	if (place && (!zc_peek(memory, place, &version, sizeof(version)) || version >> 24 != 3))
		return false;
	if (version >> 16 >= 0x030d)
		return take_published(memory, runtime, work->word, ret);
	layout = zc_python_layout_of(place ? version >> 16 & 0xff
					   : minor_by_exports(memory, exports));
	if (layout)
		zc_copy(ret, layout, sizeof(*ret));
	return layout != NULL;
}

bool zc_python_look(struct zc_peek *memory, const struct zc_exports *exports,
		    struct zc_python_work *work, struct zc_python *ret)
{
	zc_fill(ret, 0, sizeof(*ret));
	ret->runtime = zc_export(memory, exports, "_PyRuntime");
	if (!ret->runtime)
		return false;
	ret->code_type = zc_export(memory, exports, "PyCode_Type");
	ret->text_type = zc_export(memory, exports, "PyUnicode_Type");
	ret->bytes_type = zc_export(memory, exports, "PyBytes_Type");
	return ret->code_type && ret->text_type && ret->bytes_type &&
	       find_layout(memory, exports, ret->runtime, work, &ret->layout);
}
