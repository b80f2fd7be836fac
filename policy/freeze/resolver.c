/* SPDX-License-Identifier: MIT */
/*
 * resolver.c - where a path leads: links followed one component at a time, each directory once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/image.h"
#include "policy/freeze/freeze.h"

#define LINKS_CAP 40 /* the kernel's own limit, path_resolution(7) */

/* Directories that were looked up already: a policy has many files in few directories. */
struct memo {
	const char *path, *real;
	uint64_t hash;
	size_t len, real_len;
	bool missing;
};

struct zc_resolver {
	struct memo *slots;
	size_t count, cap; /* cap: a power of two */
	struct zc_policy_set *memory;
	const char *root; /* "": ours */
};

struct zc_resolver *zc_resolver_new(const char *root)
{
	struct zc_policy_world nowhere = { 0 };
	struct zc_resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return NULL;
	resolver->root = root && root[1] ? root : "";
	resolver->cap = 1024;
	resolver->slots = calloc(resolver->cap, sizeof(*resolver->slots));
	resolver->memory = zc_policy_set_new(&nowhere);
	if (resolver->slots == NULL || resolver->memory == NULL)
		return zc_resolver_free(resolver);
	return resolver;
}

struct zc_resolver *zc_resolver_free(struct zc_resolver *resolver)
{
	if (resolver != NULL) {
		zc_policy_set_free(resolver->memory);
		free(resolver->slots);
		free(resolver);
	}
	return NULL;
}

static struct memo *slot_of(struct memo *slots, size_t cap, uint64_t hash, const char *path,
			    size_t len)
{
	size_t at = hash & (cap - 1);

	while (slots[at].path != NULL && (slots[at].hash != hash || slots[at].len != len ||
					  memcmp(slots[at].path, path, len) != 0))
		at = (at + 1) & (cap - 1);
	return &slots[at];
}

/* Forgetting is no mistake, only slower: failures to allocate are ignored. */
static void remember(struct zc_resolver *r, uint64_t hash, const char *path, size_t len,
		     const char *real, size_t real_len, bool missing)
{
	struct memo *slots, *slot;

	if (r->count * 2 >= r->cap) {
		slots = calloc(r->cap * 2, sizeof(*slots));
		if (slots == NULL)
			return;
		for (size_t i = 0; i < r->cap; i++)
			if (r->slots[i].path != NULL)
				*slot_of(slots, r->cap * 2, r->slots[i].hash, r->slots[i].path,
					 r->slots[i].len) = r->slots[i];
		free(r->slots);
		r->slots = slots;
		r->cap *= 2;
	}
	slot = slot_of(r->slots, r->cap, hash, path, len);
	slot->real = zc_set_copy(r->memory, real, real_len);
	slot->path = zc_set_copy(r->memory, path, len);
	if (slot->real == NULL)
		slot->path = NULL;
	slot->hash = hash;
	slot->len = len;
	slot->real_len = real_len;
	slot->missing = missing;
	r->count += slot->path != NULL;
}

/*
 * Is real + "/" + part a link that means something else to each process? Rules say /proc/self and
 * the observers bring what they see into that spelling.
 */
static bool stays(const char *real, size_t len, const char *part, size_t part_len)
{
	if (len < 5 || memcmp(real, "/proc", 5) != 0)
		return false;
	if (len == 5)
		return (part_len == 4 && memcmp(part, "self", 4) == 0) ||
		       (part_len == 11 && memcmp(part, "thread-self", 11) == 0);
	return real[5] == '/' &&
	       ((real[6] >= '0' && real[6] <= '9') || strncmp(real + 6, "self", 4) == 0 ||
		strncmp(real + 6, "thread-self", 11) == 0);
}

/* The path that has been walked so far, without a trailing slash; "" is the root. */
struct walk {
	char *real;
	size_t len, cap;
	int links;
	bool missing; /* it is not there, so nothing below it is a link */
	const char *root;
};

static int walk_path(struct walk *walk, const char *path);

static ssize_t read_link(const struct walk *walk, char *target, size_t cap)
{
	char path[2 * ZC_PATH_CAP];

	if (!*walk->root)
		return readlink(walk->real, target, cap);
	snprintf(path, sizeof(path), "%s%s", walk->root, walk->real);
	return readlink(path, target, cap);
}

static int walk_part(struct walk *walk, const char *part, size_t part_len)
{
	char target[ZC_PATH_CAP];
	size_t before = walk->len;
	ssize_t n;

	if (part_len == 0 || (part_len == 1 && part[0] == '.'))
		return 0;
	if (part_len == 2 && part[0] == '.' && part[1] == '.') {
		while (walk->len > 0 && walk->real[--walk->len] != '/')
			;
		walk->missing = false;
		return 0;
	}
	if (walk->len + part_len + 2 > walk->cap)
		return -ENAMETOOLONG;
	walk->real[walk->len] = '/';
	memcpy(walk->real + walk->len + 1, part, part_len);
	walk->len += part_len + 1;
	walk->real[walk->len] = '\0';
	if (walk->missing || stays(walk->real, before, part, part_len) || walk->links >= LINKS_CAP)
		return 0;
	n = read_link(walk, target, sizeof(target) - 1);
	walk->missing = n < 0 && errno == ENOENT;
	if (n <= 0)
		return 0;
	target[n] = '\0';
	walk->links++;
	walk->len = target[0] == '/' ? 0 : before;
	return walk_path(walk, target);
}

static int walk_path(struct walk *walk, const char *path)
{
	int r = 0;

	while (*path != '\0' && r == 0) {
		size_t len = strcspn(path, "/");

		r = walk_part(walk, path, len);
		path += len;
		path += *path == '/';
	}
	return r;
}

long zc_resolve(struct zc_resolver *resolver, const char *path, size_t len, char *ret, size_t cap)
{
	struct walk walk = { .real = ret, .cap = cap, .root = resolver->root };
	size_t at = 1, end;

	for (; at < len; at = end + 1) {
		uint64_t hash;
		struct memo *slot;
		int r;

		for (end = at; end < len && path[end] != '/';)
			end++;
		hash = zc_hash_bytes(path, end, 0);
		slot = slot_of(resolver->slots, resolver->cap, hash, path, end);
		if (slot->path != NULL && slot->real_len < cap) {
			memcpy(walk.real, slot->real, slot->real_len + 1);
			walk.len = slot->real_len;
			walk.missing = slot->missing;
			continue;
		}
		walk.links = 0;
		r = walk_part(&walk, path + at, end - at);
		if (r < 0)
			return r;
		walk.real[walk.len] = '\0';
		if (end < len)
			remember(resolver, hash, path, end, walk.real, walk.len, walk.missing);
	}
	if (walk.len == 0 && cap >= 2)
		walk.real[walk.len++] = '/';
	walk.real[walk.len] = '\0';
	return (long)walk.len;
}
