/* SPDX-License-Identifier: MIT */
/*
 * freeze_parts.h - one freeze, from hand to hand. Only freeze*.c of this folder need it.
 */
#ifndef ZC_POLICY_FREEZE_PARTS_H
#define ZC_POLICY_FREEZE_PARTS_H

#include <string.h>

#include "core/event.h"
#include "policy/freeze/freeze.h"

struct zc_freeze {
	struct zc_policy_set *set;
	struct zc_policy_error *error;
	struct zc_resolver *resolver;
	struct zc_build *build;
	struct zc_asked_host *asked; /* names so far */
	unsigned unanswered;
};

static inline struct zc_endpoint zc_freeze_endpoint(const struct zc_net_address *address)
{
	struct zc_endpoint at = { .family = (uint16_t)address->family };

	memcpy(at.addr, address->addr, sizeof(at.addr));
	return at;
}

/* freeze_hosts.c: the addresses of the host that a rule names. Sets ZC_IMAGE_NAMES. 0, or fails. */
int zc_freeze_host(struct zc_freeze *f, struct zc_rule *rule);
/* freeze_rules.c: all rules of the set, with what each holds for, into the build. 0, or fails. */
int zc_freeze_rules(struct zc_freeze *f);
/* freeze_notes.c: what a run should say of its own rules. 0 or -ENOMEM. */
int zc_freeze_notes(struct zc_policy_set *set);

#endif
