/* SPDX-License-Identifier: MIT */
/*
 * event_parts.h - between event.c, which takes arguments, and event_means.c, which says what they come to.
 */
#ifndef ZC_CORE_EVENT_PARTS_H
#define ZC_CORE_EVENT_PARTS_H

#include <errno.h>

#include "core/event.h"

struct zc_event_filler {
	struct zc_event *event;
	const struct zc_reader *reader;
	struct zc_event_text *text;
	unsigned atflags;
	int dirfd;
	int error;
};

/* Remembers the first error. What cannot be read is said of the event. */
static inline void zc_event_fail(struct zc_event_filler *f, int error)
{
	if (!f->error)
		f->error = error;
	if (error == -EFAULT)
		f->event->flags |= ZC_EV_UNREADABLE;
}

/* All arguments are taken: the op, what it needs of its objects, and whether it asks for nothing at all. */
void zc_event_settle(struct zc_event_filler *f, const uint64_t args[6]);

#endif
