/* SPDX-License-Identifier: MIT */
/*
 * space.h - what the tests of namespaces, mounts, jails and credentials share: a plan made from policy
 * flags, applied in a child, and questions asked in there.
 */
#ifndef ZC_TESTS_UNIT_SPACE_H
#define ZC_TESTS_UNIT_SPACE_H

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "confine/plan.h"
#include "tests/unit/policy.h"

static struct zc_image *s_image;
static size_t s_image_size;
static struct zc_confine_host s_host;
static struct zc_confine_wish s_wish;
static struct zc_confine_plan *s_plan;
static size_t s_size;
static struct zc_confine_account s_account[ZC_CONFINE_LAYERS];
static void (*s_before)(void); /* done in the child before the plan is applied; NULL: nothing */
static int s_error[ZC_CONFINE_LAYERS]; /* of zc_confine_apply(), in the child */

/* Flags as on a command line, without the dashes; NULL-ended. */
static inline bool s_policy(const char *const *flags)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	int r = 0;

	free(s_image);
	s_image = NULL;
	for (; *flags && r == 0; flags++) {
		char name[256];
		const char *value = strchr(*flags, '=');

		snprintf(name, sizeof(name), "%.*s",
			 (int)(value ? (size_t)(value - *flags) : strlen(*flags)), *flags);
		r = zc_policy_add_flag(set, name, value ? value + 1 : NULL, &p_error);
	}
	if (r == 0)
		r = zc_policy_freeze(set, &s_image, &s_image_size, &p_error);
	if (r < 0)
		printf("# %s\n", p_error.text);
	zc_policy_set_free(set);
	return r == 0;
}
#define S_POLICY(...) s_policy((const char *const[]){ __VA_ARGS__, NULL })

/* As root with all it takes, or as somebody with user namespaces; layers: bits that are named. */
static inline void s_begin(unsigned layers, bool root)
{
	s_host = (struct zc_confine_host){
		.userns = true, .mountns = root, .netns = true, .chroot = root, .root = root
	};
	s_wish = (struct zc_confine_wish){ .image = s_image,
					   .host = &s_host,
					   .named = layers,
					   .require = layers,
					   .traced = true,
					   .caps_keep = ZC_CONFINE_CAPS_ALL };
}

static inline int s_make(void)
{
	int r;

	zc_confine_account_finish(s_account);
	free(s_plan);
	s_plan = NULL;
	r = zc_confine_make(&s_wish, &s_plan, &s_size, s_account);
	if (r == 0 && zc_confine_check(s_plan, s_size) < 0)
		r = -EBADMSG;
	return r;
}

static inline bool s_lists(char *const *list, const char *text)
{
	for (; list && *list; list++)
		if (strstr(*list, text))
			return true;
	return false;
}

/* Becomes nobody for good, groups and all. */
static inline bool s_be_nobody(void)
{
	return setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 &&
	       setresuid(65534, 65534, 65534) == 0;
}

/*
 * Makes the plan and applies it in a child, as nobody where asked, and there asks question(). Returns
 * what it returned (0 to 99), 100 + the first layer that failed, 190 when no plan was made, or 200
 * when the child ended otherwise.
 */
static inline int s_child(bool nobody, int (*question)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int r;

		alarm(20);
		if ((nobody && !s_be_nobody()) || s_make() < 0)
			_exit(190);
		if (s_before)
			s_before();
		r = zc_confine_apply(s_plan, s_error);
		for (int i = 0; i < ZC_CONFINE_LAYERS; i++) {
			if (s_error[i] > 0) {
				fprintf(stderr, "# %s: %s\n", zc_confine_name((unsigned)i),
					strerror(s_error[i]));
				_exit(100 + i);
			}
		}
		_exit(r < 0 ? 198 : question());
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 200;
	return WEXITSTATUS(status);
}

#endif
