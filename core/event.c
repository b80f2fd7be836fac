/* SPDX-License-Identifier: MIT */
/*
 * event.c - raw arguments into what a call means, by the roles of its row.
 */
#include <errno.h>
#include <fcntl.h>

#include "core/event.h"
#include "core/mem.h"

#define AT_CWD (-100)
#define FASTOPEN 0x20000000u
#define ALL_NAMESPACES 0x7e020080u /* CLONE_NEW*, NEWTIME included */
#define RENAME_NOREPLACE_ 1u
#define RENAME_EXCHANGE_ 2u
#define SET_FLAGS_64 0x40086602u /* FS_IOC_SETFLAGS, as each ABI spells it */
#define SET_FLAGS_32 0x40046602u
#define SET_XATTR 0x401c5820u /* FS_IOC_FSSETXATTR */
#define TMPFILE 020200000u    /* O_TMPFILE: __O_TMPFILE | O_DIRECTORY; test with == */
#define LARGEST_SOCKADDR 128u

struct filler {
	struct zc_event *event;
	const struct zc_reader *reader;
	struct zc_event_text *text;
	unsigned atflags;
	int dirfd;
	int error;
};

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

static void fail(struct filler *f, int error)
{
	if (!f->error)
		f->error = error;
	if (error == -EFAULT)
		f->event->flags |= ZC_EV_UNREADABLE;
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

/* A path argument. NULL names the descriptor itself where the kernel has it so, else it is EFAULT. */
static void take_path(struct filler *f, uint64_t address, bool follow)
{
	struct zc_event *event = f->event;
	struct zc_object *object = &event->object[event->objects];
	char *text = f->text->path[event->objects];
	long len;

	if (event->objects == 2)
		return;
	event->objects++;
	object->dirfd = f->dirfd;
	object->flags = follow ? ZC_OBJ_FOLLOW : 0;
	f->dirfd = AT_CWD;
	if (!address) {
		if ((event->op == ZC_OP_UTIME || event->op == ZC_OP_XATTR) &&
		    object->dirfd != AT_CWD)
			object->flags |= ZC_OBJ_BY_FD;
		else if (zc_calls[event->call].class == ZC_CALL_SYS)
			event->objects--;
		else
			fail(f, -EFAULT);
		return;
	}
	len = f->reader->text(f->reader->context, address, text, ZC_PATH_CAP);
	if (len < 0) {
		fail(f, (int)len);
		return;
	}
	object->requested = text;
	object->requested_len = (uint32_t)len;
}

/* POSIX message queues have names of their own; the kernel shows them below /dev/mqueue. */
static void take_queue(struct filler *f, uint64_t address)
{
	static const char prefix[] = "/dev/mqueue/";
	char *text = f->text->path[0];
	const size_t skip = sizeof(prefix) - 1;
	long len = f->reader->text(f->reader->context, address, text + skip, ZC_PATH_CAP - skip);

	if (len < 0) {
		fail(f, (int)len);
		return;
	}
	zc_copy(text, prefix, skip);
	f->event->objects = 1;
	f->event->object[0].dirfd = AT_CWD;
	f->event->object[0].requested = text;
	f->event->object[0].requested_len = (uint32_t)len + (uint32_t)skip;
}

static void take_fd_object(struct filler *f, uint64_t value)
{
	struct zc_object *object = &f->event->object[0];

	f->event->objects = 1;
	object->dirfd = (int32_t)value;
	object->flags = ZC_OBJ_BY_FD;
}

static void take_how(struct filler *f, uint64_t address)
{
	uint64_t how[3];

	if (f->reader->bytes(f->reader->context, address, how, sizeof(how)) < (long)sizeof(how)) {
		fail(f, -EFAULT);
		return;
	}
	f->event->oflags = (uint32_t)how[0];
	f->event->mode = (uint32_t)how[1];
}

/* A unix socket with a path is an object too: connecting needs UNIX, binding makes an entry. */
static void unix_object(struct filler *f)
{
	struct zc_event *event = f->event;
	struct zc_object *object = &event->object[0];
	char *text = f->text->path[0];
	size_t len = event->peer.name_len;

	if (event->peer.family != 1 || len == 0 || event->peer.name[0] == '\0')
		return;
	zc_copy(text, event->peer.name, len);
	text[len] = '\0';
	event->objects = 1;
	*object = (struct zc_object){ .requested = text,
				      .requested_len = (uint32_t)len,
				      .dirfd = AT_CWD };
	if (event->op == ZC_OP_BIND) {
		object->need = ZC_NEED_WRITE;
		object->flags = ZC_OBJ_CREATES;
	} else {
		object->need = ZC_NEED_UNIX;
		object->flags = ZC_OBJ_FOLLOW | ZC_OBJ_MUST_EXIST;
	}
}

static void take_sockaddr(struct filler *f, uint64_t address, uint64_t len)
{
	unsigned char bytes[LARGEST_SOCKADDR];

	if (!address || len == 0)
		return;
	if (len > sizeof(bytes))
		len = sizeof(bytes);
	if (f->reader->bytes(f->reader->context, address, bytes, len) < (long)len) {
		fail(f, -EFAULT);
		return;
	}
	if (zc_endpoint_parse(&f->event->peer, bytes, len) < 0)
		return; /* the kernel answers EINVAL by itself */
	f->event->flags |= ZC_EV_HAS_PEER;
	unix_object(f);
}

static int take_message(struct filler *f, uint64_t address)
{
	uint64_t name;
	uint32_t len;

	if (f->event->abi == ZC_ABI_X86_64) {
		uint64_t head[2];

		if (f->reader->bytes(f->reader->context, address, head, sizeof(head)) <
		    (long)sizeof(head))
			return -EFAULT;
		name = head[0];
		len = (uint32_t)head[1];
	} else {
		uint32_t head[2];

		if (f->reader->bytes(f->reader->context, address, head, sizeof(head)) <
		    (long)sizeof(head))
			return -EFAULT;
		name = head[0];
		len = head[1];
	}
	f->event->flags &= (uint16_t)~ZC_EV_HAS_PEER;
	f->event->objects = 0;
	take_sockaddr(f, name, len);
	return f->error;
}

static void take_role(struct filler *f, unsigned role, const uint64_t args[6], unsigned i)
{
	struct zc_event *event = f->event;
	uint64_t value = args[i];

	switch (role) {
	case ZC_ROLE_DIRFD: f->dirfd = (int32_t)value; break;
	case ZC_ROLE_PATH: take_path(f, value, true); break;
	case ZC_ROLE_ENTRY: take_path(f, value, false); break;
	case ZC_ROLE_FD:
		if (zc_calls[event->call].class == ZC_CALL_FILE)
			take_fd_object(f, value);
		break;
	case ZC_ROLE_STR:
		if (event->op == ZC_OP_MQ_OPEN || event->op == ZC_OP_MQ_UNLINK)
			take_queue(f, value);
		break;
	case ZC_ROLE_OFLAGS:
	case ZC_ROLE_RFLAGS:
	case ZC_ROLE_MSGFLAGS:
	case ZC_ROLE_CLONEFLAGS:
	case ZC_ROLE_REQUEST: event->oflags = (uint32_t)value; break;
	case ZC_ROLE_ATFLAGS: f->atflags = (unsigned)value; break;
	case ZC_ROLE_HOW: take_how(f, value); break;
	case ZC_ROLE_MODE: event->mode = (uint32_t)value; break;
	case ZC_ROLE_SOCKADDR: take_sockaddr(f, value, i < 5 ? (uint32_t)args[i + 1] : 0); break;
	case ZC_ROLE_MSGHDR:
	case ZC_ROLE_MMSGHDR:
		if (take_message(f, value) < 0)
			fail(f, -EFAULT);
		break;
	case ZC_ROLE_DOMAIN: event->domain = (int32_t)value; break;
	case ZC_ROLE_TYPE: event->type = (int32_t)value & 0xf; break;
	case ZC_ROLE_PROTO: event->protocol = (int32_t)value; break;
	case ZC_ROLE_PID:
		if (!event->target_pid)
			event->target_pid = (int32_t)value;
		break;
	default: break;
	}
}

static void apply_atflags(struct filler *f)
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
			fail(f, -ENOENT);
	}
}

static void take_aim(struct filler *f, const uint64_t args[6])
{
	int error = zc_event_fill_aim(f->event, args, f->reader);

	if (error)
		fail(f, error);
}

/* Sys calls that ask for nothing a policy could refuse, by what their arguments say. */
static void apply_sys(struct filler *f, const uint64_t args[6])
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
			fail(f, -EFAULT);
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

static void finish(struct filler *f, const uint64_t args[6])
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

/* i386 passes every socket call through one number; the real call and its arguments lie in memory. */
static int fill_socketcall(struct zc_event *event, const uint64_t args[6],
			   const struct zc_reader *reader, struct zc_event_text *text)
{
	static const struct {
		uint16_t row;
		uint8_t count;
	} calls[] = {
		[1] = { ZC_ID_socket, 3 },      [2] = { ZC_ID_bind, 3 },
		[3] = { ZC_ID_connect, 3 },     [4] = { ZC_ID_listen, 2 },
		[5] = { ZC_ID_accept, 3 },      [8] = { ZC_ID_socketpair, 4 },
		[9] = { ZC_ID_sendto, 4 },      [10] = { ZC_ID_recvfrom, 4 },
		[11] = { ZC_ID_sendto, 6 },     [12] = { ZC_ID_recvfrom, 6 },
		[14] = { ZC_ID_setsockopt, 5 }, [16] = { ZC_ID_sendmsg, 3 },
		[17] = { ZC_ID_recvmsg, 3 },    [18] = { ZC_ID_accept4, 4 },
		[19] = { ZC_ID_recvmmsg, 5 },   [20] = { ZC_ID_sendmmsg, 4 },
	};
	uint64_t real[6] = { 0 };
	uint32_t raw[6] = { 0 };

	if (args[0] >= ZC_LEN(calls) || !calls[args[0]].count) {
		event->flags |=
			ZC_EV_HARMLESS; /* getsockname and the like, or the kernel's EINVAL */
		return 0;
	}
	if (reader->bytes(reader->context, args[1], raw, 4u * calls[args[0]].count) < 0) {
		event->flags |= ZC_EV_UNREADABLE;
		return -EFAULT;
	}
	for (unsigned i = 0; i < 6; i++)
		real[i] = raw[i];
	return zc_event_fill(event, calls[args[0]].row, ZC_ABI_I386, real, reader, text);
}

int zc_event_fill(struct zc_event *event, unsigned call, enum zc_abi abi, const uint64_t args[6],
		  const struct zc_reader *reader, struct zc_event_text *text)
{
	struct filler f = { .event = event, .reader = reader, .text = text, .dirfd = AT_CWD };
	const struct zc_call *row = &zc_calls[call];

	zc_fill(event, 0, sizeof(*event));
	event->call = (uint16_t)call;
	event->abi = (uint8_t)abi;
	event->op = row->op;
	event->object[0].dirfd = event->object[1].dirfd = AT_CWD;
	for (unsigned i = 0; i < 6; i++)
		event->args[i] = args[i];
	if (row->op == ZC_OP_SOCKETCALL)
		return fill_socketcall(event, args, reader, text);
	for (unsigned i = 0; i < 6; i++)
		take_role(&f, row->role[i], args, i);
	finish(&f, args);
	return f.error;
}

int zc_event_fill_message(struct zc_event *event, uint64_t address, const struct zc_reader *reader,
			  struct zc_event_text *text)
{
	struct filler f = { .event = event, .reader = reader, .text = text, .dirfd = AT_CWD };

	return take_message(&f, address);
}

unsigned zc_object_need(unsigned op, uint32_t oflags, unsigned need, unsigned flags)
{
	const uint32_t writes = O_TRUNC | O_ACCMODE;

	if ((op <= ZC_OP_OPEN_RDWR || op == ZC_OP_MQ_OPEN) && oflags & O_CREAT &&
	    !(oflags & writes) && flags & ZC_OBJ_EXISTS)
		return need & ~(unsigned)ZC_NEED_WRITE;
	return need;
}
