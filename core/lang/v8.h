/* SPDX-License-Identifier: MIT */
/*
 * v8.h - which lines of which JavaScript files made a call: Node and what else embeds V8.
 *
 * V8 exports where things are in its frames and objects (symbols v8dbg_*), for debuggers of dead
 * processes. By these facts frames are read as python.h has it: through a function that reads or says
 * that it cannot, from outside or from inside, with every read bounded and counted, each object's type
 * compared, and nothing of V8 called. What does not fit gives no frames.
 *
 * A frame of V8 is found by its frame pointer. Code of C++ between them need not have any, so each place
 * of the copied stack is looked at, and what looks like a frame of JavaScript is told with how deep it
 * lies. Remains of calls that are over look like that too: whoever unwinds the stack knows
 * which frame pointers are real, and drops the others (evidence/stack/lang.c).
 *
 * Context: anywhere. Memory: the caller's. Fails: no frames.
 */
#ifndef ZC_CORE_V8_H
#define ZC_CORE_V8_H

#include "core/lang/exports.h"
#include "core/lang/field.h"

/*
 * Facts: a name of ours, whether there can be frames without it, and the symbol; or the symbols, of which
 * versions of V8 have one each.
 */
#define ZC_V8_FACTS_LIST(X) \
	X(FP_FUNCTION, true, "off_fp_function") \
	X(FP_CONTEXT, true, "off_fp_context") \
	X(FP_BYTECODE, true, "off_fp_bytecode_array") \
	X(FP_OFFSET, true, "off_fp_bytecode_offset") \
	X(ENTRY_FRAME, true, "frametype_EntryFrame") \
	X(CONSTRUCT_ENTRY_FRAME, true, "frametype_ConstructEntryFrame") \
	X(SMI_SHIFT, true, "SmiShiftSize") \
	X(OBJECT_MAP, true, "class_HeapObject__map__Map") \
	X(MAP_TYPE, true, "class_Map__instance_type__uint16_t") \
	X(FUNCTION_SHARED, true, "class_JSFunction__shared__SharedFunctionInfo") \
	X(FUNCTION_CELL, false, \
	  "class_JSFunction__raw_feedback_cell__FeedbackCell" \
	  " " \
	  "class_JSFunction__raw_feedback_cell__Tagged_FeedbackCell_") \
	X(CELL_VALUE, false, \
	  "class_FeedbackCell__value__HeapObject" \
	  " " \
	  "class_FeedbackCell__value__Tagged_HeapObject_") \
	X(SHARED_NAME, true, \
	  "class_SharedFunctionInfo__name_or_scope_info__Object" \
	  " " \
	  "class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_" \
	  " " \
	  "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_") \
	X(SHARED_SCRIPT, true, \
	  "class_SharedFunctionInfo__script_or_debug_info__HeapObject" \
	  " " \
	  "class_SharedFunctionInfo__script_or_debug_info__Object" \
	  " " \
	  "class_SharedFunctionInfo__script__Tagged_HeapObject_") \
	X(SCRIPT_NAME, true, "class_Script__name__Object") \
	X(SCRIPT_SOURCE, true, "class_Script__source__Object") \
	X(STRING_LENGTH, true, "class_String__length__int32_t") \
	X(ONE_BYTE_CHARS, true, "class_SeqOneByteString__chars__char") \
	X(TWO_BYTE_CHARS, true, "class_SeqTwoByteString__chars__char") \
	X(CONS_FIRST, true, "class_ConsString__first__String") \
	X(CONS_SECOND, true, "class_ConsString__second__String") \
	X(SLICED_PARENT, true, "class_SlicedString__parent__String") \
	X(SLICED_OFFSET, true, "class_SlicedString__offset__SMI") \
	X(THIN_ACTUAL, true, "class_ThinString__actual__String") \
	X(EXTERNAL_RESOURCE, true, "class_ExternalString__resource__Object") \
	X(ARRAY_LENGTH, true, "class_FixedArrayBase__length__SMI") \
	X(ARRAY_DATA, true, "class_FixedArray__data__uintptr_t") \
	X(BYTECODE_DATA, true, "class_BytecodeArray__data__uintptr_t") \
	X(CODE_OFFSETS, false, "class_Code__bytecode_offset_table__ByteArray") \
	X(CODE_POSITIONS, false, "class_Code__source_position_table__ByteArray") \
	X(CODE_DEOPT, false, "class_Code__deoptimization_data__FixedArray") \
	X(DEOPT_LITERALS, false, "DeoptimizationDataLiteralArrayIndex") \
	X(DEOPT_INLINED, false, "DeoptimizationDataInliningPositionsIndex") \
	X(SCOPE_LOCALS, true, "scopeinfo_idx_ncontextlocals") \
	X(SCOPE_FIRST, true, "scopeinfo_idx_first_vars") \
	X(NOT_STRING, true, "IsNotStringMask") \
	X(STRING_KIND, true, "StringRepresentationMask") \
	X(STRING_CONS, true, "ConsStringTag") \
	X(STRING_EXTERNAL, true, "ExternalStringTag") \
	X(STRING_SLICED, true, "SlicedStringTag") \
	X(STRING_THIN, true, "ThinStringTag") \
	X(STRING_ENCODING, true, "StringEncodingMask") \
	X(TYPE_SHARED, true, "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE") \
	X(TYPE_SCRIPT, true, "type_Script__SCRIPT_TYPE") \
	X(TYPE_SCOPE, true, "type_ScopeInfo__SCOPE_INFO_TYPE") \
	X(TYPE_BYTECODE, true, "type_BytecodeArray__BYTECODE_ARRAY_TYPE") \
	X(TYPE_BYTES, true, "type_ByteArray__BYTE_ARRAY_TYPE") \
	X(TYPE_TRUSTED_BYTES, false, "type_TrustedByteArray__TRUSTED_BYTE_ARRAY_TYPE") \
	X(TYPE_CODE, false, "type_Code__CODE_TYPE")

#define ZC_V8_FACT(name, needed, symbols) ZC_V8_##name,
enum zc_v8_fact { ZC_V8_FACTS_LIST(ZC_V8_FACT) ZC_V8_FACTS };
#undef ZC_V8_FACT

#define ZC_V8_UNKNOWN INT32_MIN
#define ZC_V8_TABLE 65536u   /* bytes of a table that are looked at */
#define ZC_V8_CHUNK 8192u    /* characters of a script whose lines are counted at once */
#define ZC_V8_CHUNKS 512u    /* beyond them there are no lines */
#define ZC_V8_SCRIPTS 4u     /* whose counts are kept during a walk */
#define ZC_V8_BYTECODES 256u /* kinds of instructions there may be */

/* One V8: facts, and addresses in the process that has it. */
struct zc_v8 {
	int32_t fact[ZC_V8_FACTS];
	uint64_t code_start, code_end; /* its own machine code, builtins included */
	uint64_t sizes;                /* how long instructions are: three rows; 0: not known */
	uint32_t size_count;           /* of a row */
};

struct zc_v8_lines {
	uint64_t source;
	uint32_t known;                /* chunks that were counted */
	uint32_t before[ZC_V8_CHUNKS]; /* line ends before each */
};

/* What walking works in, so that it lies on no stack. Contents do not matter. */
struct zc_v8_work {
	unsigned char table[ZC_V8_TABLE], code[ZC_V8_TABLE];
	unsigned char sizes[3 * ZC_V8_BYTECODES];
	unsigned char chars[2 * ZC_V8_CHUNK];
	char function[ZC_LANG_TEXT_MAX], file[ZC_LANG_TEXT_MAX];
	struct zc_v8_lines lines[ZC_V8_SCRIPTS];
};

/* Does the file that exports this hold a V8 that says what is needed? */
bool zc_v8_look(struct zc_peek *memory, const struct zc_exports *exports, struct zc_v8 *ret);

/* Appends a LANG field when the thread is in JavaScript; as many frames as fit. */
void zc_v8_put(const struct zc_v8 *v8, struct zc_peek *memory, const struct zc_lang_thread *who,
	       struct zc_v8_work *work, struct zc_frame_writer *writer);

/* ---- between the parts of it ---- */

struct zc_v8_walk {
	const struct zc_v8 *v8;
	struct zc_peek *memory;
	const struct zc_lang_thread *who;
	struct zc_v8_work *work;
	struct zc_lang_field field;
	bool has_sizes;
};

static inline int32_t zc_v8_fact(const struct zc_v8_walk *walk, enum zc_v8_fact fact)
{
	return walk->v8->fact[fact];
}
/* A member, of a fact's offset, of a tagged object. */
bool zc_v8_word(struct zc_v8_walk *walk, uint64_t object, int32_t offset, uint64_t *ret);
/* What kind of object it is; -1: none. */
int zc_v8_type(struct zc_v8_walk *walk, uint64_t object);
bool zc_v8_is(struct zc_v8_walk *walk, uint64_t object, enum zc_v8_fact type);
/* Is it a small number, and which? */
bool zc_v8_smi(uint64_t word, int32_t *ret);

/* v8_text.c. A string as UTF-8, up to ZC_LANG_TEXT_MAX bytes. Returns false for what is none. */
bool zc_v8_text(struct zc_v8_walk *walk, uint64_t object, char *ret, uint16_t *ret_len);
/* The line that character position of the script's source is in; 0: not known. */
uint32_t zc_v8_line_of(struct zc_v8_walk *walk, uint64_t script, int32_t position);

/* v8_shared.c. What a function is called, where it begins; which script it is of. */
struct zc_v8_function {
	uint64_t shared, script;
	uint16_t name_len; /* in work->function */
	int32_t start;     /* in the source; -1: not known */
};
bool zc_v8_function(struct zc_v8_walk *walk, uint64_t shared, struct zc_v8_function *ret);

/* v8_code.c. Where in the source a frame is: its function, and those that were compiled into it. */
#define ZC_V8_INLINED 8u

struct zc_v8_frame {
	uint64_t fp, pc; /* where it goes on; 0: not known */
	uint64_t function, shared, bytecode, offset;
};
struct zc_v8_place {
	uint64_t shared;
	int32_t position; /* -1: not known */
};
/* Innermost first; there is at least one. Returns how many. */
unsigned zc_v8_places(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
		      struct zc_v8_place ret[ZC_V8_INLINED]);

/*
 * v8_tables.c, pure. Numbers of seven bits a byte, the lowest first; 128 says that more follow.
 */
bool zc_v8_number(const unsigned char *table, size_t len, size_t *at, uint64_t *ret);

#define ZC_V8_NOWHERE UINT64_MAX
/*
 * Finds in a table of source positions the last entry at or before offset at of code that is code_len
 * bytes long: ZC_V8_NOWHERE when there is none. Returns false for what is no such table.
 */
bool zc_v8_position(const unsigned char *table, size_t len, uint64_t code_len, uint64_t at,
		    uint64_t *ret);
/* Parts of a position: the character (-1: none), and which inlined function it is in (-1: none). */
int32_t zc_v8_position_char(uint64_t position);
int32_t zc_v8_position_inlined(uint64_t position);
/*
 * The instruction at machine code offset pc of a function that was compiled one by one: offsets has
 * how long the code of each is, sizes (three rows of count) how long each instruction is itself.
 */
bool zc_v8_instruction(const unsigned char *offsets, size_t len, const unsigned char *code,
		       size_t code_len, const unsigned char *sizes, uint32_t count, uint64_t pc,
		       uint64_t *ret);
/* Line ends among characters of 1 or 2 bytes. after: the character before them, and the last of them. */
uint32_t zc_v8_line_ends(const unsigned char *chars, size_t count, unsigned width, uint32_t *after);
/* UTF-8 of Latin-1 (width 1) or UTF-16; a half of a pair becomes '?'. Returns its length. */
size_t zc_v8_utf8(const unsigned char *chars, size_t count, unsigned width, char *ret, size_t cap);
/* In place: a file URL becomes the path that it means; anything else stays. Returns the new length. */
uint16_t zc_v8_path_of_url(char *text, uint16_t len);

#endif
