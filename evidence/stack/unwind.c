/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - what libunwind asks for: memory from the copy or the mapped files, registers from the record, unwind
 * tables from each file's .eh_frame_hdr.
 */
#include <libunwind-x86_64.h>
#include <stdio.h>
#include <string.h>

#include "evidence/stack/maps.h"
#include "evidence/stack/rows.h"
#include "evidence/stack/stack_walk.h"

/* Exported by libunwind-x86_64 and used by perf and others, but in no installed header. */
int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *info,
				       unw_proc_info_t *ret, int need_unwind_info, void *context);

#define READS_MAX 100000u /* words a walk may ask for: 64 cold frames need a third of it */
#define ROWS_MAX 65536u

const char zc_stack_copy_ends[] = "the copy of the stack ends here";
static const char too_long[] = "the unwind data asks for too much work";

bool zc_stack_read_copy(const struct zc_stack_walk *walk, uint64_t address, void *to, size_t len)
{
	if (address < walk->copy_at || address - walk->copy_at > walk->copy_len ||
	    walk->copy_len - (address - walk->copy_at) < len)
		return false;
	memcpy(to, walk->copy + (address - walk->copy_at), len);
	return true;
}

static bool read_map(const struct zc_map *map, uint64_t address, void *to, size_t len)
{
	return map && map->module && zc_module_read(map->module, address - map->bias, to, len);
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
		      void *context)
{
	struct zc_stack_walk *walk = context;

	if (write)
		return -UNW_EINVAL;
	if (++walk->reads > READS_MAX) {
		walk->why = too_long;
		return -UNW_EUNSPEC;
	}
	if (zc_stack_read_copy(walk, address, value, sizeof(*value)) ||
	    read_map(walk->map, address, value, sizeof(*value)) ||
	    read_map(zc_maps_find(walk->maps, address), address, value, sizeof(*value)))
		return 0;
	if (!walk->no_rows) /* else the lack of rows led here */
		walk->why = zc_stack_copy_ends;
	return -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
		      void *context)
{
	const struct zc_wire_regs *regs = ((struct zc_stack_walk *)context)->regs;

	if (write)
		return -UNW_EREADONLYREG;
	switch (number) {
	case UNW_X86_64_RIP: *value = regs->ip; return 0;
	case UNW_X86_64_RSP: *value = regs->sp; return 0;
	case UNW_X86_64_RBP: *value = regs->bp; return 0;
	case UNW_X86_64_RBX: *value = regs->bx; return 0;
	case UNW_X86_64_R12: *value = regs->r12; return 0;
	case UNW_X86_64_R13: *value = regs->r13; return 0;
	case UNW_X86_64_R14: *value = regs->r14; return 0;
	case UNW_X86_64_R15: *value = regs->r15; return 0;
	default: return -UNW_EBADREG; /* the caller-saved ones say nothing about a caller */
	}
}

/*
 * Such a function is left alone (rows.h). libunwind keeps the addresses of the row programs (of the
 * common part, then of the function's own) in the first four words of its private data.
 */
static bool rows_may_trap(struct zc_stack_walk *walk, const unw_proc_info_t *info)
{
	const unw_word_t *program = info->unwind_info;
	unsigned char bytes[ROWS_MAX];
	unsigned seen = 0;

	for (unsigned i = 0; program && i < 4; i += 2) {
		size_t len = program[i + 1] - program[i];

		if (program[i + 1] < program[i] || len > sizeof(bytes) ||
		    (len && !read_map(walk->map, program[i], bytes, len)))
			return true;
		seen |= zc_rows_look(bytes, len);
	}
	return zc_rows_may_divide(seen);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
	/* libunwind frees what dwarf_search_unwind_table made by itself; there is nothing of ours. */
}

/* The binary search table of a module. Only the one encoding that linkers write is understood. */
static bool fill_table(const struct zc_map *map, unw_dyn_info_t *ret)
{
	static const unsigned char usual[4] = { 1, 0x1b, 0x03, 0x3b };
	unsigned char head[4];
	uint64_t address, size;
	uint32_t count;

	if (!zc_module_unwind_header(map->module, &address, &size) || size < 12 ||
	    !zc_module_read(map->module, address, head, sizeof(head)) ||
	    memcmp(head, usual, sizeof(head)) != 0 ||
	    !zc_module_read(map->module, address + 8, &count, sizeof(count)) ||
	    count > (size - 12) / 8)
		return false;
	*ret = (unw_dyn_info_t){ .start_ip = map->start,
				 .end_ip = map->end,
				 .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	ret->u.rti.segbase = address + map->bias;
	ret->u.rti.table_data = address + map->bias + 12;
	ret->u.rti.table_len = count;
	return true;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *ret, int need,
			  void *context)
{
	struct zc_stack_walk *walk = context;
	const char *trouble;
	unw_dyn_info_t table;
	int error;

	walk->no_rows = true;
	walk->map = zc_maps_find(walk->maps, ip);
	if (!walk->map || !walk->map->module) {
		walk->why = "code outside every known module";
		return -UNW_ENOINFO;
	}
	trouble = zc_module_trouble(walk->map->module);
	if (trouble || !fill_table(walk->map, &table)) {
		snprintf(walk->stack->text, sizeof(walk->stack->text), "%.80s: %s",
			 zc_module_base(walk->map->module), trouble ? trouble : "no unwind table");
		walk->why = walk->stack->text;
		return -UNW_ENOINFO;
	}
	error = _Ux86_64_dwarf_search_unwind_table(space, ip, &table, ret, need, context);
	if (!error && need && rows_may_trap(walk, ret)) {
		walk->why = "unwind data that no compiler writes";
		return -UNW_ENOINFO;
	}
	if (!error)
		walk->no_rows = false;
	else if (walk->why != too_long)
		walk->why = "code without unwind data";
	return error;
}

static int no_dynamic_info(unw_addr_space_t space, unw_word_t *address, void *context)
{
	return -UNW_ENOINFO;
}

static int no_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
		    void *context)
{
	return -UNW_EINVAL;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *buffer, size_t cap,
		   unw_word_t *offset, void *context)
{
	return -UNW_ENOINFO;
}

unw_accessors_t zc_stack_accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = put_unwind_info,
	.get_dyn_info_list_addr = no_dynamic_info,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = no_float,
	.resume = no_resume,
	.get_proc_name = no_name,
};
