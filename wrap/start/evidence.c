/* SPDX-License-Identifier: MIT */
/*
 * evidence.c - the first things that are made: the run's directory, its session, and its evidence, which is told
 * everything that was decided until now.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/account/baseline.h"
#include "evidence/redact.h"
#include "policy/policy_set.h"
#include "wrap/wrap.h"

static bool wants_color(const struct zc_job *job)
{
	const struct zc_options *options = job->options;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !options->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0 &&
	       isatty(fileno(job->human));
}

/* NULL-ended and malloc'd, or NULL. */
static const char **list_texts(const struct zc_policy_set *set,
			       const char *(*get)(const struct zc_policy_set *, size_t))
{
	const char **list;
	size_t count = 0;

	while (get(set, count))
		count++;
	list = calloc(count + 2, sizeof(*list)); /* one more may be added */
	for (size_t i = 0; list && i < count; i++)
		list[i] = get(set, i);
	return list;
}

int zc_begin_redaction(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	const struct passwd *user;
	int r = 0;

	if (!options->redact_home && !options->redact.count)
		return 0;
	job->redaction = zc_redaction_new();
	if (!job->redaction)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	if (options->redact_home) {
		user = getpwuid(getuid());
		r = zc_redaction_add_home(job->redaction, getenv("HOME"));
		r = r ? r : zc_redaction_add_home(job->redaction, user ? user->pw_dir : NULL);
		r = r ? r : zc_redaction_add_home(job->redaction, zc_env_get(job->env, "HOME"));
	}
	for (size_t i = 0; r == 0 && i < options->redact.count; i++)
		r = zc_redaction_add_text(job->redaction, options->redact.item[i]);
	return r < 0 ? zc_trouble(&job->trouble, r, "cannot redact: %s", strerror(-r)) : 0;
}

static int open_evidence(struct zc_job *job)
{
	struct zc_evidence_setup setup = {
		.policy_sources = job->sources = list_texts(job->set, zc_policy_source),
		.notes = job->notes = list_texts(job->set, zc_policy_note),
		.policy_sha256 = zc_policy_sha256(job->set),
		.baseline = job->baseline,
		.baseline_file = job->options->baseline,
		.dir = job->store.run_dir,
		.run_id = job->store.run_id,
		.image = job->image,
		.command = (const char *const *)job->options->command,
		.mode_asked = job->mode.asked,
		.mode_used = job->mode.used,
		.engine = job->mode.engine,
		.engine_why_not = *job->mode.engine_why ? job->mode.engine_why : NULL,
		.why_not = job->mode.why_not,
		.why_nots = job->mode.why_nots,
		.layers = job->layer,
		.layer_count = ZC_LEN(job->layer),
		.cwd = job->cwd,
		.home = job->options->learn ? job->home : NULL,
		.tmpdir = job->tmpdir ? job->tmpdir : "/tmp",
		/* Everything that is learnt from would be a line. */
		.human = job->options->quiet || job->options->learn ? NULL : job->human,
		.events_copy = job->json,
		.color = wants_color(job),
		.page = job->channel.page,
		.open_page = job->channel.open_page,
		.redaction = job->redaction,
		.digest = job->options->digest,
		.root = job->jailed ? job->jail : NULL,
		.rotate_size = (uint64_t)job->options->rotate_size,
		.rotate_ms = job->options->rotate_ms,
	};
	int r;

	if (job->stricter_set) {
		setup.stricter_sha256 = zc_policy_sha256(job->stricter_set);
		setup.stricter_sources = job->stricter_sources =
			list_texts(job->stricter_set, zc_policy_source);
	}
	if (!job->sources || !job->notes || (job->stricter_set && !job->stricter_sources))
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	zc_jail_note(job);
	r = zc_evidence_new(&job->evidence, &setup);
	return r < 0 ? zc_trouble(&job->trouble, r, "cannot keep evidence in '%s': %s",
				  job->store.run_dir, strerror(-r))
		     : 0;
}

int zc_begin_run(struct zc_job *job)
{
	int r = zc_store_open(&job->store, &job->trouble);

	if (r < 0)
		return r;
	r = zc_channel_open(&job->channel, job->image, job->image_size);
	if (r == 0 && job->inside)
		r = zc_env_put(&job->env, ZC_ENV_SESSION,
			       job->hybrid ? job->channel.gated : job->channel.variable);
	if (r < 0)
		zc_trouble(&job->trouble, r, "cannot make the session: %s", strerror(-r));
	else
		r = open_evidence(job);
	if (r < 0)
		rmdir(job->store.run_dir); /* only when nothing was written */
	return r;
}
