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
#include "tracer/judge/launched.h"

#define MOST_INTERPRETERS 5u /* as many as the kernel follows */

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

/* May it be anything, since everything may run? */
static bool all_may_run(const struct zc_case *c)
{
	struct zc_filter_free free_;

	zc_filter_free_of(c->tracer->image, &free_);
	return free_.path[ZC_CLASS_RUN];
}

int zc_program_event(struct zc_event *event, struct zc_names *names, unsigned abi, const char *path)
{
	const uint64_t args[6] = { (uint64_t)AT_FDCWD, 1 };
	const struct zc_reader own = { own_bytes, own_text, (void *)path };
	int error = zc_event_fill(event, ZC_ID_execveat, ZC_ABI_X86_64, args, &own, &names->text);

	event->abi = (uint8_t)abi;
	return error;
}

static int fill_with(struct zc_case *c, const char *path)
{
	zc_paths_end(&c->names);
	return zc_program_event(&c->event, &c->names, c->stop->abi, path);
}

static void remember(const struct zc_tracer *tracer, struct zc_tracee *tracee,
		     const struct zc_object *object)
{
	tracee->judged_hash = zc_judged_hash(tracer, object->path, object->path_len);
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
		remember(c->tracer, c->tracee, object);
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
	int launched = 0;

	if (content == ZC_CONTENT_SCRIPT) {
		const char *option = next + strlen(next) + 1,
			   *script = object->requested_len ? object->requested : object->path;

		zc_launched_interpret(next, option, script);
		if (zc_argv_matters(c->tracer->image))
			zc_arguments_interpret(next, option, script);
		return 1;
	}
	if (content == ZC_CONTENT_HIDDEN)
		return all_may_run(c) ? 0 : -EACCES;
	if (content == ZC_CONTENT_LOADER) {
		c->tracee->judged_loader = true;
		launched = zc_launched_find(c, argv, next);
	}
	if (launched > 0)
		zc_arguments_launch((unsigned)launched);
	return launched > 0 ? 1 : launched;
}

struct zc_outcome_of zc_judge_program(struct zc_case *c)
{
	uint64_t argv = c->event.call == ZC_ID_execveat ? c->event.args[2] : c->event.args[1];
	static char next[ZC_PATH_CAP];

	c->tracee->judged_argv = 0;
	c->tracee->judged_loader = false;
	zc_launched_begin();
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
		outcome.natural = fill_with(c, next);
		if (outcome.natural)
			return outcome;
	}
	return (struct zc_outcome_of){ 0 }; /* the kernel gives up as well, with ELOOP */
}
