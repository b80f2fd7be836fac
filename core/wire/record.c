/* SPDX-License-Identifier: MIT */
/*
 * record.c - an event into a frame, and the tables of the shared page.
 */
#include "core/exec/argv.h"
#include "core/keyed.h"
#include "core/mem.h"
#include "core/wire/record.h"

#define FINDING_PROBES 64u
#define UNIX_PROBES 32u
#define ARGV_BYTES 4096u

static void put_object(struct zc_frame_writer *writer, const struct zc_object *object,
		       unsigned path_field)
{
	bool spelled_otherwise = object->given &&
				 (!object->path || object->given_len != object->path_len ||
				  !zc_equal(object->given, object->path, object->path_len));

	if (object->path)
		zc_frame_put(writer, path_field, object->path, object->path_len);
	if (spelled_otherwise)
		zc_frame_put(writer, path_field + 1, object->given, object->given_len);
	if (object->requested)
		zc_frame_put(writer, path_field + 2, object->requested, object->requested_len);
}

/* As much of the arguments as was looked at, NUL after each. */
static void put_argv(struct zc_frame_writer *writer, const struct zc_argv *argv)
{
	size_t size = 0, used = 0;
	char *field;

	for (uint32_t i = 0; i < argv->count && size < ARGV_BYTES; i++)
		size += argv->at[i].len + 1;
	if (size > ARGV_BYTES)
		size = ARGV_BYTES;
	field = size ? zc_frame_reserve(writer, ZC_FIELD_ARGV, size) : NULL;
	for (uint32_t i = 0; field && i < argv->count && used < size; i++) {
		size_t len = argv->at[i].len;

		if (len >= size - used)
			len = size - used - 1;
		zc_copy(field + used, argv->at[i].text, len);
		field[used + len] = '\0';
		used += len + 1;
	}
}

void zc_record_put(struct zc_frame_writer *writer, struct zc_frame_head *head,
		   const struct zc_event *event, struct zc_verdict verdict)
{
	struct zc_wire_detail detail = {
		.oflags = event->oflags,
		.mode = event->mode,
		.domain = event->domain,
		.type = event->type,
		.protocol = event->protocol,
		.target_pid = event->target_pid,
		.event_flags = event->flags,
		.dirfd = { event->object[0].dirfd, event->object[1].dirfd },
		.need = { event->object[0].need, event->object[1].need },
		.object_flags = { event->object[0].flags, event->object[1].flags },
	};

	head->call = event->call;
	head->abi = event->abi;
	head->op = event->op;
	head->action = verdict.action;
	head->reason = verdict.reason;
	head->cls = verdict.cls;
	head->object = verdict.object;
	head->error = verdict.error;
	head->rule = verdict.rule;
	head->asked = verdict.asked;
	for (unsigned i = 0; i < 6; i++)
		head->args[i] = event->args[i];
	zc_frame_put(writer, ZC_FIELD_DETAIL, &detail, sizeof(detail));
	if (event->objects > 0)
		put_object(writer, &event->object[0], ZC_FIELD_PATH);
	if (event->objects > 1)
		put_object(writer, &event->object[1], ZC_FIELD_PATH2);
	if (event->flags & ZC_EV_HAS_PEER)
		zc_frame_put(writer, ZC_FIELD_ENDPOINT, &event->peer, sizeof(event->peer));
	if (event->argv)
		put_argv(writer, event->argv);
	if (event->host)
		zc_frame_put(writer, ZC_FIELD_HOST, event->host, zc_len(event->host));
	if (event->host && event->host_source)
		zc_frame_put(writer, ZC_FIELD_HOST_SOURCE, &event->host_source, 1);
}

uint64_t zc_page_count(struct zc_page *page, uint64_t fingerprint)
{
	for (uint32_t i = 0; i < FINDING_PROBES; i++) {
		struct zc_page_finding *slot =
			&page->findings[(fingerprint + i) & (ZC_PAGE_FINDINGS - 1)];
		uint64_t seen = __atomic_load_n(&slot->fingerprint, __ATOMIC_RELAXED);

		if (seen == 0 &&
		    __atomic_compare_exchange_n(&slot->fingerprint, &seen, fingerprint, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			seen = fingerprint;
		if (seen == fingerprint)
			return __atomic_add_fetch(&slot->count, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&page->overflow, 1, __ATOMIC_RELAXED);
	return 0;
}

uint64_t zc_unix_hash(const struct zc_event *event, uint64_t key)
{
	uint64_t hash;

	if (event->objects && event->object[0].path)
		hash = zc_keyed_hash(event->object[0].path, event->object[0].path_len, key, 4);
	else
		hash = zc_keyed_hash(event->peer.name, event->peer.name_len, key, 5);
	return hash ? hash : 1;
}

void zc_page_remember_unix(struct zc_page *page, uint64_t hash)
{
	for (uint32_t i = 0; i < UNIX_PROBES; i++) {
		uint64_t *slot = &page->unix_made[(hash + i) & (ZC_PAGE_UNIX - 1)], free = 0;

		if (__atomic_compare_exchange_n(slot, &free, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    free == hash)
			return;
	}
}

bool zc_page_knows_unix(const struct zc_page *page, uint64_t hash)
{
	for (uint32_t i = 0; i < UNIX_PROBES; i++)
		if (__atomic_load_n(&page->unix_made[(hash + i) & (ZC_PAGE_UNIX - 1)],
				    __ATOMIC_RELAXED) == hash)
			return true;
	return false;
}
