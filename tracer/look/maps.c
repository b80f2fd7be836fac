/* SPDX-License-Identifier: MIT */
/*
 * maps.c - the executable mappings of a process, read from /proc/TID/maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/image.h"
#include "tracer/look/caller.h"
#include "tracer/look/look.h"
#include "tracer/look/maps.h"

#define MAPPINGS_MAX 4096u  /* executable ones of one process */
#define TEXT_MAX (8u << 20) /* bytes of /proc/TID/maps that are read */

struct list {
	unsigned refs, count, cap;
	struct zc_mapped *map; /* in rising order */
	void *kept;            /* caller.c's; for the list as it is now */
};

/* ---- lines ---- */

static const char *take_number(const char *at, const char *end, unsigned base, char stop,
			       uint64_t *ret)
{
	uint64_t value = 0;
	const char *start = at;

	for (; at < end; at++) {
		unsigned digit;

		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if (base == 16 && *at >= 'a' && *at <= 'f')
			digit = (unsigned)(*at - 'a') + 10;
		else
			break;
		if (value > (UINT64_MAX - digit) / base)
			return NULL;
		value = value * base + digit;
	}
	if (at == start || at == end || *at != stop)
		return NULL;
	*ret = value;
	return at + 1;
}

bool zc_maps_parse_line(const char *line, size_t len, struct zc_maps_line *ret)
{
	const char *at = line, *end = line + len;
	uint64_t major, minor;

	if (!(at = take_number(at, end, 16, '-', &ret->start)) ||
	    !(at = take_number(at, end, 16, ' ', &ret->end)) || end - at < 5 || at[4] != ' ' ||
	    ret->start >= ret->end)
		return false;
	ret->executable = at[2] == 'x';
	if (!(at = take_number(at + 5, end, 16, ' ', &ret->offset)) ||
	    !(at = take_number(at, end, 16, ':', &major)) ||
	    !(at = take_number(at, end, 16, ' ', &minor)))
		return false;
	ret->major = (unsigned)major;
	ret->minor = (unsigned)minor;
	ret->inode = 0;
	while (at < end && *at >= '0' && *at <= '9')
		ret->inode = ret->inode * 10 + (unsigned)(*at++ - '0');
	while (at < end && *at == ' ')
		at++;
	ret->name = at;
	ret->name_len = (size_t)(end - at);
	return true;
}

/* ---- the list ---- */

static void list_clear(struct list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free(list->map[i].name);
	list->count = 0;
}

static void list_unref(struct list *list)
{
	if (!list || --list->refs)
		return;
	list_clear(list);
	zc_caller_forget(list->kept);
	free(list->map);
	free(list);
}

static struct zc_mapped *list_add(struct list *list)
{
	if (list->count == list->cap) {
		unsigned cap = list->cap ? list->cap * 2 : 16;
		struct zc_mapped *map = cap <= MAPPINGS_MAX ? realloc(list->map, cap * sizeof(*map))
							    : NULL;

		if (!map)
			return NULL;
		list->map = map;
		list->cap = cap;
	}
	return &list->map[list->count++];
}

static struct list *list_of(struct zc_tracee *tracee)
{
	struct list *list = tracee->maps;

	if (!list) {
		list = calloc(1, sizeof(*list));
		if (list)
			list->refs = 1;
		tracee->maps = list;
	}
	return list;
}

static struct zc_mapped *find(struct list *list, uint64_t address)
{
	unsigned low = 0, high = list ? list->count : 0;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (list->map[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return list && low < list->count && list->map[low].start <= address ? &list->map[low]
									    : NULL;
}

/* ---- reading ---- */

struct reading {
	struct zc_tracee *tracee;
	struct list *old, fresh;
	uint64_t base, base_inode; /* where the file whose mappings come now begins */
	bool news;                 /* something has not been told */
	bool changed;              /* something was not there before */
};

static bool same(const struct zc_mapped *map, const struct zc_maps_line *line)
{
	if (map->start != line->start || map->end != line->end || map->inode != line->inode ||
	    !map->name)
		return false;
	return line->name_len ? map->name_len == line->name_len &&
					!memcmp(map->name, line->name, line->name_len)
			      : !map->bias;
}

static void take_line(struct reading *reading, const char *text, size_t len)
{
	struct zc_maps_line line;
	struct zc_mapped *map, *known;

	if (!zc_maps_parse_line(text, len, &line))
		return;
	if (line.offset == 0 &&
	    (line.inode || !line.executable || (line.name_len && *line.name == '['))) {
		reading->base = line.start;
		reading->base_inode = line.inode;
	}
	if (!line.executable || (line.name_len == 10 && !memcmp(line.name, "[vsyscall]", 10)))
		return;
	map = list_add(&reading->fresh);
	if (!map)
		return;
	known = find(reading->old, line.start);
	if (known && same(known, &line)) {
		*map = *known;
		known->name = NULL; /* moved */
		known->name_len = 0;
		reading->news |= !map->told;
		return;
	}
	*map = (struct zc_mapped){ .start = line.start,
				   .end = line.end,
				   .inode = line.inode,
				   .bias = line.start - line.offset };
	if (!line.name_len) { /* made by a compiler as it runs: known by its addresses only */
		line.name = "[anonymous]";
		line.name_len = 11;
		map->bias = 0;
	}
	map->name = malloc(line.name_len + 1);
	if (!map->name) {
		reading->fresh.count--;
		return;
	}
	memcpy(map->name, line.name, line.name_len);
	map->name[line.name_len] = '\0';
	map->name_len = (uint32_t)line.name_len;
	if (reading->base_inode == line.inode && reading->base &&
	    (line.inode || !memcmp(map->name, "[vdso]", 7)))
		zc_elf_identify(reading->tracee, reading->base, line.start, line.offset, map);
	map->hash = map->id_len ? zc_hash_bytes(map->id, map->id_len, 1)
				: zc_hash_bytes(map->name, map->name_len, 2);
	reading->news = reading->changed = true;
}

static void read_lines(struct reading *reading, int fd)
{
	static char text[32768];
	size_t have = 0, total = 0;

	while (total < TEXT_MAX) {
		ssize_t got = read(fd, text + have, sizeof(text) - have);
		char *start = text, *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
		total += (size_t)got;
		while ((end = memchr(start, '\n', have - (size_t)(start - text)))) {
			take_line(reading, start, (size_t)(end - start));
			start = end + 1;
		}
		have -= (size_t)(start - text);
		if (have == sizeof(text))
			have = 0; /* no line is that long */
		memmove(text, start, have);
	}
}

bool zc_mapped_refresh(struct zc_tracee *tracee)
{
	struct list *list = list_of(tracee);
	struct reading reading = { .tracee = tracee, .old = list };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", tracee->tid);
	fd = list ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	read_lines(&reading, fd);
	close(fd);
	if (reading.changed || list->count != reading.fresh.count)
		list->kept = zc_caller_forget(list->kept);
	list_clear(list);
	free(list->map);
	list->map = reading.fresh.map;
	list->count = reading.fresh.count;
	list->cap = reading.fresh.cap;
	return reading.news;
}

const struct zc_mapped *zc_mapped_find(struct zc_tracee *tracee, uint64_t address)
{
	const struct zc_mapped *map = find(tracee->maps, address);

	if (!map && zc_mapped_refresh(tracee))
		map = find(tracee->maps, address);
	return map;
}

const struct zc_mapped *zc_mapped_at(const struct zc_tracee *tracee, unsigned i)
{
	const struct list *list = tracee->maps;

	return list && i < list->count ? &list->map[i] : NULL;
}

/* ---- sharing ---- */

void zc_mapped_inherit(struct zc_tracee *child, const struct zc_tracee *parent, bool thread)
{
	const struct list *from = parent->maps;
	struct list *copy;

	if (child->maps || !from)
		return;
	if (thread) {
		child->maps = parent->maps;
		((struct list *)child->maps)->refs++;
		return;
	}
	copy = list_of(child);
	for (unsigned i = 0; copy && i < from->count; i++) {
		char *name = strdup(from->map[i].name);
		struct zc_mapped *map = name ? list_add(copy) : NULL;

		if (!map) {
			free(name);
			return;
		}
		*map = from->map[i];
		map->name = name;
	}
	if (copy)
		copy->kept = zc_caller_share(from->kept);
}

void **zc_mapped_kept(struct zc_tracee *tracee)
{
	struct list *list = list_of(tracee);

	return list ? &list->kept : NULL;
}

void zc_maps_release(struct zc_tracee *tracee)
{
	list_unref(tracee->maps);
	tracee->maps = NULL;
}

void zc_maps_forget(struct zc_tracee *tracee)
{
	zc_maps_release(tracee);
}

static size_t wire_maps(struct list *list, void *buffer, size_t cap, bool all)
{
	char *to = buffer;
	size_t len = 0;

	for (unsigned i = 0; list && i < list->count; i++) {
		struct zc_mapped *map = &list->map[i];
		size_t padded = (map->name_len + 7u) & ~7ul;
		struct zc_wire_map wire = { .start = map->start,
					    .end = map->end,
					    .bias = map->bias,
					    .name_len = map->name_len,
					    .build_id_len = map->id_len };

		if (map->told && !all)
			continue;
		if (len + sizeof(wire) + padded > cap)
			break;
		memcpy(wire.build_id, map->id, sizeof(wire.build_id));
		memcpy(to + len, &wire, sizeof(wire));
		memset(to + len + sizeof(wire), 0, padded);
		memcpy(to + len + sizeof(wire), map->name, map->name_len);
		len += sizeof(wire) + padded;
		map->told |= !all;
	}
	return len;
}

size_t zc_maps_wire(struct zc_tracee *tracee, void *buffer, size_t cap)
{
	return wire_maps(tracee->maps, buffer, cap, false);
}

size_t zc_mapped_wire(struct zc_tracee *tracee, void *buffer, size_t cap)
{
	return wire_maps(tracee->maps, buffer, cap, true);
}

size_t zc_maps_wire_all(struct zc_tracee *tracee, void *buffer, size_t cap)
{
	zc_mapped_refresh(tracee);
	return wire_maps(tracee->maps, buffer, cap, true);
}
