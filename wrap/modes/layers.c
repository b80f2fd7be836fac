/* SPDX-License-Identifier: MIT */
/*
 * layers.c - from --kernel, --user and the capabilities to a plan, and from its account to the evidence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/credentials.h"
#include "policy/policy_set.h"
#include "wrap/modes/layers.h"
#include "wrap/modes/probe.h"

#define BIT(layer) (1u << (layer))

/* --- --kernel ------------------------------------------------------------------------------------------ */

static int bad_kernel(const struct zc_options *options, const char *word, size_t len,
		      struct zc_trouble *trouble)
{
	char names[160] = "";

	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++) {
		strcat(names, i ? " " : "");
		strcat(names, zc_confine_name(i));
	}
	return zc_trouble(trouble, -EINVAL,
			  "--kernel=%s: no layer '%.*s'; expected auto, off, all or require first, "
			  "then any of: %s",
			  options->kernel, (int)len, word, names);
}

/* What the list begins with; false: this is the name of a layer. */
static bool begin_with(const char *word, struct zc_kernel_wish *ret)
{
	const uint32_t all = ZC_KERNEL_ALL;
	const struct {
		const char *word;
		struct zc_kernel_wish wish;
	} words[] = {
		{ "auto", { .take = ZC_KERNEL_AUTO } },
		{ "off", { .take = 0 } },
		{ "all", { .take = all, .named = all } },
		{ "require",
		  { .take = ZC_KERNEL_AUTO,
		    .require = BIT(ZC_CONFINE_LANDLOCK) | BIT(ZC_CONFINE_SECCOMP) } },
	};

	for (size_t i = 0; i < ZC_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0) {
			*ret = words[i].wish;
			return true;
		}
	return false;
}

static bool add_layer(const char *word, struct zc_kernel_wish *wish)
{
	bool out = *word == '-';
	int layer = zc_confine_find(word + out);

	if (layer < 0)
		return false;
	if (out) {
		wish->take &= ~BIT(layer);
		wish->named &= ~BIT(layer);
		wish->require &= ~BIT(layer);
	} else {
		wish->take |= BIT(layer);
		wish->named |= BIT(layer);
		wish->require |= BIT(layer);
	}
	return true;
}

int zc_kernel_parse(const struct zc_options *options, struct zc_kernel_wish *ret,
		    struct zc_trouble *trouble)
{
	const char *at = options->kernel;

	*ret = (struct zc_kernel_wish){ .take = ZC_KERNEL_AUTO };
	for (bool first = true; at && *at; first = false) {
		size_t len = strcspn(at, ",");
		char word[32] = "";

		if (len < sizeof(word))
			memcpy(word, at, len);
		if (!(first && begin_with(word, ret)) && !add_layer(word, ret))
			return bad_kernel(options, at, len, trouble);
		at += len + (at[len] == ',');
	}
	if (options->best_effort)
		ret->require = 0;
	return 0;
}

/* --- the plan -------------------------------------------------------------------------------------------- */

/* Why this run has no layers of the kernel; NULL: it may have. */
static const char *why_none(const struct zc_job *job)
{
	if (job->image->flags & ZC_IMAGE_AUDIT)
		return "--audit refuses nothing";
	if (strcmp(job->mode.used, "trace") == 0)
		return "mode trace has none";
	if (strcmp(job->mode.used, "watch") == 0)
		return "mode watch refuses nothing";
	return NULL;
}

/* --user and capabilities are wishes of their own, in every mode. */
static int wish_credentials(struct zc_job *job, struct zc_confine_wish *wish,
			    struct zc_confine_user *user)
{
	const struct zc_options *options = job->options;
	char error[256] = "";

	if (options->user) {
		if (zc_confine_parse_user(options->user, user, error, sizeof(error)) < 0)
			return zc_trouble(&job->trouble, -EINVAL, "--user=%s: %s", options->user,
					  error);
		wish->set_user = true;
		wish->uid = user->uid;
		wish->gid = user->gid;
		wish->groups = user->groups;
		wish->group_count = user->group_count;
	}
	wish->caps_keep = ZC_CONFINE_CAPS_ALL;
	if (!options->cap_drop && !options->cap_keep)
		return 0;
	return zc_confine_parse_caps(options->cap_drop, options->cap_keep, &wish->caps_keep, error,
				     sizeof(error)) < 0
		       ? zc_trouble(&job->trouble, -EINVAL, "--cap-%s: %s",
				    options->cap_keep ? "keep" : "drop", error)
		       : 0;
}

/* What on the command line asks for that layer. */
static void asked_by(const struct zc_job *job, unsigned layer, char *text, size_t cap)
{
	const struct zc_options *options = job->options;

	if (layer == ZC_CONFINE_CREDENTIALS && options->user)
		snprintf(text, cap, "--user=%s", options->user);
	else if (layer == ZC_CONFINE_CREDENTIALS)
		snprintf(text, cap, "--cap-%s", options->cap_keep ? "keep" : "drop");
	else if (layer == ZC_CONFINE_CHROOT)
		snprintf(text, cap, "--jail");
	else if (options->kernel)
		snprintf(text, cap, "--kernel=%s", options->kernel);
	else
		snprintf(text, cap, "--mode=%s", job->mode.used);
}

/* A layer that was required and is not planned: which one, and why. */
static int not_planned(struct zc_job *job, const struct zc_confine_wish *wish, int error)
{
	char option[128];

	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++) {
		if (!(wish->require & BIT(i)) || job->account[i].planned)
			continue;
		asked_by(job, i, option, sizeof(option));
		return zc_trouble(&job->trouble, error, "%s: cannot use layer %s: %s", option,
				  zc_confine_name(i),
				  job->account[i].detail ? job->account[i].detail
							 : strerror(-error));
	}
	return zc_trouble(&job->trouble, error, "cannot plan the kernel's layers: %s",
			  strerror(-error));
}

static int make(struct zc_job *job, const struct zc_confine_wish *wish)
{
	if (job->has_accounts)
		zc_confine_account_finish(job->account);
	job->has_accounts = true;
	return zc_confine_make(wish, &job->plan, &job->plan_size, job->account);
}

/*
 * What belongs to the mode, and what --kernel=require means, must be applied where it is planned; where
 * the policy leaves it nothing to do, there is nothing to fail. A name on the command line is a name.
 */
static int make_plan(struct zc_job *job, struct zc_confine_wish *wish,
		     const struct zc_kernel_wish *kernel)
{
	uint32_t soft = BIT(ZC_CONFINE_LANDLOCK) | BIT(ZC_CONFINE_SECCOMP);
	int r;

	if (strcmp(job->mode.used, "sealed") == 0 && !why_none(job) && !job->options->best_effort)
		wish->require |= BIT(ZC_CONFINE_LANDLOCK);
	/* Means, not ends; and the observer's filter is what the companion would be. */
	wish->require &= ~BIT(ZC_CONFINE_USERNS);
	if (job->traced)
		wish->require &= ~BIT(ZC_CONFINE_SECCOMP);
	r = make(job, wish);
	if (r == -ENOTSUP && (wish->host->landlock_abi || !(kernel->require & soft))) {
		for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++)
			if (soft & ~kernel->named & BIT(i) && !job->account[i].planned)
				wish->require &= ~BIT(i);
		r = make(job, wish);
	}
	return r < 0 ? not_planned(job, wish, r) : 0;
}

static void fill_reports(struct zc_job *job, const char *none)
{
	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++) {
		const struct zc_confine_account *account = &job->account[i];

		job->layer[i] = (struct zc_layer_report){
			.name = zc_confine_name(i),
			.detail = none && !account->planned ? none : account->detail,
			.widened = (const char *const *)account->widened,
			.not_expressible = (const char *const *)account->not_expressible,
		};
	}
	if (job->traced && !job->account[ZC_CONFINE_SECCOMP].planned && !none)
		job->layer[ZC_CONFINE_SECCOMP].detail = "the tracer's own filter stands for it";
}

static int plan(struct zc_job *job)
{
	const uint32_t spaces = BIT(ZC_CONFINE_USERNS) | BIT(ZC_CONFINE_NETNS) |
				BIT(ZC_CONFINE_MOUNTS);
	const char *none = why_none(job);
	struct zc_confine_user user = { 0 };
	struct zc_kernel_wish kernel;
	struct zc_confine_wish wish = { .image = job->image, .cwd = job->start_dir };
	int r = zc_kernel_parse(job->options, &kernel, &job->trouble);

	if (r < 0)
		return r;
	if (none)
		kernel = (struct zc_kernel_wish){ 0 };
	wish.host = zc_host_confine(job->host, geteuid() != 0 && kernel.named & spaces,
				    kernel.take & BIT(ZC_CONFINE_LANDLOCK));
	wish.take = kernel.take;
	wish.named = kernel.named;
	wish.require = kernel.require;
	wish.traced = job->traced;
	wish.jail = none ? NULL : zc_policy_jail(job->set);
	if (job->jailed) /* the policy speaks of paths as seen from inside */
		wish.require |= BIT(ZC_CONFINE_CHROOT);
	r = wish_credentials(job, &wish, &user);
	if (wish.set_user || wish.caps_keep != ZC_CONFINE_CAPS_ALL) {
		wish.take |= BIT(ZC_CONFINE_CREDENTIALS);
		wish.require |= BIT(ZC_CONFINE_CREDENTIALS);
	}
	if (r == 0)
		r = make_plan(job, &wish, &kernel);
	free(user.groups);
	fill_reports(job, none);
	for (unsigned i = 0; r == 0 && i < ZC_CONFINE_LAYERS; i++)
		if (zc_confine_plans(job->plan, i))
			return 0;
	free(job->plan);
	job->plan = NULL;
	return r;
}

int zc_layers_plan(struct zc_job *job)
{
	/* What may not be removed holds its directory in place, so it has to be there to be looked at.
	   zc_store_open() says what is wrong if this fails. */
	bool made = mkdir(job->store.log_dir, 0755) == 0;
	int r = plan(job);

	if (r < 0 && made)
		rmdir(job->store.log_dir);
	return r;
}

int zc_layers_seal(const struct zc_job *job)
{
	const char *bytes = (const char *)job->plan;
	size_t done = 0;
	int fd;

	fd = memfd_create("zencube-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	while (done < job->plan_size) {
		ssize_t n = write(fd, bytes + done, job->plan_size - done);

		if (n <= 0) {
			close(fd);
			return -ENOSPC;
		}
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

void zc_layers_applied(struct zc_job *job, unsigned layer, int error)
{
	struct zc_layer_report *report = &job->layer[layer];

	if (layer >= ZC_CONFINE_LAYERS || error < 0)
		return;
	report->applied = error == 0;
	if (error == 0)
		return;
	snprintf(job->layer_failed[layer], sizeof(job->layer_failed[layer]),
		 "planned, but not applied: %s", strerror(error));
	report->detail = job->layer_failed[layer];
}

bool zc_layers_failed(const struct zc_job *job)
{
	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++)
		if (*job->layer_failed[i])
			return true;
	return false;
}

int zc_layers_blame(struct zc_job *job, int error)
{
	for (unsigned i = ZC_CONFINE_LAYERS; i-- > 0;)
		if (*job->layer_failed[i])
			return zc_trouble(&job->trouble, error, "cannot apply %s: %s",
					  job->layer[i].name, strerror(-error));
	return zc_trouble(&job->trouble, error, "cannot apply the kernel's layers: %s",
			  strerror(-error));
}

void zc_layers_finish(struct zc_job *job)
{
	if (job->has_accounts)
		zc_confine_account_finish(job->account);
	free(job->plan);
	job->plan = NULL;
}
