/* SPDX-License-Identifier: MIT */
/*
 * net.c - sockets.
 *
 * Calls that block are judged here and then made by libc's own function, which keeps them
 * cancellable; what libc gets is the copy that was judged. A unix socket is pinned by an O_PATH
 * descriptor and connected through it, so that the path cannot change in between.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "core/net/protocols.h"
#include "preload/hooks/hooks.h"
#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#define LARGEST_ADDRESS 128u

/* Glibc declares these with a transparent union; the hooks take the plain pointer it stands for. */
typedef int zc_connect(int, const void *, socklen_t);
typedef int zc_accept(int, void *, socklen_t *);
typedef int zc_accept4(int, void *, socklen_t *, int);
typedef ssize_t zc_sendto(int, const void *, size_t, int, const void *, socklen_t);
typedef ssize_t zc_sendmsg(int, const struct msghdr *, int);
typedef ssize_t zc_recvfrom(int, void *, size_t, int, void *, socklen_t *);
typedef ssize_t zc_recvmsg(int, struct msghdr *, int);

static bool no_net(void)
{
	return zc_shim.image && zc_shim.image->flags & ZC_IMAGE_NO_NET;
}

static int family_of(int fd)
{
	int family = AF_UNSPEC, size = sizeof(family);

	if (zc_sys6(__NR_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, (long)&family, (long)&size, 0) < 0)
		return AF_UNSPEC;
	return family;
}

/* Not asked where a filter of the program's own could mind. */
static bool is_datagram(int family, int fd)
{
	int type = 0, size = sizeof(type);

	return (family == AF_INET || family == AF_INET6) && !zc_shim.passive &&
	       zc_sys6(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&size, 0) ==
		       0 &&
	       type == SOCK_DGRAM;
}

/* Sockets that the run itself has bound may be talked to: their names are kept in the shared page. */
static void remember_bound(const struct zc_event *event)
{
	if (zc_shim.page->magic == ZC_PAGE_MAGIC)
		zc_page_remember_unix(zc_shim.page, zc_unix_hash(event, zc_shim.image->instance));
}

static bool was_bound(const struct zc_event *event)
{
	return zc_shim.page->magic == ZC_PAGE_MAGIC &&
	       zc_page_knows_unix(zc_shim.page, zc_unix_hash(event, zc_shim.image->instance));
}

/* Judges a filled event. Unix addresses are resolved first, to know whether the run made them. */
static int judge_address(struct zc_guard *guard, int fd)
{
	struct zc_event *event = &guard->event;

	if (!(event->flags & ZC_EV_HAS_PEER) && no_net())
		event->domain = family_of(fd);
	if (event->op == ZC_OP_BIND && event->flags & ZC_EV_HAS_PEER && !event->peer.port &&
	    is_datagram(event->peer.family, fd))
		event->flags |= ZC_EV_DATAGRAM;
	if (event->flags & ZC_EV_HAS_PEER && event->peer.family == AF_UNIX &&
	    event->op != ZC_OP_BIND) {
		int error = event->objects ? zc_resolve(guard, 0) : 0;

		if (error)
			return error;
		if (was_bound(event))
			event->flags |= ZC_EV_MADE_IN_RUN;
		return zc_guard_decide(guard);
	}
	return zc_guard_judge(guard);
}

struct address {
	socklen_t len;
	union {
		struct sockaddr_un un;
		char bytes[LARGEST_ADDRESS];
	};
};

/* The address to pass on: the judged copy, or the pinned socket. */
static void judged_address(const struct zc_guard *guard, const void *address, socklen_t len,
			   struct address *to)
{
	to->len = len < sizeof(to->bytes) ? len : (socklen_t)sizeof(to->bytes);
	zc_copy(to->bytes, address, to->len);
	if (guard->event.op != ZC_OP_BIND && guard->event.objects && guard->pin[0].fd >= 0 &&
	    zc_len(guard->spelled[0]) < sizeof(to->un.sun_path)) {
		zc_copy(to->un.sun_path, guard->spelled[0], zc_len(guard->spelled[0]) + 1);
		to->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				      zc_len(guard->spelled[0]) + 1);
	}
}

/* Fills and judges a call of the row with these arguments. NULL guard: not armed. */
static int ask(const void *caller, unsigned call, int fd, const long args[6],
	       struct zc_guard **ret_guard)
{
	struct zc_guard *guard;
	int error;

	*ret_guard = NULL;
	if (!zc_is_armed() || zc_shim.hybrid) /* libc's own call is judged from outside */
		return 0;
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	error = zc_guard_fill(guard, call, args);
	if (!error && !(guard->event.flags & ZC_EV_HARMLESS))
		error = judge_address(guard, fd);
	if (error) {
		zc_guard_give(guard);
		return error;
	}
	*ret_guard = guard;
	return 0;
}

static int ask_simply(const void *caller, unsigned call, int fd, long b, long c, long d, long e)
{
	const long args[6] = { fd, b, c, d, e, 0 };
	struct zc_guard *guard;
	int error = ask(caller, call, fd, args, &guard);

	zc_guard_give(guard);
	return error;
}

ZC_EXPORT int socket(int domain, int type, int protocol)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_socket, domain, type, protocol, 0, 0, 0));
}

static int do_connect(const void *caller, int fd, const void *to, socklen_t len)
{
	const long args[6] = { fd, (long)to, (long)len, 0, 0, 0 };
	zc_connect *real = ZC_REAL(zc_connect *, "connect");
	struct zc_guard *guard;
	struct address judged;
	int error = ask(caller, ZC_ID_connect, fd, args, &guard);

	if (error || !real)
		return (int)zc_ret(error ? error : -ENOSYS);
	if (!guard || !(guard->event.flags & ZC_EV_HAS_PEER)) {
		zc_guard_give(guard);
		return real(fd, to, len);
	}
	judged_address(guard, to, len, &judged);
	if (guard->event.objects) { /* the pin must outlive the call, the slot need not */
		int pin = guard->pin[0].fd, result, kept;

		guard->pin[0].fd = ZC_FD_NONE;
		zc_guard_give(guard);
		result = real(fd, judged.bytes, judged.len);
		kept = errno;
		if (pin >= 0)
			zc_sys_close(pin);
		errno = kept;
		return result;
	}
	zc_guard_give(guard);
	return real(fd, judged.bytes, len > sizeof(judged.bytes) ? len : judged.len);
}

ZC_EXPORT int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	return do_connect(ZC_CALLER, fd, to.__sockaddr__, len);
}

ZC_EXPORT int bind(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	const long args[6] = { fd, (long)to.__sockaddr__, (long)len, 0, 0, 0 };
	struct zc_guard *guard;
	long result;
	int error = ask(ZC_CALLER, ZC_ID_bind, fd, args, &guard);

	if (error)
		return (int)zc_ret(error);
	result = zc_hand_over(ZC_CALLER, ZC_ID_bind, args);
	if (guard && result == 0 && guard->event.peer.family == AF_UNIX)
		remember_bound(&guard->event);
	zc_guard_give(guard);
	return (int)zc_ret(result);
}

/* Listening on a socket that was never bound takes any port on every address: judged as that. */
long zc_listen(const void *caller, int fd, int backlog)
{
	struct zc_guard *guard = zc_is_armed() && !zc_shim.hybrid ? zc_guard_take(caller) : NULL;
	const long args[6] = { fd, backlog, 0, 0, 0, 0 };
	int error = 0;

	if (guard && !zc_guard_fill(guard, ZC_ID_listen, args)) {
		char own[LARGEST_ADDRESS];
		int size = sizeof(own);

		guard->event.domain = family_of(fd);
		if ((guard->event.domain == AF_INET || guard->event.domain == AF_INET6) &&
		    !zc_shim.passive &&
		    zc_sys3(__NR_getsockname, fd, (long)own, (long)&size) == 0 &&
		    zc_endpoint_parse(&guard->event.peer, own, (size_t)size) == 0 &&
		    guard->event.peer.port == 0) {
			guard->event.flags |= ZC_EV_HAS_PEER;
			error = zc_guard_decide(guard);
		} else if (no_net()) {
			error = zc_guard_decide(guard);
		}
	}
	zc_guard_give(guard);
	return error ? error : zc_hand_over(caller, ZC_ID_listen, args);
}

ZC_EXPORT int listen(int fd, int backlog)
{
	return (int)zc_ret(zc_listen(ZC_CALLER, fd, backlog));
}

/* Only --no-net has a say in what comes in. */
static int ask_family(const void *caller, unsigned call, int fd)
{
	return zc_is_armed() && no_net() ? ask_simply(caller, call, fd, 0, 0, 0, 0) : 0;
}

ZC_EXPORT int accept(int fd, __SOCKADDR_ARG peer, socklen_t *restrict len)
{
	zc_accept *real = ZC_REAL(zc_accept *, "accept");
	int error = ask_family(ZC_CALLER, ZC_ID_accept, fd);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(fd, peer.__sockaddr__, len);
}

ZC_EXPORT int accept4(int fd, __SOCKADDR_ARG peer, socklen_t *restrict len, int flags)
{
	zc_accept4 *real = ZC_REAL(zc_accept4 *, "accept4");
	int error = ask_family(ZC_CALLER, ZC_ID_accept4, fd);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(fd, peer.__sockaddr__, len, flags);
}

ZC_EXPORT ssize_t sendto(int fd, const void *bytes, size_t size, int flags, __CONST_SOCKADDR_ARG to,
			 socklen_t len)
{
	const long args[6] = {
		fd, (long)bytes, (long)size, flags, (long)to.__sockaddr__, (long)len
	};
	zc_sendto *real = ZC_REAL(zc_sendto *, "sendto");
	struct zc_guard *guard = NULL;
	struct address judged;
	int error = to.__sockaddr__ || no_net() ? ask(ZC_CALLER, ZC_ID_sendto, fd, args, &guard)
						: 0;
	int pin = ZC_FD_NONE;
	ssize_t result;

	if (error || !real)
		return zc_ret(error ? error : -ENOSYS);
	if (!guard || !(guard->event.flags & ZC_EV_HAS_PEER)) {
		zc_guard_give(guard);
		return real(fd, bytes, size, flags, to.__sockaddr__, len);
	}
	judged_address(guard, to.__sockaddr__, len, &judged);
	if (guard->event.objects) {
		pin = guard->pin[0].fd;
		guard->pin[0].fd = ZC_FD_NONE;
	}
	zc_guard_give(guard);
	result = real(fd, bytes, size, flags, judged.bytes, judged.len);
	if (pin >= 0) {
		int kept = errno;

		zc_sys_close(pin);
		errno = kept;
	}
	return result;
}

ZC_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	zc_sendmsg *real = ZC_REAL(zc_sendmsg *, "sendmsg");
	struct msghdr copy;
	struct address judged;
	const long args[6] = { fd, (long)message, flags, 0, 0, 0 };
	struct zc_guard *guard = NULL;
	int error = 0, pin = ZC_FD_NONE;
	ssize_t result;

	if (zc_is_armed() &&
	    ((uintptr_t)message < 4096 || message->msg_name || message->msg_control || no_net()))
		error = ask(ZC_CALLER, ZC_ID_sendmsg, fd, args, &guard);
	if (error || !real)
		return zc_ret(error ? error : -ENOSYS);
	if (!guard || !(guard->event.flags & ZC_EV_HAS_PEER)) {
		zc_guard_give(guard);
		return real(fd, message, flags);
	}
	judged_address(guard, message->msg_name, message->msg_namelen, &judged);
	copy = *message;
	copy.msg_name = judged.bytes;
	copy.msg_namelen = judged.len;
	if (guard->event.objects) {
		pin = guard->pin[0].fd;
		guard->pin[0].fd = ZC_FD_NONE;
	}
	zc_guard_give(guard);
	result = real(fd, &copy, flags);
	if (pin >= 0) {
		int kept = errno;

		zc_sys_close(pin);
		errno = kept;
	}
	return result;
}

/* How many messages come before the first refused one: those are sent, as the kernel does when one fails. */
static unsigned count_allowed(const void *caller, int fd, struct mmsghdr *messages, unsigned count,
			      int flags, int *ret_error)
{
	unsigned allowed;

	*ret_error = 0;
	for (allowed = 0; allowed < count; allowed++) {
		if (!messages[allowed].msg_hdr.msg_name && !messages[allowed].msg_hdr.msg_control &&
		    !no_net())
			continue;
		*ret_error = ask_simply(caller, ZC_ID_sendmsg, fd, (long)&messages[allowed].msg_hdr,
					flags, 0, 0);
		if (*ret_error)
			break;
	}
	return allowed;
}

ZC_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	int (*real)(int, struct mmsghdr *, unsigned, int) =
		ZC_REAL(int (*)(int, struct mmsghdr *, unsigned, int), "sendmmsg");
	unsigned allowed;
	int error;

	if (!real)
		return (int)zc_ret(-ENOSYS);
	if (!zc_is_armed() || zc_shim.hybrid || (uintptr_t)messages < 4096)
		return real(fd, messages, count, flags);
	allowed = count_allowed(ZC_CALLER, fd, messages, count, flags, &error);
	if (allowed == 0 && error)
		return (int)zc_ret(error);
	return real(fd, messages, allowed, flags);
}

long zc_call_on_network(const void *caller, unsigned call, const long args[6])
{
	struct zc_guard *guard = NULL;
	long count = args[2], result;
	int error = 0;

	if (zc_shim.hybrid)
		return zc_hand_over(caller, call, args);
	if (call == ZC_ID_sendmmsg && zc_is_armed() && (uintptr_t)args[1] >= 4096)
		count = count_allowed(caller, (int)args[0], (struct mmsghdr *)args[1],
				      (unsigned)args[2], (int)args[3], &error);
	else if (zc_calls[call].op == ZC_OP_SOCKET) /* its first argument is no descriptor */
		error = zc_ask(caller, call, args[0], args[1], args[2], args[3], args[4], args[5]);
	else
		error = ask(caller, call, (int)args[0], args, &guard);
	if (error && (call != ZC_ID_sendmmsg || count == 0))
		return error;
	result = zc_sys6(zc_calls[call].nr[0], args[0], args[1], count, args[3], args[4], args[5]);
	if (call == ZC_ID_bind && guard && result == 0 && guard->event.peer.family == AF_UNIX)
		remember_bound(&guard->event);
	zc_guard_give(guard);
	return result;
}

ZC_EXPORT ssize_t recvfrom(int fd, void *restrict bytes, size_t size, int flags,
			   __SOCKADDR_ARG from, socklen_t *restrict len)
{
	zc_recvfrom *real = ZC_REAL(zc_recvfrom *, "recvfrom");
	int error = ask_family(ZC_CALLER, ZC_ID_recvfrom, fd);

	return error || !real ? zc_ret(error ? error : -ENOSYS)
			      : real(fd, bytes, size, flags, from.__sockaddr__, len);
}

ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t room, int flags,
		       __SOCKADDR_ARG from, socklen_t *len);
ZC_EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t room, int flags,
				 __SOCKADDR_ARG from, socklen_t *len)
{
	ssize_t (*real)(int, void *, size_t, size_t, int, void *, socklen_t *) =
		zc_next("__recvfrom_chk");
	int error = ask_family(ZC_CALLER, ZC_ID_recvfrom, fd);

	return error || !real ? zc_ret(error ? error : -ENOSYS)
			      : real(fd, bytes, size, room, flags, from.__sockaddr__, len);
}

ZC_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	zc_recvmsg *real = ZC_REAL(zc_recvmsg *, "recvmsg");
	int error = ask_family(ZC_CALLER, ZC_ID_recvmsg, fd);

	return error || !real ? zc_ret(error ? error : -ENOSYS) : real(fd, message, flags);
}

ZC_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
		       struct timespec *timeout)
{
	int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *) = zc_next("recvmmsg");
	int error = ask_family(ZC_CALLER, ZC_ID_recvmmsg, fd);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(fd, messages, count, flags, timeout);
}

/*
 * TCP_FASTOPEN_CONNECT only delays the connection to the first write; its address still comes with
 * connect(), and is judged there. What reroutes is judged here.
 */
ZC_EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int error = zc_option_reroutes((uint32_t)level, (uint32_t)name)
			    ? ask_simply(ZC_CALLER, ZC_ID_setsockopt, fd, level, name, (long)value,
					 (long)len)
			    : 0;

	if (error)
		return (int)zc_ret(error);
	return (int)zc_ret(zc_sys6(__NR_setsockopt, fd, level, name, (long)value, (long)len, 0));
}

ZC_TWIN(__connect, connect)
ZC_TWIN(__sendmmsg, sendmmsg)
