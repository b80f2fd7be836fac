/* SPDX-License-Identifier: MIT */
/*
 * python.h - which lines of which Python files made a call.
 *
 * Looked up in the memory of the stopped tracee, by the layout of its CPython: 3.8 to 3.12 by a table
 * of our own, 3.13 by the offsets that the interpreter publishes for debuggers. Nothing there is
 * trusted: every read is bounded and counted, each object's type is compared with the interpreter's
 * own, and what does not fit gives no frames. Nothing runs in the tracee.
 *
 * Memory: the caller's. Fails: no frames.
 */
#ifndef ZC_TRACER_PYTHON_H
#define ZC_TRACER_PYTHON_H

#include "core/wire.h"
#include "tracer/caller.h"
#include "tracer/tracer.h"

/* Appends a LANG field when the tracee's thread is in Python; as many frames as fit. */
void zc_python_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
		   struct zc_frame_writer *writer);

/* ---- between python*.c ---- */

#define ZC_PYTHON_NONE UINT32_MAX /* this version has no such member */

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

struct zc_python {
	struct zc_python_layout layout;
	uint64_t runtime, code_type, text_type, bytes_type;
};

/* Reads of a tracee's memory that come to an end. */
struct zc_python_reader {
	pid_t tid;
	unsigned left;
};
bool zc_python_read(struct zc_python_reader *reader, uint64_t address, void *buffer, size_t len);

/* find.c: the interpreter that the tracee has mapped. */
bool zc_python_find(struct zc_tracee *tracee, struct zc_python_reader *reader,
		    struct zc_python *ret);

/*
 * lines.c, pure. The line of the instruction at byte offset at of the code (-2: not begun), out
 * of the table's first len bytes; 0: not known.
 */
uint32_t zc_python_line(enum zc_python_lines kind, const unsigned char *table, size_t len,
			uint32_t first_line, int64_t at);
/* UTF-8 of count characters, 1, 2 or 4 bytes each; what is no character becomes '?'. Returns its length. */
size_t zc_python_text(const unsigned char *chars, size_t count, unsigned width, char *ret,
		      size_t cap);

#endif
