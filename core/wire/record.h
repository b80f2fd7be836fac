/* SPDX-License-Identifier: MIT */
/*
 * record.h - what every record says of its event, and what the shared page counts, in every mode.
 *
 * Context: anywhere. Memory: the caller's. Fails: what does not fit marks the frame truncated.
 */
#ifndef ZC_CORE_RECORD_H
#define ZC_CORE_RECORD_H

#include "core/decide/policy.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"

/* Fills the head's fields on the verdict and appends the event's: detail, objects, peer, host. */
void zc_record_put(struct zc_frame_writer *writer, struct zc_frame_head *head,
		   const struct zc_event *event, struct zc_verdict verdict);
/* Counts a finding; returns how often it has happened now, 0 when there was no room to count it. */
uint64_t zc_page_count(struct zc_page *page, uint64_t fingerprint);

/* Names a unix address by its resolved path or its abstract name (keyed.h). Never 0. */
uint64_t zc_unix_hash(const struct zc_event *event, uint64_t key);
/* Unix sockets that the run itself has bound. */
void zc_page_remember_unix(struct zc_page *page, uint64_t hash);
bool zc_page_knows_unix(const struct zc_page *page, uint64_t hash);

#endif
