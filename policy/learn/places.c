/* SPDX-License-Identifier: MIT */
/*
 * places.c - what a directory is for decides how far a rule may reach in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/path.h"
#include "policy/language/language.h"
#include "policy/learn/parts.h"

static int add_base(struct zc_learn *learn, const char *path, unsigned variable)
{
	size_t len = path ? strlen(path) : 0;

	while (len > 1 && path[len - 1] == '/')
		len--;
	/* The root and what is not absolute are no place of anybody's. */
	if (len < 2 || path[0] != '/')
		return 0;
	for (size_t i = 0; i < learn->bases; i++)
		if (learn->base[i].len == len && memcmp(learn->base[i].path, path, len) == 0)
			return 0;
	learn->base[learn->bases] =
		(struct zc_learn_base){ zc_set_copy(learn->memory, path, len), len, variable };
	return learn->base[learn->bases++].path ? 0 : -ENOMEM;
}

/* As it is called, and where it leads: paths are seen by their real names. */
static int add_both(struct zc_learn *learn, const char *path, unsigned variable)
{
	char *real = path && path[0] == '/' ? realpath(path, NULL) : NULL;
	int r = real ? add_base(learn, real, variable) : 0;

	free(real);
	return r < 0 ? r : add_base(learn, path, variable);
}

static bool holds_home(const struct zc_policy_world *world)
{
	size_t len = world->home ? strlen(world->home) : 0;

	return world->project && len &&
	       zc_path_under(world->home, len, world->project, strlen(world->project));
}

int zc_learn_places(struct zc_learn *learn)
{
	const struct zc_policy_world *world = &learn->world;
	int r = 0;

	/* Where home is the working directory, or lies in it, it is home. */
	if (!holds_home(world))
		r = add_both(learn, world->project, ZC_VAR_PROJECT);
	if (r == 0)
		r = add_both(learn, world->home, ZC_VAR_HOME);
	if (r == 0)
		r = add_both(learn, world->tmpdir ? world->tmpdir : "/tmp", ZC_VAR_TMPDIR);
	return r;
}

/* The innermost place that holds path, NULL: none. */
static const struct zc_learn_base *base_of(const struct zc_learn *learn, const char *path,
					   size_t len)
{
	const struct zc_learn_base *best = NULL;

	for (size_t i = 0; i < learn->bases; i++)
		if (zc_path_under(path, len, learn->base[i].path, learn->base[i].len) &&
		    (best == NULL || learn->base[i].len > best->len))
			best = &learn->base[i];
	return best;
}

static bool below(const char *path, size_t len, const char *dir)
{
	return zc_path_under(path, len, dir, strlen(dir));
}

static bool is_among(const char *const *names, size_t count, const char *path, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], path, len) == 0)
			return true;
	return false;
}

static const char *const temporary[] = { "/tmp", "/var/tmp", "/dev/shm" };

enum zc_learn_zone zc_learn_zone(const struct zc_learn *learn, const char *path, size_t len)
{
	const struct zc_learn_base *base = base_of(learn, path, len);

	if (base && base->variable == ZC_VAR_PROJECT)
		return ZC_ZONE_PROJECT;
	if (base && base->variable == ZC_VAR_TMPDIR)
		return ZC_ZONE_TEMPORARY;
	if (base)
		return ZC_ZONE_HOME;
	for (size_t i = 0; i < ZC_LEN(temporary); i++)
		if (below(path, len, temporary[i]))
			return ZC_ZONE_TEMPORARY;
	return ZC_ZONE_OTHER;
}

bool zc_learn_is_place(const struct zc_learn *learn, const char *path, size_t len)
{
	if (len <= 1 || is_among(temporary, ZC_LEN(temporary), path, len))
		return true;
	for (size_t i = 0; i < learn->bases; i++)
		if (zc_path_under(learn->base[i].path, learn->base[i].len, path, len))
			return true;
	return false;
}

bool zc_learn_is_container(const struct zc_learn *learn, const char *path, size_t len)
{
	/* Below home: where many programs keep what is theirs. */
	static const char *const shared[] = { "/.cache",       "/.config",      "/.local",
					      "/.local/share", "/.local/state", "/.local/lib",
					      "/.local/bin",   "/.var",         "/.var/app",
					      "/snap",         "/Library" };
	static const char *const wide[] = { "/usr", "/var",   "/home", "/run",
					    "/mnt", "/media", "/srv" };
	size_t slashes = 0;

	for (size_t i = 0; i < len; i++)
		slashes += path[i] == '/';
	if (slashes <= 1)
		return true;
	for (size_t i = 0; i < ZC_LEN(wide); i++)
		if (below(path, len, wide[i]) && slashes <= 2)
			return true;
	if (zc_learn_is_place(learn, path, len))
		return true;
	for (size_t i = 0; i < learn->bases; i++) {
		const struct zc_learn_base *base = &learn->base[i];

		if (base->variable == ZC_VAR_HOME && len > base->len &&
		    zc_path_under(path, len, base->path, base->len) &&
		    is_among(shared, ZC_LEN(shared), path + base->len, len - base->len))
			return true;
	}
	return false;
}

bool zc_learn_is_guarded(const struct zc_learn *learn, const char *path, size_t len)
{
	static const char *const system[] = { "/etc",     "/proc",      "/sys",     "/dev",
					      "/run",     "/boot",      "/root",    "/var/run",
					      "/var/lib", "/var/spool", "/var/log", "/var/db",
					      "/home" };

	if (zc_learn_zone(learn, path, len) != ZC_ZONE_OTHER)
		return false;
	for (size_t i = 0; i < ZC_LEN(system); i++)
		if (below(path, len, system[i]))
			return true;
	return false;
}

/* A cache by its name, anywhere on the way from dir_len on. */
static bool in_cache(const char *path, size_t len, size_t dir_len)
{
	for (size_t i = dir_len; i + 5 <= len; i++)
		if (strncasecmp(path + i, "cache", 5) == 0)
			return true;
	return false;
}

bool zc_learn_is_scratch(const struct zc_learn *learn, const char *path, size_t len)
{
	const struct zc_learn_base *base = base_of(learn, path, len);

	switch (zc_learn_zone(learn, path, len)) {
	case ZC_ZONE_PROJECT:
	case ZC_ZONE_TEMPORARY: return true;
	case ZC_ZONE_HOME: return in_cache(path, len, base ? base->len : 0);
	case ZC_ZONE_OTHER: break;
	}
	return below(path, len, "/var/cache");
}

const char *zc_learn_spell(struct zc_learn *learn, const char *path, size_t len, bool wild)
{
	const struct zc_learn_base *base = base_of(learn, path, len);
	const char *rest, *variable = "";

	/* A variable's value may not hold a '*' where wildcards follow; and "~x" would be another home. */
	if (base && !(wild && memchr(path, '*', base->len))) {
		variable = base->variable == ZC_VAR_HOME ? "~" : zc_variable_name(base->variable);
		path += base->len;
		len -= base->len;
	}
	/* Other processes have other numbers each time. */
	if (wild && len > 7 && memcmp(path, "/proc/*/", 8) == 0) {
		variable = zc_variable_name(ZC_VAR_OTHERS);
		path += 7;
		len -= 7;
	}
	if (len == 0)
		return variable;
	rest = zc_value_encode(learn->memory, path, len, !wild);
	return rest ? zc_set_format(learn->memory, "%s%s", variable, rest) : NULL;
}
