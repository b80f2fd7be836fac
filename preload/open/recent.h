/* SPDX-License-Identifier: MIT */
/*
 * recent.h - paths that were plain allows a moment ago.
 *
 * The policy never changes, so what was plainly allowed stays so; and a path that ended in a link
 * probably still does, which saves asking the kernel for a refusal first. That second part is only a
 * hint: what is opened is checked as ever.
 *
 * Context: anywhere; a sequence number in each entry keeps readers from half-written ones.
 */
#ifndef ZC_PRELOAD_RECENT_H
#define ZC_PRELOAD_RECENT_H

#include "preload/shim.h"

enum zc_recent_kind { ZC_RECENT_UNKNOWN, ZC_RECENT_PLAIN, ZC_RECENT_LINK };

/* What is known of a clean absolute path of len bytes for need. */
enum zc_recent_kind zc_recent_find(const char *path, size_t len, unsigned need);
void zc_recent_keep(const char *path, size_t len, unsigned need, enum zc_recent_kind kind);

#endif
