/* SPDX-License-Identifier: MIT */
/*
 * narrow.c - who called, in 32-bit code: the program counters of its frames.
 *
 * The unwinder knows 64-bit code only, and such code keeps no frame pointers (libc does not even keep
 * the register). So return addresses are looked for on the stack: a word that stands right behind a
 * call of the very function that the frame before is in. Calls through pointers end the search; the
 * record says that callers may be missing.
 */
#include <string.h>

#include "tracer/look/caller.h"
#include "tracer/look/look.h"
#include "tracer/look/maps.h"

#define SCAN_WORDS 256u    /* from one return address to the next */
#define FUNCTION_MAX 2048u /* bytes of a function, for all that is known */

struct walk {
	struct zc_tracee *tracee;
	const struct zc_snapshot *snapshot;
	uint64_t *pc;
	unsigned count;
};

static bool read_word(const struct walk *walk, uint32_t address, uint32_t *ret)
{
	const struct zc_snapshot *snapshot = walk->snapshot;
	uint64_t from = snapshot->stack.address, len;

	if (snapshot->stack_len <= sizeof(snapshot->stack.address))
		return false;
	len = snapshot->stack_len - sizeof(snapshot->stack.address);
	if (address < from || address - from + sizeof(*ret) > len)
		return false;
	memcpy(ret, snapshot->stack.bytes + (address - from), sizeof(*ret));
	return true;
}

static bool read_code(const struct walk *walk, uint32_t address, unsigned char *to, size_t len)
{
	const struct zc_reader reader = zc_tracee_reader(walk->tracee);

	return zc_mapped_find(walk->tracee, address) &&
	       reader.bytes(reader.context, address, to, len) >= 0;
}

/* Does it jump on through a table, to a function in another file? */
static bool is_stub(const struct walk *walk, uint32_t address)
{
	static const unsigned char landing[] = { 0xf3, 0x0f, 0x1e, 0xfb }; /* endbr32 */
	unsigned char code[6];
	unsigned at = 0;

	if (!read_code(walk, address, code, sizeof(code)))
		return false;
	if (memcmp(code, landing, sizeof(landing)) == 0)
		at = sizeof(landing);
	return code[at] == 0xff && (code[at + 1] == 0x25 || code[at + 1] == 0xa3);
}

/* mov (%esp),%reg; ret: position-independent code asks so where it is, and is back at once. */
static bool is_thunk(const struct walk *walk, uint32_t address)
{
	unsigned char code[4];

	return read_code(walk, address, code, sizeof(code)) && code[0] == 0x8b &&
	       (code[1] & 0xc7) == 0x04 && code[2] == 0x24 && code[3] == 0xc3;
}

/* Is this where a call of the function that holds the last program counter comes back to? */
static bool returns_from(const struct walk *walk, uint32_t address, bool system)
{
	uint32_t last = (uint32_t)walk->pc[walk->count - 1], target;
	unsigned char code[7];
	int32_t distance;

	if (address < 65536 || !read_code(walk, address - 7, code, sizeof(code)))
		return false;
	if (system && code[1] == 0xff && code[2] == 0x15) /* call *%gs:0x10, of the vdso */
		return true;
	if (code[2] != 0xe8)
		return false;
	memcpy(&distance, code + 3, sizeof(distance));
	target = address + (uint32_t)distance;
	return (target <= last && last - target < FUNCTION_MAX && !is_thunk(walk, target)) ||
	       is_stub(walk, target);
}

unsigned zc_narrow_walk(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
			uint64_t *ret_pcs, unsigned cap)
{
	struct walk walk = { tracee, snapshot, ret_pcs, 0 };
	uint32_t at = (uint32_t)snapshot->regs.sp, word;

	if (!cap)
		return 0;
	walk.pc[walk.count++] = snapshot->regs.ip;
	for (unsigned i = 0; i < SCAN_WORDS && walk.count < cap && read_word(&walk, at, &word);
	     i++, at += 4)
		if (returns_from(&walk, word, walk.count == 1)) {
			walk.pc[walk.count++] = word;
			i = 0;
		}
	return walk.count;
}
