/* SPDX-License-Identifier: MIT */
/*
 * confine.h - policies as flags, plans for them, and children that live under a plan.
 */
#ifndef ZC_TESTS_UNIT_CONFINE_H
#define ZC_TESTS_UNIT_CONFINE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/plan.h"
#include "policy/policy_set.h"

#define ONLY(layer) (1u << ZC_CONFINE_##layer)

static inline bool has_cap(unsigned cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &head, data) == 0 && data[0].effective >> cap & 1;
}

static inline struct zc_confine_host real_host(void)
{
	long abi = syscall(444, NULL, 0, 1);

	return (struct zc_confine_host){
		.landlock_abi = abi > 0 ? (int)abi : 0,
		.seccomp = true,
		.root = geteuid() == 0,
		.mountns = has_cap(CAP_SYS_ADMIN),
		.netns = has_cap(CAP_SYS_ADMIN),
		.chroot = has_cap(CAP_SYS_CHROOT),
	};
}

/*
 * rules: "allow-read /x", NULL-ended, as of a policy file: without @dev, with @base. home is ~ and the
 * project. NULL and a line on standard output on failure.
 */
static inline struct zc_image *image_of(const char *const *rules, const char *home)
{
	struct zc_policy_world world = { .home = home, .project = home };
	struct zc_policy_set *set = zc_policy_set_new(&world);
	struct zc_policy_error error = { "" };
	struct zc_image *image = NULL;
	char *text = NULL;
	size_t size, len = 0;
	FILE *lines = open_memstream(&text, &len);

	for (; *rules; rules++)
		fprintf(lines, "%s\n", *rules);
	fclose(lines);
	if (zc_policy_add_text(set, "test.zc", text, len, &error) < 0 ||
	    zc_policy_freeze(set, &image, &size, &error) < 0) {
		printf("# %s\n", error.text);
		image = NULL;
	}
	zc_policy_set_free(set);
	free(text);
	return image;
}

struct made {
	struct zc_confine_plan *plan;
	size_t size;
	struct zc_confine_account account[ZC_CONFINE_LAYERS];
};

static inline struct made plan_of(const struct zc_image *image, const struct zc_confine_host *host,
				  uint32_t take)
{
	const struct zc_confine_wish wish = {
		.image = image,
		.host = host,
		.take = take,
		.cwd = "/",
		.caps_keep = ZC_CONFINE_CAPS_ALL,
	};
	struct made made = { .plan = NULL };

	if (zc_confine_make(&wish, &made.plan, &made.size, made.account) < 0)
		made.plan = NULL;
	return made;
}

static inline void made_free(struct made *made)
{
	zc_confine_account_finish(made->account);
	free(made->plan);
	made->plan = NULL;
}

/* Does some sentence of the list hold text? */
static inline bool says(char *const *list, const char *text)
{
	for (; list && *list; list++)
		if (strstr(*list, text))
			return true;
	return false;
}

/* What the child of under() returns when a layer could not be applied. */
#define NOT_APPLIED 120

/* Runs act in a child under the plan; its result (0-119) or NOT_APPLIED, -1 when it died. */
static inline int under(const struct zc_confine_plan *plan, int (*act)(const void *),
			const void *with)
{
	int errors[ZC_CONFINE_LAYERS], status;
	pid_t child = fork();

	if (child == 0) {
		int done = zc_confine_apply(plan, errors);

		for (unsigned i = 0; i < ZC_CONFINE_LAYERS && !done; i++)
			if (errors[i] > 0)
				done = errors[i];
		_exit(done ? NOT_APPLIED : act(with));
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
