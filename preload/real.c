/* SPDX-License-Identifier: MIT */
/*
 * real.c - libc's own functions, found without dlsym: by walking the loader's list of modules.
 *
 * dlsym may allocate, takes locks, and needs a symbol version that old systems lack. The loader's
 * list (r_debug, kept for debuggers) and each module's hash table can be read at any time.
 */
#include <elf.h>
#include <link.h>

#include "preload/shim.h"

extern struct r_debug _r_debug ZC_WEAK;
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

void zc_real_start(const void *r_debug)
{
	zc_shim.r_debug = r_debug;
}

const struct link_map *zc_link_maps(void)
{
	const struct r_debug *root;

	if (!zc_shim.r_debug && &_r_debug)
		zc_shim.r_debug = &_r_debug;
	root = zc_shim.r_debug;
	return root ? root->r_map : NULL;
}

struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash, *sysv_hash;
	const uint16_t *versions;
};

/* glibc relocates these pointers in place, musl does not. */
static const void *pointer(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static void read_tables(const struct link_map *map, struct tables *t)
{
	*t = (struct tables){ 0 };
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn && dyn->d_tag != DT_NULL; dyn++) {
		switch (dyn->d_tag) {
		case DT_SYMTAB: t->symbols = pointer(map, dyn->d_un.d_ptr); break;
		case DT_STRTAB: t->strings = pointer(map, dyn->d_un.d_ptr); break;
		case DT_GNU_HASH: t->gnu_hash = pointer(map, dyn->d_un.d_ptr); break;
		case DT_HASH: t->sysv_hash = pointer(map, dyn->d_un.d_ptr); break;
		case DT_VERSYM: t->versions = pointer(map, dyn->d_un.d_ptr); break;
		default: break;
		}
	}
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Defined, and the default version: bit 15 marks the versions kept only for old programs. */
static const ElfW(Sym) * usable(const struct tables *t, uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &t->symbols[i];

	if (symbol->st_shndx == SHN_UNDEF || !same(t->strings + symbol->st_name, name))
		return NULL;
	return t->versions && (t->versions[i] & 0x8000) ? NULL : symbol;
}

static const ElfW(Sym) * by_gnu_hash(const struct tables *t, const char *name)
{
	uint32_t hash = 5381, buckets = t->gnu_hash[0], first = t->gnu_hash[1],
		 words = t->gnu_hash[2], i;
	const ElfW(Addr) *bloom = (const void *)(t->gnu_hash + 4);
	const uint32_t *bucket = (const void *)(bloom + words), *chain = bucket + buckets;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	if (!buckets)
		return NULL;
	i = bucket[hash % buckets];
	if (i < first)
		return NULL;
	for (;; i++) {
		const ElfW(Sym) * symbol;

		if ((chain[i - first] | 1) == (hash | 1) && (symbol = usable(t, i, name)))
			return symbol;
		if (chain[i - first] & 1)
			return NULL;
	}
}

static const ElfW(Sym) * by_sysv_hash(const struct tables *t, const char *name)
{
	uint32_t hash = 0, buckets = t->sysv_hash[0];
	const uint32_t *bucket = t->sysv_hash + 2, *chain = bucket + buckets;

	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	if (!buckets)
		return NULL;
	for (uint32_t i = bucket[hash % buckets]; i; i = chain[i]) {
		const ElfW(Sym) *symbol = usable(t, i, name);

		if (symbol)
			return symbol;
	}
	return NULL;
}

void *zc_next(const char *name)
{
	const struct link_map *map = zc_link_maps();
	bool behind = false;

	for (unsigned n = 0; map && n < 4096; map = map->l_next, n++) {
		const ElfW(Sym) *symbol = NULL;
		struct tables t;

		if (!behind) {
			behind = map->l_ld == (const void *)_DYNAMIC;
			continue;
		}
		read_tables(map, &t);
		if (!t.symbols || !t.strings)
			continue;
		if (t.gnu_hash)
			symbol = by_gnu_hash(&t, name);
		else if (t.sysv_hash)
			symbol = by_sysv_hash(&t, name);
		if (symbol && ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC)
			return (void *)(map->l_addr + symbol->st_value);
	}
	return NULL;
}
