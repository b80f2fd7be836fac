/* SPDX-License-Identifier: MIT */
/*
 * owner.c - calls that aim at a process without naming it in a signal call: who is told about a
 * descriptor (F_SETOWN, FIOSETOWN) gets a signal from the kernel later, any that F_SETSIG has chosen;
 * and whose limits are set (prlimit64) may find itself unable to write or to go on.
 */
#include "core/event.h"

enum { SET_OWN = 8, SET_SIG = 10, SET_OWN_EX = 15, OWNER_GROUP = 2, KILL = 9, STOP = 19 };

static int read_ints(const struct zc_reader *reader, uint64_t address, int32_t *to, size_t count)
{
	return reader->bytes(reader->context, address, to, count * sizeof(*to)) < 0
		       ? -14 /* EFAULT */
		       : 0;
}

static int fill_owner(struct zc_event *event, const uint64_t args[6],
		      const struct zc_reader *reader)
{
	int32_t owner[2] = { 0, (int32_t)args[2] }; /* struct f_owner_ex: what kind, who */
	int error = 0;

	if (event->call == ZC_ID_ioctl)
		error = read_ints(reader, args[2], &owner[1], 1);
	else if (event->oflags == SET_OWN_EX)
		error = read_ints(reader, args[2], owner, 2);
	if (error)
		return error;
	/* A group may hold zcwrap, which survives all signals but those that SET_SIG may not choose. */
	if (owner[1] <= 0 || owner[0] == OWNER_GROUP)
		event->flags |= ZC_EV_HARMLESS;
	else
		event->target_pid = owner[1];
	return 0;
}

int zc_event_fill_aim(struct zc_event *event, const uint64_t args[6],
		      const struct zc_reader *reader)
{
	uint32_t command = event->oflags;

	if (event->call == ZC_ID_prlimit64) {
		if (!(int32_t)args[0] || !args[2]) /* one's own; asking only */
			event->flags |= ZC_EV_HARMLESS;
		return 0;
	}
	if (event->call == ZC_ID_ioctl) {
		event->op = ZC_OP_SYS_SIGNAL_SUPERVISOR;
		event->objects = 0;
		return fill_owner(event, args, reader);
	}
	if (command == SET_OWN || command == SET_OWN_EX)
		return fill_owner(event, args, reader);
	/* Whose signal it will be can be said later, and to a group: these two reach us in any. */
	if (command == SET_SIG && (args[2] == KILL || args[2] == STOP))
		event->flags |= ZC_EV_SUPERVISOR_TARGET;
	else
		event->flags |= ZC_EV_HARMLESS;
	return 0;
}
