/* SPDX-License-Identifier: MIT */
/*
 * decide.h - a policy in a few lines, and questions to it, for the tests of the decision.
 */
#ifndef ZC_TESTS_UNIT_DECIDE_H
#define ZC_TESTS_UNIT_DECIDE_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/decide/policy.h"
#include "policy/build/build.h"

enum { R = ZC_NEED_READ, W = ZC_NEED_WRITE, X = ZC_NEED_RUN, U = ZC_NEED_UNIX };
#define NET (1u << ZC_CLASS_NET)
#define LISTEN (1u << ZC_CLASS_LISTEN)
#define ALL ((1u << ZC_CLASS_COUNT) - 1)

/* One policy being written, then frozen by the first question. */
struct lab {
	struct zc_build *build;
	struct zc_build_options options;
	struct zc_image *image;
	size_t size;
};

static inline struct lab lab_new(uint32_t flags)
{
	return (struct lab){ .build = zc_build_new(), .options = { .flags = flags } };
}

static inline void lab_free(struct lab *lab)
{
	free(lab->image);
	lab->build = zc_build_free(lab->build);
	lab->image = NULL;
}

static inline const struct zc_image *lab_image(struct lab *lab)
{
	if (!lab->image && zc_build_finish(lab->build, &lab->options, &lab->image, &lab->size) < 0)
		abort();
	return lab->image;
}

static inline int lab_rule(struct lab *lab, enum zc_layer layer, enum zc_says says,
			   unsigned classes, const char *text)
{
	int rule = zc_build_rule(lab->build, layer, says, classes, text, "test:1", false);

	if (rule < 0)
		abort();
	return rule;
}

static inline int lab_path(struct lab *lab, enum zc_layer layer, enum zc_says says,
			   unsigned classes, const char *pattern)
{
	int rule = lab_rule(lab, layer, says, classes, pattern);

	if (zc_build_path(lab->build, rule, classes, pattern) < 0)
		abort();
	return rule;
}

static inline void lab_object(struct zc_event *event, unsigned n, const char *path, unsigned need)
{
	struct zc_object *object = &event->object[n];

	*object = (struct zc_object){ .requested = path,
				      .given = path,
				      .path = path,
				      .dirfd = AT_FDCWD,
				      .need = (uint8_t)need,
				      .flags = ZC_OBJ_EXISTS };
	object->requested_len = object->given_len = object->path_len = (uint32_t)strlen(path);
	if (event->objects <= n)
		event->objects = (uint8_t)(n + 1);
}

static inline struct zc_event lab_event(unsigned op)
{
	struct zc_event event;

	memset(&event, 0, sizeof(event));
	event.op = (uint8_t)op;
	return event;
}

static inline struct zc_verdict ask(struct lab *lab, unsigned op, const char *path, unsigned need)
{
	struct zc_event event = lab_event(op);

	lab_object(&event, 0, path, need);
	return zc_policy_decide(lab_image(lab), &event);
}

static inline struct zc_verdict ask_read(struct lab *lab, const char *path)
{
	return ask(lab, ZC_OP_OPEN_READ, path, R);
}

static inline struct zc_verdict ask_write(struct lab *lab, const char *path)
{
	return ask(lab, ZC_OP_OPEN_WRITE, path, W);
}

static inline bool allowed(struct zc_verdict verdict)
{
	return verdict.action == ZC_ALLOWED && verdict.error == 0;
}

static inline bool refused(struct zc_verdict verdict, int error)
{
	return zc_refuses(verdict) && verdict.error == error;
}

#endif
