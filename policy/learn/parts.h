/* SPDX-License-Identifier: MIT */
/*
 * parts.h - the inside of a learner, shared by the files of this folder.
 */
#ifndef ZC_POLICY_LEARN_PARTS_H
#define ZC_POLICY_LEARN_PARTS_H

#include "policy/learn/learn.h"
#include "policy/set.h"

/* One component of a path. Needs are ZC_NEED_* bits. */
struct zc_learn_node {
	struct zc_learn_node *child, *next, *parent;
	const char *name; /* "" for the root */
	uint32_t len;
	uint8_t seen;    /* needed of this very thing */
	uint8_t tree;    /* granted for it and all below: a rule that was read back, or collapsed */
	uint8_t alone;   /* granted for it alone: a rule that was read back */
	uint8_t refused; /* plain permissions refused it */
	bool glob;       /* the name has a wildcard */
	bool directory, made;
};

/* One thing that was seen, kept for the check at the end. */
struct zc_learn_seen {
	const char *path;
	uint32_t len;
	uint8_t need, flags;
	uint8_t open;   /* what of need is left to learn: neither allowed anyway nor denied */
	uint8_t denied; /* what of need is protected or denied by hand */
};
struct zc_learn_moved {
	const char *from, *to;
	uint32_t from_len, to_len;
	bool directory, link;
};
struct zc_learn_address {
	bool listen, open; /* open: it is to be allowed */
	uint16_t family, port;
	uint8_t addr[16];
	const char *host; /* NULL: none is known */
};

struct zc_learn_list { /* of texts, sorted and each once when it is printed */
	const char **item;
	size_t count, cap;
};

struct zc_learn_base {
	const char *path; /* absolute, without a slash at its end */
	size_t len;
	unsigned variable; /* enum zc_variable */
};

struct zc_learn {
	struct zc_policy_world world;
	struct zc_policy_set *memory; /* every text; never frozen */
	struct zc_learn_node *root;
	struct zc_learn_node **slots; /* every node, by parent and name */
	size_t nodes, slots_cap;
	struct zc_learn_base base[8];
	size_t bases;
	struct zc_learn_seen *seen;
	size_t seen_count, seen_cap;
	struct zc_learn_moved *moved;
	size_t moved_count, moved_cap;
	struct zc_learn_address *address;
	size_t address_count, address_cap;
	uint64_t sys, sys_refused;     /* bit n: enum zc_sys n */
	struct zc_learn_list before;   /* rules of the learnt part as it was */
	struct zc_learn_list kept;     /* rules in it that are not of our making but fine */
	struct zc_learn_list locked;   /* "allow-read ~/.ssh/id": protected, or denied by hand */
	struct zc_learn_list abstract; /* names, encoded */
	struct zc_learn_list unsaid, said; /* what cannot be allowed; the header's lines */
	struct zc_learn_list commands;     /* what was run to learn this */
	struct zc_learn_list rules, hosts; /* the result, without comments; hosts: rules on names */
	const char *when, *mode;           /* of the last run; NULL: none was handed over */
	const char *name;                  /* of the file */
	const char *head, *tail;           /* of its text, around the learnt part */
	size_t head_len, tail_len;
	bool had_part;
	const char *result;
	size_t result_len;
	struct zc_learn_account account;
};

#define ZC_LEARN_BEGIN "# >>> learnt by ZenCube"
#define ZC_LEARN_END "# <<< learnt by ZenCube"

/* learn.c */
int zc_learn_put_address(struct zc_learn *learn, const struct zc_learn_address *address);
int zc_learn_add(struct zc_learn_list *list, const char *text); /* 0 or -ENOMEM; NULL is -ENOMEM */
/* Sorted by bytes, each once. */
void zc_learn_sort(struct zc_learn_list *list);
bool zc_learn_has(const struct zc_learn_list *sorted, const char *text);

/* names.c. Does a name look as if another run gave it another one? Then what of it stays. */
struct zc_learn_stays {
	size_t prefix, suffix;
};
bool zc_learn_varies(const char *name, size_t len, bool temporary, struct zc_learn_stays *ret);

/* places.c */
enum zc_learn_zone { ZC_ZONE_OTHER, ZC_ZONE_PROJECT, ZC_ZONE_HOME, ZC_ZONE_TEMPORARY };
int zc_learn_places(struct zc_learn *learn);
enum zc_learn_zone zc_learn_zone(const struct zc_learn *learn, const char *path, size_t len);
/* Is it home, the working directory, a temporary one, or does it hold one of these? */
bool zc_learn_is_place(const struct zc_learn *learn, const char *path, size_t len);
/* Must what is in it be named one by one, whatever was used of it? */
bool zc_learn_is_container(const struct zc_learn *learn, const char *path, size_t len);
/* ... because it is part of the system's own state? */
bool zc_learn_is_guarded(const struct zc_learn *learn, const char *path, size_t len);
/* May writing in several places of it stand for writing everywhere in it? */
bool zc_learn_is_scratch(const struct zc_learn *learn, const char *path, size_t len);
/* A path as a rule has it; wild: its '*' are wildcards. NULL: out of memory. */
const char *zc_learn_spell(struct zc_learn *learn, const char *path, size_t len, bool wild);

/* tree.c */
struct zc_learn_node *zc_learn_node(struct zc_learn *learn, const char *path, size_t len,
				    bool wild);
/* Names that vary become wildcards, full directories stand for what is in them. 0 or -ENOMEM. */
int zc_learn_collapse(struct zc_learn *learn);
/* The path of a node into buffer; returns its length, *ret_wild. */
size_t zc_learn_node_path(const struct zc_learn_node *node, char buffer[ZC_PATH_CAP],
			  bool *ret_wild);

/* check.c */
/* Which of what was seen is open, and which is denied. 0, or fails. */
int zc_learn_sort_out(struct zc_learn *learn, struct zc_policy_error *error);
/* An image of the protected paths alone; the caller frees it. */
int zc_learn_protected(struct zc_learn *learn, struct zc_image **ret,
		       struct zc_policy_error *error);
bool zc_learn_is_locked(const struct zc_image *image, const char *path, uint32_t len, unsigned cls);
bool zc_learn_sys_is_locked(unsigned sys);
/* Puts everything to the rules as they are; what they refuse is added to the tree. Returns how much. */
int zc_learn_recheck(struct zc_learn *learn, bool last, struct zc_policy_error *error);

/* rules.c, print.c */
int zc_learn_rules(struct zc_learn *learn); /* the tree and the rest into learn->rules */
int zc_learn_print(struct zc_learn *learn); /* ... and the whole file */
/* "127.0.0.1:80", "[::1]", "example.org:443" */
void zc_learn_address_text(struct zc_learn *learn, const struct zc_learn_address *address,
			   char *text, size_t cap);
/* The file's text with these rules in the place of the learnt part: for checking. */
char *zc_learn_draft(const struct zc_learn *learn, const struct zc_learn_list *rules,
		     size_t *ret_len);

/* granted.c: what the rules cover on disk, for the account. */
int zc_learn_count_granted(struct zc_learn *learn);

#endif
