/* SPDX-License-Identifier: MIT */
/*
 * open.c - opens in the caller's stead: what was judged is what is opened, and nobody can
 * exchange it in between.
 *
 * Only where the caller would have got the same: it has our ids, groups and capabilities, our root and
 * mounts; what is created is created with its umask (act.c); and it is a regular file or a directory.
 * FIFOs, sockets and devices have an open that waits or does something, and belong to who opens them
 * (a terminal becomes somebody's); what is below /proc is about who asks. Those are let go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/notify/open.h"
#include "tracer/paths/known.h"

#define SETTABLE (O_APPEND | O_DIRECT | O_NOATIME)
#define MAKING (O_CREAT | O_EXCL | O_TRUNC)

/* --- conditions ---------------------------------------------------------------------------------- */

bool zc_notify_may_stand_in(struct zc_tracer *tracer, const struct zc_tracee *tracee)
{
	const struct zc_notify *notify = tracer->notify;

	if (notify->apart || notify->domains || tracee->stranger || tracee->executes)
		return false;
	return !notify->let_go_on || zc_notify_identity(tracee->tid) == notify->identity;
}

/* --- handing over -------------------------------------------------------------------------------- */

bool zc_open_hand_over(struct zc_tracer *tracer, struct zc_tracee *tracee, int fd, int flags)
{
	struct zc_notify *notify = tracer->notify;
	struct seccomp_notif_addfd add = { .id = notify->request->id,
					   .flags = SECCOMP_ADDFD_FLAG_SEND,
					   .srcfd = (uint32_t)fd,
					   .newfd_flags = (uint32_t)flags & O_CLOEXEC };

	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags & SETTABLE);
	if (ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0 || errno == ENOENT) {
		notify->answered = true;
		return true;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM)
		return false;
	zc_notify_answer(tracer, tracee, -(long)errno);
	return true;
}

int zc_open_exactly(const struct zc_notify *notify, const char *path, int flags, bool links)
{
	const int ours = flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct open_how how = { .flags = (uint64_t)(uint32_t)(flags | ours),
				.resolve = links ? RESOLVE_NO_MAGICLINKS : RESOLVE_NO_SYMLINKS };

	if (notify->root < 0)
		return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	how.resolve |= RESOLVE_IN_ROOT;
	return (int)syscall(SYS_openat2, notify->root, path, &how, sizeof(how));
}

static bool is_plain_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

bool zc_open_is_natural(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == EISDIR ||
	       error == EROFS || error == ETXTBSY;
}

enum zc_going zc_open_may_go_on(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
				unsigned need, bool fixed)
{
	bool held = (tracer->notify->held_below & need) == need;

	if (zc_notify_shares_all(tracer, tracee) || !(held || fixed))
		return ZC_MAY_NOT;
	return held && !tracee->maps_shared ? ZC_MAY : ZC_MAY_IF_OWN;
}

/* --- after a verdict ------------------------------------------------------------------------------ */

/* What is held is what was judged: it is opened anew by what it is, or it must be the same. */
static int open_same(struct zc_case *c, int flags)
{
	const struct zc_notify *notify = c->tracer->notify;
	int held = c->names.held[0].fd, fd;
	struct stat is, was;
	char link[32];

	/* A removed directory has no name any more, and nothing in it. */
	if (notify->root < 0 ||
	    (fstat(held, &was) == 0 && S_ISDIR(was.st_mode) && was.st_nlink == 0)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", held);
		return open(link, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	fd = zc_open_exactly(notify, c->event.object[0].path, flags, false);
	if (fd >= 0 && (fstat(held, &was) < 0 || fstat(fd, &is) < 0 || is.st_dev != was.st_dev ||
			is.st_ino != was.st_ino)) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	return fd;
}

/*
 * A 32-bit caller without O_LARGEFILE (0100000 there) would get EOVERFLOW for large files, and a descriptor
 * without that flag. Where others could exchange the path meanwhile, the flag is the smaller difference.
 */
static bool fits_abi(const struct zc_case *c)
{
	struct stat st;

	return c->event.abi != ZC_ABI_I386 || c->event.oflags & 0100000 ||
	       (zc_notify_shares(c->tracer, c->tracee) && fstat(c->names.held[0].fd, &st) == 0 &&
		st.st_size <= INT32_MAX);
}

/* With O_CREAT the kernel looks at whose file it is, too (fs.protected_regular). */
static bool is_own(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid();
}

bool zc_notify_is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC;
}

static bool finish_open(struct zc_case *c, int fd, uint32_t flags)
{
	bool done = is_plain_file(fd) && zc_open_hand_over(c->tracer, c->tracee, fd, (int)flags);

	close(fd);
	return done;
}

/* The directory that is held, as the run's own root and mounts have it. */
int zc_notify_hold_inside(const struct zc_case *c)
{
	const struct zc_object *object = &c->event.object[0];
	const struct zc_held *held = &c->names.held[0];
	static char name[ZC_PATH_CAP];
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_IN_ROOT };
	size_t len = object->path_len - strlen(held->entry);
	struct stat is, was;
	int fd;

	if (len < 1 || len >= sizeof(name))
		return -EAGAIN;
	memcpy(name, object->path, len);
	name[len] = '\0';
	fd = (int)syscall(SYS_openat2, c->tracer->notify->root, name, &how, sizeof(how));
	if (fd >= 0 && fstat(fd, &is) == 0 && fstat(held->fd, &was) == 0 &&
	    is.st_dev == was.st_dev && is.st_ino == was.st_ino)
		return fd;
	if (fd >= 0)
		close(fd);
	return -EAGAIN;
}

/* Errors are the caller's: it is the same file, and whatever is missing would be to it. */
static bool create_held(struct zc_case *c, uint32_t flags)
{
	int fd = zc_notify_create(c, flags);

	if (fd >= 0)
		return finish_open(c, fd, flags);
	if (fd == -EAGAIN || fd == -ENXIO || fd == -EMFILE || fd == -ENFILE)
		return false;
	zc_notify_answer(c->tracer, c->tracee, fd);
	return true;
}

static bool open_held(struct zc_case *c)
{
	const struct zc_held *held = &c->names.held[0];
	uint32_t flags = c->event.oflags;
	int fd;

	if (held->fd < 0 || !c->event.object[0].path ||
	    flags & ~(uint32_t)(ZC_OPEN_PLAIN_FLAGS | MAKING))
		return false;
	if (held->entry[0])
		return flags & O_CREAT && create_held(c, flags);
	if (!fits_abi(c) || !is_plain_file(held->fd) || zc_notify_is_proc(held->fd) ||
	    (flags & O_CREAT && (flags & O_EXCL || !is_own(held->fd))) ||
	    (flags & O_TRUNC && !zc_notify_is_valid(c->tracer)))
		return false;
	fd = open_same(c, (int)(flags & ~(uint32_t)(O_NOFOLLOW | O_CREAT)));
	if (fd >= 0)
		return finish_open(c, fd, flags);
	if (!zc_open_is_natural(errno))
		return false;
	zc_notify_answer(c->tracer, c->tracee, -(long)errno);
	return true;
}

static bool may_be_known(const struct zc_case *c)
{
	const struct zc_object *object = &c->event.object[0];

	return c->tracer->notify->sound && !c->tracer->notify->apart &&
	       c->verdict.action == ZC_ALLOWED && c->event.call != ZC_ID_openat2 &&
	       !(c->event.oflags & ~(uint32_t)ZC_OPEN_PLAIN_FLAGS) && object->requested &&
	       object->flags & ZC_OBJ_FOLLOW && !c->tracer->image->jail.count;
}

bool zc_notify_perform_open(struct zc_case *c)
{
	const struct zc_event *event = &c->event;
	const struct zc_object *object = &event->object[0];

	/* openat2 has rules of its own for the way there; what it opens was found by them. */
	if (!event->objects || !event->object[0].need)
		return false;
	if (may_be_known(c) && zc_known_learn(c->tracer->image, object->requested,
					      object->requested_len, object->need, true)) {
		enum zc_going going = zc_open_may_go_on(c->tracer, c->tracee, object->need, true);

		if (going == ZC_MAY ||
		    (going == ZC_MAY_IF_OWN && zc_pages_are_own(c->tracee, event)))
			return false; /* it makes its open itself, this time and the next */
	}
	return zc_notify_may_stand_in(c->tracer, c->tracee) && open_held(c);
}
