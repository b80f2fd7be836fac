/* SPDX-License-Identifier: MIT */
/*
 * secret.h - what must not be kept of a command line: passwords, tokens, keys.
 *
 * Evidence is passed around, attached to tickets, uploaded by CI. Arguments are masked by pattern
 * before they are written: a value behind a name that says what it is (--password=, TOKEN=,
 * Authorization:), a URL's password, and tokens whose form is known (ghp_, AKIA, JSON web tokens).
 * That is a net with holes, not a promise. Environments are never written at all.
 */
#ifndef ZC_EVIDENCE_SECRET_H
#define ZC_EVIDENCE_SECRET_H

#include "text/json.h"

/* One argument, masked, into buffer. Returns its length; what does not fit is cut. No NUL is added. */
size_t zc_secret_mask(char *buffer, size_t cap, const char *text, size_t len);
/* A word that announces that the next argument is a secret: "--password". */
bool zc_secret_announced(const char *text, size_t len);
/* zc_json_list() of arguments (texts that end with NUL each), masked. */
void zc_secret_list(struct zc_json *json, const char *key, const char *texts, size_t len,
		    unsigned max, size_t max_bytes);

#endif
