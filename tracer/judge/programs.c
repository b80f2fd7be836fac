/* SPDX-License-Identifier: MIT */
/*
 * programs.c - files that were found to be programs, neither scripts nor loaders, so that they are judged by
 * their names alone: under which spelling, and what it led to.
 *
 * A spelling is taken up the second time that it comes to the same: many programs are run once.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/image.h"
#include "tracer/judge/content.h"
#include "tracer/judge/judge.h"

#define PROGRAMS 128u
#define PATH_MOST 256u
#define SETTLED_S 2 /* a file that has just changed may change again within one tick of the clock */

static struct program {
	uint64_t judged_hash; /* of resolved; 0: none */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	size_t len;
	char path[PATH_MOST];
	char resolved[PATH_MOST];
} programs[PROGRAMS];

static struct program *program_of(const char *path, size_t len)
{
	return &programs[zc_hash_bytes(path, len, ZC_NEED_RUN) % PROGRAMS];
}

static bool is_same_moment(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_program(const struct program *program, const char *path, size_t len)
{
	struct stat st;

	return program->judged_hash && program->len == len && !memcmp(program->path, path, len) &&
	       stat(path, &st) == 0 && st.st_ino == program->inode &&
	       st.st_dev == program->device && st.st_size == program->size &&
	       is_same_moment(st.st_mtim, program->modified) &&
	       is_same_moment(st.st_ctim, program->changed);
}

bool zc_programs_take(struct zc_tracee *tracee, const char *path, size_t len)
{
	const struct program *program = program_of(path, len);

	if (!is_program(program, path, len))
		return false;
	free(tracee->judged_path);
	tracee->judged_path = strdup(program->resolved);
	tracee->judged_hash = program->judged_hash;
	tracee->judged_loader = false;
	return true;
}

bool zc_programs_learn(const struct zc_case *c)
{
	const struct zc_object *object = &c->event.object[0];
	struct program *program = program_of(object->requested, object->requested_len);
	static char interpreter[ZC_PATH_CAP];
	struct stat st;

	if (object->requested_len >= PATH_MOST || object->path_len >= PATH_MOST ||
	    c->names.held[0].fd < 0 || c->names.held[0].entry[0] ||
	    fstat(c->names.held[0].fd, &st) < 0 || time(NULL) - st.st_ctim.tv_sec < SETTLED_S ||
	    zc_content_look(c->names.held[0].fd, interpreter) != ZC_CONTENT_PROGRAM)
		return false;
	*program = (struct program){ .judged_hash = c->tracee->judged_hash,
				     .device = st.st_dev,
				     .inode = st.st_ino,
				     .size = st.st_size,
				     .modified = st.st_mtim,
				     .changed = st.st_ctim,
				     .len = object->requested_len };
	memcpy(program->path, object->requested, object->requested_len);
	memcpy(program->resolved, object->path, object->path_len);
	return true;
}
