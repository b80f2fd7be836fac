/* SPDX-License-Identifier: MIT */
/*
 * build_net.c - addresses, and unix sockets that have no path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/build/build_parts.h"

static uint32_t net_slot(const struct zc_image_net *nets, uint32_t cap,
			 const struct zc_image_net *key, const char *strings, const char *name)
{
	uint32_t mask = cap - 1;
	uint32_t slot = (uint32_t)zc_net_hash(key->kind, key->prefix, key->port, key->addr) & mask;

	for (;; slot = (slot + 1) & mask) {
		const struct zc_image_net *net = &nets[slot];

		if (net->kind == ZC_NET_EMPTY)
			return slot;
		if (net->kind == key->kind && net->prefix == key->prefix &&
		    net->port == key->port && !memcmp(net->addr, key->addr, 16) &&
		    net->name_len == key->name_len &&
		    !memcmp(strings + net->name, name, key->name_len))
			return slot;
	}
}

static int grow_nets(struct zc_build *build)
{
	uint32_t cap = build->net_cap * 2;
	struct zc_image_net *nets;

	if (build->net_count < build->net_cap / 2)
		return 0;
	nets = cap ? calloc(cap, sizeof(*nets)) : NULL;
	if (!nets)
		return -ENOMEM;
	for (uint32_t i = 0; i < build->net_cap; i++) {
		const struct zc_image_net *net = &build->nets[i];
		const char *strings = build->strings.items;

		if (net->kind != ZC_NET_EMPTY)
			nets[net_slot(nets, cap, net, strings, strings + net->name)] = *net;
	}
	free(build->nets);
	build->nets = nets;
	build->net_cap = cap;
	return 0;
}

/* Says a rule's word for one key, in classes given as bits of enum zc_class. */
static int put_net(struct zc_build *build, int number, unsigned classes, struct zc_image_net key,
		   const char *name)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);
	struct zc_image_net *net;

	if (!rule)
		return -EINVAL;
	if (grow_nets(build) < 0)
		return -ENOMEM;
	net = &build->nets[net_slot(build->nets, build->net_cap, &key, build->strings.items, name)];
	if (net->kind == ZC_NET_EMPTY) {
		key.name = zc_build_string(build, name, key.name_len);
		if (key.name == ZC_BUILD_NONE)
			return -ENOMEM;
		key.grants_first = ZC_BUILD_NONE;
		*net = key;
		build->net_count++;
	}
	zc_build_note_allow(build, rule, classes);
	for (unsigned cls = ZC_CLASS_NET; cls <= ZC_CLASS_LISTEN; cls++) {
		uint64_t bit = zc_mask_bit(rule->layer, cls - ZC_CLASS_NET, rule->says);

		if (classes >> cls & 1 && zc_build_grant(build, &net->mask, &net->grants_first, bit,
							 (uint32_t)number) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool net_classes_fit(unsigned classes)
{
	return classes && !(classes & ~(1u << ZC_CLASS_NET | 1u << ZC_CLASS_LISTEN));
}

int zc_build_net(struct zc_build *build, int rule, unsigned classes, int family,
		 const uint8_t addr[16], unsigned prefix_bits, unsigned port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct zc_image_net key = { .kind = family == AF_INET ? ZC_NET_V4 : ZC_NET_V6,
				    .port = (uint16_t)port };
	unsigned bytes = family == AF_INET ? 4 : 16;
	int error;

	if ((family != AF_INET && family != AF_INET6) || prefix_bits > bytes * 8 || port > 65535 ||
	    !net_classes_fit(classes))
		return -EINVAL;
	if (family == AF_INET6 && prefix_bits >= 96 && !memcmp(addr, mapped, sizeof(mapped))) {
		uint8_t inner[16] = { 0 };

		memcpy(inner, addr + 12, 4);
		return zc_build_net(build, rule, classes, AF_INET, inner, prefix_bits - 96, port);
	}
	memcpy(key.addr, addr, bytes);
	zc_addr_mask(key.addr, bytes, prefix_bits);
	key.prefix = (uint8_t)prefix_bits;
	error = put_net(build, rule, classes, key, "");
	if (error < 0)
		return error;
	if (family == AF_INET)
		build->head.prefixes4 |= 1ull << prefix_bits;
	else
		build->head.prefixes6[prefix_bits / 64] |= 1ull << prefix_bits % 64;
	return 0;
}

int zc_build_net_port(struct zc_build *build, int rule, unsigned classes, unsigned port)
{
	static const uint8_t zero[16];
	int error;

	if (!port)
		return -EINVAL;
	error = zc_build_net(build, rule, classes, AF_INET, zero, 0, port);
	return error < 0 ? error : zc_build_net(build, rule, classes, AF_INET6, zero, 0, port);
}

int zc_build_net_any(struct zc_build *build, int number, unsigned classes)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);

	if (!rule || !net_classes_fit(classes))
		return -EINVAL;
	zc_build_note_allow(build, rule, classes);
	for (unsigned cls = ZC_CLASS_NET; cls <= ZC_CLASS_LISTEN; cls++) {
		uint64_t bit = zc_mask_bit(rule->layer, cls - ZC_CLASS_NET, rule->says);

		if (classes >> cls & 1 &&
		    zc_build_grant(build, &build->head.any_net, &build->any_net_grants, bit,
				   (uint32_t)number) < 0)
			return -ENOMEM;
	}
	return 0;
}

int zc_build_unix_any(struct zc_build *build, int number)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);

	if (!rule)
		return -EINVAL;
	zc_build_note_allow(build, rule, 1u << ZC_CLASS_UNIX);
	return zc_build_grant(build, &build->head.any_unix, &build->any_unix_grants,
			      zc_mask_bit(rule->layer, ZC_CLASS_UNIX, rule->says),
			      (uint32_t)number);
}

int zc_build_abstract(struct zc_build *build, int rule, const char *name, size_t len)
{
	struct zc_image_net key = { .kind = ZC_NET_ABSTRACT };

	if (len == 1 && name[0] == '*') {
		key.prefix = 1;
		return put_net(build, rule, 1u << ZC_CLASS_NET, key, "");
	}
	if (len > 107) /* sun_path without the NUL in front, unix(7) */
		return -EINVAL;
	key.name_len = (uint32_t)len;
	zc_abstract_key(key.addr, name, len);
	return put_net(build, rule, 1u << ZC_CLASS_NET, key, name);
}
