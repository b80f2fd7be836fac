/* SPDX-License-Identifier: MIT */
/*
 * policy_net.c - sockets, addresses and unix names under the policy.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/net/protocols.h"
#include "core/decide/judge.h"
#include "core/mem.h"
#include "core/net/names.h"

#define MASK_CLASS(cls) ((unsigned)(cls)-ZC_CLASS_NET)
#define USER_ALLOWS (ZC_SAID_USER(ZC_SAYS_ALLOW) | ZC_SAID_USER(ZC_SAYS_LOG))
#define PROFILE_DENIES (ZC_SAID_PROFILE(ZC_SAYS_DENY) | ZC_SAID_PROFILE(ZC_SAYS_QUIET))

/*
 * What the rules that cover one address say. A place is (prefix length + 1, port or any port), and
 * 0 for rules on every address: a user's allow lifts a profile's deny when it lies inside it.
 */
struct heard {
	unsigned said;
	int deny[2], allow[2]; /* [1]: with a port; greatest place, -1: none */
	struct zc_seek *seek;  /* NULL: nothing is looked for */
};

static void hear(struct heard *heard, unsigned said, uint64_t mask, int place, bool port,
		 uint32_t grants_first, uint32_t grants_count)
{
	heard->said |= said;
	if (said & PROFILE_DENIES && place > heard->deny[port])
		heard->deny[port] = place;
	if (said & USER_ALLOWS && place > heard->allow[port])
		heard->allow[port] = place;
	if (heard->seek)
		zc_seek_offer(heard->seek, mask, (uint32_t)place << 1 | port, grants_first,
			      grants_count);
}

static bool lifted(const struct heard *heard)
{
	int any = heard->allow[0] > heard->allow[1] ? heard->allow[0] : heard->allow[1];

	return heard->said & USER_ALLOWS && heard->deny[0] <= any &&
	       heard->deny[1] <= heard->allow[1];
}

static struct heard nothing_heard(struct zc_seek *seek)
{
	return (struct heard){ .deny = { -1, -1 }, .allow = { -1, -1 }, .seek = seek };
}

static const struct zc_image_net *find_net(const struct zc_image *image, uint8_t kind,
					   uint8_t prefix, uint16_t port, const uint8_t addr[16],
					   const char *name, size_t name_len)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const char *strings = zc_image_at(image, image->strings);
	uint32_t mask = image->nets.count - 1;

	for (uint32_t slot = (uint32_t)zc_net_hash(kind, prefix, port, addr) & mask;;
	     slot = (slot + 1) & mask) {
		const struct zc_image_net *net = &nets[slot];

		if (net->kind == ZC_NET_EMPTY)
			return NULL;
		if (net->kind == kind && net->prefix == prefix && net->port == port &&
		    zc_equal(net->addr, addr, 16) && net->name_len == name_len &&
		    zc_equal(strings + net->name, name, name_len))
			return net;
	}
}

static void hear_prefix(const struct zc_image *image, const struct zc_endpoint *endpoint,
			unsigned prefix, unsigned cls, struct heard *heard)
{
	bool v4 = endpoint->family == AF_INET;
	uint8_t addr[16] = { 0 };

	zc_copy(addr, endpoint->addr, v4 ? 4 : 16);
	zc_addr_mask(addr, v4 ? 4 : 16, prefix);
	for (unsigned exact = 0; exact < 2; exact++) {
		const struct zc_image_net *net;

		if (exact && !endpoint->port)
			break;
		net = find_net(image, v4 ? ZC_NET_V4 : ZC_NET_V6, (uint8_t)prefix,
			       exact ? endpoint->port : 0, addr, "", 0);
		if (net)
			hear(heard, zc_said(net->mask, MASK_CLASS(cls)), net->mask, (int)prefix + 1,
			     exact, net->grants_first, net->grants_count);
	}
}

/* Of a family without addresses that rules know, only "every address" holds. */
static void hear_endpoint(const struct zc_image *image, const struct zc_endpoint *endpoint,
			  unsigned cls, struct heard *heard)
{
	const uint64_t *words = endpoint->family == AF_INET ? &image->prefixes4 : image->prefixes6;
	unsigned count = endpoint->family == AF_INET ? 1 : endpoint->family == AF_INET6 ? 3 : 0;

	hear(heard, zc_said(image->any_net, MASK_CLASS(cls)), image->any_net, 0, false,
	     image->any_net_grants_first, image->any_net_grants_count);
	for (unsigned w = 0; w < count; w++)
		for (uint64_t left = words[w]; left; left &= left - 1)
			hear_prefix(image, endpoint, w * 64 + (unsigned)__builtin_ctzll(left), cls,
				    heard);
}

/* A name is as near to its addresses as a rule on that one address would be. */
static void hear_name(const struct zc_image *image, const struct zc_event *event,
		      struct heard *heard)
{
	int place = event->peer.family == AF_INET ? 33 : 129;

	for (unsigned n = 0; n < event->names_count && n < ZC_KNOWN_NAMES; n++) {
		const struct zc_known_name *name = &event->names[n];
		struct zc_name_walk walk;
		const struct zc_image_name *row;

		for (zc_name_first(&walk, image, name->text, name->len, event->peer.port);
		     (row = zc_name_next(&walk)) != NULL;)
			hear(heard, zc_said(row->mask, 0), row->mask, place, row->port,
			     row->grants_first, row->grants_count);
	}
}

static void hear_all(const struct zc_image *image, const struct zc_endpoint *endpoint, unsigned cls,
		     const struct zc_event *named, struct heard *heard)
{
	hear_endpoint(image, endpoint, cls, heard);
	if (named && image->names.count)
		hear_name(image, named, heard);
}

/*
 * Judges an address twice over: once for what is said, once for the rule that said it. named: the event
 * whose names are the endpoint's too; NULL: none.
 */
static struct zc_judgement judge_endpoint(const struct zc_image *image,
					  const struct zc_endpoint *endpoint, unsigned cls,
					  const struct zc_event *named, bool denies_only)
{
	struct heard heard = nothing_heard(NULL);
	struct zc_seek seek = { .bits = 0 };
	struct zc_ruling r;

	hear_all(image, endpoint, cls, named, &heard);
	if (denies_only)
		r = zc_rule_on_denies(heard.said, lifted(&heard));
	else
		r = zc_rule_on(heard.said, lifted(&heard), zc_replaced(image, cls));
	if (r.by) {
		seek.bits = zc_said_mask(r.by, MASK_CLASS(cls));
		seek.prefer = zc_said_mask(r.prefer, MASK_CLASS(cls));
		heard.seek = &seek;
		hear_all(image, endpoint, cls, named, &heard);
	}
	return zc_judge_settle(image, r, cls, &seek);
}

static struct zc_judgement judge_any(const struct zc_image *image, unsigned cls)
{
	const struct zc_endpoint nowhere = { .family = AF_UNSPEC };

	return judge_endpoint(image, &nowhere, cls, NULL, false);
}

/* Connecting to 0.0.0.0 or :: reaches this machine: judged there, denies also as given. */
static struct zc_judgement judge_destination(const struct zc_image *image,
					     const struct zc_event *event)
{
	static const uint8_t zeros[16];
	const struct zc_endpoint *peer = &event->peer;
	unsigned bytes = peer->family == AF_INET ? 4 : 16;
	struct zc_judgement judgement;
	struct zc_endpoint local;

	if (!zc_equal(peer->addr, zeros, bytes))
		return judge_endpoint(image, peer, ZC_CLASS_NET, event, false);
	zc_copy(&local, peer, sizeof(local));
	local.addr[bytes - 1] = 1;
	if (bytes == 4)
		local.addr[0] = 127;
	judgement = judge_endpoint(image, &local, ZC_CLASS_NET, NULL, false);
	zc_judge_worst(&judgement, judge_endpoint(image, peer, ZC_CLASS_NET, NULL, true));
	return judgement;
}

/* The name itself, every abstract name, every unix socket. */
static void hear_abstract(const struct zc_image *image, const char *name, size_t len,
			  struct heard *heard)
{
	uint8_t addr[16] = { 0 };
	const struct zc_image_net *net;

	hear(heard, zc_said(image->any_unix, ZC_CLASS_UNIX), image->any_unix, 0, false,
	     image->any_unix_grants_first, image->any_unix_grants_count);
	net = find_net(image, ZC_NET_ABSTRACT, 1, 0, addr, "", 0);
	if (net)
		hear(heard, zc_said(net->mask, 0), net->mask, 1, false, net->grants_first,
		     net->grants_count);
	zc_abstract_key(addr, name, len);
	net = find_net(image, ZC_NET_ABSTRACT, 0, 0, addr, name, len);
	if (net)
		hear(heard, zc_said(net->mask, 0), net->mask, 2, false, net->grants_first,
		     net->grants_count);
}

static struct zc_judgement judge_abstract(const struct zc_image *image,
					  const struct zc_endpoint *peer, unsigned *ret_said)
{
	size_t len = peer->name_len > sizeof(peer->name) ? sizeof(peer->name) : peer->name_len;
	struct heard heard = nothing_heard(NULL);
	struct zc_seek seek = { .bits = 0 };
	struct zc_ruling r;

	hear_abstract(image, peer->name + 1, len - 1, &heard);
	*ret_said = heard.said;
	r = zc_rule_on(heard.said, lifted(&heard), zc_replaced(image, ZC_CLASS_UNIX));
	if (r.by) {
		seek.bits = zc_said_mask(r.by, 0) | zc_said_mask(r.by, ZC_CLASS_UNIX);
		seek.prefer = zc_said_mask(r.prefer, 0) | zc_said_mask(r.prefer, ZC_CLASS_UNIX);
		heard.seek = &seek;
		hear_abstract(image, peer->name + 1, len - 1, &heard);
	}
	return zc_judge_settle(image, r, ZC_CLASS_UNIX, &seek);
}

static unsigned said_on_path(const struct zc_image *image, const char *path, size_t len)
{
	struct zc_walk walk;

	if (!path)
		return 0;
	zc_walk(image, path, len, NULL, &walk);
	return zc_said(walk.mask | image->any_unix, ZC_CLASS_UNIX);
}

/*
 * A socket that the run itself bound may be spoken to where the profile has unix sockets at all and
 * the user has not put other rules in their place. What the user or an implicit rule denies stays.
 */
static bool made_in_run(const struct zc_image *image, const struct zc_event *event, unsigned said)
{
	const unsigned stays = ZC_SAID_IMPLICIT | ZC_SAID_USER(ZC_SAYS_DENY) |
			       ZC_SAID_USER(ZC_SAYS_QUIET) | ZC_SAID_USER(ZC_SAYS_ASK);
	const unsigned some = ZC_SAID_PROFILE(ZC_SAYS_ALLOW) | ZC_SAID_PROFILE(ZC_SAYS_LOG);
	const struct zc_image_node *root = zc_image_at(image, image->nodes);

	if (!(event->flags & ZC_EV_MADE_IN_RUN) || said & stays || zc_replaced(image, ZC_CLASS_NET))
		return false;
	return zc_said(root->mask | root->below | image->any_unix, ZC_CLASS_UNIX) & some;
}

static struct zc_judgement judge_unix(const struct zc_image *image, const struct zc_event *event)
{
	const struct zc_object *object = &event->object[0];
	struct zc_judgement judgement;
	unsigned said;

	if (event->peer.name_len == 0) /* the kernel's EINVAL */
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_UNIX);
	if (event->peer.name[0] == '\0') {
		judgement = judge_abstract(image, &event->peer, &said);
	} else {
		if (!event->objects)
			return zc_judged(ZC_OUT_REFUSE, ZC_WHY_UNREADABLE, ZC_CLASS_UNIX);
		judgement = zc_judge_object(image, object, ZC_CLASS_UNIX);
		if (judgement.outcome < ZC_OUT_ASK || !(event->flags & ZC_EV_MADE_IN_RUN))
			return judgement;
		said = said_on_path(image, object->path, object->path_len) |
		       said_on_path(image, object->given, object->given_len);
	}
	if (judgement.outcome >= ZC_OUT_ASK &&
	    (judgement.reason == ZC_WHY_RULE || judgement.reason == ZC_WHY_NO_ALLOW) &&
	    made_in_run(image, event, said))
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_UNIX);
	return judgement;
}

static struct zc_judgement judge_peer(const struct zc_image *image, const struct zc_event *event)
{
	const struct zc_judgement fine = zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_NET);

	if (!(event->flags & ZC_EV_HAS_PEER))
		return fine;
	switch (event->peer.family) {
	case AF_UNSPEC:
		/*
		 * connect(): disconnects. sendto(): udp(7) does not say it, but Linux reads
		 * AF_INET.
		 */
		return event->op == ZC_OP_SEND ? judge_any(image, ZC_CLASS_NET) : fine;
	case AF_UNIX: return judge_unix(image, event);
	case AF_NETLINK: return fine; /* judged when the socket was made */
	case AF_INET:
	case AF_INET6: return judge_destination(image, event);
	default: return judge_any(image, ZC_CLASS_NET);
	}
}

/*
 * What the kernel does by itself when a datagram socket first sends (musl's resolver does it before): no
 * address, no port, and so nothing that anybody could be waiting to find there.
 */
static bool is_unchosen(const struct zc_event *event)
{
	static const uint8_t zeros[16];

	return event->op == ZC_OP_BIND && event->flags & ZC_EV_DATAGRAM && !event->peer.port &&
	       zc_equal(event->peer.addr, zeros, sizeof(zeros));
}

static struct zc_judgement judge_bind(const struct zc_image *image, const struct zc_event *event)
{
	const struct zc_judgement fine = zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_LISTEN);
	bool named = event->peer.name_len && event->peer.name[0];

	switch (event->peer.family) {
	case AF_UNSPEC: return judge_any(image, ZC_CLASS_LISTEN); /* bind(): Linux reads 0.0.0.0 */
	case AF_UNIX:
		if (event->op == ZC_OP_LISTEN || !named)
			return fine;
		if (!event->objects)
			return zc_judged(ZC_OUT_REFUSE, ZC_WHY_UNREADABLE, ZC_CLASS_WRITE);
		return zc_judge_object(image, &event->object[0], ZC_CLASS_WRITE);
	case AF_NETLINK: return fine;
	case AF_INET:
	case AF_INET6:
		return is_unchosen(event)
			       ? fine
			       : judge_endpoint(image, &event->peer, ZC_CLASS_LISTEN, NULL, false);
	default: return judge_any(image, ZC_CLASS_NET);
	}
}

/* listen() without bind() before takes every address and a port of the kernel's choice. */
static struct zc_judgement judge_listen(const struct zc_image *image, const struct zc_event *event)
{
	const struct zc_endpoint everywhere = {
		.family = event->domain == AF_INET6 ? AF_INET6 : AF_INET,
	};

	if (event->flags & ZC_EV_HAS_PEER)
		return judge_bind(image, event);
	if (event->domain == AF_UNIX || event->domain == AF_NETLINK)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_LISTEN);
	return judge_endpoint(image, &everywhere, ZC_CLASS_LISTEN, NULL, false);
}

/* Sockets whose every destination passes connect() or a send with an address may be made freely. */
static struct zc_judgement judge_socket(const struct zc_image *image, const struct zc_event *event)
{
	if (zc_protocol_is_free(event->domain, event->type, event->protocol))
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_NET);
	return judge_any(image, ZC_CLASS_NET);
}

static struct zc_judgement judge_resolve(const struct zc_image *image, const struct zc_event *event)
{
	size_t len = event->host ? zc_len(event->host) : 0;

	if (!len || zc_host_is_numeric(event->host, len) ||
	    zc_host_is_known(image, event->host, len))
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_NET);
	if (image->flags & ZC_IMAGE_NO_NET)
		return zc_judged(ZC_OUT_REFUSE, ZC_WHY_NO_NET, ZC_CLASS_NET);
	if (image->flags & ZC_IMAGE_DNS)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_NET);
	return zc_judged(ZC_OUT_REFUSE, ZC_WHY_NO_RESOLVER, ZC_CLASS_NET);
}

static bool is_local_family(int family)
{
	return family == AF_UNIX || family == AF_NETLINK;
}

/* Under --no-net: anything but unix and route sockets, and what nobody could tell the family of. */
static bool is_foreign(const struct zc_event *event)
{
	bool has_peer = event->flags & ZC_EV_HAS_PEER;

	if (event->op == ZC_OP_RESOLVE)
		return false;
	if (event->op == ZC_OP_SOCKET && event->domain == AF_NETLINK)
		return event->protocol != 0;
	if (event->op == ZC_OP_SOCKET || event->domain)
		return !is_local_family(event->domain) ||
		       (has_peer && !is_local_family(event->peer.family));
	return !has_peer || !is_local_family(event->peer.family);
}

struct zc_judgement zc_judge_net(const struct zc_image *image, const struct zc_event *event)
{
	if (image->flags & ZC_IMAGE_NO_NET && is_foreign(event))
		return zc_judged(ZC_OUT_REFUSE, ZC_WHY_NO_NET, ZC_CLASS_NET);
	if (event->flags & ZC_EV_REROUTED) {
		struct zc_judgement judgement = judge_any(image, ZC_CLASS_NET);

		if (judgement.outcome >= ZC_OUT_ASK)
			return judgement;
	}
	switch (event->op) {
	case ZC_OP_SOCKET: return judge_socket(image, event);
	case ZC_OP_RESOLVE: return judge_resolve(image, event);
	case ZC_OP_CONNECT:
	case ZC_OP_SEND:
	case ZC_OP_SOCKOPT: return judge_peer(image, event);
	case ZC_OP_LISTEN: return judge_listen(image, event);
	case ZC_OP_BIND:
		if (event->flags & ZC_EV_HAS_PEER)
			return judge_bind(image, event);
		break;
	case ZC_OP_SOCKETCALL: /* zc_event_fill() refines it, or says that it is harmless */
		return zc_judged(ZC_OUT_REFUSE, ZC_WHY_UNREADABLE, ZC_CLASS_NET);
	default: break;
	}
	return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_NET);
}
