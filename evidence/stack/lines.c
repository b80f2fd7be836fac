/* SPDX-License-Identifier: MIT */
/*
 * lines.c - which source line: the line tables of a module, or of its separate debug file.
 *
 * A reader of .debug_line of our own (DWARF 2 to 5, section 6.2 of the standard). libdw was tried
 * first: on a hostile file it reads past its buffers (fuzzing took a minute), and it opens files
 * that the debug data names. This one is linear in the section and checks every byte it takes. The
 * first lookup notes where each run of addresses (a sequence) has its table; a lookup then replays
 * one table.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/stack/line_table.h"
#include "evidence/stack/module_file.h"

#define SECTION_MAX (64u << 20) /* bytes of line tables that are looked through */

struct sequence {
	uint64_t start, end;
	size_t table; /* where in .debug_line */
};

struct file_name {
	struct file_name *next;
	char text[];
};

struct zc_module_lines {
	struct zc_line_sections sections;
	struct sequence *sequence;
	size_t count, cap;
	struct file_name *names;
};

void zc_module_lines_free(struct zc_module *module)
{
	struct zc_module_lines *lines = module->lines;

	if (!lines)
		return;
	while (lines->names) {
		struct file_name *next = lines->names->next;

		free(lines->names);
		lines->names = next;
	}
	for (unsigned i = 0; i < ZC_LINE_SECTIONS; i++)
		free(lines->sections.bytes[i]);
	free(lines->sequence);
	free(lines);
	module->lines = NULL;
}

/* Copies a section, unpacked. False: not there, too large, or broken. */
static bool copy_section(struct zc_module *module, Elf_Scn *section, GElf_Shdr *shdr,
			 unsigned which)
{
	struct zc_line_sections *to = &module->lines->sections;
	GElf_Chdr chdr;
	Elf_Data *data;

	if (shdr->sh_flags & SHF_COMPRESSED &&
	    (!gelf_getchdr(section, &chdr) || chdr.ch_size > SECTION_MAX ||
	     elf_compress(section, 0, 0) < 0))
		return false;
	data = elf_getdata(section, NULL);
	if (!data || !data->d_buf || !data->d_size || data->d_size > SECTION_MAX ||
	    to->bytes[which] || !zc_module_charge(module, data->d_size))
		return false;
	to->bytes[which] = malloc(data->d_size);
	if (!to->bytes[which])
		return false;
	memcpy(to->bytes[which], data->d_buf, data->d_size);
	to->len[which] = data->d_size;
	return true;
}

static bool copy_sections(struct zc_module *module, int fd)
{
	static const char *const names[ZC_LINE_SECTIONS] = { ".debug_line", ".debug_line_str",
							     ".debug_str" };
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = NULL;
	size_t strings;
	GElf_Shdr shdr;

	while (elf && !elf_getshdrstrndx(elf, &strings) && (section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &shdr)
					   ? elf_strptr(elf, strings, shdr.sh_name)
					   : NULL;

		for (unsigned i = 0; name && shdr.sh_type == SHT_PROGBITS && i < ZC_LINE_SECTIONS;
		     i++)
			if (!strcmp(name, names[i])) {
				copy_section(module, section, &shdr, i);
				break;
			}
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return module->lines->sections.len[ZC_LINE_TABLES] > 0;
}

static void note_sequence(void *context, size_t table, uint64_t start, uint64_t end)
{
	struct zc_module_lines *lines = context;

	if (!start || start >= end) /* the linker leaves those of dropped functions at 0 */
		return;
	if (lines->count == lines->cap) {
		size_t cap = lines->cap ? lines->cap * 2 : 256;
		struct sequence *more = realloc(lines->sequence, cap * sizeof(*more));

		if (!more)
			return;
		lines->sequence = more;
		lines->cap = cap;
	}
	lines->sequence[lines->count++] = (struct sequence){ start, end, table };
}

static int by_start(const void *left, const void *right)
{
	const struct sequence *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->table < b->table ? -1 : a->table > b->table;
}

static void load(struct zc_module *module)
{
	module->lines = calloc(1, sizeof(*module->lines));
	if (!module->lines || zc_module_trouble(module))
		return;
	if (!copy_sections(module, zc_module_open(module)) &&
	    !copy_sections(module, zc_module_open_debug(module)))
		return;
	zc_line_tables_scan(&module->lines->sections, note_sequence, module->lines);
	if (module->lines->count)
		qsort(module->lines->sequence, module->lines->count, sizeof(struct sequence),
		      by_start);
}

/* Names are kept as long as the module, each once. */
static const char *keep_name(struct zc_module_lines *lines, const char *text)
{
	size_t len = strlen(text) + 1;
	struct file_name *name;

	for (name = lines->names; name; name = name->next)
		if (!strcmp(name->text, text))
			return name->text;
	name = malloc(sizeof(*name) + len);
	if (!name)
		return NULL;
	memcpy(name->text, text, len);
	name->next = lines->names;
	lines->names = name;
	return name->text;
}

bool zc_module_line(struct zc_module *module, uint64_t address, const char **ret_file,
		    unsigned *ret_line)
{
	const struct zc_module_lines *lines;
	char file[ZC_PATH_CAP];
	size_t low = 0, high;

	if (!module->lines)
		load(module);
	lines = module->lines;
	if (!lines || !lines->count)
		return false;
	for (high = lines->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (lines->sequence[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= lines->sequence[low - 1].end ||
	    !zc_line_table_find(&lines->sections, lines->sequence[low - 1].table, address, file,
				sizeof(file), ret_line))
		return false;
	*ret_file = keep_name(module->lines, file);
	return *ret_file != NULL;
}
