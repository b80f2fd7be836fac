/* SPDX-License-Identifier: MIT */
/*
 * peek.h - looking into another program's memory, or into one's own as if it were another's.
 *
 * What finds interpreters and walks their frames (python.h, v8.h) reads through this only: a function
 * that reads or says that it cannot, and a count that makes every walk end.
 *
 * Context: anywhere. Memory: the caller's. Fails: false.
 */
#ifndef ZC_CORE_PEEK_H
#define ZC_CORE_PEEK_H

#include "core/base.h"

/* Returns len, or something else when it cannot read all of that. */
typedef long zc_peek_read(void *context, uint64_t address, void *buffer, size_t len);

struct zc_peek {
	zc_peek_read *read;
	void *context;
	unsigned left; /* how many more reads there may be */
};
bool zc_peek(struct zc_peek *memory, uint64_t address, void *buffer, size_t len);

/*
 * What was read last: a frame, its code and its names lie close together. Bytes read at once; pages of
 * one's own cost as much to touch as a call does, so whole ones were slower.
 */
#define ZC_PEEK_BLOCK 512u
#define ZC_PEEK_BLOCKS 64u

struct zc_peek_blocks {
	zc_peek_read *read;
	void *context;
	uint64_t block[ZC_PEEK_BLOCKS]; /* its address; 0: none */
	unsigned char bytes[ZC_PEEK_BLOCKS][ZC_PEEK_BLOCK];
};
/* A zc_peek_read; its context is a struct zc_peek_blocks. */
long zc_peek_blocks_read(void *context, uint64_t address, void *buffer, size_t len);

#endif
