/* SPDX-License-Identifier: MIT */
/*
 * tracer_paths.c - what paths lead to as another process sees them: its directory, descriptors, /proc/self
 * and root. The other process only has to sit there; nothing is traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/t.h"
#include "tracer/tracer.h"

/* The other's descriptors, the same number in each. */
enum { DIR_FD = 40, GONE_FD, PIPE_FD, MEMFD_FD, FILE_FD };

static struct zc_tracer_options options;
static struct zc_page page;
static struct zc_tracer tracer = {
	.options = &options, .page = &page, .open_page = &page, .socket = -1
};
static struct zc_names names;
static struct zc_event event;
static char top[PATH_MAX];

static const char *in_top(const char *name)
{
	static char path[2][PATH_MAX + 64];
	static unsigned turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s%s%s", top, *name ? "/" : "", name);
	return path[turn];
}

static void touch(const char *name)
{
	int fd = open(in_top(name), O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		abort();
	close(fd);
}

static void link_to(const char *target, const char *name)
{
	if (symlink(target, in_top(name)) < 0)
		abort();
}

static void make_tree(void)
{
	char made[] = "/tmp/zc-paths-XXXXXX";

	if (!mkdtemp(made) || !realpath(made, top) || mkdir(in_top("dir"), 0755) ||
	    mkdir(in_top("jail"), 0755) || mkdir(in_top("jail/etc"), 0755))
		abort();
	touch("file");
	touch("dir/inner");
	touch("jail/etc/name");
	link_to("dir/inner", "link");
	link_to("loop", "loop");
	link_to("dir/new", "dangling");
	link_to("/proc/self/cwd/file", "by-proc");
	link_to("file", "to-file");
	link_to("/etc/name", "jail/absolute");
	link_to("../../../etc/name", "jail/etc/upwards");
	link_to("/etc/later", "jail/dangling");
}

static void place(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) < 0)
		_exit(1);
}

static void live_there(const char *root)
{
	int pipes[2], gone;

	if (chdir(top) < 0 || pipe(pipes) < 0)
		_exit(1);
	place(open("dir", O_RDONLY | O_DIRECTORY), DIR_FD);
	gone = open("gone", O_RDWR | O_CREAT, 0600);
	place(gone, GONE_FD);
	unlink("gone");
	place(pipes[0], PIPE_FD);
	place(memfd_create("code", 0), MEMFD_FD);
	place(open("file", O_RDONLY), FILE_FD);
	if (root && (chroot(root) < 0 || chdir("/etc") < 0))
		_exit(2);
}

/* Another process in top, or in a root of its own. Returns 0 when that is not permitted. */
static pid_t start(const char *root)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		live_there(root);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1) {
		close(ready[0]);
		return pid;
	}
	close(ready[0]);
	waitpid(pid, NULL, 0);
	return 0;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static long own_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	memcpy(buffer, (const void *)(uintptr_t)address, len);
	return (long)len;
}

static long own_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	return (long)strlen(strncpy(buffer, (const char *)(uintptr_t)address, cap - 1));
}

static const struct zc_reader own = { own_bytes, own_text, NULL };

/* Resolves the first path of a call of another process, whose arguments lie here. */
static int resolve(pid_t pid, unsigned call, uint64_t a, uint64_t b, uint64_t c)
{
	struct zc_tracee tracee = { .tid = pid, .tgid = pid };
	const uint64_t args[6] = { a, b, c };
	int error;

	zc_paths_end(&names);
	memset(&names.text, 0, sizeof(names.text));
	zc_paths_begin(&tracer, &names);
	error = zc_event_fill(&event, call, ZC_ABI_X86_64, args, &own, &names.text);
	return error ? error : zc_paths_resolve(&tracee, &event, 0, &names);
}

static int open_of(pid_t pid, int dirfd, const char *path, int flags)
{
	return resolve(pid, ZC_ID_openat, (uint64_t)dirfd, (uintptr_t)path, (uint64_t)flags);
}

static int unlink_of(pid_t pid, const char *path)
{
	return resolve(pid, ZC_ID_unlink, (uintptr_t)path, 0, 0);
}

static bool is(const char *path)
{
	const struct zc_object *object = &event.object[0];
	bool same = object->path && strlen(path) == object->path_len &&
		    !memcmp(path, object->path, object->path_len);

	if (!same)
		printf("# path is %.*s\n", (int)object->path_len, object->path ? object->path : "");
	return same;
}

static bool exists(void)
{
	return event.object[0].flags & ZC_OBJ_EXISTS;
}

static bool nameless(void)
{
	return event.object[0].flags & ZC_OBJ_NAMELESS;
}

static void test_names(pid_t pid)
{
	T_OK(!open_of(pid, AT_FDCWD, in_top("file"), O_RDONLY) && is(in_top("file")) && exists(),
	     "an absolute path without links is its own name");
	T_OK(!open_of(pid, AT_FDCWD, "file", O_RDONLY) && is(in_top("file")),
	     "a relative path starts in the other's directory");
	T_OK(!open_of(pid, AT_FDCWD, "dir/.././/file", O_RDONLY) && is(in_top("file")),
	     "dots and slashes are folded");
	T_OK(!open_of(pid, AT_FDCWD, "link", O_RDONLY) && is(in_top("dir/inner")),
	     "a link is followed");
	T_OK(!open_of(pid, DIR_FD, "inner", O_RDONLY) && is(in_top("dir/inner")),
	     "a path starts at the other's descriptor");
	T_OK(!open_of(pid, DIR_FD, "../link", O_RDONLY) && is(in_top("dir/inner")),
	     "and may go up from there");
	T_OK(!unlink_of(pid, "link") && is(in_top("link")), "an entry's last link is not followed");
	T_OK(!unlink_of(pid, "dir/none") && is(in_top("dir/none")), "an entry need not be there");
}

static void test_errors(pid_t pid)
{
	char longest[300];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	T_OK(open_of(pid, AT_FDCWD, "none", O_RDONLY) == -ENOENT, "what is missing is ENOENT");
	T_OK(open_of(pid, AT_FDCWD, "none/x", O_WRONLY | O_CREAT) == -ENOENT,
	     "so is what would be made in what is missing");
	T_OK(open_of(pid, AT_FDCWD, "file/x", O_RDONLY) == -ENOTDIR, "a file is no directory");
	T_OK(open_of(pid, AT_FDCWD, "to-file/", O_RDONLY) == -ENOTDIR, "nor is a link to one");
	T_OK(open_of(pid, AT_FDCWD, "/proc/self/cwd/to-file/", O_RDONLY) == -ENOTDIR,
	     "also when it is walked by hand");
	T_OK(open_of(pid, AT_FDCWD, "loop", O_RDONLY) == -ELOOP, "a link to itself is ELOOP");
	T_OK(open_of(pid, AT_FDCWD, longest, O_RDONLY) == -ENAMETOOLONG,
	     "a component that is too long");
	T_OK(open_of(pid, 99, "x", O_RDONLY) == -EBADF, "a descriptor that is not open");
	T_OK(open_of(pid, PIPE_FD, "x", O_RDONLY) == -ENOTDIR, "a descriptor that is no directory");
}

static void test_creating(pid_t pid)
{
	T_OK(!open_of(pid, AT_FDCWD, "new", O_WRONLY | O_CREAT) && is(in_top("new")) && !exists(),
	     "what will be made has a name already");
	T_OK(!open_of(pid, AT_FDCWD, "dangling", O_WRONLY | O_CREAT) && is(in_top("dir/new")) &&
		     !exists(),
	     "through a dangling link it is made where that leads");
	T_OK(!open_of(pid, AT_FDCWD, "dangling", O_WRONLY | O_CREAT | O_EXCL) &&
		     is(in_top("dangling")),
	     "with O_EXCL it is the link itself");
	T_OK(open_of(pid, AT_FDCWD, "dangling", O_RDONLY) == -ENOENT,
	     "without O_CREAT it leads nowhere");
}

static void test_proc(pid_t pid)
{
	char path[64];

	T_OK(!open_of(pid, AT_FDCWD, "/proc/self/cwd/file", O_RDONLY) && is(in_top("file")),
	     "/proc/self is the other");
	T_OK(!open_of(pid, AT_FDCWD, "/proc/thread-self/cwd/link", O_RDONLY) &&
		     is(in_top("dir/inner")),
	     "so is /proc/thread-self");
	T_OK(!open_of(pid, AT_FDCWD, "by-proc", O_RDONLY) && is(in_top("file")),
	     "also when a link leads there");
	T_OK(!open_of(pid, AT_FDCWD, "/proc/self/status", O_RDONLY) && is("/proc/self/status"),
	     "its own files keep that name");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	T_OK(!open_of(pid, AT_FDCWD, path, O_RDONLY) && is("/proc/self/status"),
	     "and get it when they are spelled by number");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", FILE_FD);
	T_OK(!open_of(pid, AT_FDCWD, path, O_RDONLY) && is(in_top("file")),
	     "a descriptor is what it is open on");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/inner", DIR_FD);
	T_OK(!open_of(pid, AT_FDCWD, path, O_RDONLY) && is(in_top("dir/inner")),
	     "or what lies below that");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", PIPE_FD);
	T_OK(!open_of(pid, AT_FDCWD, path, O_RDONLY) && nameless(), "a pipe has no name");
	T_OK(!open_of(pid, AT_FDCWD, "/proc/1/../self/cwd/file", O_RDONLY) && is(in_top("file")),
	     "through another's directory and back");
	T_OK(!unlink_of(pid, "/proc/self/cwd/link") && is(in_top("link")),
	     "an entry, reached through /proc");
}

static void test_descriptors(pid_t pid)
{
	T_OK(!resolve(pid, ZC_ID_fchmod, FILE_FD, 0600, 0) && is(in_top("file")),
	     "a call on a descriptor is about its file");
	T_OK(!resolve(pid, ZC_ID_fchmod, GONE_FD, 0600, 0) && is(in_top("gone")),
	     "a removed file is known by the name it had");
	T_OK(!resolve(pid, ZC_ID_fchmod, MEMFD_FD, 0600, 0) && nameless(), "memory has no name");
	T_OK(resolve(pid, ZC_ID_fchmod, 99, 0600, 0) == -EBADF,
	     "a descriptor that is not open is EBADF");
}

static void test_another_root(void)
{
	pid_t pid = start(in_top("jail"));

	if (!pid) {
		T_SKIP("chroot(2) is not permitted here");
		return;
	}
	zc_paths_diverge();
	T_OK(!open_of(pid, AT_FDCWD, "/etc/name", O_RDONLY) && is(in_top("jail/etc/name")),
	     "an absolute path starts at the other's root");
	T_OK(!open_of(pid, AT_FDCWD, "/absolute", O_RDONLY) && is(in_top("jail/etc/name")),
	     "so does an absolute link");
	T_OK(!open_of(pid, AT_FDCWD, "../../../etc/name", O_RDONLY) && is(in_top("jail/etc/name")),
	     "nothing is above its root");
	T_OK(!open_of(pid, AT_FDCWD, "upwards", O_RDONLY) && is(in_top("jail/etc/name")),
	     "not through a link either");
	T_OK(!open_of(pid, DIR_FD, "../file", O_RDONLY) && is(in_top("file")),
	     "but a descriptor from before leads out, as it does for the kernel");
	T_OK(open_of(pid, AT_FDCWD, "/file", O_RDONLY) == -ENOENT, "what is outside is not there");
	T_OK(!open_of(pid, AT_FDCWD, "/etc/made", O_WRONLY | O_CREAT) &&
		     is(in_top("jail/etc/made")),
	     "what is made is made inside");
	T_OK(!open_of(pid, AT_FDCWD, "/dangling", O_WRONLY | O_CREAT) &&
		     is(in_top("jail/etc/later")) && !exists(),
	     "also through a dangling link");
	stop(pid);
}

int main(void)
{
	char command[PATH_MAX + 16];
	pid_t pid;

	make_tree();
	names.held[0].fd = names.held[1].fd = -1;
	pid = start(NULL);
	if (!pid)
		abort();
	test_names(pid);
	test_errors(pid);
	test_creating(pid);
	test_proc(pid);
	test_descriptors(pid);
	stop(pid);
	test_another_root();
	zc_paths_end(&names);
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	if (system(command) != 0)
		abort();
	T_DONE();
}
