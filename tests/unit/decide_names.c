/* SPDX-License-Identifier: MIT */
/*
 * decide_names.c - rules on host names, and the names that are known for an address.
 */
#include <arpa/inet.h>

#include "core/net/names.h"
#include "tests/unit/decide.h"
#include "tests/unit/t.h"

static void put_name(struct lab *lab, enum zc_layer layer, enum zc_says says, const char *name,
		     unsigned port)
{
	bool wild = !strncmp(name, "*.", 2);
	int rule = lab_rule(lab, layer, says, NET, name);

	if (zc_build_name(lab->build, rule, name + 2 * wild, wild, port) < 0)
		abort();
}

static void put_net(struct lab *lab, enum zc_layer layer, enum zc_says says, const char *addr,
		    unsigned prefix)
{
	int family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	uint8_t bytes[16] = { 0 };

	inet_pton(family, addr, bytes);
	if (zc_build_net(lab->build, lab_rule(lab, layer, says, NET, addr), NET, family, bytes,
			 prefix, 0) < 0)
		abort();
}

static struct zc_endpoint endpoint(const char *addr)
{
	struct zc_endpoint ret = { .family = strchr(addr, ':') ? AF_INET6 : AF_INET };

	inet_pton(ret.family, addr, ret.addr);
	return ret;
}

/* Connecting to an address that is known by these names, "a b c". */
static struct zc_verdict known_as(struct lab *lab, const char *addr, unsigned port,
				  const char *names)
{
	struct zc_known_name known[ZC_KNOWN_NAMES];
	struct zc_event event = lab_event(ZC_OP_CONNECT);
	char text[512], *rest = strcpy(text, names), *word;

	event.flags = ZC_EV_HAS_PEER;
	event.peer = endpoint(addr);
	event.peer.port = (uint16_t)port;
	event.names = known;
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		struct zc_known_name *name = &known[event.names_count++];

		name->len = (uint8_t)zc_name_spell(name->text, word, strlen(word));
	}
	return zc_policy_decide(lab_image(lab), &event);
}

#define ALLOWED(...) (known_as(__VA_ARGS__).action == ZC_ALLOWED)
#define REFUSED(...) (known_as(__VA_ARGS__).action == ZC_REFUSED)

static void exact_and_wild(void)
{
	struct lab lab = lab_new(0);

	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, "pypi.org", 443);
	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, "*.example.org", 0);
	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_LOG, "log.example.org", 0);
	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_DENY, "*.bad.example.org", 0);
	T_OK(ALLOWED(&lab, "203.0.113.1", 443, "pypi.org"), "a name that is allowed");
	T_OK(ALLOWED(&lab, "2001:db8::1", 443, "PyPI.org."), "however it is spelled, on IPv6");
	T_OK(REFUSED(&lab, "203.0.113.1", 80, "pypi.org"), "but not on another port");
	T_OK(REFUSED(&lab, "203.0.113.1", 443, ""), "nor an address that no name is known for");
	T_OK(REFUSED(&lab, "203.0.113.1", 443, "a.pypi.org"), "nor a name below it");
	T_OK(REFUSED(&lab, "203.0.113.1", 443, "xpypi.org"), "nor one that ends like it");
	T_OK(ALLOWED(&lab, "203.0.113.1", 1, "a.example.org"), "one label below a wildcard");
	T_OK(ALLOWED(&lab, "203.0.113.1", 1, "a.b.c.example.org"), "or three");
	T_OK(REFUSED(&lab, "203.0.113.1", 1, "example.org"), "not the domain itself");
	T_OK(REFUSED(&lab, "203.0.113.1", 1, "xexample.org"), "nor what ends like it");
	T_OK(REFUSED(&lab, "203.0.113.1", 1, "example.org.evil.net"), "nor what begins like it");
	T_OK(known_as(&lab, "203.0.113.1", 1, "log.example.org").action == ZC_LOGGED,
	     "log beats allow");
	T_OK(REFUSED(&lab, "203.0.113.1", 1, "a.bad.example.org"), "deny beats both");
	T_OK(REFUSED(&lab, "203.0.113.1", 443, "pypi.org a.bad.example.org"),
	     "for every name of the address");
	T_OK(ALLOWED(&lab, "203.0.113.1", 443, "cdn.net other.net pypi.org"), "one name is enough");
	lab_free(&lab);
}

static void against_addresses(void)
{
	struct lab lab = lab_new(0);

	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, "*.example.org", 0);
	put_net(&lab, ZC_LAYER_USER, ZC_SAYS_DENY, "203.0.113.0", 24);
	put_net(&lab, ZC_LAYER_PROFILE, ZC_SAYS_DENY, "198.51.100.0", 24);
	T_OK(REFUSED(&lab, "203.0.113.1", 1, "a.example.org"),
	     "what the user denies by address stays denied by any name");
	T_OK(ALLOWED(&lab, "198.51.100.1", 1, "a.example.org"),
	     "a profile's deny of a network yields to the user's name, as to an address");
	T_OK(REFUSED(&lab, "198.51.100.1", 1, ""), "and to nothing else");
	lab_free(&lab);
}

static void where_answers_lead(void)
{
	static const struct {
		const char *addr;
		bool may, may_private;
	} rows[] = {
		{ "203.0.113.1", true, true },
		{ "8.8.8.8", true, true },
		{ "127.0.0.1", false, false },
		{ "127.255.0.1", false, false },
		{ "0.0.0.0", false, false },
		{ "169.254.169.254", false, false },
		{ "10.0.0.1", false, true },
		{ "172.16.0.1", false, true },
		{ "172.31.255.255", false, true },
		{ "172.32.0.1", true, true },
		{ "192.168.1.1", false, true },
		{ "100.64.0.1", false, true },
		{ "100.128.0.1", true, true },
		{ "224.0.0.1", false, false },
		{ "255.255.255.255", false, false },
		{ "2001:db8::1", true, true },
		{ "::1", false, false },
		{ "::", false, false },
		{ "fe80::1", false, false },
		{ "fd00:ec2::254", false, true },
		{ "ff02::1", false, false },
		{ "::7f00:1", false, false },
		{ "64:ff9b::a9fe:a9fe", false, false },
		{ "64:ff9b::808:808", true, true },
		{ "2002:7f00:1::", false, false },
		{ "2002:0a00:1::", false, true },
	};
	struct lab plain = lab_new(0), opened = lab_new(ZC_IMAGE_PRIVATE_NAMES);

	for (size_t i = 0; i < ZC_LEN(rows); i++) {
		struct zc_endpoint at = endpoint(rows[i].addr);

		T_OK(zc_name_may_lead_to(lab_image(&plain), &at) == rows[i].may, "%s: %s",
		     rows[i].addr, rows[i].may ? "may be led to" : "not");
		T_OK(zc_name_may_lead_to(lab_image(&opened), &at) == rows[i].may_private,
		     "%s with --private-names: %s", rows[i].addr,
		     rows[i].may_private ? "may be led to" : "not");
	}
	lab_free(&plain);
	lab_free(&opened);
}

static bool knows(struct lab *lab, const struct zc_name_slot *slots, const char *addr, uint64_t now,
		  const char *name)
{
	struct zc_endpoint at = endpoint(addr);
	struct zc_known_name names[ZC_KNOWN_NAMES];
	unsigned count = zc_names_of(lab_image(lab), slots, 64, &at, now, names);

	for (unsigned i = 0; i < count; i++)
		if (!strcmp(names[i].text, name))
			return true;
	return false;
}

static void table(void)
{
	static struct zc_name_slot slots[64];
	struct zc_endpoint at = endpoint("203.0.113.1"), far = endpoint("203.0.113.2");
	struct zc_known_name names[ZC_KNOWN_NAMES];
	struct lab lab = lab_new(0);
	char name[32];

	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, "n3.example.org", 0);
	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_DENY, "n19.example.org", 0);
	zc_build_found(lab.build, "start.example.org", AF_INET, at.addr, ZC_HOST_POLICY);
	T_OK(knows(&lab, NULL, "203.0.113.1", 0, "start.example.org"), "what the start has found");
	zc_names_learn(slots, 64, &at, "a.example.org", 13, ZC_HOST_RESOLVER, 100, 5);
	T_OK(knows(&lab, slots, "203.0.113.1", 101, "a.example.org"), "what an answer said");
	T_OK(!knows(&lab, slots, "203.0.113.2", 101, "a.example.org"), "of this address only");
	T_OK(knows(&lab, slots, "203.0.113.1", 100 + ZC_NAME_KEEP_S - 1, "a.example.org"),
	     "longer than its time to live");
	T_OK(!knows(&lab, slots, "203.0.113.1", 100 + ZC_NAME_KEEP_S, "a.example.org"),
	     "but not for ever");
	zc_names_learn(slots, 64, &at, "a.example.org", 13, ZC_HOST_REFRESHED, 200, 1u << 30);
	T_OK(knows(&lab, slots, "203.0.113.1", 200 + ZC_NAME_KEEP_MOST_S - 1, "a.example.org") &&
		     !knows(&lab, slots, "203.0.113.1", 200 + ZC_NAME_KEEP_MOST_S, "a.example.org"),
	     "nor for as long as an answer would like");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		zc_names_learn(slots, 64, &far, name, strlen(name), ZC_HOST_SHIM, 100, 0);
	}
	T_OK(zc_names_of(lab_image(&lab), slots, 64, &far, 101, names) == ZC_KNOWN_NAMES &&
		     !strcmp(names[0].text, "n19.example.org") &&
		     !strcmp(names[1].text, "n3.example.org"),
	     "of many names those with rules come first, denies before others");
	for (unsigned i = 0; i < 5000; i++) {
		struct zc_endpoint many = { .family = AF_INET };

		memcpy(many.addr, &i, sizeof(i));
		zc_names_learn(slots, 64, &many, "flood.example.org", 17, ZC_HOST_SHIM, 100 + i, 0);
	}
	T_OK(zc_names_of(lab_image(&lab), slots, 64, &far, 101, names) <= ZC_KNOWN_NAMES,
	     "a table that is full forgets");
	slots[0].state |= 1;
	zc_names_learn(slots, 64, &at, "b.example.org", 13, ZC_HOST_SHIM, 100, 0);
	T_OK(zc_names_of(lab_image(&lab), slots, 64, &at, 101, names) <= ZC_KNOWN_NAMES,
	     "a slot whose writer has died is left alone");
	lab_free(&lab);
}

static void record(void)
{
	struct zc_known_name known[2] = { { 7, ZC_HOST_RESOLVER, "cdn.net" },
					  { 13, ZC_HOST_REFRESHED, "a.example.org" } };
	struct zc_event event = lab_event(ZC_OP_CONNECT);
	struct lab lab = lab_new(0);
	struct zc_verdict verdict;

	put_name(&lab, ZC_LAYER_USER, ZC_SAYS_DENY, "*.example.org", 0);
	event.flags = ZC_EV_HAS_PEER;
	event.peer = endpoint("203.0.113.1");
	event.names = known;
	event.names_count = 2;
	verdict = zc_policy_decide(lab_image(&lab), &event);
	zc_event_host(lab_image(&lab), &event, verdict.rule);
	T_OK(verdict.rule == 0 && event.host == known[1].text &&
		     event.host_source == ZC_HOST_REFRESHED,
	     "the record has the name that the rule is on");
	event.host = NULL;
	zc_event_host(lab_image(&lab), &event, ZC_RULE_NONE);
	T_OK(event.host == known[0].text, "or the first, when it is on none");
	lab_free(&lab);
}

int main(void)
{
	exact_and_wild();
	against_addresses();
	where_answers_lead();
	table();
	record();
	T_DONE();
}
