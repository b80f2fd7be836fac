/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - network addresses: from the bytes of a sockaddr, and as text.
 */
#include <errno.h>

#include "core/event.h"
#include "core/mem.h"

int zc_endpoint_parse(struct zc_endpoint *endpoint, const void *sockaddr, size_t len)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const uint8_t *bytes = sockaddr;
	uint16_t family;

	if (len < 2)
		return -EINVAL;
	zc_fill(endpoint, 0, sizeof(*endpoint));
	zc_copy(&family, bytes, 2);
	endpoint->family = family;
	if (family == 2 && len >= 8) {
		endpoint->port = (uint16_t)(bytes[2] << 8 | bytes[3]);
		zc_copy(endpoint->addr, bytes + 4, 4);
	} else if (family == 10 && len >= 24) {
		endpoint->port = (uint16_t)(bytes[2] << 8 | bytes[3]);
		zc_copy(endpoint->addr, bytes + 8, 16);
		if (zc_equal(endpoint->addr, mapped, sizeof(mapped))) {
			endpoint->family = 2;
			zc_copy(endpoint->addr, bytes + 20, 4);
			zc_fill(endpoint->addr + 4, 0, 12);
		}
	} else if (family == 1) {
		size_t n = len - 2 > sizeof(endpoint->name) ? sizeof(endpoint->name) : len - 2;

		zc_copy(endpoint->name, bytes + 2, n);
		if (n && endpoint->name[0]) {
			size_t end = 0;

			while (end < n && endpoint->name[end])
				end++;
			n = end;
		}
		endpoint->name_len = (uint16_t)n;
	} else if (family == 2 || family == 10) {
		return -EINVAL;
	}
	return 0;
}

static size_t put_text(char *buffer, size_t at, size_t cap, const char *text, size_t len)
{
	for (size_t i = 0; i < len && at + 1 < cap; i++)
		buffer[at++] = text[i];
	return at;
}

static size_t put_value(char *buffer, size_t at, size_t cap, unsigned value, unsigned base)
{
	char digits[10];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n && at + 1 < cap)
		buffer[at++] = digits[--n];
	return at;
}

/* RFC 5952, but for the longest-run rule: the first run of two or more zero groups is "::". */
static size_t put_ipv6(char *buffer, size_t at, size_t cap, const uint8_t addr[16])
{
	bool folded = false;

	for (unsigned i = 0; i < 8; i++) {
		unsigned group = (unsigned)addr[2 * i] << 8 | addr[2 * i + 1], run = i;

		while (!folded && run < 8 && !addr[2 * run] && !addr[2 * run + 1])
			run++;
		if (!folded && run - i > 1) {
			at = put_text(buffer, at, cap, "::", 2);
			folded = true;
			i = run - 1;
			continue;
		}
		if (i && buffer[at - 1] != ':')
			at = put_text(buffer, at, cap, ":", 1);
		at = put_value(buffer, at, cap, group, 16);
	}
	return at;
}

size_t zc_endpoint_print(const struct zc_endpoint *endpoint, char *buffer, size_t cap)
{
	size_t at = 0;

	if (endpoint->family == 2) {
		for (unsigned i = 0; i < 4; i++) {
			if (i)
				at = put_text(buffer, at, cap, ".", 1);
			at = put_value(buffer, at, cap, endpoint->addr[i], 10);
		}
	} else if (endpoint->family == 10) {
		at = put_text(buffer, at, cap, "[", 1);
		at = put_ipv6(buffer, at, cap, endpoint->addr);
		at = put_text(buffer, at, cap, "]", 1);
	} else if (endpoint->family == 1) {
		bool abstract = endpoint->name_len && !endpoint->name[0];

		at = put_text(buffer, at, cap, abstract ? "unix:@" : "unix:", abstract ? 6 : 5);
		at = put_text(buffer, at, cap, endpoint->name + abstract,
			      endpoint->name_len - (size_t)abstract);
	} else {
		at = put_text(buffer, at, cap, "family ", 7);
		at = put_value(buffer, at, cap, endpoint->family, 10);
	}
	if (endpoint->family == 2 || endpoint->family == 10) {
		at = put_text(buffer, at, cap, ":", 1);
		at = put_value(buffer, at, cap, endpoint->port, 10);
	}
	buffer[at] = '\0';
	return at;
}
