/* SPDX-License-Identifier: MIT */
/*
 * module.c - finding, checking and reading mapped ELF files.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "evidence/stack/module_file.h"

#define BUCKETS 1024u        /* a power of two */
#define MODULES_MAX 65536u   /* names a hostile process may make us remember */
#define BYTES_MAX (1u << 30) /* of files held in memory */
#define FILE_MAX (4ull << 30)

struct zc_modules {
	struct zc_module *bucket[BUCKETS];
	unsigned count;
	size_t bytes;
};

struct zc_modules *zc_modules_new(void)
{
	struct zc_modules *modules = calloc(1, sizeof(*modules));

	elf_version(EV_CURRENT);
	return modules;
}

void zc_package_finish(struct zc_package *package)
{
	free(package->type);
	free(package->name);
	free(package->version);
	*package = (struct zc_package){ 0 };
}

static void module_free(struct zc_module *module)
{
	zc_package_finish(&module->package);
	for (size_t i = 0; module->chunk && i < module->chunks; i++)
		free(module->chunk[i]);
	free(module->chunk);
	free(module->table);
	free(module->name);
	free(module);
}

struct zc_modules *zc_modules_free(struct zc_modules *modules)
{
	for (unsigned i = 0; modules && i < BUCKETS; i++)
		while (modules->bucket[i]) {
			struct zc_module *next = modules->bucket[i]->next;

			module_free(modules->bucket[i]);
			modules->bucket[i] = next;
		}
	free(modules);
	return NULL;
}

struct zc_module *zc_module_get(struct zc_modules *modules, const char *name, size_t name_len,
				const uint8_t *build_id, unsigned id_len)
{
	uint64_t hash =
		zc_hash_bytes(name, name_len, id_len ? zc_hash_bytes(build_id, id_len, 1) : 0);
	struct zc_module **slot = &modules->bucket[hash & (BUCKETS - 1)];
	struct zc_module *module;

	for (module = *slot; module; module = module->next)
		if (module->hash == hash && module->name_len == name_len &&
		    module->id_len == id_len && !memcmp(module->name, name, name_len) &&
		    !memcmp(module->id, build_id, id_len))
			return module;
	if (modules->count >= MODULES_MAX || id_len > ZC_BUILD_ID_CAP)
		return NULL;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	module->name = strndup(name, name_len);
	if (!module->name) {
		free(module);
		return NULL;
	}
	*module = (struct zc_module){ .hash = hash,
				      .name = module->name,
				      .name_len = name_len,
				      .id_len = (uint8_t)id_len,
				      .owner = modules,
				      .next = *slot };
	if (id_len)
		memcpy(module->id, build_id, id_len);
	*slot = module;
	modules->count++;
	return module;
}

const char *zc_module_name(const struct zc_module *module)
{
	return module->name;
}

const char *zc_module_base(const struct zc_module *module)
{
	const char *slash = strrchr(module->name, '/');

	return slash && slash[1] ? slash + 1 : module->name;
}

const uint8_t *zc_module_build_id(const struct zc_module *module, unsigned *ret_len)
{
	*ret_len = module->id_len;
	return module->id;
}

/*
 * Opens a regular file and nothing else: O_PATH first, because opening a FIFO blocks and opening a
 * device acts. The second open goes through /proc and can only reach the same inode.
 */
int zc_module_open_regular(const char *path, struct stat *ret_stat)
{
	char again[32];
	int fd, handle;

	if (path[0] != '/')
		return -ENOENT;
	handle = open(path, O_PATH | O_CLOEXEC);
	if (handle < 0)
		return -errno;
	if (fstat(handle, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode) ||
	    ret_stat->st_size > (off_t)FILE_MAX) {
		close(handle);
		return -EINVAL;
	}
	snprintf(again, sizeof(again), "/proc/self/fd/%d", handle);
	fd = open(again, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	close(handle);
	return fd;
}

int zc_module_open(struct zc_module *module)
{
	struct stat st = { 0 };
	int fd = zc_module_open_regular(module->name, &st);

	if (fd < 0)
		return fd;
	if (!module->seen) {
		module->seen = true;
		module->dev = st.st_dev;
		module->ino = st.st_ino;
		module->mtime = st.st_mtim;
		module->size = (uint64_t)st.st_size;
	} else if (st.st_dev != module->dev || st.st_ino != module->ino ||
		   (uint64_t)st.st_size != module->size ||
		   st.st_mtim.tv_sec != module->mtime.tv_sec ||
		   st.st_mtim.tv_nsec != module->mtime.tv_nsec) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

/* Does the note segment hold the build-id that the process reported? */
static bool note_holds_id(const struct zc_module *module, Elf *elf, const GElf_Phdr *phdr)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)phdr->p_offset, phdr->p_filesz,
					      phdr->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while (data && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0)
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp((char *)data->d_buf + name, "GNU", 4))
			return (note.n_descsz < module->id_len ? 0 : module->id_len) &&
			       !memcmp((char *)data->d_buf + desc, module->id, module->id_len);
	return false;
}

static void take_load(struct zc_module *module, const GElf_Phdr *phdr)
{
	uint64_t end = phdr->p_vaddr + phdr->p_memsz;

	if (end < phdr->p_vaddr || phdr->p_filesz > phdr->p_memsz || module->loads == ZC_LOADS_MAX)
		return;
	if (!module->loads || phdr->p_vaddr < module->start)
		module->start = phdr->p_vaddr;
	if (end > module->end)
		module->end = end;
	module->load[module->loads++] = (struct zc_load){ phdr->p_vaddr, phdr->p_filesz,
							  phdr->p_offset, !(phdr->p_flags & PF_W) };
}

/* Takes what is needed from the program headers. Returns what is wrong, or NULL. */
static const char *read_headers(struct zc_module *module, Elf *elf)
{
	bool same = !module->id_len;
	size_t count;
	GElf_Ehdr ehdr;
	GElf_Phdr phdr;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr))
		return "not an ELF file";
	if (ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_386)
		return "an ELF file for another machine";
	if (elf_getphdrnum(elf, &count) || count > 512)
		return "an ELF file without sound program headers";
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr))
			break;
		if (phdr.p_type == PT_LOAD)
			take_load(module, &phdr);
		else if (phdr.p_type == PT_NOTE && !same && phdr.p_filesz < 65536)
			same = note_holds_id(module, elf, &phdr);
		else if (phdr.p_type == PT_GNU_EH_FRAME && ehdr.e_machine == EM_X86_64)
			module->unwind_address = phdr.p_vaddr, module->unwind_size = phdr.p_filesz;
	}
	return same ? NULL : "the file is not the one that was mapped";
}

/* Static programs have unwind rows without a table to find them by. */
static void find_rows(struct zc_module *module, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;

	if (module->unwind_size || elf_getshdrstrndx(elf, &names) || !gelf_getehdr(elf, &ehdr) ||
	    ehdr.e_machine != EM_X86_64) /* 32-bit code is not unwound by rows */
		return;
	while ((section = elf_nextscn(elf, section))) {
		const char *name =
			gelf_getshdr(section, &shdr) ? elf_strptr(elf, names, shdr.sh_name) : NULL;

		if (name && !strcmp(name, ".eh_frame") && shdr.sh_flags & SHF_ALLOC) {
			module->frame_address = shdr.sh_addr;
			module->frame_size = shdr.sh_size;
		}
	}
}

static const char *load(struct zc_module *module)
{
	int fd = zc_module_open(module);
	const char *trouble;
	Elf *elf;

	if (fd < 0)
		return fd == -ENOENT   ? "the file is gone"
		       : fd == -EINVAL ? "not a regular file"
		       : fd == -EACCES ? "the file may not be read"
				       : "the file cannot be opened";
	elf = elf_begin(fd, ELF_C_READ, NULL);
	trouble = read_headers(module, elf);
	if (!trouble)
		find_rows(module, elf);
	elf_end(elf);
	close(fd);
	if (!trouble) {
		module->chunks = (size_t)((module->size + ZC_CHUNK - 1) / ZC_CHUNK);
		module->chunk = calloc(module->chunks ? module->chunks : 1, sizeof(*module->chunk));
		if (!module->chunk)
			trouble = "out of memory";
	}
	return trouble;
}

const char *zc_module_trouble(struct zc_module *module)
{
	if (!module->tried) {
		module->tried = true;
		module->trouble = load(module);
	}
	return module->trouble;
}

bool zc_module_charge(struct zc_module *module, size_t bytes)
{
	if (bytes > BYTES_MAX - module->owner->bytes)
		return false;
	module->owner->bytes += bytes;
	return true;
}

/* The chunk of the file that holds offset, read on first need. */
static const unsigned char *chunk_at(struct zc_module *module, uint64_t offset)
{
	size_t index = (size_t)(offset / ZC_CHUNK);
	unsigned char *bytes;
	int fd;

	if (index >= module->chunks)
		return NULL;
	if (module->chunk[index])
		return module->chunk[index];
	if (module->stale || !zc_module_charge(module, ZC_CHUNK))
		return NULL;
	fd = zc_module_open(module);
	if (fd < 0) {
		module->stale = true;
		return NULL;
	}
	bytes = calloc(1, ZC_CHUNK);
	if (bytes && pread(fd, bytes, ZC_CHUNK, (off_t)(index * ZC_CHUNK)) < 0) {
		free(bytes);
		bytes = NULL;
	}
	close(fd);
	return module->chunk[index] = bytes;
}

bool zc_module_read(struct zc_module *module, uint64_t address, void *buffer, size_t len)
{
	char *to = buffer;

	if (zc_module_trouble(module))
		return false;
	if (module->table && address >= module->unwind_address &&
	    address - module->unwind_address < module->table_size) {
		if (len > module->table_size - (address - module->unwind_address))
			return false;
		memcpy(to, module->table + (address - module->unwind_address), len);
		return true;
	}
	for (unsigned i = 0; i < module->loads; i++) {
		const struct zc_load *segment = &module->load[i];
		uint64_t offset;

		if (!segment->read_only || address < segment->address ||
		    address - segment->address >= segment->size ||
		    len > segment->size - (address - segment->address))
			continue;
		for (offset = segment->offset + (address - segment->address); len;) {
			const unsigned char *chunk = chunk_at(module, offset);
			size_t within = (size_t)(offset % ZC_CHUNK);
			size_t part = len < ZC_CHUNK - within ? len : ZC_CHUNK - within;

			if (!chunk)
				return false;
			memcpy(to, chunk + within, part);
			to += part, offset += part, len -= part;
		}
		return true;
	}
	return false;
}

bool zc_module_unwind_header(struct zc_module *module, uint64_t *ret_address, uint64_t *ret_size)
{
	if (zc_module_trouble(module))
		return false;
	if (!module->unwind_size && module->frame_size) {
		zc_module_make_table(module);
		module->frame_size = 0; /* once */
	}
	if (!module->unwind_size)
		return false;
	*ret_address = module->unwind_address;
	*ret_size = module->unwind_size;
	return true;
}

bool zc_module_extent(struct zc_module *module, uint64_t *ret_start, uint64_t *ret_end)
{
	if (zc_module_trouble(module) || !module->loads)
		return false;
	*ret_start = module->start;
	*ret_end = module->end;
	return true;
}
