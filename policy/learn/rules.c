/* SPDX-License-Identifier: MIT */
/*
 * rules.c - from what was used to rules: the tree's, the addresses', the names of `sys`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/language/language.h"
#include "policy/learn/parts.h"

#define LINE_CAP 8000u /* what a policy's line can hold */
#define EPHEMERAL 32768u

/* --- paths ------------------------------------------------------------------------------------------ */

static const char *const nouns[] = { "read", "write", "run", "net" };

static int add_rule(struct zc_learn *learn, const char *verb, unsigned cls, const char *value,
		    const char *end)
{
	const char *rule;

	if (value == NULL)
		return -ENOMEM;
	if (strlen(value) > LINE_CAP)
		return zc_learn_cannot(learn, "a name too long for a line of a policy");
	rule = zc_set_format(learn->memory, "%s-%s %s%s%s", verb, nouns[cls],
			     cls == ZC_CLASS_UNIX ? "unix:" : "", value, end);
	return zc_learn_add(&learn->rules, rule);
}

/* Is something of that class used below? Then a deny for node would take that away. */
static bool used_below(const struct zc_learn_node *node, unsigned need)
{
	for (const struct zc_learn_node *child = node->child; child; child = child->next)
		if ((child->seen | child->tree | child->alone) & need || used_below(child, need))
			return true;
	return false;
}

static bool has_used_children(const struct zc_learn_node *node)
{
	return used_below(node, ZC_NEED_READ | ZC_NEED_WRITE | ZC_NEED_RUN | ZC_NEED_UNIX);
}

static int rules_of_class(struct zc_learn *learn, const struct zc_learn_node *node, unsigned cls,
			  const char *value, bool directory)
{
	unsigned need = 1u << cls;

	directory = directory || node->directory || node->alone & need || has_used_children(node);
	if (node->tree & need)
		return add_rule(learn, "allow", cls, value, "");
	/* The others are in tree, but for directories, which are not run or connected to. */
	if ((node->seen | node->alone) & need && cls <= ZC_CLASS_WRITE)
		return add_rule(learn, "allow", cls, value,
				!directory                ? ""
				: strcmp(value, "/") == 0 ? "."
							  : "/.");
	if (node->refused & need && !used_below(node, need))
		return add_rule(learn, "quiet-deny", cls, value, "");
	return 0;
}

static int rules_of(struct zc_learn *learn, const struct zc_learn_node *node)
{
	int r = 0;

	if (node->seen | node->tree | node->alone | node->refused) {
		char path[ZC_PATH_CAP];
		bool wild;
		size_t len = zc_learn_node_path(node, path, &wild);
		const char *value = zc_learn_spell(learn, path, len, wild);

		for (unsigned cls = 0; r == 0 && cls < ZC_PATH_CLASSES; cls++)
			r = value ? rules_of_class(learn, node, cls, value,
						   zc_learn_is_container(learn, path, len))
				  : -ENOMEM;
	}
	for (const struct zc_learn_node *child = node->child; r == 0 && child; child = child->next)
		r = rules_of(learn, child);
	return r;
}

/* --- addresses -------------------------------------------------------------------------------------- */

void zc_learn_address_text(struct zc_learn *learn, const struct zc_learn_address *address,
			   char *text, size_t cap)
{
	char plain[INET6_ADDRSTRLEN] = "", port[8] = "";
	bool v6 = address->family == AF_INET6;

	if (address->port)
		snprintf(port, sizeof(port), ":%u", address->port);
	if (address->host) {
		snprintf(text, cap, "%.255s%s", address->host, port);
		return;
	}
	inet_ntop(address->family, address->addr, plain, sizeof(plain));
	snprintf(text, cap, v6 ? "[%s]%s" : "%s%s", plain, port);
}

static bool is_unspecified(const struct zc_learn_address *address)
{
	static const uint8_t zeros[16];

	return memcmp(address->addr, zeros, address->family == AF_INET ? 4 : 16) == 0;
}

static bool same_place(const struct zc_learn_address *a, const struct zc_learn_address *b)
{
	if (a->listen != b->listen || !a->host != !b->host)
		return false;
	if (a->host)
		return strcmp(a->host, b->host) == 0;
	return a->family == b->family && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* Did the command listen on a port that the kernel chose? Then it may connect to such a one, too. */
static bool listens_anywhere(const struct zc_learn *learn, unsigned family)
{
	for (size_t i = 0; i < learn->address_count; i++) {
		const struct zc_learn_address *at = &learn->address[i];

		if (at->listen && at->family == family && at->port == 0 &&
		    (is_unspecified(at) || zc_net_is_loopback((int)family, at->addr)))
			return true;
	}
	return false;
}

/* Is it the port that changes? */
static bool any_port(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	uint16_t ports[ZC_LEARN_PORTS];
	unsigned count = 0;

	if (address->port == 0)
		return true;
	if (!address->listen && !address->host && address->port >= EPHEMERAL &&
	    zc_net_is_loopback(address->family, address->addr) &&
	    listens_anywhere(learn, address->family))
		return true;
	for (size_t i = 0; i < learn->address_count; i++) {
		const struct zc_learn_address *other = &learn->address[i];
		unsigned at = 0;

		if (!other->open || !same_place(other, address))
			continue;
		if (other->port == 0)
			return true;
		while (at < count && ports[at] != other->port)
			at++;
		if (at < count)
			continue;
		ports[count++] = other->port;
		if (count == ZC_LEARN_PORTS)
			return true;
	}
	return false;
}

static bool has_name(const struct zc_learn *learn)
{
	for (size_t i = 0; i < learn->address_count; i++)
		if (learn->address[i].host && learn->address[i].open)
			return true;
	return false;
}

/* A rule on a name brings the configured name servers with it. */
static bool comes_with_names(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	struct zc_net_address servers[3];
	size_t count = address->port == 53 && !address->listen ? zc_net_nameservers(servers) : 0;

	for (size_t i = 0; i < count; i++)
		if (servers[i].family == address->family &&
		    memcmp(servers[i].addr, address->addr, address->family == AF_INET ? 4 : 16) ==
			    0)
			return has_name(learn);
	return false;
}

/* A name that was only asked for is no news where something is known of it. */
static bool is_only_asked(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	for (size_t i = 0; address->host && !address->family && i < learn->address_count; i++)
		if (learn->address[i].family && learn->address[i].host &&
		    strcmp(learn->address[i].host, address->host) == 0)
			return true;
	return false;
}

static int rules_of_addresses(struct zc_learn *learn)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < learn->address_count; i++) {
		struct zc_learn_address address = learn->address[i];
		char text[300];

		if (!address.open || comes_with_names(learn, &address) ||
		    is_only_asked(learn, &address))
			continue;
		if (any_port(learn, &address))
			address.port = 0;
		zc_learn_address_text(learn, &address, text, sizeof(text));
		r = zc_learn_add(address.host ? &learn->hosts : &learn->rules,
				 zc_set_format(learn->memory, "%s %s",
					       address.listen ? "allow-listen" : "allow-net",
					       text));
	}
	for (size_t i = 0; r == 0 && i < learn->abstract.count; i++)
		r = zc_learn_add(&learn->rules, zc_set_format(learn->memory, "allow-net unix:@%s",
							      learn->abstract.item[i]));
	return r;
}

static int rules_of_sys(struct zc_learn *learn)
{
	int r = 0;

	for (unsigned sys = 0; r == 0 && sys < ZC_SYS_COUNT; sys++) {
		const char *verb = learn->sys >> sys & 1           ? "allow"
				   : learn->sys_refused >> sys & 1 ? "quiet-deny"
								   : NULL;

		if (verb)
			r = zc_learn_add(&learn->rules, zc_set_format(learn->memory, "%s-sys %s",
								      verb, zc_sys_name(sys)));
	}
	return r;
}

int zc_learn_rules(struct zc_learn *learn)
{
	int r;

	learn->rules.count = learn->hosts.count = 0;
	r = rules_of(learn, learn->root);
	if (r == 0)
		r = rules_of_addresses(learn);
	if (r == 0)
		r = rules_of_sys(learn);
	for (size_t i = 0; r == 0 && i < learn->kept.count; i++)
		r = zc_learn_add(&learn->rules, learn->kept.item[i]);
	zc_learn_sort(&learn->rules);
	zc_learn_sort(&learn->hosts);
	return r;
}
