/* SPDX-License-Identifier: MIT */
/*
 * chain.h - the hash that ties each event line to the one before.
 */
#ifndef ZC_EVIDENCE_CHAIN_H
#define ZC_EVIDENCE_CHAIN_H

#include "core/base.h"

#define ZC_LINK_BYTES 32u

/* Link 0 of a run: SHA-256("zencube.chain/1\n", run_id). */
void zc_chain_start(unsigned char ret_link[ZC_LINK_BYTES], const char *run_id);
/* SHA-256(link, text, "}"): text is a line's object without its member "chain", closing brace left off. */
void zc_chain_next(unsigned char ret_link[ZC_LINK_BYTES], const unsigned char link[ZC_LINK_BYTES],
		   const char *text, size_t len);

#endif
