/* SPDX-License-Identifier: MIT */
/*
 * event.c - raw arguments, taken by the roles of the call's row. What they mean: event_means.c.
 */
#include <errno.h>

#include "core/event_parts.h"
#include "core/mem.h"
#include "core/net/protocols.h"

#define AT_CWD (-100)
#define LARGEST_SOCKADDR 128u

/* A path argument. NULL names the descriptor itself where the kernel has it so, else it is EFAULT. */
static void take_path(struct zc_event_filler *f, uint64_t address, bool follow)
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
			zc_event_fail(f, -EFAULT);
		return;
	}
	len = f->reader->text(f->reader->context, address, text, ZC_PATH_CAP);
	if (len < 0) {
		zc_event_fail(f, (int)len);
		return;
	}
	object->requested = text;
	object->requested_len = (uint32_t)len;
}

/* POSIX message queues have names of their own; the kernel shows them below /dev/mqueue. */
static void take_queue(struct zc_event_filler *f, uint64_t address)
{
	static const char prefix[] = "/dev/mqueue/";
	char *text = f->text->path[0];
	const size_t skip = sizeof(prefix) - 1;
	long len = f->reader->text(f->reader->context, address, text + skip, ZC_PATH_CAP - skip);

	if (len < 0) {
		zc_event_fail(f, (int)len);
		return;
	}
	zc_copy(text, prefix, skip);
	f->event->objects = 1;
	f->event->object[0].dirfd = AT_CWD;
	f->event->object[0].requested = text;
	f->event->object[0].requested_len = (uint32_t)len + (uint32_t)skip;
}

static void take_fd_object(struct zc_event_filler *f, uint64_t value)
{
	struct zc_object *object = &f->event->object[0];

	f->event->objects = 1;
	object->dirfd = (int32_t)value;
	object->flags = ZC_OBJ_BY_FD;
}

static void take_how(struct zc_event_filler *f, uint64_t address)
{
	uint64_t how[3];

	if (f->reader->bytes(f->reader->context, address, how, sizeof(how)) < (long)sizeof(how)) {
		zc_event_fail(f, -EFAULT);
		return;
	}
	f->event->oflags = (uint32_t)how[0];
	f->event->mode = (uint32_t)how[1];
}

/* A unix socket with a path is an object too: connecting needs UNIX, binding makes an entry. */
static void unix_object(struct zc_event_filler *f)
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

static void take_sockaddr(struct zc_event_filler *f, uint64_t address, uint64_t len)
{
	unsigned char bytes[LARGEST_SOCKADDR];

	if (!address || len == 0)
		return;
	if (len > sizeof(bytes))
		len = sizeof(bytes);
	if (f->reader->bytes(f->reader->context, address, bytes, len) < (long)len) {
		zc_event_fail(f, -EFAULT);
		return;
	}
	if (zc_endpoint_parse(&f->event->peer, bytes, len) < 0)
		return; /* the kernel answers EINVAL by itself */
	f->event->flags |= ZC_EV_HAS_PEER;
	unix_object(f);
}

#define MOST_CONTROLS 64u /* beside one message; the kernel gives up at some kilobytes */

static bool read_words(struct zc_event_filler *f, uint64_t address, uint64_t *ret, unsigned count)
{
	bool wide = f->event->abi == ZC_ABI_X86_64;
	uint32_t narrow[6];
	size_t size = count * (wide ? sizeof(*ret) : sizeof(*narrow));
	void *to = wide ? (void *)ret : (void *)narrow;

	if (f->reader->bytes(f->reader->context, address, to, size) < (long)size)
		return false;
	for (unsigned i = 0; !wide && i < count; i++)
		ret[i] = narrow[i];
	return true;
}

/* Does one of the control messages name a way? Also true where there are too many to know. */
static bool has_route(struct zc_event_filler *f, uint64_t at, uint64_t left)
{
	const uint64_t word = f->event->abi == ZC_ABI_X86_64 ? 8 : 4;

	for (unsigned i = 0; at && left >= word + 8; i++) {
		uint32_t kind[2];
		uint64_t len;

		if (i == MOST_CONTROLS)
			return true;
		if (!read_words(f, at, &len, 1) ||
		    f->reader->bytes(f->reader->context, at + word, kind, sizeof(kind)) <
			    (long)sizeof(kind))
			return true;
		if (zc_control_reroutes(kind[0], kind[1]))
			return true;
		len = (len + word - 1) & ~(word - 1);
		if (len < word + 8 || len >= left)
			return false;
		at += len;
		left -= len;
	}
	return false;
}

/* struct msghdr: the address and its length, what is sent and of how many parts, the control messages. */
static int take_message(struct zc_event_filler *f, uint64_t address)
{
	enum { NAME, NAME_LEN, PARTS, COUNT, CONTROL, CONTROL_LEN, WORDS };
	uint64_t head[WORDS];

	if (!read_words(f, address, head, WORDS))
		return -EFAULT;
	f->event->flags &= (uint16_t) ~(ZC_EV_HAS_PEER | ZC_EV_REROUTED);
	f->event->objects = 0;
	take_sockaddr(f, head[NAME], (uint32_t)head[NAME_LEN]);
	if (f->event->op == ZC_OP_SEND && has_route(f, head[CONTROL], head[CONTROL_LEN]))
		f->event->flags |= ZC_EV_REROUTED;
	return f->error;
}

static void take_role(struct zc_event_filler *f, unsigned role, const uint64_t args[6], unsigned i)
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
			zc_event_fail(f, -EFAULT);
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
	struct zc_event_filler f = {
		.event = event, .reader = reader, .text = text, .dirfd = AT_CWD
	};
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
	if (call == ZC_ID_setsockopt && args[4] &&
	    zc_option_reroutes((uint32_t)args[1], (uint32_t)args[2]))
		event->flags |= ZC_EV_REROUTED;
	zc_event_settle(&f, args);
	return f.error;
}

int zc_event_fill_message(struct zc_event *event, uint64_t address, const struct zc_reader *reader,
			  struct zc_event_text *text)
{
	struct zc_event_filler f = {
		.event = event, .reader = reader, .text = text, .dirfd = AT_CWD
	};

	return take_message(&f, address);
}
