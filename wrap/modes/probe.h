/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what this host can do, found out by doing it: in a throw-away child, within a time limit.
 *
 * That a capability is there or a file in /proc says 1 does not mean that the call works: a container
 * runtime, a security module or a supervisor around us may refuse it. So each probe makes the very
 * calls that a mode or a layer depends on. A start asks only for what its mode needs (a probe costs
 * a fork); --doctor asks for everything.
 */
#ifndef ZC_WRAP_PROBE_H
#define ZC_WRAP_PROBE_H

#include <sys/types.h>

#include "confine/confine.h"

enum zc_fact {
	ZC_FACT_NOTIFY,   /* a filter with a listener, one call answered with a descriptor put in */
	ZC_FACT_PTRACE,   /* PTRACE_SEIZE, a RET_TRACE stop, a call skipped */
	ZC_FACT_LANDLOCK, /* a ruleset that refuses */
	ZC_FACT_SECCOMP,  /* a filter that refuses */
	ZC_FACT_USERNS,   /* a user namespace with maps and a mount inside */
	ZC_FACT_MOUNTNS,  /* a mount namespace without one */
	ZC_FACT_NETNS,    /* a network namespace with loopback up, without one */
	ZC_FACT_USER_NETNS, /* ... inside a user namespace */
	ZC_FACT_CHROOT,
	ZC_FACT_CGROUP, /* a cgroup below ours can be made */
	ZC_FACTS
};

struct zc_tried {
	bool tried, works;
	int error;     /* errno of the step that failed */
	char why[160]; /* "" when it works: "mount of / as private: Operation not permitted" */
};

struct zc_host {
	struct zc_tried fact[ZC_FACTS];
	struct zc_confine_host confine; /* filled by zc_host_confine() */
	int landlock_abi, landlock_errata, landlock_error;
	bool sync_wake_up;   /* the notify engine is woken on the same CPU (Linux 6.6) */
	bool outer_listener; /* somebody around us answers system calls: EBUSY */
};

/* Tries it, once. */
bool zc_host_can(struct zc_host *host, enum zc_fact fact);
/*
 * What the layers are planned by. thorough: namespaces are tried (some milliseconds); else what
 * needs capabilities is taken to work where those are there, and applying says whether it did. landlock:
 * whether it works is tried, for who would take it; else it is not there.
 */
const struct zc_confine_host *zc_host_confine(struct zc_host *host, bool thorough, bool landlock);

/* --- probe_engines.c, probe_spaces.c: one try each; what failed goes to ret --------------------- */

/* Says what failed, for a return statement. */
int zc_probe_failed(struct zc_tried *ret, int error, const char *what);

void zc_probe_notify(struct zc_host *host, struct zc_tried *ret);
void zc_probe_ptrace(struct zc_host *host, struct zc_tried *ret);
void zc_probe_seccomp(struct zc_host *host, struct zc_tried *ret);
void zc_probe_landlock(struct zc_host *host, struct zc_tried *ret);
void zc_probe_userns(struct zc_host *host, struct zc_tried *ret);
void zc_probe_mountns(struct zc_host *host, struct zc_tried *ret);
void zc_probe_netns(struct zc_host *host, struct zc_tried *ret);
void zc_probe_user_netns(struct zc_host *host, struct zc_tried *ret);
void zc_probe_chroot(struct zc_host *host, struct zc_tried *ret);
void zc_probe_cgroup(struct zc_host *host, struct zc_tried *ret);

/* --- a throw-away child ------------------------------------------------------------------------- */

#define ZC_PROBE_MS 10000 /* a machine under load answers late, and late is not never */

/* What a child came to: a step of its own numbering, and errno there; step 0: everything worked. */
struct zc_probe_word {
	int step, error;
};
struct zc_probe_child {
	pid_t pid;
	int go[2], tell[2]; /* pipes: it waits for a byte from go, and says words into tell */
	int pidfd;          /* its end; -1: not to be had */
	bool shared;
};
/*
 * Forks a child that runs act(context, tell) and ends; shared: with our descriptor table, so that a
 * number it says is ours too. Returns 0 or -errno.
 */
int zc_probe_begin(struct zc_probe_child *child, void (*act)(void *context, int tell),
		   void *context, bool shared);
void zc_probe_go(const struct zc_probe_child *child);
void zc_probe_say(int tell, int step, int error); /* in the child */
/* Returns 0, -ETIMEDOUT, or -ENODATA when it ended without a word. */
int zc_probe_hear(const struct zc_probe_child *child, struct zc_probe_word *ret);
/* Ends it, if it has not, and reaps it. */
void zc_probe_end(struct zc_probe_child *child);
/* All of these at once: steps[n] names step n + 1. */
void zc_probe_try(struct zc_tried *ret, void (*act)(void *context, int tell), void *context,
		  const char *const *steps);

#endif
