/* SPDX-License-Identifier: MIT */
/*
 * units.h - how long and how much, as people write it.
 */
#ifndef ZC_TEXT_UNITS_H
#define ZC_TEXT_UNITS_H

#include "core/base.h"

/* "10" (seconds), "1.5s", "500ms", "2m", "1h", "1d", in milliseconds. Returns 0, -EINVAL or -ERANGE. */
int zc_units_ms(const char *text, int64_t *ret);
/* "65536", "64K", "1.5M", "2GiB", "1T", in bytes: units of 1024. Returns 0, -EINVAL or -ERANGE. */
int zc_units_bytes(const char *text, int64_t *ret);

#endif
