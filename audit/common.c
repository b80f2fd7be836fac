/* SPDX-License-Identifier: MIT */
/*
 * common.c - the options that subcommands share, and opening a run for them.
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/fetch/fetch.h"
#include "evidence/story/story_names.h"
#include "text/text.h"
#include "audit/audit.h"

int zc_audit_fail(const char *format, ...)
{
	char text[2048], shown[2 * sizeof(text)];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		return 125;
	zc_text_show_in(shown, sizeof(shown), text, strlen(text));
	fprintf(stderr, "zcaudit: %s\n", shown);
	return 125;
}

static const char *own_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user = home && *home == '/' ? NULL : getpwuid(getuid());

	return user ? user->pw_dir : home;
}

static int set_color(struct zc_audit *audit, const char *when)
{
	const char *plain = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (!strcmp(when, "always"))
		audit->report.color = true;
	else if (!strcmp(when, "never"))
		audit->report.color = false;
	else if (!strcmp(when, "auto"))
		audit->report.color = isatty(STDOUT_FILENO) && !(plain && *plain) && terminal &&
				      strcmp(terminal, "dumb") != 0;
	else
		return zc_audit_fail("%s: --color is auto, always or never, not '%s'", audit->name,
				     when);
	return 0;
}

static int set_count(struct zc_audit *audit, const char *text)
{
	char *end;

	errno = 0;
	audit->count = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return zc_audit_fail("%s: -n wants a number, not '%s'", audit->name, text);
	return 0;
}

/* One option: the letter is its row in the table of zc_audit_options. */
static int take(struct zc_audit *audit, int letter, const char *value)
{
	switch (letter) {
	case 'l': audit->log_dir = value; break;
	case 'j': audit->json = true; break;
	case 'F': audit->format = value; break;
	case 'o': audit->output = value; break;
	case 'H': audit->head = value; break;
	case 'k': audit->key = value; break;
	case 'm': audit->merge = value; break;
	case 'w': audit->report.workspace = value; break;
	case 'f': audit->follow = true; break;
	case 'd': audit->debuginfod = true; break;
	case 'n': return set_count(audit, value);
	case 'c': return set_color(audit, value);
	case 'r': audit->report.home = value ? value : own_home(); break;
	default: break;
	}
	return 0;
}

static int allow_servers(const struct zc_audit *audit)
{
	char error[512];

	return zc_fetch_allow(error) < 0 ? zc_audit_fail("%s: %s", audit->name, error) : 0;
}

int zc_audit_options(struct zc_audit *audit, int argc, char **argv, const char *letters)
{
	static const struct option options[] = {
		{ "log-dir", required_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "color", required_argument, NULL, 'c' },
		{ "format", required_argument, NULL, 'F' },
		{ "output", required_argument, NULL, 'o' },
		{ "head", required_argument, NULL, 'H' },
		{ "key", required_argument, NULL, 'k' },
		{ "merge", required_argument, NULL, 'm' },
		{ "redact-home", optional_argument, NULL, 'r' },
		{ "workspace", required_argument, NULL, 'w' },
		{ "follow", no_argument, NULL, 'f' },
		{ "debuginfod", no_argument, NULL, 'd' },
		{ 0 },
	};
	int letter, status;

	*audit = (struct zc_audit){ .name = argv[0], .count = 10 };
	status = set_color(audit, "auto");
	opterr = 0;
	optind = 0;
	while (!status && (letter = getopt_long(argc, argv, "fn:o:", options, NULL)) != -1) {
		if (letter == '?')
			return zc_audit_fail("%s: unknown option or missing value: '%s'", argv[0],
					     argv[optind - 1]);
		if (!strchr(letters, letter))
			return zc_audit_fail("%s takes no '%s'; zcaudit --help lists what it takes",
					     argv[0], argv[optind - 1]);
		status = take(audit, letter, optarg);
	}
	if (!status && audit->json && audit->report.home)
		return zc_audit_fail(
			"%s: --json prints the evidence as it is; --redact-home goes with"
			" zcaudit report",
			argv[0]);
	if (!status && audit->json && audit->debuginfod && strcmp(argv[0], "explain") != 0)
		return zc_audit_fail(
			"%s: --json prints the evidence as it is; --debuginfod goes with"
			" zcaudit report",
			argv[0]);
	if (!status && audit->debuginfod)
		status = allow_servers(audit);
	audit->argc = argc - optind;
	audit->argv = argv + optind;
	return status;
}

int zc_audit_open(const struct zc_audit *audit, const char *name, bool scan, struct zc_run **ret)
{
	char dir[ZC_PATH_CAP], error[512] = "";
	int r = zc_run_find(name ? name : "latest", audit->log_dir, dir, error);

	if (!r)
		r = zc_run_open(ret, dir, error);
	if (r)
		return zc_audit_fail("%s", *error ? error : strerror(-r));
	r = scan ? zc_run_scan(*ret) : 0;
	if (!r)
		return 0;
	*ret = zc_run_free(*ret);
	return zc_audit_fail("cannot read '%s/events.jsonl': %s", dir, strerror(-r));
}

/* A report that lacks lines says so, where it does not get into the report. */
static void say_what_is_missing(const struct zc_story_names *names)
{
	const struct zc_fetch_report *fetched = zc_fetch_report();
	const char *trouble = zc_story_names_trouble(names);

	if (trouble)
		zc_audit_fail("--debuginfod: %s", trouble);
	if (fetched->asked && !fetched->found && !fetched->failures)
		zc_audit_fail("--debuginfod: no server has a debug file for the %u build-ids that"
			      " lack one",
			      fetched->asked);
	for (unsigned i = 0; i < fetched->failures && i < ZC_FETCH_FAILURES; i++)
		zc_audit_fail("--debuginfod: no debug file for build-id %s: %s",
			      fetched->failure[i].id, fetched->failure[i].why);
	if (fetched->stopped)
		zc_audit_fail("--debuginfod: nothing more is asked for: %s", fetched->stopped);
}

int zc_audit_write(const struct zc_audit *audit, struct zc_run *run,
		   void (*write)(struct zc_report *report), void *context)
{
	const struct zc_report_format format = { .name = audit->name, .write = write };
	struct zc_report_options options = audit->report;
	bool named = audit->output && strcmp(audit->output, "-") != 0;
	FILE *out = named ? fopen(audit->output, "we") : stdout;
	int error;

	if (!out)
		return zc_audit_fail("cannot write '%s': %s", audit->output, strerror(errno));
	options.context = context;
	options.names = audit->debuginfod ? zc_story_names_new() : NULL;
	errno = 0;
	error = zc_report_write(run, &format, out, &options);
	if (options.names)
		say_what_is_missing(options.names);
	zc_story_names_free(options.names);
	if (named && fclose(out) == EOF && !error)
		error = -errno;
	if (!error || (error == -EPIPE && !named))
		return 0; /* who closed the pipe has seen enough */
	return zc_audit_fail("cannot write %s: %s", named ? audit->output : "standard output",
			     strerror(-error));
}
