/* SPDX-License-Identifier: MIT */
/*
 * loader.c - is this ELF file a dynamic loader? One that is told a program starts it without an exec.
 *
 * Told by what it is made of, because a copy may have any name: a shared object that asks for no
 * interpreter, and exports what debuggers look for in a loader. Whoever writes a loader of their own
 * is not found this way; to the policy such a program reads what it runs.
 */
#include <elf.h>

#include "core/exec/carry.h"
#include "core/mem.h"

#define MOST_SEGMENTS 32u
#define MOST_ENTRIES 128u
#define MOST_NAMES (64u << 10) /* bytes of exported names that are looked through */

static const char wanted[] = "_dl_debug_state"; /* with the NUL that ends a name */

struct look {
	zc_read_at *read_at;
	void *context;
	bool wide;
	uint64_t dynamic, dynamic_size; /* in the file */
	struct {
		uint64_t address, offset, size;
	} load[4];
	unsigned loads;
};

static bool read_all(const struct look *look, void *buffer, size_t len, uint64_t offset)
{
	return look->read_at(look->context, buffer, len, offset) == (long)len;
}

/* One program header, of either class. */
static bool read_segment(const struct look *look, uint64_t at, Elf64_Phdr *ret)
{
	Elf32_Phdr narrow;

	if (look->wide)
		return read_all(look, ret, sizeof(*ret), at);
	if (!read_all(look, &narrow, sizeof(narrow), at))
		return false;
	*ret = (Elf64_Phdr){ .p_type = narrow.p_type,
			     .p_offset = narrow.p_offset,
			     .p_vaddr = narrow.p_vaddr,
			     .p_filesz = narrow.p_filesz };
	return true;
}

/* Returns false for what has an interpreter of its own, or makes no sense. */
static bool read_segments(struct look *look, uint64_t at, unsigned count, size_t size)
{
	for (unsigned i = 0; i < count && i < MOST_SEGMENTS; i++) {
		Elf64_Phdr part;

		if (!read_segment(look, at + i * size, &part) || part.p_type == PT_INTERP)
			return false;
		if (part.p_type == PT_LOAD && look->loads < ZC_LEN(look->load)) {
			look->load[look->loads].address = part.p_vaddr;
			look->load[look->loads].offset = part.p_offset;
			look->load[look->loads++].size = part.p_filesz;
		} else if (part.p_type == PT_DYNAMIC) {
			look->dynamic = part.p_offset;
			look->dynamic_size = part.p_filesz;
		}
	}
	return look->dynamic != 0;
}

static bool read_entry(const struct look *look, unsigned n, Elf64_Dyn *ret)
{
	Elf32_Dyn narrow;
	size_t size = look->wide ? sizeof(*ret) : sizeof(narrow);

	if ((n + 1) * size > look->dynamic_size)
		return false;
	if (look->wide)
		return read_all(look, ret, size, look->dynamic + n * size);
	if (!read_all(look, &narrow, size, look->dynamic + n * size))
		return false;
	ret->d_tag = narrow.d_tag;
	ret->d_un.d_val = narrow.d_un.d_val;
	return true;
}

static bool file_offset(const struct look *look, uint64_t address, uint64_t *ret)
{
	for (unsigned i = 0; i < look->loads; i++)
		if (address >= look->load[i].address &&
		    address - look->load[i].address < look->load[i].size) {
			*ret = address - look->load[i].address + look->load[i].offset;
			return true;
		}
	return false;
}

/* Piece by piece; each begins with what may be the start of the name at the end of the last one. */
static bool has_name(const struct look *look, uint64_t at, uint64_t size)
{
	char piece[512];
	const size_t overlap = sizeof(wanted) - 1;

	if (size > MOST_NAMES)
		size = MOST_NAMES;
	for (uint64_t done = 0; done + sizeof(wanted) <= size;) {
		size_t len = size - done < sizeof(piece) ? (size_t)(size - done) : sizeof(piece);

		if (!read_all(look, piece, len, at + done))
			return false;
		for (size_t i = 0; i + sizeof(wanted) <= len; i++)
			if (zc_equal(piece + i, wanted, sizeof(wanted)))
				return true;
		done += len - (len == sizeof(piece) ? overlap : 0);
		if (len < sizeof(piece))
			break;
	}
	return false;
}

static bool exports_it(const struct look *look)
{
	uint64_t table = 0, size = 0, at;
	Elf64_Dyn entry;

	for (unsigned i = 0; i < MOST_ENTRIES && read_entry(look, i, &entry); i++) {
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB)
			table = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_STRSZ)
			size = entry.d_un.d_val;
	}
	return table && file_offset(look, table, &at) && has_name(look, at, size);
}

bool zc_elf_is_loader(zc_read_at *read_at, void *context)
{
	struct look look = { .read_at = read_at, .context = context };
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} head;

	if (!read_all(&look, &head, sizeof(head), 0) || !zc_equal(head.ident, ELFMAG, SELFMAG))
		return false;
	look.wide = head.ident[EI_CLASS] == ELFCLASS64;
	if (look.wide)
		return head.wide.e_type == ET_DYN && head.wide.e_phentsize == sizeof(Elf64_Phdr) &&
		       read_segments(&look, head.wide.e_phoff, head.wide.e_phnum,
				     sizeof(Elf64_Phdr)) &&
		       exports_it(&look);
	return head.ident[EI_CLASS] == ELFCLASS32 && head.narrow.e_type == ET_DYN &&
	       head.narrow.e_phentsize == sizeof(Elf32_Phdr) &&
	       read_segments(&look, head.narrow.e_phoff, head.narrow.e_phnum, sizeof(Elf32_Phdr)) &&
	       exports_it(&look);
}
