/* SPDX-License-Identifier: MIT */
/*
 * resolver.c - asking for names. libc talks to resolvers by itself, so the asking is what is judged.
 */
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include "preload/judge/judge.h"
#include "preload/shim.h"

static int judge_name(const void *caller, const char *host)
{
	struct zc_guard *guard;
	int error;

	if (!zc_is_armed() || zc_shim.hybrid || !host || zc_text_len(host) <= 0)
		return 0;
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	zc_fill(&guard->event, 0, sizeof(guard->event));
	guard->event.call = ZC_ID_connect;
	guard->event.op = ZC_OP_RESOLVE;
	guard->event.host = host;
	error = zc_guard_decide(guard);
	zc_guard_give(guard);
	return error;
}

/* What hybrid allows is not for the shim to say. */
static bool may_learn(const char *host)
{
	return zc_is_armed() && !zc_shim.hybrid && host && zc_text_len(host) > 0;
}

static void learn_list(const char *host, const struct addrinfo *found)
{
	int kept = errno;

	for (; found && may_learn(host); found = found->ai_next)
		if (found->ai_addr)
			zc_name_learn(host, found->ai_addr, found->ai_addrlen);
	errno = kept;
}

static void learn_entry(const char *host, const struct hostent *entry)
{
	int kept = errno;
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	bool v6;

	if (!entry || !may_learn(host))
		return;
	v6 = entry->h_addrtype == AF_INET6;
	for (char **at = entry->h_addr_list; at && *at; at++) {
		zc_fill(&address, 0, sizeof(address));
		address.v4.sin_family = (sa_family_t)entry->h_addrtype;
		if (v6 && entry->h_length == 16)
			zc_copy(&address.v6.sin6_addr, *at, 16);
		else if (!v6 && entry->h_length == 4)
			zc_copy(&address.v4.sin_addr, *at, 4);
		else
			break;
		zc_name_learn(host, &address, v6 ? sizeof(address.v6) : sizeof(address.v4));
	}
	errno = kept;
}

ZC_EXPORT int getaddrinfo(const char *restrict host, const char *restrict service,
			  const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		ZC_REAL(int (*)(const char *, const char *, const struct addrinfo *,
				struct addrinfo **),
			"getaddrinfo");
	int error = hints && hints->ai_flags & AI_NUMERICHOST ? 0 : judge_name(ZC_CALLER, host);

	if (error || !real) {
		zc_ret(error ? error : -ENOSYS);
		return EAI_SYSTEM;
	}
	error = real(host, service, hints, found);
	if (!error)
		learn_list(host, *found);
	return error;
}

#define LOOKUP(name, parameters, arguments) \
	ZC_EXPORT struct hostent *name parameters \
	{ \
		struct hostent *(*real)parameters = zc_next(#name), *entry; \
		int error = judge_name(ZC_CALLER, host); \
\
		if (error || !real) { \
			zc_ret(error ? error : -ENOSYS); \
			return NULL; \
		} \
		entry = real arguments; \
		learn_entry(host, entry); \
		return entry; \
	}
LOOKUP(gethostbyname, (const char *host), (host))
LOOKUP(gethostbyname2, (const char *host, int family), (host, family))

#define LOOKUP_R(name, parameters, arguments) \
	ZC_EXPORT int name parameters \
	{ \
		int(*real) parameters = zc_next(#name); \
		int error = judge_name(ZC_CALLER, host); \
\
		if (!error && real) { \
			error = real arguments; \
			if (!error) \
				learn_entry(host, *found); \
			return error; \
		} \
		*found = NULL; \
		*why = NO_RECOVERY; \
		return error ? -error : ENOSYS; \
	}
LOOKUP_R(gethostbyname_r,
	 (const char *restrict host, struct hostent *restrict entry, char *restrict buffer,
	  size_t size, struct hostent **restrict found, int *restrict why),
	 (host, entry, buffer, size, found, why))
LOOKUP_R(gethostbyname2_r,
	 (const char *restrict host, int family, struct hostent *restrict entry,
	  char *restrict buffer, size_t size, struct hostent **restrict found, int *restrict why),
	 (host, family, entry, buffer, size, found, why))

/* ---- addresses to names ---- */

static bool is_loopback(const struct sockaddr *address, socklen_t len)
{
	struct zc_endpoint peer;

	if (zc_endpoint_parse(&peer, address, len) < 0)
		return true; /* libc says what is wrong with it */
	if (peer.family == AF_INET)
		return peer.addr[0] == 127;
	for (unsigned i = 0; i < 15; i++)
		if (peer.addr[i])
			return peer.family != AF_INET6;
	return true;
}

/* The names of loopback stand in the hosts file; any other address is asked of a resolver. */
static int judge_address(const void *caller, const void *address, socklen_t len, int family)
{
	static const char v6[16] = { [15] = 1 };
	static const char v4[4] = { 127, 0, 0, 1 };

	if ((family == AF_INET && len == 4 && zc_equal(address, v4, 4)) ||
	    (family == AF_INET6 && len == 16 && zc_equal(address, v6, 16)))
		return 0;
	return judge_name(caller, "in-addr.arpa");
}

/* Without a resolver the number is the name, as it is without an answer. */
ZC_EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t len,
			  char *restrict host, socklen_t host_cap, char *restrict service,
			  socklen_t service_cap, int flags)
{
	int (*real)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int) =
		zc_next("getnameinfo");

	if (!real)
		return EAI_SYSTEM;
	if (host && host_cap && !(flags & NI_NUMERICHOST) && !is_loopback(address, len) &&
	    judge_name(ZC_CALLER, "in-addr.arpa") < 0) {
		if (flags & NI_NAMEREQD)
			return EAI_AGAIN;
		flags |= NI_NUMERICHOST;
	}
	return real(address, len, host, host_cap, service, service_cap, flags);
}

ZC_EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t len, int family)
{
	struct hostent *(*real)(const void *, socklen_t, int) = zc_next("gethostbyaddr");
	int error = judge_address(ZC_CALLER, address, len, family);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL)
			      : real(address, len, family);
}

ZC_EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t len, int family,
			      struct hostent *restrict entry, char *restrict buffer, size_t size,
			      struct hostent **restrict found, int *restrict why)
{
	int (*real)(const void *, socklen_t, int, struct hostent *, char *, size_t,
		    struct hostent **, int *) = zc_next("gethostbyaddr_r");
	int error = judge_address(ZC_CALLER, address, len, family);

	if (!error && real)
		return real(address, len, family, entry, buffer, size, found, why);
	*found = NULL;
	*why = NO_RECOVERY;
	return error ? -error : ENOSYS;
}

/* ---- the resolver's own functions ---- */

#define ASKS(name, parameters, arguments) \
	int name parameters; \
	ZC_EXPORT int name parameters \
	{ \
		int(*real) parameters = zc_next(#name); \
		int error = judge_name(ZC_CALLER, host); \
		return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real arguments; \
	}
#undef res_query
#undef res_search
#undef res_querydomain
#undef res_nquery
#undef res_nsearch
#undef res_nquerydomain
ASKS(res_query, (const char *host, int class, int type, unsigned char *answer, int cap),
     (host, class, type, answer, cap))
ASKS(res_search, (const char *host, int class, int type, unsigned char *answer, int cap),
     (host, class, type, answer, cap))
ASKS(res_querydomain,
     (const char *host, const char *domain, int class, int type, unsigned char *answer, int cap),
     (host, domain, class, type, answer, cap))
ASKS(res_nquery,
     (res_state state, const char *host, int class, int type, unsigned char *answer, int cap),
     (state, host, class, type, answer, cap))
ASKS(res_nsearch,
     (res_state state, const char *host, int class, int type, unsigned char *answer, int cap),
     (state, host, class, type, answer, cap))
ASKS(res_nquerydomain,
     (res_state state, const char *host, const char *domain, int class, int type,
      unsigned char *answer, int cap),
     (state, host, domain, class, type, answer, cap))
ZC_TWIN(__res_query, res_query)
ZC_TWIN(__res_search, res_search)
ZC_TWIN(__res_querydomain, res_querydomain)
ZC_TWIN(__res_nquery, res_nquery)
ZC_TWIN(__res_nsearch, res_nsearch)
ZC_TWIN(__res_nquerydomain, res_nquerydomain)

/* These send a message made before: which name it asks for does not matter where none may be asked. */
#undef res_send
#undef res_nsend
int res_send(const unsigned char *message, int len, unsigned char *answer, int cap);
ZC_EXPORT int res_send(const unsigned char *message, int len, unsigned char *answer, int cap)
{
	int (*real)(const unsigned char *, int, unsigned char *, int) = zc_next("res_send");
	int error = judge_name(ZC_CALLER, "a DNS message");

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(message, len, answer, cap);
}

int res_nsend(res_state state, const unsigned char *message, int len, unsigned char *answer,
	      int cap);
ZC_EXPORT int res_nsend(res_state state, const unsigned char *message, int len,
			unsigned char *answer, int cap)
{
	int (*real)(res_state, const unsigned char *, int, unsigned char *, int) =
		zc_next("res_nsend");
	int error = judge_name(ZC_CALLER, "a DNS message");

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(state, message, len, answer, cap);
}
ZC_TWIN(__res_send, res_send)
ZC_TWIN(__res_nsend, res_nsend)

/* Many at once, in libc's own threads. */
ZC_EXPORT int getaddrinfo_a(int mode, struct gaicb **list, int count,
			    struct sigevent *restrict event)
{
	int (*real)(int, struct gaicb **, int, struct sigevent *) = zc_next("getaddrinfo_a");
	int error = 0;

	for (int i = 0; list && i < count && !error; i++)
		if (list[i])
			error = judge_name(ZC_CALLER, list[i]->ar_name);
	if (error || !real) {
		zc_ret(error ? error : -ENOSYS);
		return EAI_SYSTEM;
	}
	return real(mode, list, count, event);
}
