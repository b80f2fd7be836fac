/* SPDX-License-Identifier: MIT */
/*
 * landlock_net.c - Landlock knows TCP ports, without addresses, and abstract unix sockets of others.
 *
 * A port is given where any address may be reached on it, or a host by name; a rule for all ports of an address leaves
 * connecting (or binding) alone. UDP, raw sockets and the rest are not Landlock's.
 */
#include "confine/landlock/landlock.h"

#define NET_ABI 4
#define SCOPE_ABI 6

/* Bits in a mask of addresses: classes NET and LISTEN stand in places 0 and 1. */
static uint64_t allow_bits(const struct zc_image *image, unsigned cls)
{
	unsigned at = cls - ZC_CLASS_NET;
	uint64_t bits = ZC_MASK_BASE(at) | ZC_MASK_USER(at, ZC_SAYS_ALLOW) |
			ZC_MASK_USER(at, ZC_SAYS_LOG) | ZC_MASK_USER(at, ZC_SAYS_ASK) |
			ZC_MASK_PROFILE(at, ZC_SAYS_ASK);

	if (!(image->user_allows >> cls & 1))
		bits |= ZC_MASK_PROFILE(at, ZC_SAYS_ALLOW) | ZC_MASK_PROFILE(at, ZC_SAYS_LOG);
	return bits;
}

static uint64_t deny_bits(unsigned cls)
{
	unsigned at = cls - ZC_CLASS_NET;
	uint64_t bits = ZC_MASK_IMPLICIT(at);

	for (unsigned says = ZC_SAYS_DENY; says <= ZC_SAYS_QUIET; says++)
		bits |= ZC_MASK_PROFILE(at, says) | ZC_MASK_USER(at, says);
	return bits;
}

static const char *text_of(const struct zc_image *image, uint32_t first, uint32_t count,
			   uint64_t bits)
{
	const struct zc_image_grant *grants = zc_image_at(image, image->grants);

	for (uint32_t i = 0; i < count; i++) {
		const struct zc_image_rule *rule = zc_image_rule(image, grants[first + i].rule);

		if (grants[first + i].bit & bits && rule)
			return zc_image_text(image, rule->text);
	}
	return "a rule";
}

static void add_port(struct zc_plan_maker *maker, uint16_t port, uint64_t access)
{
	const struct zc_plan_port rule = { .port = port, .access = access };

	zc_plan_add(maker, ZC_PLAN_PORTS, &rule);
}

/* Is any port allowed? Then which ports are does not matter. *ret_rule: the text of why. */
static bool every_port(const struct zc_image *image, unsigned cls, const char **ret_rule)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const struct zc_image_name *names = zc_image_at(image, image->names);
	uint64_t allows = allow_bits(image, cls);

	if (image->flags & ZC_IMAGE_NO_NET)
		return false;
	if (image->any_net & allows) {
		*ret_rule = text_of(image, image->any_net_grants_first, image->any_net_grants_count,
				    allows);
		return true;
	}
	for (uint32_t i = 0; i < image->nets.count; i++) {
		if ((nets[i].kind != ZC_NET_V4 && nets[i].kind != ZC_NET_V6) || nets[i].port ||
		    !(nets[i].mask & allows))
			continue;
		*ret_rule = text_of(image, nets[i].grants_first, nets[i].grants_count, allows);
		return true;
	}
	for (uint32_t i = 0; i < image->names.count && cls == ZC_CLASS_NET; i++) {
		if (names[i].port || !(names[i].mask & allows))
			continue;
		*ret_rule = text_of(image, names[i].grants_first, names[i].grants_count, allows);
		return true;
	}
	return false;
}

/* A name may come to any address while the command runs. */
static void plan_names(struct zc_plan_maker *maker, uint64_t allows, uint64_t access)
{
	const struct zc_image *image = maker->wish->image;
	const struct zc_image_name *names = zc_image_at(image, image->names);

	for (uint32_t i = 0; i < image->names.count; i++) {
		if (!(names[i].mask & allows))
			continue;
		add_port(maker, names[i].port, access);
		zc_account_widened(maker, ZC_CONFINE_LANDLOCK, "%s: to port %u of every address",
				   text_of(image, names[i].grants_first, names[i].grants_count,
					   allows),
				   names[i].port);
	}
}

static void plan_ports(struct zc_plan_maker *maker, unsigned cls, uint64_t access)
{
	const struct zc_image *image = maker->wish->image;
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const char *what = cls == ZC_CLASS_NET ? "connections" : "binding", *rule;
	uint64_t allows = allow_bits(image, cls), denies = deny_bits(cls);

	if (every_port(image, cls, &rule)) {
		if (!(image->any_net & allows))
			zc_account_lacks(
				maker, ZC_CONFINE_LANDLOCK,
				"%s: Landlock knows ports and no addresses; TCP %s are free", rule,
				what);
		for (uint32_t i = 0; i < image->nets.count; i++)
			if ((nets[i].kind == ZC_NET_V4 || nets[i].kind == ZC_NET_V6) &&
			    nets[i].mask & denies)
				zc_account_lacks(
					maker, ZC_CONFINE_LANDLOCK,
					"%s: Landlock cannot take away below what it gives",
					text_of(image, nets[i].grants_first, nets[i].grants_count,
						denies));
		return;
	}
	maker->head.handled_net |= access;
	if (image->flags & ZC_IMAGE_NO_NET)
		return;
	for (uint32_t i = 0; i < image->nets.count; i++) {
		if ((nets[i].kind != ZC_NET_V4 && nets[i].kind != ZC_NET_V6) || !nets[i].port ||
		    !(nets[i].mask & allows))
			continue;
		add_port(maker, nets[i].port, access);
		if (nets[i].prefix)
			zc_account_widened(
				maker, ZC_CONFINE_LANDLOCK, "%s: to port %u of every address",
				text_of(image, nets[i].grants_first, nets[i].grants_count, allows),
				nets[i].port);
	}
	if (cls == ZC_CLASS_NET)
		plan_names(maker, allows, access);
}

/* Is there a socket without a path, made by others, that may be spoken to? */
static bool reaches_abstract(const struct zc_image *image)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const unsigned cls = ZC_CLASS_UNIX;
	uint64_t of_name = ZC_MASK_BASE(0) | ZC_MASK_USER(0, ZC_SAYS_ALLOW) |
			   ZC_MASK_USER(0, ZC_SAYS_LOG);
	uint64_t of_any = ZC_MASK_BASE(cls) | ZC_MASK_USER(cls, ZC_SAYS_ALLOW) |
			  ZC_MASK_USER(cls, ZC_SAYS_LOG);

	if (!(image->user_allows >> cls & 1)) {
		of_name |= ZC_MASK_PROFILE(0, ZC_SAYS_ALLOW) | ZC_MASK_PROFILE(0, ZC_SAYS_LOG);
		of_any |= ZC_MASK_PROFILE(cls, ZC_SAYS_ALLOW) | ZC_MASK_PROFILE(cls, ZC_SAYS_LOG);
	}
	if (image->any_unix & of_any)
		return true;
	for (uint32_t i = 0; i < image->nets.count; i++)
		if (nets[i].kind == ZC_NET_ABSTRACT && nets[i].mask & of_name)
			return true;
	return false;
}

void zc_landlock_net(struct zc_plan_maker *maker)
{
	int abi = maker->wish->host->landlock_abi;

	if (abi >= NET_ABI) {
		plan_ports(maker, ZC_CLASS_NET, ZC_LL_CONNECT_TCP);
		plan_ports(maker, ZC_CLASS_LISTEN, ZC_LL_BIND_TCP);
	} else {
		zc_account_lacks(maker, ZC_CONFINE_LANDLOCK,
				 "TCP ports: this kernel's Landlock has none (Linux 6.7 has)");
	}
	if (abi >= SCOPE_ABI && !reaches_abstract(maker->wish->image))
		maker->head.scoped |= ZC_LL_SCOPE_ABSTRACT;
}
