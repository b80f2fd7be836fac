/* SPDX-License-Identifier: MIT */
/*
 * account.c - the lists of a plan in the making, and the sentences on what became of each layer.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "confine/plan.h"

static const uint8_t entry_size[ZC_PLAN_LISTS] = {
	[ZC_PLAN_STRINGS] = 1,
	[ZC_PLAN_MOUNTS] = sizeof(struct zc_plan_mount),
	[ZC_PLAN_GROUPS] = sizeof(uint32_t),
	[ZC_PLAN_PATHS] = sizeof(struct zc_plan_path),
	[ZC_PLAN_PORTS] = sizeof(struct zc_plan_port),
	[ZC_PLAN_FILTER] = sizeof(struct sock_filter),
};

size_t zc_plan_entry_size(enum zc_plan_list list)
{
	return entry_size[list];
}

void zc_plan_take(struct zc_plan_maker *maker, unsigned layer)
{
	maker->head.planned |= 1u << layer;
	maker->account[layer].planned = true;
}

bool zc_plan_taken(const struct zc_plan_maker *maker, unsigned layer)
{
	return maker->head.planned >> layer & 1;
}

static void *append(struct zc_plan_maker *maker, struct zc_plan_bytes *bytes, size_t len)
{
	size_t cap = bytes->cap ? bytes->cap : 1024;
	unsigned char *data;

	while (cap < bytes->len + len)
		cap *= 2;
	if (cap != bytes->cap) {
		data = realloc(bytes->data, cap);
		if (!data) {
			maker->error = -ENOMEM;
			return NULL;
		}
		bytes->data = data;
		bytes->cap = cap;
	}
	bytes->len += len;
	return bytes->data + bytes->len - len;
}

void zc_plan_add(struct zc_plan_maker *maker, enum zc_plan_list list, const void *entry)
{
	void *at = append(maker, &maker->list[list], entry_size[list]);

	if (at)
		memcpy(at, entry, entry_size[list]);
}

uint32_t zc_plan_text(struct zc_plan_maker *maker, const char *text)
{
	struct zc_plan_bytes *strings = &maker->list[ZC_PLAN_STRINGS];
	size_t size = strlen(text) + 1, at;
	void *to;

	if (!strings->len && append(maker, strings, 1))
		strings->data[0] = '\0';
	if (size == 1)
		return 0;
	if (strings->len >= size && !memcmp(strings->data + strings->len - size, text, size))
		return (uint32_t)(strings->len - size);
	at = strings->len;
	to = append(maker, strings, size);
	if (!to)
		return 0;
	memcpy(to, text, size);
	return (uint32_t)at;
}

void zc_account_detail(struct zc_plan_maker *maker, unsigned layer, const char *format, ...)
{
	struct zc_confine_account *account = &maker->account[layer];
	va_list args;

	free(account->detail);
	va_start(args, format);
	if (vasprintf(&account->detail, format, args) < 0) {
		account->detail = NULL;
		maker->error = -ENOMEM;
	}
	va_end(args);
}

static size_t length(char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

/* Takes over text. The same sentence is not said twice. */
static void say(struct zc_plan_maker *maker, char ***list, uint32_t *count, char *text)
{
	size_t said = length(*list);
	char **grown;

	for (size_t i = 0; text && i < said; i++) {
		if (!strcmp((*list)[i], text)) {
			free(text);
			return;
		}
	}
	++*count;
	grown = text ? realloc(*list, (said + 2) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(text);
		maker->error = -ENOMEM;
		return;
	}
	grown[said] = text;
	grown[said + 1] = NULL;
	*list = grown;
}

__attribute__((format(printf, 1, 0))) static char *sentence(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

void zc_account_widened(struct zc_plan_maker *maker, unsigned layer, const char *format, ...)
{
	va_list args;

	if (maker->widened[layer] >= ZC_PLAN_LISTED) {
		maker->widened[layer]++;
		return;
	}
	va_start(args, format);
	say(maker, &maker->account[layer].widened, &maker->widened[layer], sentence(format, args));
	va_end(args);
}

void zc_account_lacks(struct zc_plan_maker *maker, unsigned layer, const char *format, ...)
{
	va_list args;

	if (maker->lacking[layer] >= ZC_PLAN_LISTED) {
		maker->lacking[layer]++;
		return;
	}
	va_start(args, format);
	say(maker, &maker->account[layer].not_expressible, &maker->lacking[layer],
	    sentence(format, args));
	va_end(args);
}

static void close_list(struct zc_plan_maker *maker, char ***list, uint32_t said)
{
	uint32_t none = 0;
	char *text;

	if (said <= ZC_PLAN_LISTED)
		return;
	if (asprintf(&text, "... and %u more", said - ZC_PLAN_LISTED) < 0)
		text = NULL;
	say(maker, list, &none, text);
}

void zc_account_close(struct zc_plan_maker *maker)
{
	for (unsigned layer = 0; layer < ZC_CONFINE_LAYERS; layer++) {
		struct zc_confine_account *account = &maker->account[layer];

		close_list(maker, &account->widened, maker->widened[layer]);
		close_list(maker, &account->not_expressible, maker->lacking[layer]);
	}
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void zc_confine_account_finish(struct zc_confine_account account[ZC_CONFINE_LAYERS])
{
	for (unsigned layer = 0; layer < ZC_CONFINE_LAYERS; layer++) {
		free(account[layer].detail);
		free_list(account[layer].widened);
		free_list(account[layer].not_expressible);
		memset(&account[layer], 0, sizeof(account[layer]));
	}
}
