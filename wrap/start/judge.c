/* SPDX-License-Identifier: MIT */
/*
 * judge.c - may the command run? Its own exec happens before any shim is loaded, so zcwrap asks the
 * same pure function and writes the same record.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/wire/record.h"
#include "core/decide/policy.h"
#include "wrap/wrap.h"

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

static size_t record(const struct zc_command *command, const struct zc_event *event,
		     const struct zc_image *image, struct zc_verdict verdict, void *frame)
{
	const struct zc_object *object = &event->object[0];
	uint64_t program = zc_hash_bytes(object->path, object->path_len, 0);
	struct zc_frame_writer writer;
	struct zc_frame_head *head = zc_frame_begin(&writer, frame, ZC_FRAME_MAX, ZC_FRAME_RECORD);

	head->flags |= ZC_FRAME_NO_STACK;
	head->real_ns = nanoseconds(CLOCK_REALTIME);
	head->mono_ns = nanoseconds(CLOCK_MONOTONIC);
	head->pid = head->tid = getpid();
	head->ppid = getppid();
	head->uid = getuid();
	head->source = ZC_SOURCE_SUPERVISOR;
	head->fingerprint = zc_fingerprint(image, event, verdict, program, 0, 0);
	head->repeat = 1;
	zc_record_put(&writer, head, event, verdict);
	put_text(&writer, ZC_FIELD_CWD, command->cwd);
	return zc_frame_end(&writer);
}

/* Of a script's interpreter: in front of the command's own stand its name and the script. */
static void take_arguments(const struct zc_command *command, size_t program, struct zc_argv *ret)
{
	ret->count = 0;
	ret->cwd = command->cwd;
	ret->cwd_len = (uint32_t)strlen(command->cwd);
	for (char *const *argv = command->argv; *argv; argv++)
		zc_argv_add(ret, *argv, strlen(*argv));
	for (size_t i = 1; i <= program; i++)
		zc_argv_interpret(ret, command->program[i].given, NULL,
				  command->program[i - 1].given);
}

static void ask(const struct zc_command *command, const struct zc_event *event,
		const struct zc_image *image, struct zc_verdict *verdict, int64_t ask_ms,
		void *frame)
{
	static const volatile bool never;
	struct zc_frame question;
	size_t size = record(command, event, image, *verdict, frame);
	char *text = zc_frame_decode(&question, frame, size) > 0 ? zc_ask_text(image, &question)
								 : NULL;

	verdict->asks = 0;
	verdict->asked = text ? (uint8_t)zc_ask_terminal(text, ask_ms, &never)
			      : ZC_ASKED_NO_TERMINAL;
	free(text);
	if (verdict->asked != ZC_ASKED_YES && verdict->asked != ZC_ASKED_ALWAYS)
		return;
	verdict->action = ZC_LOGGED;
	verdict->error = 0;
}

struct zc_verdict zc_command_judge(const struct zc_command *command, size_t program,
				   const struct zc_image *image, int64_t ask_ms, void *frame,
				   size_t *ret_size)
{
	struct zc_event event = {
		.call = ZC_ID_execve, .abi = ZC_ABI_X86_64, .op = ZC_OP_EXEC, .objects = 1
	};
	struct zc_object *object = &event.object[0];
	struct zc_verdict verdict;
	struct zc_argv argv;

	object->requested = program ? command->program[program].given : command->exe;
	object->given = command->program[program].given;
	object->path = command->program[program].path;
	object->requested_len = (uint32_t)strlen(object->requested);
	object->given_len = (uint32_t)strlen(object->given);
	object->path_len = (uint32_t)strlen(object->path);
	object->dirfd = AT_FDCWD;
	object->need = ZC_NEED_RUN;
	object->flags = ZC_OBJ_FOLLOW | ZC_OBJ_EXISTS | ZC_OBJ_MUST_EXIST;
	take_arguments(command, program, &argv);
	event.argv = &argv;
	verdict = zc_policy_decide(image, &event);
	if (verdict.asks)
		ask(command, &event, image, &verdict, ask_ms, frame);
	*ret_size = 0;
	if (verdict.action != ZC_ALLOWED && verdict.action != ZC_REFUSED_QUIET)
		*ret_size = record(command, &event, image, verdict, frame);
	return verdict;
}
