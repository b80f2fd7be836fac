/* SPDX-License-Identifier: MIT */
/*
 * set.h - the inside of a policy set, shared by the files of this folder and their tests.
 *
 *   words.c    the vocabulary: one row a word, and the nearest word to a mistyped one
 *   state.c    what each word does to the set
 *   parse.c    lines and files -> words and values; where "file:line:" comes from
 *   json.c     the strict JSON twin -> the same words and values
 *   value.c    what a path value may look like, and its one canonical spelling
 *   argv.c     what a rule on commands may look like; argv_freeze.c: its words in the image
 *   net.c      what a network value may look like, and the addresses behind it
 *   hosts.c    rules on host names: /etc/hosts, and rows of the image
 *   profile.c  @base, @dev and the others, as tables
 *   expand.c   variables, symbolic links: canonical values -> patterns
 *   derive.c   rules nobody wrote: implicit denies, sockets below writable trees, resolvers
 *   freeze.c   all of it -> the image;  print.c  shows it
 *   question.c asks the image;  expect.c  compares with what was expected;  explain.c  tells people
 *
 * Values travel in three spellings: as written (for people), canonical (absolute or starting with a
 * variable, escaped; what the digest and the twin hold) and patterns (raw bytes, for build.h).
 */
#ifndef ZC_POLICY_SET_H
#define ZC_POLICY_SET_H

#include "core/base.h"
#include "core/image.h"
#include "core/decide/policy.h"
#include "policy/build/build.h"
#include "policy/policy_set.h"

/* Where something was written. line 0: a flag, a profile, or ours. */
struct zc_origin {
	const char *name;
	uint32_t line;
};

struct zc_argv_value;

/* An absolute, clean path. literal: a '*' in it is a byte of a name, not a wildcard. */
struct zc_pattern {
	const char *text;
	bool literal;
};

struct zc_net_address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t addr[16];
};

struct zc_rule {
	struct zc_origin origin;
	uint8_t layer, says, cls; /* cls NET covers unix sockets too */
	bool everything;          /* no value */
	bool derived;             /* made by derive.c: in no digest and no twin */
	const char *written;      /* NULL when everything */
	const char *value;        /* canonical; NULL when everything */
	const char *text;         /* derived from another rule: that rule's text */
	struct zc_argv_value
		*argv; /* a rule on commands (argv.h): value is no path; NULL: it is one */
	/* Filled by freezing. Paths: what the rule holds for; a NET rule with patterns is on sockets. */
	const struct zc_pattern *patterns;
	const struct zc_net_address *addresses; /* of a host name */
	uint32_t patterns_count, addresses_count;
};

struct zc_expect {
	struct zc_origin origin;
	bool allow;
	uint8_t cls;
	const char *written; /* "deny read /etc/hostname" */
	const char *value;   /* canonical */
};

struct zc_texts {
	const char **items;
	size_t count, cap;
};

struct zc_policy_set {
	struct zc_policy_world world;
	const char *home, *project, *tmpdir; /* clean and absolute, or NULL */
	struct zc_chunk *chunks;             /* every text of the set */
	struct zc_rule *rules;
	size_t rules_count, rules_cap;
	struct zc_expect *expects;
	size_t expects_count, expects_cap;
	struct zc_texts sources, notes, files; /* files: absolute paths of what was read */
	uint32_t flags;                        /* ZC_IMAGE_* */
	uint32_t profiles;                     /* bit n: profile n is included */
	bool named; /* a policy file or a profile was named: no implicit @dev */
	bool no_base, frozen;
	const char *jail; /* as written, then resolved */
	struct zc_origin jail_origin;
	unsigned depth; /* of includes */
	char sha256[65];
};

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

/* policy_set.c */
void *zc_set_alloc(struct zc_policy_set *set, size_t size); /* zeroed; NULL: out of memory */
const char *zc_set_copy(struct zc_policy_set *set, const char *text, size_t len);
const char *zc_set_format(struct zc_policy_set *set, const char *format, ...) ZC_PRINTF(2, 3);
int zc_texts_add(struct zc_texts *texts, const char *text); /* 0 or -ENOMEM */
/* Writes "name:line: ..." and returns -EINVAL, so that callers can return it. */
int zc_fail(struct zc_policy_error *error, struct zc_origin origin, const char *format, ...)
	ZC_PRINTF(3, 4);
int zc_fail_memory(struct zc_policy_error *error);
/* Appends a zeroed rule; NULL: out of memory. Pointers to other rules are then stale. */
struct zc_rule *zc_set_rule(struct zc_policy_set *set);
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
/* hosts.c: each (address, name) of /etc/hosts, names as written. Stops at, and returns, what is not 0. */
int zc_hosts_each(int (*each)(void *context, const struct zc_net_address *address,
			      const char *name),
		  void *context);
/* Is the name answered from /etc/hosts? */
bool zc_hosts_have(const char *host);
/* Is it a rule on a name that is? */
bool zc_hosts_answer(const struct zc_rule *rule);
/* hosts.c, for freeze.c: gives a rule on names, exact or "*.", its row, and what is known already. */
int zc_hosts_build(struct zc_build *build, const struct zc_rule *rule, int number,
		   const struct zc_net_value *net);

/* profile.c */
struct zc_row {
	const char *word, *value, *why;
};
#define ZC_PROFILE_BASE 0u
int zc_profile_find(const char *name, size_t len); /* "@dev"; -1: none */
const char *zc_profile_name(unsigned profile);
const char *zc_profile_nearest(const char *typed, size_t len);
#define ZC_PROFILE_DEV 1u
#define ZC_PROFILE_GUARD 6u /* only takes away: naming it puts no other profile aside */
#define ZC_PROFILE_COUNT 13u
/* Calls back for every row of the profiles in the bit mask, each row once. Stops at a failure. */
int zc_profile_rows(uint32_t profiles,
		    int (*each)(void *context, unsigned profile, const struct zc_row *row),
		    void *context);

/* expand.c */
struct zc_resolver;
/* root: where paths begin, a directory that stays readable text as long as the resolver; NULL: "/". */
struct zc_resolver *zc_resolver_new(const char *root);
struct zc_resolver *zc_resolver_free(struct zc_resolver *resolver); /* takes NULL, returns NULL */
/* Where an absolute clean path leads; what is missing is appended. Returns its length or -errno. */
long zc_resolve(struct zc_resolver *resolver, const char *path, size_t len, char *ret, size_t cap);
/* Fills rule->patterns from its value. Rules whose variable has no meaning here get none. */
int zc_expand_rule(struct zc_policy_set *set, struct zc_resolver *resolver, struct zc_rule *rule,
		   struct zc_policy_error *error);
/* The absolute clean path that a decoded value stands for; NULL with *ret_wrong. */
const char *zc_expand_value(struct zc_policy_set *set, const struct zc_path_value *value,
			    const char **ret_wrong);
/* Does the pattern hold for path (the pattern's subtree counts)? */
bool zc_pattern_covers(struct zc_pattern pattern, const char *path, size_t len);

/* derive.c: each adds rules to the set. 0, or fails. */
/* One such rule; NULL: out of memory, or value was NULL. */
struct zc_rule *zc_derive(struct zc_policy_set *set, struct zc_origin origin, unsigned layer,
			  unsigned says, unsigned cls, const char *value);
int zc_derive_implicit(struct zc_policy_set *set, struct zc_policy_error *error);
/* Rows of @base that tell of the host, not of the jail: they do not hold where policy alone confines. */
bool zc_derive_is_beyond_jail(const struct zc_policy_set *set, const char *value);
int zc_derive_jail(struct zc_policy_set *set, struct zc_policy_error *error);
int zc_derive_sockets(struct zc_policy_set *set, struct zc_policy_error *error);
/* derive_names.c. Names may be resolved when the policy lets the command out by name: sets ZC_IMAGE_DNS. */
int zc_derive_resolvers(struct zc_policy_set *set, struct zc_policy_error *error);
/* Do the user's rules allow or log something in cls, so that the profile's allows do not count? */
bool zc_set_user_allows(const struct zc_policy_set *set, unsigned cls);

/* expect.c */
int zc_expect_check(struct zc_policy_set *set, const struct zc_image *image,
		    struct zc_resolver *resolver, struct zc_policy_error *error);
int zc_expect_add(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_policy_error *error);

/* question.c: asks a finished image what it says of a value, as many times as the value has meanings. */
struct zc_answer {
	struct zc_verdict verdict;
	const char *path;  /* resolved; NULL: not a path */
	const char *shown; /* what was asked about: a path, "127.0.0.1:80", a sys name */
};
struct zc_question {
	struct zc_policy_set *set;
	const struct zc_image *image;
	struct zc_resolver *resolver;
	unsigned cls;
	const char *value; /* canonical, and checked by zc_question_check() */
	struct zc_origin origin;
	struct zc_policy_error *error;
	/* Called for each answer; a failure ends the question and is its result. */
	int (*answer)(const struct zc_question *question, const struct zc_answer *answer);
	const void *context;
};
/* Can a value be asked about in a class? Fills its canonical spelling. 0, or fails. */
int zc_question_check(struct zc_policy_set *set, const struct zc_statement *at, unsigned cls,
		      const char *value, const char **ret_value, struct zc_policy_error *error);
int zc_question_ask(const struct zc_question *question);
/* The rule behind an answer, or NULLs: then the verdict's reason says why. */
void zc_question_rule(const struct zc_question *question, const struct zc_answer *answer,
		      const char **ret_text, const char **ret_source);
/* Is UDP to port 53 of this resolver allowed by the image? */
bool zc_question_resolver(const struct zc_image *image, const struct zc_net_address *address);

/* print.c */
/* "deny-read ~/.ssh": canonical, or as written; in the set's memory. */
const char *zc_rule_text(struct zc_policy_set *set, const struct zc_rule *rule, bool written);
const char *zc_origin_text(struct zc_policy_set *set, struct zc_origin origin);
int zc_print_digest(struct zc_policy_set *set, uint8_t ret_sha256[32]);

#endif
