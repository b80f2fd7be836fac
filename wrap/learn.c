/* SPDX-License-Identifier: MIT */
/*
 * learn.c - --learn=FILE: before the run, can the file be written? After it, what is in it.
 *
 * A run that learns is one under --audit with nothing allowed but @base, so everything else is
 * recorded, once. The policy is then made from the evidence (policy/learn/), the way `zcaudit learn`
 * makes it again from the same run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/path.h"
#include "evidence/read/observed.h"
#include "policy/learn/learn.h"
#include "wrap/wrap.h"

/* What the file is to be made of, and made with. */
struct lesson {
	struct zc_job *job;
	struct zc_learn *learn;
	struct zc_policy_error error;
};

static int fail(struct lesson *lesson, int error)
{
	return zc_trouble(&lesson->job->trouble, error, "--learn=%s: %s",
			  lesson->job->options->learn,
			  *lesson->error.text ? lesson->error.text : strerror(-error));
}

/* The file as it is: ours, or none yet. */
static int take_file(struct lesson *lesson)
{
	const char *name = lesson->job->options->learn;
	char *text = NULL;
	size_t len = 0;
	bool is_new;
	int r = zc_learn_load(name, &text, &len, &is_new);

	if (r < 0)
		return fail(lesson, r);
	if (len && !zc_learn_is_ours(text, len)) {
		snprintf(lesson->error.text, sizeof(lesson->error.text),
			 "it is there, and was not learnt; name another file, or add to this one "
			 "with "
			 "'zcaudit learn --merge=FILE'");
		r = -EEXIST;
	} else {
		r = zc_learn_text(lesson->learn, name, text, len, &lesson->error);
	}
	free(text);
	return r < 0 ? fail(lesson, r) : 0;
}

static int begin(struct lesson *lesson, struct zc_job *job)
{
	struct zc_policy_world world = { .home = job->home,
					 .project = job->cwd,
					 .tmpdir = job->tmpdir,
					 .shim_path = *job->shim ? job->shim : NULL };

	*lesson = (struct lesson){ .job = job, .learn = zc_learn_new(&world) };
	if (!lesson->learn)
		return fail(lesson, -ENOMEM);
	return take_file(lesson);
}

/* The directory that the file is in, with a name of at least one byte. */
static void directory_of(const char *file, char dir[ZC_PATH_CAP])
{
	const char *slash = strrchr(file, '/');
	size_t len = slash ? (size_t)(slash - file) : 0;

	snprintf(dir, ZC_PATH_CAP, "%.*s", slash ? (int)(len ? len : 1) : 1, slash ? file : ".");
}

int zc_lesson_check(struct zc_job *job)
{
	char dir[ZC_PATH_CAP], real[ZC_PATH_CAP];
	const char *file = job->options->learn, *name;
	struct lesson lesson;
	int r;

	if (!file)
		return 0;
	directory_of(file, dir);
	r = begin(&lesson, job);
	if (r == 0 && access(dir, W_OK | X_OK) < 0)
		r = fail(&lesson, -errno);
	zc_learn_free(lesson.learn);
	if (r < 0 || !realpath(dir, real))
		return r;
	/* The command does not write what will be believed about it. */
	name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	if (zc_path_join(dir, sizeof(dir), real, strlen(real), name, strlen(name)) < 0)
		return zc_trouble(&job->trouble, -ENAMETOOLONG, "--learn=%s: %s", file,
				  strerror(ENAMETOOLONG));
	return zc_policy_protect(job->set, dir) < 0
		       ? zc_trouble(&job->trouble, -ENOMEM, "out of memory")
		       : 0;
}

/* --- after ----------------------------------------------------------------------------------------- */

static int take(void *context, const struct zc_observed *observed)
{
	return zc_learn_take(context, observed);
}

static int take_run(struct lesson *lesson)
{
	struct zc_observed_run about;
	uint64_t broken = 0;
	int r = zc_observed_dir(lesson->job->store.run_dir, &about, take, lesson->learn, &broken,
				lesson->error.text);

	if (r == 0)
		r = zc_learn_run(lesson->learn, &about, broken);
	zc_observed_finish(&about);
	return r;
}

/* A word of a command line, as a shell would want it. */
static void print_word(FILE *out, const char *word)
{
	bool plain = *word != '\0';

	for (const char *c = word; *c; c++)
		plain = plain && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				  (*c >= '0' && *c <= '9') || strchr("-_./=:,@%+", *c));
	if (plain) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(" '", out);
	for (const char *c = word; *c; c++)
		if (*c == '\'')
			fputs("'\\''", out);
		else
			fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, out);
	fputc('\'', out);
}

static void print_account(const struct lesson *lesson)
{
	const struct zc_job *job = lesson->job;
	struct zc_learn_account account;
	FILE *out = job->human;

	zc_learn_account(lesson->learn, &account);
	fprintf(out, "zencube: learnt %zu rule%s (%zu new) into", account.rules,
		account.rules == 1 ? "" : "s", account.added);
	print_word(out, job->options->learn);
	fprintf(out, ": read %zu file%s (the rules cover %zu%s on disk), wrote %zu (%zu%s)\n",
		account.read_seen, account.read_seen == 1 ? "" : "s", account.read_granted,
		account.more ? "+" : "", account.write_seen, account.write_granted,
		account.more ? "+" : "");
	if (account.locked)
		fprintf(out, "  %zu protected thing%s used: listed there, and not allowed\n",
			account.locked, account.locked == 1 ? " was" : "s were");
	if (account.unsaid)
		fprintf(out, "  %zu thing%s no rule can say: listed there\n", account.unsaid,
			account.unsaid == 1 ? "" : "s");
	fputs("  next: zcwrap", out);
	fputs(" --policy=", out);
	fputs(job->options->learn, out);
	fputs(" --", out);
	for (char *const *word = job->options->command; *word; word++)
		print_word(out, *word);
	fprintf(out, "\n  evidence: %s\n", job->store.run_dir);
	fflush(out);
}

/* What a weaker observer does not see is not learnt, and would be refused later. */
static void warn(const struct zc_job *job)
{
	if (!job->traced)
		zc_say("mode %s: what static programs, raw system calls and libc itself do was not "
		       "seen%s; 'zcwrap --doctor' says what a stronger one needs",
		       job->mode.used,
		       strcmp(job->mode.used, "watch") == 0
			       ? ", nor what was over between two looks"
			       : "");
	if (job->ending.code > 0 || job->ending.signal)
		zc_say("the command failed: what it does when it succeeds may be missing");
}

int zc_lesson_learn(struct zc_job *job)
{
	const char *file = job->options->learn, *text;
	char dir[ZC_PATH_CAP];
	struct lesson lesson;
	size_t len;
	int lock, r;

	if (!file || job->facts.start != ZC_START_RAN)
		return 0;
	/* Of two that learn into one file at once, the second adds to what the first wrote. */
	directory_of(file, dir);
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock >= 0)
		flock(lock, LOCK_EX);
	r = begin(&lesson, job);
	if (r == 0)
		r = take_run(&lesson);
	if (r == 0)
		r = zc_learn_finish(lesson.learn, &lesson.error);
	if (r == 0) {
		text = zc_learn_result(lesson.learn, &len);
		r = zc_learn_store(file, text, len);
	}
	if (lock >= 0)
		close(lock);
	if (r < 0) {
		fail(&lesson, r);
		zc_say("%s", job->trouble.text);
	} else if (!job->options->quiet) {
		print_account(&lesson);
		warn(job);
	}
	zc_learn_free(lesson.learn);
	return r;
}
