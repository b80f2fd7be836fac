/* SPDX-License-Identifier: MIT */
/*
 * protocols.c - which sockets may be made freely.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/net/protocols.h"

#define MPTCP 262 /* older headers do not know it */

const uint16_t zc_stream_protocols[ZC_STREAM_PROTOCOLS] = { 0, IPPROTO_TCP, MPTCP };
const uint16_t zc_datagram_protocols[ZC_DATAGRAM_PROTOCOLS] = { 0, IPPROTO_UDP, IPPROTO_UDPLITE,
								IPPROTO_ICMP, IPPROTO_ICMPV6 };

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
