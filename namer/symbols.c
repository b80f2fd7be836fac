/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - which function: ELF symbol tables.
 */
#include <stdlib.h>
#include <string.h>

#include "namer/namer.h"

#define SYMBOLS_MAX (8u << 20)
#define WALK_BACK 64u /* symbols before the nearest that may still hold the address */

/* Global before weak before local; a plain name before one with underscores in front. */
static uint8_t rank_of(const GElf_Sym *sym, const char *name)
{
	unsigned binding = GELF_ST_BIND(sym->st_info);
	uint8_t rank = binding == STB_GLOBAL ? 8 : binding == STB_WEAK ? 4 : 0;

	return (uint8_t)(rank + (name[0] != '_' ? 2 : name[1] != '_' ? 1 : 0));
}

static int by_address(const void *left, const void *right)
{
	const struct zc_namer_symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	/* The later one is shown: the shorter, open rather than open64 or a version of it. */
	size_t a_len = strlen(a->name), b_len = strlen(b->name);

	return a_len != b_len ? (a_len > b_len ? -1 : 1) : strcmp(a->name, b->name);
}

static bool take(struct zc_namer_symbols *symbols, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	if (!sym->st_size || sym->st_shndx == SHN_UNDEF || !name || !*name ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
	    sym->st_value + sym->st_size < sym->st_value)
		return false;
	symbols->symbol[symbols->count++] =
		(struct zc_namer_symbol){ sym->st_value, sym->st_size, name, rank_of(sym, name) };
	return true;
}

bool zc_namer_read_symbols(struct zc_namer_symbols *symbols, Elf *elf, uint32_t type)
{
	Elf_Scn *section = NULL;
	Elf_Data *data = NULL;
	GElf_Shdr shdr = { 0 };
	size_t total;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == type)
			break;
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !data->d_buf || !shdr.sh_entsize)
		return false;
	total = data->d_size / shdr.sh_entsize;
	symbols->symbol = total && total < SYMBOLS_MAX ? malloc(total * sizeof(*symbols->symbol))
						       : NULL;
	symbols->count = 0;
	for (size_t i = 0; symbols->symbol && i < total; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		take(symbols, &sym, elf_strptr(elf, shdr.sh_link, sym.st_name));
	}
	if (symbols->count)
		qsort(symbols->symbol, symbols->count, sizeof(*symbols->symbol), by_address);
	return symbols->count > 0;
}

const struct zc_namer_symbol *zc_namer_symbol(const struct zc_namer_symbols *symbols,
					      uint64_t address)
{
	size_t low = 0, high = symbols->count, back;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (back = 0; low-- > 0 && back < WALK_BACK; back++)
		if (address - symbols->symbol[low].address < symbols->symbol[low].size)
			return &symbols->symbol[low];
	return NULL;
}
