/* SPDX-License-Identifier: MIT */
/*
 * options.c - one table of options; parsing, --help and "did you mean" read it.
 *
 * Long options take --name=value, and --name value where the value is required. A policy flag whose
 * value is optional takes only the "=" form, or "--allow-net ls" would swallow the command.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_set.h"
#include "wrap/options.h"
#include "wrap/wrap.h"

enum kind {
	FLAG,
	TEXT,
	DURATION,
	LINGER,
	LIST,
	NAME_VALUE,
	DESCRIPTOR,
	VIOLATION_EXIT,
	SHOW,
	SINK,
	POLICY,
	LATER
};
enum takes { NEVER, MAYBE, ALWAYS };
enum group { POLICIES, RUNNING, TRACING, ENVIRONMENT, EVIDENCE, LOOKING, NOT_YET, GROUPS };

struct row {
	const char *name;
	char letter;
	uint8_t kind, takes, group;
	uint16_t offset;   /* in struct zc_options */
	const char *value; /* how help writes it */
	const char *help;
};

#define AT(member) offsetof(struct zc_options, member)

static const char *const group_titles[GROUPS] = {
	[POLICIES] = "Policy (no value: everything; repeat a flag for more; user rules over @dev)",
	[RUNNING] = "How it runs",
	[TRACING] = "Tracing (--mode=trace, and zctrace)",
	[ENVIRONMENT] = "Environment (default: all of it; set beats keep beats drop beats clear)",
	[EVIDENCE] = "Evidence and exit",
	[LOOKING] = "Looking without running",
	[NOT_YET] = "Not built yet (answered with 125)",
};

/* clang-format off */
static const struct row rows[] = {
	{ "allow-read", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "allow reading PATH and all below" },
	{ "allow-write", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "... making, changing, removing" },
	{ "allow-run", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "... running programs" },
	{ "allow-net", 0, POLICY, MAYBE, POLICIES, 0, "[=WHERE]", "HOST[:PORT], CIDR, :PORT, unix:PATH, unix:@NAME" },
	{ "allow-listen", 0, POLICY, MAYBE, POLICIES, 0, "[=WHERE]", "[ADDRESS:]PORT" },
	{ "allow-sys", 0, POLICY, MAYBE, POLICIES, 0, "[=NAME]", "mount, bpf, ptrace and so on" },
	{ "deny-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "refuse and record; classes as above" },
	{ "log-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "allow and record" },
	{ "quiet-deny-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "refuse; not a finding" },
	{ "allow-all", 'A', POLICY, NEVER, POLICIES, 0, "", "allow everything that no rule denies" },
	{ "policy", 0, POLICY, ALWAYS, POLICIES, 0, "=FILE", "rules from a file, instead of @dev; - is stdin" },
	{ "include", 0, POLICY, ALWAYS, POLICIES, 0, "=WHAT", "@dev @ci @offline @readonly, or a file" },
	{ "no-base", 0, POLICY, NEVER, POLICIES, 0, "", "without @base: loader, locale, /dev/null ..." },
	{ "no-net", 0, POLICY, NEVER, POLICIES, 0, "", "no sockets but unix ones" },
	{ "jail", 0, POLICY, ALWAYS, POLICIES, 0, "=DIR", "read, write and run below DIR, nothing else" },
	{ "audit", 0, POLICY, NEVER, POLICIES, 0, "", "refuse nothing, record what would be" },
	{ "kill", 0, POLICY, NEVER, POLICIES, 0, "", "end the run at the first refusal" },
	{ "expect", 0, POLICY, ALWAYS, POLICIES, 0, "=RULE", "fail unless it holds: 'deny read ~/.ssh/id_rsa'" },
	{ "gap", 0, POLICY, ALWAYS, POLICIES, 0, "=allow", "a shim that lost its policy refuses nothing" },

	{ "mode", 0, TEXT, ALWAYS, RUNNING, AT(mode), "=MODE", "auto (default: shim), shim or trace" },
	{ "require", 0, TEXT, ALWAYS, RUNNING, AT(require), "=MODE", "fail with 125 rather than use a weaker mode" },
	{ "timeout", 0, DURATION, ALWAYS, RUNNING, AT(timeout_ms), "=TIME", "end it after TIME: 10, 10s, 2m, 1h" },
	{ "grace", 0, DURATION, ALWAYS, RUNNING, AT(grace_ms), "=TIME", "between TERM and KILL (default 5s)" },
	{ "linger", 0, LINGER, ALWAYS, RUNNING, AT(linger_ms), "=TIME", "wait for what it left behind (2s), or forever" },
	{ "chdir", 0, TEXT, ALWAYS, RUNNING, AT(chdir), "=DIR", "start the command in DIR" },
	{ "new-session", 0, FLAG, NEVER, RUNNING, AT(new_session), "", "away from this terminal, setsid(2)" },
	{ "die-with-parent", 0, FLAG, NEVER, RUNNING, AT(die_with_parent), "", "end the run when zcwrap's parent ends" },
	{ "shim", 0, TEXT, ALWAYS, RUNNING, AT(shim), "=FILE", "libzcshim.so, where it is not beside zcwrap" },

	{ "verbose", 'v', FLAG, NEVER, TRACING, AT(verbose), "", "a line for every judged call" },
	{ "stacks", 'k', FLAG, NEVER, TRACING, AT(stacks), "", "... with the stack below it" },
	{ "classes", 'e', TEXT, ALWAYS, TRACING, AT(classes), "=CLASS,...", "... of these: file exec net sys" },
	{ "summary", 0, FLAG, NEVER, TRACING, AT(summary), "", "a table of the calls at the end" },
	{ "attach", 'p', LIST, ALWAYS, TRACING, AT(attach), "=PID", "trace a running process; only watch it" },
	{ "enforce", 0, FLAG, NEVER, TRACING, AT(enforce), "", "with --attach: refuse there too" },

	{ "clear-env", 0, FLAG, NEVER, ENVIRONMENT, AT(clear_env), "", "keep PATH HOME USER SHELL TERM LANG TZ ... only" },
	{ "keep-env", 0, LIST, ALWAYS, ENVIRONMENT, AT(keep_env), "=NAME", "keep NAME all the same; may hold *" },
	{ "set-env", 0, NAME_VALUE, ALWAYS, ENVIRONMENT, AT(set_env), "=NAME=VALUE", "set NAME" },
	{ "drop-env", 0, LIST, ALWAYS, ENVIRONMENT, AT(drop_env), "=NAME", "leave NAME out; may hold *: '*TOKEN*'" },

	{ "log-dir", 0, TEXT, ALWAYS, EVIDENCE, AT(log_dir), "=DIR", "where zc-RUN/ is made (default logs)" },
	{ "quiet", 'q', FLAG, NEVER, EVIDENCE, AT(quiet), "", "say nothing but errors" },
	{ "output", 'o', TEXT, ALWAYS, EVIDENCE, AT(output), "=FILE", "what would go to stderr goes to FILE" },
	{ "json", 0, SINK, MAYBE, EVIDENCE, AT(json), "[=FILE]", "events to FILE or a descriptor's number (2)" },
	{ "no-color", 0, FLAG, NEVER, EVIDENCE, AT(no_color), "", "plain text, as with NO_COLOR" },
	{ "status-fd", 0, DESCRIPTOR, ALWAYS, EVIDENCE, AT(status_fd), "=N", "JSON lines on descriptor N" },
	{ "violation-exit", 0, VIOLATION_EXIT, ALWAYS, EVIDENCE, 0, "=N", "exit N where success met violations (2);\nalways:N overrides a failure too" },

	{ "show-policy", 0, SHOW, MAYBE, LOOKING, 0, "[=json]", "what flags and files come to, with sources" },
	{ "print-command", 0, FLAG, NEVER, LOOKING, AT(print_command), "", "program, environment and policy" },
	{ "freeze", 0, TEXT, ALWAYS, LOOKING, AT(freeze), "=FILE", "write the policy for ZENCUBE_IMAGE=FILE" },
	{ "help", 'h', FLAG, NEVER, LOOKING, AT(help), "", "this text" },
	{ "version", 0, FLAG, NEVER, LOOKING, AT(version), "", "the version" },

	{ "doctor", 0, LATER, MAYBE, NOT_YET, 0, "", "what this host offers" },
	{ "fast", 0, LATER, MAYBE, NOT_YET, 0, "", "ask for hybrid first" },
	{ "kernel", 0, LATER, MAYBE, NOT_YET, 0, "", "kernel layers" },
	{ "learn", 0, LATER, MAYBE, NOT_YET, 0, "", "write a policy from what a run does" },
	{ "report", 0, LATER, MAYBE, NOT_YET, 0, "", "reports beside the evidence" },
	{ "sign", 0, LATER, MAYBE, NOT_YET, 0, "", "sign the evidence" },
};
/* clang-format on */

static const struct row *row_named(const char *name)
{
	for (size_t i = 0; i < ZC_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0 && !strstr(name, "CLASS"))
			return &rows[i];
	return NULL;
}

static const struct row *row_lettered(const char *argument)
{
	for (size_t i = 0; i < ZC_LEN(rows); i++)
		if (rows[i].letter && rows[i].letter == argument[1] && !argument[2])
			return &rows[i];
	return NULL;
}

static int unknown(const char *argument, const char *name, struct zc_trouble *trouble)
{
	const char *best = zc_policy_suggest(name);
	unsigned least = best ? zc_option_distance(name, best) : UINT_MAX;

	for (size_t i = 0; i < ZC_LEN(rows); i++) {
		bool begun = strlen(name) > 2 && strncmp(name, rows[i].name, strlen(name)) == 0;
		unsigned distance = begun ? 0 : zc_option_distance(name, rows[i].name);

		if (distance < least && !strstr(rows[i].name, "CLASS")) {
			least = distance;
			best = rows[i].name;
		}
	}
	if (best && least <= 1 + strlen(name) / 4)
		return zc_trouble(trouble, -EINVAL, "unknown option '%s'; did you mean '--%s'?",
				  argument, best);
	return zc_trouble(trouble, -EINVAL, "unknown option '%s'; 'zcwrap --help' lists them",
			  argument);
}

static int bad_value(const struct row *row, const char *value, const char *what,
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

static int add_policy(struct zc_options *options, const char *name, const char *value)
{
	struct zc_policy_flag *more =
		realloc(options->policy, (options->policy_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	options->policy = more;
	more[options->policy_count++] = (struct zc_policy_flag){ name, value };
	return 0;
}

static int set_duration(const struct row *row, int64_t *place, const char *value,
			struct zc_trouble *trouble)
{
	int r;

	if (row->kind == LINGER && strcmp(value, "forever") == 0) {
		*place = ZC_FOREVER;
		return 0;
	}
	r = zc_option_duration(value, place);
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

static int set_violation_exit(struct zc_options *options, const struct row *row, const char *value,
			      struct zc_trouble *trouble)
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

static int set_descriptor(const struct row *row, int *place, const char *value,
			  struct zc_trouble *trouble)
{
	unsigned long number;

	if (zc_option_number(value, INT_MAX, &number) < 0)
		return bad_value(row, value, "expected the number of an open descriptor", trouble);
	*place = (int)number;
	return 0;
}

static int set_show(struct zc_options *options, const struct row *row, const char *value,
		    struct zc_trouble *trouble)
{
	if (value && strcmp(value, "json") != 0)
		return bad_value(row, value, "expected 'json' or no value", trouble);
	options->show_policy = true;
	options->show_policy_json = value != NULL;
	return 0;
}

static int set_text(const struct row *row, void *place, const char *value,
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
	if (row->kind == LIST && (!*value || strchr(value, '=')))
		return bad_value(row, value, "expected the name of a variable", trouble);
	return add_text(place, value);
}

/* value is NULL only where the row says that it may be missing. */
static int apply(struct zc_options *options, const struct row *row, const char *value,
		 struct zc_trouble *trouble)
{
	void *place = (char *)options + row->offset;
	const char *given = value ? value : "";

	switch ((enum kind)row->kind) {
	case FLAG: *(bool *)place = true; return 0;
	case TEXT:
	case LIST:
	case NAME_VALUE: return set_text(row, place, given, trouble);
	case DURATION:
	case LINGER: return set_duration(row, place, given, trouble);
	case DESCRIPTOR: return set_descriptor(row, place, given, trouble);
	case VIOLATION_EXIT: return set_violation_exit(options, row, given, trouble);
	case SHOW: return set_show(options, row, value, trouble);
	case SINK:
		*(const char **)place = value ? value : "2";
		options->quiet |= !value; /* lines for people would lie between the events */
		return 0;
	case POLICY: return add_policy(options, row->name, value);
	case LATER: return zc_trouble(trouble, -EINVAL, "--%s is not built yet", row->name);
	}
	return -EINVAL;
}

/* One option at argv[*at]; moves *at past it and its value. */
static int parse_one(struct zc_options *options, int argc, char **argv, int *at,
		     struct zc_trouble *trouble)
{
	const char *argument = argv[(*at)++];
	const char *name = argument + 2, *value = NULL;
	const struct row *row;
	struct row from_policy = { .kind = POLICY };
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

/* What only makes sense together. */
static int check_tracing(const struct zc_options *options, struct zc_trouble *trouble)
{
	const char *only = options->attach.count ? "attach"
			   : options->verbose    ? "verbose"
			   : options->stacks     ? "stacks"
			   : options->classes    ? "classes"
			   : options->summary    ? "summary"
						 : NULL;

	if (only && !zc_mode_is_traced(options->mode))
		return zc_trouble(trouble, -EINVAL, "--%s needs --mode=trace", only);
	if (strcmp(zc_say_name, "zctrace") == 0 && !zc_mode_is_traced(options->mode))
		return zc_trouble(trouble, -EINVAL,
				  "--mode=%s: zctrace traces; 'zcwrap' has others", options->mode);
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

int zc_options_parse(struct zc_options *options, int argc, char **argv, struct zc_trouble *trouble)
{
	int at = 1, r = 0;

	*options = (struct zc_options){
		.mode = strcmp(zc_say_name, "zctrace") == 0 ? "trace" : "auto",
		.timeout_ms = ZC_FOREVER,
		.grace_ms = 5000,
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
	/* Somebody else's process is only watched, unless it is said otherwise. */
	if (r == 0 && options->attach.count && !options->enforce)
		r = add_policy(options, "audit", NULL);
	return r == 0 ? check_tracing(options, trouble) : r;
}

void zc_options_finish(struct zc_options *options)
{
	free(options->keep_env.item);
	free(options->drop_env.item);
	free(options->set_env.item);
	free(options->attach.item);
	free(options->policy);
}

static void help_row(const struct row *row, FILE *out)
{
	enum { COLUMN = 27 };
	const char *text = row->help, *end;
	int width = fprintf(out, "  --%s%s", row->name, row->value);

	if (row->letter)
		width += fprintf(out, ", -%c", row->letter);
	while (*text) {
		end = strchrnul(text, '\n');
		fprintf(out, "%*s%.*s\n", width < COLUMN ? COLUMN - width : 1, "",
			(int)(end - text), text);
		text = *end ? end + 1 : end;
		width = 0;
	}
}

static void help_tracer(FILE *out)
{
	fputs("usage: zctrace [OPTION ...] [--] COMMAND [ARGUMENT ...]\n"
	      "       zctrace [OPTION ...] -p PID ...\n\n"
	      "Traces COMMAND from outside, whatever it is made of, refuses what the policy\n"
	      "does not allow, and leaves the evidence in a directory of its own. Attached to\n"
	      "a process it only watches, unless --enforce says otherwise. It is zcwrap\n"
	      "--mode=trace by another name and takes all of its options; 'zcwrap --help'\n"
	      "lists them.\n\n",
	      out);
	for (size_t i = 0; i < ZC_LEN(rows); i++)
		if (rows[i].group == TRACING || rows[i].group == EVIDENCE)
			help_row(&rows[i], out);
	fputs("\nExamples:\n"
	      "  zctrace -- ./static-binary              what it does that @dev does not allow\n"
	      "  zctrace -v -e net -A -- ./updater       every network call it makes\n"
	      "  zctrace --summary -A -o calls -- make   which calls, how often\n"
	      "  zctrace -k -v -p 4711                   watch a suspect, with stacks\n",
	      out);
}

void zc_options_help(const struct zc_options *options, FILE *out)
{
	if (strcmp(zc_say_name, "zctrace") == 0) {
		help_tracer(out);
		return;
	}
	fputs("usage: zcwrap [OPTION ...] [--] COMMAND [ARGUMENT ...]\n\n"
	      "Runs COMMAND, refuses what the policy does not allow, says which code did it,\n"
	      "and leaves the evidence in a directory of its own.\n",
	      out);
	for (int group = 0; group < GROUPS; group++) {
		fprintf(out, "\n%s:\n", group_titles[group]);
		for (size_t i = 0; i < ZC_LEN(rows); i++)
			if (rows[i].group == group)
				help_row(&rows[i], out);
	}
	fputs("\nExit: the command's own; 2 success with violations; 124 timeout or kill;\n"
	      "125 zcwrap failed; 126 cannot run or may not; 127 not found; 128+N signal N.\n\n"
	      "Examples:\n"
	      "  zcwrap -- npm test                          what @dev allows, and nothing else\n"
	      "  zcwrap --no-net -- make                     a build that must not phone home\n"
	      "  zcwrap --allow-net=github.com:443 -- git fetch\n"
	      "  zcwrap --deny-read=~/.config -- ./tool      one more secret\n"
	      "  zcwrap --audit -- ./installer               only look\n"
	      "  zcwrap --mode=trace -- ./static-binary      from outside, whatever it is\n"
	      "  zcwrap --policy=ci.zc --timeout=10m -- ./build.sh\n",
	      out);
}
