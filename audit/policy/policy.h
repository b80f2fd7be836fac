/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what the subcommands about policies share: loading one, and its rules as plain values.
 *
 * Theory of operation. A policy is loaded here as zcwrap would load it in this directory (policy.c): the same
 * words, profiles and freezing, and nothing is run. From the frozen set come plain values, a place and what may
 * be done there, and from those the words of another tool: bubblewrap, systemd, Landlock-config (export_*.c). What
 * has no counterpart there is told for each rule on standard error (export.c), because a sandbox that is quietly
 * weaker or stricter than its policy is worse than none. import.c goes the other way for Landlock-config, and
 * learn.c makes a policy from recorded runs by policy/learn/. Output that is a file stands alone on standard output.
 */
#ifndef ZC_AUDIT_POLICY_H
#define ZC_AUDIT_POLICY_H

#include <stdio.h>

#include "audit/audit.h"
#include "policy/policy_set.h"

struct zc_audit_policy {
	struct zc_policy_set *set;
	struct zc_image *image;
	size_t size;
	const char *name; /* as typed */
};

/*
 * Loads and freezes the policy called name: a file, "-", or a profile ("@dev"), as zcwrap would here.
 * Returns 0, or 125 and has said why. zc_audit_policy_free() either way.
 */
int zc_audit_policy_load(struct zc_audit_policy *policy, const char *name);
void zc_audit_policy_free(struct zc_audit_policy *policy);

/*
 * One policy in the words of another tool. lost is called for every rule, or part of one, that has no
 * counterpart there.
 */
struct zc_export {
	const struct zc_audit_policy *policy;
	FILE *out;
	void (*lost)(struct zc_export *export, const char *rule, const char *why);
	size_t losses;
	size_t absent; /* rules on places that are not there: told as a number */
};
void zc_export_bwrap(struct zc_export *export);
void zc_export_systemd(struct zc_export *export);
void zc_export_landlock(struct zc_export *export);

/* The rules that count, but for those on arguments, which are lost: those of base and of a profile whose allows the user's replace are left out. */
bool zc_export_next(const struct zc_export *export, size_t *index, struct zc_policy_line *ret);
/*
 * Calls each for the places that a rule's paths stand for here and now; index is the rule's, as
 * zc_export_next() left it. What is not there is counted, wildcards are lost but for what matches now.
 */
void zc_export_places(struct zc_export *export, const struct zc_policy_line *line, size_t index,
		      void (*each)(void *context, const char *path, bool directory), void *context);
/* Does some rule allow (or log) everything in the class? */
bool zc_export_allows_all(const struct zc_export *export, unsigned cls);

/*
 * import.c: a Landlock-config in JSON as a policy, on out; name is for messages, which go to standard
 * error. Returns 0 or 125; then what was written is to be thrown away.
 */
int zc_import_landlock(FILE *out, const char *name, const char *text, size_t len);

#endif
