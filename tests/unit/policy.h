/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what the policy tests share: a small world on disk, and policies tried in it.
 */
#ifndef ZC_TESTS_UNIT_POLICY_H
#define ZC_TESTS_UNIT_POLICY_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/decide/policy.h"
#include "policy/policy_set.h"
#include "tests/unit/t.h"

static char p_root[64];                /* a fresh directory, real (no links in it) */
static struct zc_policy_world p_world; /* $p_root/{home,project,tmp,logs} */
static struct zc_policy_error p_error; /* of the last policy that was tried */

/* A path below the fresh directory; valid until eight more were made. */
__attribute__((format(printf, 1, 2))) static inline const char *p_path(const char *format, ...)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];
	int len = snprintf(path, sizeof(paths[0]), "%s/", p_root);
	va_list args;

	va_start(args, format);
	vsnprintf(path + len, sizeof(paths[0]) - (size_t)len, format, args);
	va_end(args);
	return path;
}

static inline void p_file(const char *name, const char *text)
{
	FILE *file = fopen(p_path("%s", name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(name);
		exit(99);
	}
}

static inline void p_dir(const char *name)
{
	if (mkdir(p_path("%s", name), 0755) != 0 && errno != EEXIST) {
		perror(name);
		exit(99);
	}
}

static inline void p_begin(void)
{
	static char home[80], project[80], tmp[80], logs[80];

	strcpy(p_root, "/tmp/zc-policy-XXXXXX");
	if (mkdtemp(p_root) == NULL)
		exit(99);
	p_dir("home"), p_dir("home/.ssh"), p_dir("project"), p_dir("tmp"), p_dir("logs");
	p_world.home = strcpy(home, p_path("home"));
	p_world.project = strcpy(project, p_path("project"));
	p_world.tmpdir = strcpy(tmp, p_path("tmp"));
	p_world.log_dir = strcpy(logs, p_path("logs"));
	p_world.supervisor[0] = getpid();
	if (chdir(p_root) != 0)
		exit(99);
}

static inline void p_end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", p_root);
	if (chdir("/") != 0 || system(command) != 0)
		fprintf(stderr, "# %s stays behind\n", p_root);
}

/* Freezes a policy text; flags are "name" or "name=value", NULL-ended, before it. NULL: p_error. */
static inline struct zc_policy_set *p_try_with(const char *const *flags, const char *text,
					       bool json)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	struct zc_image *image = NULL;
	size_t size = 0;
	int r = 0;

	p_error.text[0] = '\0';
	for (; flags != NULL && *flags != NULL && r == 0; flags++) {
		char name[256];
		const char *value = strchr(*flags, '=');

		snprintf(name, sizeof(name), "%.*s",
			 (int)(value ? (size_t)(value - *flags) : strlen(*flags)), *flags);
		r = zc_policy_add_flag(set, name, value ? value + 1 : NULL, &p_error);
	}
	if (r == 0 && text != NULL)
		r = json ? zc_policy_add_json(set, "t.json", text, strlen(text), &p_error)
			 : zc_policy_add_text(set, "t.zc", text, strlen(text), &p_error);
	if (r == 0)
		r = zc_policy_freeze(set, &image, &size, &p_error);
	if (r == 0 && zc_image_check(image, size) != 0) {
		strcpy(p_error.text, "the image is not sound");
		r = -EINVAL;
	}
	free(image);
	return r == 0 ? set : zc_policy_set_free(set);
}

static inline struct zc_policy_set *p_try(const char *text)
{
	return p_try_with(NULL, text, false);
}

/* Does this policy load, with all that it expects of itself? */
static inline bool p_holds(const char *text)
{
	struct zc_policy_set *set = p_try(text);

	zc_policy_set_free(set);
	return set != NULL;
}

/* Does this policy fail with a message that starts and goes on like this? */
static inline bool p_fails(const char *text, const char *message)
{
	struct zc_policy_set *set = p_try(text);

	zc_policy_set_free(set);
	return set == NULL && strstr(p_error.text, message) == p_error.text;
}

#endif
