/* SPDX-License-Identifier: MIT */
/*
 * names.h - which host names stand behind an address, as the tracer comes to know it.
 *
 * Theory of operation. A rule on a name holds for the addresses that the name is known to have. The
 * image has those of the start. Others come from two places, and what comes is kept in our own memory,
 * where no tracee can write:
 *
 *   seen.c   what resolvers answer. A program that sends to port 53 of a configured resolver has its
 *            questions read, and its socket remembered. Before it receives from that socket we look at
 *            what waits there (MSG_PEEK on a borrowed descriptor), so it is what the kernel has, not what
 *            a program says that it got. An answer counts when it comes from a resolver, to a question
 *            that this process has asked, by id and name.
 *   ask.c    what we are told ourselves. When an address is about to be refused that no name is known
 *            for, a child of ours resolves the names that rules allow on that port, and those that were
 *            asked for and whose answer was not seen; each at most once a second, for at most two. The
 *            call is set aside meanwhile and judged again after it: nobody else waits.
 *   peers.c  the table, and the names of an event's peer
 *
 * Only where a policy has rules on names (zc_names_wanted()) are receiving and sending calls held at all.
 */
#ifndef ZC_TRACER_NAMES_H
#define ZC_TRACER_NAMES_H

#include "core/net/dns.h"
#include "core/net/names.h"
#include "tracer/judge/judge.h"

/* peers.c. Before the command begins: what it is that resolvers are asked at. Nothing where no names are
   wanted. 0 or -ENOMEM. */
int zc_peers_start(const struct zc_tracer *tracer);
void zc_peers_finish(void);
/* Gives c->event the names of its peer, once. */
void zc_peers_name(struct zc_case *c);
bool zc_peers_is_resolver(const struct zc_endpoint *endpoint);
void zc_peers_learn(const struct zc_image *image, const struct zc_dns_address *address,
		    const char *name, size_t len, enum zc_host_source source, uint64_t ttl_s);
uint64_t zc_peers_now_s(void);

/*
 * seen.c. Is it a call that is only held for what resolvers say, on a socket that leads to none? Then there
 * is nothing to judge.
 */
bool zc_seen_is_idle(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		     const struct zc_call_stop *stop);
/* After a send or connect was allowed; before a receiving call is made. */
void zc_seen_sent(struct zc_case *c);
void zc_seen_receiving(struct zc_case *c);
/*
 * Names that were asked for, newest first: calls back until it returns false. Names are in their one
 * spelling.
 */
void zc_seen_asked(bool (*each)(void *context, const char *name, size_t len), void *context);

/* ask.c. Is it worth asking before this verdict stands? Then the call is set aside, and true returned. */
bool zc_ask_first(struct zc_case *c);
/* A child of ours has ended: was it the one that asks? Then its answers are known from here on. */
bool zc_ask_ended(struct zc_tracer *tracer, pid_t pid);
/* Judges again what was set aside. */
void zc_ask_take_up(struct zc_tracer *tracer);
/* There is nobody left who could wait for it. */
void zc_ask_stop(void);

#endif
