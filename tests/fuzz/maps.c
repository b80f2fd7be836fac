/* SPDX-License-Identifier: MIT */
/*
 * maps.c - what a tracee can make /proc/PID/maps and its own ELF notes say.
 *
 * The input is taken as lines of the one, and as a note segment.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/look/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_line(const char *line, size_t len)
{
	struct zc_maps_line parsed;
	char *copy = malloc(len ? len : 1); /* so that a byte too far is seen */

	if (!copy)
		abort();
	memcpy(copy, line, len);
	if (zc_maps_parse_line(copy, len, &parsed)) {
		if (parsed.start >= parsed.end || parsed.name < copy ||
		    parsed.name + parsed.name_len != copy + len)
			abort();
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zc_mapped mapped = { 0 };
	unsigned char *notes = calloc(1, size ? size : 1);
	const char *at = (const char *)data, *end = at + size;

	if (!notes)
		abort();
	if (size)
		memcpy(notes, data, size);
	zc_elf_build_id(notes, size, &mapped);
	if (mapped.id_len > sizeof(mapped.id))
		abort();
	free(notes);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		take_line(at, (size_t)(stop - at));
		at = stop + 1;
	}
	return 0;
}
