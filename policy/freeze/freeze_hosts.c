/* SPDX-License-Identifier: MIT */
/*
 * freeze_hosts.c - the addresses of the hosts that rules name.
 */
#include <errno.h>
#include <string.h>

#include "core/net/names.h"
#include "policy/freeze/freeze_parts.h"

#define HOST_ADDRESSES_CAP 64
#define MOST_UNANSWERED 2u /* names that nobody answers for, before no more are asked for */

/* The same name in many rules is asked for once. */
struct zc_asked_host {
	struct zc_asked_host *next;
	const char *host, *why;
	const struct zc_net_address *addresses;
	int count; /* of addresses, or -errno */
};

static struct zc_asked_host *ask(struct zc_freeze *f, const char *host)
{
	struct zc_net_address found[HOST_ADDRESSES_CAP], *copy;
	struct zc_asked_host *asked = f->asked;

	while (asked != NULL && strcmp(asked->host, host) != 0)
		asked = asked->next;
	if (asked != NULL)
		return asked;
	asked = zc_set_alloc(f->set, sizeof(*asked));
	if (asked == NULL)
		return NULL;
	asked->next = f->asked;
	asked->host = zc_set_copy(f->set, host, strlen(host));
	asked->why = "the resolver does not answer";
	asked->count = -EAGAIN;
	if (f->unanswered < MOST_UNANSWERED || zc_hosts_have(host))
		asked->count = zc_net_resolve(host, found, ZC_LEN(found), &asked->why);
	f->unanswered += asked->count == -EAGAIN;
	if (asked->count > 0) {
		copy = zc_set_alloc(f->set, (size_t)asked->count * sizeof(*copy));
		if (copy != NULL)
			memcpy(copy, found, (size_t)asked->count * sizeof(*copy));
		asked->addresses = copy;
	}
	f->asked = asked;
	return asked->host != NULL && (asked->count <= 0 || asked->addresses != NULL) ? asked
										      : NULL;
}

/* Whoever answers for a name chooses where it leads: never to where a cloud gives away its keys. */
static int take_addresses(struct zc_freeze *f, struct zc_rule *rule,
			  const struct zc_asked_host *asked)
{
	struct zc_net_address *kept;
	uint32_t count = 0;

	rule->addresses = asked->addresses;
	rule->addresses_count = (uint32_t)asked->count;
	if (rule->says > ZC_SAYS_ASK || zc_hosts_have(asked->host))
		return 0;
	kept = zc_set_alloc(f->set, (size_t)asked->count * sizeof(*kept));
	if (kept == NULL)
		return zc_fail_memory(f->error);
	for (int i = 0; i < asked->count; i++) {
		struct zc_endpoint at = zc_freeze_endpoint(&asked->addresses[i]);

		if (!zc_name_is_link_local(&at))
			kept[count++] = asked->addresses[i];
		else if (zc_texts_add(&f->set->notes,
				      zc_set_format(f->set,
						    "%s (%s): %s is link-local, and left out",
						    zc_rule_text(f->set, rule, true),
						    zc_origin_text(f->set, rule->origin),
						    zc_net_print(f->set, at.family, at.addr))))
			return zc_fail_memory(f->error);
	}
	rule->addresses = kept;
	rule->addresses_count = count;
	return 0;
}

/*
 * A name that somebody wrote here and that does not exist is a mistake. Where nobody answers, or a
 * profile has named it, the rule stays, and holds for what the name comes to while the command runs.
 */
int zc_freeze_host(struct zc_freeze *f, struct zc_rule *rule)
{
	struct zc_policy_set *set = f->set;
	struct zc_net_value net;
	const struct zc_asked_host *asked;

	if (rule->cls != ZC_CLASS_NET || rule->everything || strncmp(rule->value, "unix:", 5) == 0)
		return 0;
	if (zc_net_parse(set, rule->origin, rule->value, false, &net, f->error))
		return -EINVAL;
	if (net.kind != ZC_NETV_HOST && net.kind != ZC_NETV_WILD)
		return 0;
	if (net.kind == ZC_NETV_WILD || !zc_hosts_have(net.host))
		set->flags |= ZC_IMAGE_NAMES;
	if (net.kind == ZC_NETV_WILD)
		return 0;
	asked = ask(f, net.host);
	if (asked == NULL)
		return zc_fail_memory(f->error);
	if (asked->count == -ENOENT && rule->layer == ZC_LAYER_USER)
		return zc_fail(f->error, rule->origin, "cannot resolve '%.200s': %s", net.host,
			       asked->why);
	if (asked->count <= 0) {
		const char *note = zc_set_format(set, "%s (%s): no address is known yet: %s",
						 zc_rule_text(set, rule, true),
						 zc_origin_text(set, rule->origin), asked->why);

		return zc_texts_add(&set->notes, note) ? zc_fail_memory(f->error) : 0;
	}
	return take_addresses(f, rule, asked);
}
