/* SPDX-License-Identifier: MIT */
/*
 * peers.c - the table of names that came up while the command runs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy_set.h"
#include "tracer/names/names.h"

#define SLOTS 1024u

static struct zc_name_slot *slots;
static struct zc_endpoint resolver[3];
static size_t resolvers;

uint64_t zc_peers_now_s(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec;
}

int zc_peers_start(const struct zc_tracer *tracer)
{
	if (!zc_names_wanted(tracer->image))
		return 0;
	slots = calloc(SLOTS, sizeof(*slots));
	resolvers = zc_policy_resolvers(resolver);
	return slots ? 0 : -ENOMEM;
}

void zc_peers_finish(void)
{
	free(slots);
	slots = NULL;
}

bool zc_peers_is_resolver(const struct zc_endpoint *endpoint)
{
	for (size_t i = 0; i < resolvers; i++)
		if (endpoint->port == ZC_DNS_PORT && endpoint->family == resolver[i].family &&
		    !memcmp(endpoint->addr, resolver[i].addr, sizeof(endpoint->addr)))
			return true;
	return false;
}

void zc_peers_name(struct zc_case *c)
{
	struct zc_event *event = &c->event;

	if (!(event->flags & ZC_EV_HAS_PEER) || event->names || event->op == ZC_OP_BIND ||
	    event->op == ZC_OP_LISTEN)
		return;
	event->names_count = (uint8_t)zc_names_of(c->tracer->image, slots, SLOTS, &event->peer,
						  zc_peers_now_s(), c->known);
	event->names = c->known;
}

void zc_peers_learn(const struct zc_image *image, const struct zc_dns_address *address,
		    const char *name, size_t len, enum zc_host_source source, uint64_t ttl_s)
{
	struct zc_endpoint endpoint = { .family = address->family };

	memcpy(endpoint.addr, address->addr, sizeof(endpoint.addr));
	if (slots && zc_name_is_worth(image, &endpoint, name, len))
		zc_names_learn(slots, SLOTS, &endpoint, name, len, source, zc_peers_now_s(), ttl_s);
}
