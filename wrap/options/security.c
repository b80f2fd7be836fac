/* SPDX-License-Identifier: MIT */
/*
 * security.c - --security=LEVEL: a few flags by one name. What it comes to is said, because a level that
 * does not say what it does is only a feeling.
 */
#include <errno.h>
#include <string.h>

#include "wrap/wrap.h"

#define FLAGS_MAX 5u

/* A flag that the user has given keeps the user's value; includes add up. */
static const struct {
	const char *name;
	const char *require; /* NULL: whatever works */
	struct zc_policy_flag flag[FLAGS_MAX];
	const char *text;
} levels[] = {
	{ "basic", NULL, { { "include", "@dev" } }, "--best-effort --include=@dev" },
	{ "standard",
	  NULL,
	  { { "include", "@dev" }, { "include", "@guard" } },
	  "--best-effort --include=@dev --include=@guard" },
	{ "enhanced",
	  "trace",
	  { { "include", "@ci" }, { "include", "@guard" } },
	  "--require=trace --include=@ci --include=@guard" },
	{ "maximum",
	  "sealed",
	  { { "include", "@offline" }, { "include", "@guard" }, { "no-net", NULL } },
	  "--require=sealed --include=@offline --include=@guard --no-net" },
};

int zc_security_apply(struct zc_options *options, struct zc_trouble *trouble)
{
	const char *level = options->security;
	size_t i = 0;
	int r = 0;

	if (!level)
		return 0;
	while (i < ZC_LEN(levels) && strcmp(levels[i].name, level) != 0)
		i++;
	if (i == ZC_LEN(levels))
		return zc_trouble(trouble, -EINVAL,
				  "--security=%s: expected basic, standard, enhanced or maximum",
				  level);
	if (!options->require && !options->best_effort)
		options->require = levels[i].require;
	for (size_t n = 0; n < FLAGS_MAX && levels[i].flag[n].name && r == 0; n++)
		r = zc_options_add_policy(options, levels[i].flag[n].name, levels[i].flag[n].value);
	if (r < 0)
		return zc_trouble(trouble, r, "out of memory");
	if (!options->quiet)
		zc_say("--security=%s is %s", level, levels[i].text);
	return 0;
}
