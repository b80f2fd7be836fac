/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - what a case comes to: the error that the kernel would give, or the policy's answer, recorded.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/record.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/names/names.h"
#include "tracer/judge/prompt.h"

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

bool zc_case_only_watches(const struct zc_tracer *tracer)
{
	return tracer->options->attach && !tracer->options->enforce;
}

/* ---- what the kernel would say before any policy ---- */

static int look_at(const struct zc_held *held, struct stat *ret)
{
	if (held->fd < 0)
		return -EBADF;
	if (fstatat(held->fd, held->entry, ret,
		    AT_SYMLINK_NOFOLLOW | (held->entry[0] ? 0 : AT_EMPTY_PATH)) < 0)
		return -errno;
	return 0;
}

static int natural_error(const struct zc_case *c)
{
	const struct zc_event *event = &c->event;
	struct stat st;

	if (event->op == ZC_OP_BIND)
		return 0; /* a name that is taken is EADDRINUSE to bind, and comes from it */
	for (unsigned n = 0; n < event->objects; n++) {
		const struct zc_object *object = &event->object[n];
		const struct zc_held *held = &c->names.held[n];
		int error = held->fd >= 0 ? look_at(held, &st) : 0;

		if (held->fd < 0 || object->flags & ZC_OBJ_BY_FD)
			continue;
		if (object->flags & ZC_OBJ_MUST_EXIST && (error == -ENOENT || error == -ENOTDIR))
			return error;
		if (object->flags & ZC_OBJ_CREATES && !error)
			return -EEXIST;
		if (event->op <= ZC_OP_OPEN_RDWR && event->oflags & O_DIRECTORY &&
		    !(event->oflags & O_CREAT) && !error && !S_ISDIR(st.st_mode) &&
		    !S_ISLNK(st.st_mode))
			return -ENOTDIR;
	}
	return 0;
}

/* A missing thing under a rule that would refuse it is a probe: counted, not recorded. */
static void count_probe(const struct zc_case *c, const struct zc_object *object)
{
	if (object->given && !zc_policy_allows_path(c->tracer->image, object->given,
						    object->given_len, object->need))
		count(&c->tracer->page->probes);
}

/* Errors of ours, which the kernel would not have given the tracee. */
static bool is_our_trouble(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -EAGAIN ||
	       error == -ENOSYS || error == -EPERM;
}

static void look_at_move(struct zc_case *c)
{
	struct stat st;

	for (unsigned n = 0; c->event.op == ZC_OP_RENAME && n < c->event.objects; n++)
		if (look_at(&c->names.held[n], &st) == 0)
			c->event.object[n].flags |= ZC_OBJ_EXISTS |
						    (S_ISDIR(st.st_mode) ? ZC_OBJ_DIRECTORY : 0);
}

int zc_case_resolve(struct zc_case *c)
{
	struct zc_event *event = &c->event;

	for (unsigned n = 0; n < event->objects; n++) {
		bool queue = event->op == ZC_OP_MQ_OPEN || event->op == ZC_OP_MQ_UNLINK;
		int error;

		/* Message queues are not reached through their path, which may not even be mounted. */
		if (!event->object[n].need || queue) {
			zc_paths_spell(c->tracee, event, n, &c->names);
			continue;
		}
		error = zc_paths_resolve(c->tracee, event, n, &c->names);
		if (is_our_trouble(error)) {
			event->flags |= ZC_EV_UNREADABLE;
			return 0;
		}
		if (error == -ENOENT || error == -ENOTDIR)
			count_probe(c, &event->object[n]);
		if (error)
			return error;
	}
	look_at_move(c);
	return 0;
}

/* ---- verdicts ---- */

static void record(struct zc_case *c)
{
	const struct zc_held *held = &c->names.held[0];

	zc_peers_name(c);
	zc_event_host(c->tracer->image, &c->event, c->verdict.rule);
	zc_report_record(c->tracer, c->tracee, &c->event, c->verdict,
			 c->event.objects && !held->entry[0] ? held->fd : -1);
}

/* Then its number, and its memory, may have been somebody else's: nothing of it is worth a record. */
static bool is_gone(struct zc_case *c)
{
	const struct zc_engine *engine = c->tracer->engine;

	if (engine->waits && !engine->waits(c->tracer))
		c->tracee->dying = true;
	return c->tracee->dying;
}

static struct zc_outcome_of outcome_of(struct zc_case *c)
{
	if (!zc_refuses(c->verdict))
		return (struct zc_outcome_of){ 0 };
	return (struct zc_outcome_of){ .refusal = c->verdict.error ? c->verdict.error : EACCES,
				       .kill = c->verdict.action == ZC_KILLED };
}

static void soften(struct zc_case *c)
{
	if (!zc_case_only_watches(c->tracer) || !zc_refuses(c->verdict))
		return;
	c->verdict.action = c->verdict.action == ZC_REFUSED_QUIET ? ZC_ALLOWED : ZC_AUDITED;
	c->verdict.error = 0;
	c->verdict.asks = 0;
}

struct zc_outcome_of zc_case_decide(struct zc_case *c)
{
	int error;

	if (zc_names_count(c->tracer->image))
		zc_peers_name(c);
	c->verdict = zc_policy_decide(c->tracer->image, &c->event);
	soften(c);
	if (c->verdict.action == ZC_ALLOWED)
		return (struct zc_outcome_of){ 0 };
	if (zc_ask_first(c))
		return (struct zc_outcome_of){ .later = true };
	error = natural_error(c);
	if (error) {
		count(&c->tracer->page->probes);
		return (struct zc_outcome_of){ .natural = error };
	}
	if (is_gone(c))
		return (struct zc_outcome_of){ .natural = -EINTR };
	if (c->verdict.asks && zc_prompt_case(c))
		return (struct zc_outcome_of){ .refusal = EACCES, .waits = true };
	if (zc_refuses(c->verdict))
		count(&c->tracer->page->refused);
	if (c->verdict.action == ZC_KILLED)
		__atomic_store_n(&c->tracer->page->kill, 1, __ATOMIC_RELEASE);
	record(c);
	return outcome_of(c);
}

struct zc_outcome_of zc_case_refuse(struct zc_case *c, enum zc_reason reason, unsigned cls,
				    int error)
{
	c->verdict = (struct zc_verdict){ .action = ZC_REFUSED,
					  .reason = (uint8_t)reason,
					  .cls = (uint8_t)cls,
					  .error = (uint16_t)error,
					  .rule = ZC_RULE_NONE };
	soften(c);
	if (is_gone(c))
		return (struct zc_outcome_of){ .natural = -EINTR };
	if (zc_refuses(c->verdict))
		count(&c->tracer->page->refused);
	record(c);
	return outcome_of(c);
}
