/* SPDX-License-Identifier: MIT */
/*
 * evidence_chain.c - the fast hash of the chain equals libsodium's, at every length around a block.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/log/chain.h"
#include "evidence/proof/sha256.h"
#include "t.h"

/* Cut at each length around a block, and at a second place behind it. */
static bool hashed_in_pieces(const unsigned char *bytes, size_t len)
{
	unsigned char want[ZC_SHA256_BYTES], got[ZC_SHA256_BYTES];
	bool same = true;

	crypto_hash_sha256(want, bytes, len);
	for (size_t cut = 0; cut < 200; cut++) {
		struct zc_sha256 hash;

		zc_sha256_init(&hash);
		zc_sha256_update(&hash, bytes, cut);
		zc_sha256_update(&hash, bytes + cut, 2 * cut);
		zc_sha256_update(&hash, bytes + 3 * cut, len - 3 * cut);
		zc_sha256_final(&hash, got);
		same = same && !memcmp(want, got, sizeof(got));
	}
	return same;
}

int main(void)
{
	static unsigned char joined[ZC_LINK_BYTES + 5001];
	unsigned char want[ZC_LINK_BYTES], got[ZC_LINK_BYTES], link[ZC_LINK_BYTES];
	unsigned seed = 7;
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(joined); i++)
		joined[i] = (unsigned char)rand_r(&seed);
	memcpy(link, joined, sizeof(link));
	for (size_t len = 0; len < 5000; len += len < 400 ? 1 : 37) {
		unsigned char kept = joined[ZC_LINK_BYTES + len];

		joined[ZC_LINK_BYTES + len] = '}';
		crypto_hash_sha256(want, joined, ZC_LINK_BYTES + len + 1);
		joined[ZC_LINK_BYTES + len] = kept;
		zc_chain_next(got, link, (const char *)joined + ZC_LINK_BYTES, len);
		wrong += memcmp(want, got, sizeof(got)) != 0;
	}
	T_OK(hashed_in_pieces(joined, sizeof(joined)), "a hash of pieces is that of the whole");
	T_OK(!wrong, "links equal SHA-256 as libsodium computes it (%zu differ)", wrong);
	zc_chain_start(got, "zc-1");
	crypto_hash_sha256(want, (const unsigned char *)"zencube.chain/1\nzc-1", 20);
	T_OK(!memcmp(want, got, sizeof(got)),
	     "the first link is that of the name and the run's id");
	T_DONE();
}
