/* SPDX-License-Identifier: MIT */
/*
 * names.c - which function: libelf symbol tables.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/stack/module_file.h"

#define SYMBOLS_MAX (8u << 20)
#define TEXT_MAX (256u << 20)
#define WALK_BACK 64u /* symbols before the nearest that may still hold the address */

struct symbol {
	uint64_t address, size;
	uint32_t name;
	uint8_t rank; /* among symbols of one address the highest is shown */
};

struct zc_module_names {
	struct symbol *symbol;
	size_t count;
	char *text; /* the string table, NUL-terminated */
	size_t text_len;
};

void zc_module_names_free(struct zc_module *module)
{
	if (!module->names)
		return;
	free(module->names->symbol);
	free(module->names->text);
	free(module->names);
	module->names = NULL;
}

/* Global before weak before local; a plain name before one with underscores in front. */
static uint8_t rank_of(const GElf_Sym *sym, const char *name)
{
	unsigned binding = GELF_ST_BIND(sym->st_info);
	uint8_t rank = binding == STB_GLOBAL ? 8 : binding == STB_WEAK ? 4 : 0;

	return (uint8_t)(rank + (name[0] != '_' ? 2 : name[1] != '_' ? 1 : 0));
}

static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

static bool take_symbols(struct zc_module_names *names, Elf_Data *data, size_t total)
{
	names->symbol = malloc((total ? total : 1) * sizeof(*names->symbol));
	for (size_t i = 0; names->symbol && i < total; i++) {
		GElf_Sym sym;
		unsigned type;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		type = GELF_ST_TYPE(sym.st_info);
		if (!sym.st_size || sym.st_shndx == SHN_UNDEF || sym.st_name >= names->text_len ||
		    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
		    sym.st_value + sym.st_size < sym.st_value || !names->text[sym.st_name])
			continue;
		names->symbol[names->count++] =
			(struct symbol){ sym.st_value, sym.st_size, sym.st_name,
					 rank_of(&sym, names->text + sym.st_name) };
	}
	if (names->symbol && names->count)
		qsort(names->symbol, names->count, sizeof(*names->symbol), by_address);
	return names->symbol != NULL;
}

/* Copies what a symbol table section holds; the file need not stay open after that. */
static bool read_table(struct zc_module *module, Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr,
		       struct zc_module_names *names)
{
	Elf_Scn *link = elf_getscn(elf, shdr->sh_link);
	Elf_Data *data, *strings;
	GElf_Shdr link_shdr;
	size_t total;

	if (!link || !gelf_getshdr(link, &link_shdr) || link_shdr.sh_type != SHT_STRTAB ||
	    link_shdr.sh_size > TEXT_MAX || !shdr->sh_entsize ||
	    shdr->sh_size / shdr->sh_entsize > SYMBOLS_MAX)
		return false;
	total = (size_t)(shdr->sh_size / shdr->sh_entsize);
	data = elf_getdata(section, NULL);
	strings = elf_getdata(link, NULL);
	if (!data || !data->d_buf || !strings || !strings->d_buf || !strings->d_size ||
	    !zc_module_charge(module, strings->d_size + total * sizeof(struct symbol)))
		return false;
	names->text = malloc(strings->d_size + 1);
	if (!names->text)
		return false;
	memcpy(names->text, strings->d_buf, strings->d_size);
	names->text[strings->d_size] = '\0';
	for (size_t i = 0; i < strings->d_size; i++)
		if (names->text[i] == '@') /* a version is not part of the name */
			names->text[i] = '\0';
	names->text_len = strings->d_size;
	return take_symbols(names, data, total);
}

static bool read_first(struct zc_module *module, Elf *elf, unsigned type,
		       struct zc_module_names *ret)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == type)
			return read_table(module, elf, section, &shdr, ret) && ret->count;
	return false;
}

/* Takes the symbols of the first table of that type. */
static bool load_from(struct zc_module *module, int fd, unsigned type)
{
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	struct zc_module_names names = { 0 };
	bool found = elf && read_first(module, elf, type, &names);

	if (found) {
		*module->names = names;
	} else {
		free(names.symbol);
		free(names.text);
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}

/* The whole table where there is one, in the file or in a separate one; else what is exported. */
static void load_names(struct zc_module *module)
{
	module->names = calloc(1, sizeof(*module->names));
	if (module->names && !zc_module_trouble(module) &&
	    !load_from(module, zc_module_open(module), SHT_SYMTAB) &&
	    !load_from(module, zc_module_open_debug(module), SHT_SYMTAB))
		load_from(module, zc_module_open(module), SHT_DYNSYM);
}

const char *zc_module_symbol(struct zc_module *module, uint64_t address, uint64_t *ret_offset)
{
	const struct zc_module_names *names;
	size_t low = 0, high, back;

	if (!module->names)
		load_names(module);
	names = module->names;
	if (!names || !names->count)
		return NULL;
	for (high = names->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (names->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (back = 0; low-- > 0 && back < WALK_BACK; back++) {
		const struct symbol *symbol = &names->symbol[low];

		if (address - symbol->address >= symbol->size)
			continue;
		*ret_offset = address - symbol->address;
		return names->text + symbol->name;
	}
	return NULL;
}
