/* SPDX-License-Identifier: MIT */
/*
 * mounts.h - between mounts_find.c, which looks for what a policy's denies name on this host;
 * mounts.c, which decides what of it can be said with mounts; and mounts_scan.c, which looks below
 * what is to be masked. Only these need it.
 *
 * Theory of operation of spaces/. A namespace takes things away as a whole, so a layer here is planned only
 * where nothing goes that the policy allows, or where somebody asks for it by name. mounts.c makes a deny a
 * read-only bind or a mask; space.c leaves the command without a network where it may reach nothing, and makes
 * the user namespace that both need without privileges; chroot.c makes a jail the root. Planning happens
 * outside, before anything is forked, and looks at the host; applying (mounts_apply.c and the rest) happens in
 * the child between fork and exec with system calls alone. A mask shows the names that are there, so that what
 * is missing stays ENOENT and what is denied is refused by whoever watches. What could not be said goes into
 * the account.
 */
#ifndef ZC_CONFINE_MOUNTS_H
#define ZC_CONFINE_MOUNTS_H

#include "confine/plan.h"

#define ZC_MOUNTS_MAX 256u /* each costs the start some microseconds, and its end too */

/* A place that a rule denies reading or writing, and that is there now. */
struct zc_mount_place {
	char *path;    /* as the policy sees it: inside of a jail, where there is one */
	uint32_t rule; /* the first that says it */
	uint32_t mode; /* stat's st_mode; never a link: rules hold for what links lead to as well */
	uint64_t size;
};

struct zc_mount_places {
	struct zc_mount_place *place; /* by path, each once; malloc'd */
	size_t count, cap;
	/* What there is no place for. */
	uint32_t stars, missing, processes, too_many;
	uint32_t stars_rule; /* one of them, for the account */
};

/*
 * root: "" or the jail. missing() is told every rule of the user's or ours whose place is not there.
 * Returns 0 or -ENOMEM; places must be finished either way.
 */
struct zc_mount_find {
	const struct zc_image *image;
	const char *root;
	void (*missing)(void *context, uint32_t rule, const char *path);
	void *context;
};
int zc_mounts_find(const struct zc_mount_find *how, struct zc_mount_places *ret);
void zc_mounts_finish(struct zc_mount_places *places);

#define ZC_MOUNTS_NAMES 256u  /* names shown in one mask */
#define ZC_MOUNTS_LOOKS 1024u /* entries looked at below one place */

/* What lies below a directory that is to be masked. */
struct zc_mount_scan {
	bool programs; /* a file that may be executed, or more than was looked at */
	bool cut;      /* not all names are in the list */
	struct zc_mount_name {
		char *path; /* below the directory */
		bool directory;
		uint64_t size;
	} name[ZC_MOUNTS_NAMES];
	uint32_t names;
};
/* path: as seen from outside. What cannot be read is taken for empty. */
void zc_mounts_scan(const char *path, struct zc_mount_scan *ret);
void zc_mounts_scan_finish(struct zc_mount_scan *scan);

/* Bits of a mask that deny in class READ and WRITE, in any layer. */
uint64_t zc_mounts_denies(unsigned cls);

#endif
