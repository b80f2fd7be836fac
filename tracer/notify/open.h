/* SPDX-License-Identifier: MIT */
/*
 * open.h - between open_plain.c, the short way for what is allowed as it is spelled, and open.c, which opens what
 * a whole judgement has allowed.
 */
#ifndef ZC_TRACER_NOTIFY_OPEN_H
#define ZC_TRACER_NOTIFY_OPEN_H

#include <fcntl.h>

#include "tracer/notify/notify.h"

/* All that an open in another's stead is the same with. Whatever else is said, the caller does itself. */
#define ZC_OPEN_PLAIN_FLAGS \
	(O_ACCMODE | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_APPEND | \
	 O_DIRECT | O_NOATIME | O_SYNC | O_DSYNC | 0100000 /* O_LARGEFILE of 32-bit callers */)

/*
 * Opened with O_NONBLOCK, lest it waits: a file may have become a FIFO. The caller does not find that
 * in its flags. Returns whether the call has its answer.
 */
bool zc_open_hand_over(struct zc_tracer *tracer, struct zc_tracee *tracee, int fd, int flags);
/*
 * A name of the run's root; without links, unless they are known to lead where they led. Where that has mounts of its own nothing from outside them may
 * get in.
 */
int zc_open_exactly(const struct zc_notify *notify, const char *path, int flags, bool links);
/* Errors that the caller would have got as well. Others are the long way's to find out. */
bool zc_open_is_natural(int error);

/*
 * May the caller make its open itself? Where nobody else writes what it says, and either the kernel's layers
 * hold what is denied, against who exchanges a directory or a link at this moment; or nobody of the run can
 * do that (fixed).
 *
 * Who shares a mapping has the rest of its memory for itself: then its own pages are looked at. So they are
 * where no layer holds, because a private mapping of a file that others write does not show as shared.
 */
enum zc_going { ZC_MAY_NOT, ZC_MAY, ZC_MAY_IF_OWN };
enum zc_going zc_open_may_go_on(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
				unsigned need, bool fixed);

#endif
