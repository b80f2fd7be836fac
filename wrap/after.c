/* SPDX-License-Identifier: MIT */
/*
 * after.c - what is made of a run when it has ended: its signature, and reports.
 *
 * Both are looked at before the command starts, so that a mistyped format or an unreadable key costs
 * nobody a run. The key is in memory from then on, and the command may not read its file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/fetch/fetch.h"
#include "evidence/proof/sign.h"
#include "wrap/wrap.h"

int zc_after_check(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	char error[512] = "";
	int r = 0;

	if (options->report)
		r = zc_report_check(options->report, error);
	if (r == 0 && options->debuginfod)
		r = zc_fetch_allow(error);
	if (r == 0 && options->sign_key) {
		job->key = calloc(1, sizeof(*job->key));
		if (!job->key)
			return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
		r = zc_sign_load(job->key, options->sign_key, error);
		if (r == 0 && !realpath(options->sign_key, job->key_path))
			return zc_trouble(&job->trouble, -errno, "--sign-key=%s: %s",
					  options->sign_key, strerror(errno));
	}
	return r < 0 ? zc_trouble(&job->trouble, r, "%s", error) : 0;
}

int zc_after_run(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	char error[512] = "";
	int signed_ = 0, made = 0;

	if (job->key && (signed_ = zc_sign_run(job->key, job->store.run_dir, error)) < 0)
		zc_say("cannot sign '%s': %s", job->store.run_dir, error);
	if (options->report &&
	    (made = zc_report_make(job->store.run_dir, options->report, error)) < 0)
		zc_say("--report=%s: %s", options->report, error);
	return signed_ < 0 ? signed_ : made;
}

void zc_after_forget(struct zc_job *job)
{
	if (job->key)
		zc_sign_forget(job->key);
	free(job->key);
	job->key = NULL;
}
