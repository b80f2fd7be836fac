/* SPDX-License-Identifier: MIT */
/*
 * dns.c - reads a message: its question, and the addresses that the answer has for it.
 */
#include <errno.h>

#include "core/net/dns.h"
#include "core/mem.h"
#include "core/net/names.h"

#define HEAD 12u
#define POINTERS 32u /* in one name */
#define ALIASES 16u  /* one after the other */
#define RECORDS 256u /* that are looked at */

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, CLASS_IN = 1 };

struct message {
	const uint8_t *at;
	size_t len;
};

struct name {
	size_t len; /* 0: the root, or no host's name */
	char text[ZC_NAME_CAP];
};

struct record {
	struct name owner;
	unsigned type, class;
	uint32_t ttl_s;
	size_t data, data_len;
};

static unsigned two(const struct message *m, size_t at)
{
	return (unsigned)m->at[at] << 8 | m->at[at + 1];
}

/* Appends a label. Returns false when the name grows too long. */
static bool put_label(struct name *name, const uint8_t *label, size_t len)
{
	if (name->len + 1 + len >= ZC_NAME_CAP)
		return false;
	if (name->len)
		name->text[name->len++] = '.';
	zc_copy(name->text + name->len, label, len);
	name->len += len;
	return true;
}

/* A name at *at, which is moved behind it. Returns false for what is none. */
static bool read_name(const struct message *m, size_t *at, struct name *ret)
{
	size_t from = *at, limit = *at;
	struct name raw = { 0 };
	bool moved = false, is_host = true;

	for (unsigned pointers = 0; from < m->len;) {
		unsigned len = m->at[from];

		if (len == 0) {
			if (!moved)
				*at = from + 1;
			ret->len = is_host ? zc_name_spell(ret->text, raw.text, raw.len) : 0;
			return true;
		}
		if (len >= 0xc0) {
			size_t to;

			if (from + 1 >= m->len || pointers++ >= POINTERS)
				return false;
			to = two(m, from) & 0x3fff;
			if (to >= limit) /* backwards only: so it ends */
				return false;
			if (!moved)
				*at = from + 2;
			moved = true;
			from = limit = to;
			continue;
		}
		if (len > 63 || len >= m->len - from || !put_label(&raw, m->at + from + 1, len))
			return false;
		for (unsigned i = 0; i < len; i++) /* a dot inside a label is not one between two */
			is_host &= m->at[from + 1 + i] != '.';
		from += 1 + len;
	}
	return false;
}

static bool read_record(const struct message *m, size_t *at, struct record *ret)
{
	if (!read_name(m, at, &ret->owner) || m->len - *at < 10)
		return false;
	ret->type = two(m, *at);
	ret->class = two(m, *at + 2);
	ret->ttl_s = (uint32_t)two(m, *at + 4) << 16 | two(m, *at + 6);
	if (ret->ttl_s >> 31) /* RFC 2181: then it is 0 */
		ret->ttl_s = 0;
	ret->data_len = two(m, *at + 8);
	ret->data = *at + 10;
	if (ret->data_len > m->len - ret->data)
		return false;
	*at = ret->data + ret->data_len;
	return true;
}

static void add_address(const struct message *m, const struct record *record,
			struct zc_dns_message *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *addr = m->at + record->data;
	struct zc_dns_address *address = &ret->address[ret->count];
	size_t len = record->type == TYPE_A ? 4 : 16;

	if (record->data_len != len || ret->count == ZC_DNS_ADDRESSES)
		return;
	if (len == 16 && zc_equal(addr, mapped, sizeof(mapped))) {
		addr += 12;
		len = 4;
	}
	zc_fill(address, 0, sizeof(*address));
	address->family = len == 4 ? 2 : 10;
	zc_copy(address->addr, addr, len);
	ret->count++;
}

static bool is_same(const struct name *a, const struct name *b)
{
	return a->len && a->len == b->len && zc_equal(a->text, b->text, a->len);
}

/*
 * Takes the addresses of one name from the records at first; *next becomes its other name, if it has one.
 * Returns whether it has.
 */
static bool look_up(const struct message *m, size_t first, unsigned records,
		    const struct name *name, struct name *next, struct zc_dns_message *ret)
{
	struct record record;
	bool has_next = false;

	for (unsigned i = 0; i < records && read_record(m, &first, &record); i++) {
		size_t data = record.data;

		if (record.class != CLASS_IN || !is_same(&record.owner, name))
			continue;
		if (record.type == TYPE_A || record.type == TYPE_AAAA)
			add_address(m, &record, ret);
		else if (record.type == TYPE_CNAME && !has_next)
			has_next = read_name(m, &data, next) && next->len &&
				   data == record.data + record.data_len;
		else
			continue;
		if (record.ttl_s < ret->ttl_s)
			ret->ttl_s = record.ttl_s;
	}
	return has_next;
}

static void follow(const struct message *m, size_t first, unsigned records,
		   const struct name *question, struct zc_dns_message *ret)
{
	struct name name = *question, next;

	for (unsigned i = 0; i < ALIASES && look_up(m, first, records, &name, &next, ret); i++)
		name = next;
}

int zc_dns_read(const void *bytes, size_t len, struct zc_dns_message *ret)
{
	const struct message m = { bytes, len };
	size_t at = HEAD;
	struct name question;
	unsigned records, flags;

	if (len < HEAD || two(&m, 4) != 1 || !read_name(&m, &at, &question) || !question.len ||
	    len - at < 4 || two(&m, at + 2) != CLASS_IN)
		return -EINVAL;
	flags = two(&m, 2);
	if (flags & 0x7800) /* another operation than asking */
		return -EINVAL;
	zc_fill(ret, 0, sizeof(*ret));
	ret->id = (uint16_t)two(&m, 0);
	ret->is_answer = flags & 0x8000;
	ret->truncated = flags & 0x0200;
	ret->code = flags & 15;
	ret->type = (uint16_t)two(&m, at);
	ret->len = (uint8_t)question.len;
	zc_copy(ret->name, question.text, question.len + 1);
	records = two(&m, 6) < RECORDS ? two(&m, 6) : RECORDS;
	ret->ttl_s = UINT32_MAX >> 1;
	if (ret->is_answer && ret->code == 0)
		follow(&m, at + 4, records, &question, ret);
	return 0;
}
