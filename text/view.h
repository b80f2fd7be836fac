/* SPDX-License-Identifier: MIT */
/*
 * view.h - JSON as it lies in memory: checked once, then looked into without a copy.
 *
 * A log of a million events is read line by line, and of most lines five members matter. A tree of
 * objects (json-c) costs 10 us and 150 allocations for such a line; checking it costs 1 us, and a view
 * is a pointer and a length. Whoever can write the log may have written anything: zc_view_parse()
 * accepts only well-formed JSON (RFC 8259) in strict UTF-8, nested ZC_VIEW_DEPTH deep at most, and
 * everything else here may then rely on that.
 *
 * Memory: the caller's text, which must outlive the views. Fails: a value that is not there, or of
 * another kind, is an empty view; every function takes one and answers nothing, zero or false.
 */
#ifndef ZC_TEXT_VIEW_H
#define ZC_TEXT_VIEW_H

#include "core/base.h"

#define ZC_VIEW_DEPTH 64u

struct zc_view {
	const char *at; /* first byte of a value; NULL: none */
	size_t len;
};

/* The one value in text, blanks around it allowed. Returns 0, -EINVAL, or -E2BIG when too deep. */
int zc_view_parse(struct zc_view *ret, const char *text, size_t len);

/* The same, and the members of the outermost object, *members of them at most, in the same pass. */
struct zc_member {
	struct zc_view key, value; /* the key with its quotes */
};
int zc_view_parse_members(struct zc_view *ret, const char *text, size_t len,
			  struct zc_member *member, size_t *members);

/* '{', '[', '"', '0' (a number), 't', 'f', 'n'; 0 for an empty view. */
char zc_view_kind(struct zc_view view);

/* A member, by names joined with dots: "object.path". */
struct zc_view zc_view_get(struct zc_view view, const char *path);

/* Several members in one walk: ret[i] is that called names[i], or empty. */
void zc_view_pick(struct zc_view object, const char *const *names, size_t count,
		  struct zc_view *ret);

/* The same from the members that zc_view_parse_members() kept. */
void zc_members_pick(const struct zc_member *member, size_t members, const char *const *names,
		     size_t count, struct zc_view *ret);

/* Members of an object or elements of an array, in order. */
struct zc_walk {
	const char *at, *end;
};
struct zc_walk zc_view_walk(struct zc_view view);
/* key (may be NULL) is the quoted name, empty for an element. Returns false at the end. */
bool zc_walk_next(struct zc_walk *walk, struct zc_view *ret_key, struct zc_view *ret_value);
size_t zc_view_count(struct zc_view view);

/* A string that needs no escapes and is exactly this one. */
bool zc_view_is(struct zc_view view, const char *plain);
bool zc_view_true(struct zc_view view);
/* A whole number from 0 on that fits; otherwise what is to be taken instead. */
uint64_t zc_view_uint(struct zc_view view, uint64_t otherwise);
int64_t zc_view_int(struct zc_view view, int64_t otherwise);
/* A string of up to 16 hex digits, with or without 0x. */
bool zc_view_hex(struct zc_view view, uint64_t *ret);

/*
 * The text of a string, decoded, into room for view.len bytes. It may hold NUL. Half a pair of
 * surrogates becomes U+FFFD. Returns the length; 0 for what is not a string.
 */
size_t zc_view_text(struct zc_view view, char *to);
/* The bytes of a base64 string, into room for view.len bytes. Returns false when it is none. */
bool zc_view_base64(struct zc_view view, char *to, size_t *ret_len);

#endif
