/* SPDX-License-Identifier: MIT */
/*
 * file.c - an ELF file and those that know more about it.
 *
 * Function names come from the first that has a whole table: the file, its debug file, the small table
 * that some distributions pack into the file (.gnu_debugdata, xz); else from what is exported.
 */
#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "namer/namer.h"

#define NT_PACKAGE 0xcafe1a7eu /* systemd.io/ELF_PACKAGE_METADATA */
#define NOTE_MAX 4096u

static Elf_Scn *section_named(Elf *elf, const char *name, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *its = gelf_getshdr(section, ret) ? elf_strptr(elf, names, ret->sh_name)
							     : NULL;

		if (its && !strcmp(its, name))
			return section;
	}
	return NULL;
}

static Elf_Data *bytes_of(Elf *elf, const char *name)
{
	GElf_Shdr shdr;
	Elf_Scn *section = section_named(elf, name, &shdr);
	Elf_Data *data = section && shdr.sh_type != SHT_NOBITS ? elf_rawdata(section, NULL) : NULL;

	return data && data->d_buf && data->d_size ? data : NULL;
}

static void spell_id(char ret[65], const void *id, size_t len)
{
	const unsigned char *byte = id;

	ret[0] = '\0';
	for (size_t i = 0; i < len && len <= 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", byte[i]);
}

static bool same_id(Elf *one, Elf *other)
{
	const void *a = NULL, *b = NULL;
	ssize_t a_len = dwelf_elf_gnu_build_id(one, &a), b_len = dwelf_elf_gnu_build_id(other, &b);

	return a_len > 0 && a_len == b_len && !memcmp(a, b, (size_t)a_len);
}

/* ---- the package note: a flat JSON object with plain texts ---- */

static struct zc_naming_text member(const char *json, size_t len, const char *key)
{
	struct zc_naming_text none = { NULL, 0 };
	const char *at = memmem(json, len, key, strlen(key)), *end = json + len;
	const char *close;

	if (!at)
		return none;
	for (at += strlen(key); at < end && (*at == ' ' || *at == ':'); at++)
		;
	if (at == end || *at++ != '"')
		return none;
	close = memchr(at, '"', (size_t)(end - at));
	return close && !memchr(at, '\\', (size_t)(close - at))
		       ? (struct zc_naming_text){ at, (size_t)(close - at) }
		       : none;
}

static void read_package(struct zc_namer_file *file, const char *json, size_t len)
{
	len = strnlen(json, len < NOTE_MAX ? len : NOTE_MAX);
	file->package_type = member(json, len, "\"type\"");
	file->package = member(json, len, "\"name\"");
	file->version = member(json, len, "\"version\"");
}

static void read_notes(struct zc_namer_file *file)
{
	size_t count = 0;
	GElf_Phdr phdr;

	if (elf_getphdrnum(file->elf, &count) || count > 512)
		return;
	for (size_t i = 0; i < count && gelf_getphdr(file->elf, (int)i, &phdr); i++) {
		size_t at = 0, name, desc;
		Elf_Data *data;
		GElf_Nhdr note;

		if (phdr.p_type != PT_NOTE || phdr.p_filesz > 65536)
			continue;
		data = elf_getdata_rawchunk(file->elf, (int64_t)phdr.p_offset, phdr.p_filesz,
					    phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		while (data && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0)
			if (note.n_type == NT_PACKAGE && note.n_namesz == 4 &&
			    !memcmp((char *)data->d_buf + name, "FDO", 4))
				read_package(file, (char *)data->d_buf + desc, note.n_descsz);
	}
}

/* ---- which other files ---- */

static bool has_lines(Elf *elf)
{
	GElf_Shdr shdr;

	return (section_named(elf, ".debug_line", &shdr) ||
		section_named(elf, ".zdebug_line", &shdr)) &&
	       shdr.sh_type != SHT_NOBITS;
}

static void read_link(struct zc_namer_file *file)
{
	GElf_Word crc = 0;
	const char *name = dwelf_elf_gnu_debuglink(file->elf, &crc);

	if (name && *name && strlen(name) < sizeof(file->link) && !strchr(name, '/')) {
		strcpy(file->link, name);
		file->link_crc = crc;
	}
}

static void read_shared(struct zc_namer_file *file, Elf *elf)
{
	Elf_Data *data = bytes_of(elf, ".gnu_debugaltlink");
	const char *name = data ? data->d_buf : NULL;
	size_t len = name ? strnlen(name, data->d_size) + 1 : 0;

	if (name && len < data->d_size)
		spell_id(file->shared, name + len, data->d_size - len);
}

/* .gnu_debugdata: a packed ELF file with the symbols that strip took. */
static Elf *unpack(Elf *elf)
{
	Elf_Data *data = bytes_of(elf, ".gnu_debugdata");
	Elf *inside;
	int fd;

	if (!data)
		return NULL;
	fd = memfd_create("debugdata", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data->d_buf, data->d_size) != (ssize_t)data->d_size) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	inside = dwelf_elf_begin(fd);
	if (inside)
		elf_cntl(inside, ELF_C_FDREAD);
	close(fd);
	return inside;
}

/* ---- opening ---- */

static Elf *begin(int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	/* Mapped; where that did not work, all of it is read now, as the descriptor will be closed. */
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_cntl(elf, ELF_C_FDREAD) == 0)
		return elf;
	elf_end(elf);
	return NULL;
}

static void begin_debug(struct zc_namer_file *file, Elf *elf)
{
	if (!file->lines || file->lines_of.dwarf || !has_lines(elf))
		return;
	file->lines_of.dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (file->lines_of.dwarf)
		read_shared(file, elf);
}

static void choose_symbols(struct zc_namer_file *file)
{
	struct zc_namer_symbols *symbols = &file->symbols;
	Elf *inside;

	symbols->whole = zc_namer_read_symbols(symbols, file->elf, SHT_SYMTAB);
	if (symbols->whole)
		return;
	inside = unpack(file->elf);
	symbols->whole = inside && zc_namer_read_symbols(symbols, inside, SHT_SYMTAB);
	if (!symbols->whole)
		zc_namer_read_symbols(symbols, file->elf, SHT_DYNSYM);
}

void zc_namer_open(struct zc_namer_file *file, int fd, bool lines)
{
	const void *id;
	ssize_t len;

	file->lines = lines;
	file->elf = begin(fd);
	if (!file->elf)
		return;
	len = dwelf_elf_gnu_build_id(file->elf, &id);
	if (len > 0)
		spell_id(file->build_id, id, (size_t)len);
	read_notes(file);
	read_link(file);
	choose_symbols(file);
	begin_debug(file, file->elf);
}

static uint32_t checksum(Elf *elf)
{
	size_t size = 0;
	const unsigned char *bytes = (const unsigned char *)elf_rawfile(elf, &size);
	uint32_t crc = ~0u, table[256];

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (size_t i = 0; bytes && i < size; i++)
		crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
	return ~crc;
}

void zc_namer_add_debug(struct zc_namer_file *file, int fd)
{
	Elf *elf = file->elf && !file->debug ? begin(fd) : NULL;
	struct zc_namer_symbols symbols = { 0 };

	if (!elf)
		return;
	if (!same_id(file->elf, elf) && (!*file->link || checksum(elf) != file->link_crc)) {
		elf_end(elf);
		return;
	}
	file->debug = elf;
	if (!file->symbols.whole && zc_namer_read_symbols(&symbols, elf, SHT_SYMTAB)) {
		file->symbols = symbols;
		file->symbols.whole = true;
	}
	begin_debug(file, elf);
}

void zc_namer_add_supplement(struct zc_namer_file *file, int fd)
{
	Elf *elf = *file->shared && !file->supplement ? begin(fd) : NULL;
	char id[65] = "";
	const void *bytes;
	ssize_t len = elf ? dwelf_elf_gnu_build_id(elf, &bytes) : -1;
	Dwarf *dwarf;

	if (len > 0)
		spell_id(id, bytes, (size_t)len);
	dwarf = len > 0 && !strcmp(id, file->shared) ? dwarf_begin_elf(elf, DWARF_C_READ, NULL)
						     : NULL;
	if (!dwarf) {
		elf_end(elf);
		return;
	}
	file->supplement = elf;
	dwarf_setalt(file->lines_of.dwarf, dwarf);
}

static struct zc_naming_text text(const char *from)
{
	return (struct zc_naming_text){ *from ? from : NULL, strlen(from) };
}

void zc_namer_say(const struct zc_namer_file *file, struct zc_naming_file *ret)
{
	bool wants = file->elf && !file->debug &&
		     (!file->symbols.whole || (file->lines && !file->lines_of.dwarf));

	*ret = (struct zc_naming_file){
		.build_id = text(file->build_id),
		.package_type = file->package_type,
		.package = file->package,
		.version = file->version,
		.wants_debug = wants,
	};
	if (wants)
		ret->debug_link = text(file->link);
	if (file->lines_of.dwarf && !file->supplement)
		ret->supplement = text(file->shared);
}
