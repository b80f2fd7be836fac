/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a plan looks like inside. Only the files of this folder and their tests need it.
 *
 * A plan is one block: struct zc_confine_plan, then its tables. Whatever it refers to it refers to by
 * offset: tables from the start of the block, texts from the start of the strings. Each layer has
 * one row in the table of plan.c:
 *
 *   plan     outside, before anything is forked. May allocate, look at files and at the image. Fills
 *            its part of maker->head and its tables, and writes the account. To be planned it calls
 *            zc_plan_take(); else it says why not with zc_account_detail(). Called only when the wish
 *            takes, names or requires the layer. Not in the order of application: userns comes after
 *            netns and mounts, which may set maker->wants_userns, and no_new_privs comes last.
 *   prepare  in the child, before any layer is applied: what has to be opened as zcwrap saw it.
 *   apply    in the child, in order, only where planned. Async-signal-safe; no memory is allocated; a
 *            descriptor that is opened is closed again. Returns 0 or -errno.
 *
 * Paths in a plan are as seen from outside (no jail taken off).
 */
#ifndef ZC_CONFINE_PLAN_H
#define ZC_CONFINE_PLAN_H

#include <linux/filter.h>

#include "confine/confine.h"

#define ZC_PLAN_MAGIC 0x314e4c50434e455aull /* "ZENCPLN1" */
#define ZC_PLAN_VERSION 1u
#define ZC_PLAN_LISTED 40u /* sentences in one list of an account before "... and N more" */

enum zc_plan_list {
	ZC_PLAN_STRINGS, /* bytes; every text ends with NUL; offset 0 is "" and stands for none */
	ZC_PLAN_MOUNTS,  /* struct zc_plan_mount, in the order of mounting */
	ZC_PLAN_GROUPS,  /* uint32_t: supplementary groups */
	ZC_PLAN_PATHS,   /* struct zc_plan_path: Landlock */
	ZC_PLAN_PORTS,   /* struct zc_plan_port: Landlock */
	ZC_PLAN_FILTER,  /* struct sock_filter: the companion */
	ZC_PLAN_LISTS
};

struct zc_plan_table {
	uint32_t offset; /* from the start of the block; 8-aligned */
	uint32_t count;  /* entries (strings: bytes) */
};

/* In this order, so that what is masked stays so below what is made read-only. */
enum zc_plan_mount_kind {
	ZC_PLAN_MOUNT_SCRATCH, /* where masks are made: a directory that is covered for that time */
	ZC_PLAN_MOUNT_MASK_FILE, /* a file that nobody may read over the path; flags: its size */
	ZC_PLAN_MOUNT_MASK_DIR,  /* a directory that shows names only over it */
	ZC_PLAN_MOUNT_NAME_FILE, /* in the mask before: a name; flags: the size it shows */
	ZC_PLAN_MOUNT_NAME_DIR,
	ZC_PLAN_MOUNT_READ_ONLY, /* the path bound over itself, read-only; flags: MS_* to keep */
	ZC_PLAN_MOUNT_CWD,       /* where the command starts, to be found again under the mounts */
	ZC_PLAN_MOUNT_KINDS
};
struct zc_plan_mount {
	uint32_t kind, path; /* path: offset into strings; NAME_*: below the mask's directory */
	uint64_t flags;
};

/* Landlock's rules. */
struct zc_plan_path {
	uint32_t path; /* offset into strings */
	uint32_t pad;
	uint64_t access; /* LANDLOCK_ACCESS_FS_* */
};
struct zc_plan_port {
	uint64_t port, access; /* LANDLOCK_ACCESS_NET_* */
};

struct zc_confine_plan {
	uint64_t magic;
	uint32_t version, size;
	uint32_t planned; /* bit n: layer n */
	uint32_t require; /* of those: ends the run when it fails */
	struct zc_plan_table table[ZC_PLAN_LISTS];
	/* user namespace: mapped to themselves */
	uint32_t map_uid, map_gid;
	/* chroot */
	uint32_t jail; /* text: the new root */
	uint32_t cwd;  /* text: where to be in it, as seen from inside */
	/* credentials */
	uint32_t set_user; /* 1: to uid, gid and the groups */
	uint32_t uid, gid;
	uint32_t pad;
	uint64_t caps_keep;
	/* Landlock: what is handled; 0 leaves a class of rights alone */
	uint64_t handled_fs, handled_net, scoped;
};

struct zc_plan_bytes {
	unsigned char *data;
	size_t len, cap;
};

/* A plan in the making. */
struct zc_plan_maker {
	const struct zc_confine_wish *wish;
	struct zc_confine_account *account; /* [ZC_CONFINE_LAYERS] */
	struct zc_confine_plan head;        /* set fields here; tables by zc_plan_add() */
	struct zc_plan_bytes list[ZC_PLAN_LISTS];
	bool wants_userns; /* netns or mounts can be had only inside of one */
	uint32_t widened[ZC_CONFINE_LAYERS],
		lacking[ZC_CONFINE_LAYERS]; /* sentences, listed or not */
	int error;                          /* -ENOMEM, once: nothing need check in between */
};

/* Marks a layer as planned. */
void zc_plan_take(struct zc_plan_maker *maker, unsigned layer);
bool zc_plan_taken(const struct zc_plan_maker *maker, unsigned layer);
/* Adds one entry to a list other than strings; its size follows from the list. */
void zc_plan_add(struct zc_plan_maker *maker, enum zc_plan_list list, const void *entry);
size_t zc_plan_entry_size(enum zc_plan_list list);
/* Adds a text; returns its offset. Equal texts that follow each other are kept once. */
uint32_t zc_plan_text(struct zc_plan_maker *maker, const char *text);

/* The account; printf-like. detail replaces what was there; the lists are capped, and counted. */
__attribute__((format(printf, 3, 4))) void
zc_account_detail(struct zc_plan_maker *maker, unsigned layer, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
zc_account_widened(struct zc_plan_maker *maker, unsigned layer, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
zc_account_lacks(struct zc_plan_maker *maker, unsigned layer, const char *format, ...);
void zc_account_close(struct zc_plan_maker *maker); /* adds "... and N more" */

/* Reading a plan that zc_confine_check() accepted. */
static inline const void *zc_plan_at(const struct zc_confine_plan *plan, enum zc_plan_list list)
{
	return (const char *)plan + plan->table[list].offset;
}
static inline const char *zc_plan_string(const struct zc_confine_plan *plan, uint32_t offset)
{
	return (const char *)zc_plan_at(plan, ZC_PLAN_STRINGS) + offset;
}

/* What is passed along while a plan is applied. */
struct zc_confine_state {
	int ruleset;       /* Landlock's, made by prepare; -1: none */
	int ruleset_error; /* errno why not */
};

struct zc_confine_row {
	const char *name;
	int (*plan)(struct zc_plan_maker *maker); /* 0, or -errno only when making must end */
	void (*prepare)(const struct zc_confine_plan *plan, struct zc_confine_state *state);
	int (*apply)(const struct zc_confine_plan *plan, struct zc_confine_state *state);
};
extern const struct zc_confine_row zc_confine_rows[ZC_CONFINE_LAYERS];

/* space.c */
int zc_userns_plan(struct zc_plan_maker *maker);
int zc_userns_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
int zc_netns_plan(struct zc_plan_maker *maker);
int zc_netns_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
/* mounts.c */
int zc_mounts_plan(struct zc_plan_maker *maker);
int zc_mounts_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
/* chroot.c */
int zc_chroot_plan(struct zc_plan_maker *maker);
int zc_chroot_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
/* credentials.c */
int zc_credentials_plan(struct zc_plan_maker *maker);
int zc_credentials_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
/* landlock.c */
int zc_landlock_plan(struct zc_plan_maker *maker);
void zc_landlock_prepare(const struct zc_confine_plan *plan, struct zc_confine_state *state);
int zc_landlock_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);
/* companion.c */
int zc_companion_plan(struct zc_plan_maker *maker);
int zc_companion_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);

#endif
