/* SPDX-License-Identifier: MIT */
/*
 * dns.c - messages as resolvers, and those who would like to be, send them.
 */
#include <stdlib.h>
#include <string.h>

#include "core/net/dns.h"
#include "tests/unit/t.h"

static uint8_t bytes[4096];
static size_t len;
static struct zc_dns_message read_out;

static void put1(unsigned value)
{
	bytes[len++] = (uint8_t)value;
}

static void put2(unsigned value)
{
	put1(value >> 8);
	put1(value);
}

/* "www.example.org", or with "@12" at its end a pointer to offset 12. */
static void put_name(const char *name)
{
	while (*name && *name != '@') {
		size_t n = strcspn(name, ".@");

		put1((unsigned)n);
		memcpy(bytes + len, name, n);
		len += n;
		name += n + (name[n] == '.');
	}
	if (*name)
		put2(0xc000u | (unsigned)atoi(name + 1));
	else
		put1(0);
}

static void begin(unsigned flags, unsigned answers, const char *name)
{
	len = 0;
	put2(0x1234);
	put2(flags);
	put2(1);
	put2(answers);
	put2(0);
	put2(0);
	put_name(name);
	put2(1);
	put2(1);
}

static void put_record(const char *owner, unsigned type, unsigned ttl, const void *data, size_t n)
{
	put_name(owner);
	put2(type);
	put2(1);
	put2(ttl >> 16);
	put2(ttl);
	put2((unsigned)n);
	memcpy(bytes + len, data, n);
	len += n;
}

static void put_alias(const char *owner, const char *target)
{
	size_t at;

	put_record(owner, 5, 300, "", 0);
	at = len;
	put_name(target);
	bytes[at - 1] = (uint8_t)(len - at);
}

static bool reads(void)
{
	return zc_dns_read(bytes, len, &read_out) == 0;
}

static void answers(void)
{
	static const uint8_t one[16] = { 203, 0, 113, 1 }, two[16] = { 203, 0, 113, 2 },
			     six[16] = { 0x20, 1, 0xd, 0xb8 },
			     mapped[16] = { [10] = 0xff, 0xff, 203, 0, 113, 9 };

	begin(0x0100, 0, "WWW.Example.ORG");
	T_OK(reads() && !read_out.is_answer && !strcmp(read_out.name, "www.example.org") &&
		     read_out.id == 0x1234 && read_out.type == 1,
	     "a question, in lower case");
	begin(0x8180, 3, "www.example.org");
	put_record("@12", 1, 60, one, 4);
	put_record("@12", 1, 30, two, 4);
	put_record("@12", 28, 90, six, 16);
	T_OK(reads() && read_out.is_answer && read_out.count == 3 && read_out.ttl_s == 30 &&
		     !memcmp(read_out.address[1].addr, two, 4) && read_out.address[2].family == 10,
	     "several addresses, of both families, and the least time to live");
	begin(0x8180, 3, "www.example.org");
	put_record("b.example.net", 1, 60, one, 4);
	put_alias("a.example.net", "b.example.net");
	put_alias("@12", "a.example.net");
	T_OK(reads() && read_out.count == 1, "by way of two other names, in any order");
	begin(0x8180, 2, "www.example.org");
	put_alias("@12", "www.example.org");
	put_record("@12", 1, 60, one, 4);
	T_OK(reads() && read_out.count <= ZC_DNS_ADDRESSES,
	     "a name that is its own other name ends");
	begin(0x8180, 1, "www.example.org");
	put_record("evil.example.net", 1, 60, one, 4);
	T_OK(reads() && read_out.count == 0, "an address of another name is not the name's");
	begin(0x8180, 1, "www.example.org");
	put_record("@12", 28, 60, mapped, 16);
	T_OK(reads() && read_out.count == 1 && read_out.address[0].family == 2 &&
		     read_out.address[0].addr[3] == 9,
	     "IPv4 in IPv6 clothes is IPv4");
	begin(0x8183, 1, "www.example.org");
	put_record("@12", 1, 60, one, 4);
	T_OK(reads() && read_out.code == 3 && read_out.count == 0, "NXDOMAIN has no address");
	begin(0x8380, 0, "www.example.org");
	T_OK(reads() && read_out.truncated, "truncated: to be asked again by TCP");
	begin(0x8180, 1, "www.example.org");
	put_record("@12", 1, 60, one, 3);
	T_OK(reads() && read_out.count == 0, "three bytes are no address");
}

static void hostile(void)
{
	static const uint8_t one[4] = { 203, 0, 113, 1 };

	begin(0x8180, 0, "@12");
	T_OK(!reads(), "a name that points to itself");
	begin(0x8180, 0, "a@14");
	T_OK(!reads(), "a name that points forwards");
	begin(0x8180, 0, "www.example.org");
	bytes[5] = 2;
	T_OK(!reads(), "two questions");
	begin(0x8180, 0, "");
	T_OK(!reads(), "the root is no host");
	begin(0x8180, 0, "a_b.ex\nample.org");
	T_OK(!reads(), "a control byte is in no host's name");
	begin(0x8180, 1, "www.example.org");
	bytes[15] = '.'; /* "ww." as one label, then "example" */
	T_OK(!reads(), "a dot inside a label does not make two of one");
	begin(0xa800, 0, "www.example.org");
	T_OK(!reads(), "another operation than asking");
	begin(0x8180, 65535, "www.example.org");
	put_record("@12", 1, 60, one, 4);
	T_OK(reads() && read_out.count == 1, "more records are announced than there are");
	for (size_t n = 0; n < len; n++)
		if (zc_dns_read(bytes, n, &read_out) == 0 && n < 33)
			T_OK(false, "cut off at %zu it is a message", n);
	begin(0x8180, 1, "www.example.org");
	put_record("@12", 1, 60, one, 4);
	bytes[len - 5] = 200;
	T_OK(reads() && read_out.count == 0, "a record that is longer than the message");
	begin(0x8180, 200, "www.example.org");
	for (unsigned i = 0; i < 200; i++)
		put_record("@12", 1, 60, one, 4);
	T_OK(reads() && read_out.count == ZC_DNS_ADDRESSES,
	     "no more addresses than there is room for");
}

int main(void)
{
	answers();
	hostile();
	T_DONE();
}
