/* SPDX-License-Identifier: MIT */
/*
 * host.c - names that getaddrinfo(3) answers without asking anybody: numbers, and the hosts file.
 *
 * What looks like a number but is none would be asked of a resolver, and so carry bytes outside. So
 * this accepts only what inet_aton(3) and inet_pton(3) accept.
 */
#include "core/decide/judge.h"
#include "core/mem.h"

#define HOST_MAX 255u /* RFC 1035; a longer name is not in any hosts file that works */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* One number of inet_aton: decimal, 0x hexadecimal or 0 octal. Returns bytes used, 0: none. */
static size_t read_number(const char *text, size_t len, uint64_t *ret)
{
	size_t i = 0, first;
	int base = 10;
	uint64_t value = 0;

	if (len > 1 && text[0] == '0') {
		bool hex = text[1] == 'x' || text[1] == 'X';

		base = hex ? 16 : 8;
		i = hex ? 2 : 1;
	}
	for (first = i; i < len && digit(text[i]) < base; i++) {
		value = value * (unsigned)base + (unsigned)digit(text[i]);
		if (value > 0xffffffffu)
			return 0;
	}
	*ret = value;
	return i > first || base == 8 ? i : 0;
}

/*
 * "127.0.0.1", "127.1", "0x7f000001": one to four numbers, the last fills what is left of 32 bits.
 */
static bool is_ipv4(const char *text, size_t len)
{
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		uint64_t value;
		size_t used = read_number(text + at, len - at, &value);

		if (!used)
			return false;
		at += used;
		if (at == len)
			return value <= 0xffffffffull >> 8 * part;
		if (value > 255 || text[at] != '.')
			return false;
		at++;
	}
	return false;
}

/* "1.2.3.4" and nothing shorter, as the tail of an IPv6 address. */
static bool is_dotted_quad(const char *text, size_t len)
{
	unsigned dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.')
			dots++;
		else if (text[i] < '0' || text[i] > '9' ||
			 (text[i] == '0' && i + 1 < len && text[i + 1] != '.' &&
			  (i == 0 || text[i - 1] == '.')))
			return false;
	}
	return dots == 3 && is_ipv4(text, len);
}

static bool is_ipv6(const char *text, size_t len)
{
	unsigned groups = 0;
	bool gap = false;
	size_t at = 0;

	if (len < 2 || (text[0] == ':' && text[1] != ':'))
		return false;
	while (at < len) {
		size_t end = at;

		while (end < len && digit(text[end]) < 16)
			end++;
		if (end == at) { /* "::", once; its first colon is passed already unless it leads */
			size_t skip = at == 0 ? 2 : 1;

			if (gap || text[at] != ':')
				return false;
			gap = true;
			at += skip;
			continue;
		}
		if (end < len && text[end] == '.') {
			if (!is_dotted_quad(text + at, len - at))
				return false;
			groups += 2;
			break;
		}
		if (end - at > 4 || (end < len && text[end] != ':') || end + 1 == len)
			return false;
		groups++;
		at = end < len ? end + 1 : end;
	}
	return gap ? groups < 8 : groups == 8;
}

/* What may follow '%': the name or number of an interface. */
static bool is_scope(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '/' || text[i] <= ' ' || text[i] > '~')
			return false;
	return len > 0 && len < 16;
}

bool zc_host_is_numeric(const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (host[i] == '%')
			return is_ipv6(host, i) && is_scope(host + i + 1, len - i - 1);
	return is_ipv4(host, len) || is_ipv6(host, len);
}

bool zc_host_is_known(const struct zc_image *image, const char *host, size_t len)
{
	const struct zc_image_host *hosts = zc_image_at(image, image->hosts);
	const char *strings = zc_image_at(image, image->strings);
	uint32_t low = 0, high = image->hosts.count;
	char lower[HOST_MAX];

	if (len && host[len - 1] == '.')
		len--;
	if (!len || len > sizeof(lower))
		return false;
	for (size_t i = 0; i < len; i++)
		lower[i] =
			(char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + ('a' - 'A') : host[i]);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order =
			zc_host_order(lower, len, strings + hosts[middle].name, hosts[middle].len);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}
