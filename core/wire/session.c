/* SPDX-License-Identifier: MIT */
/*
 * session.c - the ZENCUBE variable: printing and parsing numbers, nothing else.
 */
#include <errno.h>

#include "core/wire/session.h"

static const char *take_number(const char *text, unsigned base, uint64_t max, char end,
			       uint64_t *ret)
{
	uint64_t value = 0;
	unsigned digits = 0;

	for (;; text++, digits++) {
		unsigned digit;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (base == 16 && *text >= 'a' && *text <= 'f')
			digit = (unsigned)(*text - 'a') + 10;
		else
			break;
		if (value > (max - digit) / base)
			return NULL;
		value = value * base + digit;
	}
	if (digits == 0 || *text != end)
		return NULL;
	*ret = value;
	return text + (end != '\0');
}

int zc_session_parse(struct zc_session *session, const char *value)
{
	uint64_t part[7];

	unsigned kind = (unsigned)value[0] - '1';
	bool gap_allow = kind & 1, passive = kind & 2;

	if (kind > 3 || value[1] != ':')
		return -EINVAL;
	value += 2;
	for (unsigned i = 0; i < 7; i++) {
		bool is_fd = i < 6 && i % 2 == 0;

		value = take_number(value, i == 6 ? 16 : 10, is_fd ? INT32_MAX : UINT64_MAX,
				    i == 6 ? '\0' : ':', &part[i]);
		if (!value)
			return -EINVAL;
	}
	*session = (struct zc_session){ (int)part[0], (int)part[2], (int)part[4], part[1], part[3],
					part[5],      part[6],      gap_allow,    passive };
	return 0;
}

static size_t put_number(char *buffer, uint64_t value, unsigned base)
{
	char digits[24];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (size_t i = 0; i < n; i++)
		buffer[i] = digits[n - 1 - i];
	return n;
}

long zc_session_print(const struct zc_session *session, char *buffer, size_t cap)
{
	const uint64_t part[7] = { (uint64_t)session->image_fd,
				   session->image_ino,
				   (uint64_t)session->page_fd,
				   session->page_ino,
				   (uint64_t)session->socket_fd,
				   session->socket_ino,
				   session->instance };
	size_t len = 0;

	if (cap < 192)
		return -ENAMETOOLONG;
	buffer[len++] = (char)('1' + (session->gap_allow ? 1 : 0) + (session->passive ? 2 : 0));
	for (unsigned i = 0; i < 7; i++) {
		buffer[len++] = ':';
		len += put_number(buffer + len, part[i], i == 6 ? 16 : 10);
	}
	buffer[len] = '\0';
	return (long)len;
}
