/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what --doctor knows before it says it: rows for people and for JSON alike.
 */
#ifndef ZC_WRAP_DOCTOR_H
#define ZC_WRAP_DOCTOR_H

#include "wrap/modes/probe.h"
#include "wrap/wrap.h"

/* What the system says of itself; probes say what works. */
struct zc_doctor_facts {
	char kernel[160], machine[32];
	int uid;
	int yama;          /* kernel.yama.ptrace_scope; -1: no Yama */
	int apparmor;      /* kernel.apparmor_restrict_unprivileged_userns; -1: not there */
	int userns_clone;  /* kernel.unprivileged_userns_clone; -1: not there */
	long userns_max;   /* user.max_user_namespaces; -1: unknown */
	int seccomp;       /* mode around us: 2 is a filter */
	bool no_new_privs; /* set around us */
	int tracer;        /* pid of who traces us; 0: nobody */
	bool container;
};
void zc_doctor_look(struct zc_doctor_facts *facts);

struct zc_doctor_row {
	const char *name;
	bool available;
	char why_not[ZC_REASON]; /* "": available */
	char help[240];          /* what would make it available; "": nothing is known to */
	const char *what;        /* it is, in a few words */
	const char *lost;        /* without it */
	const char *note;        /* "taken by auto", "notify"; NULL */
};

#define ZC_DOCTOR_LAYERS (ZC_CONFINE_LAYERS + 1) /* and cgroup, for limits */
struct zc_doctor {
	struct zc_host host;
	struct zc_doctor_facts facts;
	struct zc_mode_choice survey;
	const char *automatic; /* what auto takes; NULL: nothing */
	struct zc_doctor_row mode[ZC_MODES], engine[2], layer[ZC_DOCTOR_LAYERS];
};

/* doctor_help.c: fills row->help for a probe that failed. */
void zc_doctor_help(struct zc_doctor_row *row, const struct zc_doctor *doctor, enum zc_fact fact);

/* Tries everything and prints it. Returns an exit code. */
int zc_doctor_run(const struct zc_options *options);

#endif
