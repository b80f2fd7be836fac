/* SPDX-License-Identifier: MIT */
/*
 * chain.c - see chain.h.
 */
#include <string.h>

#include "evidence/log/chain.h"
#include "evidence/proof/sha256.h"

void zc_chain_start(unsigned char ret_link[ZC_LINK_BYTES], const char *run_id)
{
	static const char name[] = "zencube.chain/1\n";
	struct zc_sha256 hash;

	zc_sha256_init(&hash);
	zc_sha256_update(&hash, name, sizeof(name) - 1);
	zc_sha256_update(&hash, run_id, strlen(run_id));
	zc_sha256_final(&hash, ret_link);
}

void zc_chain_next(unsigned char ret_link[ZC_LINK_BYTES], const unsigned char link[ZC_LINK_BYTES],
		   const char *text, size_t len)
{
	struct zc_sha256 hash;

	zc_sha256_init(&hash);
	zc_sha256_update(&hash, link, ZC_LINK_BYTES);
	zc_sha256_update(&hash, text, len);
	zc_sha256_update(&hash, "}", 1);
	zc_sha256_final(&hash, ret_link);
}
