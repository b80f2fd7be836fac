/* SPDX-License-Identifier: MIT */
/*
 * language.h - what may be written in a policy, on a command line or in its JSON twin.
 *
 * Theory of operation. The vocabulary is one table (words.c): a word, the class and verdict that it means,
 * whether it takes a value. Flags, lines of files (parse.c) and the twin (json.c) all become statements, a word
 * and a value with where they came from, and state.c does to the set what the word says. Each kind of value has
 * one file that knows its grammar and gives it one canonical spelling: paths (value.c), addresses and host names
 * (net.c), commands (argv.h). Two texts that mean the same have the same canonical spelling; the digest of a
 * policy and its twin are made of those.
 *
 * While reading nothing of the host is looked at but the files that are named: a variable stays a variable and a
 * link a link until the set is frozen (net.c has the asking for names that freezing uses). What is not
 * understood is an error with file and line, and with the nearest word where one is near; nothing is skipped.
 *
 * Memory: the set's. Fails: -EINVAL or -ENOMEM with a struct zc_policy_error filled.
 */
#ifndef ZC_POLICY_LANGUAGE_H
#define ZC_POLICY_LANGUAGE_H

#include "policy/set.h"

/* words.c */
enum zc_word_kind {
	ZC_WORD_RULE,
	ZC_WORD_ALL,
	ZC_WORD_INCLUDE,
	ZC_WORD_EXPECT,
	ZC_WORD_POLICY,
	ZC_WORD_POLICY_JSON,
	ZC_WORD_NO_BASE,
	ZC_WORD_JAIL,
	ZC_WORD_GAP,
	ZC_WORD_FLAG,
};
enum { ZC_VALUE_NEVER, ZC_VALUE_OPTIONAL, ZC_VALUE_ALWAYS };
struct zc_word {
	const char *name;
	uint8_t kind, says, cls, value;
	uint32_t flag; /* FLAG: ZC_IMAGE_* */
};
const struct zc_word *zc_word_find(const char *name, size_t len);
/* The nearest of count names to a mistyped one, or NULL when none is near. */
const char *zc_nearest(const char *typed, size_t len, const char *const *names, size_t count);
/* "; did you mean 'x'?" for a word, or "". Constant or in the set's memory. */
const char *zc_word_hint(struct zc_policy_set *set, const char *typed, size_t len);
const char *zc_hint(struct zc_policy_set *set, const char *nearest);
const char *zc_says_name(unsigned says); /* "allow" */
/* Bit-free lookups: -1 when there is none. */
int zc_class_find(const char *name, size_t len);
int zc_sys_find(const char *name, size_t len);
const char *zc_sys_nearest(const char *typed, size_t len);

/* state.c. One statement from anywhere: a word, and its value or NULL. base: where relative paths start. */
struct zc_statement {
	struct zc_origin origin;
	const char *base;
	uint8_t layer;
	bool from_file;
};
int zc_set_state(struct zc_policy_set *set, const struct zc_statement *at, const char *word,
		 size_t word_len, const char *value, struct zc_policy_error *error);

/* parse.c */
int zc_parse_file(struct zc_policy_set *set, const char *path, struct zc_origin from, bool json,
		  struct zc_policy_error *error);
/* The directory that relative paths in file "name" start from, in the set's memory. */
const char *zc_parse_base(struct zc_policy_set *set, const char *name);

/* value.c */
enum zc_variable {
	ZC_VAR_NONE,
	ZC_VAR_HOME,
	ZC_VAR_PROJECT,
	ZC_VAR_TMPDIR,
	ZC_VAR_SHIM,
	ZC_VAR_GIT,
	ZC_VAR_OTHERS,
	ZC_VAR_WRITABLE,
	ZC_VAR_COUNT
};
struct zc_path_value {
	uint8_t variable;   /* enum zc_variable; text then starts after it */
	bool wild, literal; /* a wildcard; a '*' that is none */
	bool itself;        /* it ends in "/.": nothing below it is meant */
	size_t len;
	char text[ZC_PATH_CAP]; /* decoded */
};
/* Decodes a path value. Returns NULL, or what is wrong with it (a sentence without a period). */
const char *zc_value_decode(const char *value, struct zc_path_value *ret);
/* Canonical spelling of a decoded value. base: where relative ones start. NULL with *ret_wrong. */
const char *zc_value_canonical(struct zc_policy_set *set, struct zc_path_value *value,
			       const char *base, const char **ret_wrong);
/* Raw bytes as a value that decodes to them, wildcards escaped when literal. */
const char *zc_value_encode(struct zc_policy_set *set, const char *text, size_t len, bool literal);
/* Length of the UTF-8 sequence at text that is fit for a terminal (no C1 control); 0: none. */
size_t zc_utf8(const char *text, size_t len);
const char *zc_variable_name(unsigned variable); /* "${HOME}" */

/* net.c */
enum zc_net_kind {
	ZC_NETV_ADDRESS,
	ZC_NETV_HOST,
	ZC_NETV_WILD, /* "*.host" */
	ZC_NETV_PORT,
	ZC_NETV_UNIX,
	ZC_NETV_ABSTRACT,
};
struct zc_net_value {
	uint8_t kind;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t bits;   /* prefix length */
	uint16_t port;  /* 0: any */
	uint8_t addr[16];
	char host[256];            /* HOST, WILD: lower case, no dot at the end */
	struct zc_path_value path; /* UNIX, ABSTRACT (the name, decoded) */
};
/* Parses a -net value (listen: a -listen value). Returns 0, or fails with error filled. */
int zc_net_parse(struct zc_policy_set *set, struct zc_origin origin, const char *value, bool listen,
		 struct zc_net_value *ret, struct zc_policy_error *error);
const char *zc_net_canonical(struct zc_policy_set *set, struct zc_net_value *value,
			     const char *base, const char **ret_wrong);
bool zc_net_is_loopback(int family, const uint8_t addr[16]);
/*
 * Up to cap addresses of a host. Returns how many, -ENOENT, or -EAGAIN where nobody answered (it then
 * waits some seconds); *ret_why says it in words.
 */
int zc_net_resolve(const char *host, struct zc_net_address *ret, size_t cap, const char **ret_why);
/* The configured resolvers (resolv.conf(5)): at most 3. */
size_t zc_net_nameservers(struct zc_net_address ret[3]);
const char *zc_net_print(struct zc_policy_set *set, int family, const uint8_t addr[16]);
/* Every name that is answered from /etc/hosts, and our own. */
int zc_net_add_hosts(struct zc_build *build);

#endif
