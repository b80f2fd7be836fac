/* SPDX-License-Identifier: MIT */
/*
 * put.h - the one way in for frames, with where they come from.
 */
#ifndef ZC_EVIDENCE_PUT_H
#define ZC_EVIDENCE_PUT_H

#include <sys/types.h>

#include "evidence/evidence.h"

/* trusted: the frame is our own; else it speaks for its sender (0: a file or the page) and is the shim's. */
void zc_evidence_put_from(struct zc_evidence *e, const void *bytes, size_t size, pid_t sender,
			  bool trusted);

#endif
