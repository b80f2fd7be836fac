/* SPDX-License-Identifier: MIT */
/*
 * path.c - joining, folding and comparing paths as text.
 */
#include <errno.h>

#include "core/mem.h"
#include "core/path.h"

/* Appends one component, folding "." and "..". Returns the new length or -ENAMETOOLONG. */
static long push(char *buffer, size_t cap, size_t len, const char *part, size_t part_len)
{
	if (part_len == 0 || (part_len == 1 && part[0] == '.'))
		return (long)len;
	if (part_len == 2 && part[0] == '.' && part[1] == '.') {
		while (len > 0 && buffer[len - 1] != '/')
			len--;
		return (long)(len > 0 ? len - 1 : 0);
	}
	if (len + 1 + part_len + 1 > cap)
		return -ENAMETOOLONG;
	buffer[len++] = '/';
	zc_copy(buffer + len, part, part_len);
	return (long)(len + part_len);
}

static long push_all(char *buffer, size_t cap, long len, const char *path, size_t path_len)
{
	size_t at = 0;

	while (at < path_len && len >= 0) {
		size_t end = at;

		while (end < path_len && path[end] != '/')
			end++;
		len = push(buffer, cap, (size_t)len, path + at, end - at);
		at = end + 1;
	}
	return len;
}

long zc_path_join(char *buffer, size_t cap, const char *base, size_t base_len, const char *path,
		  size_t path_len)
{
	long len = 0;

	if (cap < 2)
		return -ENAMETOOLONG;
	if (path_len == 0 || path[0] != '/')
		len = push_all(buffer, cap, 0, base, base_len);
	return len < 0 ? len : zc_path_append(buffer, cap, (size_t)len, path, path_len);
}

long zc_path_append(char *buffer, size_t cap, size_t base_len, const char *path, size_t path_len)
{
	long len = push_all(buffer, cap, base_len == 1 ? 0 : (long)base_len, path, path_len);

	if (len < 0)
		return len;
	if (len == 0)
		buffer[len++] = '/';
	buffer[len] = '\0';
	return len;
}

bool zc_path_under(const char *path, size_t path_len, const char *dir, size_t dir_len)
{
	if (dir_len == 1 && dir[0] == '/')
		return true;
	return path_len >= dir_len && zc_equal(path, dir, dir_len) &&
	       (path_len == dir_len || path[dir_len] == '/');
}

size_t zc_path_parent(const char *path, size_t path_len)
{
	while (path_len > 1 && path[path_len - 1] != '/')
		path_len--;
	return path_len > 1 ? path_len - 1 : 1;
}

bool zc_path_last(const char *path, size_t path_len, size_t *ret_base, size_t *ret_base_len)
{
	size_t end = path_len, base;

	while (end > 0 && path[end - 1] == '/')
		end--;
	base = end;
	while (base > 0 && path[base - 1] != '/')
		base--;
	*ret_base = base;
	*ret_base_len = end - base;
	return end > base && !(end - base == 1 && path[base] == '.') &&
	       !(end - base == 2 && path[base] == '.' && path[base + 1] == '.');
}

bool zc_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len)
{
	size_t p = 0, t = 0, star = (size_t)-1, mark = 0;

	while (t < len) {
		if (p < pattern_len && pattern[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern_len && pattern[p] == text[t]) {
			p++, t++;
		} else if (star != (size_t)-1) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}
