/* SPDX-License-Identifier: MIT */
/*
 * names.h - host names: what rules say of one, and which are known for an address.
 *
 * A rule on a name holds for the addresses that the name is known to have. Some are found when the
 * policy is frozen and are in the image. Others come up while the command runs: a table of slots holds
 * them, in the tracer's own memory, or in mode shim in the page that the run shares. Who observes looks
 * an address up before it is judged, and zc_policy_decide() sees only the names in the event.
 *
 * Any host on the way may answer a name with any address. So answers that come up later count only
 * where zc_name_may_lead_to() says so: never the loopback, link-local addresses (a cloud's metadata
 * service is one) or private networks, unless the policy says of the last that they may.
 *
 * Around it in this folder: answers.c says where an answer may lead, endpoint.c makes addresses of sockaddrs
 * and text of addresses, dns.h reads messages of resolvers, host.c says which names need nobody to be asked,
 * protocols.h which sockets may be made freely.
 *
 * Context: anywhere; a table may be written by several processes at once. Memory: the caller's. Fails:
 * never; what finds no room is not remembered.
 */
#ifndef ZC_CORE_NAMES_H
#define ZC_CORE_NAMES_H

#include "core/event.h"
#include "core/image.h"

/* How many rules on names are there? Without one no verdict depends on a name. */
static inline uint32_t zc_names_count(const struct zc_image *image)
{
	const struct zc_image *stricter = zc_image_stricter(image);

	return image->names.count + (stricter ? stricter->names.count : 0);
}
/* Are the names behind addresses worth looking for? */
bool zc_names_wanted(const struct zc_image *image);

/* Programs go on using an address long after its time to live; names keep it as long. */
#define ZC_NAME_KEEP_S 3600u
#define ZC_NAME_KEEP_MOST_S 86400u

struct zc_name_slot {
	uint32_t state; /* odd: being written; else how often it was, times two */
	uint16_t family;
	uint8_t len, source; /* len 0: free */
	uint64_t expires_s;  /* CLOCK_MONOTONIC */
	uint8_t addr[16];
	char text[ZC_NAME_CAP + 2];
};

/*
 * A name's one spelling: lower case, no dot at the end. Returns its length, 0 for what is none. Letters,
 * digits, '-' and '_' only: what DNS may hold besides is no host's name.
 */
size_t zc_name_spell(char ret[ZC_NAME_CAP], const char *text, size_t len);

/* The rows of the image that hold for a name and a port (0: any rule on the name, whatever its port). */
struct zc_name_walk {
	const struct zc_image *image;
	const char *name;
	size_t len, at; /* at: where the part that is looked up begins */
	uint32_t row;
	uint16_t port;
	bool wild, inside;
};
void zc_name_first(struct zc_name_walk *walk, const struct zc_image *image, const char *name,
		   size_t len, uint16_t port);
const struct zc_image_name *zc_name_next(struct zc_name_walk *walk); /* NULL at the end */
bool zc_name_has_rule(const struct zc_image *image, const char *name, size_t len);

/* Is it link-local? A cloud's metadata service is; no name is to lead there but by /etc/hosts. */
bool zc_name_is_link_local(const struct zc_endpoint *address);
/* May an answer that comes up while the command runs lead there? */
bool zc_name_may_lead_to(const struct zc_image *image, const struct zc_endpoint *address);

/*
 * Should it be remembered that the name, which came up while the command runs, leads to the address? Not
 * where a rule allows the name and may not be stretched that far.
 */
bool zc_name_is_worth(const struct zc_image *image, const struct zc_endpoint *address,
		      const char *name, size_t len);
/* Remembers that the name, in its one spelling, leads to the address, for ttl_s seconds or longer. */
void zc_names_learn(struct zc_name_slot *slots, uint32_t count, const struct zc_endpoint *address,
		    const char *name, size_t len, enum zc_host_source source, uint64_t now_s,
		    uint64_t ttl_s);
/*
 * Which names are known for the address, those with rules first, of these denies first. slots may be
 * NULL. Returns how many of ret were filled.
 */
unsigned zc_names_of(const struct zc_image *image, const struct zc_name_slot *slots, uint32_t count,
		     const struct zc_endpoint *address, uint64_t now_s,
		     struct zc_known_name ret[ZC_KNOWN_NAMES]);

/*
 * For the record: event->host becomes the name, of event->names, that the verdict's rule is on, else the
 * first.
 */
void zc_event_host(const struct zc_image *image, struct zc_event *event, uint32_t rule);

#endif
