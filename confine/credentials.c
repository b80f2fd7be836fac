/* SPDX-License-Identifier: MIT */
/*
 * credentials.c - --user, --cap-drop, --cap-keep, and what a jail takes away.
 *
 * Capabilities are dropped from the bounding set, so that they are gone with the exec and nothing it
 * starts gets them back; until then CAP_SYS_ADMIN stays, because the layers and the filter that follow
 * need it, or no_new_privs, which would stop what no rule forbids.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/credentials.h"
#include "confine/plan.h"
#include "core/decide/judge.h"

#define CAP(name) (1ull << CAP_##name)
/* By number where the system's header is older: PERFMON, BPF, CHECKPOINT_RESTORE. */
#define CAP_MASK_PERFMON (1ull << 38)
#define CAP_MASK_BPF (1ull << 39)
#define KNOWN_CAPS ((1ull << 41) - 1)

/*
 * What root keeps in a jail: what programs run by root expect and what stays inside. Not SYS_ADMIN,
 * SYS_CHROOT, SYS_PTRACE, SYS_MODULE, SYS_RAWIO, SYS_BOOT, BPF ..., each a way out of a chroot or to the
 * whole machine; not MKNOD (the disk by a node of one's own), nor DAC_READ_SEARCH (open_by_handle_at).
 */
#define JAIL_KEEPS \
	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL) | CAP(SETGID) | \
	 CAP(SETUID) | CAP(SETPCAP) | CAP(NET_BIND_SERVICE) | CAP(NET_RAW) | CAP(IPC_LOCK) | \
	 CAP(SYS_NICE) | CAP(SYS_RESOURCE) | CAP(SETFCAP) | CAP(AUDIT_WRITE))

/* What the user allowed by rule is not taken away by default. */
static const struct {
	uint8_t sys;
	uint64_t caps;
} sys_needs[] = {
	{ ZC_SYS_MOUNT, CAP(SYS_ADMIN) },
	{ ZC_SYS_NAMESPACE, CAP(SYS_ADMIN) },
	{ ZC_SYS_CHROOT, CAP(SYS_CHROOT) },
	{ ZC_SYS_MODULE, CAP(SYS_MODULE) },
	{ ZC_SYS_BPF, CAP_MASK_BPF | CAP(SYS_ADMIN) },
	{ ZC_SYS_PERF, CAP_MASK_PERFMON },
	{ ZC_SYS_PTRACE, CAP(SYS_PTRACE) },
	{ ZC_SYS_PROCESS_MEMORY, CAP(SYS_PTRACE) },
	{ ZC_SYS_PIDFD_GETFD, CAP(SYS_PTRACE) },
	{ ZC_SYS_OPEN_BY_HANDLE, CAP(DAC_READ_SEARCH) },
	{ ZC_SYS_KEXEC, CAP(SYS_BOOT) },
	{ ZC_SYS_REBOOT, CAP(SYS_BOOT) },
	{ ZC_SYS_SWAP, CAP(SYS_ADMIN) },
	{ ZC_SYS_ACCOUNTING, CAP(SYS_PACCT) },
	{ ZC_SYS_QUOTA, CAP(SYS_ADMIN) },
	{ ZC_SYS_CLOCK, CAP(SYS_TIME) },
	{ ZC_SYS_CLOCK_ADJUST, CAP(SYS_TIME) },
	{ ZC_SYS_HOSTNAME, CAP(SYS_ADMIN) },
	{ ZC_SYS_RAW_IO, CAP(SYS_RAWIO) },
	{ ZC_SYS_FANOTIFY, CAP(SYS_ADMIN) },
	{ ZC_SYS_KERNEL_LOG, CAP(SYSLOG) },
	{ ZC_SYS_VHANGUP, CAP(SYS_TTY_CONFIG) },
};

/* --- planning -------------------------------------------------------------------------------------- */

static uint64_t allowed_by_rule(const struct zc_image *image)
{
	const uint64_t *user = image->sys[ZC_LAYER_USER];
	uint64_t caps = 0;

	for (size_t i = 0; i < ZC_LEN(sys_needs); i++) {
		uint64_t bit = 1ull << sys_needs[i].sys;

		if ((user[ZC_SAYS_ALLOW] | user[ZC_SAYS_LOG]) & bit &&
		    !((user[ZC_SAYS_DENY] | user[ZC_SAYS_QUIET]) & bit))
			caps |= sys_needs[i].caps;
	}
	return caps;
}

static uint64_t keeps(const struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	uint64_t keep = wish->caps_keep;

	if (zc_plan_taken(maker, ZC_CONFINE_CHROOT) && keep >> 63)
		keep &= JAIL_KEEPS | allowed_by_rule(wish->image);
	/* In its own user namespace root would be root again. */
	if (zc_plan_taken(maker, ZC_CONFINE_USERNS) && geteuid() == 0)
		keep = 0;
	/* Whoever drops something does not mean to keep what this program has no name for. */
	return keep == ZC_CONFINE_CAPS_ALL ? keep : keep & KNOWN_CAPS;
}

static void tell(struct zc_plan_maker *maker)
{
	const struct zc_confine_plan *head = &maker->head;
	char user[40] = "";
	unsigned kept = (unsigned)__builtin_popcountll(head->caps_keep & KNOWN_CAPS);

	if (head->set_user)
		snprintf(user, sizeof(user), "user %u, group %u", head->uid, head->gid);
	if (head->caps_keep == ZC_CONFINE_CAPS_ALL)
		zc_account_detail(maker, ZC_CONFINE_CREDENTIALS, "%s", user);
	else
		zc_account_detail(maker, ZC_CONFINE_CREDENTIALS,
				  "%s%s%u of %u capabilities can be had", user, *user ? "; " : "",
				  kept, (unsigned)__builtin_popcountll(KNOWN_CAPS));
}

int zc_credentials_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	uint64_t keep = keeps(maker);

	if (!wish->set_user && keep == ZC_CONFINE_CAPS_ALL) {
		zc_account_detail(maker, ZC_CONFINE_CREDENTIALS,
				  "neither --user, --cap-drop, --cap-keep nor a jail asks for it");
		return 0;
	}
	if (!wish->host->root && !zc_plan_taken(maker, ZC_CONFINE_USERNS)) {
		zc_account_detail(maker, ZC_CONFINE_CREDENTIALS,
				  "only root can become another user or drop capabilities");
		return -EPERM;
	}
	maker->head.set_user = wish->set_user;
	maker->head.uid = wish->uid;
	maker->head.gid = wish->gid;
	for (size_t i = 0; wish->set_user && i < wish->group_count; i++) {
		uint32_t group = wish->groups[i];

		zc_plan_add(maker, ZC_PLAN_GROUPS, &group);
	}
	maker->head.caps_keep = keep;
	zc_plan_take(maker, ZC_CONFINE_CREDENTIALS);
	tell(maker);
	return maker->error;
}

/* --- applying -------------------------------------------------------------------------------------- */

static int drop_bounding(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL && cap ? 0 : -errno; /* behind the kernel's last */
	}
	return 0;
}

/* Nothing for others to inherit, and of the rest no more than what is needed until the exec. */
static int set_caps(bool only_admin)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		data[i].inheritable = 0;
		if (only_admin)
			data[i].permitted &= i ? 0 : (uint32_t)CAP(SYS_ADMIN);
		data[i].effective = data[i].permitted;
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* System calls, not glibc's functions: those speak to other threads, with locks. */
static int become(const struct zc_confine_plan *plan)
{
	const uint32_t *groups = zc_plan_at(plan, ZC_PLAN_GROUPS);

	if (syscall(SYS_setgroups, plan->table[ZC_PLAN_GROUPS].count, groups) < 0 ||
	    syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) < 0 ||
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid) < 0)
		return -errno;
	return 0;
}

int zc_credentials_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	int error = 0, death = 0;

	/* The kernel forgets it when ids change: --die-with-parent. */
	prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
	if (plan->caps_keep != ZC_CONFINE_CAPS_ALL)
		error = drop_bounding(plan->caps_keep);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!error && plan->set_user)
		error = become(plan);
	if (!error)
		error = set_caps(plan->set_user && plan->uid);
	if (death)
		prctl(PR_SET_PDEATHSIG, death, 0, 0, 0);
	return error;
}
