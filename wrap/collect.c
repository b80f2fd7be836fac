/* SPDX-License-Identifier: MIT */
/*
 * collect.c - frames in, without ever making a sender wait for a disk or a terminal.
 *
 * Two threads. The receiver does recvmsg() into a queue of 1 MiB blocks and nothing else; when too
 * many wait in memory it moves full ones to an unlinked file. The clerk takes them in order and
 * hands each to the sink, which may block as long as it likes. Only when the file fails too are
 * frames dropped, and counted. It ends when the last sender is gone, or by shutdown(2): what had
 * been sent by then is still received, and further senders get EPIPE.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wrap/wrap.h"

#define BLOCK_SIZE (1u << 20)
#define SPOOL_MAX (4ll << 30)
#define FEW 16u /* pieces at once that let the receiver rest: frames, each as many as it has ... */
#define PIECE 2048u /* ... bytes like this */
#define MANY 64u    /* frames after which the clerk is told although more are there */
#define REST_MIN_MS 1
#define REST_MAX_MS 8

struct item {
	uint32_t size;
	int32_t pid;
}; /* then size bytes, padded to 8 */

#define ITEM_MAX (sizeof(struct item) + ZC_FRAME_MAX + 8)

struct block {
	struct block *next;
	unsigned char *bytes; /* NULL: in the file, at offset */
	off_t offset;
	size_t used; /* under lock: the clerk reads up to here */
};

struct zc_collect {
	struct zc_collect_sink sink;
	pthread_t receiver, clerk;
	int socket;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t over; /* no more rests */
	/* Under lock. Blocks from head to tail; the receiver fills the tail. */
	struct block *head, *tail;
	size_t in_memory;
	bool ended, finishing;
	/* The receiver's own. */
	int64_t rest_ms;
	int spool;
	off_t spool_end;
	uint64_t dropped;
	/* The clerk's own. */
	unsigned char *reload;
};

static struct block *new_block(unsigned char *bytes)
{
	struct block *block = calloc(1, sizeof(*block));

	if (block)
		block->bytes = bytes ? bytes : malloc(BLOCK_SIZE);
	if (block && block->bytes)
		return block;
	free(block);
	return NULL;
}

static int open_spool(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int write_all(int fd, const unsigned char *bytes, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n, len -= (size_t)n, offset += n;
	}
	return 0;
}

/* Moves the full tail to the file and returns its memory, or NULL when it must stay. */
static unsigned char *spool_tail(struct zc_collect *c)
{
	struct block *full = c->tail;
	unsigned char *bytes = full->bytes;

	if (c->spool < 0)
		c->spool = open_spool(c->sink.spool_dir);
	if (c->spool < 0 || c->spool_end + (off_t)full->used > SPOOL_MAX ||
	    write_all(c->spool, bytes, full->used, c->spool_end) < 0)
		return NULL;
	pthread_mutex_lock(&c->lock);
	full->offset = c->spool_end;
	full->bytes = NULL;
	c->in_memory--;
	pthread_mutex_unlock(&c->lock);
	c->spool_end += (off_t)full->used;
	return bytes;
}

/* The block with room for one more frame, or NULL when there is no memory and no file. */
static struct block *room(struct zc_collect *c)
{
	unsigned char *bytes = NULL;
	struct block *block;
	bool crowded;

	if (c->tail->bytes && c->tail->used + ITEM_MAX <= BLOCK_SIZE)
		return c->tail;
	pthread_mutex_lock(&c->lock);
	crowded = c->in_memory >= c->sink.memory_blocks;
	pthread_mutex_unlock(&c->lock);
	if (crowded && c->tail->bytes) {
		bytes = spool_tail(c);
		if (!bytes)
			return NULL;
	}
	block = new_block(bytes);
	if (!block)
		return NULL; /* a spooled tail has given its memory away: bytes leaks only when out of memory */
	pthread_mutex_lock(&c->lock);
	c->tail->next = block;
	c->tail = block;
	c->in_memory++;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
	return block;
}

struct credentials {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

/*
 * One datagram. The control buffer holds credentials and nothing more, so that descriptors which a
 * hostile sender attaches are closed by the kernel. An empty datagram carries credentials, the end
 * of the stream does not. Returns its size, -EPIPE at the end, or -EAGAIN with MSG_DONTWAIT.
 */
static long receive(int socket, void *buffer, size_t cap, int flags, pid_t *ret_pid)
{
	struct credentials control;
	struct iovec iov = { buffer, cap };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	struct ucred who;
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	head = CMSG_FIRSTHDR(&message);
	if (!head)
		return n == 0 ? -EPIPE : n;
	*ret_pid = 0;
	if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&who, CMSG_DATA(head), sizeof(who));
		*ret_pid = who.pid;
	}
	return n;
}

static void take(struct zc_collect *c, struct block *block, long size, pid_t pid)
{
	struct item item = { (uint32_t)size, pid };

	memcpy(block->bytes + block->used, &item, sizeof(item));
	pthread_mutex_lock(&c->lock);
	block->used += sizeof(item) + (((size_t)size + 7) & ~(size_t)7);
	pthread_mutex_unlock(&c->lock);
}

static void wake_clerk(struct zc_collect *c)
{
	/* Not with the lock held, which is what it wants first. What there is was written under it. */
	pthread_cond_signal(&c->more);
}

/* Under lock: until that condition is told, or the time is over. */
static void wait_ms(struct zc_collect *c, pthread_cond_t *condition, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_clockwait(condition, &c->lock, CLOCK_MONOTONIC, &until);
}

/*
 * Waking us is a cost that the sender pays, dearly on a virtual machine. So after a few frames we stay
 * away for a moment and let some more gather in the socket, longer while they stay few. Many at once are
 * taken on at once, because the socket of an unprivileged user does not hold many.
 */
static void rest(struct zc_collect *c, size_t pieces)
{
	if (pieces >= FEW) {
		c->rest_ms = REST_MIN_MS;
		return;
	}
	pthread_mutex_lock(&c->lock);
	if (!c->finishing)
		wait_ms(c, &c->over, c->rest_ms);
	pthread_mutex_unlock(&c->lock);
	if (pieces < FEW / 2 && c->rest_ms < REST_MAX_MS)
		c->rest_ms *= 2;
}

static void *receiver_main(void *argument)
{
	struct zc_collect *c = argument;
	static unsigned char spill[ZC_FRAME_MAX];
	size_t pieces = 0;

	for (unsigned batch = 0;;) {
		struct block *block = room(c);
		pid_t pid = 0;
		long n = receive(c->socket,
				 block ? block->bytes + block->used + sizeof(struct item) : spill,
				 ZC_FRAME_MAX, batch ? MSG_DONTWAIT : 0, &pid);

		if (n == -EAGAIN) {
			wake_clerk(c);
			rest(c, pieces);
			batch = 0, pieces = 0;
			continue;
		}
		if (n < 0)
			break;
		batch++, pieces += 1 + (size_t)n / PIECE;
		if (block)
			take(c, block, n, pid);
		else
			c->dropped++;
		if (batch % MANY == 0)
			wake_clerk(c);
	}
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static const unsigned char *load(struct zc_collect *c, struct block *block, size_t used)
{
	size_t done = 0;

	if (!c->reload)
		c->reload = malloc(BLOCK_SIZE);
	while (c->reload && done < used) {
		ssize_t n =
			pread(c->spool, c->reload + done, used - done, block->offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		done += (size_t)n;
	}
	return c->reload;
}

/* Hands the frames of bytes[from, to) to the sink. */
static void hand_over(struct zc_collect *c, const unsigned char *bytes, size_t from, size_t to)
{
	while (from < to) {
		struct item item;
		size_t at = 0;

		memcpy(&item, bytes + from, sizeof(item));
		from += sizeof(item);
		do {
			size_t size = zc_frame_first(bytes + from + at, item.size - at);

			c->sink.put(c->sink.context, bytes + from + at, size, item.pid);
			at += size;
		} while (at < item.size);
		from += ((size_t)item.size + 7) & ~(size_t)7;
	}
}

/* Under lock: until the receiver tells of more, or that time is over. */
static void wait_for(struct zc_collect *c, int64_t ms)
{
	if (ms < 0)
		pthread_cond_wait(&c->more, &c->lock);
	else
		wait_ms(c, &c->more, ms);
}

/* Under lock: waits until there is something after seen, or a next block, or the end. */
static bool wait_for_frames(struct zc_collect *c, size_t seen)
{
	while (c->head->used == seen && !c->head->next && !c->ended) {
		int64_t again = -1;

		if (c->sink.rest) {
			pthread_mutex_unlock(&c->lock);
			again = c->sink.rest(c->sink.context);
			pthread_mutex_lock(&c->lock);
			if (c->head->used != seen || c->head->next || c->ended)
				break;
		}
		wait_for(c, again);
	}
	return c->head->used != seen || c->head->next;
}

static void drop_head(struct zc_collect *c)
{
	struct block *done = c->head;

	c->head = done->next;
	c->in_memory -= done->bytes != NULL;
	free(done->bytes);
	free(done);
}

static void *clerk_main(void *argument)
{
	struct zc_collect *c = argument;
	size_t seen = 0;

	pthread_mutex_lock(&c->lock);
	while (wait_for_frames(c, seen)) {
		struct block *head = c->head;
		size_t used = head->used;
		const unsigned char *bytes = head->bytes;

		pthread_mutex_unlock(&c->lock);
		if (!bytes && used > seen)
			bytes = load(c, head, used);
		if (bytes)
			hand_over(c, bytes, seen, used);
		seen = used;
		pthread_mutex_lock(&c->lock);
		if (head->next && head->used == seen) {
			drop_head(c);
			seen = 0;
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int zc_collect_start(struct zc_collect **ret, int receiver, const struct zc_collect_sink *sink)
{
	struct zc_collect *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct zc_collect){
		.sink = *sink, .socket = receiver, .rest_ms = REST_MIN_MS, .spool = -1
	};
	if (!c->sink.memory_blocks)
		c->sink.memory_blocks = 64;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	pthread_cond_init(&c->over, NULL);
	c->head = c->tail = new_block(NULL);
	c->in_memory = 1;
	if (!c->head)
		return -ENOMEM;
	r = pthread_create(&c->clerk, NULL, clerk_main, c);
	if (r == 0)
		r = pthread_create(&c->receiver, NULL, receiver_main, c);
	if (r != 0)
		return -r; /* the caller gives up altogether: what is left goes with the process */
	*ret = c;
	return 0;
}

uint64_t zc_collect_finish(struct zc_collect *c)
{
	uint64_t dropped;

	shutdown(c->socket, SHUT_RD);
	pthread_mutex_lock(&c->lock);
	c->finishing = true;
	pthread_cond_signal(&c->over);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->receiver, NULL);
	pthread_join(c->clerk, NULL);
	dropped = c->dropped;
	if (c->spool >= 0)
		close(c->spool);
	while (c->head)
		drop_head(c);
	free(c->reload);
	free(c);
	return dropped;
}
