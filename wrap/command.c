/* SPDX-License-Identifier: MIT */
/*
 * command.c - which program the command is, as execvp(3) finds it, and whether it may run.
 *
 * The command's own exec happens before any shim is loaded, so zcwrap judges it with the same
 * function. Paths are looked up from the command's directory; zcwrap itself never changes its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/path.h"
#include "core/policy.h"
#include "wrap/wrap.h"

/* 0, or what execve would say without looking into the file. */
static int runnable(const char *cwd, const char *exe)
{
	char path[2 * ZC_PATH_CAP];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s%s", *exe == '/' ? "" : cwd, *exe == '/' ? "" : "/", exe);
	if (strlen(exe) >= ZC_PATH_CAP)
		return ENAMETOOLONG;
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
		len = snprintf(command->exe, sizeof(command->exe), "%.*s%s%s", (int)(end - path), path,
			       end > path ? "/" : "", name);
		error = len >= (int)sizeof(command->exe) ? ENAMETOOLONG : runnable(command->cwd, command->exe);
		if (error == 0 || error == EACCES)
			command->error = error;
		if (error == 0)
			return;
		if (!*end)
			break;
	}
	command->exe[0] = '\0';
}

int zc_command_find(struct zc_command *command, char *const *argv, const char *cwd, char *const *env)
{
	const char *name = argv[0], *path = zc_env_get(env, "PATH");
	char from[2 * ZC_PATH_CAP], real[ZC_PATH_CAP];
	size_t cwd_len = strlen(cwd);

	*command = (struct zc_command){ .argv = argv };
	if (cwd_len >= sizeof(command->cwd))
		return -ENAMETOOLONG;
	memcpy(command->cwd, cwd, cwd_len + 1);
	if (strchr(name, '/') || !*name) {
		command->error = *name ? runnable(cwd, name) : ENOENT;
		if (strlen(name) < sizeof(command->exe))
			strcpy(command->exe, name);
	} else {
		search(command, name, path ? path : "/bin:/usr/bin");
	}
	if (command->error)
		return 0;
	snprintf(from, sizeof(from), "%s%s%s", *command->exe == '/' ? "" : cwd,
		 *command->exe == '/' ? "" : "/", command->exe);
	if (zc_path_join(command->given, sizeof(command->given), cwd, cwd_len, command->exe,
			 strlen(command->exe)) < 0 || !realpath(from, real))
		return -errno;
	memcpy(command->path, real, strlen(real) + 1);
	return 0;
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void put_text(struct zc_frame_writer *writer, unsigned field, const char *text)
{
	zc_frame_put(writer, field, text, strlen(text));
}

/* ARGV as the wire has it: NUL after each. What does not fit is left out, and the frame says so. */
static void put_argv(struct zc_frame_writer *writer, char *const *argv)
{
	char bytes[8192];
	size_t used = 0;

	for (; *argv; argv++) {
		size_t len = strlen(*argv) + 1;

		if (len > sizeof(bytes) - used)
			break;
		memcpy(bytes + used, *argv, len);
		used += len;
	}
	zc_frame_put(writer, ZC_FIELD_ARGV, bytes, used);
}

static size_t record(const struct zc_command *command, const struct zc_event *event,
		     const struct zc_image *image, struct zc_verdict verdict, void *frame)
{
	uint64_t program = zc_hash_bytes(command->path, strlen(command->path), 0);
	struct zc_frame_writer writer;
	struct zc_frame_head *head = zc_frame_begin(&writer, frame, ZC_FRAME_MAX, ZC_FRAME_RECORD);

	head->flags |= ZC_FRAME_NO_STACK;
	head->real_ns = nanoseconds(CLOCK_REALTIME);
	head->mono_ns = nanoseconds(CLOCK_MONOTONIC);
	head->pid = head->tid = getpid();
	head->ppid = getppid();
	head->uid = getuid();
	head->call = event->call;
	head->abi = event->abi;
	head->op = event->op;
	head->action = verdict.action;
	head->reason = verdict.reason;
	head->cls = verdict.cls;
	head->object = verdict.object;
	head->error = verdict.error;
	head->rule = verdict.rule;
	head->source = ZC_SOURCE_SUPERVISOR;
	head->fingerprint = zc_fingerprint(image, event, verdict, program, 0, 0);
	head->repeat = 1;
	put_text(&writer, ZC_FIELD_PATH, command->path);
	put_text(&writer, ZC_FIELD_GIVEN, command->given);
	put_text(&writer, ZC_FIELD_REQUESTED, command->exe);
	put_argv(&writer, command->argv);
	put_text(&writer, ZC_FIELD_CWD, command->cwd);
	return zc_frame_end(&writer);
}

struct zc_verdict zc_command_judge(const struct zc_command *command, const struct zc_image *image,
				   void *frame, size_t *ret_size)
{
	struct zc_event event = { .call = ZC_ID_execve, .abi = ZC_ABI_X86_64, .op = ZC_OP_EXEC, .objects = 1 };
	struct zc_object *object = &event.object[0];
	struct zc_verdict verdict;

	object->requested = command->exe;
	object->given = command->given;
	object->path = command->path;
	object->requested_len = (uint32_t)strlen(command->exe);
	object->given_len = (uint32_t)strlen(command->given);
	object->path_len = (uint32_t)strlen(command->path);
	object->dirfd = AT_FDCWD;
	object->need = ZC_NEED_RUN;
	object->flags = ZC_OBJ_FOLLOW | ZC_OBJ_EXISTS | ZC_OBJ_MUST_EXIST;
	verdict = zc_policy_decide(image, &event);
	*ret_size = 0;
	if (verdict.action != ZC_ALLOWED && verdict.action != ZC_REFUSED_QUIET)
		*ret_size = record(command, &event, image, verdict, frame);
	return verdict;
}
