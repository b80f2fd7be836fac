/* SPDX-License-Identifier: MIT */
/*
 * chain.c - SHA-256 over lines: libsodium's, or the processor's own where it has one.
 *
 * Hashing a 4 KiB line with libsodium 1.0.18 (portable C) takes 20 us, which was half of the
 * collector's time for a record; the SHA instructions take 4 us.
 */
#include <sodium.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "evidence/chain.h"

#define BLOCK 64u

void zc_chain_start(unsigned char ret_link[ZC_LINK_BYTES], const char *run_id)
{
	static const char name[] = "zencube.chain/1\n";
	crypto_hash_sha256_state hash;

	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, (const unsigned char *)name, sizeof(name) - 1);
	crypto_hash_sha256_update(&hash, (const unsigned char *)run_id, strlen(run_id));
	crypto_hash_sha256_final(&hash, ret_link);
}

static void next_with_sodium(unsigned char *ret_link, const unsigned char *link, const char *text,
			     size_t len)
{
	crypto_hash_sha256_state hash;

	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, link, ZC_LINK_BYTES);
	crypto_hash_sha256_update(&hash, (const unsigned char *)text, len);
	crypto_hash_sha256_update(&hash, (const unsigned char *)"}", 1);
	crypto_hash_sha256_final(&hash, ret_link);
}

#if defined(__x86_64__)
#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

/* FIPS 180-4, section 4.2.2. */
static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* The state as the instructions want it: {f, e, b, a} and {h, g, d, c}, lowest word first. */
struct state {
	__m128i abef, cdgh;
};

WITH_SHA static inline __m128i big_endian(const unsigned char *bytes)
{
	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes),
				_mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll));
}

WITH_SHA static void compress(struct state *state, const unsigned char *bytes, size_t blocks)
{
	for (; blocks; blocks--, bytes += BLOCK) {
		const struct state before = *state;
		__m128i w[4];

		for (unsigned i = 0; i < 4; i++)
			w[i] = big_endian(bytes + 16 * i);
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) { /* four rounds each */
			__m128i *now = &w[i & 3], sum;

			if (i >= 4) {
				sum = _mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]),
						    _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3],
								    4));
				*now = _mm_sha256msg2_epu32(sum, w[(i + 3) & 3]);
			}
			sum = _mm_add_epi32(
				*now, _mm_load_si128((const __m128i *)(round_constants + 4 * i)));
			state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, sum);
			state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh,
							    _mm_shuffle_epi32(sum, 0x0e));
		}
		state->abef = _mm_add_epi32(state->abef, before.abef);
		state->cdgh = _mm_add_epi32(state->cdgh, before.cdgh);
	}
}

/* The last blocks: what is left of the message, 0x80, zeros, its length in bits. */
WITH_SHA static void finish(struct state *state, const unsigned char *rest, size_t len,
			    uint64_t total)
{
	unsigned char last[2 * BLOCK] = { 0 };
	size_t blocks = len + 9 <= BLOCK ? 1 : 2;

	memcpy(last, rest, len);
	last[len] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		last[blocks * BLOCK - 1 - i] = (unsigned char)(total * 8 >> 8 * i);
	compress(state, last, blocks);
}

WITH_SHA static void next_with_sha(unsigned char *ret_link, const unsigned char *link,
				   const char *text, size_t len)
{
	struct state state = {
		_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
		_mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
	};
	unsigned char joint[BLOCK];
	size_t first = len < BLOCK - ZC_LINK_BYTES ? len : BLOCK - ZC_LINK_BYTES, whole;
	uint32_t words[8];

	memcpy(joint, link, ZC_LINK_BYTES);
	memcpy(joint + ZC_LINK_BYTES, text, first);
	if (first < BLOCK - ZC_LINK_BYTES) {
		joint[ZC_LINK_BYTES + first] = '}';
		finish(&state, joint, ZC_LINK_BYTES + first + 1, ZC_LINK_BYTES + len + 1);
	} else {
		compress(&state, joint, 1);
		whole = (len - first) / BLOCK;
		compress(&state, (const unsigned char *)text + first, whole);
		first += whole * BLOCK;
		memcpy(joint, text + first, len - first);
		joint[len - first] = '}';
		finish(&state, joint, len - first + 1, ZC_LINK_BYTES + len + 1);
	}
	words[0] = (uint32_t)_mm_extract_epi32(state.abef, 3),
	words[1] = (uint32_t)_mm_extract_epi32(state.abef, 2);
	words[2] = (uint32_t)_mm_extract_epi32(state.cdgh, 3),
	words[3] = (uint32_t)_mm_extract_epi32(state.cdgh, 2);
	words[4] = (uint32_t)_mm_extract_epi32(state.abef, 1),
	words[5] = (uint32_t)_mm_extract_epi32(state.abef, 0);
	words[6] = (uint32_t)_mm_extract_epi32(state.cdgh, 1),
	words[7] = (uint32_t)_mm_extract_epi32(state.cdgh, 0);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t swapped = __builtin_bswap32(words[i]);

		memcpy(ret_link + 4 * i, &swapped, 4);
	}
}

/* CPUID leaf 7: bit 29 of EBX. gcc 12 has no name for it in __builtin_cpu_supports(). */
static bool has_sha(void)
{
	static int known; /* 1: no, 2: yes */
	unsigned a = 7, b, c = 0, d;

	if (!known) {
		__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		known = b >> 29 & 1 && __builtin_cpu_supports("sse4.1") &&
					__builtin_cpu_supports("ssse3")
				? 2
				: 1;
	}
	return known == 2;
}
#endif

void zc_chain_next(unsigned char ret_link[ZC_LINK_BYTES], const unsigned char link[ZC_LINK_BYTES],
		   const char *text, size_t len)
{
#if defined(__x86_64__)
	if (has_sha()) {
		next_with_sha(ret_link, link, text, len);
		return;
	}
#endif
	next_with_sodium(ret_link, link, text, len);
}
