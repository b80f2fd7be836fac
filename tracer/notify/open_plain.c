/* SPDX-License-Identifier: MIT */
/*
 * open_plain.c - the short way: opens of what is plainly allowed as it is spelled, with no more calls than that
 * takes.
 *
 * The path is read with where it starts, looked up, and the caller goes on by itself where nobody else can
 * change what was read; else it is opened here (open.c says under which conditions that is the same).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/notify/open.h"
#include "tracer/paths/known.h"

#define PAGE 4096u
#define FIRST_LOOK (ZC_NOTIFY_PATH - ZC_PATH_CAP)

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

static bool opens_plainly(const struct zc_call_stop *stop, unsigned *ret_path)
{
	if (!stop->known_abi || stop->abi != ZC_ABI_X86_64)
		return false;
	*ret_path = stop->call == ZC_ID_openat;
	if (stop->call != ZC_ID_openat && stop->call != ZC_ID_open)
		return false;
	return !((uint32_t)stop->args[*ret_path + 1] & ~(uint32_t)ZC_OPEN_PLAIN_FLAGS);
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
	fd = zc_open_exactly(notify, path, flags, known);
	if (fd < 0 && !zc_open_is_natural(errno))
		return false;
	if (fd < 0) {
		zc_notify_answer(tracer, tracee, -(long)errno);
		return true;
	}
	done = (known || !zc_notify_is_proc(fd)) && zc_open_hand_over(tracer, tracee, fd, flags);
	close(fd);
	return done;
}

/*
 * There is no link on the way now, nor is it one; and it is not of a procfs that is mounted elsewhere. To ask
 * for a directory is to be told of a file without getting a descriptor for it.
 */
static bool has_no_links(const struct zc_notify *notify, const char *path)
{
	int fd = zc_open_exactly(notify, path, O_PATH | (notify->proc_elsewhere ? 0 : O_DIRECTORY),
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
	enum zc_going going;

	if (known == ZC_KNOWN_NOT)
		return false;
	going = zc_open_may_go_on(tracer, tracee, o->need, fixed);
	if (going == ZC_MAY && zc_bypass_has_gate(tracer, tracee->tgid))
		going = ZC_MAY_IF_OWN; /* it shares the run's page with all others */
	if (going == ZC_MAY ||
	    (going == ZC_MAY_IF_OWN && zc_pages_are_own_at(tracee, o->text, o->text_len))) {
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
	if (known == ZC_KNOWN_NOT ||
	    zc_open_may_go_on(tracer, tracee, opening.need, true) != ZC_MAY ||
	    (known != ZC_KNOWN_FIXED &&
	     !(is_shim(opening.path) && has_no_links(tracer->notify, opening.path))))
		return false;
	zc_notify_go_on(tracer);
	count_open(tracer, tracee);
	zc_notify_tracee(tracer, tid);
	return true;
}
