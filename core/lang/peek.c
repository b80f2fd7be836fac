/* SPDX-License-Identifier: MIT */
/*
 * peek.c - bounded reads of a process's memory, a block at a time.
 */
#include "core/mem.h"
#include "core/lang/peek.h"

bool zc_peek(struct zc_peek *memory, uint64_t address, void *buffer, size_t len)
{
	if (!memory->left || address < 4096 || address >> 47)
		return false;
	memory->left--;
	return memory->read(memory->context, address, buffer, len) == (long)len;
}

/* The block around address, read once; NULL: not to be had. */
static const unsigned char *block_of(struct zc_peek_blocks *blocks, uint64_t address)
{
	uint64_t block = address & ~(uint64_t)(ZC_PEEK_BLOCK - 1);
	unsigned n = block / ZC_PEEK_BLOCK % ZC_PEEK_BLOCKS;

	if (blocks->block[n] == block)
		return blocks->bytes[n];
	blocks->block[n] = 0;
	if (blocks->read(blocks->context, block, blocks->bytes[n], ZC_PEEK_BLOCK) !=
	    (long)ZC_PEEK_BLOCK)
		return NULL;
	blocks->block[n] = block;
	return blocks->bytes[n];
}

long zc_peek_blocks_read(void *context, uint64_t address, void *buffer, size_t len)
{
	struct zc_peek_blocks *blocks = context;

	if (len > ZC_PEEK_BLOCK)
		return blocks->read(blocks->context, address, buffer, len);
	for (size_t done = 0, step; done < len; done += step) {
		size_t at = (address + done) & (ZC_PEEK_BLOCK - 1);
		const unsigned char *bytes = block_of(blocks, address + done);

		if (!bytes)
			return -1;
		step = ZC_PEEK_BLOCK - at < len - done ? ZC_PEEK_BLOCK - at : len - done;
		zc_copy((char *)buffer + done, bytes + at, step);
	}
	return (long)len;
}
