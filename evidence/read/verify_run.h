/* SPDX-License-Identifier: MIT */
/*
 * verify_run.h - between the two halves of verifying: the chain, and run.json against the log.
 */
#ifndef ZC_EVIDENCE_READ_VERIFY_RUN_H
#define ZC_EVIDENCE_READ_VERIFY_RUN_H

#include "evidence/read/verify.h"

ZC_PRINTF(5, 6)
void zc_verify_problem(struct zc_verified *verified, const char *file, uint64_t line,
		       const char *kind, const char *format, ...);
/* Holds run.json against the scanned run and what the chain came to. */
void zc_verify_json(const struct zc_run *run, struct zc_verified *verified);

#endif
