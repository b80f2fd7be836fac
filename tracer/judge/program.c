/* SPDX-License-Identifier: MIT */
/*
 * program.c - may this program run? Its file, a script's interpreters, what a loader is told to start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/exec/carry.h"
#include "core/image.h"
#include "tracer/judge/arguments.h"
#include "tracer/judge/content.h"
#include "tracer/filter/filter.h"
#include "tracer/judge/judge.h"

#define MOST_INTERPRETERS 5u /* as many as the kernel follows */
#define MOST_ARGUMENTS 256u  /* of a loader, that are looked at */
#define ARGUMENT_BYTES (256u << 10)

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

/* What is about to be executed: what it contains decides who else runs. */
static enum zc_content look_inside(const struct zc_case *c, char next[ZC_PATH_CAP])
{
	const struct zc_object *object = &c->event.object[0];
	enum zc_content content = ZC_CONTENT_PROGRAM;
	char path[48];
	int fd;

	if (c->names.held[0].fd >= 0 && !c->names.held[0].entry[0])
		return zc_content_look(c->names.held[0].fd, next);
	if (!(object->flags & ZC_OBJ_BY_FD))
		return content;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->tracee->tid, object->dirfd);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		content = zc_content_look(fd, next);
		close(fd);
	}
	return content;
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

/* May it be anything, since everything may run? */
static bool all_may_run(const struct zc_case *c)
{
	struct zc_filter_free free_;

	zc_filter_free_of(c->tracer->image, &free_);
	return free_.path[ZC_CLASS_RUN];
}

/*
 * "ld.so PROGRAM" starts a program without an exec of it. Returns the number of the argument that says
 * which, 0: none, or -E2BIG.
 */
static int find_launched(const struct zc_case *c, uint64_t argv, char next[ZC_PATH_CAP])
{
	char *list[MOST_ARGUMENTS + 1] = { NULL };
	const char *program;
	bool all;

	if (!argv)
		return 0;
	all = read_arguments(c, argv, list);
	program = zc_launched_argument(list);
	if (!program)
		return all ? 0 : -E2BIG;
	memcpy(next, program, strlen(program) + 1); /* it was read into as much */
	for (int i = 1; list[i]; i++)
		if (list[i] == program)
			return i;
	return 0;
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

static void remember(struct zc_tracee *tracee, const struct zc_object *object)
{
	tracee->judged_hash = zc_hash_bytes(object->path, object->path_len, 0);
	free(tracee->judged_path);
	tracee->judged_path = strndup(object->path, object->path_len);
}

/* The arguments that rules on commands ask for. Returns 0 or -errno as the kernel would. */
static int take_arguments(struct zc_case *c, uint64_t argv)
{
	int error;

	if (!zc_argv_matters(c->tracer->image))
		return 0;
	error = zc_arguments_take(c, argv);
	return error < 0 && c->tracee->dying ? -EINTR : error;
}

/* Judges the file that c->event names. */
static struct zc_outcome_of judge_file(struct zc_case *c)
{
	struct zc_object *object = &c->event.object[0];
	struct zc_outcome_of outcome;

	/* Code without a name is judged by the one it goes by: "/memfd:name". */
	if (object->flags & ZC_OBJ_NAMELESS && object->path && object->path[0] == '/')
		object->flags &= (uint8_t)~ZC_OBJ_NAMELESS;
	if (zc_argv_matters(c->tracer->image))
		zc_arguments_put(c);
	outcome = zc_case_decide(c);
	if (!outcome.natural && !outcome.refusal && object->path)
		remember(c->tracee, object);
	return outcome;
}

/*
 * What runs besides the file that was judged: 1 and its path in next, 0 when nothing does, -EACCES or
 * -E2BIG when that cannot be known.
 */
static int find_next(struct zc_case *c, uint64_t argv, char next[ZC_PATH_CAP])
{
	const struct zc_object *object = &c->event.object[0];
	enum zc_content content = look_inside(c, next);
	int launched;

	if (content == ZC_CONTENT_SCRIPT) {
		if (zc_argv_matters(c->tracer->image))
			zc_arguments_interpret(next, next + strlen(next) + 1,
					       object->requested_len ? object->requested
								     : object->path);
		return 1;
	}
	if (content == ZC_CONTENT_HIDDEN)
		return all_may_run(c) ? 0 : -EACCES;
	launched = content == ZC_CONTENT_LOADER ? find_launched(c, argv, next) : 0;
	if (launched > 0)
		zc_arguments_launch((unsigned)launched);
	return launched > 0 ? 1 : launched;
}

struct zc_outcome_of zc_judge_program(struct zc_case *c)
{
	uint64_t argv = c->event.call == ZC_ID_execveat ? c->event.args[2] : c->event.args[1];
	static char next[ZC_PATH_CAP];

	c->tracee->judged_argv = 0;
	for (unsigned depth = 0; depth <= MOST_INTERPRETERS; depth++) {
		struct zc_outcome_of outcome = { .natural = zc_case_resolve(c) };
		int more;

		if (!outcome.natural && depth == 0)
			outcome.natural = take_arguments(c, argv);
		if (outcome.natural)
			return outcome;
		outcome = judge_file(c);
		if (outcome.natural || outcome.refusal || !c->event.object[0].path)
			return outcome;
		more = find_next(c, argv, next);
		if (more < 0) {
			c->event.flags |= ZC_EV_UNREADABLE;
			return zc_case_decide(c);
		}
		if (zc_argv_matters(c->tracer->image))
			zc_arguments_remember(c->tracee);
		if (!more)
			return outcome;
		argv = 0;
		outcome.natural = fill_with(c, next);
		if (outcome.natural)
			return outcome;
	}
	return (struct zc_outcome_of){ 0 }; /* the kernel gives up as well, with ELOOP */
}
