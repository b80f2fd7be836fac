/* SPDX-License-Identifier: MIT */
/*
 * protocols.c - which sockets may be made freely, and what makes them lead elsewhere.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/net/protocols.h"

#define MPTCP 262 /* older headers do not know it */

const uint16_t zc_stream_protocols[ZC_STREAM_PROTOCOLS] = { 0, IPPROTO_TCP, MPTCP };
const uint16_t zc_datagram_protocols[ZC_DATAGRAM_PROTOCOLS] = { 0, IPPROTO_UDP, IPPROTO_UDPLITE,
								IPPROTO_ICMP, IPPROTO_ICMPV6 };

/* As <linux/in6.h> and <linux/tcp.h> have them; not all of it stands in libc's headers. */
enum { OLD_ROUTE = 5, OLD_OPTIONS = 6, ROUTE = 57, REPAIR = 19 };

const struct zc_socket_option zc_rerouting[ZC_REROUTING] = { { IPPROTO_IP, IP_OPTIONS },
							     { IPPROTO_IPV6, ROUTE },
							     { IPPROTO_IPV6, OLD_ROUTE },
							     { IPPROTO_IPV6, OLD_OPTIONS },
							     { IPPROTO_TCP, REPAIR } };

bool zc_option_reroutes(uint32_t level, uint32_t name)
{
	for (size_t i = 0; i < ZC_REROUTING; i++)
		if (zc_rerouting[i].level == level && zc_rerouting[i].name == name)
			return true;
	return false;
}

bool zc_control_reroutes(uint32_t level, uint32_t type)
{
	return (level == IPPROTO_IP && type == IP_RETOPTS) ||
	       (level == IPPROTO_IPV6 && (type == ROUTE || type == OLD_ROUTE));
}

static bool is_among(const uint16_t *list, size_t count, int protocol)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == protocol)
			return true;
	return false;
}

bool zc_protocol_is_free(int domain, int type, int protocol)
{
	if (domain == AF_UNIX)
		return true;
	if (domain == AF_NETLINK)
		return protocol == 0; /* NETLINK_ROUTE */
	if (domain != AF_INET && domain != AF_INET6)
		return false;
	if (type == SOCK_STREAM)
		return is_among(zc_stream_protocols, ZC_STREAM_PROTOCOLS, protocol);
	return type == SOCK_DGRAM &&
	       is_among(zc_datagram_protocols, ZC_DATAGRAM_PROTOCOLS, protocol);
}
