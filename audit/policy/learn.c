/* SPDX-License-Identifier: MIT */
/*
 * learn.c - a policy from recorded runs, as zcwrap --learn makes it at the end of one.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "evidence/read/observed.h"
#include "policy/learn/learn.h"

struct lesson {
	const struct zc_audit *audit;
	struct zc_learn *learn; /* made when the first run has said where it was */
	struct zc_observed_run first;
	char home[ZC_PATH_CAP];
};

/* Runs that were not recorded with --learn do not say whose home it was: ours, then. */
static const char *home_of(struct lesson *lesson)
{
	const char *home = lesson->first.home ? lesson->first.home : getenv("HOME");
	const struct passwd *user = home && *home == '/' ? NULL : getpwuid(getuid());

	if (user)
		home = user->pw_dir;
	snprintf(lesson->home, sizeof(lesson->home), "%s", home && *home == '/' ? home : "/");
	return lesson->home;
}

/* The file that rules are added to, if there is one. */
static int take_file(struct lesson *lesson)
{
	const struct zc_audit *audit = lesson->audit;
	const char *name = audit->merge ? audit->merge : audit->output;
	struct zc_policy_error error = { "" };
	char *text = NULL;
	size_t len = 0;
	bool is_new;
	int r;

	if (!name || !strcmp(name, "-"))
		return 0;
	r = zc_learn_load(name, &text, &len, &is_new);
	if (r < 0 || (is_new && audit->merge)) {
		free(text);
		return zc_audit_fail("cannot read '%s': %s", name, strerror(r < 0 ? -r : ENOENT));
	}
	if (!audit->merge && len && !zc_learn_is_ours(text, len))
		r = zc_audit_fail(
			"'%s' is there, and was not learnt; name another file, or add to it "
			"with --merge=%s",
			name, name);
	else if (zc_learn_text(lesson->learn, name, text, len, &error) < 0)
		r = zc_audit_fail("%s", error.text);
	free(text);
	return r;
}

static int begin(struct lesson *lesson)
{
	struct zc_policy_world world = { .home = home_of(lesson),
					 .project = lesson->first.cwd,
					 .tmpdir = lesson->first.tmpdir ? lesson->first.tmpdir
									: getenv("TMPDIR") };

	lesson->learn = zc_learn_new(&world);
	return lesson->learn ? take_file(lesson) : zc_audit_fail("out of memory");
}

static int take(void *context, const struct zc_observed *observed)
{
	return zc_learn_take(context, observed);
}

static bool same(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* ${PROJECT} can only be one directory. */
static int check_place(const struct lesson *lesson, const struct zc_observed_run *about,
		       const char *name)
{
	if (!same(about->cwd, lesson->first.cwd))
		return zc_audit_fail(
			"learn: '%s' ran in '%s', and the run before it in '%s'; learn from "
			"each by itself, and include one file in the other",
			name, about->cwd, lesson->first.cwd);
	if (!same(about->home, lesson->first.home))
		return zc_audit_fail("learn: '%s' had '%s' as home, and the run before it '%s'",
				     name, about->home, lesson->first.home);
	if (!about->learns || !about->ended || !about->complete)
		fprintf(stderr, "zcaudit: note: '%s' %s; the policy may lack what that run does\n",
			name,
			!about->ended ? "did not end as it should"
			: !about->learns
				? "was not recorded with --learn: what its policy allowed is "
				  "not in it"
				: "was not watched completely");
	return 0;
}

static int take_run(struct lesson *lesson, const char *name)
{
	struct zc_observed_run about = { 0 };
	struct zc_run *run = NULL;
	uint64_t broken = 0;
	int status = zc_audit_open(lesson->audit, name, false, &run), r;

	if (status)
		return status;
	r = zc_observed_about(&about, run);
	if (r == 0 && !lesson->learn) {
		r = zc_observed_about(&lesson->first, run);
		status = r == 0 ? begin(lesson) : 0;
	}
	if (r == 0 && !status)
		status = check_place(lesson, &about, name ? name : "latest");
	if (r == 0 && !status)
		r = zc_observed_each(run, take, lesson->learn, &broken);
	if (r == 0 && !status)
		r = zc_learn_run(lesson->learn, &about, broken);
	if (r < 0)
		status = zc_audit_fail("cannot read '%s': %s", run->dir, strerror(-r));
	zc_observed_finish(&about);
	zc_run_free(run);
	return status;
}

static void print_account(const struct zc_learn *learn, const char *file)
{
	struct zc_learn_account account;

	zc_learn_account(learn, &account);
	fprintf(stderr, "zcaudit: learnt %zu rule%s (%zu new) into '%s'", account.rules,
		account.rules == 1 ? "" : "s", account.added, file);
	if (account.locked)
		fprintf(stderr, "; %zu protected thing%s listed there, and not allowed",
			account.locked, account.locked == 1 ? " is" : "s are");
	fputc('\n', stderr);
}

static int write_out(const struct lesson *lesson)
{
	const struct zc_audit *audit = lesson->audit;
	const char *file = audit->output ? audit->output : audit->merge, *text;
	size_t len;
	int r = 0;

	text = zc_learn_result(lesson->learn, &len);
	if (!file || !strcmp(file, "-")) {
		fwrite(text, 1, len, stdout);
		return fflush(stdout) == 0 || errno == EPIPE
			       ? 0
			       : zc_audit_fail("cannot write to standard output");
	}
	r = zc_learn_store(file, text, len);
	if (r < 0)
		return zc_audit_fail("cannot write '%s': %s", file, strerror(-r));
	print_account(lesson->learn, file);
	return 0;
}

int zc_audit_learn(int argc, char **argv)
{
	struct lesson *lesson = calloc(1, sizeof(*lesson));
	struct zc_policy_error error = { "" };
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "lom"), at = 0;

	if (!status && !lesson)
		status = zc_audit_fail("out of memory");
	if (!status)
		lesson->audit = &audit;
	do {
		if (!status)
			status = take_run(lesson, audit.argv[at]);
	} while (!status && ++at < audit.argc);
	if (!status && zc_learn_finish(lesson->learn, &error) < 0)
		status = zc_audit_fail("learn: %s", error.text);
	if (!status)
		status = write_out(lesson);
	if (lesson) {
		zc_learn_free(lesson->learn);
		zc_observed_finish(&lesson->first);
	}
	free(lesson);
	return status;
}
