/* SPDX-License-Identifier: MIT */
/*
 * protocols.h - which sockets may be made freely: whoever is reached through one is named by an address,
 * and that is judged. All others are judged as a whole, when they are made.
 *
 * Said once, for decide and for the filters that repeat its answers.
 */
#ifndef ZC_CORE_PROTOCOLS_H
#define ZC_CORE_PROTOCOLS_H

#include <stdbool.h>
#include <stdint.h>

#define ZC_STREAM_PROTOCOLS 3u
#define ZC_DATAGRAM_PROTOCOLS 5u

/* Of AF_INET and AF_INET6; 0 is the family's own choice. */
extern const uint16_t zc_stream_protocols[ZC_STREAM_PROTOCOLS];
extern const uint16_t zc_datagram_protocols[ZC_DATAGRAM_PROTOCOLS];

/*
 * Socket options that have packets travel by way of another host than the one that is named (source routes,
 * which root may ask for), or make up a connection that is none (TCP_REPAIR).
 */
#define ZC_REROUTING 5u
struct zc_socket_option {
	uint16_t level, name;
};
extern const struct zc_socket_option zc_rerouting[ZC_REROUTING];
bool zc_option_reroutes(uint32_t level, uint32_t name);
/* The same of what comes beside one message. */
bool zc_control_reroutes(uint32_t level, uint32_t type);

/* Of any family; type without SOCK_NONBLOCK and SOCK_CLOEXEC. */
bool zc_protocol_is_free(int domain, int type, int protocol);

#endif
