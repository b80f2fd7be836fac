/* SPDX-License-Identifier: MIT */
/*
 * derive_names.c - who may be asked for names: rules on the configured resolvers, which follow from what
 * may be reached.
 *
 * Asking is what lets bytes out, so it is allowed only where a rule lets the command out by name or
 * without naming anything, and never with --no-dns.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/freeze/freeze.h"
#include "policy/language/language.h"
#include "policy/set.h"

/* What of the rules that count says something about names. */
struct need {
	bool outside;                /* something beyond this machine may be reached by name */
	bool wild;                   /* ... by a name that only its asking tells */
	const struct zc_rule *named; /* a rule on a name that allows */
};

static void look_at(struct zc_policy_set *set, const struct zc_rule *rule, struct need *need)
{
	struct zc_policy_error ignored;
	struct zc_net_value net;

	if (rule->everything) {
		need->outside = true;
		return;
	}
	if (zc_net_parse(set, rule->origin, rule->value, false, &net, &ignored) != 0)
		return;
	need->outside |= net.kind == ZC_NETV_PORT || net.kind == ZC_NETV_WILD;
	need->wild |= net.kind == ZC_NETV_WILD;
	if (net.kind == ZC_NETV_HOST && rule->addresses_count == 0)
		need->outside = true; /* nobody has answered yet */
	for (uint32_t i = 0; i < rule->addresses_count; i++)
		if (!zc_net_is_loopback(rule->addresses[i].family, rule->addresses[i].addr))
			need->outside = true;
	if (need->named == NULL && (net.kind == ZC_NETV_HOST || net.kind == ZC_NETV_WILD))
		need->named = rule;
}

static int derive_path(struct zc_policy_set *set, const char *path, unsigned layer, unsigned says)
{
	struct zc_origin origin = { set->flags & ZC_IMAGE_NO_DNS ? "--no-dns" : "names", 0 };

	return zc_derive(set, origin, layer, says, ZC_CLASS_NET, path) ? 0 : -ENOMEM;
}

/*
 * nss-resolve asks at its socket before anything else, for localhost too: quiet when it may not. nscd
 * gives away memory with its answers in it, which nobody else sees; where answers must be seen because
 * a name is known by nothing else, neither is used, and libc goes on to DNS.
 */
static int derive_resolver_paths(struct zc_policy_set *set, const struct need *need)
{
	static const char *const paths[] = { "unix:/run/systemd/resolve", "unix:/run/nscd/socket" };
	bool closed = set->flags & ZC_IMAGE_NO_DNS, open = need->outside && !need->wild;
	int r = 0;

	for (size_t i = 0; i < ZC_LEN(paths) && r == 0; i++) {
		if (closed)
			r = derive_path(set, paths[i], ZC_LAYER_USER, ZC_SAYS_QUIET);
		else if (open)
			r = derive_path(set, paths[i], ZC_LAYER_BASE, ZC_SAYS_ALLOW);
		else if (i == 0 || need->wild)
			r = derive_path(set, paths[i], ZC_LAYER_PROFILE, ZC_SAYS_QUIET);
	}
	return r;
}

static int derive_server(struct zc_policy_set *set, const struct need *need,
			 const struct zc_net_address *server)
{
	bool closed = set->flags & ZC_IMAGE_NO_DNS, v6 = server->family == AF_INET6;
	struct zc_origin origin = { closed ? "--no-dns" : "/etc/resolv.conf", 0 };
	const char *text = zc_net_print(set, server->family, server->addr);
	unsigned layer = closed ? ZC_LAYER_USER : need->outside ? ZC_LAYER_BASE : ZC_LAYER_PROFILE;

	/* A resolver on loopback asks the world: loopback alone is no leave to use it. */
	if (!closed && !need->outside && !zc_net_is_loopback(server->family, server->addr))
		return 0;
	text = text ? zc_set_format(set, "%s%s%s:53", v6 ? "[" : "", text, v6 ? "]" : "") : NULL;
	if (!zc_derive(set, origin, layer, closed || !need->outside ? ZC_SAYS_DENY : ZC_SAYS_ALLOW,
		       ZC_CLASS_NET, text))
		return -ENOMEM;
	if (need->outside && need->named != NULL)
		return zc_texts_add(&set->notes,
				    zc_set_format(set, "names are asked for at %s, for %s (%s)",
						  text, zc_rule_text(set, need->named, true),
						  zc_origin_text(set, need->named->origin)));
	return 0;
}

int zc_derive_resolvers(struct zc_policy_set *set, struct zc_policy_error *error)
{
	unsigned layer = zc_set_user_allows(set, ZC_CLASS_NET) ? ZC_LAYER_USER : ZC_LAYER_PROFILE;
	bool closed = set->flags & ZC_IMAGE_NO_DNS;
	struct zc_net_address servers[3];
	size_t count = zc_net_nameservers(servers);
	struct need need = { 0 };
	struct zc_rule named;
	int r = 0;

	for (size_t i = 0; i < set->rules_count; i++)
		if (set->rules[i].layer == layer && set->rules[i].cls == ZC_CLASS_NET &&
		    set->rules[i].says <= ZC_SAYS_ASK)
			look_at(set, &set->rules[i], &need);
	if (need.named != NULL) { /* rules move when one is added */
		named = *need.named;
		need.named = &named;
	}
	if (set->flags & (ZC_IMAGE_NO_NET | ZC_IMAGE_NO_DNS))
		need.outside = false;
	if (need.outside)
		set->flags |= ZC_IMAGE_DNS;
	else if (layer == ZC_LAYER_USER && !closed)
		return 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = derive_server(set, &need, &servers[i]);
	if (r == 0)
		r = derive_resolver_paths(set, &need);
	return r < 0 ? zc_fail_memory(error) : 0;
}
