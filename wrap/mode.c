/* SPDX-License-Identifier: MIT */
/*
 * mode.c - which way of watching: an ordered table, strongest first, and why each does not fit.
 *
 * `auto` takes the first row that fits. A mode that was asked for by name is used or refused, never
 * replaced by something weaker.
 */
#include <errno.h>
#include <string.h>

#include "wrap/wrap.h"

static const struct {
	const char *name;
	const char *why_not; /* NULL: it fits */
} modes[] = {
	{ "sealed", "not built yet" }, { "trace", "not built yet" },
	{ "hybrid", "not built yet" }, { "shim", NULL },
	{ "watch", "not built yet" },
};

static int find(const char *name)
{
	for (size_t i = 0; i < ZC_LEN(modes); i++)
		if (strcmp(modes[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int unknown(const char *option, const char *name, struct zc_trouble *trouble)
{
	return zc_trouble(
		trouble, -EINVAL,
		"--%s=%s: no such mode; expected auto, sealed, trace, hybrid, shim or watch",
		option, name);
}

int zc_mode_choose(struct zc_mode_choice *choice, const struct zc_options *options,
		   struct zc_trouble *trouble)
{
	bool automatic = strcmp(options->mode, "auto") == 0;
	int asked = automatic ? -1 : find(options->mode);
	int required = options->require ? find(options->require) : -1;

	*choice = (struct zc_mode_choice){ .asked = options->mode };
	if (!automatic && asked < 0)
		return unknown("mode", options->mode, trouble);
	if (options->require && required < 0)
		return unknown("require", options->require, trouble);
	if (asked >= 0 && modes[asked].why_not)
		return zc_trouble(trouble, -ENOSYS, "--mode=%s: %s", options->mode,
				  modes[asked].why_not);
	for (size_t i = 0; i < ZC_LEN(modes) && !choice->used; i++) {
		if (!modes[i].why_not && (automatic || (int)i == asked))
			choice->used = modes[i].name;
		else if (automatic)
			choice->why_not[choice->why_nots++] =
				(struct zc_why_not){ modes[i].name, modes[i].why_not };
	}
	if (required >= 0 && find(choice->used) > required)
		return zc_trouble(trouble, -ENOSYS,
				  "--require=%s: %s; the strongest that fits is %s",
				  options->require, modes[required].why_not, choice->used);
	return 0;
}
