/* SPDX-License-Identifier: MIT */
/*
 * field.h - whose frames are asked for, and the LANG field that they go into.
 *
 * Context: anywhere. Memory: the frame's. Fails: false, when there is no room.
 */
#ifndef ZC_CORE_LANG_FIELD_H
#define ZC_CORE_LANG_FIELD_H

#include "core/wire/wire.h"

struct zc_lang_thread {
	int32_t tid;    /* as the process itself knows it */
	bool is_leader; /* the first thread of its process: it may be a child on its way to exec */
	uint64_t self;  /* its pthread_self(); 0: not known, then glibc's thread is looked into */
	const void *stack; /* a copy of its innermost part */
	size_t stack_len;
	uint64_t stack_at; /* where that was */
	bool is_copy;      /* the memory that is read is that of the process it was forked from */
};

struct zc_lang_field {
	char *bytes; /* NULL: no room */
	size_t len, cap;
	size_t before; /* of the frame, without it */
	struct zc_wire_lang *last;
};
/* The field is open until it is ended, and nothing else may be appended meanwhile. */
bool zc_lang_field_begin(struct zc_lang_field *field, struct zc_frame_writer *writer);
bool zc_lang_field_add(struct zc_lang_field *field, const struct zc_wire_lang *lang,
		       const char *function, const char *file);
/* Without frames there is no field. */
void zc_lang_field_end(struct zc_lang_field *field, struct zc_frame_writer *writer);

#endif
