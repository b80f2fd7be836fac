/* SPDX-License-Identifier: MIT */
/*
 * decide_net.c - addresses, ports, families, unix sockets and names under the policy.
 */
#include <arpa/inet.h>

#include "tests/unit/decide.h"
#include "tests/unit/t.h"

#define USER ZC_LAYER_USER
#define PROFILE ZC_LAYER_PROFILE
#define ALLOW ZC_SAYS_ALLOW
#define DENY ZC_SAYS_DENY

static int put(struct lab *lab, enum zc_layer layer, enum zc_says says, unsigned classes,
	       const char *addr, unsigned prefix, unsigned port)
{
	int family = strchr(addr, ':') ? AF_INET6 : AF_INET,
	    rule = lab_rule(lab, layer, says, classes, addr);
	uint8_t bytes[16] = { 0 };

	if (inet_pton(family, addr, bytes) != 1 ||
	    zc_build_net(lab->build, rule, classes, family, bytes, prefix, port) < 0)
		abort();
	return rule;
}

static struct zc_event to(unsigned op, const char *addr, unsigned port)
{
	struct sockaddr_storage storage = { 0 };
	struct zc_event event = lab_event(op);
	struct sockaddr_in *v4 = (void *)&storage;
	struct sockaddr_in6 *v6 = (void *)&storage;

	storage.ss_family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	v4->sin_port = htons((uint16_t)port);
	if (inet_pton(storage.ss_family, addr,
		      storage.ss_family == AF_INET ? (void *)&v4->sin_addr
						   : (void *)&v6->sin6_addr) != 1)
		abort();
	if (zc_endpoint_parse(&event.peer, &storage, sizeof(storage)) < 0)
		abort();
	event.flags = ZC_EV_HAS_PEER;
	return event;
}

static struct zc_verdict connect_to(struct lab *lab, const char *addr, unsigned port)
{
	struct zc_event event = to(ZC_OP_CONNECT, addr, port);

	return zc_policy_decide(lab_image(lab), &event);
}

static struct zc_verdict bind_to(struct lab *lab, const char *addr, unsigned port)
{
	struct zc_event event = to(ZC_OP_BIND, addr, port);

	return zc_policy_decide(lab_image(lab), &event);
}

static void test_addresses(void)
{
	struct lab lab = lab_new(0);
	int deny;

	put(&lab, USER, ALLOW, NET, "127.0.0.0", 8, 0);
	put(&lab, USER, ALLOW, NET, "::1", 128, 0);
	put(&lab, USER, ALLOW, NET, "10.0.0.0", 8, 443);
	put(&lab, USER, ALLOW, NET | LISTEN, "2001:db8::", 33, 0);
	deny = put(&lab, USER, DENY, NET, "10.1.0.0", 16, 0);
	T_OK(allowed(connect_to(&lab, "127.0.0.1", 80)) &&
		     allowed(connect_to(&lab, "127.255.1.2", 1)),
	     "a prefix covers its addresses on every port");
	T_OK(allowed(connect_to(&lab, "::1", 80)), "so it does for IPv6");
	T_OK(allowed(connect_to(&lab, "::ffff:127.0.0.1", 80)), "a v4-mapped address is IPv4");
	T_OK(refused(connect_to(&lab, "128.0.0.1", 80), EPERM), "what no rule covers is EPERM");
	T_OK(connect_to(&lab, "128.0.0.1", 80).reason == ZC_WHY_NO_ALLOW,
	     "because nothing allows it");
	T_OK(allowed(connect_to(&lab, "10.2.3.4", 443)), "a rule with a port holds on that port");
	T_OK(refused(connect_to(&lab, "10.2.3.4", 80), EPERM), "and on no other");
	T_OK(connect_to(&lab, "10.1.3.4", 443).rule == (uint32_t)deny,
	     "a deny inside a prefix wins and is named");
	T_OK(allowed(connect_to(&lab, "2001:db8:7fff::5", 9)) &&
		     refused(connect_to(&lab, "2001:db8:8000::5", 9), EPERM),
	     "a prefix need not end at a byte");
	T_OK(allowed(bind_to(&lab, "2001:db8::1", 80)), "listening is judged at bind");
	T_OK(refused(bind_to(&lab, "127.0.0.1", 80), EPERM), "and is a class of its own");
	T_OK(bind_to(&lab, "127.0.0.1", 80).cls == ZC_CLASS_LISTEN, "which the verdict names");
	T_OK(allowed(connect_to(&lab, "0.0.0.0", 80)) && allowed(connect_to(&lab, "::", 80)),
	     "connecting to the unspecified address reaches this machine and is judged so");
	lab_free(&lab);

	lab = lab_new(0);
	if (zc_build_net_any(lab.build, lab_rule(&lab, USER, ALLOW, NET, "allow-net"), NET) < 0)
		abort();
	put(&lab, USER, DENY, NET, "127.0.0.1", 32, 0);
	T_OK(refused(connect_to(&lab, "0.0.0.0", 80), EPERM),
	     "so a deny of loopback cannot be passed by that name");
	T_OK(allowed(connect_to(&lab, "192.0.2.1", 80)),
	     "allow-net without a value is every address");
	lab_free(&lab);
}

static void test_ports(void)
{
	struct lab lab = lab_new(0);
	int rule = lab_rule(&lab, USER, ALLOW, NET | LISTEN, "allow-net :53");

	T_OK(zc_build_net_port(lab.build, rule, NET | LISTEN, 53) == 0,
	     "a rule may name a port alone");
	T_OK(allowed(connect_to(&lab, "192.0.2.1", 53)) &&
		     allowed(connect_to(&lab, "2001:db8::1", 53)),
	     "then it holds for both families");
	T_OK(refused(connect_to(&lab, "192.0.2.1", 54), EPERM), "and for no other port");
	T_OK(refused(bind_to(&lab, "0.0.0.0", 0), EPERM) && allowed(bind_to(&lab, "0.0.0.0", 53)),
	     "port 0 of bind is not every port");
	lab_free(&lab);
}

static void test_protected_addresses(void)
{
	struct {
		const char *addr;
		unsigned prefix, port;
		bool opens;
	} cases[] = {
		{ "0.0.0.0", 0, 0, false },
		{ "169.254.0.0", 16, 0, false },
		{ "169.254.169.254", 32, 0, true },
		{ "169.254.169.254", 32, 80, true },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		struct lab lab = lab_new(0);

		put(&lab, PROFILE, DENY, NET, "169.254.169.254", 32, 0);
		put(&lab, USER, ALLOW, NET, cases[i].addr, cases[i].prefix, cases[i].port);
		T_OK(allowed(connect_to(&lab, "169.254.169.254", 80)) == cases[i].opens,
		     "allow-net %s/%u:%u %s what the profile protects", cases[i].addr,
		     cases[i].prefix, cases[i].port, cases[i].opens ? "names" : "does not name");
		lab_free(&lab);
	}
	struct lab lab = lab_new(0);

	put(&lab, PROFILE, DENY, NET, "192.0.2.1", 32, 25);
	put(&lab, USER, ALLOW, NET, "192.0.2.1", 32, 0);
	T_OK(refused(connect_to(&lab, "192.0.2.1", 25), EPERM),
	     "a deny of one port does not yield to every port");
	lab_free(&lab);
}

/* --- against a plain list -------------------------------------------------------------------- */

struct net_rule {
	enum zc_layer layer;
	enum zc_says says;
	uint32_t addr;
	int prefix; /* -1: every address */
	unsigned port;
};

static uint64_t random_state = 0x5eed;

static unsigned roll(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static bool holds(const struct net_rule *rule, uint32_t addr, unsigned port)
{
	if (rule->prefix < 0)
		return true;
	if (rule->port && rule->port != port)
		return false;
	return rule->prefix == 0 || (addr ^ rule->addr) >> (32 - rule->prefix) == 0;
}

/* Is everything that a covers covered by b, given that both hold for one address and port? */
static bool inside(const struct net_rule *a, const struct net_rule *b)
{
	return a->prefix >= b->prefix && (!b->port || a->port);
}

static bool says(const struct net_rule *rules, int count, enum zc_layer layer, enum zc_says what,
		 uint32_t addr, unsigned port)
{
	for (int i = 0; i < count; i++)
		if (rules[i].layer == layer && rules[i].says == what &&
		    holds(&rules[i], addr, port))
			return true;
	return false;
}

/* Does a deny of the profile stand that no allow of the user lies inside? */
static bool stands(const struct net_rule *rules, int count, uint32_t addr, unsigned port)
{
	for (int d = 0; d < count; d++) {
		bool lifted = false;

		if (rules[d].layer != ZC_LAYER_PROFILE || rules[d].says != DENY ||
		    !holds(&rules[d], addr, port))
			continue;
		for (int a = 0; a < count; a++)
			lifted |= rules[a].layer == USER && rules[a].says <= ZC_SAYS_LOG &&
				  holds(&rules[a], addr, port) && inside(&rules[a], &rules[d]);
		if (!lifted)
			return true;
	}
	return false;
}

static enum zc_action plain_answer(const struct net_rule *rules, int count, uint32_t addr,
				   unsigned port)
{
	bool theirs = true;

	for (int i = 0; i < count; i++)
		theirs &= !(rules[i].layer == USER && rules[i].says <= ZC_SAYS_LOG);
	if (says(rules, count, ZC_LAYER_IMPLICIT, DENY, addr, port) ||
	    says(rules, count, USER, DENY, addr, port) || stands(rules, count, addr, port))
		return ZC_REFUSED;
	if (says(rules, count, USER, ZC_SAYS_LOG, addr, port) ||
	    (theirs && says(rules, count, PROFILE, ZC_SAYS_LOG, addr, port)))
		return ZC_LOGGED;
	if (says(rules, count, USER, ALLOW, addr, port) ||
	    (theirs && says(rules, count, PROFILE, ALLOW, addr, port)))
		return ZC_ALLOWED;
	return ZC_REFUSED;
}

static struct net_rule roll_net(struct lab *lab)
{
	static const int prefixes[] = { -1, 0, 1, 7, 8, 16, 31, 32, 32 };
	static const enum zc_says words[] = { ALLOW, ALLOW, ZC_SAYS_LOG, DENY };
	struct net_rule rule = {
		.layer = roll(9) == 0 ? ZC_LAYER_IMPLICIT
			 : roll(2)    ? USER
				      : PROFILE,
		.says = words[roll(ZC_LEN(words))],
		.addr = 0x0a000000 | roll(2) << 16 | roll(4),
		.prefix = prefixes[roll(ZC_LEN(prefixes))],
		.port = roll(2) ? 80 : 0,
	};
	uint32_t wire = htonl(rule.addr);
	uint8_t bytes[16] = { 0 };
	int number;

	if (rule.layer == ZC_LAYER_IMPLICIT)
		rule.says = DENY;
	if (rule.prefix < 0)
		rule.port = 0;
	number = lab_rule(lab, rule.layer, rule.says, NET, "net");
	memcpy(bytes, &wire, 4);
	if (rule.prefix < 0 ? zc_build_net_any(lab->build, number, NET) < 0
			    : zc_build_net(lab->build, number, NET, AF_INET, bytes,
					   (unsigned)rule.prefix, rule.port) < 0)
		abort();
	return rule;
}

static void test_random(void)
{
	unsigned long asked = 0, wrong = 0, refusals = 0;

	for (int p = 0; p < 1500; p++) {
		struct lab lab = lab_new(0);
		struct net_rule rules[8];
		int count = 1 + (int)roll(8);

		for (int i = 0; i < count; i++)
			rules[i] = roll_net(&lab);
		for (int q = 0; q < 20; q++, asked++) {
			uint32_t addr = 0x0a000000 | roll(2) << 16 | roll(4), wire = htonl(addr);
			unsigned port = roll(2) ? 80 : 81;
			struct zc_event event = to(ZC_OP_CONNECT, "1.1.1.1", port);
			enum zc_action wanted = plain_answer(rules, count, addr, port);
			struct zc_verdict verdict;

			memcpy(event.peer.addr, &wire, 4);
			verdict = zc_policy_decide(lab_image(&lab), &event);
			wrong += verdict.action != wanted;
			refusals += wanted == ZC_REFUSED;
			if (verdict.reason == ZC_WHY_RULE &&
			    !holds(&rules[verdict.rule], addr, port))
				wrong++;
		}
		lab_free(&lab);
	}
	T_OK(wrong == 0 && refusals > asked / 10 && refusals < asked * 9 / 10,
	     "%lu random addresses get what a plain reading of the list comes to, %lu of them a "
	     "refusal",
	     asked, refusals);
}

static struct zc_verdict make_socket(struct lab *lab, int domain, int type, int protocol)
{
	struct zc_event event = lab_event(ZC_OP_SOCKET);

	event.domain = domain;
	event.type = type;
	event.protocol = protocol;
	return zc_policy_decide(lab_image(lab), &event);
}

static void test_sockets(void)
{
	struct lab lab = lab_new(0);

	put(&lab, USER, ALLOW, NET, "0.0.0.0", 0, 0);
	T_OK(allowed(make_socket(&lab, AF_UNIX, SOCK_STREAM, 0)) &&
		     allowed(make_socket(&lab, AF_NETLINK, SOCK_RAW, 0)),
	     "unix and route sockets are free");
	T_OK(allowed(make_socket(&lab, AF_INET, SOCK_STREAM, IPPROTO_TCP)) &&
		     allowed(make_socket(&lab, AF_INET6, SOCK_DGRAM, 0)),
	     "so are TCP and UDP: their addresses are judged");
	T_OK(refused(make_socket(&lab, AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM),
	     "raw sockets are not");
	T_OK(refused(make_socket(&lab, AF_PACKET, SOCK_RAW, 0), EPERM), "nor packet sockets");
	T_OK(refused(make_socket(&lab, AF_NETLINK, SOCK_RAW, 12), EPERM),
	     "nor other netlink protocols");
	T_OK(refused(make_socket(&lab, AF_INET, SOCK_STREAM, IPPROTO_SCTP), EPERM),
	     "nor SCTP, which can connect through setsockopt");
	lab_free(&lab);

	lab = lab_new(0);
	if (zc_build_net_any(lab.build, lab_rule(&lab, USER, ALLOW, NET, "allow-net"), NET) < 0)
		abort();
	T_OK(allowed(make_socket(&lab, AF_PACKET, SOCK_RAW, 0)),
	     "allow-net without a value covers every family");
	lab_free(&lab);
}

static struct zc_verdict plain(struct lab *lab, unsigned op, int domain, int peer)
{
	struct zc_event event = lab_event(op);

	event.domain = domain;
	if (peer >= 0) {
		event.flags |= ZC_EV_HAS_PEER;
		event.peer.family = (uint16_t)peer;
	}
	return zc_policy_decide(lab_image(lab), &event);
}

static void test_families(void)
{
	struct lab lab = lab_new(0);

	put(&lab, USER, ALLOW, NET | LISTEN, "127.0.0.0", 8, 0);
	T_OK(allowed(plain(&lab, ZC_OP_CONNECT, AF_INET, AF_UNSPEC)),
	     "connect to AF_UNSPEC disconnects: free");
	T_OK(refused(plain(&lab, ZC_OP_SEND, AF_INET, AF_UNSPEC), EPERM),
	     "a send to AF_UNSPEC reaches the IPv4 address in it: refused");
	T_OK(refused(plain(&lab, ZC_OP_BIND, AF_INET, AF_UNSPEC), EPERM),
	     "a bind to AF_UNSPEC is one to every address");
	T_OK(refused(plain(&lab, ZC_OP_CONNECT, AF_BLUETOOTH, AF_BLUETOOTH), EPERM),
	     "other families need allow-net");
	T_OK(allowed(plain(&lab, ZC_OP_SEND, AF_INET, -1)) &&
		     allowed(plain(&lab, ZC_OP_RECV, AF_INET, -1)) &&
		     allowed(plain(&lab, ZC_OP_ACCEPT, AF_INET, -1)),
	     "what goes on over a connection is free");
	T_OK(allowed(plain(&lab, ZC_OP_SEND, AF_NETLINK, AF_NETLINK)),
	     "netlink was judged at socket()");
	T_OK(refused(plain(&lab, ZC_OP_LISTEN, AF_INET, -1), EPERM),
	     "listen without bind takes every address: judged so");
	T_OK(allowed(plain(&lab, ZC_OP_LISTEN, AF_UNIX, -1)),
	     "on a unix socket it was judged at bind");
	T_OK(allowed(plain(&lab, ZC_OP_SOCKOPT, AF_INET, -1)), "socket options are free");
	lab_free(&lab);
}

static void test_no_net(void)
{
	struct lab lab = lab_new(ZC_IMAGE_NO_NET);
	struct zc_event event = to(ZC_OP_CONNECT, "127.0.0.1", 80);
	struct zc_verdict verdict;

	put(&lab, USER, ALLOW, NET | LISTEN, "0.0.0.0", 0, 0);
	verdict = zc_policy_decide(lab_image(&lab), &event);
	T_OK(refused(verdict, EPERM) && verdict.reason == ZC_WHY_NO_NET,
	     "--no-net refuses whatever is allowed");
	T_OK(refused(make_socket(&lab, AF_INET, SOCK_STREAM, 0), EPERM) &&
		     refused(make_socket(&lab, AF_VSOCK, SOCK_STREAM, 0), EPERM),
	     "making a socket");
	T_OK(allowed(make_socket(&lab, AF_UNIX, SOCK_STREAM, 0)) &&
		     allowed(make_socket(&lab, AF_NETLINK, SOCK_RAW, 0)),
	     "but unix and route sockets");
	T_OK(refused(plain(&lab, ZC_OP_RECV, AF_INET, -1), EPERM) &&
		     refused(plain(&lab, ZC_OP_ACCEPT, AF_INET6, -1), EPERM) &&
		     refused(plain(&lab, ZC_OP_SEND, AF_INET, -1), EPERM) &&
		     refused(plain(&lab, ZC_OP_SOCKOPT, AF_INET, -1), EPERM),
	     "and using one that was inherited");
	T_OK(allowed(plain(&lab, ZC_OP_RECV, AF_UNIX, -1)) &&
		     allowed(plain(&lab, ZC_OP_SEND, AF_NETLINK, AF_NETLINK)),
	     "unix and route sockets work");
	T_OK(refused(plain(&lab, ZC_OP_SEND, AF_INET, AF_UNIX), EPERM),
	     "an address of another family does not hide the socket's");
	T_OK(refused(plain(&lab, ZC_OP_RECV, 0, -1), EPERM),
	     "a socket that nobody could tell the family of is refused");
	lab_free(&lab);
}

static struct zc_event speak(unsigned op, const char *path, unsigned flags)
{
	struct zc_event event = lab_event(op);

	event.flags = (uint16_t)(ZC_EV_HAS_PEER | flags);
	event.peer.family = AF_UNIX;
	event.peer.name_len = (uint16_t)strlen(path);
	memcpy(event.peer.name, path, event.peer.name_len);
	if (path[0] == '@')
		event.peer.name[0] = '\0';
	else
		lab_object(&event, 0, path, op == ZC_OP_BIND ? W : U);
	return event;
}

static struct zc_verdict ask_unix(struct lab *lab, unsigned op, const char *path, unsigned flags)
{
	struct zc_event event = speak(op, path, flags);

	return zc_policy_decide(lab_image(lab), &event);
}

static void test_unix(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, PROFILE, ALLOW, W | U, "/tmp");
	lab_path(&lab, PROFILE, DENY, U, "/tmp/ssh-*/agent.*");
	T_OK(allowed(ask_unix(&lab, ZC_OP_CONNECT, "/tmp/x.sock", 0)),
	     "a socket below what may be written may be spoken to");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "/run/docker.sock", 0), EPERM),
	     "others are refused, with EPERM");
	T_OK(ask_unix(&lab, ZC_OP_CONNECT, "/run/docker.sock", 0).cls == ZC_CLASS_UNIX,
	     "as class net");
	T_OK(refused(ask_unix(&lab, ZC_OP_SEND, "/tmp/ssh-1/agent.2", 0), EPERM),
	     "a protected one is refused where others are not");
	T_OK(allowed(ask_unix(&lab, ZC_OP_CONNECT, "/opt/x", ZC_EV_MADE_IN_RUN)),
	     "one that the run made may be spoken to anywhere");
	T_OK(allowed(ask_unix(&lab, ZC_OP_BIND, "/tmp/new", 0)) &&
		     refused(ask_unix(&lab, ZC_OP_BIND, "/opt/new", 0), EACCES),
	     "binding a path is writing it");
	T_OK(allowed(ask_unix(&lab, ZC_OP_BIND, "@new", 0)), "binding an abstract name is free");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "@bus", 0), EPERM), "connecting to one is not");
	T_OK(allowed(ask_unix(&lab, ZC_OP_CONNECT, "@bus", ZC_EV_MADE_IN_RUN)),
	     "unless the run made it");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, PROFILE, ALLOW, U, "/tmp");
	lab_path(&lab, USER, DENY, U, "/tmp/no");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "/tmp/no/x", ZC_EV_MADE_IN_RUN), EPERM),
	     "what the user denies stays denied though the run made it");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, PROFILE, ALLOW, U, "/tmp");
	put(&lab, USER, ALLOW, NET, "192.0.2.1", 32, 0);
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "/tmp/x", 0), EPERM) &&
		     refused(ask_unix(&lab, ZC_OP_CONNECT, "/tmp/x", ZC_EV_MADE_IN_RUN), EPERM),
	     "a user's allow of an address replaces the profile's unix sockets too");
	lab_free(&lab);
}

static void test_abstract(void)
{
	struct lab lab = lab_new(0);
	int one = lab_rule(&lab, USER, ALLOW, NET, "unix:@one"),
	    deny = lab_rule(&lab, USER, DENY, NET, "unix:@two");

	if (zc_build_abstract(lab.build, one, "one", 3) < 0 ||
	    zc_build_abstract(lab.build, deny, "two", 3) < 0)
		abort();
	T_OK(ask_unix(&lab, ZC_OP_CONNECT, "@one", 0).rule == (uint32_t)one,
	     "an abstract name is allowed by name");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "@onetwo", 0), EPERM), "all of it counts");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "@", 0), EPERM), "and an empty one is a name");
	T_OK(ask_unix(&lab, ZC_OP_CONNECT, "@two", 0).rule == (uint32_t)deny, "or denied");
	lab_free(&lab);

	lab = lab_new(0);
	one = lab_rule(&lab, USER, ALLOW, NET, "unix:@*");
	deny = lab_rule(&lab, USER, DENY, NET, "unix:@two");
	if (zc_build_abstract(lab.build, one, "*", 1) < 0 ||
	    zc_build_abstract(lab.build, deny, "two", 3) < 0)
		abort();
	T_OK(allowed(ask_unix(&lab, ZC_OP_CONNECT, "@any", 0)) &&
		     refused(ask_unix(&lab, ZC_OP_CONNECT, "@two", 0), EPERM),
	     "* is every abstract name, but for what is denied");
	T_OK(refused(ask_unix(&lab, ZC_OP_CONNECT, "/x", 0), EPERM), "and no path");
	lab_free(&lab);

	lab = lab_new(0);
	one = lab_rule(&lab, USER, ALLOW, NET, "unix");
	if (zc_build_unix_any(lab.build, one) < 0)
		abort();
	T_OK(allowed(ask_unix(&lab, ZC_OP_CONNECT, "@any", 0)) &&
		     ask_unix(&lab, ZC_OP_CONNECT, "/run/x", 0).rule == (uint32_t)one,
	     "every unix socket is both");
	lab_free(&lab);
}

static bool resolves(struct lab *lab, const char *host)
{
	struct zc_event event = lab_event(ZC_OP_RESOLVE);

	event.host = host;
	return allowed(zc_policy_decide(lab_image(lab), &event));
}

static void test_names(void)
{
	static const char *const numbers[] = {
		"127.0.0.1",
		"127.1",
		"0",
		"0x7f000001",
		"017700000001",
		"4294967295",
		"::1",
		"::",
		"1::",
		"fe80::1%eth0",
		"::ffff:1.2.3.4",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:1.2.3.4",
		"1::8",
	};
	static const char *const others[] = {
		"example.org",
		"256.1.1.1",
		"1.2.3.4.5",
		"1.2.3",
		"4294967296",
		"1.2.3.4x",
		"dead:beef",
		"a.b",
		"1::2::3",
		"::12345",
		"1:2:3:4:5:6:7:8:9",
		":1::",
		"::1%",
		"::1.2.3",
		"::01.2.3.4",
		"0x",
		"1.",
		"08",
		"ab::x",
		"1:",
		"-1",
	};
	struct lab lab = lab_new(0), dns = lab_new(ZC_IMAGE_DNS),
		   none = lab_new(ZC_IMAGE_NO_NET | ZC_IMAGE_DNS);
	struct zc_event event = lab_event(ZC_OP_RESOLVE);

	if (zc_build_host(lab.build, "localhost") < 0 || zc_build_host(lab.build, "Box.LAN.") < 0 ||
	    zc_build_host(lab.build, "a") < 0 || zc_build_host(none.build, "localhost") < 0)
		abort();
	for (size_t i = 0; i < ZC_LEN(numbers); i++)
		T_OK(resolves(&lab, numbers[i]), "%s is a number and asks nobody", numbers[i]);
	for (size_t i = 0; i < ZC_LEN(others); i++) {
		/* "1.2.3" is an address to inet_aton(3): three parts, the last of 16 bits. */
		bool number = !strcmp(others[i], "1.2.3");

		T_OK(resolves(&lab, others[i]) == number, "%s %s", others[i],
		     number ? "is one too" : "would be asked of a resolver");
	}
	T_OK(resolves(&lab, "localhost") && resolves(&lab, "LocalHost.") &&
		     resolves(&lab, "box.lan") && resolves(&lab, "a"),
	     "names of the hosts file are known, whatever their case");
	T_OK(!resolves(&lab, "local") && !resolves(&lab, "xlocalhost") && !resolves(&lab, "b"),
	     "others are not");
	event.host = "example.org";
	T_OK(zc_policy_decide(lab_image(&lab), &event).reason == ZC_WHY_NO_RESOLVER,
	     "and the reason is the resolver");
	T_OK(resolves(&dns, "example.org"), "where a resolver may be reached, names are free");
	T_OK(!resolves(&none, "example.org") && resolves(&none, "localhost") &&
		     resolves(&none, "10.0.0.1"),
	     "under --no-net only numbers and known names are");
	T_OK(resolves(&lab, ""), "no name asks nobody");
	lab_free(&lab);
	lab_free(&dns);
	lab_free(&none);
}

static void unchosen(void)
{
	struct lab lab = lab_new(0);
	struct zc_event event = to(ZC_OP_BIND, "0.0.0.0", 0);

	T_OK(zc_policy_decide(lab_image(&lab), &event).action == ZC_REFUSED,
	     "a stream's bind to any address and port is one to listen at");
	event.flags |= ZC_EV_DATAGRAM;
	T_OK(zc_policy_decide(lab_image(&lab), &event).action == ZC_ALLOWED,
	     "a datagram socket's is what its first send would do");
	event.peer.port = 53;
	T_OK(zc_policy_decide(lab_image(&lab), &event).action == ZC_REFUSED, "but not with a port");
	event = to(ZC_OP_BIND, "127.0.0.1", 0);
	event.flags |= ZC_EV_DATAGRAM;
	T_OK(zc_policy_decide(lab_image(&lab), &event).action == ZC_REFUSED, "nor an address");
	event = to(ZC_OP_BIND, "::", 0);
	event.flags |= ZC_EV_DATAGRAM;
	T_OK(zc_policy_decide(lab_image(&lab), &event).action == ZC_ALLOWED, "of IPv6 likewise");
	lab_free(&lab);
}

int main(void)
{
	unchosen();
	test_addresses();
	test_ports();
	test_protected_addresses();
	test_random();
	test_sockets();
	test_families();
	test_no_net();
	test_unix();
	test_abstract();
	test_names();
	T_DONE();
}
