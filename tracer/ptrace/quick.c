/* SPDX-License-Identifier: MIT */
/*
 * quick.c - a stop at a call that was judged before, and can mean nothing else: it may go on.
 *
 * An open, or an exec, of a spelling that nothing in the run can make lead elsewhere (known.c) and that
 * was a plain allow. Nothing is opened, named or decided for it again. Only a program's file is looked
 * at: it must be the one that was found to be neither a script nor a loader.
 *
 * For engine ptrace. What is learnt is learnt from a whole judgement, the second time that it comes to
 * the same: many paths are opened once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/image.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/look/look.h"
#include "tracer/paths/known.h"
#include "tracer/ptrace/ptrace.h"

#define SPELLINGS 4096u
/* With more than these an open changes something, or is judged otherwise. */
#define PLAIN_FLAGS \
	(O_ACCMODE | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_APPEND | \
	 O_DIRECT | O_NOATIME | O_SYNC | O_DSYNC)

/* Where one of these is so, a name is not the same for all, or somebody wants to see each call. */
static bool is_usable(const struct zc_tracer *tracer, const struct zc_tracee *tracee)
{
	return !tracer->options->view && !tracer->options->plan && !tracer->image->jail.count &&
	       !tracee->attached && zc_paths_root_is_ours(tracee) && zc_mounts_now()->sound;
}

/* What was read of its memory may be something else when the kernel reads it. */
static bool memory_may_change(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
			      uint64_t address, size_t len)
{
	if (tracee->shares_memory || tracer->memory_written)
		return true;
	return tracee->maps_shared && !zc_pages_are_own_at(tracee, address, len + 1);
}

/* --- programs ------------------------------------------------------------------------------------ */

/* Whatever comes to run is held against what was judged (recheck.c). */
static bool may_run(const struct zc_tracer *tracer, struct zc_tracee *tracee, uint64_t address,
		    const char *path, size_t len)
{
	tracee->call = ZC_ID_execve;
	if (zc_programs_take(tracee, path, len))
		return true;
	if (access(path, F_OK) == 0 || errno != ENOENT ||
	    memory_may_change(tracer, tracee, address, len))
		return false;
	tracee->judged_hash = zc_judged_hash(tracer, path, len);
	free(tracee->judged_path);
	tracee->judged_path = NULL; /* of an earlier call */
	return true;
}

/*
 * Is there no link on the way? Asked for a directory, the kernel says ENOTDIR of anything else that it comes
 * to, and there is no descriptor to be closed. (Of what is on the way too: then the call fails alike.)
 */
static bool has_no_links(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno == ENOTDIR;
}

/* --- in a stop ----------------------------------------------------------------------------------- */

/* What a call needs of which path, where it is one of those that are known: 0 where it is not. */
static unsigned need_of(const struct zc_call_stop *stop, uint64_t *ret_path)
{
	unsigned at = stop->call == ZC_ID_openat;
	uint32_t flags = (uint32_t)stop->args[at + 1];

	*ret_path = stop->args[at];
	if (!stop->known_abi || stop->abi != ZC_ABI_X86_64)
		return 0;
	if (stop->call == ZC_ID_execve)
		return ZC_NEED_RUN;
	if ((stop->call != ZC_ID_openat && stop->call != ZC_ID_open) ||
	    flags & ~(uint32_t)PLAIN_FLAGS)
		return 0;
	return zc_open_need(flags);
}

bool zc_quick_passes(struct zc_tracer *tracer, struct zc_tracee *tracee,
		     const struct zc_call_stop *stop)
{
	uint64_t address;
	unsigned need = need_of(stop, &address);
	enum zc_known known;
	const char *path;
	size_t len;

	zc_tracee_unpeek();
	if (!need || tracee->shares_memory || tracer->memory_written || !is_usable(tracer, tracee))
		return false;
	path = zc_tracee_peek(tracee, address, &len);
	known = path && *path == '/' ? zc_known_find(path, len, need) : ZC_KNOWN_NOT;
	if (known == ZC_KNOWN_NOT || (known == ZC_KNOWN_PLAIN && !has_no_links(path)))
		return false;
	if (need == ZC_NEED_RUN ? !may_run(tracer, tracee, address, path, len)
				: memory_may_change(tracer, tracee, address, len))
		return false;
	tracee->calls++;
	tracee->pending = ZC_PENDING_NONE;
	__atomic_fetch_add(&tracer->page->judged, 1, __ATOMIC_RELAXED);
	return true;
}

bool zc_quick_maps(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		   const struct zc_call_stop *stop)
{
	return stop->call == ZC_ID_mmap && !tracer->memory_written && is_usable(tracer, tracee) &&
	       zc_maps_fixed(tracer, tracee, stop);
}

/* --- behind a judgement -------------------------------------------------------------------------- */

/* How often a spelling was judged: not at all, once, in vain. Others take the place of what was there. */
enum { NEW, SEEN, NEVER };

/* Learning looks at each directory on the way: not for what is never asked for again, nor each time. */
static uint8_t *tries_of(const struct zc_object *object, bool missing)
{
	static struct {
		uint32_t hash;
		uint8_t tries;
	} seen[SPELLINGS];
	uint64_t hash = zc_hash_bytes(object->requested, object->requested_len,
				      object->need | (missing ? 64u : 0));
	unsigned i = (unsigned)hash % ZC_LEN(seen);

	if (seen[i].hash != (uint32_t)(hash >> 32))
		seen[i].tries = NEW;
	seen[i].hash = (uint32_t)(hash >> 32);
	return &seen[i].tries;
}

/* A missing thing that the policy would refuse is counted each time. */
static bool was_allowed(const struct zc_case *c, int natural)
{
	const struct zc_object *object = &c->event.object[0];

	if (natural)
		return (natural == -ENOENT || natural == -ENOTDIR) && object->given &&
		       zc_policy_allows_path(c->tracer->image, object->given, object->given_len,
					     object->need);
	return c->verdict.action == ZC_ALLOWED && object->path &&
	       zc_policy_allows_path(c->tracer->image, object->path, object->path_len,
				     object->need);
}

/* Was it judged by its spelling, and could be nothing else without a link? */
static bool is_plain(const struct zc_case *c, int natural)
{
	const struct zc_object *object = &c->event.object[0];
	const char *path = object->requested;

	return !natural && object->need != ZC_NEED_RUN && object->path == object->given &&
	       object->path_len == object->requested_len &&
	       !memcmp(object->path, path, object->path_len) && strncmp(path, "/proc", 5) &&
	       strncmp(path, "/dev", 4) && strncmp(path, "/sys", 4) &&
	       !zc_mounts_now()->proc_elsewhere &&
	       zc_policy_allows_path(c->tracer->image, path, object->requested_len, object->need);
}

void zc_quick_learn(const struct zc_case *c, int natural)
{
	const struct zc_event *event = &c->event;
	const struct zc_object *object = &event->object[0];
	bool runs = event->call == ZC_ID_execve;
	uint8_t *tries;

	if (event->abi != ZC_ABI_X86_64 || event->objects != 1 || !object->requested ||
	    *object->requested != '/' || !(object->flags & ZC_OBJ_FOLLOW) ||
	    !is_usable(c->tracer, c->tracee))
		return;
	if (!runs && ((event->call != ZC_ID_open && event->call != ZC_ID_openat) ||
		      event->oflags & ~(uint32_t)PLAIN_FLAGS))
		return;
	if (runs && zc_argv_matters(c->tracer->image))
		return; /* then a program is not judged by its name alone */
	if (zc_known_find(object->requested, object->requested_len, object->need) != ZC_KNOWN_NOT)
		return;
	tries = tries_of(object, natural);
	if (*tries == NEVER || !was_allowed(c, natural) || (*tries)++ == NEW ||
	    (runs && !natural && !zc_programs_learn(c)))
		return;
	if (zc_known_learn(c->tracer->image, object->requested, object->requested_len, object->need,
			   true)) {
		*tries = SEEN;
	} else if (is_plain(c, natural)) {
		zc_known_keep_plain(object->requested, object->requested_len, object->need);
		*tries = SEEN;
	}
}
