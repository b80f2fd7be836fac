/* SPDX-License-Identifier: MIT */
/*
 * flags.h - numbers of system calls as their manual pages spell them.
 *
 * Memory: the caller's buffer, always NUL-terminated. Fails: never; unknown bits stay hexadecimal.
 */
#ifndef ZC_TEXT_FLAGS_H
#define ZC_TEXT_FLAGS_H

#include "core/base.h"
#include "text/json.h"

/* "O_WRONLY|O_CREAT" into buffer; role is an enum zc_role. Returns false for roles without names. */
bool zc_flags_text(unsigned role, uint64_t value, char *buffer, size_t cap);
/* The same for every role: numbers, and addresses where nothing better is known. */
void zc_argument_text(unsigned role, uint64_t value, char *buffer, size_t cap);
/* "flags":["O_WRONLY","O_CREAT"] */
void zc_flags_write_open(struct zc_json *json, uint32_t flags);
const char *zc_family_name(int family);    /* "inet"; NULL: unknown */
const char *zc_socket_type_name(int type); /* "stream"; NULL: unknown */

#endif
