/* SPDX-License-Identifier: MIT */
/*
 * options.c - parsing, by the one table of option_rows.c; "did you mean" reads it too.
 *
 * Long options take --name=value, and --name value where the value is required. A policy flag whose
 * value is optional takes only the "=" form, or "--allow-net ls" would swallow the command.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text/units.h"
#include "policy/policy_set.h"
#include "wrap/options/option_rows.h"
#include "wrap/wrap.h"

static const struct zc_option_row *row_named(const char *name)
{
	for (size_t i = 0; i < zc_option_row_count; i++)
		if (strcmp(zc_option_rows[i].name, name) == 0 && !strstr(name, "CLASS"))
			return &zc_option_rows[i];
	return NULL;
}

static const struct zc_option_row *row_lettered(const char *argument)
{
	for (size_t i = 0; i < zc_option_row_count; i++)
		if (zc_option_rows[i].letter && zc_option_rows[i].letter == argument[1] &&
		    !argument[2])
			return &zc_option_rows[i];
	return NULL;
}

static int unknown(const char *argument, const char *name, struct zc_trouble *trouble)
{
	const char *best = zc_policy_suggest(name);
	unsigned least = best ? zc_option_distance(name, best) : UINT_MAX;

	for (size_t i = 0; i < zc_option_row_count; i++) {
		bool begun = strlen(name) > 2 &&
			     strncmp(name, zc_option_rows[i].name, strlen(name)) == 0;
		unsigned distance = begun ? 0 : zc_option_distance(name, zc_option_rows[i].name);

		if (distance < least && !strstr(zc_option_rows[i].name, "CLASS")) {
			least = distance;
			best = zc_option_rows[i].name;
		}
	}
	if (best && least <= 1 + strlen(name) / 4)
		return zc_trouble(trouble, -EINVAL, "unknown option '%s'; did you mean '--%s'?",
				  argument, best);
	return zc_trouble(trouble, -EINVAL, "unknown option '%s'; 'zcwrap --help' lists them",
			  argument);
}

static int bad_value(const struct zc_option_row *row, const char *value, const char *what,
		     struct zc_trouble *trouble)
{
	return zc_trouble(trouble, -EINVAL, "--%s=%s: %s", row->name, value, what);
}

static int add_text(struct zc_option_list *texts, const char *text)
{
	const char **more = realloc(texts->item, (texts->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	texts->item = more;
	more[texts->count++] = text;
	return 0;
}

int zc_options_add_policy(struct zc_options *options, const char *name, const char *value)
{
	struct zc_policy_flag *more =
		realloc(options->policy, (options->policy_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	options->policy = more;
	more[options->policy_count++] = (struct zc_policy_flag){ name, value };
	return 0;
}

static int set_duration(const struct zc_option_row *row, int64_t *place, const char *value,
			struct zc_trouble *trouble)
{
	int r;

	if (row->kind == LINGER && strcmp(value, "forever") == 0) {
		*place = ZC_FOREVER;
		return 0;
	}
	r = zc_units_ms(value, place);
	if (r == -ERANGE)
		return bad_value(row, value, "too long a time", trouble);
	if (r < 0)
		return bad_value(row, value,
				 row->kind == LINGER
					 ? "not a time; expected 10, 10s, 2m, 1h or 'forever'"
					 : "not a time; expected 10, 10s, 2m or 1h",
				 trouble);
	return 0;
}

/* How long events.jsonl may grow: too little would make a file of every line. */
static int set_limit(const struct zc_option_row *row, int64_t *place, const char *value,
		     struct zc_trouble *trouble)
{
	bool size = row->kind == SIZE;
	int64_t limit;
	int r = size ? zc_units_bytes(value, &limit) : zc_units_ms(value, &limit);

	if (r < 0)
		return bad_value(row, value,
				 r == -ERANGE ? "too much"
				 : size       ? "not a size; expected 65536, 64K, 16M or 1G"
					      : "not a time; expected 10, 10s, 2m, 1h or 1d",
				 trouble);
	if (limit < (size ? 4096 : 1000))
		return bad_value(row, value, size ? "at least 4K" : "at least 1s", trouble);
	*place = limit;
	return 0;
}

static int set_digest(const struct zc_option_row *row, unsigned *place, const char *value,
		      struct zc_trouble *trouble)
{
	static const char *const names[] = { "read", "exec" };
	unsigned bits = 0;

	for (const char *at = value; *at;) {
		size_t len = strcspn(at, ","), i = 0;

		while (i < ZC_LEN(names) &&
		       (strlen(names[i]) != len || strncmp(names[i], at, len) != 0))
			i++;
		if (i == ZC_LEN(names))
			break;
		bits |= 1u << i;
		at += len;
		if (!*at++) {
			*place = bits;
			return 0;
		}
	}
	return bad_value(row, value, "expected read, exec or read,exec", trouble);
}

static int set_violation_exit(struct zc_options *options, const struct zc_option_row *row,
			      const char *value, struct zc_trouble *trouble)
{
	bool always = strncmp(value, "always:", 7) == 0;
	unsigned long number;

	if (zc_option_number(value + (always ? 7 : 0), 255, &number) < 0)
		return bad_value(row, value, "expected N or always:N, with N from 0 to 255",
				 trouble);
	options->violation_exit = (int)number;
	options->violation_always = always;
	return 0;
}

static int set_descriptor(const struct zc_option_row *row, int *place, const char *value,
			  struct zc_trouble *trouble)
{
	unsigned long number;

	if (zc_option_number(value, INT_MAX, &number) < 0)
		return bad_value(row, value, "expected the number of an open descriptor", trouble);
	*place = (int)number;
	return 0;
}

static int set_show(struct zc_options *options, const struct zc_option_row *row, const char *value,
		    struct zc_trouble *trouble)
{
	if (value && strcmp(value, "json") != 0)
		return bad_value(row, value, "expected 'json' or no value", trouble);
	options->show_policy = true;
	options->show_policy_json = value != NULL;
	return 0;
}

static int set_text(const struct zc_option_row *row, void *place, const char *value,
		    struct zc_trouble *trouble)
{
	if (row->kind == TEXT) {
		if (!*value)
			return bad_value(row, value, "empty", trouble);
		*(const char **)place = value;
		return 0;
	}
	if (row->kind == NAME_VALUE && (!strchr(value, '=') || *value == '='))
		return bad_value(row, value, "expected NAME=VALUE", trouble);
	if (row->kind == HIDDEN && strlen(value) < 3)
		return bad_value(row, "...", "at least three bytes", trouble);
	if (row->kind == LIST && (!*value || strchr(value, '=')))
		return bad_value(row, value, "expected the name of a variable", trouble);
	if (row->kind == FILES && !*value)
		return bad_value(row, value, "empty", trouble);
	return add_text(place, value);
}

/* value is NULL only where the row says that it may be missing. */
static int apply(struct zc_options *options, const struct zc_option_row *row, const char *value,
		 struct zc_trouble *trouble)
{
	void *place = (char *)options + row->offset;
	const char *given = value ? value : "";

	switch ((enum zc_option_kind)row->kind) {
	case FLAG: *(bool *)place = true; return 0;
	case TEXT:
	case LIST:
	case HIDDEN:
	case FILES:
	case NAME_VALUE: return set_text(row, place, given, trouble);
	case DURATION:
	case LINGER: return set_duration(row, place, given, trouble);
	case DIGEST: return set_digest(row, place, given, trouble);
	case SIZE:
	case AGE: return set_limit(row, place, given, trouble);
	case DESCRIPTOR: return set_descriptor(row, place, given, trouble);
	case VIOLATION_EXIT: return set_violation_exit(options, row, given, trouble);
	case SHOW: return set_show(options, row, value, trouble);
	case SINK:
		*(const char **)place = value ? value : "2";
		options->quiet |= !value; /* lines for people would lie between the events */
		return 0;
	case POLICY: return zc_options_add_policy(options, row->name, value);
	case REQUIRE:
		options->require = given;
		options->best_effort = false;
		return 0;
	case BEST_EFFORT:
		options->require = NULL;
		options->best_effort = true;
		return 0;
	}
	return -EINVAL;
}

/* One option at argv[*at]; moves *at past it and its value. */
static int parse_one(struct zc_options *options, int argc, char **argv, int *at,
		     struct zc_trouble *trouble)
{
	const char *argument = argv[(*at)++];
	const char *name = argument + 2, *value = NULL;
	const struct zc_option_row *row;
	struct zc_option_row from_policy = { .kind = POLICY };
	int takes;

	if (argument[1] != '-') {
		row = row_lettered(argument);
		if (!row)
			return unknown(argument, argument + 1, trouble);
		name = row->name;
	} else {
		char *equals = strchr(argv[*at - 1], '=');

		/* argv is ours to cut: the name ends where the value begins. */
		if (equals) {
			*equals = '\0';
			value = equals + 1;
		}
		row = row_named(name);
	}
	if (!row || row->kind == POLICY) {
		from_policy.name = name;
		if (!zc_policy_is_flag(name, &takes))
			return unknown(argument, name, trouble);
		row = &from_policy;
	} else {
		takes = row->takes;
	}
	if (value && takes == NEVER)
		return zc_trouble(trouble, -EINVAL, "--%s=%s: it takes no value", name, value);
	if (!value && takes == ALWAYS) {
		if (*at >= argc)
			return zc_trouble(trouble, -EINVAL, "--%s needs a value", name);
		value = argv[(*at)++];
	}
	return apply(options, row, value, trouble);
}

static bool is_class_list(const char *text)
{
	static const char *const names[] = { "file", "exec", "net", "sys" };

	while (*text) {
		size_t len = strcspn(text, ","), i = 0;

		while (i < ZC_LEN(names) &&
		       (strlen(names[i]) != len || strncmp(names[i], text, len)))
			i++;
		if (i == ZC_LEN(names))
			return false;
		text += len + (text[len] == ',');
	}
	return true;
}

/* What only makes sense together; what a mode must be able to do is mode.c's. */
static int check_tracing(const struct zc_options *options, struct zc_trouble *trouble)
{
	static const char *const engines[] = { "auto", "notify", "ptrace" };
	size_t i = 0;

	if (strcmp(zc_say_name, "zctrace") == 0 && strcmp(options->mode, "trace") != 0)
		return zc_trouble(trouble, -EINVAL,
				  "--mode=%s: zctrace traces; 'zcwrap' has others", options->mode);
	while (i < ZC_LEN(engines) && strcmp(engines[i], options->engine) != 0)
		i++;
	if (i == ZC_LEN(engines))
		return zc_trouble(trouble, -EINVAL, "--engine=%s: expected auto, notify or ptrace",
				  options->engine);
	if (options->classes && !is_class_list(options->classes))
		return zc_trouble(trouble, -EINVAL,
				  "--classes=%s: expected some of file,exec,net,sys",
				  options->classes);
	if (options->enforce && !options->attach.count)
		return zc_trouble(trouble, -EINVAL, "--enforce needs --attach=PID (-p)");
	if (options->attach.count && options->command[0])
		return zc_trouble(trouble, -EINVAL,
				  "a command and --attach=PID (-p) do not go together");
	return 0;
}

/* It is learnt from nothing: what a policy allows would not be recorded, and be missing. */
static int begin_learning(struct zc_options *options, struct zc_trouble *trouble)
{
	if (options->policy_count || options->audit_policy.count || options->project)
		return zc_trouble(trouble, -EINVAL,
				  "--learn begins without a policy; leave --%s out, and write "
				  "'include FILE' or rules of your own into the file it makes",
				  options->policy_count ? options->policy[0].name
				  : options->project    ? "project"
							: "audit-policy");
	if (!options->command[0] || options->attach.count)
		return zc_trouble(trouble, -EINVAL, "--learn needs a command to learn from");
	if (zc_options_add_policy(options, "audit", NULL) < 0)
		return zc_trouble(trouble, -ENOMEM, "out of memory");
	return zc_options_add_policy(options, "include", "@protected");
}

int zc_options_parse(struct zc_options *options, int argc, char **argv, struct zc_trouble *trouble)
{
	int at = 1, r = 0;

	*options = (struct zc_options){
		.mode = strcmp(zc_say_name, "zctrace") == 0 ? "trace" : "auto",
		.engine = "auto",
		.timeout_ms = ZC_FOREVER,
		.grace_ms = 5000,
		.ask_ms = 60000,
		.linger_ms = 2000,
		.status_fd = -1,
		.violation_exit = ZC_EXIT_VIOLATIONS,
	};
	while (r == 0 && at < argc && argv[at][0] == '-' && argv[at][1]) {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		r = parse_one(options, argc, argv, &at, trouble);
		if (r == -ENOMEM)
			zc_trouble(trouble, r, "out of memory");
	}
	options->command = argv + (at < argc ? at : argc);
	options->asked = argv + argc;
	if (options->explain_path || options->explain_net) {
		options->asked = options->command;
		options->command = argv + argc;
	}
	if (r == 0)
		r = zc_security_apply(options, trouble);
	if (r == 0 && options->check_policy)
		r = zc_options_add_policy(options, "policy", options->check_policy);
	if (r == 0 && options->learn)
		r = begin_learning(options, trouble);
	/* Somebody else's process is only watched, unless it is said otherwise. */
	if (r == 0 && options->attach.count && !options->enforce)
		r = zc_options_add_policy(options, "audit", NULL);
	return r == 0 ? check_tracing(options, trouble) : r;
}

void zc_options_finish(struct zc_options *options)
{
	free(options->keep_env.item);
	free(options->drop_env.item);
	free(options->set_env.item);
	free(options->attach.item);
	free(options->redact.item);
	free(options->audit_policy.item);
	free(options->policy);
}
