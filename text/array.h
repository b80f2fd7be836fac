/* SPDX-License-Identifier: MIT */
/*
 * array.h - the one way in which arrays grow here: twice as large each time, overflow looked for.
 *
 * Memory: the caller's, to be freed with free(). Fails: NULL, and the array is as it was.
 */
#ifndef ZC_TEXT_ARRAY_H
#define ZC_TEXT_ARRAY_H

#include <stdlib.h>

/*
 * Makes room for one more behind the count that there are, size bytes each; the first room is for first of
 * them. Returns the array, which may have moved (and *cap is what it holds), or NULL.
 */
static inline void *zc_array_grow(void *array, size_t count, size_t *cap, size_t size, size_t first)
{
	size_t wanted = *cap ? *cap * 2 : first;
	void *more;

	if (count < *cap)
		return array;
	more = wanted < *cap ? NULL : reallocarray(array, wanted, size);
	if (more)
		*cap = wanted;
	return more;
}

#endif
