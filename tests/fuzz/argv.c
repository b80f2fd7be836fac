/* SPDX-License-Identifier: MIT */
/*
 * argv.c - any bytes as a rule on commands (the first line) and as the arguments that it is held against (the
 * others, one a line): it loads or it does not, and what loads judges without reading astray.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec/argv.h"
#include "core/exec/feeds.h"
#include "core/decide/policy.h"
#include "policy/policy_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t look(void *context, int fd)
{
	return (uint64_t)fd + 1;
}

static void judge(const struct zc_image *image, const char *lines)
{
	static struct zc_feeds feeds;
	static struct zc_argv argv;
	struct zc_event event = { .op = ZC_OP_EXEC, .call = ZC_ID_execve, .objects = 1 };
	struct zc_verdict verdict;

	argv = (struct zc_argv){ .cwd = "/home/u", .cwd_len = 7 };
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		zc_argv_add(&argv, lines, len);
		lines += len + (lines[len] == '\n');
	}
	event.argv = &argv;
	event.object[0] = (struct zc_object){ .path = "/usr/bin/sh",
					      .path_len = 11,
					      .given = "/bin/sh",
					      .given_len = 7,
					      .need = ZC_NEED_RUN };
	if (zc_feeds_matter(image))
		zc_feeds_judge(&feeds, image, &event, look, NULL);
	verdict = zc_policy_decide(image, &event);
	assert(verdict.rule == ZC_RULE_NONE || zc_image_rule(image, verdict.rule));
	assert(zc_refuses(verdict) == (verdict.error != 0));
	zc_argv_interpret(&argv, "/bin/sh", "-e", "script");
	zc_policy_decide(image, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct zc_policy_world world = { .home = "/home/u", .project = "/home/u/p" };
	struct zc_policy_set *set = zc_policy_set_new(&world);
	char *text = malloc(size + 1), *rest;
	struct zc_policy_error error;
	struct zc_image *image = NULL;
	size_t image_size;

	if (!set || !text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	rest = text + strcspn(text, "\n");
	if (*rest)
		*rest++ = '\0';
	if (zc_policy_add_flag(set, "allow-run", "/usr", &error) == 0 &&
	    zc_policy_add_flag(set, "deny-run", text, &error) == 0 &&
	    zc_policy_freeze(set, &image, &image_size, &error) == 0)
		judge(image, rest);
	free(image);
	free(text);
	zc_policy_set_free(set);
	return 0;
}
