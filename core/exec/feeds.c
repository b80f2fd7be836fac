/* SPDX-License-Identifier: MIT */
/*
 * feeds.c - the table of pipes. Every step is one atomic operation: of two programs that start at once,
 * at least one sees the other.
 */
#include "core/exec/feeds.h"
#include "core/mem.h"

#define PROBES 16u
#define LONGEST 8u /* programs in between that are followed */
#define FORMAT 0170000u
#define FIFO 0010000u

uint64_t zc_feed_key(uint32_t mode, uint64_t device, uint64_t inode)
{
	uint64_t key = (inode + 1) * 0x9fb21c651e98df25ull ^ device;

	if ((mode & FORMAT) != FIFO)
		return 0;
	return key ? key : 1;
}

static struct zc_feed *find(struct zc_feeds *feeds, uint64_t key)
{
	struct zc_feed *slot = NULL;

	for (uint32_t i = 0; i < PROBES; i++) {
		uint64_t seen;

		slot = &feeds->at[(key + i) % ZC_FEEDS];
		seen = __atomic_load_n(&slot->key, __ATOMIC_SEQ_CST);
		if (seen == 0)
			__atomic_compare_exchange_n(&slot->key, &seen, key, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST);
		if (seen == key || __atomic_load_n(&slot->key, __ATOMIC_SEQ_CST) == key)
			return slot;
	}
	/* Full: an older pipe is forgotten. */
	__atomic_store_n(&slot->key, key, __ATOMIC_SEQ_CST);
	for (unsigned end = 0; end < ZC_FEED_ENDS; end++) {
		__atomic_store_n(&slot->said[end], 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->next[end], 0, __ATOMIC_SEQ_CST);
	}
	return slot;
}

/*
 * Who writes to a pipe is heard by those behind it, and who reads one hears those before it: says bits at that
 * end of each, and returns who is at the other.
 */
static uint64_t say(struct zc_feeds *feeds, uint64_t key, unsigned end, uint64_t bits)
{
	uint64_t others = 0;

	for (unsigned i = 0; key && i < LONGEST; i++) {
		struct zc_feed *feed = find(feeds, key);

		if (bits)
			__atomic_or_fetch(&feed->said[end], bits, __ATOMIC_SEQ_CST);
		others |= __atomic_load_n(&feed->said[!end], __ATOMIC_SEQ_CST);
		key = __atomic_load_n(&feed->next[end], __ATOMIC_SEQ_CST);
	}
	return others;
}

static uint64_t join(struct zc_feeds *feeds, uint64_t in, uint64_t out)
{
	uint64_t writes, reads;

	if (!in || !out || in == out)
		return 0;
	__atomic_store_n(&find(feeds, in)->next[ZC_FEED_WRITES], out, __ATOMIC_SEQ_CST);
	__atomic_store_n(&find(feeds, out)->next[ZC_FEED_READS], in, __ATOMIC_SEQ_CST);
	writes = say(feeds, in, ZC_FEED_READS, 0);
	reads = say(feeds, out, ZC_FEED_WRITES, 0);
	say(feeds, out, ZC_FEED_WRITES, writes);
	say(feeds, in, ZC_FEED_READS, reads);
	return writes & reads;
}

uint64_t zc_feeds_note(struct zc_feeds *feeds, const struct zc_streams *streams, uint64_t writes,
		       uint64_t reads)
{
	uint64_t fed = 0;

	if (writes) {
		fed |= writes & say(feeds, streams->out, ZC_FEED_WRITES, writes);
		for (unsigned i = 0; i < ZC_FEED_STREAMS; i++)
			fed |= writes & say(feeds, streams->others[i], ZC_FEED_WRITES, writes);
	}
	if (reads)
		fed |= reads & say(feeds, streams->script, ZC_FEED_READS, reads);
	if (!writes && !reads)
		fed |= join(feeds, streams->in, streams->out);
	return fed;
}

unsigned zc_feeds_wanted(const struct zc_event *event, int script_fd, int ret[3 + ZC_FEED_STREAMS])
{
	unsigned count = 3;

	ret[0] = 0;
	ret[1] = 1;
	ret[2] = script_fd;
	for (uint32_t i = 1; event->argv && i < event->argv->count; i++) {
		int fd = zc_argv_names_fd(&event->argv->at[i]);

		if (fd > 0 && count < 3 + ZC_FEED_STREAMS)
			ret[count++] = fd;
	}
	return count;
}

void zc_feeds_judge(struct zc_feeds *feeds, const struct zc_image *image, struct zc_event *event,
		    uint64_t (*look)(void *context, int fd), void *context)
{
	struct zc_streams streams = { 0 };
	uint64_t writes, reads;
	int fds[3 + ZC_FEED_STREAMS], script_fd;
	unsigned count;

	zc_argv_roles(image, event, &writes, &reads, &script_fd);
	count = zc_feeds_wanted(event, script_fd, fds);
	streams.in = look(context, 0);
	streams.out = look(context, 1);
	streams.script = script_fd == 0 ? streams.in : script_fd > 0 ? look(context, script_fd) : 0;
	for (unsigned i = 3; i < count && writes; i++)
		streams.others[i - 3] = look(context, fds[i]);
	event->fed = zc_feeds_note(feeds, &streams, writes, reads);
}
