/* SPDX-License-Identifier: MIT */
/*
 * learn.c - what is handed over is kept, and put through the steps that learn.h tells of.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/language/language.h"
#include "policy/learn/parts.h"
#include "text/array.h"

#define ROUNDS 8

struct zc_learn *zc_learn_new(const struct zc_policy_world *world)
{
	struct zc_learn *learn = calloc(1, sizeof(*learn));
	struct zc_policy_world nowhere = { 0 };

	if (learn == NULL)
		return NULL;
	learn->world = (struct zc_policy_world){ .home = world->home,
						 .project = world->project,
						 .tmpdir = world->tmpdir };
	learn->memory = zc_policy_set_new(&nowhere);
	if (learn->memory == NULL)
		return zc_learn_free(learn);
	learn->root = zc_set_alloc(learn->memory, sizeof(*learn->root));
	learn->head = learn->tail = "";
	if (learn->root == NULL || zc_learn_places(learn) < 0)
		return zc_learn_free(learn);
	learn->root->name = "";
	return learn;
}

struct zc_learn *zc_learn_free(struct zc_learn *learn)
{
	if (learn == NULL)
		return NULL;
	free(learn->slots);
	free(learn->seen);
	free(learn->moved);
	free(learn->address);
	free(learn->before.item);
	free(learn->kept.item);
	free(learn->locked.item);
	free(learn->abstract.item);
	free(learn->unsaid.item);
	free(learn->said.item);
	free(learn->rules.item);
	free(learn->hosts.item);
	free(learn->commands.item);
	zc_policy_set_free(learn->memory);
	free(learn);
	return NULL;
}

/* --- lists ----------------------------------------------------------------------------------------- */

int zc_learn_add(struct zc_learn_list *list, const char *text)
{
	const char **items =
		text ? zc_array_grow(list->item, list->count, &list->cap, sizeof(*items), 64)
		     : NULL;

	if (items == NULL)
		return -ENOMEM;
	list->item = items;
	items[list->count++] = text;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void zc_learn_sort(struct zc_learn_list *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->item, list->count, sizeof(*list->item), by_text);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || strcmp(list->item[kept - 1], list->item[i]) != 0)
			list->item[kept++] = list->item[i];
	list->count = kept;
}

bool zc_learn_has(const struct zc_learn_list *sorted, const char *text)
{
	return sorted->count &&
	       bsearch(&text, sorted->item, sorted->count, sizeof(*sorted->item), by_text);
}

/* --- what was seen ----------------------------------------------------------------------------------- */

int zc_learn_path(struct zc_learn *learn, const char *path, size_t len, unsigned need,
		  unsigned flags)
{
	struct zc_learn_seen *seen;

	if (len == 0 || len >= ZC_PATH_CAP || path[0] != '/' || memchr(path, '\0', len) != NULL)
		return 0;
	seen = zc_array_grow(learn->seen, learn->seen_count, &learn->seen_cap, sizeof(*seen), 64);
	if (seen == NULL)
		return -ENOMEM;
	learn->seen = seen;
	seen += learn->seen_count;
	*seen = (struct zc_learn_seen){ .path = zc_set_copy(learn->memory, path, len),
					.len = (uint32_t)len,
					.need = (uint8_t)need,
					.flags = (uint8_t)flags };
	if (seen->path == NULL)
		return -ENOMEM;
	learn->seen_count++;
	return 0;
}

int zc_learn_move(struct zc_learn *learn, const char *from, size_t from_len, const char *to,
		  size_t to_len, bool directory, bool link)
{
	struct zc_learn_moved *moved;

	if (!from_len || !to_len || from_len >= ZC_PATH_CAP || to_len >= ZC_PATH_CAP)
		return 0;
	moved = zc_array_grow(learn->moved, learn->moved_count, &learn->moved_cap, sizeof(*moved),
			      64);
	if (moved == NULL)
		return -ENOMEM;
	learn->moved = moved;
	moved += learn->moved_count;
	*moved = (struct zc_learn_moved){ .from = zc_set_copy(learn->memory, from, from_len),
					  .to = zc_set_copy(learn->memory, to, to_len),
					  .from_len = (uint32_t)from_len,
					  .to_len = (uint32_t)to_len,
					  .directory = directory,
					  .link = link };
	if (moved->from == NULL || moved->to == NULL)
		return -ENOMEM;
	learn->moved_count++;
	return 0;
}

int zc_learn_put_address(struct zc_learn *learn, const struct zc_learn_address *address)
{
	struct zc_learn_address *all = zc_array_grow(learn->address, learn->address_count,
						     &learn->address_cap, sizeof(*all), 64);

	if (all == NULL)
		return -ENOMEM;
	learn->address = all;
	all[learn->address_count++] = *address;
	return 0;
}

/* Programs ask for names that are none, and a rule must be one that loads. */
static const char *kept_host(struct zc_learn *learn, const char *host)
{
	struct zc_origin nowhere = { 0 };
	struct zc_policy_error ignored;
	struct zc_net_value value;

	if (!host || !*host || strlen(host) > 253 || strchr(host, ':') || *host == '*' ||
	    zc_net_parse(learn->memory, nowhere, host, false, &value, &ignored) < 0 ||
	    value.kind != ZC_NETV_HOST)
		return NULL;
	return zc_set_copy(learn->memory, host, strlen(host));
}

static int add_endpoint(struct zc_learn *learn, const struct zc_endpoint *peer, const char *host,
			bool listen)
{
	struct zc_learn_address address = { .listen = listen,
					    .family = peer->family,
					    .port = peer->port,
					    .host = kept_host(learn, host) };

	if (peer->family != AF_INET && peer->family != AF_INET6)
		return zc_learn_cannot(learn, "an address that is neither IPv4 nor IPv6: only "
					      "allow-net without a value allows it");
	memcpy(address.addr, peer->addr, peer->family == AF_INET ? 4 : 16);
	return zc_learn_put_address(learn, &address);
}

/* Connecting to 0.0.0.0 is connecting to this machine, and is judged so. */
static struct zc_endpoint reached(const struct zc_endpoint *peer)
{
	static const uint8_t zeros[16];
	struct zc_endpoint at = *peer;

	if (peer->family == AF_INET && !memcmp(peer->addr, zeros, 4))
		at.addr[0] = 127, at.addr[3] = 1;
	else if (peer->family == AF_INET6 && !memcmp(peer->addr, zeros, 16))
		at.addr[15] = 1;
	return at;
}

int zc_learn_net(struct zc_learn *learn, const struct zc_endpoint *peer, const char *host)
{
	struct zc_endpoint at = reached(peer);

	if (peer->family == AF_UNIX) {
		size_t len = peer->name_len <= sizeof(peer->name) ? peer->name_len
								  : sizeof(peer->name);

		if (len < 2 || peer->name[0] != '\0' || memchr(peer->name + 1, '\0', len - 1))
			return len < 2 ? 0
				       : zc_learn_cannot(learn, "a unix socket with a NUL in its "
								"name");
		return zc_learn_add(&learn->abstract,
				    zc_value_encode(learn->memory, peer->name + 1, len - 1, true));
	}
	return add_endpoint(learn, &at, host, false);
}

int zc_learn_host(struct zc_learn *learn, const char *host)
{
	struct zc_learn_address address = { .host = kept_host(learn, host) };

	return address.host ? zc_learn_put_address(learn, &address)
			    : zc_learn_cannot(learn, "a name was asked for that is no host's");
}

int zc_learn_listen(struct zc_learn *learn, const struct zc_endpoint *at)
{
	return add_endpoint(learn, at, NULL, true);
}

int zc_learn_sys(struct zc_learn *learn, const char *name, bool refused)
{
	int sys = zc_sys_find(name, strlen(name));

	if (sys >= 0 && sys != ZC_SYS_SIGNAL_SUPERVISOR)
		*(refused ? &learn->sys_refused : &learn->sys) |= 1ull << sys;
	return 0;
}

/* It stands in a comment: one line, and nothing that steers a terminal. */
static const char *one_line(struct zc_learn *learn, char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return zc_set_copy(learn->memory, text, strlen(text));
}

int zc_learn_cannot(struct zc_learn *learn, const char *what)
{
	char text[400];

	snprintf(text, sizeof(text), "%s", what);
	return zc_learn_add(&learn->unsaid, one_line(learn, text));
}

int zc_learn_command(struct zc_learn *learn, const char *command)
{
	char text[400];

	snprintf(text, sizeof(text), "%.390s%s", command, strlen(command) > 390 ? " ..." : "");
	return zc_learn_add(&learn->commands, one_line(learn, text));
}

int zc_learn_say(struct zc_learn *learn, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return zc_learn_add(&learn->said, one_line(learn, text));
}

/* --- the steps ----------------------------------------------------------------------------------------- */

static int plant(struct zc_learn *learn)
{
	for (size_t i = 0; i < learn->seen_count; i++) {
		const struct zc_learn_seen *seen = &learn->seen[i];
		struct zc_learn_node *node;

		if (!seen->open)
			continue;
		node = zc_learn_node(learn, seen->path, seen->len, false);
		if (node == NULL)
			return -ENOMEM;
		if (seen->flags & ZC_LEARN_REFUSED)
			node->refused |= seen->open;
		else
			node->seen |= seen->open;
		node->directory |= (seen->flags & (ZC_LEARN_DIRECTORY | ZC_LEARN_MADE)) != 0;
		node->made |= (seen->flags & ZC_LEARN_MADE) && !(seen->flags & ZC_LEARN_REFUSED);
	}
	return 0;
}

int zc_learn_finish(struct zc_learn *learn, struct zc_policy_error *error)
{
	int r = zc_learn_sort_out(learn, error);

	if (r == 0 && plant(learn) < 0)
		r = zc_fail_memory(error);
	for (int round = 1; r == 0 && round <= ROUNDS; round++) {
		int added;

		if (zc_learn_collapse(learn) < 0 || zc_learn_rules(learn) < 0)
			return zc_fail_memory(error);
		added = zc_learn_recheck(learn, round == ROUNDS, error);
		if (added <= 0) {
			r = added;
			break;
		}
	}
	if (r == 0 && zc_learn_print(learn) < 0)
		r = zc_fail_memory(error);
	return r;
}

void zc_learn_account(const struct zc_learn *learn, struct zc_learn_account *ret)
{
	*ret = learn->account;
}

const char *zc_learn_result(const struct zc_learn *learn, size_t *ret_len)
{
	*ret_len = learn->result_len;
	return learn->result;
}
