/* SPDX-License-Identifier: MIT */
/*
 * env.c - the command's environment: what the options keep, drop and set, and LD_PRELOAD.
 *
 * Pure but for memory. Entries of environ without '=' are handed on as they are unless cleared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec/carry.h"
#include "core/path.h"
#include "wrap/wrap.h"

/* What --clear-env leaves: enough for a program to find its way, nothing that is a secret. */
static const char *const plain_names[] = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM",
					   "LANG", "LC_*", "TZ",   "TMPDIR",  "PWD" };
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
	size_t used = 0, len = strlen(name) + (value ? strlen(value) : 0) + 2;
	char **more = realloc(*env, (count(*env) + 2) * sizeof(*more));
	char *entry = malloc(len);

	if (more)
		*env = more;
	if (!more || !entry) {
		free(entry);
		return -ENOMEM;
	}
	for (size_t i = 0; more[i]; i++) {
		if (is_named(more[i], name))
			free(more[i]);
		else
			more[used++] = more[i];
	}
	if (value) {
		snprintf(entry, len, "%s=%s", name, value);
		more[used++] = entry;
	} else {
		free(entry);
	}
	more[used] = NULL;
	return 0;
}

int zc_env_preload(char ***env, const char *shim, const struct zc_elf_look *look)
{
	const char *old = zc_env_get(*env, ZC_ENV_PRELOAD);
	size_t cap = strlen(old ? old : "") + strlen(shim) + sizeof(*look) + 8;
	char *list = malloc(cap);
	long len;
	int r;

	if (!list)
		return -ENOMEM;
	len = zc_preload_list(list, cap, old ? old : "", shim, look);
	r = len < 0 ? (int)len : zc_env_put(env, ZC_ENV_PRELOAD, len ? list : NULL);
	free(list);
	return r;
}
