/* SPDX-License-Identifier: MIT */
/*
 * credentials_parse.c - names of users, groups and capabilities -> numbers.
 */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine/credentials.h"

/* By number, linux/capability.h; written down here because the header may be older than the kernel. */
static const char *const cap_names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};
#define CAPS ZC_LEN(cap_names)

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t cap, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, cap, format, args);
	va_end(args);
	return -EINVAL;
}

const char *zc_confine_cap_name(unsigned cap)
{
	return cap < CAPS ? cap_names[cap] : "?";
}

/* --- users ---------------------------------------------------------------------------------------- */

/* Digits only; 4294967295 means "no change" to the kernel and is nobody's number. */
static bool number_of(const char *text, uint32_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value >= UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

static int find_group(const char *text, gid_t *ret, char *error, size_t cap)
{
	const struct group *group = getgrnam(text);
	uint32_t gid;

	if (group)
		*ret = group->gr_gid;
	else if (number_of(text, &gid))
		*ret = gid;
	else
		return fail(error, cap, "there is no group '%.80s' here; 'getent group' lists them",
			    text);
	return 0;
}

/* As initgroups(3), but told instead of set. */
static int list_groups(const char *name, struct zc_confine_user *user)
{
	int count = 16;
	gid_t *groups = NULL;

	for (;;) {
		int room = count;
		gid_t *more = realloc(groups, (size_t)room * sizeof(*more));

		if (!more) {
			free(groups);
			return -ENOMEM;
		}
		groups = more;
		if (getgrouplist(name, user->gid, groups, &count) >= 0)
			break;
		if (count <= room)
			count = 2 * room;
	}
	user->groups = groups;
	user->group_count = (size_t)count;
	return 0;
}

static int find_user(const char *name, const char *group, struct zc_confine_user *user, char *error,
		     size_t cap)
{
	const struct passwd *entry = getpwnam(name);
	uint32_t uid;
	int r;

	if (!entry && number_of(name, &uid)) {
		entry = getpwuid(uid);
		if (!entry && !group)
			return fail(
				error, cap,
				"user %u has no entry in /etc/passwd, so its group must be said: "
				"%u:GROUP",
				uid, uid);
		user->uid = uid;
	} else if (!entry) {
		return fail(error, cap, "there is no user '%.80s' here; 'getent passwd' lists them",
			    name);
	}
	if (entry) {
		user->uid = entry->pw_uid;
		user->gid = entry->pw_gid;
	}
	r = group ? find_group(group, &user->gid, error, cap) : 0;
	if (r < 0)
		return r;
	if (entry)
		return list_groups(entry->pw_name, user);
	user->groups = malloc(sizeof(*user->groups));
	if (!user->groups)
		return -ENOMEM;
	user->groups[0] = user->gid;
	user->group_count = 1;
	return 0;
}

int zc_confine_parse_user(const char *text, struct zc_confine_user *ret_user, char *error,
			  size_t error_cap)
{
	struct zc_confine_user user = { 0 };
	const char *colon = strchr(text, ':');
	char name[256];
	int r;

	if (!*text || colon == text || (colon && !colon[1]))
		return fail(error, error_cap, "expected a user: NAME, UID, NAME:GROUP or UID:GID");
	if ((colon ? (size_t)(colon - text) : strlen(text)) >= sizeof(name))
		return fail(error, error_cap, "no name of a user is that long");
	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - text) : 255, text);
	r = find_user(name, colon ? colon + 1 : NULL, &user, error, error_cap);
	if (r == -ENOMEM)
		fail(error, error_cap, "out of memory");
	if (r == 0)
		*ret_user = user;
	return r;
}

/* --- capabilities --------------------------------------------------------------------------------- */

/* Letters to add, leave out or change to get from a to b; beyond 3 is as good as infinite. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32], last, here;
	size_t len = strlen(b);

	if (len >= ZC_LEN(row) || strlen(a) >= ZC_LEN(row))
		return 99;
	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		last = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			here = last + (a[i] != b[j]);
			last = row[j + 1];
			here = here < row[j] + 1 ? here : row[j] + 1;
			row[j + 1] = here < last + 1 ? here : last + 1;
		}
	}
	return row[len];
}

static int unknown_cap(const char *name, char *error, size_t cap)
{
	unsigned best = 4, nearest = CAPS;

	for (unsigned i = 0; i < CAPS; i++) {
		unsigned far = distance(name, cap_names[i]);

		/* What is left out in front is forgotten often: ADMIN for SYS_ADMIN. */
		if (far >= best && strlen(name) >= 4 && strstr(cap_names[i], name))
			far = best - 1;
		if (far < best) {
			best = far;
			nearest = i;
		}
	}
	if (nearest < CAPS)
		return fail(error, cap, "there is no capability '%.40s'; did you mean '%s'?", name,
			    cap_names[nearest]);
	return fail(error, cap, "there is no capability '%.40s'; capabilities(7) lists them", name);
}

static int add_cap(const char *text, size_t len, uint64_t *mask, char *error, size_t cap)
{
	char name[40];

	if (len == 0)
		return fail(error, cap,
			    "expected names of capabilities, with commas between them, or 'all'");
	if (len >= sizeof(name))
		return fail(error, cap, "no capability has so long a name");
	for (size_t i = 0; i < len; i++)
		name[i] = (char)toupper((unsigned char)text[i]);
	name[len] = '\0';
	if (!strncmp(name, "CAP_", 4))
		memmove(name, name + 4, len - 3);
	if (!strcmp(name, "ALL")) {
		*mask |= (1ull << CAPS) - 1;
		return 0;
	}
	for (unsigned i = 0; i < CAPS; i++) {
		if (!strcmp(name, cap_names[i])) {
			*mask |= 1ull << i;
			return 0;
		}
	}
	return unknown_cap(name, error, cap);
}

static int parse_list(const char *text, uint64_t *ret, char *error, size_t cap)
{
	int r = 0;

	*ret = 0;
	for (; r == 0; text++) {
		size_t len = strcspn(text, ",");

		r = add_cap(text, len, ret, error, cap);
		text += len;
		if (!*text)
			break;
	}
	return r;
}

int zc_confine_parse_caps(const char *drop, const char *keep, uint64_t *ret_keep, char *error,
			  size_t error_cap)
{
	const uint64_t all = (1ull << CAPS) - 1;
	uint64_t dropped = 0, kept = ZC_CONFINE_CAPS_ALL;
	int r = drop ? parse_list(drop, &dropped, error, error_cap) : 0;

	if (r == 0 && keep)
		r = parse_list(keep, &kept, error, error_cap);
	if (r < 0)
		return r;
	*ret_keep = keep && dropped == all ? kept : kept & ~dropped;
	return 0;
}
