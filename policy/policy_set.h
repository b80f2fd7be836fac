/* SPDX-License-Identifier: MIT */
/*
 * policy_set.h - what the user wrote: flags, files and profiles, on their way to the image.
 *
 * Theory of operation. zcwrap and zctrace feed flags in the order given. Each flag or file line
 * becomes a rule with its source ("--deny-read", "ci.zc:12", "@dev"). Nothing is resolved until
 * zc_policy_freeze(): it picks the profile, expands variables, resolves each path in both forms
 * (as written, and where its links lead), resolves host names, adds the implicit denies, checks
 * `expect` lines by asking zc_policy_decide() itself, and builds the image. Mistakes are reported
 * through struct zc_policy_error as "file:line: what; did you mean ..."; nothing is printed here.
 */
#ifndef ZC_POLICY_POLICY_SET_H
#define ZC_POLICY_POLICY_SET_H

#include <stdio.h>

#include "core/image.h"
#include "core/decide/policy.h"

struct zc_policy_set;

/* Where variables come from, and what of ours must be protected. Strings must outlive the set. */
struct zc_policy_world {
	const char *home;    /* ~ and ${HOME} */
	const char *project; /* ${PROJECT}: the working directory of the command */
	const char *tmpdir;  /* ${TMPDIR}; NULL: /tmp */
	const char *log_dir; /* absolute; implicit deny of writing; NULL: none */
	const char *const *
		ours_write; /* NULL-ended: files and directories never written: programs, session */
	const char *const *ours_read; /* NULL-ended: never read: the signing key */
	int32_t supervisor[4];        /* pids of ours, 0 unused: their /proc entries are closed */
	int32_t supervisor_group;
	const char *shim_path; /* libzcshim.so: @base lets it be read */
	uint64_t instance;
	const char *command; /* resolved program of the run, or NULL */
	/* The root directory that the command will have, resolved; NULL: ours. Every other path here but
	   those of ours is then as seen from inside, and so are the rules. It stands for --jail's value. */
	const char *jail;
	bool names; /* observers look for host names though no rule has one: to learn a policy from */
	bool learn; /* the run learns: ZC_IMAGE_LEARN */
	bool gate; /* hybrid: the image names an address for the gate page, zc_policy_seal() adds it */
};

struct zc_policy_error {
	char text[1024]; /* "ci.zc:2: unknown rule 'allow-raed'; did you mean 'allow-read'?" */
};

struct zc_policy_set *zc_policy_set_new(const struct zc_policy_world *world);
struct zc_policy_set *zc_policy_set_free(struct zc_policy_set *set); /* takes NULL, returns NULL */

/*
 * Is name (without "--", without "=...") a policy flag? Covers allow- deny- log- quiet-deny- with
 * read write run net listen sys; allow-all, A; include, expect, policy, policy-json, no-base, no-net, no-dns, private-names, jail,
 * audit, kill, gap. *ret_takes_value: 0 never, 1 optional, 2 always.
 */
bool zc_policy_is_flag(const char *name, int *ret_takes_value);
/* Name closest to a mistyped policy flag, or NULL. */
const char *zc_policy_suggest(const char *name);
/*
 * Adds one flag as from the command line. value may be NULL. Returns 0, or -EINVAL with *ret_error
 * filled. "policy" reads a file ("-": standard input; JSON when its first byte is '{').
 */
int zc_policy_add_flag(struct zc_policy_set *set, const char *name, const char *value,
		       struct zc_policy_error *ret_error);
/* Parses a whole text (a policy file's content) from source "name". Used by files, JSON and fuzzers. */
int zc_policy_add_text(struct zc_policy_set *set, const char *name, const char *text, size_t len,
		       struct zc_policy_error *ret_error);
int zc_policy_add_json(struct zc_policy_set *set, const char *name, const char *text, size_t len,
		       struct zc_policy_error *ret_error);

/* Resolves and builds. May be called once. *ret_image is malloc'd. Returns 0 or -EINVAL with *ret_error. */
int zc_policy_freeze(struct zc_policy_set *set, struct zc_image **ret_image, size_t *ret_size,
		     struct zc_policy_error *ret_error);

/* After freezing. Prints each rule with layer and source; as JSON (the twin: readable by --policy) or text. */
int zc_policy_print(const struct zc_policy_set *set, FILE *out, bool json);
/* After freezing: sources for run.json: names of files and profiles, in order; NULL past the end. */
const char *zc_policy_source(const struct zc_policy_set *set, size_t index);
/* After freezing: the policy's sha256 in lower-case hex, 64 digits. */
const char *zc_policy_sha256(const struct zc_policy_set *set);
/* After freezing: notes for the run ("--allow-read=/home/u/.ssh opens a protected path"); NULL past the end. */
const char *zc_policy_note(const struct zc_policy_set *set, size_t index);
/* --jail=DIR, resolved; NULL without. Set flags (AUDIT, KILL, NO_NET): from zc_image.flags. */
const char *zc_policy_jail(const struct zc_policy_set *set);

/* What a finished policy says of one path, endpoint or sys name; texts live as long as the set. */
struct zc_policy_answer {
	struct zc_verdict verdict;
	const char *cls;           /* "read", as in the policy */
	const char *object;        /* where the path leads; the address */
	const char *rule, *source; /* that decided; both NULL: verdict.reason says why */
	bool is_protected;         /* refused by a profile's deny: no hint should be given */
};
/*
 * Asks image, frozen from set, about value in class cls (enum zc_class; NET takes unix:... too). A
 * value may have several answers: a host name one for each address. *ret is malloc'd, ret_count >= 1.
 * Returns 0, or -EINVAL with *ret_error. Resolves symbolic links, and host names by getaddrinfo(3).
 */
int zc_policy_explain(struct zc_policy_set *set, const struct zc_image *image, unsigned cls,
		      const char *value, struct zc_policy_answer **ret, size_t *ret_count,
		      struct zc_policy_error *ret_error);
/* After freezing: how many rules somebody wrote (profiles not counted), and how many expect lines held. */
void zc_policy_count(const struct zc_policy_set *set, size_t *ret_rules, size_t *ret_expects);

/* One rule of a frozen set, as plain values; texts live as long as the set. */
struct zc_policy_line {
	uint8_t layer, says, cls; /* enum zc_layer, zc_says, zc_class (NET covers unix sockets) */
	bool everything;          /* no value: all of the class */
	bool arguments;           /* on a command with these arguments: the value is no path */
	bool derived;             /* nobody wrote it: it follows from others or from the run */
	const char *text;         /* "deny-read ~/.ssh", canonical */
	const char *value;        /* canonical; NULL when everything */
	const char *source;       /* "ci.zc:12" */
	size_t patterns;          /* of a path or unix rule: see zc_policy_line_path() */
};
/* False past the last. */
bool zc_policy_line(const struct zc_policy_set *set, size_t index, struct zc_policy_line *ret);
/* One of the absolute paths that a rule holds for. *ret_plain: no wildcard in it. NULL past the last. */
const char *zc_policy_line_path(const struct zc_policy_set *set, size_t index, size_t pattern,
				bool *ret_plain);
/* Enum zc_says and class as words: "quiet-deny", "read". */
const char *zc_policy_says_name(unsigned says);

/*
 * Puts a second image behind *image, whose refusals are then recorded where the first allows
 * (--audit-policy). *image and *size are replaced. Returns 0, -ENOMEM, -E2BIG, or -EINVAL when one of
 * them is joined already.
 */
int zc_policy_join(struct zc_image **image, size_t *size, const struct zc_image *stricter,
		   size_t stricter_size);
/* Before freezing: one more file that the command must not write, as if it were a policy file of this set. */
int zc_policy_protect(struct zc_policy_set *set, const char *path);
/* Files that were read for the set, absolute; NULL past the end. */
const char *zc_policy_file(const struct zc_policy_set *set, size_t index);

/* The configured resolvers (resolv.conf(5)), at port 53; returns how many, at most 3. */
struct zc_endpoint;
size_t zc_policy_resolvers(struct zc_endpoint ret[3]);

/* A sealed memfd with the image and its gate page, if any, O_CLOEXEC: the descriptor or -errno. */
int zc_policy_seal(const struct zc_image *image, size_t size);

#endif
