/* SPDX-License-Identifier: MIT */
/*
 * dns.c - datagrams from port 53 as anybody might send them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/net/dns.h"
#include "core/net/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zc_dns_message message;
	char again[ZC_NAME_CAP];
	uint8_t *copy =
		malloc(size ? size : 1); /* exactly as long, so that reading on is noticed */

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (zc_dns_read(copy, size, &message) == 0) {
		if (message.count > ZC_DNS_ADDRESSES || message.len >= ZC_NAME_CAP ||
		    !message.len || strlen(message.name) != message.len ||
		    zc_name_spell(again, message.name, message.len) != message.len ||
		    (message.count && !message.is_answer))
			abort();
		for (uint32_t i = 0; i < message.count; i++)
			if (message.address[i].family != 2 && message.address[i].family != 10)
				abort();
	}
	free(copy);
	return 0;
}
