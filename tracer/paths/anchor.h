/* SPDX-License-Identifier: MIT */
/*
 * anchor.h - where a tracee's path starts. Only paths.c and anchor.c need it.
 */
#ifndef ZC_TRACER_ANCHOR_H
#define ZC_TRACER_ANCHOR_H

#include "tracer/tracer.h"

/* Where a path starts. */
struct zc_anchor {
	int fd;           /* AT_FDCWD: our own root, which is the tracee's too */
	uint64_t resolve; /* RESOLVE_* that the kernel's walk needs */
	bool own_rules;   /* some of them are the program's own, given to openat2 */
	bool by_hand;     /* only paths_follow.c gets this right */
	bool directory;   /* fd is known to be one */
	bool lent;        /* ... and is closed by who holds it */
};

/*
 * Finds where the object's path starts; resolve: zc_paths_walking_rules(). 0, or the -errno that the kernel would
 * give. An anchor that was taken is dropped.
 */
int zc_anchor_take(const struct zc_tracee *tracee, struct zc_object *object, uint64_t resolve,
		   struct zc_anchor *ret);
void zc_anchor_drop(struct zc_anchor *anchor);
/*
 * Writes where the spelling would lead if nothing on the way were a link, into given, ZC_PATH_CAP bytes; the
 * object keeps it as given where that can be known. 0, or the -errno that the kernel would give.
 */
int zc_anchor_spell(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_object *object,
		    struct zc_anchor *anchor, char *given);
/* The rules of walking that openat2 was given: RESOLVE_*; 0 for other calls. */
uint64_t zc_paths_walking_rules(struct zc_tracee *tracee, const struct zc_event *event);
bool zc_paths_has_dotdot(const char *path);

#endif
