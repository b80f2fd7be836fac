/* SPDX-License-Identifier: MIT */
/*
 * python.h - which lines of which Python files made a call.
 *
 * Looked up in the memory of the process that made it, by the layout of its CPython: 3.8 to 3.12 by a
 * table of our own, 3.13 by the offsets that the interpreter publishes for debuggers. From outside
 * (tracer/look/lang.c) and from inside (preload/lang.c) it is the same walk, over a function that reads
 * or says that it cannot. Nothing there is trusted: every read is bounded and counted, each object's type
 * is compared with the interpreter's own, and what does not fit gives no frames. Nothing of the
 * interpreter is called.
 *
 *   python_find.c    is a mapped file an interpreter, and which version?
 *   python_frames.c  the walk over the thread's frames
 *   python_lines.c   from a code object's tables to lines; decoding alone
 *
 * Context: anywhere. Memory: the caller's. Fails: no frames.
 */
#ifndef ZC_CORE_PYTHON_H
#define ZC_CORE_PYTHON_H

#include "core/lang/exports.h"
#include "core/lang/field.h"

#define ZC_PYTHON_NONE UINT32_MAX /* this version has no such member */
#define ZC_PYTHON_OBJECT 256u     /* bytes of a frame or a code object that are looked at */
#define ZC_PYTHON_WORDS 71u       /* of the offsets that 3.13 publishes */

enum zc_python_lines { ZC_PYTHON_LNOTAB, ZC_PYTHON_LINES_310, ZC_PYTHON_LOCATIONS };

/* Where things are in the structures of one version. */
struct zc_python_layout {
	unsigned minor;
	enum zc_python_lines lines;
	uint32_t interpreters;                                  /* in _PyRuntime */
	uint32_t interp_next, interp_threads;                   /* in PyInterpreterState */
	uint32_t thread_next, thread_id, thread_frame, current; /* current: behind thread_frame */
	bool native_ids; /* thread_id is the kernel's number; else pthread_self() */
	uint32_t frame_back, frame_code, frame_at, frame_owner, frame_entry;
	uint32_t code_file, code_name, code_qualname, code_line, code_table, code_start;
	uint32_t text_ascii, text_other; /* where the characters begin */
};
/* Of the versions that do not publish theirs; NULL for others. */
const struct zc_python_layout *zc_python_layout_of(unsigned minor);

/* An interpreter: addresses in the process that has it. */
struct zc_python {
	struct zc_python_layout layout;
	uint64_t runtime, code_type, text_type, bytes_type;
};

/* What looking and walking work in, so that it lies on no stack. Contents do not matter. */
struct zc_python_work {
	union {
		uint64_t word[ZC_PYTHON_WORDS];
		struct {
			unsigned char frame[ZC_PYTHON_OBJECT], code[ZC_PYTHON_OBJECT];
			unsigned char chars[4 * ZC_LANG_TEXT_MAX];
			char function[ZC_LANG_TEXT_MAX], file[ZC_LANG_TEXT_MAX];
			unsigned char table[65536]; /* as much of a line table as is looked at */
		} walk;
	};
};

/* Is the file that exports this an interpreter of a known version? */
bool zc_python_look(struct zc_peek *memory, const struct zc_exports *exports,
		    struct zc_python_work *work, struct zc_python *ret);

/* Appends a LANG field when the thread is in Python; as many frames as fit. */
void zc_python_put(const struct zc_python *python, struct zc_peek *memory,
		   const struct zc_lang_thread *who, struct zc_python_work *work,
		   struct zc_frame_writer *writer);

/*
 * python_lines.c, pure. The line of the instruction at byte offset at of the code (-2: not begun), out
 * of the table's first len bytes; 0: not known.
 */
uint32_t zc_python_line(enum zc_python_lines kind, const unsigned char *table, size_t len,
			uint32_t first_line, int64_t at);
/* UTF-8 of count characters, 1, 2 or 4 bytes each; what is no character becomes '?'. Returns its length. */
size_t zc_python_text(const unsigned char *chars, size_t count, unsigned width, char *ret,
		      size_t cap);

#endif
