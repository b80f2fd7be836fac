/* SPDX-License-Identifier: MIT */
/*
 * watch_look.c - one look at one process: its program and its descriptors. See proc(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wrap/watch/watch.h"

#define FORKNOEXEC 0x40u /* PF_FORKNOEXEC of the kernel's task flags */

static ssize_t read_file(int at, const char *name, char *text, size_t cap)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, cap - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n >= 0)
		text[n] = '\0';
	return n;
}

/* Parent, start and flags, counted from the last ')': the name may hold blanks. */
static bool read_stat(int at, pid_t *ret_parent, uint64_t *ret_start, unsigned *ret_flags,
		      char *ret_state)
{
	unsigned long long start = 0;
	char text[1024];
	const char *end;
	int parent;

	if (read_file(at, "stat", text, sizeof(text)) <= 0 || !(end = strrchr(text, ')')) ||
	    sscanf(end + 1,
		   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   ret_state, &parent, ret_flags, &start) != 4)
		return false;
	*ret_parent = parent;
	*ret_start = start;
	return true;
}

/* --- names ------------------------------------------------------------------------------------------ */

/* The kernel appends this to the name of what is gone; a name may also end so by itself. */
static void strip_deleted(int at, const char *link, char *path, size_t *len)
{
	static const char mark[] = " (deleted)";
	const size_t mark_len = sizeof(mark) - 1;
	struct stat st;

	if (*len > mark_len && memcmp(path + *len - mark_len, mark, mark_len) == 0 &&
	    fstatat(at, link, &st, 0) == 0 && st.st_nlink == 0)
		*len -= mark_len;
	path[*len] = '\0';
}

/* /proc/PID of a process of the run is /proc/self to the policy. */
static const char *call_self(const struct zc_watcher *watcher, const char *path, char *buffer,
			     size_t cap)
{
	char *rest;
	long pid = strncmp(path, "/proc/", 6) == 0 ? strtol(path + 6, &rest, 10) : 0;

	for (size_t i = 0; pid > 0 && i < watcher->tree_count; i++)
		if (watcher->tree[i] == pid && (*rest == '/' || !*rest)) {
			snprintf(buffer, cap, "/proc/self%s", rest);
			return buffer;
		}
	return path;
}

static void judge_path(struct zc_watcher *watcher, const struct zc_watched *process, int at,
		       struct zc_event *event, const char *path, unsigned need)
{
	char self[ZC_PATH_CAP + 16];
	struct zc_object *object = &event->object[0];

	event->objects = 1;
	object->path = call_self(watcher, path, self, sizeof(self));
	object->path_len = (uint32_t)strlen(object->path);
	object->given = path;
	object->given_len = (uint32_t)strlen(path);
	object->dirfd = AT_FDCWD;
	object->need = (uint8_t)need;
	object->flags = ZC_OBJ_FOLLOW | ZC_OBJ_EXISTS | ZC_OBJ_MUST_EXIST;
	zc_watch_judge(watcher, process, at, event);
}

/* --- descriptors -------------------------------------------------------------------------------------- */

/* What a descriptor is: its link, and the link's mode, which says reading and writing. */
static uint64_t descriptor_key(const char *link, size_t len, mode_t mode)
{
	return zc_hash_bytes(link, len, mode);
}

static bool read_descriptor(int fds, const char *name, char *link, size_t *ret_len,
			    mode_t *ret_mode)
{
	ssize_t n = readlinkat(fds, name, link, ZC_PATH_CAP - 1);
	struct stat st;

	if (n <= 0 || fstatat(fds, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	link[n] = '\0';
	*ret_len = (size_t)n;
	*ret_mode = st.st_mode & (S_IRUSR | S_IWUSR);
	return true;
}

void zc_watch_inherit(struct zc_watcher *watcher)
{
	DIR *fds = opendir("/proc/self/fd");
	char link[ZC_PATH_CAP];
	struct dirent *entry;
	size_t len;
	mode_t mode;

	while (fds && (entry = readdir(fds))) {
		int flags = fcntl(atoi(entry->d_name), F_GETFD);

		if (*entry->d_name != '.' && flags >= 0 && !(flags & FD_CLOEXEC) &&
		    read_descriptor(dirfd(fds), entry->d_name, link, &len, &mode))
			zc_watch_first(&watcher->inherited, descriptor_key(link, len, mode));
	}
	if (fds)
		closedir(fds);
}

/* All open(2) flags that are still known; the link's mode has the two that matter. */
static uint32_t open_flags(int at, const char *name, mode_t mode)
{
	uint32_t flags = mode == S_IWUSR               ? O_WRONLY
			 : mode == (S_IRUSR | S_IWUSR) ? O_RDWR
						       : O_RDONLY;
	char path[40], text[256];
	const char *found;

	snprintf(path, sizeof(path), "fdinfo/%.20s", name);
	if (read_file(at, path, text, sizeof(text)) > 0 && (found = strstr(text, "flags:")))
		flags = (uint32_t)strtoul(found + 6, NULL, 8) & ~(uint32_t)O_CLOEXEC;
	return flags;
}

static void judge_file(struct zc_watcher *watcher, struct zc_watched *process, int at, DIR *fds,
		       const char *name, char *link, size_t len, mode_t mode)
{
	struct zc_event event = { .call = ZC_ID_openat, .abi = ZC_ABI_X86_64 };

	event.oflags = open_flags(at, name, mode);
	event.op = (uint8_t)zc_open_op(event.oflags);
	strip_deleted(dirfd(fds), name, link, &len);
	judge_path(watcher, process, at, &event, link, zc_open_need(event.oflags));
}

static void look_at_descriptor(struct zc_watcher *watcher, struct zc_watched *process, int at,
			       DIR *fds, const char *name)
{
	char link[ZC_PATH_CAP];
	uint64_t key;
	size_t len;
	mode_t mode;

	if (!read_descriptor(dirfd(fds), name, link, &len, &mode))
		return;
	key = descriptor_key(link, len, mode);
	if (zc_watch_has(&watcher->inherited, key))
		return;
	if (strncmp(link, "socket:[", 8) == 0)
		zc_watch_socket(watcher, process, at, fds, name, strtoull(link + 8, NULL, 10));
	else if (*link == '/' && mode && strncmp(link, "/memfd:", 7) != 0 &&
		 zc_watch_first(&process->seen, key))
		judge_file(watcher, process, at, fds, name, link, len, mode);
}

/* Returns 0, or -errno when they may not be looked at. */
static int look_at_descriptors(struct zc_watcher *watcher, struct zc_watched *process, int at)
{
	int fd = openat(at, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int error = errno;

	if (!fds) {
		if (fd >= 0)
			close(fd);
		return -error;
	}
	while ((entry = readdir(fds)))
		if (*entry->d_name != '.')
			look_at_descriptor(watcher, process, at, fds, entry->d_name);
	closedir(fds);
	return 0;
}

/* --- programs ------------------------------------------------------------------------------------------ */

/* Not dumpable, or another user's: its name may be all there is. */
static void meet_closed(struct zc_watcher *watcher, struct zc_watched *process, int at, int error)
{
	char comm[32] = "?", gap[128];

	if (process->closed)
		return;
	process->closed = true;
	read_file(at, "comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	if (!process->exec_id)
		process->exec_id = zc_hash_bytes(&process->start, sizeof(process->start),
						 (uint64_t)process->pid);
	snprintf(gap, sizeof(gap), "cannot be looked into: %s", strerror(error));
	zc_watch_sign_in(watcher, process, at, comm, gap);
}

/* Returns 0, or -errno when it may not be looked at. */
static int look_at_program(struct zc_watcher *watcher, struct zc_watched *process, int at)
{
	struct zc_event event = { .call = ZC_ID_execve, .abi = ZC_ABI_X86_64, .op = ZC_OP_EXEC };
	char exe[ZC_PATH_CAP];
	ssize_t n = readlinkat(at, "exe", exe, sizeof(exe) - 1);
	size_t len = n > 0 ? (size_t)n : 0;
	uint64_t exec_id;

	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	exec_id = zc_hash_bytes(exe, len, process->start << 22 ^ (uint64_t)process->pid);
	if (exec_id == process->exec_id)
		return 0;
	strip_deleted(at, "exe", exe, &len);
	process->exec_id = exec_id;
	process->program = zc_hash_bytes(exe, len, 0);
	process->closed = false;
	zc_watch_sign_in(watcher, process, at, exe, zc_watch_gap);
	judge_path(watcher, process, at, &event, exe, ZC_NEED_RUN);
	return 0;
}

void zc_watch_look(struct zc_watcher *watcher, pid_t pid)
{
	struct zc_watched *process;
	char path[24], state;
	unsigned flags;
	uint64_t start;
	struct stat st;
	pid_t parent;
	int at, error;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return;
	/* Our own child is we ourselves, with all that we have open, until it executes. */
	if (!read_stat(at, &parent, &start, &flags, &state) || state == 'Z' || state == 'X' ||
	    (parent == watcher->setup.root && flags & FORKNOEXEC))
		goto out;
	process = zc_watch_find(watcher, pid);
	if (!process)
		goto out;
	if (process->start != start) {
		free(process->seen.slot);
		process->seen = (struct zc_watch_set){ 0 };
		process->exec_id = 0;
		process->closed = false;
	}
	process->start = start;
	process->ppid = parent;
	process->uid = fstat(at, &st) == 0 ? st.st_uid : 0;
	process->round = watcher->round;
	error = look_at_program(watcher, process, at);
	if (!error)
		error = look_at_descriptors(watcher, process, at);
	if (error == -EACCES || error == -EPERM)
		meet_closed(watcher, process, at, -error);
out:
	close(at);
}
