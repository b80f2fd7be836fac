/* SPDX-License-Identifier: MIT */
/*
 * paths_follow.c - a tracee's path, walked one component at a time.
 *
 * The kernel walks with the root of whoever asks, and /proc/self is whoever asks: for a tracee in
 * another root, and for links that lead through /proc, the tracer's own walk would end elsewhere.
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

#include "tracer/paths/paths.h"

#define MOST_LINKS 40u /* as many as the kernel follows */
#define PROC_ROOT_INODE 1u

struct walk {
	const struct zc_tracee *tracee;
	int at, root;
	struct statx root_is;
	unsigned flags, links;
	char *rest; /* what is still to be walked; in one of the two texts */
	char text[2][2 * ZC_PATH_CAP];
};

int zc_paths_anchor(const struct zc_tracee *tracee, const char *name)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tracee->tid, name);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int look(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_MNT_ID, ret) < 0 ? -errno
											    : 0;
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int step_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	close(walk->at);
	walk->at = fd;
	return 0;
}

/* ".." of the root is the root; of the top of a mount it is above the mount, which the kernel knows. */
static int step_up(struct walk *walk)
{
	struct statx here;
	int error = look(walk->at, &here);

	if (error)
		return error;
	if (here.stx_ino == walk->root_is.stx_ino && here.stx_mnt_id == walk->root_is.stx_mnt_id &&
	    here.stx_dev_major == walk->root_is.stx_dev_major &&
	    here.stx_dev_minor == walk->root_is.stx_dev_minor)
		return 0;
	return step_to(walk, openat(walk->at, "..", O_PATH | O_CLOEXEC));
}

/* What the link called name says, with "self" meaning the tracee. Returns its length or -errno. */
static long read_target(const struct walk *walk, const char *name, int link, bool proc,
			char *target, size_t cap)
{
	struct statx here;
	long len;

	if (proc && look(walk->at, &here) == 0 && here.stx_ino == PROC_ROOT_INODE) {
		if (!strcmp(name, "self"))
			return snprintf(target, cap, "%d", walk->tracee->tgid);
		if (!strcmp(name, "thread-self"))
			return snprintf(target, cap, "%d/task/%d", walk->tracee->tgid,
					walk->tracee->tid);
	}
	len = readlinkat(link, "", target, cap - 1);
	if (len < 0)
		return -errno;
	if ((size_t)len >= cap - 1)
		return -ENAMETOOLONG;
	target[len] = '\0';
	return len;
}

/* Links like /proc/PID/fd/3 are not texts: only the kernel can go where they lead. */
static bool is_magic(const struct walk *walk, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, walk->at, name, &how, sizeof(how));
	struct statx here;

	if (fd >= 0)
		close((int)fd);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* those of its top are texts */
		return look(walk->at, &here) < 0 || here.stx_ino != PROC_ROOT_INODE;
	return fd < 0 && errno == ELOOP;
}

/* A directory of procfs about a process of ours? */
static bool is_ours(int dir)
{
	static char name[ZC_PATH_CAP];
	uint8_t flags = 0;

	return zc_paths_name_own_fd(dir, name, &flags) > 0 && zc_paths_is_about_us(name) != NULL;
}

/* slash: one stands behind the name, so that the target must be a directory. */
static int follow_link(struct walk *walk, const char *name, int link, bool slash)
{
	char *next = walk->rest < walk->text[1] ? walk->text[1] : walk->text[0];
	bool proc = is_procfs(link);
	long len;

	if (++walk->links > MOST_LINKS)
		return -ELOOP;
	if (proc && is_magic(walk, name)) {
		/* What is ours is ours to open, not the caller's: the link is what is asked for. */
		if (is_ours(walk->at))
			return step_to(walk, fcntl(link, F_DUPFD_CLOEXEC, 0));
		return step_to(walk, openat(walk->at, name, O_PATH | O_CLOEXEC));
	}
	len = read_target(walk, name, link, proc, next, ZC_PATH_CAP);
	if (len <= 0)
		return len < 0 ? (int)len : -ENOENT;
	if ((size_t)len + strlen(walk->rest) + 2 > sizeof(walk->text[0]))
		return -ENAMETOOLONG;
	if (*walk->rest || slash)
		next[len++] = '/';
	memcpy(next + len, walk->rest, strlen(walk->rest) + 1);
	walk->rest = next;
	return *next == '/' ? step_to(walk, fcntl(walk->root, F_DUPFD_CLOEXEC, 0)) : 0;
}

/* Cuts the next component off the rest. *ret_last: nothing follows it; a slash behind it makes it a directory. */
static bool next_name(struct walk *walk, char name[256], bool *ret_last, bool *ret_slash,
		      int *ret_error)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(start, "/");

	*ret_error = len > 255 ? -ENAMETOOLONG : 0;
	if (!len || *ret_error)
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	walk->rest = (char *)start + len;
	*ret_slash = *walk->rest == '/';
	walk->rest += strspn(walk->rest, "/");
	*ret_last = !*walk->rest;
	return true;
}

/* Returns 1 when the walk is over, 0 to go on, or -errno. */
static int step(struct walk *walk, const char *name, bool last, bool slash, struct zc_held *ret)
{
	struct statx is;
	int error, fd;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, ".."))
		return step_up(walk);
	fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		/* With a slash behind it too: what O_CREAT | O_DIRECTORY comes to is the kernel's to say. */
		if (errno != ENOENT || !last || !(walk->flags & ZC_FOLLOW_CREATE))
			return -errno;
		memcpy(ret->entry, name, strlen(name) + 1);
		return 1;
	}
	error = look(fd, &is);
	if (!error && S_ISLNK(is.stx_mode) && (!last || slash || walk->flags & ZC_FOLLOW_LAST)) {
		error = follow_link(walk, name, fd, slash);
		close(fd);
		return error;
	}
	if (!error && (!last || slash) && !S_ISDIR(is.stx_mode))
		error = -ENOTDIR;
	if (error) {
		close(fd);
		return error;
	}
	return step_to(walk, fd);
}

static int walk_all(struct walk *walk, struct zc_held *ret)
{
	bool last = false, slash = false;
	int error = 0;
	char name[256];

	ret->entry[0] = '\0';
	while (!error && next_name(walk, name, &last, &slash, &error))
		error = step(walk, name, last, slash, ret);
	if (error < 0)
		return error;
	ret->fd = walk->at;
	walk->at = -1;
	return 0;
}

int zc_paths_follow(const struct zc_tracee *tracee, int from, const char *path, unsigned flags,
		    struct zc_held *ret)
{
	static struct walk walk; /* 16 KiB: the tracer has one thread, and this does not nest */
	size_t len = strlen(path);
	int error;

	if (len >= ZC_PATH_CAP)
		return -ENAMETOOLONG;
	walk.tracee = tracee;
	walk.flags = flags;
	walk.links = 0;
	walk.rest = memcpy(walk.text[0], path, len + 1);
	walk.root = zc_paths_anchor(tracee, "root");
	if (walk.root < 0)
		return walk.root;
	walk.at = fcntl(*path == '/' ? walk.root : from, F_DUPFD_CLOEXEC, 0);
	error = walk.at < 0 ? -errno : look(walk.root, &walk.root_is);
	if (!error)
		error = walk_all(&walk, ret);
	close(walk.root);
	if (walk.at >= 0)
		close(walk.at);
	return error;
}
