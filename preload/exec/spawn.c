/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - programs that libc starts by itself: posix_spawn, system, popen.
 *
 * The child runs inside libc, where no hook is met, so all is judged before it is made.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/exec/actions.h"
#include "preload/exec/carry.h"
#include "preload/hooks/hooks.h"
#include "preload/judge/judge.h"

typedef int zc_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *,
		     const posix_spawnattr_t *, char *const *, char *const *);

static int judge_spawn(const void *caller, const char *path,
		       const posix_spawn_file_actions_t *actions, char *const *argv,
		       struct zc_elf_look *ret_look)
{
	int dirfd, error;

	zc_fill(ret_look, 0, sizeof(*ret_look));
	error = zc_actions_judge(caller, actions, &dirfd);
	if (!error)
		error = zc_judge_program(caller, dirfd, path, argv, 0, false, ret_look);
	if (dirfd >= 0)
		zc_sys_close(dirfd);
	return error;
}

/* real: posix_spawn, or pidfd_spawn which gives a pidfd in place of the pid. */
static int spawn_by(const void *caller, zc_spawn *real, bool gives_pidfd, int *ret,
		    const char *path, const posix_spawn_file_actions_t *actions,
		    const posix_spawnattr_t *attributes, char *const *argv, char *const *envp)
{
	struct zc_actions around;
	struct zc_elf_look look;
	struct zc_carry carry;
	void *block = NULL;
	int child = 0, error;

	if (!real)
		return ENOSYS;
	if (!zc_carries())
		return real(ret, path, actions, attributes, argv, envp);
	error = judge_spawn(caller, path, actions, argv, &look);
	if (zc_is_refusal(error))
		return -error;
	zc_carry_begin(&carry, envp, &look);
	if (carry.size)
		block = ZC_BLOCK(carry.size);
	error = real(&child, path, zc_actions_begin(&around, actions), attributes, argv,
		     zc_carry_write(&carry, envp, block));
	zc_block_give(block, carry.size);
	zc_actions_end(&around);
	if (!error) {
		if (ret)
			*ret = child;
		zc_say_exec(path, argv, gives_pidfd ? zc_pid_of_pidfd(child) : child);
	}
	return error;
}

/* The first program in PATH that may be executed is the one that would run. */
static int search(const void *caller, zc_spawn *real, bool gives_pidfd, int *ret, const char *file,
		  const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		  char *const *argv, char *const *envp)
{
	const char *list = zc_path_variable();
	long len = zc_text_len(file);
	char candidate[512];
	int error = ENOENT;

	for (long i = 0; i < len; i++)
		if (file[i] == '/')
			return spawn_by(caller, real, gives_pidfd, ret, file, actions, attributes,
					argv, envp);
	while (list && len > 0 && len <= 255) {
		bool fits;

		list = zc_next_candidate(list, file, (size_t)len, candidate, sizeof(candidate),
					 &fits);
		if (!fits || zc_sys3(__NR_faccessat, AT_FDCWD, (long)candidate, X_OK) < 0)
			continue;
		error = spawn_by(caller, real, gives_pidfd, ret, candidate, actions, attributes,
				 argv, envp);
		if (error != EACCES && error != ENOENT && error != ENOTDIR)
			return error;
	}
	return error;
}

ZC_EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
			  const posix_spawn_file_actions_t *restrict actions,
			  const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			  char *const envp[restrict])
{
	return spawn_by(ZC_CALLER, ZC_REAL(zc_spawn *, "posix_spawn"), false, pid, path, actions,
			attributes, argv, envp);
}

ZC_EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
			   const posix_spawn_file_actions_t *restrict actions,
			   const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			   char *const envp[restrict])
{
	return search(ZC_CALLER, ZC_REAL(zc_spawn *, "posix_spawn"), false, pid, file, actions,
		      attributes, argv, envp);
}

/* ---- the shell ---- */

/*
 * system and popen start the shell inside libc, with the program's environ as it is. Where that has
 * lost us, the command is given a first step that puts us back: exec of the same shell with our
 * variables set. The command travels as one quoted word.
 */
static char *with_our_variables(const struct zc_carry *carry, const char *command, size_t *ret_size)
{
	size_t len = 0, at = 0;
	char *text;

	for (const char *c = command; *c; c++)
		len += *c == '\'' ? 4 : 1;
	*ret_size = len + zc_shim.preload_len + sizeof(carry->session) + 2 * 520 + 64;
	text = zc_block_map(*ret_size);
	if (!text)
		return NULL;
#define PUT(s) \
	do { \
		const char *s_ = (s); \
		zc_copy(text + at, s_, zc_len(s_)); \
		at += zc_len(s_); \
	} while (0)
	PUT("LD_PRELOAD='");
	PUT(zc_shim.preload);
	PUT("' ");
	for (unsigned i = 0; zc_own_variable(carry, i); i++) {
		PUT(zc_own_variable(carry, i));
		PUT(" ");
	}
	PUT("exec /bin/sh -c '");
	for (const char *c = command; *c; c++) {
		if (*c == '\'')
			PUT("'\\''");
		else
			text[at++] = *c;
	}
	PUT("'");
#undef PUT
	text[at] = '\0';
	return text;
}

/* Judges the shell, and gives the command that is to be run: NULL when it can be as it is. */
static int prepare(const void *caller, const char *command, char **ret_text, size_t *ret_size)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	struct zc_elf_look look;
	struct zc_carry carry;
	int error = zc_judge_program(caller, AT_FDCWD, "/bin/sh", argv, 0, false, &look);

	*ret_text = NULL;
	if (zc_is_refusal(error))
		return error;
	zc_carry_begin(&carry, zc_current_environ(), error ? NULL : &look);
	if (carry.size)
		*ret_text = with_our_variables(&carry, command, ret_size);
	return 0;
}

static void give_back(char *text, size_t size)
{
	int kept = errno;

	if (text)
		zc_block_unmap(text, size);
	errno = kept;
}

ZC_EXPORT int system(const char *command)
{
	int (*real)(const char *) = ZC_REAL(int (*)(const char *), "system");
	char *text;
	size_t size = 0;
	int status;

	if (!real)
		return (int)zc_ret(-ENOSYS);
	if (!zc_carries() || !command)
		return real(command);
	if (prepare(ZC_CALLER, command, &text, &size) < 0)
		return 127 << 8; /* as when the shell cannot be executed */
	status = real(text ? text : command);
	give_back(text, size);
	return status;
}

ZC_EXPORT FILE *popen(const char *command, const char *mode)
{
	FILE *(*real)(const char *, const char *) =
		ZC_REAL(FILE * (*)(const char *, const char *), "popen");
	char *text;
	size_t size = 0;
	FILE *stream;
	int error;

	if (!real)
		return zc_ret(-ENOSYS), NULL;
	if (!zc_carries() || zc_text_len(mode) < 0 || !command)
		return real(command, mode);
	error = prepare(ZC_CALLER, command, &text, &size);
	if (error)
		return zc_ret(error), NULL;
	stream = real(text ? text : command, mode);
	give_back(text, size);
	return stream;
}

ZC_TWIN(_IO_popen, popen)
ZC_TWIN(__libc_system, system)

/* The newer twins, where libc has them: they give a pidfd for the child. */
int pidfd_spawn(int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
ZC_EXPORT int pidfd_spawn(int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
			  const posix_spawnattr_t *attributes, char *const argv[],
			  char *const envp[])
{
	return spawn_by(ZC_CALLER, zc_next("pidfd_spawn"), true, pidfd, path, actions, attributes,
			argv, envp);
}

int pidfd_spawnp(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
ZC_EXPORT int pidfd_spawnp(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attributes, char *const argv[],
			   char *const envp[])
{
	return search(ZC_CALLER, zc_next("pidfd_spawn"), true, pidfd, file, actions, attributes,
		      argv, envp);
}
