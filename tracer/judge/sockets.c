/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - calls on sockets: every address they name, and what only the socket itself knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/wire/record.h"
#include "core/image.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/names/names.h"

#define MOST_MESSAGES 1024u /* of one sendmmsg(2): the kernel takes no more (UIO_MAXIOV) */
#define LARGEST_ADDRESS 128u
#define THREAD_PIDFD O_EXCL /* PIDFD_THREAD, Linux 6.9 */

static bool no_net(const struct zc_case *c)
{
	return c->tracer->image->flags & ZC_IMAGE_NO_NET;
}

/* ---- the socket itself ---- */

int zc_sockets_borrow(const struct zc_tracee *tracee, int fd)
{
	int got, process = -1;

	/* A thread may have descriptors of its own, where the kernel can name a thread. */
	if (tracee->tid != tracee->tgid)
		process = (int)syscall(SYS_pidfd_open, tracee->tid, THREAD_PIDFD);
	if (process < 0)
		process = (int)syscall(SYS_pidfd_open, tracee->tgid, 0);
	if (process < 0)
		return -errno;
	got = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	got = got < 0 ? -errno : got;
	close(process);
	return got;
}

static int family_of(int socket)
{
	int family = AF_UNSPEC;
	socklen_t size = sizeof(family);

	return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0 ? AF_UNSPEC : family;
}

/* Only where it makes a difference: a bind that leaves address and port to the kernel. */
static void learn_type(struct zc_case *c)
{
	struct zc_event *event = &c->event;
	socklen_t size = sizeof(int);
	int socket, type = 0;

	if (event->op != ZC_OP_BIND || !(event->flags & ZC_EV_HAS_PEER) || event->peer.port ||
	    (event->peer.family != AF_INET && event->peer.family != AF_INET6))
		return;
	socket = zc_sockets_borrow(c->tracee, (int)event->args[0]);
	if (socket < 0)
		return;
	if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM)
		event->flags |= ZC_EV_DATAGRAM;
	close(socket);
}

static void learn_family(struct zc_case *c)
{
	int socket = zc_sockets_borrow(c->tracee, (int)c->event.args[0]);

	if (socket < 0)
		return;
	c->event.domain = family_of(socket);
	close(socket);
}

/* ---- calls ---- */

/* Unix addresses are resolved first, to know whether the run made them. */
static struct zc_outcome_of judge_address(struct zc_case *c)
{
	struct zc_event *event = &c->event;
	struct zc_outcome_of outcome = { 0 };

	if (!(event->flags & ZC_EV_HAS_PEER) && no_net(c) && event->op != ZC_OP_SOCKET)
		learn_family(c);
	learn_type(c);
	outcome.natural = zc_case_resolve(c);
	if (outcome.natural)
		return outcome;
	if (event->flags & ZC_EV_HAS_PEER && event->peer.family == AF_UNIX &&
	    event->op != ZC_OP_BIND &&
	    zc_page_knows_unix(c->tracer->page, zc_unix_hash(event, c->tracer->key)))
		event->flags |= ZC_EV_MADE_IN_RUN;
	return zc_case_decide(c);
}

/* Listening on a socket that was never bound takes any port on every address: judged as that. */
static struct zc_outcome_of judge_listen(struct zc_case *c)
{
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);
	struct zc_event *event = &c->event;
	int socket = zc_sockets_borrow(c->tracee, (int)event->args[0]);
	bool unbound = false;

	if (socket == -EBADF)
		return (struct zc_outcome_of){ .natural = -EBADF };
	if (socket >= 0) {
		event->domain = family_of(socket);
		unbound = (event->domain == AF_INET || event->domain == AF_INET6) &&
			  getsockname(socket, (struct sockaddr *)&own, &size) == 0 &&
			  zc_endpoint_parse(&event->peer, &own, size) == 0 && event->peer.port == 0;
		close(socket);
	}
	if (unbound)
		event->flags |= ZC_EV_HAS_PEER;
	if (unbound || no_net(c))
		return zc_case_decide(c);
	return (struct zc_outcome_of){ 0 };
}

/* Messages before the first refused one are sent, as the kernel does when one fails. */
static struct zc_outcome_of judge_messages(struct zc_case *c)
{
	uint64_t count = c->event.args[2] < MOST_MESSAGES ? c->event.args[2] : MOST_MESSAGES;
	uint64_t size = c->event.abi == ZC_ABI_X86_64 ? 64 : 32, first = c->event.args[1];
	struct zc_outcome_of outcome = { 0 };

	for (uint64_t i = 0; i < count; i++) {
		if (i) {
			zc_paths_end(&c->names);
			outcome.natural = zc_event_fill_message(&c->event, first + i * size,
								&c->reader, &c->names.text);
		}
		c->event.flags &= (uint16_t)~ZC_EV_MADE_IN_RUN;
		c->event.names = NULL;
		if (!outcome.natural &&
		    (c->event.flags & (ZC_EV_HAS_PEER | ZC_EV_REROUTED) || no_net(c)))
			outcome = judge_address(c);
		if (!outcome.natural && !outcome.refusal && !outcome.later)
			continue;
		if (i == 0 || outcome.kill || outcome.later || c->stop->call != ZC_ID_sendmmsg)
			return outcome;
		if (c->tracer->engine->set_argument(c->tracer, c->tracee, (enum zc_abi)c->event.abi,
						    2, i) < 0)
			return outcome;
		return (struct zc_outcome_of){ 0 };
	}
	return outcome;
}

static struct zc_outcome_of judge(struct zc_case *c)
{
	const struct zc_event *event = &c->event;

	if (event->call == ZC_ID_sendmmsg)
		return judge_messages(c);
	if (event->op == ZC_OP_LISTEN)
		return judge_listen(c);
	if (event->op != ZC_OP_SOCKET && !(event->flags & (ZC_EV_HAS_PEER | ZC_EV_REROUTED)) &&
	    !no_net(c))
		return (struct zc_outcome_of){ 0 };
	return judge_address(c);
}

struct zc_outcome_of zc_judge_socket(struct zc_case *c)
{
	struct zc_outcome_of outcome = judge(c);

	if (outcome.natural || outcome.refusal || outcome.later)
		return outcome;
	if (c->event.op == ZC_OP_CONNECT || c->event.op == ZC_OP_SEND)
		zc_seen_sent(c);
	else if (c->event.op == ZC_OP_RECV)
		zc_seen_receiving(c);
	return outcome;
}
