/* SPDX-License-Identifier: MIT */
/*
 * accept.c - puts findings of a run into a baseline: with a reason, and an end.
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "evidence/account/baseline.h"
#include "evidence/read/run.h"
#include "text/text.h"

#define DEFAULT_FILE "zencube.baseline.json"

struct accepting {
	const char *log_dir, *file;
	struct zc_accepted entry;
	bool any_caller;
	struct zc_run *run;
	struct zc_baseline *baseline;
	size_t added;
};

static int options(struct accepting *a, int argc, char **argv)
{
	static const struct option list[] = {
		{ "log-dir", required_argument, NULL, 'l' },
		{ "baseline", required_argument, NULL, 'b' },
		{ "why", required_argument, NULL, 'w' },
		{ "until", required_argument, NULL, 'u' },
		{ "by", required_argument, NULL, 'y' },
		{ "any-caller", no_argument, NULL, 'a' },
		{ 0 },
	};
	int64_t ends;
	int letter;

	opterr = 0;
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", list, NULL)) != -1)
		switch (letter) {
		case 'l': a->log_dir = optarg; break;
		case 'b': a->file = optarg; break;
		case 'w': a->entry.why = optarg; break;
		case 'u': a->entry.until = optarg; break;
		case 'y': a->entry.by = optarg; break;
		case 'a': a->any_caller = true; break;
		default:
			return zc_audit_fail("accept: unknown option or missing value: '%s'",
					     argv[optind - 1]);
		}
	if (!a->entry.why || !*a->entry.why)
		return zc_audit_fail("accept: --why=TEXT is missing: say why it is accepted");
	if (!a->entry.until)
		return zc_audit_fail("accept: --until=YYYY-MM-DD is missing: the last day on which "
				     "it is accepted");
	if (zc_baseline_day(a->entry.until, &ends) < 0)
		return zc_audit_fail("accept: --until=%s: expected a day as YYYY-MM-DD",
				     a->entry.until);
	if (ends <= (int64_t)time(NULL))
		return zc_audit_fail("accept: --until=%s is over", a->entry.until);
	return 0;
}

static uint64_t hex(struct zc_view view)
{
	char digits[17] = "";

	if (view.at && view.len == 18)
		memcpy(digits, view.at + 1, 16);
	return strtoull(digits, NULL, 16);
}

/* "denied open_read /etc/shadow", for whoever reviews the file. */
static void put_what(const struct zc_item *item, char *buffer, size_t cap)
{
	static const char *const members[] = { "action", "op", "object.path", "object.endpoint",
					       "rule.text" };
	size_t at = 0;

	*buffer = '\0';
	for (size_t i = 0; i < ZC_LEN(members); i++) {
		struct zc_view view = zc_view_get(item->finding, members[i]);

		if (zc_view_kind(view) != '"' || at + view.len + 8 >= cap)
			continue;
		at += (size_t)snprintf(buffer + at, cap - at, "%s%.*s",
				       i == ZC_LEN(members) - 1 ? " by "
				       : at                     ? " "
								: "",
				       (int)view.len - 2, view.at + 1);
	}
}

static int accept_item(struct accepting *a, const struct zc_item *item)
{
	struct zc_accepted entry = a->entry;
	char what[2 * ZC_PATH_CAP];
	int r;

	if (!item->finding.at)
		return zc_audit_fail("accept: the run did not end, so that its findings are not "
				     "settled");
	if (zc_view_is(zc_view_get(item->finding, "action"), "killed"))
		return zc_audit_fail("accept: %016llx ended its run; what kills cannot be accepted",
				     (unsigned long long)item->fingerprint);
	put_what(item, what, sizeof(what));
	entry.what = what;
	if (a->any_caller)
		entry.similar = hex(zc_view_get(item->finding, "similar"));
	else
		entry.fingerprint = item->fingerprint;
	if (!entry.similar && !entry.fingerprint)
		return zc_audit_fail("accept: the run was recorded by a version that does not know "
				     "--any-caller");
	r = zc_baseline_add(a->baseline, &entry);
	if (r < 0)
		return zc_audit_fail("accept: %s", strerror(-r));
	a->added++;
	printf("accepted until %s: %s\n", entry.until, what);
	return 0;
}

/* By its number, as `explain` counts, by the beginning of its fingerprint, or all of them. */
static int accept_named(struct accepting *a, const char *name)
{
	size_t len = strlen(name), number = 0, wanted = 0, found = 0;
	const struct zc_item *match = NULL;
	bool all = strcmp(name, "all") == 0;

	if (len <= 5 && strspn(name, "0123456789") == len)
		wanted = strtoul(name, NULL, 10);
	else if (!all && (len < 6 || len > 16 || strspn(name, "0123456789abcdef") != len))
		return zc_audit_fail(
			"accept: '%s': expected the number of a finding, six digits or "
			"more of its fingerprint, or 'all'",
			name);
	for (size_t i = 0; i < a->run->items; i++) {
		const struct zc_item *item = &a->run->item[i];
		char print[17];

		if (!item->violation)
			continue;
		number++;
		snprintf(print, sizeof(print), "%016llx", (unsigned long long)item->fingerprint);
		if (all || (wanted ? number == wanted : strncmp(print, name, len) == 0)) {
			match = item;
			found++;
			if (all && accept_item(a, item))
				return 125;
		}
	}
	if (all || found == 1)
		return all ? 0 : accept_item(a, match);
	return found ? zc_audit_fail("accept: '%s' begins %zu fingerprints", name, found)
		     : zc_audit_fail("accept: the run has no finding '%s'; it has %zu", name,
				     number);
}

static int open_both(struct accepting *a, const char *run_name)
{
	const struct zc_audit audit = { .name = "accept", .log_dir = a->log_dir };
	char error[1024];
	int r;

	if (access(a->file, F_OK) < 0 && errno == ENOENT) {
		a->baseline = zc_baseline_new();
		r = a->baseline ? 0 : -ENOMEM;
		snprintf(error, sizeof(error), "out of memory");
	} else {
		r = zc_baseline_read(&a->baseline, a->file, error, sizeof(error));
	}
	return r < 0 ? zc_audit_fail("accept: %s", error)
		     : zc_audit_open(&audit, run_name, true, &a->run);
}

int zc_audit_accept(int argc, char **argv)
{
	struct accepting a = { .file = DEFAULT_FILE };
	const struct passwd *user = getpwuid(getuid());
	int status, first, r;

	a.entry.by = user ? user->pw_name : NULL;
	status = options(&a, argc, argv);
	first = optind + (argc - optind > 1); /* one name alone is a finding of the latest run */
	if (!status && first >= argc)
		status = zc_audit_fail(
			"accept takes a run and its findings: zcaudit accept latest 1 "
			"--why=TEXT --until=YYYY-MM-DD");
	if (!status)
		status = open_both(&a, first > optind ? argv[optind] : NULL);
	for (int i = first; i < argc && !status; i++)
		status = accept_named(&a, argv[i]);
	if (!status && a.added) {
		r = zc_baseline_write(a.baseline, a.file);
		if (r < 0)
			status = zc_audit_fail("accept: cannot write '%s': %s", a.file,
					       strerror(-r));
	}
	if (!status)
		printf("%s: %zu entr%s; use it with zcwrap --baseline=%s\n", a.file,
		       zc_baseline_count(a.baseline),
		       zc_baseline_count(a.baseline) == 1 ? "y" : "ies", a.file);
	zc_run_free(a.run);
	zc_baseline_free(a.baseline);
	return status;
}
