/* SPDX-License-Identifier: MIT */
/*
 * carry.c - a look at an ELF program, and the LD_PRELOAD that fits it.
 */
#include <elf.h>
#include <errno.h>

#include "core/exec/carry.h"
#include "core/mem.h"

#define MOST_SEGMENTS 32u
#define MOST_NEEDED 12u
#define CHUNK 8u

struct elf {
	zc_read_at *read_at;
	void *context;
	struct {
		uint64_t address, offset, size;
	} load[4];
	unsigned loads;
	uint64_t dynamic, dynamic_size;
};

static bool read_all(const struct elf *elf, void *buffer, size_t len, uint64_t offset)
{
	return elf->read_at(elf->context, buffer, len, offset) == (long)len;
}

static void take_segment(struct elf *elf, const Elf64_Phdr *p, struct zc_elf_look *ret)
{
	if (p->p_type == PT_INTERP)
		ret->interpreted = true;
	if (p->p_type == PT_LOAD && elf->loads < ZC_LEN(elf->load)) {
		elf->load[elf->loads].address = p->p_vaddr;
		elf->load[elf->loads].offset = p->p_offset;
		elf->load[elf->loads++].size = p->p_filesz;
	}
	if (p->p_type == PT_DYNAMIC) {
		elf->dynamic = p->p_offset;
		elf->dynamic_size = p->p_filesz;
	}
}

static int read_segments(struct elf *elf, const Elf64_Ehdr *head, struct zc_elf_look *ret)
{
	Elf64_Phdr part[CHUNK];

	if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phnum > MOST_SEGMENTS)
		return -EINVAL;
	for (unsigned i = 0; i < head->e_phnum; i += CHUNK) {
		unsigned n = head->e_phnum - i < CHUNK ? head->e_phnum - i : CHUNK;

		if (!read_all(elf, part, n * sizeof(part[0]), head->e_phoff + i * sizeof(part[0])))
			return -EINVAL;
		for (unsigned k = 0; k < n; k++)
			take_segment(elf, &part[k], ret);
	}
	return 0;
}

static bool file_offset(const struct elf *elf, uint64_t address, uint64_t *ret)
{
	for (unsigned i = 0; i < elf->loads; i++)
		if (address >= elf->load[i].address &&
		    address - elf->load[i].address < elf->load[i].size) {
			*ret = address - elf->load[i].address + elf->load[i].offset;
			return true;
		}
	return false;
}

/* Runtimes that end the program when another library comes before them. */
static bool is_sanitizer(const char *name, size_t len)
{
	static const char *const runtimes[] = { "libasan.so",        "libtsan.so",
						"liblsan.so",        "libhwasan.so",
						"libclang_rt.asan",  "libclang_rt.tsan",
						"libclang_rt.hwasan" };

	for (size_t i = 0; i < ZC_LEN(runtimes); i++)
		if (len >= zc_len(runtimes[i]) && zc_equal(name, runtimes[i], zc_len(runtimes[i])))
			return true;
	return false;
}

static void read_needed(const struct elf *elf, struct zc_elf_look *ret)
{
	uint64_t needed[MOST_NEEDED], strings = 0, table;
	unsigned count = 0;
	Elf64_Dyn part[CHUNK];

	for (uint64_t at = 0; at < elf->dynamic_size && at < 4096; at += sizeof(part)) {
		long got = elf->read_at(elf->context, part, sizeof(part), elf->dynamic + at);

		for (unsigned k = 0; got > 0 && k < (size_t)got / sizeof(part[0]); k++) {
			if (part[k].d_tag == DT_NULL)
				at = elf->dynamic_size;
			else if (part[k].d_tag == DT_NEEDED && count < MOST_NEEDED)
				needed[count++] = part[k].d_un.d_val;
			else if (part[k].d_tag == DT_STRTAB)
				strings = part[k].d_un.d_ptr;
			if (part[k].d_tag == DT_NULL)
				break;
		}
		if (got < (long)sizeof(part) || at == elf->dynamic_size)
			break;
	}
	if (!file_offset(elf, strings, &table))
		return;
	for (unsigned i = 0; i < count && i < 2; i++) { /* the compiler links a runtime first */
		char name[sizeof(ret->sanitizer)];
		long got = elf->read_at(elf->context, name, sizeof(name), table + needed[i]);
		size_t len = 0;

		while (got > 0 && len < (size_t)got && name[len])
			len++;
		if (got > 0 && len < (size_t)got && is_sanitizer(name, len)) {
			zc_copy(ret->sanitizer, name, len + 1);
			return;
		}
	}
}

int zc_elf_look(struct zc_elf_look *ret, zc_read_at *read_at, void *context)
{
	struct elf elf = { .read_at = read_at, .context = context };
	Elf64_Ehdr head;

	zc_fill(ret, 0, sizeof(*ret));
	if (!read_all(&elf, &head, sizeof(head), 0) || !zc_equal(head.e_ident, ELFMAG, SELFMAG))
		return -EINVAL;
	ret->bits = head.e_ident[EI_CLASS] == ELFCLASS64   ? 64
		    : head.e_ident[EI_CLASS] == ELFCLASS32 ? 32
							   : 0;
	ret->native = ret->bits == 64 && head.e_machine == EM_X86_64;
	ret->loader = zc_elf_is_loader(read_at, context);
	if (!ret->native)
		return 0;
	if (read_segments(&elf, &head, ret) < 0) {
		zc_fill(ret, 0, sizeof(*ret));
		return -EINVAL;
	}
	if (ret->interpreted && elf.dynamic)
		read_needed(&elf, ret);
	return 0;
}

bool zc_launched_word(const char *word, bool *value)
{
	static const char *const with_value[] = { "--library-path",
						  "--preload",
						  "--audit",
						  "--argv0",
						  "--inhibit-rpath",
						  "--glibc-hwcaps-prepend",
						  "--glibc-hwcaps-mask" };
	bool is_value = *value;

	*value = false;
	if (is_value)
		return false;
	for (size_t w = 0; w < ZC_LEN(with_value); w++)
		*value |= zc_len(word) == zc_len(with_value[w]) &&
			  zc_equal(word, with_value[w], zc_len(with_value[w]));
	return word[0] != '-';
}

const char *zc_launched_argument(char *const *argv)
{
	bool value = false;

	for (size_t i = 1; argv && argv[0] && argv[i]; i++)
		if (zc_launched_word(argv[i], &value))
			return argv[i];
	return NULL;
}

bool zc_is_named_loader(const char *path, size_t len)
{
	size_t base = len;

	while (base > 0 && path[base - 1] != '/')
		base--;
	return len - base >= 5 && zc_equal(path + base, "ld-", 3);
}

/* ---- LD_PRELOAD ---- */

static size_t entry_len(const char *list)
{
	size_t len = 0;

	while (list[len] && list[len] != ':' && list[len] != ' ')
		len++;
	return len;
}

static size_t base_of(const char *entry, size_t len)
{
	while (len > 0 && entry[len - 1] != '/')
		len--;
	return len;
}

struct writer {
	char *to;
	size_t cap, len;
	bool overflow;
};

static void put(struct writer *w, const char *text, size_t len, const char *separator)
{
	size_t gap = w->len ? zc_len(separator) : 0;

	if (w->len + gap + len + 1 > w->cap) {
		w->overflow = true;
		return;
	}
	zc_copy(w->to + w->len, separator, gap);
	zc_copy(w->to + w->len + gap, text, len);
	w->len += gap + len;
	w->to[w->len] = '\0';
}

/* Every entry that is neither ours nor a runtime that we put in. which: 0 runtimes, 1 the others. */
static void put_foreign(struct writer *w, const char *old, const char *ours, size_t ours_len,
			int which)
{
	while (*old) {
		size_t len = entry_len(old);
		bool is_ours = len == ours_len && zc_equal(old, ours, len);
		bool marked = old[len] == ':' && old[len + 1] == ':' &&
			      entry_len(old + len + 2) == ours_len &&
			      zc_equal(old + len + 2, ours, ours_len);
		size_t base = base_of(old, len);

		if (len && !is_ours && !marked &&
		    is_sanitizer(old + base, len - base) == (which == 0))
			put(w, old, len, ":");
		old += len + (old[len] != '\0');
	}
}

long zc_preload_list(char *to, size_t cap, const char *old, const char *ours,
		     const struct zc_elf_look *look)
{
	struct writer w = { to, cap, 0, false };
	size_t ours_len = zc_len(ours);
	bool fits = !look || look->bits != 32;

	if (!cap)
		return -ENAMETOOLONG;
	to[0] = '\0';
	put_foreign(&w, old, ours, ours_len, 0);
	if (fits && look && look->sanitizer[0] && w.len == 0) {
		put(&w, look->sanitizer, zc_len(look->sanitizer), "");
		put(&w, ours, ours_len, "::");
	} else if (fits) {
		put(&w, ours, ours_len, ":");
	}
	put_foreign(&w, old, ours, ours_len, 1);
	return w.overflow ? -ENAMETOOLONG : (long)w.len;
}
