/* SPDX-License-Identifier: MIT */
/*
 * lines.c - which source line: libdw over the debug data of a module, or of its separate file.
 */
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/module_file.h"

#define OPEN_MAX_FILES 64u       /* each keeps a descriptor */
#define UNITS_MAX 20000u         /* looked through for one address */
#define DEBUG_MAX (512ull << 20) /* bytes of a file whose debug data is read */

struct zc_module_lines {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
};

static unsigned open_files;

static void close_file(struct zc_module_lines *lines)
{
	if (lines->fd < 0)
		return;
	dwarf_end(lines->dwarf);
	elf_end(lines->elf);
	close(lines->fd);
	*lines = (struct zc_module_lines){ .fd = -1 };
	open_files--;
}

void zc_module_lines_free(struct zc_module *module)
{
	if (module->lines)
		close_file(module->lines);
	free(module->lines);
	module->lines = NULL;
}

/*
 * Has the debug data a part in another file? libdw would open whatever name the section holds, a
 * FIFO too; only the distribution's own debug files may send it there.
 */
static bool leads_elsewhere(Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t strings;
	GElf_Shdr shdr;

	if (elf_getshdrstrndx(elf, &strings))
		return true;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;

		if (name && (!strcmp(name, ".gnu_debugaltlink") || !strcmp(name, ".debug_sup") ||
			     !strcmp(name, ".debug_addr.dwo")))
			return true;
	}
	return false;
}

static bool open_file(struct zc_module_lines *lines, int fd, bool own)
{
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	lines->fd = fd;
	if (fd < 0)
		return false;
	open_files++;
	if (size >= 0 && (uint64_t)size <= DEBUG_MAX)
		lines->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (lines->elf && !(own && leads_elsewhere(lines->elf)))
		lines->dwarf = dwarf_begin_elf(lines->elf, DWARF_C_READ, NULL);
	if (!lines->dwarf)
		close_file(lines);
	return lines->dwarf != NULL;
}

static void load(struct zc_module *module)
{
	module->lines = calloc(1, sizeof(*module->lines));
	if (!module->lines)
		return;
	module->lines->fd = -1;
	if (zc_module_trouble(module) || open_files >= OPEN_MAX_FILES)
		return;
	if (!open_file(module->lines, zc_module_open(module), true))
		open_file(module->lines, zc_module_open_debug(module), false);
}

/* The compilation unit of an address: by the index where there is one (gcc), else one by one. */
static bool unit_of(Dwarf *dwarf, uint64_t address, Dwarf_Die *ret_unit)
{
	Dwarf_CU *unit = NULL;

	if (dwarf_addrdie(dwarf, address, ret_unit))
		return true;
	for (unsigned i = 0; i < UNITS_MAX && !dwarf_get_units(dwarf, unit, &unit, NULL, NULL, ret_unit, NULL); i++)
		if (dwarf_haspc(ret_unit, address) > 0)
			return true;
	return false;
}

bool zc_module_line(struct zc_module *module, uint64_t address, const char **ret_file, unsigned *ret_line)
{
	Dwarf_Line *line;
	Dwarf_Die unit;
	int number;

	if (!module->lines)
		load(module);
	if (!module->lines || !module->lines->dwarf || !unit_of(module->lines->dwarf, address, &unit))
		return false;
	line = dwarf_getsrc_die(&unit, address);
	if (!line || dwarf_lineno(line, &number) || number <= 0)
		return false;
	*ret_file = dwarf_linesrc(line, NULL, NULL);
	*ret_line = (unsigned)number;
	return *ret_file != NULL;
}
