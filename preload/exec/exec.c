/* SPDX-License-Identifier: MIT */
/*
 * exec.c - the exec family: judged, announced, and with the shim's own way through the exec.
 *
 * Theory of operation of this folder. A program starts another in three ways, and in each the shim has one
 * chance. exec runs in this process: the program is judged (program.c: its file, a script's interpreter, what a
 * loader is told to start), zcwrap is told what is about to run, and the next program gets an environment that
 * carries the shim (carry.c), on the caller's stack, since environ is never changed. posix_spawn, system and popen
 * run the child inside libc, where no hook is met: program and file actions are judged before it is made
 * (spawn.c, actions.c). A vfork child shares our memory, so nothing is remembered in between. What is announced
 * and does not sign in is a gap in the run's coverage; an exec that failed is taken back.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/exec/carry.h"
#include "preload/hooks/hooks.h"
#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

static long enter(const void *caller, int dirfd, const char *path, char *const *argv,
		  char *const *envp, int atflags)
{
	const long plain[6] = { (long)path, (long)argv, (long)envp, 0, 0, 0 };
	const long at[6] = { dirfd, (long)path, (long)argv, (long)envp, atflags, 0 };

	if (zc_shim.gate)
		return dirfd == AT_FDCWD && !atflags ? zc_hand_over(caller, ZC_ID_execve, plain)
						     : zc_hand_over(caller, ZC_ID_execveat, at);
	if (dirfd == AT_FDCWD && !atflags)
		return zc_sys3(__NR_execve, (long)path, (long)argv, (long)envp);
	return zc_sys6(__NR_execveat, dirfd, (long)path, (long)argv, (long)envp, atflags, 0);
}

long zc_execute(const void *caller, int dirfd, const char *path, char *const *argv,
		char *const *envp, int atflags)
{
	struct zc_elf_look look;
	struct zc_carry carry;
	void *block = NULL;
	long error;

	if (!zc_carries())
		return enter(caller, dirfd, path, argv, envp, atflags);
	error = zc_judge_program(caller, dirfd, path, argv, atflags, true, &look);
	if (error)
		return error;
	zc_carry_begin(&carry, envp, &look);
	if (carry.size)
		block = ZC_BLOCK(carry.size);
	error = enter(caller, dirfd, path, argv, zc_carry_write(&carry, envp, block), atflags);
	zc_block_give(block, carry.size);
	zc_say_exec_failed(path, (int)-error);
	return error;
}

ZC_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, envp, 0));
}

ZC_EXPORT int execveat(int dirfd, const char *path, char *const argv[], char *const envp[],
		       int flags)
{
	return (int)zc_ret(zc_execute(ZC_CALLER, dirfd, path, argv, envp, flags));
}

ZC_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	if (fd < 0 || zc_is_null(argv) || zc_is_null(envp))
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_execute(ZC_CALLER, fd, "", argv, envp, AT_EMPTY_PATH));
}

ZC_EXPORT int execv(const char *path, char *const argv[])
{
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, zc_current_environ(), 0));
}

const char *zc_path_variable(void)
{
	char **entry = zc_current_environ();

	for (; entry && *entry; entry++)
		if (zc_names_variable(*entry, "PATH"))
			return *entry + 5;
	return "/bin:/usr/bin";
}

/* A file without a header that the kernel knows is a shell script, to execvp. */
static long execute_as_script(const void *caller, const char *path, char *const *argv,
			      char *const *envp)
{
	size_t n = 0, size;
	const char **shell;
	long error;

	while (argv[n])
		n++;
	size = (n + 3) * sizeof(char *);
	shell = ZC_BLOCK(size);
	if (!shell)
		return -ENOMEM;
	shell[0] = "/bin/sh";
	shell[1] = path;
	for (size_t i = 1; i <= n; i++)
		shell[i + 1] = argv[i];
	if (n == 0)
		shell[2] = NULL;
	error = zc_execute(caller, AT_FDCWD, "/bin/sh", (char *const *)shell, envp, 0);
	zc_block_give(shell, size);
	return error;
}

/* Joins one directory of PATH with the name. Returns what follows in PATH, or NULL at its end. */
const char *zc_next_candidate(const char *list, const char *name, size_t name_len, char *to,
			      size_t cap, bool *ret_fits)
{
	size_t len = 0;

	while (list[len] && list[len] != ':')
		len++;
	*ret_fits = len + name_len + 2 <= cap;
	if (*ret_fits) {
		zc_copy(to, list, len);
		to[len] = '/';
		zc_copy(to + len + (len > 0), name, name_len + 1);
	}
	return list[len] ? list + len + 1 : NULL;
}

/*
 * A tracer need not be asked for a program that is not there. Where it might not run either, it is: that
 * counts as a probe.
 */
static long missing(const char *path)
{
	size_t len = zc_len(path);
	long error;

	if (!zc_gate_is_open() || path[0] != '/' ||
	    !zc_policy_allows_path(zc_shim.image, path, len, ZC_NEED_RUN))
		return 0;
	error = zc_sys3(__NR_faccessat, AT_FDCWD, (long)path, 0);
	return error == -ENOENT || error == -ENOTDIR ? error : 0;
}

static long search(const void *caller, const char *file, char *const *argv, char *const *envp)
{
	const char *list = zc_path_variable();
	long name_len = zc_text_len(file), error = -ENOENT;
	bool refused = false;
	char candidate[512];

	if (name_len <= 0)
		return name_len < 0 ? name_len : -ENOENT;
	for (long i = 0; i < name_len; i++)
		if (file[i] == '/') {
			error = zc_execute(caller, AT_FDCWD, file, argv, envp, 0);
			return error == -ENOEXEC ? execute_as_script(caller, file, argv, envp)
						 : error;
		}
	if (name_len > 255)
		return -ENAMETOOLONG;
	while (list) {
		bool fits;

		list = zc_next_candidate(list, file, (size_t)name_len, candidate, sizeof(candidate),
					 &fits);
		if (!fits)
			continue;
		error = zc_shim.gate ? missing(candidate) : 0;
		if (error)
			continue;
		error = zc_execute(caller, AT_FDCWD, candidate, argv, envp, 0);
		if (error == -ENOEXEC)
			return execute_as_script(caller, candidate, argv, envp);
		if (error == -EACCES)
			refused = true;
		else if (error != -ENOENT && error != -ENOTDIR && error != -ESTALE &&
			 error != -ENODEV && error != -ETIMEDOUT)
			return error;
	}
	return refused ? -EACCES : error;
}

ZC_EXPORT int execvp(const char *file, char *const argv[])
{
	return (int)zc_ret(search(ZC_CALLER, file, argv, zc_current_environ()));
}

ZC_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)zc_ret(search(ZC_CALLER, file, argv, envp));
}

/* Gathers the arguments of execl and its kin into an array on this very frame. */
#define GATHER(first, argv, tail) \
	do { \
		size_t n_ = 1; \
		va_list list_; \
		va_start(list_, first); \
		while (va_arg(list_, const char *)) \
			n_++; \
		va_end(list_); \
		argv = ZC_BLOCK((n_ + 1) * sizeof(char *)); \
		if (!argv) \
			return (int)zc_ret(-ENOMEM); \
		argv[0] = (char *)first; \
		va_start(list_, first); \
		for (size_t i_ = 1; i_ <= n_; i_++) \
			argv[i_] = va_arg(list_, char *); \
		tail; \
		va_end(list_); \
	} while (0)

ZC_EXPORT int execl(const char *path, const char *arg, ...)
{
	char **argv;

	GATHER(arg, argv, );
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, zc_current_environ(), 0));
}

ZC_EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv;

	GATHER(arg, argv, );
	return (int)zc_ret(search(ZC_CALLER, file, argv, zc_current_environ()));
}

ZC_EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv, **envp;

	GATHER(arg, argv, envp = va_arg(list_, char **));
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, envp, 0));
}

ZC_TWIN(__execve, execve)
