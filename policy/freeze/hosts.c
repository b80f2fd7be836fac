/* SPDX-License-Identifier: MIT */
/*
 * hosts.c - rules on host names: what /etc/hosts says, and the rows that such rules have in the image.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/net/names.h"
#include "policy/freeze/freeze.h"
#include "policy/language/language.h"
#include "policy/set.h"

static bool read_address(const char *text, struct zc_net_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ret->family, text, ret->addr) == 1;
}

int zc_hosts_each(int (*each)(void *context, const struct zc_net_address *address,
			      const char *name),
		  void *context)
{
	FILE *file = fopen("/etc/hosts", "re");
	char line[1024];
	int r = 0;

	while (r == 0 && file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct zc_net_address address;
		char *rest = line, *word;

		line[strcspn(line, "#\n")] = '\0';
		word = strtok_r(rest, " \t\r", &rest);
		if (word == NULL || !read_address(word, &address))
			continue;
		while (r == 0 && (word = strtok_r(NULL, " \t\r", &rest)) != NULL)
			r = each(context, &address, word);
	}
	if (file != NULL)
		fclose(file);
	return r;
}

/* --- names that need no resolver ------------------------------------------------------------------- */

/* A name that cannot be one is no reason to stop. */
static int add_host(void *context, const struct zc_net_address *address, const char *name)
{
	return zc_build_host(context, name) == -ENOMEM ? -ENOMEM : 0;
}

int zc_net_add_hosts(struct zc_build *build)
{
	char own[256] = "";
	int r = add_host(build, NULL, "localhost");

	if (r == 0)
		r = zc_hosts_each(add_host, build);
	if (r == 0 && gethostname(own, sizeof(own) - 1) == 0 && own[0] != '\0')
		r = add_host(build, NULL, own);
	return r;
}

static int is_host(void *context, const struct zc_net_address *address, const char *name)
{
	char spelled[ZC_NAME_CAP];

	return zc_name_spell(spelled, name, strlen(name)) && strcmp(spelled, context) == 0;
}

bool zc_hosts_have(const char *host)
{
	return zc_hosts_each(is_host, (void *)(uintptr_t)host) != 0;
}

bool zc_hosts_answer(const struct zc_rule *rule)
{
	char host[256] = "";
	size_t len = rule->value != NULL ? strcspn(rule->value, ":") : 0;

	if (len > 0 && len < sizeof(host))
		memcpy(host, rule->value, len);
	return host[0] != '\0' && zc_hosts_have(host);
}

/* --- rows ------------------------------------------------------------------------------------------ */

struct row {
	struct zc_build *build;
	const struct zc_net_value *net;
	int number;
};

static int add_address(const struct row *row, const struct zc_net_address *address,
		       const char *name, unsigned source)
{
	int r = zc_build_net(row->build, row->number, 1u << ZC_CLASS_NET, address->family,
			     address->addr, address->family == AF_INET ? 32 : 128, row->net->port);

	return r == 0 ? zc_build_found(row->build, name, address->family, address->addr, source)
		      : r;
}

/* What stands in /etc/hosts no resolver is asked for, so nobody would see it answered. */
static int add_if_below(void *context, const struct zc_net_address *address, const char *name)
{
	const struct row *row = context;
	char spelled[ZC_NAME_CAP];
	size_t len = zc_name_spell(spelled, name, strlen(name)), tail = strlen(row->net->host);

	if (len < tail + 2 || spelled[len - tail - 1] != '.' ||
	    strcmp(spelled + len - tail, row->net->host) != 0)
		return 0;
	return add_address(row, address, spelled, ZC_HOST_HOSTS);
}

int zc_hosts_build(struct zc_build *build, const struct zc_rule *rule, int number,
		   const struct zc_net_value *net)
{
	struct row row = { build, net, number };
	bool wild = net->kind == ZC_NETV_WILD;
	int r = zc_build_name(build, number, net->host, wild, net->port);
	unsigned source;

	if (wild)
		return r == 0 ? zc_hosts_each(add_if_below, &row) : r;
	source = rule->addresses_count && zc_hosts_have(net->host) ? ZC_HOST_HOSTS : ZC_HOST_POLICY;
	for (uint32_t i = 0; i < rule->addresses_count && r == 0; i++)
		r = add_address(&row, &rule->addresses[i], net->host, source);
	return r;
}
