/* SPDX-License-Identifier: MIT */
/*
 * build_names.c - rules on host names, and the addresses that names have.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/net/names.h"
#include "policy/build/build_parts.h"

static struct zc_image_name *find_name(const struct zc_build *build, const char *text, size_t len,
				       bool wild, unsigned port)
{
	struct zc_image_name *names = build->names.items;
	const char *strings = build->strings.items;

	for (uint32_t i = 0; i < build->names.count; i++)
		if (names[i].len == len && names[i].wild == wild && names[i].port == port &&
		    !memcmp(strings + names[i].name, text, len))
			return &names[i];
	return NULL;
}

static struct zc_image_name *add_name(struct zc_build *build, const char *text, size_t len,
				      bool wild, unsigned port)
{
	uint32_t at = zc_build_string(build, text, len);
	struct zc_image_name *name = zc_build_push(&build->names, sizeof(*name), 1);

	if (at == ZC_BUILD_NONE || !name)
		return NULL;
	*name = (struct zc_image_name){ .name = at,
					.len = (uint32_t)len,
					.port = (uint16_t)port,
					.wild = wild,
					.grants_first = ZC_BUILD_NONE };
	return name;
}

int zc_build_name(struct zc_build *build, int number, const char *text, bool wild, unsigned port)
{
	const struct zc_image_rule *rule = zc_build_get_rule(build, number);
	char spelled[ZC_NAME_CAP + 1] = ".";
	size_t len = zc_name_spell(spelled + wild, text, strlen(text));
	struct zc_image_name *name;

	if (!rule || !len || port > 65535 || len + wild >= ZC_NAME_CAP)
		return -EINVAL;
	len += wild;
	name = find_name(build, spelled, len, wild, port);
	if (!name)
		name = add_name(build, spelled, len, wild, port);
	if (!name)
		return -ENOMEM;
	zc_build_note_allow(build, rule, 1u << ZC_CLASS_NET);
	return zc_build_grant(build, &name->mask, &name->grants_first,
			      zc_mask_bit(rule->layer, 0, rule->says), (uint32_t)number);
}

int zc_build_found(struct zc_build *build, const char *text, int family, const uint8_t addr[16],
		   unsigned source)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_mapped = family == AF_INET6 && !memcmp(addr, mapped, sizeof(mapped));
	char spelled[ZC_NAME_CAP];
	size_t len = zc_name_spell(spelled, text, strlen(text));
	struct zc_image_found *found;
	uint32_t at;

	if (!len || (family != AF_INET && family != AF_INET6) || source >= ZC_HOST_SOURCES)
		return -EINVAL;
	at = zc_build_string(build, spelled, len);
	found = zc_build_push(&build->found, sizeof(*found), 1);
	if (at == ZC_BUILD_NONE || !found)
		return -ENOMEM;
	*found = (struct zc_image_found){ .family = (uint16_t)(is_mapped ? AF_INET : family),
					  .source = (uint8_t)source,
					  .name = at,
					  .len = (uint32_t)len };
	memcpy(found->addr, is_mapped ? addr + 12 : addr, found->family == AF_INET ? 4 : 16);
	return 0;
}
