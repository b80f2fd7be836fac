/* SPDX-License-Identifier: MIT */
/*
 * paths.c - what a tracee's path leads to, and what that is called.
 *
 * One openat2 without links, where the path has none: then its spelling is its name. Otherwise the
 * kernel is asked for the name of what it found, and where it would walk differently for us than for
 * the tracee (another root, /proc/self), paths_follow.c walks instead. What was found stays held by an
 * O_PATH descriptor until the verdict is out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/path.h"
#include "tracer/paths/anchor.h"
#include "tracer/paths/known.h"
#include "tracer/paths/paths.h"

#define MOST_TRIES 8 /* openat2 answers EAGAIN when a rename crosses its way */

static struct zc_tracer *tracer; /* the only one; whose judgement this is for */

void zc_paths_begin(struct zc_tracer *judge, struct zc_names *names)
{
	tracer = judge;
	zc_paths_name_for(judge);
	names->held[0].fd = names->held[1].fd = -1;
}

static void let_go(struct zc_held *held)
{
	if (held->fd >= 0)
		close(held->fd);
	held->fd = -1;
}

void zc_paths_end(struct zc_names *names)
{
	let_go(&names->held[0]);
	let_go(&names->held[1]);
}

static int open_path(const struct zc_anchor *anchor, const char *path, uint64_t flags,
		     uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags,
				.resolve = anchor->resolve | resolve };

	for (int i = 0; i < MOST_TRIES; i++) {
		long fd = syscall(SYS_openat2, anchor->fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN)
			return -errno;
	}
	return -EAGAIN;
}

/* The spelling is the name, unless /proc is on the way, where names are about who asks. */
static bool spelling_is_name(const struct zc_object *object)
{
	return object->given &&
	       !zc_paths_starts_with(object->given, object->given_len, "/proc/self");
}

/*
 * Holds what path leads to. *ret_plain: no link was on the way. With ZC_FOLLOW_CREATE a missing last
 * component is found as well.
 */
static int go(const struct zc_tracee *tracee, const struct zc_anchor *anchor, const char *path,
	      unsigned follow, uint64_t flags, struct zc_held *ret, bool *ret_plain)
{
	struct statfs fs;
	int fd = -ELOOP;

	ret->entry[0] = '\0';
	flags |= follow & ZC_FOLLOW_LAST ? 0 : O_NOFOLLOW;
	if (!anchor->by_hand && (anchor->own_rules || !zc_paths_expect_link(path))) {
		fd = open_path(anchor, path, flags, RESOLVE_NO_SYMLINKS);
		if (fd == -ELOOP)
			zc_paths_saw_link(path);
	}
	/* Some containers withhold openat2. */
	if (!anchor->own_rules && (fd == -ENOSYS || fd == -EPERM)) {
		*ret_plain = false;
		return zc_paths_follow(tracee, anchor->fd, path, follow, ret);
	}
	*ret_plain = fd != -ELOOP;
	if (fd == -ELOOP && anchor->own_rules)
		fd = open_path(anchor, path, flags, 0); /* the program's own rules for openat2 */
	else if (fd == -ELOOP) {
		fd = anchor->by_hand ? -ELOOP
				     : open_path(anchor, path, flags, RESOLVE_NO_MAGICLINKS);
		/* In /proc our own walk may have gone through our own /proc/self. */
		if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC) {
			if (fd >= 0)
				close(fd);
			return zc_paths_follow(tracee, anchor->fd, path, follow, ret);
		}
	}
	if (fd < 0)
		return fd;
	ret->fd = fd;
	return 0;
}

/* Writes the name of what is held. */
static int name_held(struct zc_object *object, const struct zc_held *held, char *path)
{
	long len = zc_paths_name_own_fd(held->fd, path, &object->flags);

	if (len >= 0 && held->entry[0])
		len = zc_path_join(path, ZC_PATH_CAP, path, (size_t)len, held->entry,
				   strlen(held->entry));
	if (len < 0)
		return (int)len;
	object->path = path;
	object->path_len = (uint32_t)len;
	return 0;
}

static void name_as_spelled(struct zc_object *object)
{
	object->path = object->given;
	object->path_len = object->given_len;
}

/* An entry of the very directory where the path starts: that is held already. */
static bool hold_anchor(struct zc_anchor *anchor, struct zc_held *held)
{
	if (anchor->fd < 0 || !anchor->directory || anchor->resolve || anchor->lent)
		return false;
	held->fd = anchor->fd;
	return anchor->lent = true;
}

static int resolve_entry(struct zc_tracee *tracee, struct zc_object *object,
			 struct zc_anchor *anchor, struct zc_held *held, char *path)
{
	static char parent[ZC_PATH_CAP];
	bool plain = true;
	size_t base, len;
	int error = 0;

	zc_path_last(object->requested, object->requested_len, &base, &len);
	if (len >= sizeof(held->entry))
		return -ENAMETOOLONG;
	zc_copy(parent, base ? object->requested : ".", base ? base : 1);
	parent[base ? base : 1] = '\0';
	if (base || !hold_anchor(anchor, held))
		error = go(tracee, anchor, parent, ZC_FOLLOW_LAST, O_DIRECTORY, held, &plain);
	if (error)
		return error;
	zc_copy(held->entry, object->requested + base, len);
	held->entry[len] = '\0';
	if (plain && spelling_is_name(object)) {
		name_as_spelled(object);
		return 0;
	}
	return name_held(object, held, path);
}

static int resolve_whole(struct zc_tracee *tracee, struct zc_object *object,
			 struct zc_anchor *anchor, bool creates, struct zc_held *held, char *path)
{
	unsigned follow = object->flags & ZC_OBJ_FOLLOW ? ZC_FOLLOW_LAST : 0;
	bool plain;
	int error = go(tracee, anchor, object->requested, follow, 0, held, &plain);

	if (error == -ENOENT && creates && plain)
		return resolve_entry(tracee, object, anchor, held, path);
	if (error == -ENOENT && creates && anchor->own_rules)
		return error; /* under the program's own rules a dangling link is the kernel's to judge */
	if (error == -ENOENT && creates)
		error = zc_paths_follow(tracee, anchor->fd, object->requested,
					follow | ZC_FOLLOW_CREATE, held);
	if (error)
		return error;
	if (!held->entry[0])
		object->flags |= ZC_OBJ_EXISTS;
	if (plain && spelling_is_name(object)) {
		name_as_spelled(object);
		return 0;
	}
	return name_held(object, held, path);
}

static int resolve_fd(struct zc_tracee *tracee, struct zc_object *object, char *path)
{
	long len = zc_paths_fd(tracee, object->dirfd, path, &object->flags);

	if (len < 0)
		return (int)len;
	object->path = path;
	object->path_len = (uint32_t)len;
	object->flags |= ZC_OBJ_EXISTS;
	return 0;
}

static int resolve_from(struct zc_tracee *tracee, struct zc_object *object,
			struct zc_anchor *anchor, bool creates, struct zc_held *held, char *path)
{
	size_t base, len;

	if (object->flags & ZC_OBJ_FOLLOW ||
	    !zc_path_last(object->requested, object->requested_len, &base, &len))
		return resolve_whole(tracee, object, anchor, creates, held, path);
	return resolve_entry(tracee, object, anchor, held, path);
}

/* A name with a slash behind it cannot be made, whatever is there. */
static bool is_slashed(const struct zc_event *event, const struct zc_object *object)
{
	size_t base, len;

	return (event->oflags & (O_CREAT | O_DIRECTORY)) == O_CREAT &&
	       zc_path_last(object->requested, object->requested_len, &base, &len) &&
	       object->requested[base + len] == '/';
}

static bool is_missing(int error, const struct zc_held *held)
{
	struct stat st;

	if (error || !held->entry[0])
		return error == -ENOENT;
	return fstatat(held->fd, held->entry, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/*
 * What a mask of ours hides (confine/spaces/mounts.c) is not missing: whoever may not open it is told so, and
 * it is recorded. Looked for again by its name, from where there are no masks. *error stays when it
 * is missing there too.
 */
static void look_behind_masks(struct zc_tracee *tracee, struct zc_object *object, bool creates,
			      struct zc_held *held, char *path, int *error)
{
	static char name[ZC_PATH_CAP];
	struct zc_object again = *object;
	struct zc_anchor outside = { .fd = zc_paths_open_root(), .resolve = RESOLVE_IN_ROOT };
	struct zc_held found = { .fd = -1 };

	again.requested = object->given;
	again.requested_len = object->given_len;
	if (outside.fd >= 0 && resolve_from(tracee, &again, &outside, creates, &found, name) == 0 &&
	    !is_missing(0, &found)) {
		again.requested = object->requested;
		again.requested_len = object->requested_len;
		if (again.path == name)
			again.path = memcpy(path, name, again.path_len + 1);
		*object = again;
		let_go(held);
		*held = found;
		*error = 0;
	} else {
		let_go(&found);
	}
	zc_anchor_drop(&outside);
}

/* The other engine hears of changed mounts in another way (notify/start.c). */
static bool may_be_elsewhere(const struct zc_tracee *tracee)
{
	return tracer->notify || tracer->options->plan || tracee->attached ||
	       !zc_paths_root_is_ours(tracee) || zc_mounts_now()->proc_elsewhere;
}

/* procfs may be mounted anywhere. What is about us there is called as it is in /proc. */
static void name_ours(const struct zc_tracee *tracee, struct zc_object *object,
		      const struct zc_held *held, char *path)
{
	static char name[ZC_PATH_CAP];
	struct statfs fs;
	char *at;

	if (held->fd < 0 || !object->path || object->path_len >= sizeof(name) ||
	    zc_paths_starts_with(object->path, object->path_len, "/proc/") ||
	    !may_be_elsewhere(tracee) || fstatfs(held->fd, &fs) < 0 ||
	    fs.f_type != PROC_SUPER_MAGIC)
		return;
	zc_copy(name, object->path, object->path_len);
	name[object->path_len] = '\0';
	at = zc_paths_is_about_us(name);
	if (!at)
		return;
	object->path_len =
		(uint32_t)snprintf(path, ZC_PATH_CAP, "/proc/%.*s", (int)ZC_PATH_CAP - 8, at);
	object->path_len = (uint32_t)zc_paths_name_process(path, object->path_len);
	object->path = path;
}

/* Linux 6.4 and newer refuse these two together before they look at the path; open(2). */
static bool is_contradiction(const struct zc_event *event)
{
	static int refused = -1;
	int fd;

	if ((event->oflags & (O_CREAT | O_DIRECTORY)) != (O_CREAT | O_DIRECTORY))
		return false;
	if (refused < 0) {
		fd = open("/", O_CREAT | O_DIRECTORY | O_CLOEXEC, 0);
		refused = fd < 0 && errno == EINVAL;
		if (fd >= 0)
			close(fd);
	}
	return refused;
}

int zc_paths_resolve(struct zc_tracee *tracee, struct zc_event *event, unsigned n,
		     struct zc_names *names)
{
	struct zc_object *object = &event->object[n];
	bool opens = event->op <= ZC_OP_OPEN_RDWR;
	bool creates = opens && event->oflags & O_CREAT;
	struct zc_anchor anchor;
	int error;

	if (object->flags & ZC_OBJ_BY_FD)
		return resolve_fd(tracee, object, names->path[n]);
	if (opens && is_contradiction(event))
		return -EINVAL;
	if (!object->requested)
		return -EFAULT;
	error = zc_anchor_take(tracee, object, zc_paths_walking_rules(tracee, event), &anchor);
	if (error)
		return error;
	error = zc_anchor_spell(tracer, tracee, object, &anchor, names->given[n]);
	if (!error && creates && is_slashed(event, object)) {
		error = resolve_entry(tracee, object, &anchor, &names->held[n], names->path[n]);
		error = error ? error : -EISDIR;
	} else if (!error)
		error = resolve_from(tracee, object, &anchor, creates, &names->held[n],
				     names->path[n]);
	/* The spelling is where it leads only as long as nothing goes back up. */
	if (anchor.fd >= 0 && object->given && zc_paths_are_masked() &&
	    !zc_paths_has_dotdot(object->requested) && is_missing(error, &names->held[n]))
		look_behind_masks(tracee, object, creates, &names->held[n], names->path[n], &error);
	if (!error)
		name_ours(tracee, object, &names->held[n], names->path[n]);
	zc_anchor_drop(&anchor);
	return error;
}

void zc_paths_spell(struct zc_tracee *tracee, struct zc_event *event, unsigned n,
		    struct zc_names *names)
{
	struct zc_object *object = &event->object[n];
	struct zc_anchor none = { .fd = AT_FDCWD };

	if (object->requested &&
	    zc_anchor_spell(tracer, tracee, object, &none, names->given[n]) == 0 && object->given)
		name_as_spelled(object);
}
