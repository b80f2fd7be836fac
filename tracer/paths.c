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
#include "tracer/paths.h"

#define MOST_TRIES 8 /* openat2 answers EAGAIN when a rename crosses its way */

static struct {
	struct zc_tracer *tracer;
	bool diverged, checked;
} seen;

/* Where a path starts. */
struct anchor {
	int fd;            /* AT_FDCWD: our own root, which is the tracee's too */
	uint64_t resolve;  /* RESOLVE_* that the kernel's walk needs */
	bool by_hand;      /* only paths_follow.c gets this right */
};

void zc_paths_begin(struct zc_tracer *tracer, struct zc_names *names)
{
	seen.tracer = tracer;
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

void zc_paths_diverge(void)
{
	seen.diverged = true;
}

/* Does the tracee see our root? True for all until one of them changes roots or mounts. */
static bool root_is_ours(const struct zc_tracee *tracee)
{
	struct stat own, its;
	char path[32];

	if (seen.diverged)
		return false;
	if (!seen.checked) {
		snprintf(path, sizeof(path), "/proc/%d/root", tracee->tid);
		seen.checked = true;
		if (stat("/", &own) < 0 || stat(path, &its) < 0 || own.st_ino != its.st_ino || own.st_dev != its.st_dev)
			seen.diverged = true;
	}
	return !seen.diverged;
}

/* ---- names ---- */

static bool starts_with(const char *text, long len, const char *prefix)
{
	size_t prefix_len = strlen(prefix);

	return len >= (long)prefix_len && !memcmp(text, prefix, prefix_len);
}

/* In a jail the policy speaks of what lies below it. */
static long strip_jail(char *path, long len)
{
	const struct zc_image *image = seen.tracer->image;
	size_t jail = image ? image->jail.count : 0;

	if (!jail || !zc_path_under(path, (size_t)len, zc_image_at(image, image->jail), jail))
		return len;
	if ((size_t)len == jail)
		return strcpy(path, "/"), 1;
	memmove(path, path + jail, (size_t)len - jail + 1);
	return len - (long)jail;
}

/*
 * /proc/PID of a process of the run is /proc/self to the policy: a debugger may look at what it started.
 * That of the tracer itself, which was not there when the policy was made, is that of zcwrap.
 */
static long name_process(char *path, long len)
{
	const struct zc_image *image = seen.tracer->image;
	char instead[16] = "self";
	long end = 6, pid = 0;
	size_t put;

	if (!starts_with(path, len, "/proc/") || path[6] < '1' || path[6] > '9')
		return len;
	for (; path[end] >= '0' && path[end] <= '9' && end < 16; end++)
		pid = pid * 10 + (path[end] - '0');
	if ((end < len && path[end] != '/') || pid > 0x7fffffff)
		return len;
	if (pid == getpid() && image && image->supervisor[0])
		snprintf(instead, sizeof(instead), "%d", image->supervisor[0]);
	else if (!zc_targets_is_of_the_run(seen.tracer, (pid_t)pid))
		return len;
	put = strlen(instead);
	if (len - end + 6 + (long)put >= (long)ZC_PATH_CAP)
		return len;
	memmove(path + 6 + put, path + end, (size_t)(len - end) + 1);
	memcpy(path + 6, instead, put);
	return len - end + 6 + (long)put;
}

/* A removed file is judged by the name it had. */
static long drop_deleted(char *path, long len, int at, const char *link)
{
	static const char mark[] = " (deleted)";
	const long mark_len = sizeof(mark) - 1;
	struct stat st;

	if (len <= mark_len || memcmp(path + len - mark_len, mark, (size_t)mark_len) != 0 ||
	    fstatat(at, link, &st, *link ? 0 : AT_EMPTY_PATH) < 0 || st.st_nlink != 0)
		return len;
	path[len - mark_len] = '\0';
	return len - mark_len;
}

/* The policy's name of what the link, one of /proc/.../fd, cwd and the like, leads to. */
static long name_of_link(const char *link, char *buffer, uint8_t *ret_flags)
{
	long len = readlink(link, buffer, ZC_PATH_CAP - 1);

	if (len < 0)
		return -errno;
	if (len >= (long)ZC_PATH_CAP - 1)
		return -ENAMETOOLONG;
	buffer[len] = '\0';
	if (buffer[0] != '/' || starts_with(buffer, len, "/memfd:") || starts_with(buffer, len, "/dmabuf:")) {
		*ret_flags |= ZC_OBJ_NAMELESS;
		return len;
	}
	len = drop_deleted(buffer, len, AT_FDCWD, link);
	return name_process(buffer, strip_jail(buffer, len));
}

static long name_of_own_fd(int fd, char *buffer, uint8_t *ret_flags)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return name_of_link(link, buffer, ret_flags);
}

long zc_paths_fd(struct zc_tracee *tracee, int fd, char *buffer, uint8_t *ret_flags)
{
	char link[48];
	long len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", tracee->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", tracee->tid, fd);
	if (fd < 0 && fd != AT_FDCWD)
		return -EBADF;
	len = name_of_link(link, buffer, ret_flags);
	return len == -ENOENT && fd != AT_FDCWD ? -EBADF : len;
}

/* ---- where paths start ---- */

static bool has_dotdot(const char *path)
{
	for (size_t i = 0; path[i]; i++)
		if (path[i] == '.' && path[i + 1] == '.' && (i == 0 || path[i - 1] == '/') &&
		    (path[i + 2] == '/' || path[i + 2] == '\0'))
			return true;
	return false;
}

/* The anchor of object, and the object's absolute spelling where that can be known. */
static int take_anchor(const struct zc_tracee *tracee, struct zc_object *object, uint64_t resolve,
		       struct anchor *ret)
{
	bool ours = root_is_ours(tracee), in_dirfd = resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH);
	char name[24];

	*ret = (struct anchor){ AT_FDCWD, resolve, false };
	if (*object->requested == '/' && !in_dirfd) {
		if (ours)
			return 0;
		ret->fd = zc_paths_anchor(tracee, "root");
		ret->resolve |= RESOLVE_IN_ROOT;
		return ret->fd < 0 ? ret->fd : 0;
	}
	if (object->dirfd < 0 && object->dirfd != AT_FDCWD)
		return -EBADF;
	snprintf(name, sizeof(name), object->dirfd == AT_FDCWD ? "cwd" : "fd/%d", object->dirfd);
	ret->fd = zc_paths_anchor(tracee, name);
	if (ret->fd < 0)
		return ret->fd == -ENOENT && object->dirfd != AT_FDCWD ? -EBADF : ret->fd;
	ret->by_hand = !ours && !in_dirfd && has_dotdot(object->requested);
	return 0;
}

static void drop_anchor(struct anchor *anchor)
{
	if (anchor->fd >= 0)
		close(anchor->fd);
}

/* Writes where the spelling would lead if nothing on the way were a link. */
static int spell(struct zc_tracee *tracee, struct zc_object *object, const struct anchor *anchor, char *given)
{
	const char *path = object->requested;
	uint8_t flags = 0;
	long len = 0;

	if (*path != '/' || (anchor->fd >= 0 && anchor->resolve)) {
		len = anchor->fd >= 0 ? name_of_own_fd(anchor->fd, given, &flags) : zc_paths_fd(tracee, object->dirfd, given, &flags);
		if (flags & ZC_OBJ_NAMELESS)
			return -ENOTDIR;
		if (len < 0)
			return len == -EBADF ? -EBADF : 0; /* a name that is not known is no spelling */
	}
	while (len && *path == '/')
		path++;
	len = zc_path_join(given, ZC_PATH_CAP, len ? given : "", (size_t)len, path, strlen(path));
	if (len < 0)
		return 0;
	object->given = given;
	object->given_len = (uint32_t)name_process(given, len);
	return 0;
}

/* ---- going there ---- */

static int open_path(const struct anchor *anchor, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags, .resolve = anchor->resolve | resolve };

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
	return object->given && !starts_with(object->given, object->given_len, "/proc/self");
}

/*
 * Holds what path leads to. *ret_plain: no link was on the way. With ZC_FOLLOW_CREATE a missing last
 * component is found as well.
 */
static int go(const struct zc_tracee *tracee, const struct anchor *anchor, const char *path, unsigned follow,
	      uint64_t flags, struct zc_held *ret, bool *ret_plain)
{
	struct statfs fs;
	int fd = -ELOOP;

	ret->entry[0] = '\0';
	flags |= follow & ZC_FOLLOW_LAST ? 0 : O_NOFOLLOW;
	if (!anchor->by_hand)
		fd = open_path(anchor, path, flags, RESOLVE_NO_SYMLINKS);
	*ret_plain = fd != -ELOOP;
	if (fd == -ELOOP && anchor->resolve & ~(uint64_t)RESOLVE_IN_ROOT)
		fd = open_path(anchor, path, flags, 0); /* the program's own rules for openat2 */
	else if (fd == -ELOOP) {
		fd = anchor->by_hand ? -ELOOP : open_path(anchor, path, flags, RESOLVE_NO_MAGICLINKS);
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
	long len = name_of_own_fd(held->fd, path, &object->flags);

	if (len >= 0 && held->entry[0])
		len = zc_path_join(path, ZC_PATH_CAP, path, (size_t)len, held->entry, strlen(held->entry));
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

/* Where the last component starts, and whether it is one that names an entry ("." and ".." do not). */
static bool split(const char *path, size_t len, size_t *ret_base, size_t *ret_base_len)
{
	size_t end = len, base;

	while (end > 0 && path[end - 1] == '/')
		end--;
	base = end;
	while (base > 0 && path[base - 1] != '/')
		base--;
	*ret_base = base;
	*ret_base_len = end - base;
	return end > base && !(end - base == 1 && path[base] == '.') &&
	       !(end - base == 2 && path[base] == '.' && path[base + 1] == '.');
}

static int resolve_entry(struct zc_tracee *tracee, struct zc_object *object, const struct anchor *anchor,
			 struct zc_held *held, char *path)
{
	static char parent[ZC_PATH_CAP];
	size_t base, len;
	bool plain;
	int error;

	split(object->requested, object->requested_len, &base, &len);
	if (len >= sizeof(held->entry))
		return -ENAMETOOLONG;
	zc_copy(parent, base ? object->requested : ".", base ? base : 1);
	parent[base ? base : 1] = '\0';
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

static int resolve_whole(struct zc_tracee *tracee, struct zc_object *object, const struct anchor *anchor,
			 bool creates, struct zc_held *held, char *path)
{
	unsigned follow = object->flags & ZC_OBJ_FOLLOW ? ZC_FOLLOW_LAST : 0;
	bool plain;
	int error = go(tracee, anchor, object->requested, follow, 0, held, &plain);

	if (error == -ENOENT && creates && plain)
		return resolve_entry(tracee, object, anchor, held, path);
	if (error == -ENOENT && creates && anchor->fd != AT_FDCWD && anchor->resolve)
		return error; /* under the program's own rules a dangling link is the kernel's to judge */
	if (error == -ENOENT && creates)
		error = zc_paths_follow(tracee, anchor->fd, object->requested, follow | ZC_FOLLOW_CREATE, held);
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

/* The rules of walking that openat2 was given. */
static uint64_t walking_rules(struct zc_tracee *tracee, const struct zc_event *event)
{
	const struct zc_reader reader = zc_tracee_reader(tracee);
	uint64_t how[3] = { 0 };

	if (event->call != ZC_ID_openat2 ||
	    reader.bytes(reader.context, event->args[2], how, sizeof(how)) < (long)sizeof(how))
		return 0;
	return how[2] & (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT);
}

int zc_paths_resolve(struct zc_tracee *tracee, struct zc_event *event, unsigned n, struct zc_names *names)
{
	struct zc_object *object = &event->object[n];
	bool opens = event->op <= ZC_OP_OPEN_RDWR;
	bool creates = opens && event->oflags & O_CREAT;
	struct anchor anchor;
	size_t base, len;
	int error;

	if (object->flags & ZC_OBJ_BY_FD)
		return resolve_fd(tracee, object, names->path[n]);
	if (!object->requested)
		return -EFAULT;
	error = take_anchor(tracee, object, walking_rules(tracee, event), &anchor);
	if (error)
		return error;
	error = spell(tracee, object, &anchor, names->given[n]);
	if (error)
		;
	else if (object->flags & ZC_OBJ_FOLLOW || !split(object->requested, object->requested_len, &base, &len))
		error = resolve_whole(tracee, object, &anchor, creates, &names->held[n], names->path[n]);
	else
		error = resolve_entry(tracee, object, &anchor, &names->held[n], names->path[n]);
	drop_anchor(&anchor);
	return error;
}

void zc_paths_spell(struct zc_tracee *tracee, struct zc_event *event, unsigned n, struct zc_names *names)
{
	struct zc_object *object = &event->object[n];
	const struct anchor none = { AT_FDCWD, 0, false };

	if (object->requested && spell(tracee, object, &none, names->given[n]) == 0 && object->given)
		name_as_spelled(object);
}
