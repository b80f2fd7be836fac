/* SPDX-License-Identifier: MIT */
/*
 * option_rows.h - the one table of options, which options.c parses by and help.c prints.
 */
#ifndef ZC_WRAP_OPTION_ROWS_H
#define ZC_WRAP_OPTION_ROWS_H

#include "wrap/options/options.h"

enum zc_option_kind {
	FLAG,
	TEXT,
	DURATION,
	LINGER,
	SIZE,
	HIDDEN,
	DIGEST,
	AGE,
	LIST,
	FILES,
	NAME_VALUE,
	DESCRIPTOR,
	VIOLATION_EXIT,
	SHOW,
	SINK,
	POLICY,
	REQUIRE,
	BEST_EFFORT
};
enum zc_option_takes { NEVER, MAYBE, ALWAYS };
enum zc_option_group { POLICIES, RUNNING, TRACING, ENVIRONMENT, EVIDENCE, LOOKING, GROUPS };

struct zc_option_row {
	const char *name;
	char letter;
	uint8_t kind, takes, group;
	uint16_t offset;   /* in struct zc_options */
	const char *value; /* how help writes it */
	const char *help;
};

extern const char *const zc_option_groups[GROUPS]; /* titles */
extern const struct zc_option_row zc_option_rows[];
extern const size_t zc_option_row_count;

#endif
