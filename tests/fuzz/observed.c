/* SPDX-License-Identifier: MIT */
/*
 * observed.c - any bytes as the log of a run that is learnt from: what comes out is a policy that loads,
 * and that allows nothing right in the places that never stand for what is in them.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/decide/policy.h"
#include "evidence/read/observed.h"
#include "policy/learn/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct zc_policy_world world = { .home = "/nowhere/home",
					      .project = "/nowhere/home/project",
					      .tmpdir = "/nowhere/tmp" };

static bool allows(const struct zc_image *image, const char *path, unsigned cls)
{
	static const uint8_t ops[] = { ZC_OP_OPEN_READ, ZC_OP_OPEN_WRITE, ZC_OP_EXEC };
	struct zc_event event = { .op = ops[cls], .objects = 1 };

	event.object[0].path = path;
	event.object[0].path_len = (uint32_t)strlen(path);
	event.object[0].need = (uint8_t)(1u << cls);
	return zc_policy_decide(image, &event).action <= ZC_LOGGED;
}

static void check(const char *text, size_t len)
{
	static const char *const places[] = { "/new", "/nowhere/home/new",
					      "/nowhere/home/project/new" };
	struct zc_policy_set *set = zc_policy_set_new(&world);
	struct zc_policy_error error;
	struct zc_image *image = NULL;
	size_t image_size;

	assert(set != NULL);
	assert(zc_policy_add_text(set, "learnt", text, len, &error) == 0);
	if (zc_policy_freeze(set, &image, &image_size, &error) == 0)
		for (size_t i = 0; i < ZC_LEN(places); i++)
			for (unsigned cls = 0; cls < 3; cls++)
				assert(strstr((const char *)text, "/new") ||
				       !allows(image, places[i], cls));
	free(image);
	zc_policy_set_free(set);
}

/* The first line, when it is no JSON, is a file that rules are added to: "\n" is written as '|'. */
static void take_file(struct zc_learn *learn, const char *line, size_t len)
{
	struct zc_policy_error error;
	char *text = malloc(len + 1);

	if (text == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		text[i] = line[i] == '|' ? '\n' : line[i];
	zc_learn_text(learn, "f.zc", text, len, &error);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zc_observed *observed = malloc(sizeof(*observed));
	struct zc_learn *learn = zc_learn_new(&world);
	const char *line = (const char *)data, *end = line + size;
	struct zc_policy_error error;
	bool first = true, from_file = false;

	while (learn && observed && line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);

		if (first && len && *line != '{') {
			take_file(learn, line, len);
			from_file = true;
		} else if (zc_observed_read(observed, line, len)) {
			zc_learn_take(learn, observed);
		}
		first = false;
		line += len + (stop != NULL);
	}
	if (learn && zc_learn_finish(learn, &error) == 0) {
		size_t len;
		const char *text = zc_learn_result(learn, &len);

		if (!from_file) /* people may allow anything */
			check(text, len);
	}
	zc_learn_free(learn);
	free(observed);
	return 0;
}
