/* SPDX-License-Identifier: MIT */
/*
 * feeds.h - who writes to which pipe, and who reads its script from it: "curl ... | sh", seen from exec.
 *
 * The programs of a pipe start in any order. Each exec says what it is for the pipes that it has: the one
 * that makes a feeder's bytes a script is refused, whichever that is. A program in between (tee, base64)
 * joins the pipe it reads to the one it writes. A pipe is known by its inode; entries are never removed,
 * only overwritten when the table is full.
 *
 * The table is in the run's shared page for shims, and in the tracer's own memory for itself.
 *
 * Context: anywhere; no lock. Memory: the caller's. Fails: with a full table something is forgotten.
 */
#ifndef ZC_CORE_FEEDS_H
#define ZC_CORE_FEEDS_H

#include "core/exec/argv.h"

#define ZC_FEEDS 256u
#define ZC_FEED_STREAMS 4u

/* The two ends of a pipe, as programs have them. */
enum { ZC_FEED_WRITES, ZC_FEED_READS, ZC_FEED_ENDS };

struct zc_feed {
	uint64_t key;                /* 0: free */
	uint64_t said[ZC_FEED_ENDS]; /* who is there: bit n, for the n-th rule with feeders */
	/* Keys of pipes that are joined to it; 0: none. What is written goes on to the one behind it ... */
	uint64_t next[ZC_FEED_ENDS]; /* ... and what reads is fed by the one before it */
};
struct zc_feeds {
	struct zc_feed at[ZC_FEEDS];
};

/* The pipes of a program that is about to start, by zc_feed_key(); 0: not a pipe. */
struct zc_streams {
	uint64_t in, out; /* standard input and output */
	uint64_t script;  /* where its script comes from */
	uint64_t
		others[ZC_FEED_STREAMS]; /* that it may write to: "/dev/fd/N" among its arguments */
};

/* Names a pipe by what stat says of it; 0 for what is none. */
uint64_t zc_feed_key(uint32_t mode, uint64_t device, uint64_t inode);
/*
 * Which descriptors the observer has to look at for an event: up to count, ret[0] and ret[1] standard input
 * and output, ret[2] the script's (or -1), then those that arguments name.
 */
unsigned zc_feeds_wanted(const struct zc_event *event, int script_fd, int ret[3 + ZC_FEED_STREAMS]);
/* Notes what the program is (zc_argv_roles) and returns event->fed: the rules that are met with it. */
uint64_t zc_feeds_note(struct zc_feeds *feeds, const struct zc_streams *streams, uint64_t writes,
		       uint64_t reads);
/*
 * All of it: roles, descriptors by look (which returns zc_feed_key() of one, or 0), and the note. Sets
 * event->fed.
 */
void zc_feeds_judge(struct zc_feeds *feeds, const struct zc_image *image, struct zc_event *event,
		    uint64_t (*look)(void *context, int fd), void *context);

#endif
