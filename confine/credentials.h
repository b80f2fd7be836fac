/* SPDX-License-Identifier: MIT */
/*
 * credentials.h - what --user, --cap-drop and --cap-keep say, as values for struct zc_confine_wish.
 *
 * Nothing here prints and nothing changes this process. Fails: -EINVAL (or -ENOMEM) with a sentence
 * in error that names what was wrong and, where it can, what was meant.
 */
#ifndef ZC_CONFINE_CREDENTIALS_H
#define ZC_CONFINE_CREDENTIALS_H

#include <sys/types.h>

#include "confine/confine.h"

struct zc_confine_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* malloc'd: the user's supplementary groups, as initgroups(3) would set them */
	size_t group_count;
};

/* "NAME", "UID", "NAME:GROUP", "UID:GID"; a UID without a name needs its group. */
int zc_confine_parse_user(const char *text, struct zc_confine_user *ret_user, char *error,
			  size_t error_cap);

/*
 * drop and keep: "NET_RAW,cap_mknod", "all", or NULL when the option was not given. *ret_keep is for
 * wish.caps_keep: everything but drop; with keep only what it lists, less what drop names. drop=all
 * with keep is keep. The bits above the last capability stay set only where keep was not given: then a
 * jail takes away what would lead out of it.
 */
int zc_confine_parse_caps(const char *drop, const char *keep, uint64_t *ret_keep, char *error,
			  size_t error_cap);
/* "SYS_ADMIN" for 21; "?" when unknown. */
const char *zc_confine_cap_name(unsigned cap);

#endif
