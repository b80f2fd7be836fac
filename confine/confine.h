/* SPDX-License-Identifier: MIT */
/*
 * confine.h - what the kernel refuses for us, below whoever watches.
 *
 * Theory of operation. zcwrap makes a plan from the same frozen image that shim and tracer judge by
 * (zc_confine_make), together with an account of what each layer could and could not express. The
 * plan is one flat block. The program that forks the command (zctrace; zcwrap in shim mode) applies
 * it in the child, between fork and exec, in this order and with async-signal-safe calls only:
 *
 *   user namespace and maps, network namespace and its loopback, mounts, chroot and chdir,
 *   credentials (--user, --cap-drop, --cap-keep), no_new_privs, Landlock, companion filter
 *
 * and after that the observer puts its own filter in and execs. The laws of this folder:
 *   - A layer is never stricter than zc_policy_decide(). What it cannot say exactly is widened to
 *     what contains it, or left out, and listed. (A property test holds the two against each other.)
 *   - Nothing is applied under --audit, nor in mode `trace`.
 *   - A user namespace changes what the command sees (files of others look like nobody's), so no
 *     layer that needs one is taken by `auto`, only when it is named or --kernel=all is said.
 *   - A layer that was taken and then fails ends the run when it is required, and is reported as not
 *     applied, with errno, when it is not.
 */
#ifndef ZC_CONFINE_CONFINE_H
#define ZC_CONFINE_CONFINE_H

#include <stdio.h>
#include <sys/types.h>

#include "core/image.h"

/* In the order of application. */
enum zc_confine_layer {
	ZC_CONFINE_USERNS, /* only as the means to the next two */
	ZC_CONFINE_NETNS,
	ZC_CONFINE_MOUNTS, /* masks and read-only binds for deny rules */
	ZC_CONFINE_CHROOT, /* --jail as root */
	ZC_CONFINE_CREDENTIALS,
	ZC_CONFINE_NNP,
	ZC_CONFINE_LANDLOCK,
	ZC_CONFINE_SECCOMP, /* the companion of Landlock; in traced modes the observer's filter is it */
	ZC_CONFINE_LAYERS
};
/* "userns" "netns" "mounts" "chroot" "credentials" "no_new_privs" "landlock" "seccomp" */
const char *zc_confine_name(unsigned layer);
int zc_confine_find(const char *name); /* -1: none of them */

/* What this host can do: filled by probes (wrap/modes/probe.c), or by a test that pretends. */
struct zc_confine_host {
	int landlock_abi; /* 0: none */
	int landlock_errata; /* bits, as landlock_create_ruleset(LANDLOCK_CREATE_RULESET_ERRATA) gives them */
	bool seccomp; /* a filter can be installed (with no_new_privs or the capability) */
	bool userns;  /* unshare, own maps, and a mount inside all work */
	bool mountns; /* without a user namespace: CAP_SYS_ADMIN */
	bool netns;   /* likewise, or inside a user namespace when userns */
	bool chroot;  /* CAP_SYS_CHROOT */
	bool root;    /* effective uid 0 with capabilities */
};

#define ZC_CONFINE_CAPS_ALL (~0ull)
struct zc_confine_wish {
	const struct zc_image *image;
	const struct zc_confine_host *host;
	uint32_t take; /* bit n: layer n may be used where it fits and needs no user namespace */
	uint32_t
		named; /* ... was asked for by name: a user namespace is made for it where needed */
	uint32_t require; /* ... must be applied, or the run does not begin */
	bool traced;      /* sealed, hybrid: false is shim mode */
	const char *jail; /* --jail, resolved; NULL: none */
	const char *cwd;  /* of the command, as seen from outside the jail */
	bool set_user;    /* --user */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	uint64_t
		caps_keep; /* bit n: capability n may stay; ZC_CONFINE_CAPS_ALL: nothing is dropped */
	bool no_new_privs; /* wanted for its own sake */
};

/* What becomes of one layer. Texts are malloc'd; lists are NULL-ended. */
struct zc_confine_account {
	bool planned;
	char *detail;   /* "ABI 7, 212 rules"; or why it is not planned */
	char **widened; /* "allow-write /home/u/p/lock.json: to /home/u/p" */
	char **not_expressible; /* "deny-read /home/u/.ssh: Landlock cannot take away below what it gives" */
};

struct zc_confine_plan; /* position-independent; may be written to a memfd and mapped elsewhere */

/*
 * Makes the plan. *ret_plan is malloc'd, *ret_size its bytes; account has ZC_CONFINE_LAYERS entries,
 * which zc_confine_account_finish() frees. Returns 0, -ENOMEM, or -ENOTSUP when a required layer does
 * not fit here (its account's detail says why). A planned chroot and planned credentials are always
 * required: a command that keeps what it was to lose is worse than none. -EPERM: not root.
 */
int zc_confine_make(const struct zc_confine_wish *wish, struct zc_confine_plan **ret_plan,
		    size_t *ret_size, struct zc_confine_account account[ZC_CONFINE_LAYERS]);
void zc_confine_account_finish(struct zc_confine_account account[ZC_CONFINE_LAYERS]);
/* Is this block of size bytes a sound plan? Returns 0 or -EINVAL. Who maps it calls it first. */
int zc_confine_check(const void *block, size_t size);
bool zc_confine_plans(const struct zc_confine_plan *plan, unsigned layer);

/*
 * Applies the plan to this process. Async-signal-safe: between fork and exec, in a process that may
 * share its descriptor table with its parent (whatever is opened is closed again by its number).
 * ret_error[n]: 0 applied, -1 not planned, else errno. Returns 0, or -errno of a required layer.
 */
int zc_confine_apply(const struct zc_confine_plan *plan, int ret_error[ZC_CONFINE_LAYERS]);

#endif
