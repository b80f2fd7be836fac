/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 (FIPS 180-4) of what comes in pieces.
 *
 * Memory: the caller's; nothing to free. Fails: never.
 */
#ifndef ZC_EVIDENCE_SHA256_H
#define ZC_EVIDENCE_SHA256_H

#include <sodium.h>

#include "core/base.h"

#define ZC_SHA256_BYTES 32u

struct zc_sha256 {
	union {
		crypto_hash_sha256_state sodium;
		struct {
			uint32_t word[8];
			unsigned char rest[64];
		};
	};
	uint64_t len;
};

void zc_sha256_init(struct zc_sha256 *hash);
void zc_sha256_update(struct zc_sha256 *hash, const void *bytes, size_t len);
void zc_sha256_final(struct zc_sha256 *hash, unsigned char ret[ZC_SHA256_BYTES]);

#endif
