/* SPDX-License-Identifier: MIT */
/*
 * event_means.c - what arguments come to: the op, and what it needs of its objects.
 */
#include <errno.h>
#include <fcntl.h>

#include "core/event_parts.h"

#define FASTOPEN 0x20000000u
#define ALL_NAMESPACES 0x7e020080u /* CLONE_NEW*, NEWTIME included */
#define RENAME_NOREPLACE_ 1u
#define RENAME_EXCHANGE_ 2u
#define SET_FLAGS_64 0x40086602u /* FS_IOC_SETFLAGS, as each ABI spells it */
#define SET_FLAGS_32 0x40046602u
#define SET_XATTR 0x401c5820u /* FS_IOC_FSSETXATTR */
#define TMPFILE 020200000u    /* O_TMPFILE: __O_TMPFILE | O_DIRECTORY; test with == */

unsigned zc_open_need(uint32_t oflags)
{
	unsigned need;

	if (oflags & O_PATH)
		return 0;
	switch (oflags & O_ACCMODE) {
	case O_RDONLY: need = ZC_NEED_READ; break;
	case O_WRONLY: need = ZC_NEED_WRITE; break;
	default: need = ZC_NEED_READ | ZC_NEED_WRITE; break;
	}
	if ((oflags & (O_CREAT | O_TRUNC)) || (oflags & TMPFILE) == TMPFILE)
		need |= ZC_NEED_WRITE;
	return need;
}

unsigned zc_open_op(uint32_t oflags)
{
	switch (oflags & O_ACCMODE) {
	case O_RDONLY:
		return oflags & (O_CREAT | O_TRUNC) && !(oflags & O_PATH) ? ZC_OP_OPEN_WRITE
									  : ZC_OP_OPEN_READ;
	case O_WRONLY: return ZC_OP_OPEN_WRITE;
	default: return ZC_OP_OPEN_RDWR;
	}
}

unsigned zc_object_need(unsigned op, uint32_t oflags, unsigned need, unsigned flags)
{
	const uint32_t writes = O_TRUNC | O_ACCMODE;

	if ((op <= ZC_OP_OPEN_RDWR || op == ZC_OP_MQ_OPEN) && oflags & O_CREAT &&
	    !(oflags & writes) && flags & ZC_OBJ_EXISTS)
		return need & ~(unsigned)ZC_NEED_WRITE;
	return need;
}

/* What each op needs of its first and second object, and what must be so before any verdict. */
static const struct {
	uint8_t op, need[2], flags[2];
} op_objects[] = {
	{ ZC_OP_MKDIR, { ZC_NEED_WRITE }, { ZC_OBJ_CREATES } },
	{ ZC_OP_MKNOD, { ZC_NEED_WRITE }, { ZC_OBJ_CREATES } },
	{ ZC_OP_SYMLINK, { ZC_NEED_WRITE }, { ZC_OBJ_CREATES } },
	{ ZC_OP_UNLINK, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_RMDIR, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_RENAME, { ZC_NEED_WRITE, ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_LINK,
	  { ZC_NEED_READ | ZC_NEED_WRITE, ZC_NEED_WRITE },
	  { ZC_OBJ_MUST_EXIST, ZC_OBJ_CREATES } },
	{ ZC_OP_CHMOD, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_CHOWN, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_UTIME, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_TRUNCATE, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_XATTR, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_FSFLAGS, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_MQ_UNLINK, { ZC_NEED_WRITE }, { ZC_OBJ_MUST_EXIST } },
	{ ZC_OP_EXEC, { ZC_NEED_RUN }, { ZC_OBJ_MUST_EXIST } },
};

static void apply_op(struct zc_event *event)
{
	for (size_t i = 0; i < ZC_LEN(op_objects); i++) {
		if (op_objects[i].op != event->op)
			continue;
		for (unsigned n = 0; n < event->objects; n++) {
			event->object[n].need = op_objects[i].need[n];
			event->object[n].flags |= op_objects[i].flags[n];
		}
	}
}

static void apply_open(struct zc_event *event)
{
	struct zc_object *object = &event->object[0];

	event->op = event->op == ZC_OP_MQ_OPEN ? event->op : (uint8_t)zc_open_op(event->oflags);
	object->need = (uint8_t)zc_open_need(event->oflags);
	if ((event->oflags & O_NOFOLLOW) ||
	    (event->oflags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		object->flags &= (uint8_t)~ZC_OBJ_FOLLOW;
	if (!(event->oflags & O_CREAT))
		object->flags |= ZC_OBJ_MUST_EXIST;
	else if (event->oflags & O_EXCL)
		object->flags |= ZC_OBJ_CREATES;
	if (!object->need)
		event->flags |= ZC_EV_HARMLESS;
}

static void apply_atflags(struct zc_event_filler *f)
{
	struct zc_event *event = f->event;
	struct zc_object *object = &event->object[0];

	if (!event->objects)
		return;
	if (f->atflags & AT_SYMLINK_NOFOLLOW)
		object->flags &= (uint8_t)~ZC_OBJ_FOLLOW;
	if (event->op == ZC_OP_LINK && (f->atflags & AT_SYMLINK_FOLLOW))
		object->flags |= ZC_OBJ_FOLLOW;
	if (event->op == ZC_OP_UNLINK && (f->atflags & AT_REMOVEDIR))
		event->op = ZC_OP_RMDIR;
	for (unsigned n = 0; n < event->objects; n++) {
		struct zc_object *o = &event->object[n];

		/* What a sys call names is for the record only; the kernel minds its emptiness. */
		if (!o->requested || o->requested_len > 0 ||
		    zc_calls[event->call].class == ZC_CALL_SYS)
			continue;
		if (n == 0 && (f->atflags & AT_EMPTY_PATH))
			o->flags |= ZC_OBJ_BY_FD;
		else
			zc_event_fail(f, -ENOENT);
	}
}

static void take_aim(struct zc_event_filler *f, const uint64_t args[6])
{
	int error = zc_event_fill_aim(f->event, args, f->reader);

	if (error)
		zc_event_fail(f, error);
}

/* Sys calls that ask for nothing a policy could refuse, by what their arguments say. */
static void apply_sys(struct zc_event_filler *f, const uint64_t args[6])
{
	struct zc_event *event = f->event;
	uint32_t modes = 0;
	uint64_t where = event->call == ZC_ID_clock_adjtime ? args[1] : args[0];

	switch ((unsigned)event->op) {
	case ZC_OP_SYS_NAMESPACE:
		if (event->call != ZC_ID_setns && !(event->oflags & ALL_NAMESPACES))
			event->flags |= ZC_EV_HARMLESS;
		break;
	case ZC_OP_SYS_PTRACE:
		if (event->oflags == 0) /* PTRACE_TRACEME */
			event->flags |= ZC_EV_HARMLESS;
		break;
	case ZC_OP_SYS_CLOCK_ADJUST:
		if (f->reader->bytes(f->reader->context, where, &modes, sizeof(modes)) < 0)
			zc_event_fail(f, -EFAULT);
		else if (modes == 0 || modes == 0xa001) /* a query; ADJ_OFFSET_SS_READ */
			event->flags |= ZC_EV_HARMLESS;
		break;
	case ZC_OP_SYS_SIGNAL_SUPERVISOR:
		if (event->call == ZC_ID_fcntl || event->call == ZC_ID_prlimit64)
			take_aim(f, args);
		else if (event->call != ZC_ID_pidfd_open &&
			 args[event->call == ZC_ID_tgkill || event->call == ZC_ID_rt_tgsigqueueinfo
				      ? 2
				      : 1] == 0)
			event->flags |= ZC_EV_HARMLESS;
		break;
	default: break;
	}
}

/* What acts on something that is there follows even its last link, when a slash comes behind it. */
static void follow_slash(struct zc_event *event)
{
	struct zc_object *object = &event->object[0];
	uint32_t len = object->requested_len;

	if (!event->objects || !object->requested || len < 2 || object->requested[len - 1] != '/')
		return;
	switch ((unsigned)event->op) {
	case ZC_OP_CHMOD:
	case ZC_OP_CHOWN:
	case ZC_OP_UTIME:
	case ZC_OP_XATTR:
	case ZC_OP_FSFLAGS: object->flags |= ZC_OBJ_FOLLOW; break;
	default:
		if (event->op <= ZC_OP_OPEN_RDWR && !(event->oflags & O_CREAT))
			object->flags |= ZC_OBJ_FOLLOW;
	}
}

void zc_event_settle(struct zc_event_filler *f, const uint64_t args[6])
{
	struct zc_event *event = f->event;
	uint32_t request = event->oflags;

	apply_atflags(f);
	if (event->call == ZC_ID_creat)
		event->oflags = O_CREAT | O_WRONLY | O_TRUNC;
	if (event->op == ZC_OP_OPEN || event->op == ZC_OP_MQ_OPEN)
		apply_open(event);
	else
		apply_op(event);
	follow_slash(event);
	if (event->op == ZC_OP_RENAME && event->call == ZC_ID_renameat2) {
		if (event->oflags & RENAME_EXCHANGE_) {
			event->flags |= ZC_EV_EXCHANGE;
			event->object[1].flags |= ZC_OBJ_MUST_EXIST;
		} else if (event->oflags & RENAME_NOREPLACE_) {
			event->object[1].flags |= ZC_OBJ_CREATES;
		}
	}
	if (event->call == ZC_ID_ioctl && zc_ioctl_sets_owner(request))
		take_aim(f, args);
	else if (event->call == ZC_ID_ioctl && request != SET_FLAGS_64 && request != SET_FLAGS_32 &&
		 request != SET_XATTR)
		event->flags |= ZC_EV_HARMLESS;
	if (event->op == ZC_OP_SEND && (event->oflags & FASTOPEN))
		event->flags |= ZC_EV_FAST_OPEN;
	if (event->op == ZC_OP_WATCH)
		event->flags |= ZC_EV_HARMLESS;
	if (zc_calls[event->call].class == ZC_CALL_SYS)
		apply_sys(f, args);
}
