/* SPDX-License-Identifier: MIT */
/*
 * exec.c - starting programs: judged, announced, and with the shim's own way through the exec.
 *
 * The new environment is an array on our own stack; the program's is never touched, and nothing is
 * built when it already carries us. All of it works in a vfork child, which shares our memory: what
 * is taken from scratch is given back before the exec.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/shim.h"

#define MOST_INTERPRETERS 5
#define MOST_ON_STACK 1024u /* environment entries; a longer one goes to a mapping */

/* ---- the environment of the next program ---- */

static bool names(const char *entry, const char *name)
{
	while (*name && *entry == *name)
		entry++, name++;
	return !*name && *entry == '=';
}

static bool equal_text(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A sanitizer's runtime insists on being first. */
static bool is_sanitizer(const char *entry, size_t len)
{
	static const char *const marks[] = { "libasan", "libtsan", "liblsan", "libubsan", "libclang_rt" };

	for (size_t i = 0; i < len; i++)
		for (size_t m = 0; m < ZC_LEN(marks); m++)
			if (len - i >= zc_len(marks[m]) && zc_equal(entry + i, marks[m], zc_len(marks[m])))
				return true;
	return false;
}

static size_t entry_len(const char *list)
{
	size_t len = 0;

	while (list[len] && list[len] != ':' && list[len] != ' ')
		len++;
	return len;
}

static bool list_has_us(const char *list)
{
	while (*list) {
		size_t len = entry_len(list);

		if (len == zc_shim.preload_len && zc_equal(list, zc_shim.preload, len))
			return true;
		list += len + (list[len] != '\0');
	}
	return false;
}

/* "LD_PRELOAD=" with us in front of what is there, but behind a sanitizer's runtime. */
static void write_preload(char *to, const char *list)
{
	static const char name[] = "LD_PRELOAD=";
	size_t at = sizeof(name) - 1, first = entry_len(list);

	zc_copy(to, name, at);
	if (first && is_sanitizer(list, first)) {
		zc_copy(to + at, list, first);
		at += first;
		to[at++] = ':';
		list += first + (list[first] != '\0');
	}
	zc_copy(to + at, zc_shim.preload, zc_shim.preload_len);
	at += zc_shim.preload_len;
	if (*list) {
		to[at++] = ':';
		zc_copy(to + at, list, zc_len(list));
		at += zc_len(list);
	}
	to[at] = '\0';
}

struct carried {
	const char *preload; /* the value there is, or "" */
	size_t count;        /* entries there are */
	bool complete;       /* nothing to add or replace */
};

/* Our variables: the session, or the two of a run by hand. */
static const char *own_variable(unsigned i)
{
	if (zc_shim.session_env[0])
		return i == 0 ? zc_shim.session_env : NULL;
	return i < 2 && zc_shim.by_hand[i][0] ? zc_shim.by_hand[i] : NULL;
}

static bool is_own_name(const char *entry)
{
	return names(entry, ZC_ENV_SESSION) || (!zc_shim.session_env[0] && (names(entry, ZC_ENV_IMAGE) ||
									    names(entry, ZC_ENV_LOG)));
}

static struct carried look_at(char *const *envp)
{
	struct carried seen = { "", 0, false };
	unsigned wanted = 0, present = 0;
	bool preload = false;

	for (unsigned i = 0; own_variable(i); i++)
		wanted++;
	for (; envp && envp[seen.count]; seen.count++) {
		const char *entry = envp[seen.count];

		if (entry[0] == 'L' && names(entry, ZC_ENV_PRELOAD)) {
			seen.preload = entry + sizeof(ZC_ENV_PRELOAD);
			preload = list_has_us(seen.preload);
		} else if (entry[0] == 'Z' && is_own_name(entry)) {
			for (unsigned i = 0; own_variable(i); i++)
				present += equal_text(entry, own_variable(i));
		}
	}
	seen.complete = preload && present == wanted;
	return seen;
}

static void write_environment(char **to, char *const *envp, const char *preload)
{
	size_t n = 0;

	to[n++] = (char *)preload;
	for (unsigned i = 0; own_variable(i); i++)
		to[n++] = (char *)own_variable(i);
	for (; envp && *envp; envp++)
		if (!names(*envp, ZC_ENV_PRELOAD) && !is_own_name(*envp))
			to[n++] = *envp;
	to[n] = NULL;
}

/* A block for n bytes: on the caller's stack when small, else a mapping (freed with the process). */
#define BLOCK(n) ((n) <= MOST_ON_STACK * sizeof(char *) ? __builtin_alloca(n) : map_block(n))

static void *map_block(size_t size)
{
	long at = zc_sys6(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

static void unmap_block(void *block, size_t size)
{
	if (size > MOST_ON_STACK * sizeof(char *))
		zc_sys2(__NR_munmap, (long)block, (long)size);
}

/* Gives ret_envp an environment that carries us. NULL: out of memory. Expands in the caller's frame. */
#define CARRY(envp, ret_envp, ret_block, ret_size)                                                \
	do {                                                                                      \
		struct carried seen_ = look_at(envp);                                             \
		ret_envp = (char **)envp;                                                         \
		ret_block = NULL;                                                                 \
		ret_size = 0;                                                                     \
		if (!seen_.complete && zc_shim.preload_len) {                                     \
			size_t list_ = (seen_.count + 4) * sizeof(char *);                        \
			ret_size = list_ + 16 + zc_shim.preload_len + zc_len(seen_.preload);      \
			ret_block = BLOCK(ret_size);                                              \
			if (ret_block) {                                                          \
				write_preload((char *)ret_block + list_, seen_.preload);          \
				write_environment(ret_block, envp, (char *)ret_block + list_);    \
				ret_envp = ret_block;                                             \
			}                                                                         \
		}                                                                                 \
	} while (0)

/* ---- judging what would run ---- */

static int judge_program(const void *caller, int dirfd, const char *path, char *const *argv, int atflags,
			 unsigned depth, int child_pid);

/* The program behind "#!": the kernel runs that, so it must be allowed too. */
static int judge_interpreter(const void *caller, const struct zc_guard *guard, unsigned depth)
{
	char line[256], *at = line + 2, *end;
	long fd, got;

	if (guard->pin[0].fd < 0 || zc_shim.passive)
		return 0;
	fd = zc_sys_openat(AT_FDCWD, guard->spelled[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return 0; /* not readable, so not a script that could run */
	got = zc_sys3(__NR_read, fd, (long)line, sizeof(line) - 1);
	zc_sys_close((int)fd);
	if (got < 3 || line[0] != '#' || line[1] != '!')
		return 0;
	line[got] = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	for (end = at; *end && *end != ' ' && *end != '\t' && *end != '\n';)
		end++;
	*end = '\0';
	return *at ? judge_program(caller, AT_FDCWD, at, NULL, 0, depth + 1, 0) : 0;
}

/* "ld.so PROGRAM" starts a program without an exec of it. */
static const char *launched_by_loader(const char *path, size_t len, char *const *argv)
{
	static const char *const with_value[] = { "--library-path", "--preload", "--audit", "--argv0",
						  "--inhibit-rpath", "--glibc-hwcaps-prepend",
						  "--glibc-hwcaps-mask" };
	size_t base = len;

	while (base > 0 && path[base - 1] != '/')
		base--;
	if (len - base < 5 || !zc_equal(path + base, "ld-", 3) || !argv || !argv[0])
		return NULL;
	for (size_t i = 1; argv[i]; i++) {
		bool takes = false;

		if (argv[i][0] != '-')
			return argv[i];
		for (size_t w = 0; w < ZC_LEN(with_value); w++)
			takes |= equal_text(argv[i], with_value[w]);
		if (takes && argv[i + 1])
			i++;
	}
	return NULL;
}

static int judge_program(const void *caller, int dirfd, const char *path, char *const *argv, int atflags,
			 unsigned depth, int child_pid)
{
	const long args[6] = { dirfd, (long)path, (long)argv, 0, atflags, 0 };
	struct zc_guard *guard;
	const char *program = NULL;
	int error;

	if (!zc_is_armed())
		return 0;
	if (depth > MOST_INTERPRETERS)
		return 0; /* the kernel gives up sooner, with ELOOP */
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	error = zc_guard_fill(guard, ZC_ID_execveat, args);
	if (!error) {
		struct zc_object *object = &guard->event.object[0];

		error = zc_resolve(guard, 0);
		/* Code without a name is judged by the one it goes by: "/memfd:name". */
		if (!error && object->flags & ZC_OBJ_NAMELESS && object->path && object->path[0] == '/')
			object->flags &= (uint8_t)~ZC_OBJ_NAMELESS;
		if (!error)
			error = zc_guard_decide(guard);
		if (!error)
			error = judge_interpreter(caller, guard, depth);
		if (!error && object->path)
			program = launched_by_loader(object->path, object->path_len, argv);
		if (!error && program)
			error = judge_program(caller, AT_FDCWD, program, NULL, 0, depth + 1, 0);
		if (!error && depth == 0 && child_pid == 0)
			zc_say_exec(object->path, argv, 0);
	}
	zc_guard_give(guard);
	return error;
}

/* ---- the exec family ---- */

long zc_execute(const void *caller, int dirfd, const char *path, char *const *argv, char *const *envp, int atflags)
{
	char **carried;
	void *block;
	size_t size;
	long error;

	if (!zc_is_armed())
		return dirfd == AT_FDCWD && !atflags
			       ? zc_sys3(__NR_execve, (long)path, (long)argv, (long)envp)
			       : zc_sys6(__NR_execveat, dirfd, (long)path, (long)argv, (long)envp, atflags, 0);
	error = judge_program(caller, dirfd, path, argv, atflags, 0, 0);
	if (error)
		return error;
	CARRY(envp, carried, block, size);
	error = dirfd == AT_FDCWD && !atflags
			? zc_sys3(__NR_execve, (long)path, (long)argv, (long)carried)
			: zc_sys6(__NR_execveat, dirfd, (long)path, (long)argv, (long)carried, atflags, 0);
	if (block)
		unmap_block(block, size);
	zc_say_exec_failed(path, (int)-error);
	return error;
}

extern char **environ ZC_WEAK;
static char **current_environ(void)
{
	return &environ ? environ : zc_initial_environ();
}

ZC_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, envp, 0));
}

ZC_EXPORT int execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)zc_ret(zc_execute(ZC_CALLER, dirfd, path, argv, envp, flags));
}

ZC_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	__asm__("" : "+r"(argv), "+r"(envp)); /* declared never NULL, and yet */
	if (fd < 0 || !argv || !envp)
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_execute(ZC_CALLER, fd, "", argv, envp, AT_EMPTY_PATH));
}

ZC_EXPORT int execv(const char *path, char *const argv[])
{
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, current_environ(), 0));
}

static const char *path_variable(void)
{
	char **entry = current_environ();

	for (; entry && *entry; entry++)
		if (names(*entry, "PATH"))
			return *entry + 5;
	return "/bin:/usr/bin";
}

/* A file without a header that the kernel knows is a shell script, to execvp. */
static long execute_as_script(const void *caller, const char *path, char *const *argv, char *const *envp)
{
	size_t n = 0, size;
	const char **shell;
	long error;

	while (argv[n])
		n++;
	size = (n + 3) * sizeof(char *);
	shell = BLOCK(size);
	if (!shell)
		return -ENOMEM;
	shell[0] = "/bin/sh";
	shell[1] = path;
	for (size_t i = 1; i <= n; i++)
		shell[i + 1] = argv[i];
	if (n == 0)
		shell[2] = NULL;
	error = zc_execute(caller, AT_FDCWD, "/bin/sh", (char *const *)shell, envp, 0);
	unmap_block(shell, size);
	return error;
}

/* Joins one directory of PATH with the name. Returns what follows in PATH, or NULL at its end. */
static const char *next_candidate(const char *list, const char *name, size_t name_len, char *to, size_t cap, bool *ret_fits)
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

static long search(const void *caller, const char *file, char *const *argv, char *const *envp)
{
	const char *list = path_variable();
	long name_len = zc_text_len(file), error = -ENOENT;
	bool refused = false;
	char candidate[512];

	if (name_len <= 0)
		return name_len < 0 ? name_len : -ENOENT;
	for (long i = 0; i < name_len; i++)
		if (file[i] == '/') {
			error = zc_execute(caller, AT_FDCWD, file, argv, envp, 0);
			return error == -ENOEXEC ? execute_as_script(caller, file, argv, envp) : error;
		}
	if (name_len > 255)
		return -ENAMETOOLONG;
	while (list) {
		bool fits;

		list = next_candidate(list, file, (size_t)name_len, candidate, sizeof(candidate), &fits);
		if (!fits)
			continue;
		error = zc_execute(caller, AT_FDCWD, candidate, argv, envp, 0);
		if (error == -ENOEXEC)
			return execute_as_script(caller, candidate, argv, envp);
		if (error == -EACCES)
			refused = true;
		else if (error != -ENOENT && error != -ENOTDIR && error != -ESTALE && error != -ENODEV &&
			 error != -ETIMEDOUT)
			return error;
	}
	return refused ? -EACCES : error;
}

ZC_EXPORT int execvp(const char *file, char *const argv[])
{
	return (int)zc_ret(search(ZC_CALLER, file, argv, current_environ()));
}

ZC_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)zc_ret(search(ZC_CALLER, file, argv, envp));
}

/* Gathers the arguments of execl and its kin into an array on this very frame. */
#define GATHER(first, argv, tail)                                                                 \
	do {                                                                                      \
		size_t n_ = 1;                                                                    \
		va_list list_;                                                                    \
		va_start(list_, first);                                                           \
		while (va_arg(list_, const char *))                                               \
			n_++;                                                                     \
		va_end(list_);                                                                    \
		argv = BLOCK((n_ + 1) * sizeof(char *));                                          \
		if (!argv)                                                                        \
			return (int)zc_ret(-ENOMEM);                                              \
		argv[0] = (char *)first;                                                          \
		va_start(list_, first);                                                           \
		for (size_t i_ = 1; i_ <= n_; i_++)                                               \
			argv[i_] = va_arg(list_, char *);                                         \
		tail;                                                                             \
		va_end(list_);                                                                    \
	} while (0)

ZC_EXPORT int execl(const char *path, const char *arg, ...)
{
	char **argv;

	GATHER(arg, argv, );
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, current_environ(), 0));
}

ZC_EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv;

	GATHER(arg, argv, );
	return (int)zc_ret(search(ZC_CALLER, file, argv, current_environ()));
}

ZC_EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv, **envp;

	GATHER(arg, argv, envp = va_arg(list_, char **));
	return (int)zc_ret(zc_execute(ZC_CALLER, AT_FDCWD, path, argv, envp, 0));
}

/* ---- posix_spawn: the child runs inside libc, so all is judged before ---- */

/* glibc's private list, as it has been since posix_spawn exists; a test holds it against the libc. */
struct glibc_action {
	int kind; /* 0 close, 1 dup2, 2 open, 3 chdir, 4 fchdir, 5 closefrom, 6 tcsetpgrp */
	int pad;
	union {
		struct {
			int fd;
			char *path;
			int flags;
			mode_t mode;
		} open;
		char *directory;
		int fd;
	} do_;
};
struct glibc_actions {
	int allocated, used;
	struct glibc_action *list;
};
extern const char *gnu_get_libc_version(void) ZC_WEAK;

static int judge_actions(const void *caller, const posix_spawn_file_actions_t *actions)
{
	const struct glibc_actions *glibc = (const void *)actions;
	int dirfd = AT_FDCWD, error = 0;
	long pinned = -1;

	if (!actions || !zc_is_armed())
		return 0;
	if (!gnu_get_libc_version) {
		zc_note(ZC_NOTE_SPAWN_UNSEEN, "file actions of another libc", 0);
		return 0;
	}
	for (int i = 0; i < glibc->used && !error; i++) {
		const struct glibc_action *action = &glibc->list[i];

		if (action->kind == 2) {
			error = zc_ask(caller, ZC_ID_openat, dirfd, (long)action->do_.open.path,
				       action->do_.open.flags, (long)action->do_.open.mode, 0, 0);
			if (error == -ENOENT && action->do_.open.flags & O_CREAT)
				error = zc_ask(caller, ZC_ID_mknodat, dirfd, (long)action->do_.open.path, S_IFREG, 0, 0, 0);
			if (error != -EACCES && error != -EPERM)
				error = 0; /* the child meets the natural error itself */
		} else if (action->kind == 3) {
			long fd = zc_sys_openat(dirfd, action->do_.directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

			if (pinned >= 0)
				zc_sys_close((int)pinned);
			pinned = fd;
			dirfd = fd >= 0 ? (int)fd : AT_FDCWD;
		} else if (action->kind == 4) {
			dirfd = action->do_.fd;
		}
	}
	if (pinned >= 0)
		zc_sys_close((int)pinned);
	return error;
}

typedef int zc_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
		     char *const *, char *const *);

static int spawn(const void *caller, pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, char *const *argv, char *const *envp)
{
	zc_spawn *real = ZC_REAL(zc_spawn *, "posix_spawn");
	char **carried;
	void *block;
	size_t size;
	pid_t child = 0;
	int error;

	if (!real)
		return ENOSYS;
	if (!zc_is_armed())
		return real(pid, path, actions, attributes, argv, envp);
	error = judge_actions(caller, actions);
	if (!error)
		error = judge_program(caller, AT_FDCWD, path, argv, 0, 0, -1);
	if (error == -EACCES || error == -EPERM)
		return -error;
	CARRY(envp, carried, block, size);
	error = real(&child, path, actions, attributes, argv, carried);
	if (block)
		unmap_block(block, size);
	if (!error) {
		if (pid)
			*pid = child;
		zc_say_exec(path, argv, child);
	}
	return error;
}

ZC_EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
			  const posix_spawn_file_actions_t *restrict actions,
			  const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			  char *const envp[restrict])
{
	return spawn(ZC_CALLER, pid, path, actions, attributes, argv, envp);
}

/* The first program in PATH that may be executed is the one that would run. */
ZC_EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
			   const posix_spawn_file_actions_t *restrict actions,
			   const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			   char *const envp[restrict])
{
	const char *list = path_variable();
	long len = zc_text_len(file);
	char candidate[512];
	int error = ENOENT;

	for (long i = 0; i < len; i++)
		if (file[i] == '/')
			return spawn(ZC_CALLER, pid, file, actions, attributes, argv, envp);
	while (list && len > 0 && len <= 255) {
		bool fits;

		list = next_candidate(list, file, (size_t)len, candidate, sizeof(candidate), &fits);
		if (!fits || zc_sys3(__NR_faccessat, AT_FDCWD, (long)candidate, X_OK) < 0)
			continue;
		error = spawn(ZC_CALLER, pid, candidate, actions, attributes, argv, envp);
		if (error != EACCES && error != ENOENT && error != ENOTDIR)
			return error;
	}
	return error;
}

/* ---- the shell ---- */

/*
 * system and popen start the shell inside libc, with the program's environ as it is. Where that has
 * lost us, the command is given a first step that puts us back: exec of the same shell with our
 * variables set. The command travels as one quoted word.
 */
static char *with_our_variables(const char *command, size_t *ret_size)
{
	size_t len = 0, at = 0;
	char *text;

	for (const char *c = command; *c; c++)
		len += *c == '\'' ? 4 : 1;
	*ret_size = len + zc_shim.preload_len + sizeof(zc_shim.session_env) + 2 * 520 + 64;
	text = map_block(*ret_size);
	if (!text)
		return NULL;
#define PUT(s)                                                                                    \
	do {                                                                                      \
		const char *s_ = (s);                                                             \
		zc_copy(text + at, s_, zc_len(s_));                                               \
		at += zc_len(s_);                                                                 \
	} while (0)
	PUT("LD_PRELOAD='");
	PUT(zc_shim.preload);
	PUT("' ");
	for (unsigned i = 0; own_variable(i); i++) {
		PUT(own_variable(i));
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

static int judge_shell(const void *caller)
{
	static char *const argv[] = { (char *)"sh", NULL };

	return judge_program(caller, AT_FDCWD, "/bin/sh", argv, 0, 0, -1);
}

ZC_EXPORT int system(const char *command)
{
	int (*real)(const char *) = ZC_REAL(int (*)(const char *), "system");
	char *text = NULL;
	size_t size = 0;
	int error, status;

	if (!real)
		return (int)zc_ret(-ENOSYS);
	if (!zc_is_armed() || !command)
		return real(command);
	error = judge_shell(ZC_CALLER);
	if (error == -EACCES)
		return 127 << 8; /* as when the shell cannot be executed */
	if (!look_at(current_environ()).complete && zc_shim.preload_len)
		text = with_our_variables(command, &size);
	status = real(text ? text : command);
	if (text) {
		int kept = errno;

		zc_sys2(__NR_munmap, (long)text, (long)size);
		errno = kept;
	}
	return status;
}

ZC_EXPORT FILE *popen(const char *command, const char *mode)
{
	FILE *(*real)(const char *, const char *) = ZC_REAL(FILE * (*)(const char *, const char *), "popen");
	char *text = NULL;
	size_t size = 0;
	FILE *stream;
	int error;

	if (!real)
		return zc_ret(-ENOSYS), NULL;
	if (!zc_is_armed() || zc_text_len(mode) < 0 || !command)
		return real(command, mode);
	error = judge_shell(ZC_CALLER);
	if (error == -EACCES)
		return zc_ret(error), NULL;
	if (!look_at(current_environ()).complete && zc_shim.preload_len)
		text = with_our_variables(command, &size);
	stream = real(text ? text : command, mode);
	if (text) {
		int kept = errno;

		zc_sys2(__NR_munmap, (long)text, (long)size);
		errno = kept;
	}
	return stream;
}

ZC_TWIN(__execve, execve)
ZC_TWIN(_IO_popen, popen)
ZC_TWIN(__libc_system, system)
