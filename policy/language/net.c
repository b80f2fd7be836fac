/* SPDX-License-Identifier: MIT */
/*
 * net.c - network values: what may be written, its canonical spelling, and what is behind a name.
 *
 *   -net     HOST | *.HOST | IP | CIDR | [V6] | [V6/BITS]  with an optional :PORT;  V6, V6/BITS bare;
 *            :PORT;  unix:PATH;  unix:@NAME;  unix:@*
 *   -listen  PORT | :PORT | ADDRESS | ADDRESS:PORT  (addresses as above, no names)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event.h"
#include "policy/language/language.h"
#include "policy/set.h"

/* A value being parsed, and what mistakes are reported with. */
struct parse {
	struct zc_policy_set *set;
	struct zc_origin origin;
	struct zc_policy_error *error;
	const char *value;
	struct zc_net_value *ret;
};

static int parse_number(const char *text, unsigned long most, unsigned long *ret)
{
	unsigned long number = 0;

	if (text[0] == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		number = number * 10 + (unsigned long)(*text - '0');
		if (number > most)
			return -EINVAL;
	}
	*ret = number;
	return 0;
}

static int parse_port(struct parse *p, const char *text)
{
	unsigned long port;

	if (parse_number(text, 65535, &port) || port == 0)
		return zc_fail(p->error, p->origin,
			       "bad port '%.80s' in '%.200s': a number from 1 to 65535", text,
			       p->value);
	p->ret->port = (uint16_t)port;
	return 0;
}

/* Clears the bits behind the prefix; true when some were set. */
static bool clear_host_bits(uint8_t *addr, unsigned size, unsigned bits)
{
	bool had = false;

	for (unsigned i = 0; i < size; i++) {
		unsigned keep = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? bits - i * 8 : 0;
		uint8_t mask = (uint8_t)(0xff00u >> keep);

		had = had || (addr[i] & (uint8_t)~mask) != 0;
		addr[i] &= mask;
	}
	return had;
}

const char *zc_net_print(struct zc_policy_set *set, int family, const uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, addr, text, sizeof(text)) == NULL)
		return NULL;
	return zc_set_copy(set, text, strlen(text));
}

/* IPv4 in IPv6 clothes is judged as IPv4, so that one rule holds for both. */
static void unmap(struct zc_net_value *net)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (net->family == AF_INET6 && net->bits >= 96 && memcmp(net->addr, mapped, 12) == 0) {
		memmove(net->addr, net->addr + 12, 4);
		memset(net->addr + 4, 0, 12);
		net->family = AF_INET;
		net->bits = (uint8_t)(net->bits - 96);
	}
}

/* "10.0.0.0/8", "::1": an address with an optional prefix. -ENOENT: it does not look like one. */
static int parse_address(struct parse *p, const char *text)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	unsigned most;

	if (len == 0 || len >= sizeof(host))
		return -ENOENT;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, p->ret->addr) == 1)
		p->ret->family = AF_INET;
	else if (inet_pton(AF_INET6, host, p->ret->addr) == 1)
		p->ret->family = AF_INET6;
	else
		return -ENOENT;
	most = p->ret->family == AF_INET ? 32 : 128;
	bits = most;
	if (slash != NULL && parse_number(slash + 1, most, &bits))
		return zc_fail(p->error, p->origin,
			       "bad prefix length '%.80s' in '%.200s': a number from 0 to %u",
			       slash + 1, p->value, most);
	p->ret->kind = ZC_NETV_ADDRESS;
	p->ret->bits = (uint8_t)bits;
	if (clear_host_bits(p->ret->addr, most / 8, (unsigned)bits))
		return zc_fail(p->error, p->origin,
			       "'%.200s' has bits set behind its prefix; did you mean '%s/%lu'?",
			       p->value, zc_net_print(p->set, p->ret->family, p->ret->addr), bits);
	unmap(p->ret);
	return 0;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/*
 * Names only: what is made of digits alone at its end is an address that somebody mistyped, and
 * getaddrinfo would read "127.1" and "0x7f000001" as addresses in ways few expect.
 */
static int parse_host(struct parse *p, const char *text)
{
	struct zc_net_value *ret = p->ret;
	bool wild = strncmp(text, "*.", 2) == 0;
	size_t len = strlen(text += wild ? 2 : 0);
	const char *last;

	if (strchr(text, '*') != NULL)
		return zc_fail(p->error, p->origin,
			       "'%.200s': a '*' stands only at the front, for one or more whole "
			       "labels: '*.example.org'",
			       p->value);
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof(ret->host))
		return zc_fail(p->error, p->origin, "'%.200s' names no host", p->value);
	ret->host[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];

		if (!is_name_byte(c))
			return zc_fail(p->error, p->origin,
				       "'%.200s' is neither an address nor a host name", p->value);
		ret->host[i] = c;
	}
	if (ret->host[0] == '-' || ret->host[0] == '.' || strstr(ret->host, "..") != NULL)
		return zc_fail(p->error, p->origin, "'%.200s' is not a host name", p->value);
	last = strrchr(ret->host, '.');
	last = last != NULL && last[1] != '\0' ? last + 1 : ret->host;
	if (last[strspn(last, "0123456789")] == '\0' || strncmp(last, "0x", 2) == 0)
		return zc_fail(p->error, p->origin, "'%.200s' is not a whole address", p->value);
	ret->kind = wild ? ZC_NETV_WILD : ZC_NETV_HOST;
	return 0;
}

static int parse_unix(struct parse *p, const char *text)
{
	struct zc_path_value *path = &p->ret->path;
	bool abstract = text[0] == '@';
	const char *wrong = zc_value_decode(text + abstract, path);

	path->itself = false; /* a socket has nothing in it */
	p->ret->kind = abstract ? ZC_NETV_ABSTRACT : ZC_NETV_UNIX;
	if (wrong == NULL && abstract && path->variable != ZC_VAR_NONE)
		wrong = "abstract names have no variables";
	if (wrong == NULL && abstract && path->wild && strcmp(path->text, "*") != 0)
		wrong = "of abstract names only '@*', every one, takes a wildcard";
	if (wrong == NULL && abstract && path->literal && path->len == 1)
		wrong = "a name of one '*' cannot be told from '@*'";
	if (wrong == NULL && abstract && path->len > 107)
		wrong = "an abstract name has at most 107 bytes";
	if (wrong == NULL && path->variable == ZC_VAR_WRITABLE && path->len > 0)
		wrong = "nothing can follow ${WRITABLE}";
	return wrong == NULL ? 0 : zc_fail(p->error, p->origin, "'%.400s': %s", p->value, wrong);
}

/* Splits "[V6]:PORT", "ADDRESS:PORT" and what has no port into *ret_host and *ret_port ("": none). */
static int split(struct parse *p, char *text, char **ret_host, char **ret_port)
{
	static char none[] = "";
	char *close, *colon;

	*ret_host = text;
	*ret_port = none;
	if (text[0] == '[') {
		close = strchr(text, ']');
		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return zc_fail(p->error, p->origin,
				       "'%.200s': an IPv6 address is written [ADDRESS]:PORT",
				       p->value);
		*ret_host = text + 1;
		*close = '\0';
		colon = close[1] == ':' ? close + 1 : NULL;
		if (strchr(*ret_host, ':') == NULL)
			return zc_fail(p->error, p->origin,
				       "'%.200s': only IPv6 addresses stand in brackets", p->value);
	} else {
		colon = strrchr(text, ':');
		if (colon != NULL && strchr(text, ':') != colon)
			colon = NULL; /* more than one: a bare IPv6 address, which has no port */
	}
	if (colon != NULL) {
		*colon = '\0';
		*ret_port = colon + 1;
		return parse_port(p, *ret_port);
	}
	return 0;
}

static int parse_inet(struct parse *p, bool listen)
{
	char text[400], *host, *port;
	size_t len = strlen(p->value);
	int r;

	if (len >= sizeof(text))
		return zc_fail(p->error, p->origin, "'%.80s...' is too long for an address",
			       p->value);
	memcpy(text, p->value, len + 1);
	if (listen && text[strspn(text, "0123456789")] == '\0') {
		p->ret->kind = ZC_NETV_PORT;
		return parse_port(p, text);
	}
	if (split(p, text, &host, &port))
		return -EINVAL;
	if (host[0] == '\0' && p->ret->port != 0) {
		p->ret->kind = ZC_NETV_PORT;
		return 0;
	}
	r = parse_address(p, host);
	if (r != -ENOENT)
		return r;
	if (strchr(host, '%') != NULL)
		return zc_fail(p->error, p->origin,
			       "'%.200s': rules have no interface names; leave '%%...' out",
			       p->value);
	if (listen)
		return zc_fail(p->error, p->origin,
			       "'%.200s': write PORT, ADDRESS or ADDRESS:PORT; no host names",
			       p->value);
	if (strchr(host, '/') != NULL)
		return zc_fail(p->error, p->origin,
			       "'%.200s' is not a network; a path is written unix:PATH", p->value);
	return parse_host(p, host);
}

int zc_net_parse(struct zc_policy_set *set, struct zc_origin origin, const char *value, bool listen,
		 struct zc_net_value *ret, struct zc_policy_error *error)
{
	struct parse p = { .set = set, .origin = origin, .error = error, .value = value };

	p.ret = ret;
	ret->kind = ZC_NETV_ADDRESS;
	ret->family = AF_UNSPEC;
	ret->port = 0;
	ret->bits = 0;
	memset(ret->addr, 0, sizeof(ret->addr));
	if (strncmp(value, "unix:", 5) != 0)
		return parse_inet(&p, listen);
	if (listen)
		return zc_fail(error, origin,
			       "'%.200s': binding a unix socket is a write of its path", value);
	return parse_unix(&p, value + 5);
}

const char *zc_net_canonical(struct zc_policy_set *set, struct zc_net_value *net, const char *base,
			     const char **ret_wrong)
{
	char port[8] = "", bits[8] = "";
	const char *text;

	if (net->port != 0)
		snprintf(port, sizeof(port), ":%u", net->port);
	switch ((enum zc_net_kind)net->kind) {
	case ZC_NETV_PORT: return zc_set_format(set, "%s", port);
	case ZC_NETV_HOST: return zc_set_format(set, "%s%s", net->host, port);
	case ZC_NETV_WILD: return zc_set_format(set, "*.%s%s", net->host, port);
	case ZC_NETV_UNIX:
		text = zc_value_canonical(set, &net->path, base, ret_wrong);
		return text ? zc_set_format(set, "unix:%s", text) : NULL;
	case ZC_NETV_ABSTRACT:
		text = zc_value_encode(set, net->path.text, net->path.len, !net->path.wild);
		return text ? zc_set_format(set, "unix:@%s", text) : NULL;
	case ZC_NETV_ADDRESS: break;
	}
	text = zc_net_print(set, net->family, net->addr);
	if (net->bits != (net->family == AF_INET ? 32 : 128))
		snprintf(bits, sizeof(bits), "/%u", net->bits);
	if (text == NULL)
		return NULL;
	return zc_set_format(set, net->family == AF_INET ? "%s%s%s" : "[%s%s]%s", text, bits, port);
}

bool zc_net_is_loopback(int family, const uint8_t addr[16])
{
	static const uint8_t one[16] = { [15] = 1 };

	return family == AF_INET ? addr[0] == 127 : memcmp(addr, one, 16) == 0;
}

/* A resolver that does not answer is asked once, for a few seconds; by default it would be 10 and more. */
static void be_impatient(void)
{
	static bool done;

	if (!done && res_init() == 0) {
		_res.retrans = 3;
		_res.retry = 1;
	}
	done = true;
}

int zc_net_resolve(const char *host, struct zc_net_address *ret, size_t cap, const char **ret_why)
{
	struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	size_t count = 0;
	int r;

	be_impatient();
	r = getaddrinfo(host, NULL, &want, &list);
	if (r != 0) {
		*ret_why = r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r);
		return r == EAI_AGAIN ? -EAGAIN : -ENOENT;
	}
	for (struct addrinfo *at = list; at != NULL && count < cap; at = at->ai_next) {
		memset(&ret[count], 0, sizeof(ret[count]));
		ret[count].family = at->ai_family;
		if (at->ai_family == AF_INET)
			memcpy(ret[count++].addr, &((struct sockaddr_in *)at->ai_addr)->sin_addr,
			       4);
		else if (at->ai_family == AF_INET6)
			memcpy(ret[count++].addr, &((struct sockaddr_in6 *)at->ai_addr)->sin6_addr,
			       16);
	}
	freeaddrinfo(list);
	*ret_why = "it has no address";
	return count > 0 ? (int)count : -ENOENT;
}

size_t zc_net_nameservers(struct zc_net_address ret[3])
{
	FILE *file = fopen("/etc/resolv.conf", "re");
	char line[512], text[INET6_ADDRSTRLEN + 1];
	size_t count = 0;

	while (file != NULL && count < 3 && fgets(line, sizeof(line), file) != NULL) {
		memset(&ret[count], 0, sizeof(ret[count]));
		if (sscanf(line, "nameserver %46[0-9a-fA-F.:]", text) != 1)
			continue;
		ret[count].family = strchr(text, ':') ? AF_INET6 : AF_INET;
		count += inet_pton(ret[count].family, text, ret[count].addr) == 1;
	}
	if (file != NULL)
		fclose(file);
	if (count == 0) { /* resolv.conf(5): without one, the local host is asked */
		ret[0] = (struct zc_net_address){ .family = AF_INET, .addr = { 127, 0, 0, 1 } };
		count = 1;
	}
	return count;
}

size_t zc_policy_resolvers(struct zc_endpoint ret[3])
{
	struct zc_net_address servers[3];
	size_t count = zc_net_nameservers(servers);

	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct zc_endpoint){ .family = (uint16_t)servers[i].family, .port = 53 };
		memcpy(ret[i].addr, servers[i].addr, sizeof(ret[i].addr));
	}
	return count;
}
