/* SPDX-License-Identifier: MIT */
/*
 * command.c - which program the command is, as execvp(3) finds it, and what the kernel will start.
 *
 * Paths are looked up from the command's directory; zcwrap itself never changes its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "wrap/wrap.h"

/* 0, or what execve would say without looking into the file. */
static int runnable(const struct zc_command *command, const char *exe)
{
	const char *cwd = command->cwd;
	char path[2 * ZC_PATH_CAP];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s%s", *exe == '/' ? "" : cwd, *exe == '/' ? "" : "/", exe);
	if (strlen(exe) >= ZC_PATH_CAP)
		return ENAMETOOLONG;
	if (command->root)
		return zc_rooted_runnable(command->root, path);
	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* Like execvp: what may not be run does not end the search, but is remembered. */
static void search(struct zc_command *command, const char *name, const char *path)
{
	const char *end;

	command->error = ENOENT;
	for (;; path = end + 1) {
		int len, error;

		end = strchrnul(path, ':');
		len = snprintf(command->exe, sizeof(command->exe), "%.*s%s%s", (int)(end - path),
			       path, end > path ? "/" : "", name);
		error = len >= (int)sizeof(command->exe) ? ENAMETOOLONG
							 : runnable(command, command->exe);
		if (error == 0 || error == EACCES)
			command->error = error;
		if (error == 0)
			return;
		if (!*end)
			break;
	}
	command->exe[0] = '\0';
}

static int resolve(struct zc_command *command, const char *name)
{
	struct zc_program *program = &command->program[command->programs];
	char from[2 * ZC_PATH_CAP], real[ZC_PATH_CAP];
	const char *cwd = command->cwd;
	int error;

	snprintf(from, sizeof(from), "%s%s%s", *name == '/' ? "" : cwd, *name == '/' ? "" : "/",
		 name);
	if (zc_path_join(program->given, sizeof(program->given), cwd, strlen(cwd), name,
			 strlen(name)) < 0)
		return -ENAMETOOLONG;
	error = zc_rooted_real(command->root, from, real);
	if (error)
		return error;
	memcpy(program->path, real, strlen(real) + 1);
	command->programs++;
	return 0;
}

static long read_at(void *context, void *buffer, size_t len, uint64_t offset)
{
	ssize_t n = pread(*(int *)context, buffer, len, (off_t)offset);

	return n < 0 ? -errno : n;
}

/*
 * Cuts the interpreter out of a first line as the kernel does, and what stands behind it; NULL when it is no
 * script.
 */
static char *interpreter(char *line, ssize_t len, char **ret_option)
{
	char *at = line + 2, *end;

	if (len < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[len] = '\0';
	at += strspn(at, " \t");
	at[strcspn(at, "\n")] = '\0';
	for (end = at + strlen(at); end > at && (end[-1] == ' ' || end[-1] == '\t');)
		*--end = '\0';
	end = at + strcspn(at, " \t");
	*ret_option = end + strspn(end, " \t");
	*end = '\0';
	return *at ? at : NULL;
}

/* Follows "#!" to the program that the kernel will really start, and looks at that one's headers. */
static void look_inside(struct zc_command *command)
{
	bool script = true;

	while (script && command->programs < ZC_PROGRAMS_MAX) {
		char line[256] = ""; /* BINPRM_BUF_SIZE */
		int fd = zc_rooted_open(command->root, command->program[command->programs - 1].path,
					O_RDONLY | O_NONBLOCK);
		char *option,
			*name = fd < 0 ? NULL
				       : interpreter(line, pread(fd, line, sizeof(line) - 1, 0),
						     &option);

		/* What cannot be read stays unknown; what cannot be found fails at the exec. */
		script = name && resolve(command, name) == 0;
		if (script)
			strcpy(command->option[command->programs - 1], option);
		if (fd >= 0 && !name)
			zc_elf_look(&command->look, read_at, &fd);
		if (fd >= 0)
			close(fd);
	}
}

/* What a loader is told to start. Scripts on the way have put theirs in front, the last one first. */
static const char *launched_by(const struct zc_command *command)
{
	bool value = false;

	for (size_t i = command->programs; i-- > 1;) {
		if (command->option[i][0] && zc_launched_word(command->option[i], &value))
			return command->option[i];
		if (zc_launched_word(command->program[i - 1].given, &value))
			return command->program[i - 1].given;
	}
	for (char *const *word = command->argv + 1; command->argv[0] && *word; word++)
		if (zc_launched_word(*word, &value))
			return *word;
	return NULL;
}

/* A loader starts another program without an exec of it: that is judged too. */
static void follow_loader(struct zc_command *command)
{
	const char *path = command->program[command->programs - 1].path, *name = NULL;

	if (command->look.loader || (!command->look.bits && zc_is_named_loader(path, strlen(path))))
		name = launched_by(command);
	if (name && command->programs < ZC_PROGRAMS_MAX && resolve(command, name) == 0)
		look_inside(command);
}

int zc_command_find(struct zc_command *command, char *const *argv, const char *root,
		    const char *cwd, char *const *env)
{
	const char *name = argv[0], *path = zc_env_get(env, "PATH");
	int r;

	*command = (struct zc_command){ .argv = argv, .root = root };
	if (strlen(cwd) >= sizeof(command->cwd))
		return -ENAMETOOLONG;
	memcpy(command->cwd, cwd, strlen(cwd) + 1);
	if (strchr(name, '/') || !*name) {
		command->error = *name ? runnable(command, name) : ENOENT;
		if (strlen(name) < sizeof(command->exe))
			memcpy(command->exe, name, strlen(name) + 1);
	} else {
		search(command, name, path ? path : "/bin:/usr/bin");
	}
	if (command->error)
		return 0;
	r = resolve(command, command->exe);
	if (r == 0)
		look_inside(command);
	if (r == 0)
		follow_loader(command);
	return r;
}
