/* SPDX-License-Identifier: MIT */
/*
 * keyed.c - SipHash-2-4, after "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012).
 */
#include "core/keyed.h"

struct state {
	uint64_t v[4];
};

static inline uint64_t rotated(uint64_t value, unsigned by)
{
	return value << by | value >> (64 - by);
}

static void rounds(struct state *s, unsigned count)
{
	uint64_t *v = s->v;

	while (count--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotated(v[1], 13) ^ v[0];
		v[3] = rotated(v[3], 16) ^ v[2];
		v[0] = rotated(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotated(v[1], 17) ^ v[2];
		v[3] = rotated(v[3], 21) ^ v[0];
		v[2] = rotated(v[2], 32);
	}
}

static void take(struct state *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s, 2);
	s->v[0] ^= word;
}

uint64_t zc_keyed_hash(const void *bytes, size_t len, uint64_t key, uint64_t seed)
{
	struct state s = { { key ^ 0x736f6d6570736575ull, seed ^ 0x646f72616e646f6dull,
			     key ^ 0x6c7967656e657261ull, seed ^ 0x7465646279746573ull } };
	const unsigned char *p = bytes;
	uint64_t word = 0;

	for (size_t left = len; left >= 8; left -= 8, p += 8) {
		__builtin_memcpy(&word, p, 8);
		take(&s, word);
	}
	word = (uint64_t)len << 56;
	for (unsigned i = 0; i < (len & 7); i++)
		word |= (uint64_t)p[i] << 8 * i;
	take(&s, word);
	s.v[2] ^= 0xff;
	rounds(&s, 4);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
