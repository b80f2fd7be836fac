/* SPDX-License-Identifier: MIT */
/*
 * dns.h - messages of the domain name system (RFC 1035), as far as host names and addresses go.
 *
 * Nothing in a message is trusted: every length is checked, a name's pointers only lead backwards, and
 * the time to read one grows with its size.
 *
 * Context: anywhere. Memory: the caller's. Fails: -EINVAL for what is no message with one question.
 */
#ifndef ZC_CORE_DNS_H
#define ZC_CORE_DNS_H

#include "core/event.h"

#define ZC_DNS_PORT 53u
#define ZC_DNS_ADDRESSES 64u /* of one answer, that are looked at */

struct zc_dns_address {
	uint16_t family; /* AF_INET, AF_INET6; IPv4 in IPv6 clothes is IPv4 */
	uint8_t addr[16];
};

struct zc_dns_message {
	uint16_t id;
	bool is_answer, truncated;
	uint8_t code;  /* RCODE: 0 is success */
	uint16_t type; /* of the question: 1 A, 28 AAAA */
	uint8_t len;
	char name[ZC_NAME_CAP]; /* of the question: lower case, no dot at the end */
	/* What the question's name leads to, by way of its other names (CNAME). */
	uint32_t count, ttl_s; /* ttl_s: the least of the way there */
	struct zc_dns_address address[ZC_DNS_ADDRESSES];
};

int zc_dns_read(const void *bytes, size_t len, struct zc_dns_message *ret);

#endif
