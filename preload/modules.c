/* SPDX-License-Identifier: MIT */
/*
 * modules.c - which code is mapped where: what names a caller whatever the address space looks like.
 *
 * The table is filled at the start and grows when a caller lies outside what is known. It is read
 * without a lock: entries are only ever added.
 */
#include <elf.h>
#include <link.h>
#include <sys/uio.h>

#include "preload/shim.h"

extern int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *) ZC_WEAK;

static struct {
	uint64_t start, end, bias, hash;
	uint8_t build_id[20];
	uint8_t build_id_len;
	const char *name;
} modules[ZC_MODULES];

static void note_of(const ElfW(Nhdr) * note, const char *end, unsigned module)
{
	while ((const char *)(note + 1) <= end) {
		const char *name = (const char *)(note + 1);
		const char *desc = name + ((note->n_namesz + 3u) & ~3u);

		if (desc + note->n_descsz > end)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    zc_equal(name, "GNU", 4)) {
			modules[module].build_id_len =
				(uint8_t)(note->n_descsz > 20 ? 20 : note->n_descsz);
			zc_copy(modules[module].build_id, desc, modules[module].build_id_len);
			return;
		}
		note = (const void *)(desc + ((note->n_descsz + 3u) & ~3u));
	}
}

static void add_module(const char *name, uint64_t bias, const ElfW(Phdr) * phdr,
		       unsigned count_phdr)
{
	unsigned m = zc_shim.module_count;
	bool found = false;

	if (m >= ZC_MODULES)
		return;
	for (unsigned i = 0; i < count_phdr; i++) {
		if (phdr[i].p_type != PT_LOAD || !(phdr[i].p_flags & PF_X))
			continue;
		if (!found)
			modules[m].start = bias + phdr[i].p_vaddr;
		/* Some linkers make several; what lies between them is this file's too. */
		modules[m].end = bias + phdr[i].p_vaddr + phdr[i].p_memsz;
		found = true;
	}
	if (!found)
		return;
	for (unsigned i = 0; i < m; i++)
		if (modules[i].start == modules[m].start)
			return;
	modules[m].bias = bias;
	modules[m].name = name;
	modules[m].build_id_len = 0;
	for (unsigned i = 0; i < count_phdr; i++)
		if (phdr[i].p_type == PT_NOTE && !modules[m].build_id_len)
			note_of((const void *)(bias + phdr[i].p_vaddr),
				(const char *)(bias + phdr[i].p_vaddr + phdr[i].p_memsz), m);
	modules[m].hash = modules[m].build_id_len
				  ? zc_hash_bytes(modules[m].build_id, modules[m].build_id_len, 1)
				  : zc_hash_bytes(name, zc_len(name), 2);
	__atomic_store_n(&zc_shim.module_count, m + 1, __ATOMIC_RELEASE);
}

static long read_own(uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

	return zc_sys6(__NR_process_vm_readv, zc_sys_getpid(), (long)&local, 1, (long)&remote, 1,
		       0);
}

/* Modules that were loaded since. Read with care: another thread may be unloading them. */
static void look_for_modules(void)
{
	const struct link_map *map = zc_link_maps();

	for (unsigned n = 0; map && n < 1024; map = map->l_next, n++) {
		struct {
			ElfW(Ehdr) head;
			ElfW(Phdr) phdr[14];
		} elf;

		if (!map->l_addr || read_own(map->l_addr, &elf, sizeof(elf)) < (long)sizeof(elf) ||
		    !zc_equal(elf.head.e_ident, ELFMAG, SELFMAG) ||
		    elf.head.e_phoff != sizeof(elf.head))
			continue;
		add_module(map->l_name, map->l_addr, elf.phdr,
			   elf.head.e_phnum < ZC_LEN(elf.phdr) ? elf.head.e_phnum
							       : ZC_LEN(elf.phdr));
	}
}

static bool find_module(uint64_t pc, uint64_t *ret_hash, uint64_t *ret_offset)
{
	uint32_t n = __atomic_load_n(&zc_shim.module_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++)
		if (pc >= modules[i].start && pc < modules[i].end) {
			*ret_hash = modules[i].hash;
			*ret_offset = pc - modules[i].bias;
			return true;
		}
	return false;
}

void zc_modules_put(struct zc_frame_writer *writer, const char *exe, uint32_t from)
{
	uint32_t n = __atomic_load_n(&zc_shim.module_count, __ATOMIC_ACQUIRE);
	size_t size = 0;
	char *at, *start;

	for (uint32_t i = from; i < n; i++)
		size += sizeof(struct zc_wire_map) + ((zc_len(modules[i].name) + 7) & ~7ul) +
			ZC_PATH_CAP * (i == 0);
	start = at = zc_frame_reserve(writer, ZC_FIELD_MAPS, size);
	for (uint32_t i = from; start && i < n; i++) {
		const char *name = i == 0 && !*modules[i].name ? exe : modules[i].name;
		struct zc_wire_map map = { modules[i].start,
					   modules[i].end,
					   modules[i].bias,
					   (uint32_t)zc_len(name),
					   modules[i].build_id_len,
					   { 0 },
					   { 0 } };

		zc_copy(map.build_id, modules[i].build_id, sizeof(map.build_id));
		zc_copy(at, &map, sizeof(map));
		zc_fill(at + sizeof(map) + (map.name_len & ~7u), 0, map.name_len & 7 ? 8 : 0);
		zc_copy(at + sizeof(map), name, map.name_len);
		at += sizeof(map) + ((map.name_len + 7u) & ~7u);
	}
	if (start)
		zc_frame_shrink(writer, start, (size_t)(at - start));
}

uint64_t zc_module_of(const void *pc, uint64_t *ret_offset)
{
	uint32_t before = zc_shim.module_count;
	uint64_t hash;

	if (find_module((uintptr_t)pc, &hash, ret_offset))
		return hash;
	*ret_offset = 0;
	if (zc_shim.passive)
		return 0;
	look_for_modules();
	if (zc_shim.module_count != before)
		zc_say_modules(before);
	return find_module((uintptr_t)pc, &hash, ret_offset) ? hash : 0;
}

static int visit_module(struct dl_phdr_info *info, size_t size, void *context)
{
	add_module(info->dlpi_name ? info->dlpi_name : "", info->dlpi_addr, info->dlpi_phdr,
		   info->dlpi_phnum);
	return 0;
}

uint32_t zc_modules_start(void)
{
	if (dl_iterate_phdr)
		dl_iterate_phdr(visit_module, NULL);
	return zc_shim.module_count;
}
