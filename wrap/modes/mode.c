/* SPDX-License-Identifier: MIT */
/*
 * mode.c - which way of watching: an ordered table, strongest first, and why each does not fit.
 *
 * `auto` takes the first row that fits; --fast puts hybrid in front. A mode that was asked for by name
 * is used or refused, never replaced by something weaker unless --best-effort says so. What a row
 * needs of the host is tried (probe.h), and only when the row is reached.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "wrap/modes/layers.h"
#include "wrap/modes/probe.h"
#include "wrap/wrap.h"

/* What the rows look at, and room for what they say. */
struct view {
	const struct zc_options *options;
	const struct zc_kernel_wish *kernel;
	struct zc_host *host;
	bool audit;
	char text[ZC_REASON];
	const char *engine;     /* of the row that fits ... */
	const char *engine_why; /* ... and why it is not the better one; NULL: it is */
};

static const char *reason(struct view *view, const char *format, ...) ZC_PRINTF(2, 3);
static const char *reason(struct view *view, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(view->text, sizeof(view->text), format, args);
	va_end(args);
	return view->text;
}

/* What was asked for can only be had by tracing. NULL: nothing. */
static const char *needs_tracer(const struct zc_options *options)
{
	return options->attach.count ? "attach"
	       : options->verbose    ? "verbose"
	       : options->stacks     ? "stacks"
	       : options->classes    ? "classes"
	       : options->summary    ? "summary"
				     : NULL;
}

/* --- what the rows need ------------------------------------------------------------------------------ */

static const char *fits_engine(struct view *view)
{
	const char *asked = view->options->engine;
	bool automatic = strcmp(asked, "auto") == 0;

	if (view->options->attach.count)
		return "a running process is attached to in mode trace only";
	if ((automatic || strcmp(asked, "notify") == 0) &&
	    zc_host_can(view->host, ZC_FACT_NOTIFY)) {
		view->engine = "notify";
		return NULL;
	}
	if ((automatic || strcmp(asked, "ptrace") == 0) &&
	    zc_host_can(view->host, ZC_FACT_PTRACE)) {
		view->engine = "ptrace";
		view->engine_why = automatic ? view->host->fact[ZC_FACT_NOTIFY].why
					     : "--engine=ptrace asks for it";
		return NULL;
	}
	if (!automatic)
		return reason(
			view, "--engine=%s: %s", asked,
			view->host->fact[strcmp(asked, "notify") ? ZC_FACT_PTRACE : ZC_FACT_NOTIFY]
				.why);
	return reason(view, "no engine works here: notify: %s; ptrace: %s",
		      view->host->fact[ZC_FACT_NOTIFY].why, view->host->fact[ZC_FACT_PTRACE].why);
}

static const char *fits_sealed(struct view *view)
{
	if (!view->audit && !(view->kernel->take & 1u << ZC_CONFINE_LANDLOCK))
		return reason(view, "--kernel=%s leaves out Landlock, which seals it",
			      view->options->kernel);
	if (!view->audit && !zc_host_can(view->host, ZC_FACT_LANDLOCK))
		return reason(view, "no Landlock: %s", view->host->fact[ZC_FACT_LANDLOCK].why);
	return fits_engine(view);
}

static const char *fits_trace(struct view *view)
{
	view->engine = "ptrace";
	if (strcmp(view->options->engine, "notify") == 0)
		return "--engine=notify: mode trace is the ptrace engine";
	if (!view->audit && view->kernel->require)
		return reason(view, "--kernel=%s: mode trace has no kernel layers",
			      view->options->kernel);
	/* Attaching has its own, better reasons. */
	if (view->options->attach.count || zc_host_can(view->host, ZC_FACT_PTRACE))
		return NULL;
	return view->host->fact[ZC_FACT_PTRACE].why;
}

/* The library must lie somewhere; whether the command can load it is a matter of coverage. */
static const char *fits_library(struct view *view)
{
	char path[ZC_PATH_CAP];
	struct zc_trouble trouble;

	/* Its hooks in this very process would hand on its session, and not ours. */
	if (zc_channel_inside())
		return "this is inside another run, whose library stays in charge of the command; "
		       "give that one --mode=sealed";
	if (zc_channel_find_shim(view->options->shim, path, &trouble) == 0)
		return NULL;
	return reason(view, "%s", trouble.text);
}

static const char *fits_hybrid(struct view *view)
{
	const char *why_not = fits_engine(view);

	if (!why_not)
		why_not = fits_library(view);
	if (why_not)
		return why_not;
	if (view->host->outer_listener)
		return "the gate is in a filter, and another supervisor answers system calls here";
	if (strcmp(view->engine, "ptrace") == 0 && !zc_host_can(view->host, ZC_FACT_SECCOMP))
		return reason(view, "the gate is in a filter: %s",
			      view->host->fact[ZC_FACT_SECCOMP].why);
	return NULL;
}

static const char *fits_untraced(struct view *view)
{
	const char *tracing = needs_tracer(view->options);

	if (tracing)
		return reason(view, "--%s needs a tracer: mode sealed, trace or hybrid", tracing);
	if (strcmp(view->options->engine, "auto") != 0)
		return reason(view, "--engine=%s needs a tracer: mode sealed or hybrid",
			      view->options->engine);
	return NULL;
}

static const char *fits_shim(struct view *view)
{
	const char *why_not = fits_untraced(view);

	view->engine = "shim";
	return why_not ? why_not : fits_library(view);
}

static const char *fits_watch(struct view *view)
{
	view->engine = "proc";
	if (!view->audit && view->kernel->require)
		return reason(view, "--kernel=%s: mode watch refuses nothing",
			      view->options->kernel);
	return fits_untraced(view);
}

static const struct {
	const char *name;
	const char *(*fits)(struct view *view); /* NULL, or why not */
	bool traced;
} modes[] = {
	{ "sealed", fits_sealed, true }, { "trace", fits_trace, true },
	{ "hybrid", fits_hybrid, true }, { "shim", fits_shim, false },
	{ "watch", fits_watch, false },
};
enum { HYBRID = 2 };

/* --- the choice ------------------------------------------------------------------------------------------ */

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

const char *zc_mode_name(size_t row)
{
	return row < ZC_LEN(modes) ? modes[row].name : NULL;
}

static int unknown(const char *option, const char *name, struct zc_trouble *trouble)
{
	return zc_trouble(
		trouble, -EINVAL,
		"--%s=%s: no such mode; expected auto, sealed, trace, hybrid, shim or watch",
		option, name);
}

static bool is_audit(const struct zc_options *options)
{
	for (size_t i = 0; i < options->policy_count; i++)
		if (strcmp(options->policy[i].name, "audit") == 0)
			return true;
	return false;
}

/* Rows of the table in the order of trying. only: the first to be tried. Returns how many. */
static size_t line_up(const struct zc_options *options, int only, size_t order[])
{
	size_t count = 0;

	if (only >= 0) {
		order[count++] = (size_t)only;
		for (size_t i = (size_t)only + 1; options->best_effort && i < ZC_LEN(modes); i++)
			order[count++] = i;
		return count;
	}
	if (options->fast)
		order[count++] = HYBRID;
	for (size_t i = 0; i < ZC_LEN(modes); i++)
		if (!options->fast || i != HYBRID)
			order[count++] = i;
	return count;
}

static void keep_reason(struct zc_mode_choice *choice, size_t row, const char *why)
{
	snprintf(choice->reason[row], ZC_REASON, "%s", why);
}

/* Those stronger than what is used, each with its reason. */
static void list_reasons(struct zc_mode_choice *choice, size_t used, const char *untried)
{
	for (size_t i = 0; i < used; i++)
		choice->why_not[choice->why_nots++] =
			(struct zc_why_not){ modes[i].name,
					     *choice->reason[i] ? choice->reason[i] : untried };
}

/* Returns the row, or -1 when none of those that may be used fits; each then has its reason. */
static int pick(struct zc_mode_choice *choice, struct view *view, int only, int required)
{
	size_t order[ZC_LEN(modes)], count = line_up(view->options, only, order);

	for (size_t i = 0; i < count; i++) {
		size_t row = order[i];
		const char *why_not;

		if (required >= 0 && row > (size_t)required)
			continue;
		view->engine_why = NULL;
		why_not = modes[row].fits(view);
		if (!why_not) {
			choice->used = modes[row].name;
			choice->engine = view->engine;
			if (view->engine_why)
				snprintf(choice->engine_why, ZC_REASON, "%s", view->engine_why);
			return (int)row;
		}
		keep_reason(choice, row, why_not);
	}
	return -1;
}

static int nothing_fits(struct zc_mode_choice *choice, const struct zc_options *options, int asked,
			int required, struct zc_trouble *trouble)
{
	if (required >= 0 && asked > required)
		return zc_trouble(trouble, -ENOSYS,
				  "--require=%s: --mode=%s is weaker; ask for one of them",
				  options->require, options->mode);
	if (required >= 0)
		return zc_trouble(trouble, -ENOSYS,
				  "--require=%s: %s; 'zcwrap --doctor' says what would help",
				  options->require,
				  *choice->reason[required] ? choice->reason[required]
							    : choice->reason[0]);
	return zc_trouble(trouble, -ENOSYS, "--mode=%s: %s", options->mode,
			  choice->reason[asked >= 0 ? asked : 0]);
}

int zc_mode_choose(struct zc_mode_choice *choice, const struct zc_options *options,
		   struct zc_host *host, struct zc_trouble *trouble)
{
	bool automatic = strcmp(options->mode, "auto") == 0;
	int asked = automatic ? -1 : find(options->mode), row;
	int required = options->require ? find(options->require) : -1;
	struct zc_kernel_wish kernel;
	struct view view = {
		.options = options, .kernel = &kernel, .host = host, .audit = is_audit(options)
	};

	*choice = (struct zc_mode_choice){ .asked = options->mode };
	if (!automatic && asked < 0)
		return unknown("mode", options->mode, trouble);
	if (options->require && required < 0)
		return unknown("require", options->require, trouble);
	if (options->fast && !automatic)
		return zc_trouble(trouble, -EINVAL, "--fast goes with --mode=auto, not %s",
				  options->mode);
	row = zc_kernel_parse(options, &kernel, trouble);
	if (row < 0)
		return row;
	row = pick(choice, &view, asked, required);
	if (row < 0)
		return nothing_fits(choice, options, asked, required, trouble);
	list_reasons(choice, (size_t)row,
		     options->fast ? "--fast asks for hybrid first" : "another was asked for");
	return 0;
}

void zc_mode_engine_lost(struct zc_mode_choice *choice, int error)
{
	snprintf(choice->engine_why, ZC_REASON, "%s: %s", choice->engine,
		 error == EBUSY ? "another supervisor answers system calls here" : strerror(error));
}

void zc_mode_survey(struct zc_mode_choice *choice, const struct zc_options *options,
		    struct zc_host *host)
{
	struct zc_kernel_wish kernel = { .take = ZC_KERNEL_AUTO };

	*choice = (struct zc_mode_choice){ .asked = "auto" };
	for (size_t i = 0; i < ZC_LEN(modes); i++) {
		struct view view = { .options = options, .kernel = &kernel, .host = host };
		const char *why_not = modes[i].fits(&view);

		choice->fits[i] = !why_not;
		choice->engines[i] = view.engine;
		keep_reason(choice, i, why_not ? why_not : "");
	}
}
