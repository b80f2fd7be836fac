/* SPDX-License-Identifier: MIT */
/*
 * actions.c - the file actions of posix_spawn: what the child does inside libc, where no hook is met.
 *
 * They are judged before it is made, each as it will be by then: an earlier action may have changed
 * the working directory, or what a descriptor number stands for. Those that would close our own
 * descriptors go around them, as the hooks of close and its kin do.
 */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "preload/exec/actions.h"
#include "preload/exec/carry.h"
#include "preload/judge/judge.h"

#define DEEPEST 16u      /* actions that build on one another */
#define MOST_CLOSED 8192 /* descriptors that a closefrom is turned into, one by one */

/* glibc's private list, as it has been since posix_spawn exists; tests/probe/actions.c would notice. */
enum kind { DO_CLOSE, DO_DUP2, DO_OPEN, DO_CHDIR, DO_FCHDIR, DO_CLOSEFROM, DO_TCSETPGRP };
struct glibc_action {
	int kind;
	int pad;
	union {
		struct {
			int fd;
			char *path;
			int flags;
			mode_t mode;
		} open;
		struct {
			int from, to;
		} dup2;
		char *directory;
		int fd;
	} do_;
};
struct glibc_actions {
	int allocated, used;
	struct glibc_action *list;
};
extern const char *gnu_get_libc_version(void) ZC_WEAK;

static long held_before(const struct glibc_action *list, int n, int fd, unsigned depth);

static void drop(long fd)
{
	if (fd >= 0)
		zc_sys_close((int)fd);
}

/* The working directory when action n is reached: a new descriptor, AT_FDCWD, or -errno. */
static long directory_before(const struct glibc_action *list, int n, unsigned depth)
{
	long from, fd;

	while (--n >= 0 && list[n].kind != DO_CHDIR && list[n].kind != DO_FCHDIR)
		;
	if (n < 0)
		return AT_FDCWD;
	if (depth > DEEPEST)
		return -EACCES;
	if (list[n].kind == DO_FCHDIR)
		return held_before(list, n, list[n].do_.fd, depth + 1);
	from = directory_before(list, n, depth + 1);
	if (from < 0 && from != AT_FDCWD)
		return from;
	fd = zc_sys_openat((int)from, list[n].do_.directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	drop(from);
	return fd;
}

/* What descriptor fd stands for when action n is reached: a new descriptor or -errno. */
static long held_before(const struct glibc_action *list, int n, int fd, unsigned depth)
{
	while (--n >= 0) {
		const struct glibc_action *action = &list[n];
		long from, opened;

		if (depth > DEEPEST)
			return -EACCES;
		if (action->kind == DO_DUP2 && action->do_.dup2.to == fd)
			return held_before(list, n, action->do_.dup2.from, depth + 1);
		if (action->kind != DO_OPEN || action->do_.open.fd != fd)
			continue;
		from = directory_before(list, n, depth + 1);
		if (from < 0 && from != AT_FDCWD)
			return from;
		opened = zc_sys_openat((int)from, action->do_.open.path, O_PATH | O_CLOEXEC, 0);
		drop(from);
		return opened;
	}
	return zc_sys3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 0);
}

static int judge_open(const void *caller, const struct glibc_action *list, int n)
{
	const struct glibc_action *action = &list[n];
	long dirfd = directory_before(list, n, 0);
	int error;

	if (dirfd < 0 && dirfd != AT_FDCWD)
		return zc_is_refusal((int)dirfd) ? (int)dirfd : 0;
	error = zc_ask(caller, ZC_ID_openat, dirfd, (long)action->do_.open.path,
		       action->do_.open.flags, (long)action->do_.open.mode, 0, 0);
	if (error == -ENOENT && action->do_.open.flags & O_CREAT)
		error = zc_ask(caller, ZC_ID_mknodat, dirfd, (long)action->do_.open.path, S_IFREG,
			       0, 0, 0);
	drop(dirfd);
	return zc_is_refusal(error) ? error : 0; /* the child meets the natural error itself */
}

int zc_actions_judge(const void *caller, const posix_spawn_file_actions_t *actions, int *ret_dirfd)
{
	const struct glibc_actions *glibc = (const void *)actions;
	long dirfd;
	int error = 0;

	*ret_dirfd = AT_FDCWD;
	if (!actions || zc_shim.hybrid) /* the child is judged from outside */
		return 0;
	if (!gnu_get_libc_version) {
		zc_note(ZC_NOTE_SPAWN_UNSEEN, "file actions of another libc", 0);
		return 0;
	}
	for (int i = 0; i < glibc->used && !error; i++)
		if (glibc->list[i].kind == DO_OPEN)
			error = judge_open(caller, glibc->list, i);
	if (error)
		return error;
	dirfd = directory_before(glibc->list, glibc->used, 0);
	*ret_dirfd = (int)dirfd;
	return dirfd >= 0 || dirfd == AT_FDCWD ? 0 : (int)dirfd;
}

/* ---- around our own ---- */

static int highest_of_ours(void)
{
	int ours[4];
	unsigned n = zc_our_fds(ours);

	return n ? ours[n - 1] : -1;
}

/* libc takes closing what is not open for an error where the number is beyond the limit. */
static bool may_be_closed(int fd)
{
	struct rlimit limit;

	if (zc_is_ours(fd))
		return false;
	return (zc_sys2(__NR_getrlimit, RLIMIT_NOFILE, (long)&limit) == 0 &&
		(rlim_t)fd < limit.rlim_cur) ||
	       zc_sys3(__NR_fcntl, fd, F_GETFD, 0) >= 0;
}

/* Writes what stands for one action to list (NULL: only counts). Returns how many that are. */
static size_t put_action(const struct glibc_action *action, int top, struct glibc_action *list)
{
	size_t n = 0;
	int from = action->do_.fd;

	if (action->kind == DO_CLOSE && zc_is_ours(from))
		return 0;
	if (action->kind != DO_CLOSEFROM || from > top || from < 0 || top - from > MOST_CLOSED) {
		if (list)
			*list = *action;
		return 1;
	}
	for (int fd = from; fd <= top; fd++) {
		if (!may_be_closed(fd))
			continue;
		if (list)
			list[n] = (struct glibc_action){ .kind = DO_CLOSE, .do_.fd = fd };
		n++;
	}
	if (list)
		list[n] = (struct glibc_action){ .kind = DO_CLOSEFROM, .do_.fd = top + 1 };
	return n + 1;
}

static bool closes_ours(const struct glibc_actions *actions, int top)
{
	for (int i = 0; i < actions->used; i++)
		if ((actions->list[i].kind == DO_CLOSE && zc_is_ours(actions->list[i].do_.fd)) ||
		    (actions->list[i].kind == DO_CLOSEFROM && actions->list[i].do_.fd <= top))
			return true;
	return false;
}

const posix_spawn_file_actions_t *zc_actions_begin(struct zc_actions *around,
						   const posix_spawn_file_actions_t *actions)
{
	const struct glibc_actions *given = (const void *)actions;
	struct glibc_actions *ours = (void *)&around->actions;
	int top = highest_of_ours();
	size_t n = 0, put = 0;

	around->size = 0;
	if (!actions || !gnu_get_libc_version || !closes_ours(given, top))
		return actions;
	for (int i = 0; i < given->used; i++)
		n += put_action(&given->list[i], top, NULL);
	around->size = (n + 1) * sizeof(struct glibc_action);
	around->list = zc_block_map(around->size);
	if (!around->list) {
		around->size = 0;
		return actions;
	}
	zc_fill(&around->actions, 0, sizeof(around->actions));
	ours->list = around->list;
	for (int i = 0; i < given->used && put < n; i++)
		put += put_action(&given->list[i], top, ours->list + put);
	ours->allocated = ours->used = (int)put;
	return &around->actions;
}

void zc_actions_end(struct zc_actions *around)
{
	if (around->size)
		zc_block_unmap(around->list, around->size);
}
