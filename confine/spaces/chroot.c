/* SPDX-License-Identifier: MIT */
/*
 * chroot.c - --jail as root: the directory becomes the command's "/".
 *
 * The policy then speaks of paths as seen from inside (zc_image.jail is what is taken off), so this
 * layer and the image belong together: neither is planned without the other. What would lead out again
 * is taken away with the capabilities (credentials.c) and by the policy (sys chroot, mount ...).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "confine/plan.h"
#include "core/path.h"

/* NULL, or why not. */
static const char *unfit(const struct zc_confine_wish *wish)
{
	if (!wish->jail)
		return "--jail was not given";
	if (!wish->host->chroot)
		return "it needs CAP_SYS_CHROOT: the jail is confined by the policy only";
	if (!wish->traced)
		return "in mode shim the library would lie outside of it: the jail is confined by "
		       "the "
		       "policy only";
	if (!wish->image->jail.count)
		return "the policy was made for paths as seen from outside: the jail is confined "
		       "by "
		       "the policy only";
	return NULL;
}

int zc_chroot_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	const char *why = unfit(wish), *cwd = "/";
	size_t len;

	if (why) {
		zc_account_detail(maker, ZC_CONFINE_CHROOT, "%s", why);
		return 0;
	}
	len = strlen(wish->jail);
	if (wish->cwd && len > 1 && zc_path_under(wish->cwd, strlen(wish->cwd), wish->jail, len) &&
	    wish->cwd[len])
		cwd = wish->cwd + len;
	maker->head.jail = zc_plan_text(maker, wish->jail);
	maker->head.cwd = zc_plan_text(maker, cwd);
	zc_plan_take(maker, ZC_CONFINE_CHROOT);
	zc_account_detail(maker, ZC_CONFINE_CHROOT, "%s is '/'", wish->jail);
	return maker->error;
}

int zc_chroot_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	/* Into it first: a working directory outside would be a way out. */
	if (chdir(zc_plan_string(plan, plan->jail)) < 0 || chroot(".") < 0)
		return -errno;
	if (chdir(zc_plan_string(plan, plan->cwd)) < 0 && chdir("/") < 0)
		return -errno;
	return 0;
}
