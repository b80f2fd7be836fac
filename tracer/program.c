/* SPDX-License-Identifier: MIT */
/*
 * program.c - may this program run? Its file, a script's interpreters, what a loader is told to start.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/carry.h"
#include "core/image.h"
#include "tracer/judge.h"

#define MOST_INTERPRETERS 5u /* as many as the kernel follows */
#define MOST_ARGUMENTS 256u  /* of a loader, that are looked at */
#define ARGUMENT_BYTES (256u << 10)
#define LINE_MAX_BYTES 255u /* of a script's first line, that the kernel reads */

/* The tracer's own memory, where the path of an interpreter stands. */
static long own_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	return -EFAULT;
}

static long own_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	const char *text = context;
	size_t len = strlen(text);

	if (len >= cap)
		return -ENAMETOOLONG;
	memcpy(buffer, text, len + 1);
	return (long)len;
}

/* Opens what is about to be executed, to look at its first line. Nothing but a regular file is touched. */
static int open_program(const struct zc_case *c)
{
	const struct zc_object *object = &c->event.object[0];
	char path[48];
	struct stat st;

	if (object->flags & ZC_OBJ_BY_FD)
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->tracee->tid, object->dirfd);
	else if (c->names.held[0].fd >= 0 && !c->names.held[0].entry[0])
		snprintf(path, sizeof(path), "/proc/self/fd/%d", c->names.held[0].fd);
	else
		return -1;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Takes the interpreter out of a script's first line. Not readable: no script, as far as anybody knows. */
static bool find_interpreter(const struct zc_case *c, char next[ZC_PATH_CAP])
{
	char line[LINE_MAX_BYTES + 1], *start;
	int fd = open_program(c);
	ssize_t got;
	size_t len;

	if (fd < 0)
		return false;
	got = pread(fd, line, LINE_MAX_BYTES, 0);
	close(fd);
	if (got < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[got] = '\0';
	start = line + 2 + strspn(line + 2, " \t");
	len = strcspn(start, " \t\n");
	memcpy(next, start, len);
	next[len] = '\0';
	return len > 0;
}

static uint64_t read_pointer(const struct zc_case *c, uint64_t address)
{
	uint32_t narrow = 0;
	uint64_t wide = 0;

	if (c->stop->abi == ZC_ABI_X86_64)
		return c->reader.bytes(c->reader.context, address, &wide, sizeof(wide)) < 0 ? 0
											    : wide;
	return c->reader.bytes(c->reader.context, address, &narrow, sizeof(narrow)) < 0 ? 0
											: narrow;
}

/*
 * The arguments of a loader. One that is too long is cut: what counts is whether it is an option, and a
 * program by that name could not be opened. Returns false when there are more than are looked at.
 */
static bool read_arguments(const struct zc_case *c, uint64_t argv, char *list[MOST_ARGUMENTS + 1])
{
	static char text[ARGUMENT_BYTES];
	size_t width = c->stop->abi == ZC_ABI_X86_64 ? 8 : 4, used = 0;

	for (unsigned i = 0; i < MOST_ARGUMENTS && sizeof(text) - used > ZC_PATH_CAP; i++) {
		uint64_t at = read_pointer(c, argv + i * width);
		long len;

		list[i] = NULL;
		if (!at)
			return true;
		len = c->reader.text(c->reader.context, at, text + used, ZC_PATH_CAP);
		if (len < 0 && len != -ENAMETOOLONG)
			return true; /* the kernel's EFAULT */
		list[i] = text + used;
		list[i + 1] = NULL;
		used += len < 0 ? ZC_PATH_CAP : (size_t)len + 1;
		text[used - 1] = '\0';
	}
	return false;
}

/* "ld.so PROGRAM" starts a program without an exec of it. Returns 1: which, 0: none, or -E2BIG. */
static int find_launched(const struct zc_case *c, uint64_t argv, char next[ZC_PATH_CAP])
{
	const struct zc_object *object = &c->event.object[0];
	const char *base = memrchr(object->path, '/', object->path_len), *program;
	char *list[MOST_ARGUMENTS + 1] = { NULL };
	bool all;

	if (!argv || !base || strncmp(base, "/ld-", 4) != 0)
		return 0;
	all = read_arguments(c, argv, list);
	program = zc_launched_program(object->path, object->path_len, list);
	if (!program)
		return all ? 0 : -E2BIG;
	memcpy(next, program, strlen(program) + 1); /* it was read into as much */
	return 1;
}

static int fill_with(struct zc_case *c, char *path)
{
	const uint64_t args[6] = { (uint64_t)AT_FDCWD, 1 };
	const struct zc_reader own = { own_bytes, own_text, path };
	int error;

	zc_paths_end(&c->names);
	error = zc_event_fill(&c->event, ZC_ID_execveat, ZC_ABI_X86_64, args, &own, &c->names.text);
	c->event.abi = (uint8_t)c->stop->abi;
	return error;
}

struct zc_outcome_of zc_judge_program(struct zc_case *c)
{
	uint64_t argv = c->event.call == ZC_ID_execveat ? c->event.args[2] : c->event.args[1];
	static char next[ZC_PATH_CAP];

	for (unsigned depth = 0; depth <= MOST_INTERPRETERS; depth++) {
		struct zc_object *object = &c->event.object[0];
		struct zc_outcome_of outcome = { .natural = zc_case_resolve(c) };

		if (outcome.natural)
			return outcome;
		/* Code without a name is judged by the one it goes by: "/memfd:name". */
		if (object->flags & ZC_OBJ_NAMELESS && object->path && object->path[0] == '/')
			object->flags &= (uint8_t)~ZC_OBJ_NAMELESS;
		outcome = zc_case_decide(c);
		if (outcome.natural || outcome.refusal || !object->path)
			return outcome;
		c->tracee->judged_hash = zc_hash_bytes(object->path, object->path_len, 0);
		if (!find_interpreter(c, next)) {
			int launched = find_launched(c, argv, next);

			if (launched < 0) {
				c->event.flags |= ZC_EV_UNREADABLE;
				return zc_case_decide(c);
			}
			if (!launched)
				return outcome;
		}
		argv = 0;
		outcome.natural = fill_with(c, next);
		if (outcome.natural)
			return outcome;
	}
	return (struct zc_outcome_of){ 0 }; /* the kernel gives up as well, with ELOOP */
}
