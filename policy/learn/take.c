/* SPDX-License-Identifier: MIT */
/*
 * take.c - one recorded call, taken apart into what a policy has words for.
 */
#include <string.h>

#include "policy/language/language.h"
#include "policy/learn/parts.h"

static bool is(const struct zc_observed *o, const char *op)
{
	return strcmp(o->op, op) == 0;
}

static int take_object(struct zc_learn *learn, const struct zc_observed *o, unsigned index)
{
	const struct zc_observed_object *object = &o->object[index];
	unsigned flags = o->permissions ? ZC_LEARN_REFUSED : 0;

	if (object->len == 0 || object->need == 0)
		return 0;
	/* A tree that is moved is the command's own from then on, at both ends. */
	if (is(o, "mkdir") || (is(o, "rename") && object->directory))
		flags |= ZC_LEARN_MADE;
	else if (object->directory)
		flags |= ZC_LEARN_DIRECTORY;
	return zc_learn_path(learn, object->path, object->len, object->need, flags);
}

static int take_files(struct zc_learn *learn, const struct zc_observed *o)
{
	const struct zc_observed_object *from = &o->object[0], *to = &o->object[1];
	bool directory = from->directory || to->directory;
	int r = take_object(learn, o, 0);

	if (r == 0)
		r = take_object(learn, o, 1);
	if (r < 0 || o->permissions || (!is(o, "rename") && !is(o, "link")))
		return r;
	/* Which of both ends is there is not recorded; an exchange needs both ways. */
	r = zc_learn_move(learn, from->path, from->len, to->path, to->len, directory,
			  is(o, "link"));
	return r;
}

static int take_socket(struct zc_learn *learn, const struct zc_observed *o)
{
	struct zc_endpoint everywhere = { .family = 2 /* AF_INET */ };

	if (is(o, "resolve"))
		return zc_learn_host(learn, o->host);
	if (is(o, "bind") || is(o, "listen")) {
		if (o->object[0].len)
			return take_object(learn, o, 0);
		return zc_learn_listen(learn, o->has_peer ? &o->peer : &everywhere);
	}
	if (o->object[0].len && o->object[0].need)
		return take_object(learn, o, 0);
	if (o->has_peer)
		return zc_learn_net(learn, &o->peer, o->host);
	return zc_learn_cannot(learn, is(o, "socket") ? "a socket of a family or kind that only "
							"allow-net without a value allows"
						      : "an address that could not be read");
}

int zc_learn_take(struct zc_learn *learn, const struct zc_observed *o)
{
	int sys = zc_sys_find(o->op, strlen(o->op));
	bool net = is(o, "connect") || is(o, "send") || is(o, "bind") || is(o, "listen") ||
		   is(o, "resolve") || is(o, "socket") || is(o, "sockopt");
	int r = 0;

	if (sys >= 0) {
		r = zc_learn_sys(learn, o->op, o->refused);
		return r < 0 || o->refused ? r : take_files(learn, o);
	}
	/* What was refused in spite of everything is ZenCube's own, and stays refused. */
	if (o->refused)
		return 0;
	if (o->incomplete)
		return zc_learn_cannot(learn, "a call whose arguments could not be read whole");
	return net ? take_socket(learn, o) : take_files(learn, o);
}

/* --- the header ---------------------------------------------------------------------------------------- */

static int say_gaps(struct zc_learn *learn, const struct zc_observed_run *about)
{
	int r = 0;

	if (about->complete)
		return 0;
	r = zc_learn_say(learn, "not seen: %s",
			 about->gaps[0] ? "what some processes did, because:"
					: "perhaps some of what it did");
	for (size_t i = 0; r == 0 && i < ZC_LEN(about->gaps) && about->gaps[i]; i++)
		r = zc_learn_say(learn, "  %s", about->gaps[i]);
	return r;
}

int zc_learn_run(struct zc_learn *learn, const struct zc_observed_run *about, uint64_t broken)
{
	int r = 0;

	if (about->started && (!learn->when || strcmp(about->started, learn->when) > 0))
		learn->when = zc_set_copy(learn->memory, about->started, strlen(about->started));
	if (about->mode && (!learn->mode || strcmp(about->mode, learn->mode) != 0))
		learn->mode = learn->mode ? zc_set_format(learn->memory, "%s and %s", learn->mode,
							  about->mode)
					  : zc_set_format(learn->memory, "%s%s%s%s", about->mode,
							  about->engine ? " (" : "",
							  about->engine ? about->engine : "",
							  about->engine ? ")" : "");
	if (about->command && *about->command)
		r = zc_learn_command(learn, about->command);
	if (r == 0)
		r = say_gaps(learn, about);
	if (r == 0 && !about->ended)
		r = zc_learn_say(learn, "not seen: a run did not end as it should");
	if (r == 0 && !about->learns)
		r = zc_learn_say(learn,
				 "not seen: what the policy of a run allowed (it was not recorded "
				 "with --learn)");
	if (r == 0 && about->lost + broken)
		r = zc_learn_say(learn, "not seen: %llu records that were lost",
				 (unsigned long long)(about->lost + broken));
	return r;
}
