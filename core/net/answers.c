/* SPDX-License-Identifier: MIT */
/*
 * answers.c - where an answer to a name may lead: whoever answers chooses it.
 */
#include "core/mem.h"
#include "core/net/names.h"

#define FAMILY_V4 2u
#define FAMILY_V6 10u

static bool is_below(const uint8_t *addr, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return zc_equal(addr, prefix, whole) &&
	       (!rest || (addr[whole] & mask) == (prefix[whole] & mask));
}

struct range {
	uint8_t bits, is_private;
	uint8_t prefix[12];
};

/* RFC 6890 and its like: what is not one host somewhere in the Internet. */
static const struct range ranges4[] = {
	{ 8, 0, { 0 } },         { 8, 1, { 10 } },        { 10, 1, { 100, 64 } },
	{ 8, 0, { 127 } },       { 16, 0, { 169, 254 } }, { 12, 1, { 172, 16 } },
	{ 16, 1, { 192, 168 } }, { 15, 1, { 198, 18 } },  { 4, 0, { 224 } },
	{ 4, 0, { 240 } },
};
static const struct range ranges6[] = {
	{ 96, 0, { 0 } },          /* ::, ::1, IPv4 in its old clothes */
	{ 10, 0, { 0xfe, 0x80 } }, /* link-local */
	{ 10, 1, { 0xfe, 0xc0 } }, /* site-local, as once was */
	{ 7, 1, { 0xfc } },        /* unique local */
	{ 8, 0, { 0xff } },        /* multicast */
	{ 48, 1, { 0, 0x64, 0xff, 0x9b, 0, 1 } },
};

static bool may_lead(const struct range *ranges, size_t count, const uint8_t *addr, bool private)
{
	for (size_t i = 0; i < count; i++)
		if (is_below(addr, ranges[i].prefix, ranges[i].bits))
			return private && ranges[i].is_private;
	return true;
}

bool zc_name_is_link_local(const struct zc_endpoint *address)
{
	const uint8_t *addr = address->addr;

	return address->family == FAMILY_V4 ? addr[0] == 169 && addr[1] == 254
					    : addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

bool zc_name_may_lead_to(const struct zc_image *image, const struct zc_endpoint *address)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	bool private = image->flags & ZC_IMAGE_PRIVATE_NAMES;
	const uint8_t *addr = address->addr;

	if (address->family == FAMILY_V4)
		return may_lead(ranges4, ZC_LEN(ranges4), addr, private);
	if (address->family != FAMILY_V6)
		return false;
	/* A gateway (RFC 6052) or a relay (RFC 3056) goes on to the IPv4 address that is inside. */
	if (zc_equal(addr, nat64, sizeof(nat64)))
		return may_lead(ranges4, ZC_LEN(ranges4), addr + 12, private);
	if (addr[0] == 0x20 && addr[1] == 0x02)
		return may_lead(ranges4, ZC_LEN(ranges4), addr + 2, private);
	return may_lead(ranges6, ZC_LEN(ranges6), addr, private);
}

bool zc_name_is_worth(const struct zc_image *image, const struct zc_endpoint *address,
		      const char *name, size_t len)
{
	uint64_t allows = ZC_MASK_BASE(0);
	const struct zc_image_name *row;
	struct zc_name_walk walk;

	if (zc_name_may_lead_to(image, address))
		return true;
	for (unsigned says = ZC_SAYS_ALLOW; says <= ZC_SAYS_ASK; says++)
		allows |= ZC_MASK_PROFILE(0, says) | ZC_MASK_USER(0, says);
	for (zc_name_first(&walk, image, name, len, 0); (row = zc_name_next(&walk)) != NULL;)
		if (row->mask & allows)
			return false;
	return true;
}
