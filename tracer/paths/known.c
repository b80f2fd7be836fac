/* SPDX-License-Identifier: MIT */
/*
 * known.c - spellings that nothing in the run can make mean something else.
 *
 * A path whose every entry on the way (and those of the links it goes through) may not be written under
 * the policy leads where it led when it was judged: no process of the run can rename, remove or replace
 * one of them. A caller whose memory is its own can be let go on with such a path at once, without a look
 * at anything. That is most of what programs open: libraries, headers, what is installed. And what is
 * missing in such a place stays missing: most of what compilers look for.
 *
 * It does not hold where one directory can be reached by two names, one of them writable: so it is not
 * used where mounts show a file system twice, and all is forgotten when mounts change (mounts.c).
 *
 * Of other spellings it is kept that they are allowed as they stand and have nothing in them that stands for
 * something else, which the policy alone says: where they lead is looked at each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "tracer/paths/known.h"

#define SLOTS 4096u /* powers of two */
#define PLACES 256u
#define MOST_LINKS 40u
#define TEXT 256u

struct slot {
	uint16_t len;
	uint8_t need; /* allowed: ZC_NEED_* that were asked for together */
	uint8_t kind; /* enum zc_known */
	char path[TEXT];
};

static struct slot known[SLOTS];
static bool
	kept; /* anything: forgetting nothing need not bring in a megabyte of memory at each start */
static struct {
	uint16_t len;
	char path[TEXT];
} places[PLACES]; /* directories that are none of the run's to change, nor what is above them */

static struct slot *slot_of(const char *path, size_t len, unsigned need)
{
	return &known[zc_hash_bytes(path, len, need) & (SLOTS - 1)];
}

enum zc_known zc_known_find(const char *path, size_t len, unsigned need)
{
	const struct slot *slot = slot_of(path, len, need);

	return slot->len == len && slot->need == need && !memcmp(slot->path, path, len)
		       ? (enum zc_known)slot->kind
		       : ZC_KNOWN_NOT;
}

static void keep(const char *path, size_t len, unsigned need, enum zc_known kind)
{
	struct slot *slot = slot_of(path, len, need);

	kept = true;
	slot->len = (uint16_t)len;
	slot->need = (uint8_t)need;
	slot->kind = (uint8_t)kind;
	memcpy(slot->path, path, len);
}

void zc_known_keep_plain(const char *path, size_t len, unsigned need)
{
	if (len < TEXT)
		keep(path, len, need, ZC_KNOWN_PLAIN);
}

void zc_known_forget(void)
{
	if (!kept)
		return;
	kept = false;
	for (size_t i = 0; i < SLOTS; i++)
		known[i].len = 0;
	for (size_t i = 0; i < PLACES; i++)
		places[i].len = 0;
}

/* --- is it so? ------------------------------------------------------------------------------------- */

/* Could the run make this entry another one? */
static bool may_change(const struct zc_image *image, const char *path, size_t len)
{
	struct zc_event event = { .call = ZC_ID_unlink, .op = ZC_OP_UNLINK, .objects = 1 };

	event.object[0] = (struct zc_object){ .requested = path,
					      .given = path,
					      .path = path,
					      .requested_len = (uint32_t)len,
					      .given_len = (uint32_t)len,
					      .path_len = (uint32_t)len,
					      .dirfd = AT_FDCWD,
					      .need = ZC_NEED_WRITE,
					      .flags = ZC_OBJ_EXISTS };
	return !zc_forbids(zc_policy_decide(image, &event));
}

static bool is_place(const char *path, size_t len)
{
	unsigned i = zc_hash_bytes(path, len, 0) & (PLACES - 1);

	return places[i].len == len && !memcmp(places[i].path, path, len);
}

static void add_place(const char *path, size_t len)
{
	unsigned i = zc_hash_bytes(path, len, 0) & (PLACES - 1);

	if (len >= TEXT)
		return;
	kept = true;
	places[i].len = (uint16_t)len;
	memcpy(places[i].path, path, len);
}

/* Below these, names are about who asks, or come and go with devices. */
static bool is_about_who_asks(const char *path)
{
	return !strncmp(path, "/proc", 5) || !strncmp(path, "/dev", 4) || !strncmp(path, "/sys", 4);
}

struct walk {
	const struct zc_image *image;
	size_t len; /* of at; 0 is the root */
	unsigned links;
	char at[PATH_MAX];      /* where it has come to: no links in it */
	char rest[2][PATH_MAX]; /* what is still to be walked */
	unsigned turn;
};

static bool follow(struct walk *walk, const char *rest)
{
	char *next = walk->rest[walk->turn ^= 1];
	ssize_t len;

	if (++walk->links > MOST_LINKS)
		return false;
	len = readlink(walk->at, next, PATH_MAX - 1);
	if (len <= 0 || (size_t)len + strlen(rest) + 2 > PATH_MAX)
		return false;
	next[len] = '/';
	memcpy(next + len + 1, rest, strlen(rest) + 1);
	walk->len = *next == '/' ? 0 : walk->len;
	return true;
}

/* What a component says of the path. */
enum step { MAY_CHANGE, GOES_ON, GOES_ELSEWHERE, MISSING };

/* One component. GOES_ELSEWHERE: the rest has become another. */
static enum step step(struct walk *walk, const char *name, size_t len, const char *rest)
{
	size_t before = walk->len;
	struct stat st;

	if (len == 1 && *name == '.')
		return GOES_ON;
	if (len == 2 && !memcmp(name, "..", 2)) {
		while (walk->len && walk->at[--walk->len] != '/')
			;
		return GOES_ON;
	}
	if (walk->len + len + 2 > sizeof(walk->at))
		return MAY_CHANGE;
	walk->at[walk->len] = '/';
	memcpy(walk->at + walk->len + 1, name, len);
	walk->len += len + 1;
	walk->at[walk->len] = '\0';
	if (is_place(walk->at, walk->len))
		return GOES_ON;
	if (may_change(walk->image, walk->at, walk->len))
		return MAY_CHANGE;
	if (lstat(walk->at, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? MISSING : MAY_CHANGE;
	if (zc_mounts_are_proc(st.st_dev))
		return MAY_CHANGE;
	if (S_ISLNK(st.st_mode)) {
		if (is_about_who_asks(walk->at))
			return MAY_CHANGE;
		walk->len = before; /* at still has the whole name, for readlink() */
		return follow(walk, rest) ? GOES_ELSEWHERE : MAY_CHANGE;
	}
	if (S_ISDIR(st.st_mode))
		add_place(walk->at, walk->len);
	return S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? GOES_ON : MAY_CHANGE;
}

bool zc_known_is_fixed(const struct zc_image *image, const char *path, size_t path_len, bool links)
{
	static struct walk walk; /* 12 KiB: the tracer has one thread */
	const char *at;

	if (*path != '/' || path_len >= PATH_MAX)
		return false;
	walk.image = image;
	walk.len = walk.turn = 0;
	walk.links = links ? 0 : MOST_LINKS;
	memcpy(walk.rest[0], path, path_len + 1);
	at = walk.rest[0];
	while (*(at += strspn(at, "/"))) {
		size_t len = strcspn(at, "/");
		enum step said = step(&walk, at, len, at + len);

		if (said == MAY_CHANGE || said == MISSING)
			return said == MISSING && !is_about_who_asks(walk.at);
		at = said == GOES_ELSEWHERE ? walk.rest[walk.turn] : at + len;
	}
	walk.at[walk.len] = '\0';
	return walk.len && !is_about_who_asks(walk.at);
}

bool zc_known_learn(const struct zc_image *image, const char *path, size_t len, unsigned need,
		    bool links)
{
	if (len >= TEXT || !zc_known_is_fixed(image, path, len, links))
		return false;
	keep(path, len, need, ZC_KNOWN_FIXED);
	return true;
}
