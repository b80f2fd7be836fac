/* SPDX-License-Identifier: MIT */
/*
 * digest.h - SHA-256 of one of a run's files, as hexadecimal digits.
 */
#ifndef ZC_EVIDENCE_REPORT_DIGEST_H
#define ZC_EVIDENCE_REPORT_DIGEST_H

/* Returns 0 or -errno. */
int zc_digest_file(const char *dir, const char *name, char ret_hex[65]);

#endif
