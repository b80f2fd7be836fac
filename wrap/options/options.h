/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line, parsed: plain values, nothing decided yet.
 *
 * Theory of operation. option_rows.c is the one table: name, letter, kind of value, group and help of every
 * option. options.c parses by it, help.c prints it, "did you mean" looks through it, and the completions in
 * completions/ are made from it; so an option exists everywhere or nowhere. Flags that are the policy's words
 * are not understood here: they are kept in the order given and handed to policy/ as they came. A few
 * options stand for others (security.c) or name a file to look for (project.c); what they come to is said.
 *
 * Nothing is opened, tried or decided while parsing, so --help and --version work anywhere. A value that is
 * optional takes only the "=" form. What is wrong is one sentence in a struct zc_trouble, with the nearest
 * option where one is near.
 *
 * Memory: init by zc_options_parse(), zc_options_finish() either way; texts point into argv.
 */
#ifndef ZC_WRAP_OPTIONS_H
#define ZC_WRAP_OPTIONS_H

#include <stdio.h>

#include "core/base.h"

/* What went wrong, for the one who prints it. */
struct zc_trouble {
	char text[1536];
};

struct zc_option_list {
	const char **item;
	size_t count;
};

struct zc_policy_flag {
	const char *name, *value; /* without dashes; value NULL: none */
};

#define ZC_FOREVER INT64_MAX

struct zc_options {
	const char *report, *sign_key, *security;
	const char *learn; /* FILE; NULL: no */
	const char *mode, *require, *log_dir, *chdir, *shim, *freeze;
	const char *engine;                     /* "auto", "notify" or "ptrace" */
	const char *kernel;                     /* as given; NULL: auto (layers.c) */
	const char *user, *cap_drop, *cap_keep; /* as given; NULL: unchanged */
	bool fast, best_effort, doctor;
	int64_t timeout_ms;             /* ZC_FOREVER: none */
	int64_t rotate_size, rotate_ms; /* of events.jsonl; 0: never */
	int64_t grace_ms, linger_ms, ask_ms;
	bool clear_env, new_session, die_with_parent, print_command, quiet, no_color, help, version;
	bool show_policy, show_policy_json;
	const char *check_policy, *explain_path, *explain_net;
	struct zc_option_list audit_policy;
	const char *baseline;
	bool project;
	char **asked; /* words after --explain-...: classes; NULL-ended */
	/* Of a traced run; `zctrace` is zcwrap by that name, with trace as its only mode. */
	bool verbose, stacks, summary, enforce;
	const char *classes, *output, *json;
	struct zc_option_list attach;
	struct zc_option_list redact;
	bool redact_home, debuginfod;
	unsigned digest; /* ZC_DIGEST_* */
	struct zc_option_list keep_env, drop_env, set_env;
	struct zc_policy_flag *policy;
	size_t policy_count;
	int status_fd; /* -1: none */
	int violation_exit;
	bool violation_always;
	char **command; /* NULL-ended; empty when none was given */
};

/* Returns 0, or -EINVAL with *trouble filled. options must be finished either way. */
int zc_options_parse(struct zc_options *options, int argc, char **argv, struct zc_trouble *trouble);
void zc_options_finish(struct zc_options *options);
/* One more policy flag, behind those that were given. Returns 0 or -ENOMEM. */
int zc_options_add_policy(struct zc_options *options, const char *name, const char *value);
/* security.c: adds what --security=LEVEL stands for, and says it on stderr unless quiet. */
int zc_security_apply(struct zc_options *options, struct zc_trouble *trouble);
void zc_options_help(const struct zc_options *options, FILE *out);

/* --- optvalue.c: the words that options take --- */

/* Decimal digits only, at most max. Returns 0, -EINVAL or -ERANGE. */
int zc_option_number(const char *text, unsigned long max, unsigned long *ret);
/* How many letters must be added, left out, changed or swapped to get from a to b. */
unsigned zc_option_distance(const char *a, const char *b);

/* --- project.c: --project --- */

/* Finds .zencube in the directory from or above it. Returns 0 or -errno with *trouble. */
int zc_project_find(const char *from, char ret_dir[ZC_PATH_CAP], char ret_file[ZC_PATH_CAP],
		    struct zc_trouble *trouble);

#endif
