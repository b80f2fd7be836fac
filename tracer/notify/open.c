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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/paths/known.h"
#include "tracer/notify/notify.h"

#define PAGE 4096u
#define FIRST_LOOK (ZC_NOTIFY_PATH - ZC_PATH_CAP)
#define SETTABLE (O_APPEND | O_DIRECT | O_NOATIME)
/* All that an open in another's stead is the same with. Whatever else is said, the caller does itself. */
#define PLAIN_FLAGS \
	(O_ACCMODE | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_APPEND | \
	 O_DIRECT | O_NOATIME | O_SYNC | O_DSYNC | 0100000 /* O_LARGEFILE of 32-bit callers */)

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

/*
 * Opened with O_NONBLOCK, lest it waits: a file may have become a FIFO. The caller does not find that
 * in its flags. Returns whether the call has its answer.
 */
static bool hand_over(struct zc_tracer *tracer, struct zc_tracee *tracee, int fd, int flags)
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

/*
 * A name of the run's root; without links, unless they are known to lead where they led. Where that has mounts of its own nothing from outside them may
 * get in.
 */
static int open_exactly(const struct zc_notify *notify, const char *path, int flags, bool links)
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

/* --- the short way ------------------------------------------------------------------------------- */

/* Absolute, and without anything in it that stands for something else. */
static bool is_plain(const char *path, size_t len)
{
	const char *at = path;

	if (len < 2 || *path != '/')
		return false;
	while (*at == '/') {
		at++;
		if (*at == '/' || *at == '\0')
			return false;
		if (*at == '.' &&
		    (at[1] == '/' || !at[1] || (at[1] == '.' && (at[2] == '/' || !at[2]))))
			return false;
		at = strchrnul(at, '/');
	}
	return true;
}

/* Below these, names and files are about who asks, or do something when they are opened. */
static bool is_apart(const char *path)
{
	return !strncmp(path, "/proc/", 6) || !strncmp(path, "/dev/", 5) ||
	       !strncmp(path, "/sys/", 5);
}

#define PROCESSES 8u

/*
 * The directory of a caller in /proc, kept: names are found a quarter faster from there. It is about one
 * process and never about the next with its number, for which it is empty.
 */
static int process_directory(pid_t tid, bool anew)
{
	static struct {
		pid_t tid;
		int fd;
	} kept[PROCESSES];
	unsigned at = (unsigned)tid % PROCESSES;
	char path[32];

	if (kept[at].tid == tid && !anew)
		return kept[at].fd;
	if (kept[at].tid && kept[at].fd >= 0)
		close(kept[at].fd);
	snprintf(path, sizeof(path), "/proc/%d", tid);
	kept[at].tid = tid;
	return kept[at].fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* As the kernel names the directory that a relative path starts at. Returns its length or 0. */
static size_t name_of_start(pid_t tid, int dirfd, char *buffer)
{
	char link[24] = "cwd";
	ssize_t len = -1;

	if (dirfd != AT_FDCWD)
		snprintf(link, sizeof(link), "fd/%d", dirfd);
	for (unsigned turn = 0; turn < 2 && len < 0; turn++)
		len = readlinkat(process_directory(tid, turn), link, buffer, ZC_PATH_CAP);
	if (len <= 0 || len >= (ssize_t)ZC_PATH_CAP || *buffer != '/')
		return 0;
	if (len > 10 && !memcmp(buffer + len - 10, " (deleted)", 10))
		return 0;
	return len == 1 ? 0 : (size_t)len; /* "/" is not said twice */
}

size_t zc_notify_read_path(pid_t tid, int dirfd, uint64_t address, char path[ZC_NOTIFY_PATH],
			   size_t *ret_text)
{
	static char text[FIRST_LOOK];
	size_t len = PAGE - address % PAGE < FIRST_LOOK ? PAGE - address % PAGE : FIRST_LOOK;
	size_t start = 0;
	struct iovec local = { text, len }, remote = { (void *)(uintptr_t)address, len };
	ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	const char *end = got > 0 ? memchr(text, '\0', (size_t)got) : NULL;

	if (!end || end == text)
		return 0;
	len = (size_t)(end - text);
	*ret_text = len + 1;
	if (*text != '/') {
		start = name_of_start(tid, dirfd, path);
		if (!start)
			return 0;
		path[start++] = '/';
	}
	memcpy(path + start, text, len + 1);
	return start + len;
}

/* Errors that the caller would have got as well. Others are the long way's to find out. */
static bool is_natural(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == EISDIR ||
	       error == EROFS || error == ETXTBSY;
}

static bool opens_plainly(const struct zc_call_stop *stop, unsigned *ret_path)
{
	if (!stop->known_abi || stop->abi != ZC_ABI_X86_64)
		return false;
	*ret_path = stop->call == ZC_ID_openat;
	if (stop->call != ZC_ID_openat && stop->call != ZC_ID_open)
		return false;
	return !((uint32_t)stop->args[*ret_path + 1] & ~(uint32_t)PLAIN_FLAGS);
}

/* In the caller's stead, by a spelling that was allowed. Returns whether it has its answer. */
static bool open_spelled(struct zc_tracer *tracer, struct zc_tracee *tracee, const char *path,
			 int flags, bool known)
{
	const struct zc_notify *notify = tracer->notify;
	struct stat st;
	bool done;
	int fd;

	if (!known &&
	    fstatat(notify->root < 0 ? AT_FDCWD : notify->root, notify->root < 0 ? path : path + 1,
		    &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return false;
	fd = open_exactly(notify, path, flags, known);
	if (fd < 0 && !is_natural(errno))
		return false;
	if (fd < 0) {
		zc_notify_answer(tracer, tracee, -(long)errno);
		return true;
	}
	done = (known || !zc_notify_is_proc(fd)) && hand_over(tracer, tracee, fd, flags);
	close(fd);
	return done;
}

/*
 * May the caller make its open itself? Where nobody else writes what it says, and either the kernel's layers
 * hold what is denied, against who exchanges a directory or a link at this moment; or nobody of the run can
 * do that (fixed).
 *
 * Who shares a mapping has the rest of its memory for itself: then its own pages are looked at. So they are
 * where no layer holds, because a private mapping of a file that others write does not show as shared.
 */
enum going { MAY_NOT, MAY, MAY_IF_OWN };

static enum going may_go_on(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
			    unsigned need, bool fixed)
{
	bool held = (tracer->notify->held_below & need) == need;

	if (zc_notify_shares_all(tracer, tracee) || !(held || fixed))
		return MAY_NOT;
	return held && !tracee->maps_shared ? MAY : MAY_IF_OWN;
}

/*
 * There is no link on the way now, nor is it one; and it is not of a procfs that is mounted elsewhere. To ask
 * for a directory is to be told of a file without getting a descriptor for it.
 */
static bool has_no_links(const struct zc_notify *notify, const char *path)
{
	int fd = open_exactly(notify, path, O_PATH | (notify->proc_elsewhere ? 0 : O_DIRECTORY),
			      false);
	bool proc;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	proc = notify->proc_elsewhere && zc_notify_is_proc(fd);
	close(fd);
	return !proc;
}

/* What the policy says of it as it is spelled. */
static enum zc_known look_up(const struct zc_tracer *tracer, const char *path, size_t len,
			     unsigned need)
{
	enum zc_known known = tracer->notify->sound ? zc_known_find(path, len, need) : ZC_KNOWN_NOT;

	if (known != ZC_KNOWN_NOT)
		return known;
	if (!is_plain(path, len) || is_apart(path) ||
	    !zc_policy_allows_path(tracer->image, path, len, need))
		return ZC_KNOWN_NOT;
	if (tracer->notify->sound && zc_known_learn(tracer->image, path, len, need, false))
		return ZC_KNOWN_FIXED;
	if (tracer->notify->sound)
		zc_known_keep_plain(path, len, need);
	return ZC_KNOWN_PLAIN;
}

struct opening {
	uint64_t text;   /* where the path stands in the caller's memory */
	size_t text_len; /* with its NUL */
	int flags;
	unsigned need;
	char path[ZC_NOTIFY_PATH];
};

static struct opening opening; /* one at a time; 4 KiB */

/* What a call opens, if it is one of those that have a short way. */
static enum zc_known take_opening(struct zc_tracer *tracer, const struct zc_tracee *tracee,
				  const struct zc_call_stop *stop, struct opening *ret)
{
	unsigned at;
	size_t len;

	if (!opens_plainly(stop, &at) || tracer->notify->apart || tracer->options->view ||
	    tracer->image->jail.count)
		return ZC_KNOWN_NOT;
	ret->text = stop->args[at];
	ret->flags = (int)stop->args[at + 1];
	ret->need = zc_open_need((uint32_t)ret->flags);
	len = zc_notify_read_path(tracee->tid, at ? (int)stop->args[0] : AT_FDCWD, ret->text,
				  ret->path, &ret->text_len);
	return len ? look_up(tracer, ret->path, len, ret->need) : ZC_KNOWN_NOT;
}

static void count_open(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	tracee->calls++;
	__atomic_fetch_add(&tracer->page->judged, 1, __ATOMIC_RELAXED);
}

bool zc_notify_open_plain(struct zc_tracer *tracer, struct zc_tracee *tracee,
			  const struct zc_call_stop *stop)
{
	struct opening *o = &opening;
	enum zc_known known = take_opening(tracer, tracee, stop, o);
	bool fixed = known == ZC_KNOWN_FIXED, done = false;
	enum going going;

	if (known == ZC_KNOWN_NOT)
		return false;
	going = may_go_on(tracer, tracee, o->need, fixed);
	if (going == MAY && zc_bypass_has_gate(tracer, tracee->tgid))
		going = MAY_IF_OWN; /* it shares the run's page with all others */
	if (going == MAY ||
	    (going == MAY_IF_OWN && zc_pages_are_own_at(tracee, o->text, o->text_len))) {
		done = fixed || has_no_links(tracer->notify, o->path);
		if (done)
			zc_notify_go_on(tracer);
	} else if (zc_notify_may_stand_in(tracer, tracee)) {
		done = open_spelled(tracer, tracee, o->path, o->flags, fixed);
	}
	if (done)
		count_open(tracer, tracee);
	return done;
}

/* Loaders open it before anything else, and it may well lie where it was built. */
static bool is_shim(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && !strcmp(slash, "/libzcshim.so");
}

/*
 * Who asks may be the new program or, if the exec has failed, still the old one. The answer is the same: the
 * policy knows no programs, the name is none that the run can change, and that nobody else writes the memory
 * holds for the old one and is true of any that has just begun, since it would have had to ask before it
 * shared any. Only then is it looked at, while it goes on. What a process hides by ending in this moment
 * is its arguments, which it may write anyway.
 */
bool zc_notify_open_first(struct zc_tracer *tracer, struct zc_tracee *tracee,
			  const struct zc_call_stop *stop)
{
	pid_t tid = tracee->tid;
	enum zc_known known;

	if (tid != tracee->tgid)
		return false;
	known = take_opening(tracer, tracee, stop, &opening);
	if (known == ZC_KNOWN_NOT || may_go_on(tracer, tracee, opening.need, true) != MAY ||
	    (known != ZC_KNOWN_FIXED &&
	     !(is_shim(opening.path) && has_no_links(tracer->notify, opening.path))))
		return false;
	zc_notify_go_on(tracer);
	count_open(tracer, tracee);
	zc_notify_tracee(tracer, tid);
	return true;
}

/* --- the long way: after a verdict ----------------------------------------------------------------- */

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
	fd = open_exactly(notify, c->event.object[0].path, flags, false);
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
	bool done = is_plain_file(fd) && hand_over(c->tracer, c->tracee, fd, (int)flags);

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

	if (held->fd < 0 || !c->event.object[0].path || flags & ~(uint32_t)(PLAIN_FLAGS | MAKING))
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
	if (!is_natural(errno))
		return false;
	zc_notify_answer(c->tracer, c->tracee, -(long)errno);
	return true;
}

static bool may_be_known(const struct zc_case *c)
{
	const struct zc_object *object = &c->event.object[0];

	return c->tracer->notify->sound && !c->tracer->notify->apart &&
	       c->verdict.action == ZC_ALLOWED && c->event.call != ZC_ID_openat2 &&
	       !(c->event.oflags & ~(uint32_t)PLAIN_FLAGS) && object->requested &&
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
		enum going going = may_go_on(c->tracer, c->tracee, object->need, true);

		if (going == MAY || (going == MAY_IF_OWN && zc_pages_are_own(c->tracee, event)))
			return false; /* it makes its open itself, this time and the next */
	}
	return zc_notify_may_stand_in(c->tracer, c->tracee) && open_held(c);
}
