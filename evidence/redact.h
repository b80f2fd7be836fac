/* SPDX-License-Identifier: MIT */
/*
 * redact.h - home directories, and what else the user named, are taken out of the evidence.
 *
 * It is done to the finished text of a line or of run.json, before the chain is computed: whoever wrote
 * a member, and whatever it is called, it is seen here. Only values of strings change, never names of
 * members or words of the format's own (type, op, verdict, digests); base64 siblings are decoded for it.
 *
 * A home directory becomes ~ wherever its path stands as a path: /home/u/x, not /home/ursula. A text becomes ***
 * wherever it stands. Other spellings of the same place are not known: ../u/x, or a user's name alone.
 *
 * Memory: new/free.
 */
#ifndef ZC_EVIDENCE_REDACT_H
#define ZC_EVIDENCE_REDACT_H

#include "text/json.h"

struct zc_redaction;

struct zc_redaction *zc_redaction_new(void);                            /* NULL without memory */
struct zc_redaction *zc_redaction_free(struct zc_redaction *redaction); /* takes NULL */
/* One that is not absolute, or is /, is left out. Also where its links lead. Returns 0 or -ENOMEM. */
int zc_redaction_add_home(struct zc_redaction *redaction, const char *path);
/* Returns 0, -ENOMEM, or -EINVAL when it is shorter than three bytes. */
int zc_redaction_add_text(struct zc_redaction *redaction, const char *text);

/* Changes what json holds, whole or still open. Without memory json->failed is set. redaction may be NULL. */
void zc_redact_json(struct zc_redaction *redaction, struct zc_json *json);

#endif
