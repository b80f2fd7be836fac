/* SPDX-License-Identifier: MIT */
/*
 * names.c - host names: the rules on one, and the names of an address. Where one may lead: answers.c.
 */
#include "core/mem.h"
#include "core/net/names.h"

#define FAMILY_V4 2u
#define FAMILY_V6 10u
#define PROBES 32u

const char *zc_host_source_name(unsigned source)
{
	static const char *const names[ZC_HOST_SOURCES] = {
		[ZC_HOST_POLICY] = "policy",       [ZC_HOST_HOSTS] = "hosts",
		[ZC_HOST_REFRESHED] = "refreshed", [ZC_HOST_RESOLVER] = "resolver",
		[ZC_HOST_SHIM] = "shim",
	};

	return source < ZC_HOST_SOURCES ? names[source] : NULL;
}

bool zc_names_wanted(const struct zc_image *image)
{
	const struct zc_image *stricter = zc_image_stricter(image);

	return image->flags & ZC_IMAGE_NAMES || (stricter && stricter->flags & ZC_IMAGE_NAMES);
}

size_t zc_name_spell(char ret[ZC_NAME_CAP], const char *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	if (len >= ZC_NAME_CAP)
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') &&
		    (c != '.' || i == 0 || text[i - 1] == '.'))
			return 0;
		ret[i] = c;
	}
	ret[len] = '\0';
	return len;
}

/* --- rules on names -------------------------------------------------------------------------------- */

int zc_name_order(const struct zc_image_name *a, const struct zc_image_name *b,
		  const char *strings_a, const char *strings_b)
{
	int order;

	if (a->wild != b->wild)
		return a->wild ? 1 : -1;
	order = zc_host_order(strings_a + a->name, a->len, strings_b + b->name, b->len);
	return order ? order : (int)a->port - (int)b->port;
}

static const struct zc_image_name *row_at(const struct zc_name_walk *walk, uint32_t row)
{
	return (const struct zc_image_name *)zc_image_at(walk->image, walk->image->names) + row;
}

/* Is the row about what the walk looks up now? */
static int compare(const struct zc_name_walk *walk, uint32_t row)
{
	const struct zc_image_name *name = row_at(walk, row);
	const char *strings = zc_image_at(walk->image, walk->image->strings);

	if (name->wild != walk->wild)
		return name->wild ? 1 : -1;
	return zc_host_order(strings + name->name, name->len, walk->name + walk->at,
			     walk->len - walk->at);
}

/* The first row on what is looked up now, or where it would stand. */
static void look_up(struct zc_name_walk *walk)
{
	uint32_t low = 0, high = walk->image->names.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare(walk, middle) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	walk->row = low;
	walk->inside = true;
}

void zc_name_first(struct zc_name_walk *walk, const struct zc_image *image, const char *name,
		   size_t len, uint16_t port)
{
	*walk = (struct zc_name_walk){ .image = image, .name = name, .len = len, .port = port };
	if (image->names.count)
		look_up(walk);
}

/* The name itself first, then each of its ends that begins with a dot. */
static bool step(struct zc_name_walk *walk)
{
	size_t at = walk->wild ? walk->at + 1 : 1;

	while (at < walk->len && walk->name[at] != '.')
		at++;
	if (at >= walk->len)
		return false;
	walk->wild = true;
	walk->at = at;
	look_up(walk);
	return true;
}

const struct zc_image_name *zc_name_next(struct zc_name_walk *walk)
{
	while (walk->inside) {
		for (; walk->row < walk->image->names.count && compare(walk, walk->row) == 0;
		     walk->row++) {
			const struct zc_image_name *row = row_at(walk, walk->row);

			if (walk->port && row->port && row->port != walk->port)
				continue;
			walk->row++;
			return row;
		}
		walk->inside = step(walk);
	}
	return NULL;
}

bool zc_name_has_rule(const struct zc_image *image, const char *name, size_t len)
{
	struct zc_name_walk walk;

	zc_name_first(&walk, image, name, len, 0);
	return zc_name_next(&walk) != NULL;
}

/* --- names of addresses ---------------------------------------------------------------------------- */

static uint32_t slot_of(const struct zc_endpoint *address, uint32_t count)
{
	return (uint32_t)zc_hash_bytes(address->addr, 16, address->family) & (count - 1);
}

static bool is_of(const struct zc_name_slot *slot, const struct zc_endpoint *address)
{
	return slot->family == address->family && zc_equal(slot->addr, address->addr, 16);
}

/* Which slot is the name's: its own, else a free or expired one, else the next to expire. */
static struct zc_name_slot *choose(struct zc_name_slot *slots, uint32_t count,
				   const struct zc_endpoint *address, const char *name, size_t len)
{
	uint32_t first = slot_of(address, count);
	struct zc_name_slot *best = NULL;

	for (uint32_t i = 0; i < PROBES && i < count; i++) {
		struct zc_name_slot *slot = &slots[(first + i) & (count - 1)];

		if (slot->len == len && is_of(slot, address) && zc_equal(slot->text, name, len))
			return slot;
		if (!best || (best->len && (!slot->len || slot->expires_s < best->expires_s)))
			best = slot;
	}
	return best;
}

void zc_names_learn(struct zc_name_slot *slots, uint32_t count, const struct zc_endpoint *address,
		    const char *name, size_t len, enum zc_host_source source, uint64_t now_s,
		    uint64_t ttl_s)
{
	struct zc_name_slot *slot;
	uint32_t state;

	if (!len || len >= ZC_NAME_CAP)
		return;
	slot = choose(slots, count, address, name, len);
	state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
	if (state & 1 || !__atomic_compare_exchange_n(&slot->state, &state, state + 1, false,
						      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return; /* somebody else is at it: then this one is not remembered */
	if (ttl_s < ZC_NAME_KEEP_S)
		ttl_s = ZC_NAME_KEEP_S;
	if (ttl_s > ZC_NAME_KEEP_MOST_S)
		ttl_s = ZC_NAME_KEEP_MOST_S;
	slot->family = address->family;
	slot->len = (uint8_t)len;
	slot->source = (uint8_t)source;
	slot->expires_s = now_s + ttl_s;
	zc_copy(slot->addr, address->addr, 16);
	zc_copy(slot->text, name, len);
	slot->text[len] = '\0';
	__atomic_store_n(&slot->state, state + 2, __ATOMIC_RELEASE);
}

/* 2: a rule denies the name, 1: there is one, 0: none. */
static unsigned weight_of(const struct zc_image *image, const char *name, size_t len)
{
	const uint64_t denies = ZC_MASK_IMPLICIT(0) | ZC_MASK_PROFILE(0, ZC_SAYS_DENY) |
				ZC_MASK_PROFILE(0, ZC_SAYS_QUIET) | ZC_MASK_USER(0, ZC_SAYS_DENY) |
				ZC_MASK_USER(0, ZC_SAYS_QUIET);
	const struct zc_image_name *row;
	struct zc_name_walk walk;
	unsigned weight = 0;

	for (zc_name_first(&walk, image, name, len, 0); (row = zc_name_next(&walk)) != NULL;)
		weight = row->mask & denies ? 2 : weight ? weight : 1;
	return weight;
}

struct gathered {
	const struct zc_image *image;
	struct zc_known_name *names;
	uint8_t weight[ZC_KNOWN_NAMES];
	unsigned count;
};

static void gather(struct gathered *g, const char *text, size_t len, unsigned source)
{
	unsigned weight = weight_of(g->image, text, len), at;

	for (unsigned i = 0; i < g->count; i++)
		if (g->names[i].len == len && zc_equal(g->names[i].text, text, len))
			return;
	for (at = g->count; at && g->weight[at - 1] < weight; at--)
		if (at < ZC_KNOWN_NAMES) {
			zc_copy(&g->names[at], &g->names[at - 1], sizeof(g->names[at]));
			g->weight[at] = g->weight[at - 1];
		}
	if (at >= ZC_KNOWN_NAMES)
		return;
	g->weight[at] = (uint8_t)weight;
	g->names[at].len = (uint8_t)len;
	g->names[at].source = (uint8_t)source;
	zc_copy(g->names[at].text, text, len);
	g->names[at].text[len] = '\0';
	g->count += g->count < ZC_KNOWN_NAMES;
}

int zc_found_order(const struct zc_image_found *a, const struct zc_image_found *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	for (unsigned i = 0; i < 16; i++)
		if (a->addr[i] != b->addr[i])
			return a->addr[i] < b->addr[i] ? -1 : 1;
	return 0;
}

static void gather_found(struct gathered *g, const struct zc_endpoint *address)
{
	const struct zc_image_found *found = zc_image_at(g->image, g->image->found);
	const char *strings = zc_image_at(g->image, g->image->strings);
	struct zc_image_found wanted = { .family = address->family };
	uint32_t low = 0, high = g->image->found.count;

	zc_copy(wanted.addr, address->addr, 16);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (zc_found_order(&found[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < g->image->found.count && zc_found_order(&found[low], &wanted) == 0; low++)
		gather(g, strings + found[low].name, found[low].len, found[low].source);
}

unsigned zc_names_of(const struct zc_image *image, const struct zc_name_slot *slots, uint32_t count,
		     const struct zc_endpoint *address, uint64_t now_s,
		     struct zc_known_name ret[ZC_KNOWN_NAMES])
{
	struct gathered g = { .image = image, .names = ret };
	uint32_t first;

	if (address->family != FAMILY_V4 && address->family != FAMILY_V6)
		return 0;
	gather_found(&g, address);
	first = slots ? slot_of(address, count) : 0;
	for (uint32_t i = 0; slots && i < PROBES && i < count; i++) {
		const struct zc_name_slot *slot = &slots[(first + i) & (count - 1)];
		uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
		struct zc_name_slot copy;

		if (state & 1 || !slot->len || !is_of(slot, address))
			continue;
		zc_copy(&copy, slot, sizeof(copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) != state || !copy.len ||
		    copy.len >= ZC_NAME_CAP || !is_of(&copy, address) || copy.expires_s <= now_s)
			continue;
		gather(&g, copy.text, copy.len, copy.source);
	}
	return g.count;
}

/* --- for the record -------------------------------------------------------------------------------- */

static bool has_grant(const struct zc_image *image, const struct zc_image_name *row, uint32_t rule)
{
	const struct zc_image_grant *grants = zc_image_at(image, image->grants);

	for (uint32_t i = 0; i < row->grants_count; i++)
		if (grants[row->grants_first + i].rule == rule)
			return true;
	return false;
}

void zc_event_host(const struct zc_image *image, struct zc_event *event, uint32_t rule)
{
	const struct zc_known_name *chosen = event->names;

	if (event->host || !event->names_count)
		return;
	for (unsigned n = 0; n < event->names_count && rule != ZC_RULE_NONE; n++) {
		const struct zc_image_name *row;
		struct zc_name_walk walk;
		bool found = false;

		zc_name_first(&walk, image, event->names[n].text, event->names[n].len,
			      event->peer.port);
		while (!found && (row = zc_name_next(&walk)) != NULL)
			found = has_grant(image, row, rule);
		if (found) {
			chosen = &event->names[n];
			break;
		}
	}
	event->host = chosen->text;
	event->host_source = chosen->source;
}
