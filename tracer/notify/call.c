/* SPDX-License-Identifier: MIT */
/*
 * call.c - calls on sockets in the caller's stead, and what must be known of a call that is let go
 * on, because what it came to will not be seen.
 *
 * A bind to an abstract name is made here: only then is it known that the run has made it. An address that
 * somebody else could exchange in memory is connected or sent to from here where that is the same: never
 * where it would wait, and never for unix sockets, whose other end is told who connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "core/wire/record.h"
#include "tracer/notify/notify.h"

#define LARGEST_ADDRESS 128u
#define LARGEST_DATAGRAM 65536u

static bool has_answer(struct zc_case *c, long result)
{
	zc_notify_answer(c->tracer, c->tracee, result < 0 ? -(long)errno : result);
	return true;
}

/* ---- names of unix sockets ---- */

static bool is_missing(const struct zc_held *held)
{
	struct stat st;

	return held->fd >= 0 && held->entry[0] &&
	       fstatat(held->fd, held->entry, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static bool bind_abstract(struct zc_case *c)
{
	const struct zc_endpoint *peer = &c->event.peer;
	struct {
		sa_family_t family;
		char name[sizeof(peer->name)];
	} address = { .family = AF_UNIX };
	int fd = zc_sockets_borrow(c->tracee, (int)c->event.args[0]), r;

	if (fd < 0)
		return false;
	memcpy(address.name, peer->name, peer->name_len);
	r = bind(fd, (void *)&address, (socklen_t)(sizeof(address.family) + peer->name_len));
	has_answer(c, r);
	close(fd);
	if (r == 0)
		zc_page_remember_unix(c->tracer->page, zc_unix_hash(&c->event, c->tracer->key));
	return true;
}

/* With a path it makes an entry, which is its owner's and has its umask: it does that itself. */
static bool perform_bind(struct zc_case *c)
{
	const struct zc_event *event = &c->event;

	if (!(event->flags & ZC_EV_HAS_PEER) || event->peer.family != AF_UNIX)
		return false;
	if (event->peer.name_len && !event->peer.name[0])
		return bind_abstract(c);
	/* What is there already will not be made by this; what is not yet, nobody else has made. */
	if (event->objects && is_missing(&c->names.held[0]))
		zc_page_remember_unix(c->tracer->page, zc_unix_hash(event, c->tracer->key));
	return false;
}

/* ---- addresses ---- */

static bool reads_the_same(struct zc_case *c, uint64_t at, uint64_t len, void *ret)
{
	struct zc_endpoint again;

	/* The same as was judged, and from here on in a place where nobody changes it. */
	memset(&again, 0, sizeof(again));
	return len && len <= LARGEST_ADDRESS &&
	       c->reader.bytes(c->reader.context, at, ret, len) == (long)len &&
	       zc_endpoint_parse(&again, ret, len) == 0 &&
	       (again.family == AF_INET || again.family == AF_INET6) &&
	       again.family == c->event.peer.family && again.port == c->event.peer.port &&
	       !memcmp(again.addr, c->event.peer.addr, sizeof(again.addr));
}

static bool never_waits(int socket)
{
	int type = 0, flags = fcntl(socket, F_GETFL);
	socklen_t size = sizeof(type);

	return (flags >= 0 && flags & O_NONBLOCK) ||
	       (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM);
}

static bool perform_connect(struct zc_case *c)
{
	_Alignas(8) char address[LARGEST_ADDRESS];
	uint32_t len = (uint32_t)c->event.args[2];
	int fd;

	if (!reads_the_same(c, c->event.args[1], len, address))
		return false;
	fd = zc_sockets_borrow(c->tracee, (int)c->event.args[0]);
	if (fd < 0)
		return false;
	if (!never_waits(fd)) {
		close(fd);
		return false;
	}
	has_answer(c, connect(fd, (void *)address, len));
	close(fd);
	return true;
}

static bool perform_sendto(struct zc_case *c)
{
	static _Alignas(8) char address[LARGEST_ADDRESS], data[LARGEST_DATAGRAM];
	const uint64_t *args = c->event.args;
	int flags = (int)args[3] | MSG_NOSIGNAL | MSG_DONTWAIT, fd;
	uint32_t len = (uint32_t)args[5];
	bool done;

	if (args[2] > sizeof(data) || c->event.flags & ZC_EV_FAST_OPEN ||
	    !reads_the_same(c, args[4], len, address) ||
	    c->reader.bytes(c->reader.context, args[1], data, args[2]) < 0)
		return false;
	fd = zc_sockets_borrow(c->tracee, (int)args[0]);
	if (fd < 0)
		return false;
	done = never_waits(fd);
	if (done) {
		ssize_t sent = sendto(fd, data, args[2], flags, (void *)address, len);

		done = sent >= 0 || (errno != EAGAIN && errno != EPIPE);
		if (done)
			has_answer(c, sent);
	}
	close(fd);
	return done;
}

bool zc_notify_perform_call(struct zc_case *c)
{
	const struct zc_event *event = &c->event;

	if (!zc_notify_is_valid(c->tracer))
		return false;
	switch ((unsigned)event->op) {
	case ZC_OP_BIND: return perform_bind(c);
	case ZC_OP_CONNECT:
		return event->flags & ZC_EV_HAS_PEER && event->call == ZC_ID_connect &&
		       c->stop->call == ZC_ID_connect && zc_notify_shares(c->tracer, c->tracee) &&
		       perform_connect(c);
	case ZC_OP_SEND:
		return event->flags & ZC_EV_HAS_PEER && c->stop->call == ZC_ID_sendto &&
		       zc_notify_shares(c->tracer, c->tracee) && perform_sendto(c);
	case ZC_OP_SYS_CHROOT:
		__atomic_fetch_add(&c->tracer->page->chroots, 1, __ATOMIC_RELAXED);
		zc_report_note(c->tracer, c->tracee, ZC_NOTE_CHROOT, event->object[0].given);
		return false;
	default: return false;
	}
}
