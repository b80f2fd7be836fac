/* SPDX-License-Identifier: MIT */
/*
 * known.c - which host names are known for an address: in mode shim the run shares what libc's resolver
 * has answered, in its page. Every process of the run can write there, so it is as strong as this mode.
 */
#include <time.h>

#include "core/decide/judge.h"
#include "preload/judge/judge.h"
#include "preload/shim.h"

/* Seconds of CLOCK_MONOTONIC. 0, when nothing is too old, where a filter could mind the question. */
static uint64_t now_s(void)
{
	struct timespec now = { 0, 0 };

	if (!zc_shim.passive)
		zc_sys2(__NR_clock_gettime, CLOCK_MONOTONIC_COARSE, (long)&now);
	return (uint64_t)now.tv_sec;
}

void zc_name_peer(struct zc_guard *guard)
{
	struct zc_event *event = &guard->event;
	struct zc_page *page = zc_shim.page;

	if (!(event->flags & ZC_EV_HAS_PEER) || event->names || event->op == ZC_OP_BIND ||
	    event->op == ZC_OP_LISTEN)
		return;
	event->names_count = (uint8_t)zc_names_of(zc_shim.image,
						  page->magic == ZC_PAGE_MAGIC ? page->names : NULL,
						  ZC_PAGE_NAMES, &event->peer, now_s(),
						  guard->known);
	event->names = guard->known;
}

void zc_name_learn(const char *host, const void *address, size_t len)
{
	struct zc_page *page = zc_shim.page;
	size_t host_len = zc_len(host), name_len;
	struct zc_endpoint endpoint;
	char name[ZC_NAME_CAP];

	if (!zc_shim.image || page->magic != ZC_PAGE_MAGIC || zc_host_is_numeric(host, host_len) ||
	    zc_endpoint_parse(&endpoint, address, len) < 0)
		return;
	name_len = zc_name_spell(name, host, host_len);
	if (name_len && zc_name_is_worth(zc_shim.image, &endpoint, name, name_len))
		zc_names_learn(page->names, ZC_PAGE_NAMES, &endpoint, name, name_len, ZC_HOST_SHIM,
			       now_s(), 0);
}
