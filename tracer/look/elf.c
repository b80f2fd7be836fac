/* SPDX-License-Identifier: MIT */
/*
 * elf.c - which build a mapped ELF file is, and where it lies: from the tracee's own memory, because the
 * file may be another one by now. Whatever stands there is only believed within bounds.
 */
#include <elf.h>
#include <string.h>
#include <sys/uio.h>

#include "core/mem.h"
#include "tracer/look/maps.h"

#define HEADERS_MAX 24u
#define NOTES_MAX 1024u

struct header { /* of either class */
	uint32_t type, flags;
	uint64_t offset, address, size;
};

static bool read_all(struct zc_tracee *tracee, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

	return process_vm_readv(tracee->tid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static unsigned read_headers64(struct zc_tracee *tracee, uint64_t base, const Elf64_Ehdr *elf,
			       struct header *ret)
{
	Elf64_Phdr phdr[HEADERS_MAX];
	unsigned count = elf->e_phnum < HEADERS_MAX ? elf->e_phnum : HEADERS_MAX;

	if (elf->e_phentsize != sizeof(*phdr) || elf->e_phoff > 4096 ||
	    !read_all(tracee, base + elf->e_phoff, phdr, count * sizeof(*phdr)))
		return 0;
	for (unsigned i = 0; i < count; i++)
		ret[i] = (struct header){ phdr[i].p_type, phdr[i].p_flags, phdr[i].p_offset,
					  phdr[i].p_vaddr, phdr[i].p_filesz };
	return count;
}

static unsigned read_headers32(struct zc_tracee *tracee, uint64_t base, const Elf32_Ehdr *elf,
			       struct header *ret)
{
	Elf32_Phdr phdr[HEADERS_MAX];
	unsigned count = elf->e_phnum < HEADERS_MAX ? elf->e_phnum : HEADERS_MAX;

	if (elf->e_phentsize != sizeof(*phdr) || elf->e_phoff > 4096 ||
	    !read_all(tracee, base + elf->e_phoff, phdr, count * sizeof(*phdr)))
		return 0;
	for (unsigned i = 0; i < count; i++)
		ret[i] = (struct header){ phdr[i].p_type, phdr[i].p_flags, phdr[i].p_offset,
					  phdr[i].p_vaddr, phdr[i].p_filesz };
	return count;
}

static unsigned read_headers(struct zc_tracee *tracee, uint64_t base, struct header *ret)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} elf;

	if (!read_all(tracee, base, &elf, sizeof(elf)) || memcmp(elf.ident, ELFMAG, SELFMAG) != 0)
		return 0;
	return elf.ident[EI_CLASS] == ELFCLASS32 ? read_headers32(tracee, base, &elf.narrow, ret)
						 : read_headers64(tracee, base, &elf.wide, ret);
}

void zc_elf_build_id(const unsigned char *notes, size_t size, struct zc_mapped *ret)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note; /* the same in both classes */
		size_t name, desc;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > size || note.n_descsz > size)
			return;
		desc = name + ((note.n_namesz + 3u) & ~3ul);
		if (desc + note.n_descsz > size)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp(notes + name, "GNU", 4)) {
			ret->id_len = (uint8_t)(note.n_descsz > sizeof(ret->id) ? sizeof(ret->id)
										: note.n_descsz);
			memcpy(ret->id, notes + desc, ret->id_len);
			return;
		}
		at = desc + ((note.n_descsz + 3u) & ~3ul);
		if (at > size)
			return;
	}
}

bool zc_elf_identify(struct zc_tracee *tracee, uint64_t base, uint64_t map_start,
		     uint64_t map_offset, struct zc_mapped *ret)
{
	struct header header[HEADERS_MAX];
	unsigned char notes[NOTES_MAX];
	unsigned count = read_headers(tracee, base, header);
	bool placed = false;

	for (unsigned i = 0; i < count && !placed; i++)
		if (header[i].type == PT_LOAD && header[i].flags & PF_X &&
		    map_offset + 4095 >= header[i].offset &&
		    map_offset <= header[i].offset + header[i].size) {
			ret->bias = map_start - (header[i].address - header[i].offset + map_offset);
			placed = true;
		}
	for (unsigned i = 0; placed && i < count && !ret->id_len; i++) {
		size_t size = header[i].size < sizeof(notes) ? header[i].size : sizeof(notes);

		if (header[i].type == PT_NOTE && size &&
		    read_all(tracee, ret->bias + header[i].address, notes, size))
			zc_elf_build_id(notes, size, ret);
	}
	return placed;
}
