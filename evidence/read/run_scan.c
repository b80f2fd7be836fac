/* SPDX-License-Identifier: MIT */
/*
 * run_scan.c - the one pass over a run's log: an item for each finding.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "evidence/journal/log_reader.h"
#include "evidence/read/run.h"

/* --- items --------------------------------------------------------------------------------------- */

static size_t slot_of(const struct zc_run *run, uint64_t fingerprint)
{
	size_t at = (size_t)((fingerprint * 0x9e3779b97f4a7c15ull) >> 20) & (run->slots - 1);

	while (run->slot[at] && run->item[run->slot[at] - 1].fingerprint != fingerprint)
		at = (at + 1) & (run->slots - 1);
	return at;
}

static int grow(struct zc_run *run)
{
	size_t slots = run->slots ? run->slots * 2 : 1024;
	size_t cap = run->cap ? run->cap * 2 : 512;
	struct zc_item *item;
	uint32_t *slot;

	if (run->items < run->cap)
		return 0;
	item = realloc(run->item, cap * sizeof(*item));
	if (!item)
		return -ENOMEM;
	run->item = item;
	run->cap = cap;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(run->slot);
	run->slot = slot;
	run->slots = slots;
	for (size_t i = 0; i < run->items; i++)
		slot[slot_of(run, item[i].fingerprint)] = (uint32_t)i + 1;
	return 0;
}

/* The item with that fingerprint, made when it is new; NULL past the limit, or with *error set. */
static struct zc_item *get_item(struct zc_run *run, uint64_t fingerprint, bool violation,
				int *error)
{
	size_t at = run->slots ? slot_of(run, fingerprint) : 0;

	if (run->slots && run->slot[at])
		return &run->item[run->slot[at] - 1];
	if (run->items >= ZC_RUN_ITEMS_MAX)
		return NULL;
	*error = grow(run);
	if (*error)
		return NULL;
	at = slot_of(run, fingerprint);
	run->item[run->items] = (struct zc_item){ .fingerprint = fingerprint,
						  .event_at = -1,
						  .violation = violation };
	run->slot[at] = (uint32_t)++run->items;
	run->violations += violation;
	return &run->item[run->items - 1];
}

const struct zc_item *zc_run_item(const struct zc_run *run, uint64_t fingerprint)
{
	uint32_t index = run->slots ? run->slot[slot_of(run, fingerprint)] : 0;

	return index ? &run->item[index - 1] : NULL;
}

static uint64_t fingerprint_of(struct zc_view text)
{
	uint64_t value = 0;

	if (zc_view_hex(text, &value))
		return value;
	return text.at ? zc_hash_bytes(text.at, text.len, 1) : 0;
}

static int take_findings(struct zc_run *run, const char *key, bool violation)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(run->json, key));
	struct zc_view finding;
	int error = 0;

	while (!error && zc_walk_next(&walk, NULL, &finding)) {
		struct zc_item *item = get_item(run,
						fingerprint_of(zc_view_get(finding, "fingerprint")),
						violation, &error);

		if (!item || item->finding.at)
			continue;
		item->finding = finding;
		item->count = zc_view_uint(zc_view_get(finding, "count"), 0);
		item->first_seq = zc_view_uint(zc_view_get(finding, "first_seq"), 0);
		item->accepted = violation && zc_view_get(finding, "accepted").at;
		run->accepted += item->accepted;
	}
	return error;
}

/* --- the pass ------------------------------------------------------------------------------------ */

/* What the pass wants of a line: one walk over its members, not one for each. */
struct members {
	struct zc_view type, fingerprint, seq, mono_ns, count, time;
};

#define MEMBERS_MAX 48u

static void pick(const struct zc_member *member, size_t count, struct members *ret)
{
	*ret = (struct members){ 0 };
	for (size_t i = 0; i < count; i++) {
		struct zc_view key = member[i].key, value = member[i].value;

		switch (key.len) {
		case 5: ret->seq = zc_view_is(key, "seq") ? value : ret->seq; break;
		case 6:
			if (zc_view_is(key, "type"))
				ret->type = value;
			else if (zc_view_is(key, "time"))
				ret->time = value;
			break;
		case 7: ret->count = zc_view_is(key, "count") ? value : ret->count; break;
		case 9: ret->mono_ns = zc_view_is(key, "mono_ns") ? value : ret->mono_ns; break;
		case 13:
			ret->fingerprint = zc_view_is(key, "fingerprint") ? value
									  : ret->fingerprint;
			break;
		default: break;
		}
	}
}

/* Counts on a timeline whose end is not known: when it gets too short, its buckets get wider. */
static void count_in_time(struct zc_run *run, uint64_t at_ns)
{
	uint64_t since = at_ns > run->first_ns ? at_ns - run->first_ns : 0;

	run->bucket_ns = run->bucket_ns ? run->bucket_ns : 1000000;
	while (since / run->bucket_ns >= ZC_RUN_BUCKETS) {
		for (size_t i = 0; i < ZC_RUN_BUCKETS / 2; i++)
			run->bucket[i] = run->bucket[2 * i] + run->bucket[2 * i + 1];
		memset(run->bucket + ZC_RUN_BUCKETS / 2, 0, sizeof(run->bucket) / 2);
		run->bucket_ns *= 2;
	}
	run->bucket[since / run->bucket_ns]++;
}

static void take_time(struct zc_run *run, const struct members *members, uint64_t at_ns)
{
	bool first = !*run->first_time;
	char *to = first ? run->first_time : run->last_time;

	if (at_ns && !run->first_ns)
		run->first_ns = at_ns;
	if (at_ns > run->last_ns)
		run->last_ns = at_ns;
	if (zc_view_kind(members->time) != '"' || members->time.len > 38)
		return;
	to[zc_view_text(members->time, to)] = '\0';
	if (first)
		memcpy(run->last_time, run->first_time, sizeof(run->last_time));
}

static int take_record(struct zc_run *run, const struct members *members, off_t offset,
		       uint64_t at_ns, bool violation)
{
	struct zc_item *item;
	uint64_t count = zc_view_uint(members->count, 1);
	int error = 0;

	run->events++;
	if (violation)
		count_in_time(run, at_ns);
	item = get_item(run, fingerprint_of(members->fingerprint), violation, &error);
	if (!item) {
		run->not_told_apart += !error;
		return error;
	}
	if (!item->events++) {
		item->event_at = offset;
		item->first_ns = at_ns;
		item->first_seq = zc_view_uint(members->seq, 0);
	}
	item->last_ns = at_ns;
	if (!item->finding.at) {
		item->count = item->count > count ? item->count : count;
		item->count = item->count > item->events ? item->count : item->events;
	}
	return 0;
}

static int take_line(struct zc_run *run, const struct zc_log_reader *reader)
{
	struct zc_member member[MEMBERS_MAX];
	struct members members;
	struct zc_view event;
	size_t count = MEMBERS_MAX;
	uint64_t at_ns;

	run->lines++;
	if (reader->state != ZC_LINE_WHOLE ||
	    zc_view_parse_members(&event, reader->text, reader->len, member, &count)) {
		run->broken++;
		return 0;
	}
	pick(member, count, &members);
	at_ns = zc_view_uint(members.mono_ns, 0);
	take_time(run, &members, at_ns);
	if (zc_view_is(members.type, "violation"))
		return take_record(run, &members, reader->offset, at_ns, true);
	if (zc_view_is(members.type, "access"))
		return take_record(run, &members, reader->offset, at_ns, false);
	if (zc_view_is(members.type, "end")) {
		run->ended = true;
		run->end_verdict = zc_run_verdict_known(zc_view_get(event, "verdict"));
	}
	return 0;
}

int zc_run_scan(struct zc_run *run)
{
	struct zc_log_reader reader;
	int error = take_findings(run, "findings", true), more = 0;

	if (!error)
		error = take_findings(run, "accesses", false);
	if (!error)
		error = zc_journal_seek(run->log, 0);
	zc_log_reader_init(&reader, run->log, 0);
	while (!error && (more = zc_log_reader_next(&reader)) == 1)
		error = take_line(run, &reader);
	zc_log_reader_finish(&reader);
	return error ? error : more;
}
