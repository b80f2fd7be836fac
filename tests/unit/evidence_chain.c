/* SPDX-License-Identifier: MIT */
/*
 * evidence_chain.c - the fast hash of the chain equals libsodium's, at every length around a block.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/chain.h"
#include "t.h"

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
	T_OK(!wrong, "links equal SHA-256 as libsodium computes it (%zu differ)", wrong);
	zc_chain_start(got, "zc-1");
	crypto_hash_sha256(want, (const unsigned char *)"zencube.chain/1\nzc-1", 20);
	T_OK(!memcmp(want, got, sizeof(got)),
	     "the first link is that of the name and the run's id");
	T_DONE();
}
