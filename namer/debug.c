/* SPDX-License-Identifier: MIT */
/*
 * debug.c - which line, and what was inlined there: DWARF, by libdw.
 *
 * Which unit holds an address is noted once for all units, and which function within a unit once for
 * the unit: .debug_aranges is often missing, and libdw's own search walks all of a unit each time.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "namer/namer.h"

#define INDEX_MS 2500 /* of processor time to note the units; then there are names alone */
#define FUNCTIONS_MAX (1u << 20)
#define NESTING_MAX 24u
#define CHILDREN_MAX (1u << 22)

struct range {
	uint64_t start, end;
	Dwarf_Off die;
};

struct functions {
	struct range *range; /* sorted by start */
	size_t count, cap;
	bool made;
};

struct zc_namer_unit {
	struct range range;
	struct functions *functions; /* shared by the ranges of one unit */
};

static long work_ms(void)
{
	struct timespec t = { 0, 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int by_start(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end > b->end ? -1 : a->end < b->end; /* what is inside comes later */
}

/* ---- units ---- */

static bool note_unit(struct zc_namer_debug *debug, Dwarf_Die *die)
{
	struct functions *functions = NULL;
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (!start || start >= end) /* the linker leaves those of dropped functions at 0 */
			continue;
		if (!functions)
			functions = calloc(1, sizeof(*functions));
		if (debug->count == debug->cap) {
			size_t cap = debug->cap ? debug->cap * 2 : 64;
			struct zc_namer_unit *more =
				realloc(debug->unit, cap * sizeof(*debug->unit));

			if (!more)
				return false;
			debug->unit = more;
			debug->cap = cap;
		}
		if (!functions)
			return false;
		debug->unit[debug->count++] =
			(struct zc_namer_unit){ { start, end, dwarf_dieoffset(die) }, functions };
	}
	return true;
}

static void index_units(struct zc_namer_debug *debug)
{
	long begun = work_ms();
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	debug->indexed = true;
	while (dwarf_get_units(debug->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		if (work_ms() - begun > INDEX_MS || !note_unit(debug, &die)) {
			debug->count = 0;
			return;
		}
	}
	if (debug->count)
		qsort(debug->unit, debug->count, sizeof(*debug->unit), by_start);
}

static struct zc_namer_unit *find_unit(const struct zc_namer_debug *debug, uint64_t address)
{
	size_t low = 0, high = debug->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (debug->unit[middle].range.start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned back = 0; low-- > 0 && back < 16; back++)
		if (address < debug->unit[low].range.end)
			return &debug->unit[low];
	return NULL;
}

/* ---- functions of a unit ---- */

static void note_function(struct functions *functions, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while (functions->count < FUNCTIONS_MAX &&
	       (at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (!start || start >= end)
			continue;
		if (functions->count == functions->cap) {
			size_t cap = functions->cap ? functions->cap * 2 : 64;
			struct range *more = realloc(functions->range, cap * sizeof(*more));

			if (!more)
				return;
			functions->range = more;
			functions->cap = cap;
		}
		functions->range[functions->count++] =
			(struct range){ start, end, dwarf_dieoffset(die) };
	}
}

/* Functions stand in the unit, its namespaces and its types; nested ones in functions. */
static void note_functions(struct functions *functions, Dwarf_Die *parent, unsigned depth,
			   unsigned *left)
{
	Dwarf_Die die;

	if (depth > NESTING_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		if (!(*left)--) {
			*left = 0;
			return;
		}
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram: note_function(functions, &die); break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type: note_functions(functions, &die, depth + 1, left); break;
		default: break;
		}
	} while (*left && dwarf_siblingof(&die, &die) == 0);
}

static bool find_function(struct zc_namer_unit *unit, Dwarf_Die *unit_die, Dwarf *dwarf,
			  uint64_t address, Dwarf_Die *ret)
{
	struct functions *functions = unit->functions;
	unsigned left = CHILDREN_MAX;
	size_t low = 0, high;

	if (!functions->made) {
		functions->made = true;
		note_functions(functions, unit_die, 0, &left);
		if (functions->count)
			qsort(functions->range, functions->count, sizeof(*functions->range),
			      by_start);
	}
	for (high = functions->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (functions->range[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < functions->range[low - 1].end &&
	       dwarf_offdie(dwarf, functions->range[low - 1].die, ret) != NULL;
}

/* ---- what was inlined at the address ---- */

/* The block or inlined function directly in parent that holds the address. */
static bool step_in(Dwarf_Die *parent, uint64_t address, Dwarf_Die *ret)
{
	Dwarf_Die die;
	unsigned left = 1u << 16;

	if (dwarf_child(parent, &die) != 0)
		return false;
	do {
		int tag = dwarf_tag(&die);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
		     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
		    dwarf_haspc(&die, address) > 0) {
			*ret = die;
			return true;
		}
	} while (--left && dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* Inlined functions that hold the address, from the outside in; the innermost are kept. */
static unsigned inlined_at(Dwarf_Die *function, uint64_t address, Dwarf_Die ret[], unsigned most)
{
	Dwarf_Die die = *function, inside;
	unsigned count = 0;

	for (unsigned depth = 0; depth < 64 && step_in(&die, address, &inside); depth++) {
		die = inside;
		if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
			continue;
		if (count == most)
			memmove(ret, ret + 1, --count * sizeof(*ret));
		ret[count++] = die;
	}
	return count;
}

static struct zc_naming_text text(const char *from)
{
	return (struct zc_naming_text){ from, from ? strlen(from) : 0 };
}

static const char *name_of(Dwarf_Die *die)
{
	static const unsigned kinds[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	const char *name = NULL;
	Dwarf_Attribute attribute;

	for (size_t i = 0; !name && i < ZC_LEN(kinds); i++)
		if (dwarf_attr_integrate(die, kinds[i], &attribute))
			name = dwarf_formstring(&attribute);
	return name;
}

static void take_call_site(Dwarf_Die *die, Dwarf_Files *files, struct zc_naming_frame *frame)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attribute;

	if (!dwarf_attr(die, DW_AT_call_file, &attribute) ||
	    dwarf_formudata(&attribute, &file) != 0 ||
	    !dwarf_attr(die, DW_AT_call_line, &attribute) ||
	    dwarf_formudata(&attribute, &line) != 0 || !files)
		return;
	frame->file = text(dwarf_filesrc(files, file, NULL, NULL));
	frame->line = line <= INT32_MAX ? (uint32_t)line : 0;
}

static void take_line(Dwarf_Die *unit, uint64_t address, struct zc_naming_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line || dwarf_lineno(line, &number) != 0 || number <= 0)
		return;
	frame->file = text(dwarf_linesrc(line, NULL, NULL));
	frame->line = (uint32_t)number;
}

void zc_namer_debug(struct zc_namer_debug *debug, uint64_t address, struct zc_naming_place *ret)
{
	Dwarf_Die unit_die, function, inlined[ZC_NAMING_FRAMES - 1];
	struct zc_namer_unit *unit;
	Dwarf_Files *files = NULL;
	unsigned count = 0;
	size_t lines;

	if (!debug->dwarf)
		return;
	if (!debug->indexed)
		index_units(debug);
	unit = find_unit(debug, address);
	if (!unit || !dwarf_offdie(debug->dwarf, unit->range.die, &unit_die))
		return;
	if (find_function(unit, &unit_die, debug->dwarf, address, &function)) {
		count = inlined_at(&function, address, inlined, ZC_NAMING_FRAMES - 1);
		ret->frame[0].function = text(name_of(&function));
	}
	if (count && dwarf_getsrcfiles(&unit_die, &files, &lines) != 0)
		files = NULL;
	ret->frame[count].function = ret->frame[0].function;
	ret->frames = count + 1;
	for (unsigned i = 0; i < count; i++) {
		struct zc_naming_frame *outer = &ret->frame[count - i];

		/* Called from the line that stands with what was inlined. */
		take_call_site(&inlined[i], files, outer);
		ret->frame[count - i - 1].function = text(name_of(&inlined[i]));
	}
	take_line(&unit_die, address, &ret->frame[0]);
}
