/* SPDX-License-Identifier: MIT */
/*
 * image.h - the frozen policy: one position-independent block of bytes, mapped read-only by all.
 *
 * policy/ builds it once (policy/build/build.h), seals it in a memfd, and from then on nobody changes it.
 * All references are offsets from the start. Nothing here is trusted by its reader until
 * zc_image_check() has accepted it: bounds, alignment and that every reference stays inside.
 *
 * Paths. Rules on paths form a trie, one node a directory component. An edge is found in one hash
 * table keyed by (parent, component), so a lookup costs one probe a component whatever the number
 * of rules. A component with '*' is an edge keyed by (parent, literal prefix, literal suffix); a
 * node lists the few (prefix length, suffix length) shapes that leave it. A "**" component is a
 * separate child that, once active, stays active for every deeper component. Each node carries one
 * bit for each (layer, class, verdict) that its rules say: walking a path is OR-ing masks. A node
 * whose `below` is 0 ends the walk there: nothing deeper says anything. A rule for a directory alone,
 * and not for what is in it, stands at its entry ".", where only the end of a path leads.
 *
 * Network. Endpoints are looked up by (family, prefix length, masked address, port or any) for each
 * prefix length in use; unix paths are a class of the trie; abstract names are one hash lookup. Host
 * names in rules are a table of their own, for addresses that a name is known for (core/net/names.h); what
 * a name came to when the policy was frozen is among the addresses, too.
 */
#ifndef ZC_CORE_IMAGE_H
#define ZC_CORE_IMAGE_H

#include "core/base.h"
#include "core/call.h"

/* Policy classes. The first four are judged on paths, by the trie. */
enum zc_class {
	ZC_CLASS_READ,
	ZC_CLASS_WRITE,
	ZC_CLASS_RUN,
	ZC_CLASS_UNIX,
	ZC_PATH_CLASSES,
	ZC_CLASS_NET = ZC_PATH_CLASSES,
	ZC_CLASS_LISTEN,
	ZC_CLASS_SYS,
	ZC_CLASS_COUNT
};

/* Layers, weakest first. IMPLICIT only denies and nothing beats it; BASE only allows. */
enum zc_layer { ZC_LAYER_BASE, ZC_LAYER_PROFILE, ZC_LAYER_USER, ZC_LAYER_IMPLICIT, ZC_LAYER_COUNT };

/* What a rule says. Inside a layer: deny and quiet-deny, then ask, then log, then allow. */
enum zc_says {
	ZC_SAYS_ALLOW,
	ZC_SAYS_LOG,
	ZC_SAYS_ASK,
	ZC_SAYS_DENY,
	ZC_SAYS_QUIET,
	ZC_SAYS_COUNT
};

/*
 * One bit of a mask: IMPLICIT and BASE have one bit a class, PROFILE and USER five.
 * For the trie: 4 classes * (1 + 1 + 5 + 5) = 48 bits. For addresses the same with NET and LISTEN
 * in place of classes 0 and 1.
 */
#define ZC_MASK_IMPLICIT(cls) (1ull << (cls))
#define ZC_MASK_BASE(cls) (1ull << (4 + (cls)))
#define ZC_MASK_PROFILE(cls, says) (1ull << (8 + (cls)*5 + (says)))
#define ZC_MASK_USER(cls, says) (1ull << (28 + (cls)*5 + (says)))
uint64_t zc_mask_bit(enum zc_layer layer, unsigned cls, enum zc_says says);

/* How bad it is when a command does what a rule is about. */
enum zc_risk {
	ZC_RISK_NONE,
	ZC_RISK_LOW,
	ZC_RISK_MEDIUM,
	ZC_RISK_HIGH,
	ZC_RISK_CRITICAL,
	ZC_RISKS
};

#define ZC_IMAGE_MAGIC 0x31474d49434e455aull /* "ZENCIMG1" */
#define ZC_IMAGE_VERSION 1u
#define ZC_RULE_NONE 0xffffffffu
/* In the number of a rule: it is one of the stricter image. All other bits set: none of its rules. */
#define ZC_RULE_STRICTER 0x40000000u
#define ZC_RULE_STRICTER_NONE 0x7fffffffu

enum {
	ZC_IMAGE_AUDIT = 1,     /* refuse nothing but the implicit denies */
	ZC_IMAGE_KILL = 2,      /* a refusal kills the command */
	ZC_IMAGE_NO_NET = 4,    /* --no-net */
	ZC_IMAGE_GAP_ALLOW = 8, /* --gap=allow */
	ZC_IMAGE_DNS = 16,      /* names may be resolved: the configured resolvers may be reached */
	ZC_IMAGE_LOG_PROBES = 32,
	ZC_IMAGE_NAMES = 64,   /* observers look for the names behind addresses */
	ZC_IMAGE_NO_DNS = 128, /* --no-dns */
	ZC_IMAGE_PRIVATE_NAMES =
		256,          /* --private-names: names may come to private addresses later */
	ZC_IMAGE_LEARN = 512, /* beside AUDIT: each thing once, whoever asks for it, no stacks */
};

struct zc_image_table {
	uint32_t offset; /* from the start of the image; 8-aligned */
	uint32_t count;  /* entries, not bytes (strings: bytes) */
};

struct zc_image {
	uint64_t magic;
	uint32_t version, size;
	uint32_t flags;              /* ZC_IMAGE_* */
	uint32_t user_allows;        /* bit n: the user's rules allow or log something in class n */
	uint8_t sha256[32];          /* of the policy's canonical text; names the policy */
	uint64_t instance;           /* random: this run */
	struct zc_image_table nodes; /* struct zc_image_node; [0] is the root "/" */
	struct zc_image_table edges; /* struct zc_image_edge; a power of two, open addressing */
	struct zc_image_table shapes;  /* struct zc_image_shape */
	struct zc_image_table grants;  /* struct zc_image_grant */
	struct zc_image_table rules;   /* struct zc_image_rule */
	struct zc_image_table strings; /* bytes; every text ends with NUL */
	struct zc_image_table nets;    /* struct zc_image_net; a power of two, open addressing */
	struct zc_image_table hosts;   /* struct zc_image_host: names that need no resolver */
	uint64_t prefixes4;            /* bit n (0-32): some IPv4 rule has prefix length n */
	uint64_t prefixes6[3];         /* bit n (0-128) likewise */
	uint64_t any_net; /* mask of the rules that hold for every address and family */
	uint32_t any_net_grants_first, any_net_grants_count;
	uint64_t any_unix; /* mask of rules for every unix socket, named or not: class UNIX */
	uint32_t any_unix_grants_first, any_unix_grants_count;
	/* Bit n: enum zc_sys n. BASE has only ALLOW, IMPLICIT only DENY. */
	uint64_t sys[ZC_LAYER_COUNT][ZC_SAYS_COUNT];
	uint64_t sys_named; /* bit n: the user allows or logs sys n by its name, not by "all" */
	uint32_t sys_rule[ZC_LAYER_COUNT][ZC_SAYS_COUNT][ZC_SYS_COUNT]; /* the rule that says so */
	struct zc_image_table jail; /* text in strings: prefix of the run's root; count 0: none */
	int32_t supervisor[4];      /* pids of ours; 0: unused */
	int32_t supervisor_group;   /* process group that a signal must not reach; 0: none */
	uint32_t gate; /* address of the gate page (core/wire/gate.h); 0: none, not hybrid */
	/*
	 * Bytes of a second, complete image: what it would refuse and this one allows is recorded. It has
	 * none itself. The texts of its rules are given as offsets into this image's strings, beyond their end.
	 */
	struct zc_image_table stricter;
	struct zc_image_table names; /* struct zc_image_name, in the order of zc_name_order() */
	struct zc_image_table found; /* struct zc_image_found, in the order of zc_found_order() */
	struct zc_image_table argv_rules; /* struct zc_image_argv_rule: rules on commands */
	struct zc_image_table argv_words; /* struct zc_image_argv_word, of these rules */
	uint32_t argv_feeds;              /* rules with feeders: at most ZC_ARGV_FEEDS */
	uint32_t pad;
};

/* One word of a rule on commands (core/exec/argv.h). */
enum {
	ZC_ARG_NAME,  /* program: its name; '*' is any bytes */
	ZC_ARG_FILE,  /* program: its path, as a pattern; what lies below too */
	ZC_ARG_TEXT,  /* argument: as a whole; '*' is any bytes */
	ZC_ARG_SHORT, /* "-r": one letter of an option cluster, or the long name that goes with it */
	ZC_ARG_LONG,  /* "--force", "--force=...", "--for" */
	ZC_ARG_PATH, /* a path, made absolute and clean; behind prefix_len bytes that stand as they are */
	ZC_ARG_KINDS
};
#define ZC_ARGV_GROUPS 16u
#define ZC_ARGV_FEEDS 64u
struct zc_image_argv_word {
	uint32_t text; /* offset into strings */
	uint16_t len;
	uint16_t prefix_len; /* PATH: "of=" */
	uint8_t kind;        /* ZC_ARG_* */
	uint8_t group;       /* of an argument: words of one group are alternatives */
	uint8_t pad[6];
};
struct zc_image_argv_rule {
	uint32_t rule; /* what it says, in which layer */
	uint32_t
		first; /* into argv_words: the words on the program, then arguments, then feeders */
	uint16_t programs, arguments, feeders;
	uint8_t groups; /* of its arguments */
	uint8_t feed;   /* with feeders: which of them it is */
};

struct zc_image_node {
	uint64_t mask;  /* what the rules that end here say */
	uint64_t below; /* what rules strictly below say (glob and "**" children included) */
	uint64_t wild;  /* of that, what is reached through a glob or "**" child of this node */
	uint32_t dstar; /* the "**" child, 0: none */
	uint32_t grants_first, grants_count;
	uint32_t shapes_first;
	uint16_t shapes_count;
	uint16_t named; /* components before the first wildcard on the way here: its naming depth */
	uint32_t depth; /* components on the way here, "**" not counted */
	uint32_t below_rule; /* the strongest deny strictly below, ZC_RULE_NONE: a move loses it */
	uint32_t pad;
};

enum { ZC_EDGE_EMPTY, ZC_EDGE_NAME, ZC_EDGE_GLOB };
struct zc_image_edge {
	uint64_t hash; /* zc_edge_hash(); 0 in an empty slot is told by kind */
	uint32_t parent, child;
	uint32_t name; /* offset into strings: the component or the whole pattern */
	uint16_t name_len;
	uint8_t kind;  /* ZC_EDGE_* */
	uint8_t stars; /* GLOB: '*' in the pattern; more than one wants zc_glob_match() */
};

struct zc_image_shape {
	uint8_t prefix_len, suffix_len; /* literal bytes before the first and after the last '*' */
	uint8_t pad[2];
};

/* One (layer, class, verdict) of a node, and the first rule that says it. */
struct zc_image_grant {
	uint64_t bit;
	uint32_t rule;
	uint32_t pad;
};

struct zc_image_rule {
	uint64_t text_hash;    /* stable across runs: part of the fingerprint */
	uint32_t text, source; /* offsets into strings: "deny-read ~/.ssh", "ci.zc:12" */
	uint8_t layer, says;   /* enum zc_layer, enum zc_says */
	uint8_t classes;       /* bit n: enum zc_class n */
	uint8_t protects;      /* a profile's deny: no hint is given for it */
	uint8_t risk;          /* enum zc_risk: what a rule on commands says of itself */
	uint8_t pad[3];
};

enum { ZC_NET_EMPTY, ZC_NET_V4, ZC_NET_V6, ZC_NET_ABSTRACT };
struct zc_image_net {
	uint8_t kind;   /* ZC_NET_* */
	uint8_t prefix; /* bits of addr that count */
	uint16_t port;  /* 0: any */
	uint32_t name;  /* ABSTRACT: offset into strings, without the NUL in front */
	/*
	 * ABSTRACT: zc_abstract_key() of the name; with prefix 1 and no name: every abstract one.
	 */
	uint8_t addr[16];
	uint32_t name_len;
	uint32_t grants_first, grants_count;
	uint32_t pad;
	uint64_t mask; /* classes NET and LISTEN as class 0 and 1 */
};

struct zc_image_host {
	uint32_t name, len; /* lower case; the table is in the order of zc_host_order() */
};

/* What rules say of a host name, or with wild of every name that ends in it (".example.org"). */
struct zc_image_name {
	uint32_t name, len; /* lower case, no dot at the end */
	uint16_t port;      /* 0: any */
	uint8_t wild, pad;
	uint32_t grants_first, grants_count;
	uint32_t pad2;
	uint64_t mask; /* class NET as class 0 */
};

/* An address that a name of the policy came to when it was frozen. */
struct zc_image_found {
	uint16_t family; /* AF_INET, AF_INET6 */
	uint8_t source;  /* enum zc_host_source */
	uint8_t pad;
	uint32_t name, len;
	uint8_t addr[16];
};

/*
 * Is this block of size bytes a sound image? Returns 0 or -EINVAL. Every reader calls it first.
 * Time grows with the image.
 */
int zc_image_check(const void *block, size_t size);
/*
 * The same for the header and the tables' bounds only, in constant time. Enough for a block that is
 * known to have passed zc_image_check() already: a memfd that zcwrap sealed, at the start of a
 * program.
 */
int zc_image_check_head(const void *block, size_t size);

/* Hashes shared by the builder and the reader. */
uint64_t zc_hash_bytes(const void *bytes, size_t len, uint64_t seed);
static inline uint64_t zc_edge_hash(uint32_t parent, uint8_t kind, uint64_t component_hash)
{
	uint64_t h = (component_hash ^ ((uint64_t)parent << 8 | kind)) * 0x9fb21c651e98df25ull;
	return h ^ h >> 29;
}
/* A glob's component hash: prefix and suffix, not what '*' stands for. */
uint64_t zc_glob_hash(const char *prefix, size_t prefix_len, const char *suffix, size_t suffix_len);
uint64_t zc_net_hash(uint8_t kind, uint8_t prefix, uint16_t port, const uint8_t addr[16]);
/* What stands in addr for an abstract name (without the NUL in front). */
void zc_abstract_key(uint8_t ret_addr[16], const char *name, size_t len);
/* Sets the bits of addr behind the first prefix ones to 0; bytes: 4 or 16. */
void zc_addr_mask(uint8_t *addr, unsigned bytes, unsigned prefix);
/* Order of the host table: by length, then by bytes. Negative, 0 or positive. */
int zc_host_order(const char *a, size_t a_len, const char *b, size_t b_len);
/* Orders of the tables of names, by wild, name and port, and of what they came to, by address. */
int zc_name_order(const struct zc_image_name *a, const struct zc_image_name *b,
		  const char *strings_a, const char *strings_b);
int zc_found_order(const struct zc_image_found *a, const struct zc_image_found *b);

static inline const void *zc_image_at(const struct zc_image *image, struct zc_image_table table)
{
	return (const char *)image + table.offset;
}
/* The second image, or NULL. */
static inline const struct zc_image *zc_image_stricter(const struct zc_image *image)
{
	return image->stricter.count ? (const struct zc_image *)zc_image_at(image, image->stricter)
				     : NULL;
}
static inline bool zc_rule_is_stricter(uint32_t rule)
{
	return rule != ZC_RULE_NONE && rule & ZC_RULE_STRICTER;
}
/* The text at an offset into strings, or of a stricter rule; "" when it lies outside. */
const char *zc_image_text(const struct zc_image *image, uint32_t offset);
/* The rule of that number; NULL for ZC_RULE_NONE, ZC_RULE_STRICTER_NONE and beyond. */
const struct zc_image_rule *zc_image_rule(const struct zc_image *image, uint32_t rule);

#endif
