/* SPDX-License-Identifier: MIT */
/*
 * act.c - changes of files in the caller's stead: made, moved, removed where it was judged.
 *
 * The verdict was on a directory that is held by a descriptor, and a name in it; or on a thing that is
 * held itself. What is done here is done to exactly these, so neither another thread that writes the
 * path anew, nor one that changes the directory or the descriptor table it shares, nor a process that
 * puts a link in the way, makes it something else. Only for who has our ids, groups and capabilities, and
 * with its umask; whatever is not the same that way is let go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tracer/notify/notify.h"

#define LINK_CAP 32u

/* What a call is about, in both of the ways that one can be held. */
struct place {
	int fd;
	char name[258];        /* in fd; with the slash that was behind it */
	char itself[LINK_CAP]; /* "/proc/self/fd/N", where the thing itself is held */
	bool is_entry;
};

static bool take_place(const struct zc_case *c, unsigned n, struct place *ret)
{
	const struct zc_object *object = &c->event.object[n];
	const struct zc_held *held = &c->names.held[n];
	size_t len = strlen(held->entry);

	if (n >= c->event.objects || held->fd < 0 || object->flags & ZC_OBJ_BY_FD ||
	    !object->requested || !object->requested_len)
		return false;
	*ret = (struct place){ .fd = held->fd, .is_entry = len > 0 };
	memcpy(ret->name, held->entry, len);
	if (len && object->requested[object->requested_len - 1] == '/')
		ret->name[len] = '/';
	snprintf(ret->itself, sizeof(ret->itself), "/proc/self/fd/%d", held->fd);
	return true;
}

/* The caller's, which is shared by who shares its directory. Returns false where it cannot be known. */
static bool take_umask(pid_t tid, mode_t *ret)
{
	char path[40], text[256];
	const char *at;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	/* The name before it may hold anything but a line feed. */
	at = strstr(text, "\nUmask:");
	if (!at)
		return false;
	*ret = (mode_t)strtoul(at + 7, NULL, 8) & 0777;
	return true;
}

/* What the n-th argument behind the paths is: rows with a directory descriptor have one more. */
static uint64_t argument(const struct zc_case *c, unsigned n)
{
	const struct zc_call *row = &zc_calls[c->event.call];

	return c->event.args[n + (row->role[0] == ZC_ROLE_DIRFD)];
}

/* --- one call each: a result, or -1 with errno; NOT_OURS: the caller makes it itself ---------------- */

#define NOT_OURS (-2)

static int make_directory(const struct zc_case *c, const struct place *at)
{
	return mkdirat(at->fd, at->name, (mode_t)argument(c, 1));
}

static int make_node(const struct zc_case *c, const struct place *at)
{
	/* A device's number is told in as many bits as the ABI has. */
	return c->event.abi != ZC_ABI_X86_64
		       ? NOT_OURS
		       : mknodat(at->fd, at->name, (mode_t)argument(c, 1), (dev_t)argument(c, 2));
}

static int remove_entry(const struct zc_case *c, const struct place *at)
{
	bool directory = c->event.call == ZC_ID_rmdir ||
			 (c->event.call == ZC_ID_unlinkat && c->event.args[2] & AT_REMOVEDIR);

	if (c->event.call == ZC_ID_unlinkat && c->event.args[2] & ~(uint64_t)AT_REMOVEDIR)
		return NOT_OURS; /* an error, which is the kernel's to give */
	return unlinkat(at->fd, at->name, directory ? AT_REMOVEDIR : 0);
}

static int make_link_to(const struct zc_case *c, const struct place *at)
{
	static char target[ZC_PATH_CAP];
	long len = c->reader.text(c->reader.context, c->event.args[0], target, sizeof(target));

	return len <= 0 ? NOT_OURS : symlinkat(target, at->fd, at->name);
}

static int change_mode(const struct zc_case *c, const struct place *at)
{
	return at->is_entry ? NOT_OURS : chmod(at->itself, (mode_t)argument(c, 1));
}

static int change_owner(const struct zc_case *c, const struct place *at)
{
	uid_t uid = (uid_t)argument(c, 1);
	gid_t gid = (gid_t)argument(c, 2);

	if (c->event.abi != ZC_ABI_X86_64)
		return NOT_OURS; /* some of i386 have 16 bits */
	return at->is_entry ? fchownat(at->fd, at->name, uid, gid, AT_SYMLINK_NOFOLLOW)
			    : chown(at->itself, uid, gid);
}

/* truncate() itself would wait for whoever has a lease on the file, for as long as they like. */
static int change_size(const struct zc_case *c, const struct place *at)
{
	struct stat st;
	int fd, r, error;

	if (at->is_entry || c->event.abi != ZC_ABI_X86_64 || c->event.call != ZC_ID_truncate ||
	    (off_t)argument(c, 1) < 0 || fstat(at->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NOT_OURS;
	fd = open(at->itself, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == EWOULDBLOCK ? NOT_OURS : -1;
	r = ftruncate(fd, (off_t)argument(c, 1));
	error = errno;
	close(fd);
	errno = error;
	return r;
}

static int change_times(const struct zc_case *c, const struct place *at)
{
	uint64_t where = argument(c, 1);
	struct timespec times[2];
	int flags = at->is_entry ? AT_SYMLINK_NOFOLLOW : 0;

	if (c->event.abi != ZC_ABI_X86_64 || c->event.call != ZC_ID_utimensat ||
	    (where && c->reader.bytes(c->reader.context, where, times, sizeof(times)) !=
			      (long)sizeof(times)))
		return NOT_OURS;
	return utimensat(at->is_entry ? at->fd : AT_FDCWD, at->is_entry ? at->name : at->itself,
			 where ? times : NULL, flags);
}

static int move(const struct zc_case *c, const struct place *at)
{
	unsigned flags = c->event.call == ZC_ID_renameat2 ? (unsigned)c->event.args[4] : 0;
	struct place to;

	if (!take_place(c, 1, &to) || !to.is_entry)
		return NOT_OURS;
	return (int)syscall(SYS_renameat2, at->fd, at->name, to.fd, to.name, flags);
}

static int add_link(const struct zc_case *c, const struct place *at)
{
	struct place to;

	if (!take_place(c, 1, &to) || !to.is_entry)
		return NOT_OURS;
	return at->is_entry ? linkat(at->fd, at->name, to.fd, to.name, 0)
			    : linkat(AT_FDCWD, at->itself, to.fd, to.name, AT_SYMLINK_FOLLOW);
}

/* --- which, and for whom ---------------------------------------------------------------------------- */

static const struct {
	uint8_t op;
	bool entry; /* it is about a name in a directory, never about a thing that is held itself */
	bool makes; /* something that the umask is for */
	int (*act)(const struct zc_case *c, const struct place *at);
} acts[] = {
	{ ZC_OP_MKDIR, true, true, make_directory },  { ZC_OP_MKNOD, true, true, make_node },
	{ ZC_OP_UNLINK, true, false, remove_entry },  { ZC_OP_RMDIR, true, false, remove_entry },
	{ ZC_OP_SYMLINK, true, false, make_link_to }, { ZC_OP_RENAME, true, false, move },
	{ ZC_OP_LINK, false, false, add_link },       { ZC_OP_CHMOD, false, false, change_mode },
	{ ZC_OP_CHOWN, false, false, change_owner },  { ZC_OP_TRUNCATE, false, false, change_size },
	{ ZC_OP_UTIME, false, false, change_times },
};

static int find(unsigned op)
{
	for (size_t i = 0; i < ZC_LEN(acts); i++)
		if (acts[i].op == op)
			return (int)i;
	return -1;
}

/* fd: of the directory, so that who asks is who is asked about. Files there are about who opens them. */
static bool acts_alike(struct zc_case *c, const struct place *at)
{
	return zc_notify_may_stand_in(c->tracer, c->tracee) && !zc_notify_is_proc(at->fd) &&
	       zc_notify_is_valid(c->tracer);
}

bool zc_notify_perform_change(struct zc_case *c)
{
	int i = find(c->event.op), r;
	mode_t mask = 0;
	struct place at;

	if (i < 0 || !take_place(c, 0, &at) || (acts[i].entry && !at.is_entry) ||
	    (acts[i].makes && !take_umask(c->tracee->tid, &mask)) || !acts_alike(c, &at))
		return false;
	mask = umask(mask);
	r = acts[i].act(c, &at);
	umask(mask);
	if (r == NOT_OURS)
		return false;
	r = r < 0 ? -errno : 0;
	if (c->event.op == ZC_OP_RENAME ||
	    c->event.op == ZC_OP_RMDIR) /* cached names are dropped then */
		__atomic_fetch_add(&c->tracer->open_page->renames, 1, __ATOMIC_RELAXED);
	zc_notify_answer(c->tracer, c->tracee, r);
	return true;
}

/* Not through a link that was put there since: then there is something to judge anew. */
static int create_at(const struct zc_case *c, int dirfd, const char *name, uint32_t flags)
{
	int fd = openat(dirfd, name,
			(int)flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			(mode_t)c->event.mode);

	return fd < 0 ? -errno : fd;
}

int zc_notify_create(struct zc_case *c, uint32_t flags)
{
	bool apart = c->tracer->notify->root >= 0;
	struct place at;
	mode_t mask;
	int dir, fd;

	if (!take_place(c, 0, &at) || !at.is_entry || !take_umask(c->tracee->tid, &mask) ||
	    zc_notify_is_proc(at.fd) || !zc_notify_is_valid(c->tracer))
		return -EAGAIN;
	/* A file from outside the run's own mounts would be a way out of them. */
	dir = apart ? zc_notify_hold_inside(c) : at.fd;
	if (dir < 0)
		return dir;
	mask = umask(mask);
	fd = create_at(c, dir, at.name, flags);
	umask(mask);
	if (apart)
		close(dir);
	return fd;
}
