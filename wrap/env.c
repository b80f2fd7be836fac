/* SPDX-License-Identifier: MIT */
/*
 * env.c - the command's environment: what the options keep, drop and set, and LD_PRELOAD.
 *
 * Pure but for memory. Entries of environ without '=' are handed on as they are unless cleared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "wrap/wrap.h"

/* What --clear-env leaves: enough for a program to find its way, nothing that is a secret. */
static const char *const plain_names[] = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM",
					   "LANG", "LC_*", "TZ", "TMPDIR", "PWD" };
static const char *const own_names[] = { ZC_ENV_SESSION, ZC_ENV_IMAGE, ZC_ENV_LOG };

static bool matches(const char *pattern, const char *name, size_t len)
{
	return zc_glob_match(pattern, strlen(pattern), name, len);
}

static bool matches_any(const struct zc_option_list *patterns, const char *name, size_t len)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (matches(patterns->item[i], name, len))
			return true;
	return false;
}

static bool passes(const struct zc_options *options, const char *entry)
{
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < ZC_LEN(own_names); i++)
		if (strlen(own_names[i]) == len && strncmp(entry, own_names[i], len) == 0)
			return false;
	if (matches_any(&options->keep_env, entry, len))
		return true;
	if (matches_any(&options->drop_env, entry, len))
		return false;
	if (!options->clear_env)
		return true;
	for (size_t i = 0; i < ZC_LEN(plain_names); i++)
		if (matches(plain_names[i], entry, len))
			return true;
	return false;
}

char **zc_env_free(char **env)
{
	for (size_t i = 0; env && env[i]; i++)
		free(env[i]);
	free(env);
	return NULL;
}

static size_t count(char *const *env)
{
	size_t n = 0;

	while (env[n])
		n++;
	return n;
}

char **zc_env_build(const struct zc_options *options, char *const *inherited)
{
	char **env = calloc(count(inherited) + 1, sizeof(*env));
	size_t used = 0;

	for (size_t i = 0; env && inherited[i]; i++) {
		if (!passes(options, inherited[i]))
			continue;
		env[used] = strdup(inherited[i]);
		if (!env[used++])
			return zc_env_free(env);
	}
	for (size_t i = 0; env && i < options->set_env.count; i++) {
		const char *entry = options->set_env.item[i], *equals = strchr(entry, '=');
		char *name = strndup(entry, (size_t)(equals - entry));
		int r = name ? zc_env_put(&env, name, equals + 1) : -ENOMEM;

		free(name);
		if (r < 0)
			return zc_env_free(env);
	}
	return env;
}

static bool is_named(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

const char *zc_env_get(char *const *env, const char *name)
{
	for (; *env; env++)
		if (is_named(*env, name))
			return *env + strlen(name) + 1;
	return NULL;
}

int zc_env_put(char ***env, const char *name, const char *value)
{
	size_t used = 0, len = strlen(name) + strlen(value) + 2;
	char **more = realloc(*env, (count(*env) + 2) * sizeof(*more));
	char *entry = malloc(len);

	if (more)
		*env = more;
	if (!more || !entry) {
		free(entry);
		return -ENOMEM;
	}
	snprintf(entry, len, "%s=%s", name, value);
	for (size_t i = 0; more[i]; i++) {
		if (is_named(more[i], name))
			free(more[i]);
		else
			more[used++] = more[i];
	}
	more[used++] = entry;
	more[used] = NULL;
	return 0;
}

/* ASan aborts with "runtime does not come first in initial library list" behind anything else. */
static bool is_sanitizer(const char *entry, size_t len)
{
	static const char *const patterns[] = { "*libasan.so*", "*libtsan.so*", "*libubsan.so*",
						"*liblsan.so*", "*libhwasan.so*", "*libclang_rt.*" };

	for (size_t i = 0; i < ZC_LEN(patterns); i++)
		if (matches(patterns[i], entry, len))
			return true;
	return false;
}

static void append(char *list, const char *entry, size_t len)
{
	size_t used = strlen(list);

	if (used)
		list[used++] = ':';
	memcpy(list + used, entry, len);
	list[used + len] = '\0';
}

/* ld.so takes spaces and colons alike as separators. */
static void append_old(char *list, const char *old, bool sanitizers, const char *shim)
{
	for (; *old; old += strspn(old, ": ")) {
		size_t len = strcspn(old, ": ");
		bool ours = len == strlen(shim) && memcmp(old, shim, len) == 0;

		if (len && !ours && is_sanitizer(old, len) == sanitizers)
			append(list, old, len);
		old += len;
	}
}

char *zc_env_preload(const char *old, const char *shim)
{
	char *list = calloc(1, (old ? strlen(old) : 0) + strlen(shim) + 3);

	if (!list)
		return NULL;
	if (old)
		append_old(list, old, true, shim);
	append(list, shim, strlen(shim));
	if (old)
		append_old(list, old, false, shim);
	return list;
}
