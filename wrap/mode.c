/* SPDX-License-Identifier: MIT */
/*
 * mode.c - which way of watching: an ordered table, strongest first, and why each does not fit.
 *
 * `auto` takes the first row that fits. A mode that was asked for by name is used or refused, never
 * replaced by something weaker. `trace` is there for who asks for it; whether a host and a command
 * suit it is not found out yet, so `auto` does not take it by itself.
 */
#include <errno.h>
#include <string.h>

#include "wrap/wrap.h"

static const struct {
	const char *name;
	const char *why_not;      /* NULL: it is there */
	const char *why_not_auto; /* NULL: auto may take it */
	bool traced;
} modes[] = {
	{ "sealed", "not built yet", NULL, true },
	{ "trace", NULL, "used when asked for: --mode=trace", true },
	{ "hybrid", "not built yet", NULL, true },
	{ "shim", NULL, NULL, false },
	{ "watch", "not built yet", NULL, false },
};

static int find(const char *name)
{
	for (size_t i = 0; i < ZC_LEN(modes); i++)
		if (strcmp(modes[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool zc_mode_is_traced(const char *mode)
{
	int at = find(mode);

	return at >= 0 && modes[at].traced;
}

static int unknown(const char *option, const char *name, struct zc_trouble *trouble)
{
	return zc_trouble(
		trouble, -EINVAL,
		"--%s=%s: no such mode; expected auto, sealed, trace, hybrid, shim or watch",
		option, name);
}

/* The strongest row that fits, and why each before it does not. only: what was asked for, or -1. */
static void pick(struct zc_mode_choice *choice, int only, bool reluctant)
{
	choice->used = NULL;
	choice->why_nots = 0;
	for (size_t i = 0; i < ZC_LEN(modes) && !choice->used; i++) {
		const char *why_not = modes[i].why_not;

		if (!why_not && only >= 0 && (int)i != only)
			why_not = "another was asked for";
		if (!why_not && only < 0 && !reluctant)
			why_not = modes[i].why_not_auto;
		if (!why_not)
			choice->used = modes[i].name;
		else
			choice->why_not[choice->why_nots++] =
				(struct zc_why_not){ modes[i].name, why_not };
	}
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
	pick(choice, asked, false);
	if (required >= 0 && find(choice->used) > required)
		pick(choice, asked, true);
	if (required >= 0 && find(choice->used) > required)
		return zc_trouble(
			trouble, -ENOSYS, "--require=%s: %s; the strongest that fits is %s",
			options->require,
			modes[required].why_not ? modes[required].why_not : "another was asked for",
			choice->used);
	return 0;
}
