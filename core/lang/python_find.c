/* SPDX-License-Identifier: MIT */
/*
 * python_find.c - is this mapped file a Python interpreter, and of which version?
 *
 * The one that exports _PyRuntime is it. Symbols are looked up the way the dynamic linker does it, in
 * the process's memory: the file may be another one by now. The version is what the interpreter says
 * where it does (3.11), else what it exports tells it.
 */
#include "core/mem.h"
#include "core/lang/python.h"

#define CHAIN_MAX 256u
#define OFFSET_MAX 65536u
#define NONE ZC_PYTHON_NONE

/* By offsetof() in each version's own headers, x86-64. 3.8 to 3.12 do not publish them. */
/* 3.8 to 3.10 differ in how they tell lines, and 3.10 in where a frame keeps its instruction. */
#define BEFORE_3_11 \
	.interpreters = 32, .interp_next = 0, .interp_threads = 8, .thread_next = 8, \
	.thread_id = 176, .thread_frame = 24, .current = NONE, .native_ids = false, \
	.frame_back = 24, .frame_code = 32, .frame_owner = NONE, .frame_entry = NONE, \
	.code_file = 104, .code_name = 112, .code_qualname = NONE, .code_line = 40, \
	.code_table = 120, .code_start = 0, .text_ascii = 48, .text_other = 72

/* clang-format off */
static const struct zc_python_layout layouts[] = {
	{ .minor = 8, .lines = ZC_PYTHON_LNOTAB, .frame_at = 104, BEFORE_3_11 },
	{ .minor = 9, .lines = ZC_PYTHON_LNOTAB, .frame_at = 104, BEFORE_3_11 },
	{ .minor = 10, .lines = ZC_PYTHON_LINES_310, .frame_at = 96, BEFORE_3_11 },
	{ .minor = 11, .lines = ZC_PYTHON_LOCATIONS,
	  .interpreters = 40, .interp_next = 0, .interp_threads = 16, .thread_next = 8,
	  .thread_id = 160, .thread_frame = 56, .current = 8, .native_ids = true,
	  .frame_back = 48, .frame_code = 32, .frame_at = 56, .frame_owner = 69, .frame_entry = 68,
	  .code_file = 112, .code_name = 120, .code_qualname = 128, .code_line = 72,
	  .code_table = 136, .code_start = 184, .text_ascii = 48, .text_other = 72 },
	{ .minor = 12, .lines = ZC_PYTHON_LOCATIONS,
	  .interpreters = 40, .interp_next = 0, .interp_threads = 72, .thread_next = 8,
	  .thread_id = 144, .thread_frame = 56, .current = 0, .native_ids = true,
	  .frame_back = 8, .frame_code = 0, .frame_at = 56, .frame_owner = 70, .frame_entry = NONE,
	  .code_file = 112, .code_name = 120, .code_qualname = 128, .code_line = 68,
	  .code_table = 136, .code_start = 192, .text_ascii = 40, .text_other = 56 },
};
/* clang-format on */

/* ---- symbols of a mapped file ---- */

struct symbols {
	uint64_t bias, table, text, hash;
	uint32_t head[4]; /* of the hash table: buckets, first symbol, words of filter, shift */
};

/* glibc writes addresses over what the file says, others do not. */
static uint64_t placed(const struct symbols *symbols, uint64_t address)
{
	return address < symbols->bias ? address + symbols->bias : address;
}

static bool read_dynamic(struct zc_python_memory *memory, uint64_t address, size_t size,
			 Elf64_Dyn dynamic[ZC_PYTHON_DYNAMIC], struct symbols *ret)
{
	size_t count = size / sizeof(*dynamic);

	if (count > ZC_PYTHON_DYNAMIC)
		count = ZC_PYTHON_DYNAMIC;
	if (!count || !zc_python_read(memory, address, dynamic, count * sizeof(*dynamic)))
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
	       zc_python_read(memory, ret->hash, ret->head, sizeof(ret->head)) && ret->head[0];
}

/* Programs that are not position-independent begin here, others at their bias. */
static const uint64_t bases[] = { 0, 0x400000 };

static bool find_symbols(struct zc_python_memory *memory, uint64_t bias,
			 struct zc_python_work *work, struct symbols *ret)
{
	Elf64_Phdr *phdr = work->elf.phdr;
	Elf64_Ehdr elf;
	uint64_t base = 0;
	bool found = false;

	*ret = (struct symbols){ .bias = bias };
	for (size_t i = 0; i < ZC_LEN(bases) && !found; i++) {
		base = bias + bases[i];
		found = base && zc_python_read(memory, base, &elf, sizeof(elf)) &&
			zc_equal(elf.e_ident, ELFMAG, SELFMAG);
	}
	if (!found || elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(*phdr) ||
	    elf.e_phoff > 4096 || elf.e_phnum > ZC_LEN(work->elf.phdr) ||
	    !zc_python_read(memory, base + elf.e_phoff, phdr, elf.e_phnum * sizeof(*phdr)))
		return false;
	for (unsigned i = 0; i < elf.e_phnum; i++)
		if (phdr[i].p_type == PT_DYNAMIC)
			return read_dynamic(memory, bias + phdr[i].p_vaddr, phdr[i].p_memsz,
					    work->elf.dynamic, ret);
	return false;
}

static bool is_named(struct zc_python_memory *memory, const struct symbols *symbols, uint32_t index,
		     const char *name, uint64_t *ret)
{
	size_t size = zc_len(name) + 1;
	char text[64];
	Elf64_Sym sym;

	if (size > sizeof(text) ||
	    !zc_python_read(memory, symbols->table + (uint64_t)index * sizeof(sym), &sym,
			    sizeof(sym)) ||
	    sym.st_shndx == SHN_UNDEF ||
	    !zc_python_read(memory, symbols->text + sym.st_name, text, size) ||
	    !zc_equal(text, name, size))
		return false;
	*ret = symbols->bias + sym.st_value;
	return true;
}

/* The address of an exported symbol, or 0. Layout of DT_GNU_HASH: head, filter, buckets, chains. */
static uint64_t symbol(struct zc_python_memory *memory, const struct symbols *symbols,
		       const char *name)
{
	uint64_t buckets = symbols->hash + sizeof(symbols->head) + 8ull * symbols->head[2];
	uint64_t chains = buckets + 4ull * symbols->head[0], found = 0;
	uint32_t hash = 5381, index, chain;

	for (const char *at = name; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	if (!zc_python_read(memory, buckets + 4ull * (hash % symbols->head[0]), &index,
			    sizeof(index)) ||
	    index < symbols->head[1])
		return 0;
	for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
		if (!zc_python_read(memory, chains + 4ull * (index - symbols->head[1]), &chain,
				    sizeof(chain)))
			return 0;
		if ((chain | 1) == (hash | 1) && is_named(memory, symbols, index, name, &found))
			return found;
		if (chain & 1)
			return 0;
	}
	return 0;
}

/* ---- the version ---- */

const struct zc_python_layout *zc_python_layout_of(unsigned minor)
{
	for (size_t i = 0; i < ZC_LEN(layouts); i++)
		if (layouts[i].minor == minor)
			return &layouts[i];
	return NULL;
}

/* struct _Py_DebugOffsets of 3.13, in words. A later version has another one. */
static bool take_published(struct zc_python_memory *memory, uint64_t runtime,
			   uint64_t word[ZC_PYTHON_WORDS], struct zc_python_layout *ret)
{
	if (!zc_python_read(memory, runtime, word, ZC_PYTHON_WORDS * sizeof(*word)) ||
	    !zc_equal(word, "xdebugpy", 8) || word[1] >> 16 != 0x030d)
		return false;
	for (unsigned i = 3; i < ZC_PYTHON_WORDS;
	     i++) /* sizes may be large: of the interpreter's state */
		if (i != 3 && i != 6 && word[i] >= (i < 19 ? 64 * OFFSET_MAX : OFFSET_MAX))
			return false;
	*ret = (struct zc_python_layout){
		.minor = 13,
		.lines = ZC_PYTHON_LOCATIONS,
		.native_ids = true,
		.interpreters = (uint32_t)word[5],
		.interp_next = (uint32_t)word[8],
		.interp_threads = (uint32_t)word[9],
		.thread_next = (uint32_t)word[21],
		.thread_frame = (uint32_t)word[23],
		.thread_id = (uint32_t)word[25],
		.current = NONE,
		.frame_back = (uint32_t)word[29],
		.frame_code = (uint32_t)word[30],
		.frame_at = (uint32_t)word[31],
		.frame_owner = (uint32_t)word[33],
		.frame_entry = NONE,
		.code_file = (uint32_t)word[35],
		.code_name = (uint32_t)word[36],
		.code_qualname = (uint32_t)word[37],
		.code_table = (uint32_t)word[38],
		.code_line = (uint32_t)word[39],
		.code_start = (uint32_t)word[43],
		.text_ascii = (uint32_t)word[70],
		.text_other = (uint32_t)word[70] + 16, /* its UTF-8 and the length of that */
	};
	return true;
}

/* Each of these came with a version, and stayed. */
static unsigned minor_by_exports(struct zc_python_memory *memory, const struct symbols *symbols)
{
	static const struct {
		const char *name;
		unsigned minor;
	} newest[] = { { "PyIter_Send", 10 },
		       { "PyFrame_GetCode", 9 },
		       { "PyCode_NewWithPosOnlyArgs", 8 } };

	for (size_t i = 0; i < ZC_LEN(newest); i++)
		if (symbol(memory, symbols, newest[i].name))
			return newest[i].minor;
	return 0;
}

static bool find_layout(struct zc_python_memory *memory, const struct symbols *symbols,
			uint64_t runtime, struct zc_python_work *work, struct zc_python_layout *ret)
{
	uint64_t place = symbol(memory, symbols, "Py_Version");
	const struct zc_python_layout *layout;
	uint32_t version = 0; /* as PY_VERSION_HEX */

	if (place &&
	    (!zc_python_read(memory, place, &version, sizeof(version)) || version >> 24 != 3))
		return false;
	if (version >> 16 >= 0x030d)
		return take_published(memory, runtime, work->elf.word, ret);
	layout = zc_python_layout_of(place ? version >> 16 & 0xff
					   : minor_by_exports(memory, symbols));
	if (layout)
		zc_copy(ret, layout, sizeof(*ret));
	return layout != NULL;
}

bool zc_python_look(struct zc_python_memory *memory, uint64_t bias, struct zc_python_work *work,
		    struct zc_python *ret)
{
	struct symbols symbols;

	zc_fill(ret, 0, sizeof(*ret));
	if (!find_symbols(memory, bias, work, &symbols))
		return false;
	ret->runtime = symbol(memory, &symbols, "_PyRuntime");
	if (!ret->runtime)
		return false;
	ret->code_type = symbol(memory, &symbols, "PyCode_Type");
	ret->text_type = symbol(memory, &symbols, "PyUnicode_Type");
	ret->bytes_type = symbol(memory, &symbols, "PyBytes_Type");
	return ret->code_type && ret->text_type && ret->bytes_type &&
	       find_layout(memory, &symbols, ret->runtime, work, &ret->layout);
}
