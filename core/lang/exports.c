/* SPDX-License-Identifier: MIT */
/*
 * exports.c - what a file that is mapped in a process exports.
 *
 * Symbols are looked up the way the dynamic linker does it, in the process's memory: the file may be
 * another one by now.
 */
#include "core/lang/exports.h"
#include "core/mem.h"

#define CHAIN_MAX 256u

/* glibc writes addresses over what the file says, others do not. */
static uint64_t placed(const struct zc_exports *exports, uint64_t address)
{
	return address < exports->bias ? address + exports->bias : address;
}

static bool read_dynamic(struct zc_peek *memory, uint64_t address, size_t size,
			 Elf64_Dyn dynamic[ZC_EXPORTS_DYNAMIC], struct zc_exports *ret)
{
	size_t count = size / sizeof(*dynamic);

	if (count > ZC_EXPORTS_DYNAMIC)
		count = ZC_EXPORTS_DYNAMIC;
	if (!count || !zc_peek(memory, address, dynamic, count * sizeof(*dynamic)))
		return false;
	for (size_t i = 0; i < count && dynamic[i].d_tag != DT_NULL; i++) {
		uint64_t at = placed(ret, dynamic[i].d_un.d_ptr);

		if (dynamic[i].d_tag == DT_SYMTAB)
			ret->table = at;
		else if (dynamic[i].d_tag == DT_STRTAB)
			ret->text = at;
		else if (dynamic[i].d_tag == DT_GNU_HASH)
			ret->hash = at;
	}
	return ret->table && ret->text && ret->hash &&
	       zc_peek(memory, ret->hash, ret->head, sizeof(ret->head)) && ret->head[0];
}

/* Programs that are not position-independent begin here, others at their bias. */
static const uint64_t bases[] = { 0, 0x400000 };

bool zc_exports_find(struct zc_peek *memory, uint64_t bias, struct zc_exports_work *work,
		     struct zc_exports *ret)
{
	Elf64_Phdr *phdr = work->phdr, *dynamic = NULL;
	Elf64_Ehdr elf;
	uint64_t base = 0;
	bool found = false;

	*ret = (struct zc_exports){ .bias = bias };
	for (size_t i = 0; i < ZC_LEN(bases) && !found; i++) {
		base = bias + bases[i];
		found = base && zc_peek(memory, base, &elf, sizeof(elf)) &&
			zc_equal(elf.e_ident, ELFMAG, SELFMAG);
	}
	if (!found || elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(*phdr) ||
	    elf.e_phoff > 4096 || elf.e_phnum > ZC_LEN(work->phdr) ||
	    !zc_peek(memory, base + elf.e_phoff, phdr, elf.e_phnum * sizeof(*phdr)))
		return false;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		if (phdr[i].p_type == PT_DYNAMIC)
			dynamic = &phdr[i];
		if (phdr[i].p_type != PT_LOAD || !(phdr[i].p_flags & PF_X))
			continue;
		if (!ret->code_end)
			ret->code_start = bias + phdr[i].p_vaddr;
		ret->code_end = bias + phdr[i].p_vaddr + phdr[i].p_memsz;
	}
	return dynamic &&
	       read_dynamic(memory, bias + dynamic->p_vaddr, dynamic->p_memsz, work->dynamic, ret);
}

static bool is_named(struct zc_peek *memory, const struct zc_exports *exports, uint32_t index,
		     const char *name, uint64_t *ret, uint64_t *ret_size)
{
	size_t size = zc_len(name) + 1;
	char text[96];
	Elf64_Sym sym;

	if (size > sizeof(text) ||
	    !zc_peek(memory, exports->table + (uint64_t)index * sizeof(sym), &sym, sizeof(sym)) ||
	    sym.st_shndx == SHN_UNDEF ||
	    !zc_peek(memory, exports->text + sym.st_name, text, size) ||
	    !zc_equal(text, name, size))
		return false;
	*ret = exports->bias + sym.st_value;
	*ret_size = sym.st_size;
	return true;
}

/* The address of an exported symbol, or 0. Layout of DT_GNU_HASH: head, filter, buckets, chains. */
uint64_t zc_export_sized(struct zc_peek *memory, const struct zc_exports *exports, const char *name,
			 uint64_t *ret_size)
{
	uint64_t buckets = exports->hash + sizeof(exports->head) + 8ull * exports->head[2];
	uint64_t chains = buckets + 4ull * exports->head[0], found = 0;
	uint32_t hash = 5381, index, chain;

	for (const char *at = name; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	if (!zc_peek(memory, buckets + 4ull * (hash % exports->head[0]), &index, sizeof(index)) ||
	    index < exports->head[1])
		return 0;
	for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
		if (!zc_peek(memory, chains + 4ull * (index - exports->head[1]), &chain,
			     sizeof(chain)))
			return 0;
		if ((chain | 1) == (hash | 1) &&
		    is_named(memory, exports, index, name, &found, ret_size))
			return found;
		if (chain & 1)
			return 0;
	}
	return 0;
}

uint64_t zc_export(struct zc_peek *memory, const struct zc_exports *exports, const char *name)
{
	uint64_t unused;

	return zc_export_sized(memory, exports, name, &unused);
}
