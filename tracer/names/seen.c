/* SPDX-License-Identifier: MIT */
/*
 * seen.c - what programs ask resolvers, and what these answer.
 *
 * Everything read here is hostile: questions are a program's memory, answers came over the network. A
 * question gives nothing by itself. An answer is read from the socket's own queue before the program has
 * it, and only when it is a resolver's.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracer/names/names.h"

#define SOCKETS 512u     /* that have spoken to a resolver; a power of two */
#define QUESTIONS 256u   /* that are remembered */
#define MOST_MESSAGES 8u /* of one sendmmsg(2) */
#define MOST_PARTS 8u    /* of one message */
#define QUESTION_MAX 1024u
#define ANSWER_MAX 65537u
#define ANSWER_KEPT_S 60u /* a question is forgotten after that */
#define TCP_PROTOCOL 6
#define FAST_OPEN 0x20000000u

struct talker {
	pid_t tgid; /* 0: free */
	int fd;
};

struct question {
	uint64_t asked_s;
	pid_t tgid; /* 0: none */
	uint16_t id;
	uint8_t len;
	char name[ZC_NAME_CAP];
};

static struct talker talkers[SOCKETS];
static struct question questions[QUESTIONS];
static unsigned newest;

/* --- sockets that lead to a resolver --------------------------------------------------------------- */

static struct talker *talker_of(pid_t tgid, int fd)
{
	return &talkers[((unsigned)tgid * 31u + (unsigned)fd) & (SOCKETS - 1)];
}

static bool leads_there(const struct zc_tracee *tracee, int fd)
{
	const struct talker *talker = talker_of(tracee->tgid, fd);

	return talker->tgid && talker->tgid == tracee->tgid && talker->fd == fd;
}

static bool talks(const struct zc_case *c)
{
	return leads_there(c->tracee, (int)c->event.args[0]);
}

bool zc_seen_is_idle(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		     const struct zc_call_stop *stop)
{
	const struct zc_image *stricter = zc_image_stricter(tracer->image);
	const uint64_t *args = stop->args;

	if (!tracee->tgid ||
	    (tracer->image->flags | (stricter ? stricter->flags : 0)) & ZC_IMAGE_NO_NET)
		return false;
	switch (stop->call) {
	case ZC_ID_sendto:
		if (args[4] || args[3] & FAST_OPEN)
			return false;
		break;
	case ZC_ID_recvfrom:
	case ZC_ID_recvmsg:
	case ZC_ID_recvmmsg: break;
	default: return false;
	}
	return !leads_there(tracee, (int)args[0]);
}

/* --- questions ------------------------------------------------------------------------------------- */

static void remember(struct zc_case *c, const struct zc_dns_message *message)
{
	struct question *question = &questions[++newest % QUESTIONS];

	*question = (struct question){ .asked_s = zc_peers_now_s(),
				       .tgid = c->tracee->tgid,
				       .id = message->id,
				       .len = message->len };
	memcpy(question->name, message->name, message->len + 1u);
}

static const struct question *find(pid_t tgid, const struct zc_dns_message *message)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct question *question = &questions[(newest - i) % QUESTIONS];

		if (question->tgid == tgid && question->id == message->id &&
		    question->len == message->len &&
		    !memcmp(question->name, message->name, message->len) &&
		    question->asked_s + ANSWER_KEPT_S >= zc_peers_now_s())
			return question;
	}
	return NULL;
}

void zc_seen_asked(bool (*each)(void *context, const char *name, size_t len), void *context)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct question *question = &questions[(newest - i) % QUESTIONS];

		if (question->tgid && !each(context, question->name, question->len))
			return;
	}
}

/* By TCP the length comes first, perhaps in a part or a call of its own. */
static void take_question(struct zc_case *c, const uint8_t *bytes, size_t len)
{
	static struct zc_dns_message message;

	if (zc_dns_read(bytes, len, &message) < 0 &&
	    (len < 2 || zc_dns_read(bytes + 2, len - 2, &message) < 0))
		return;
	if (!message.is_answer)
		remember(c, &message);
}

/* --- what is sent ---------------------------------------------------------------------------------- */

/* n words of the caller's, as wide as they are there. */
static bool read_words(const struct zc_case *c, uint64_t address, uint64_t *ret, unsigned n)
{
	uint32_t narrow[2 * MOST_PARTS];
	bool wide = c->event.abi == ZC_ABI_X86_64;
	size_t size = n * (wide ? sizeof(*ret) : sizeof(*narrow));
	void *to = wide ? (void *)ret : (void *)narrow;

	if (c->reader.bytes(c->reader.context, address, to, size) < (long)size)
		return false;
	for (unsigned i = 0; !wide && i < n; i++)
		ret[i] = narrow[i];
	return true;
}

static size_t read_part(const struct zc_case *c, uint64_t address, uint64_t len, uint8_t *to,
			size_t room)
{
	size_t want = len < room ? (size_t)len : room;

	return want && c->reader.bytes(c->reader.context, address, to, want) == (long)want ? want
											   : 0;
}

/* A struct msghdr: name, its length, the parts, how many. */
static void take_message(struct zc_case *c, uint64_t address)
{
	uint64_t head[4], part[2 * MOST_PARTS];
	uint8_t bytes[QUESTION_MAX];
	size_t len = 0;
	unsigned parts;

	if (!read_words(c, address, head, 4))
		return;
	parts = head[3] < MOST_PARTS ? (unsigned)head[3] : MOST_PARTS;
	if (!parts || !read_words(c, head[2], part, 2 * parts))
		return;
	for (unsigned i = 0; i < parts; i++)
		len += read_part(c, part[2 * i], part[2 * i + 1], bytes + len, sizeof(bytes) - len);
	take_question(c, bytes, len);
}

void zc_seen_sent(struct zc_case *c)
{
	const struct zc_event *event = &c->event;
	uint8_t bytes[QUESTION_MAX];

	if (!zc_names_wanted(c->tracer->image))
		return;
	if (event->flags & ZC_EV_HAS_PEER && zc_peers_is_resolver(&event->peer))
		*talker_of(c->tracee->tgid, (int)event->args[0]) =
			(struct talker){ c->tracee->tgid, (int)event->args[0] };
	if (event->op != ZC_OP_SEND || !talks(c))
		return;
	if (event->call == ZC_ID_sendto) {
		take_question(c, bytes,
			      read_part(c, event->args[1], event->args[2], bytes, sizeof(bytes)));
	} else if (event->call == ZC_ID_sendmsg) {
		take_message(c, event->args[1]);
	} else if (event->call == ZC_ID_sendmmsg) {
		uint64_t size = event->abi == ZC_ABI_X86_64 ? 64 : 32;

		for (uint64_t i = 0; i < event->args[2] && i < MOST_MESSAGES; i++)
			take_message(c, event->args[1] + i * size);
	}
}

/* --- what is received ------------------------------------------------------------------------------ */

static void take_answer(struct zc_case *c, const uint8_t *bytes, size_t len)
{
	static struct zc_dns_message message;

	if (zc_dns_read(bytes, len, &message) < 0 || !message.is_answer ||
	    !find(c->tracee->tgid, &message))
		return;
	for (uint32_t i = 0; i < message.count; i++)
		zc_peers_learn(c->tracer->image, &message.address[i], message.name, message.len,
			       ZC_HOST_RESOLVER, message.ttl_s);
}

static bool is_from_resolver(const struct sockaddr_storage *from, socklen_t size)
{
	struct zc_endpoint endpoint;

	return zc_endpoint_parse(&endpoint, from, size) == 0 && zc_peers_is_resolver(&endpoint);
}

static void look_at_datagram(struct zc_case *c, int socket, uint8_t *bytes)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	ssize_t len =
		recvfrom(socket, bytes, ANSWER_MAX, MSG_PEEK | MSG_DONTWAIT, (void *)&from, &size);

	if (len > 0 && is_from_resolver(&from, size))
		take_answer(c, bytes, (size_t)len);
}

/*
 * Only from its very beginning is it known where a message begins: bytes in the middle of an answer are
 * whatever the owner of some name wants them to be.
 */
static void look_at_stream(struct zc_case *c, int socket, uint8_t *bytes)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer), info_size = sizeof(struct tcp_info);
	struct tcp_info info = { 0 };
	int waiting = 0;
	ssize_t len;

	if (getpeername(socket, (void *)&peer, &size) < 0 || !is_from_resolver(&peer, size) ||
	    getsockopt(socket, TCP_PROTOCOL, TCP_INFO, &info, &info_size) < 0 ||
	    ioctl(socket, FIONREAD, &waiting) < 0 || waiting <= 0 ||
	    info.tcpi_bytes_received != (uint64_t)waiting)
		return;
	len = recv(socket, bytes, ANSWER_MAX, MSG_PEEK | MSG_DONTWAIT);
	for (ssize_t at = 0; len - at > 2;) {
		ssize_t next = bytes[at] << 8 | bytes[at + 1];

		if (next > len - at - 2)
			return;
		take_answer(c, bytes + at + 2, (size_t)next);
		at += 2 + next;
	}
}

void zc_seen_receiving(struct zc_case *c)
{
	static uint8_t bytes[ANSWER_MAX];
	struct pollfd ready = { .events = POLLIN };
	int type = 0;
	socklen_t size = sizeof(type);

	if (!talks(c))
		return;
	ready.fd = zc_sockets_borrow(c->tracee, (int)c->event.args[0]);
	if (ready.fd < 0)
		return;
	/* An error that waits there is the program's: looking would take it away. */
	if (poll(&ready, 1, 0) == 1 && ready.revents & POLLIN && !(ready.revents & POLLERR) &&
	    getsockopt(ready.fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) {
		if (type == SOCK_DGRAM)
			look_at_datagram(c, ready.fd, bytes);
		else if (type == SOCK_STREAM)
			look_at_stream(c, ready.fd, bytes);
	}
	close(ready.fd);
}
