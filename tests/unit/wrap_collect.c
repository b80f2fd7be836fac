/* SPDX-License-Identifier: MIT */
/*
 * wrap_collect.c - the collector: nothing lost, nothing out of order, and no sender ever waits for
 * a sink that sleeps.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/wire.h"
#include "tests/unit/t.h"
#include "wrap/wrap.h"

struct seen {
	pthread_mutex_t gate;
	uint64_t count, wrong, bytes, foreign;
	pid_t sender;
};

static void put(void *context, const void *frame, size_t size, pid_t sender)
{
	struct seen *seen = context;
	uint64_t number = UINT64_MAX;

	pthread_mutex_lock(&seen->gate); /* closed: a sink that blocks */
	pthread_mutex_unlock(&seen->gate);
	if (size >= sizeof(number))
		memcpy(&number, frame, sizeof(number));
	seen->wrong += size && number != seen->count;
	seen->foreign += sender != seen->sender;
	seen->count++;
	seen->bytes += size;
}

static void make_pair(int pair[2])
{
	int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		exit(1);
}

/* A child sends count frames of size bytes, numbered. Returns its exit status: 0 when all went out. */
static pid_t sender(const int pair[2], unsigned count, size_t size)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(pair[0]);
	for (uint64_t i = 0; i < count; i++) {
		static char frame[ZC_FRAME_MAX];

		memcpy(frame, &i, sizeof(i));
		if (send(pair[1], frame, size, MSG_NOSIGNAL) != (ssize_t)size)
			_exit(1);
	}
	_exit(0);
}

static int wait_status(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static void test_overflow(void)
{
	struct seen seen = { .gate = PTHREAD_MUTEX_INITIALIZER };
	struct zc_collect_sink sink = {
		.put = put, .context = &seen, .spool_dir = "/tmp", .memory_blocks = 2
	};
	struct zc_collect *collect;
	int pair[2], status;
	uint64_t dropped;
	pid_t pid;

	make_pair(pair);
	pid = sender(pair, 2000, 20000);
	close(pair[1]);
	seen.sender = pid;
	pthread_mutex_lock(&seen.gate);
	T_OK(zc_collect_start(&collect, pair[0], &sink) == 0, "the collector starts");
	/* 40 MB against 2 MiB of memory: the sender only ends if the file takes the rest. */
	status = wait_status(pid);
	T_OK(status == 0, "a sender of 40 MB does not wait for a sink that never moves");
	T_OK(seen.count == 0, "the sink has indeed not moved");
	pthread_mutex_unlock(&seen.gate);
	dropped = zc_collect_finish(collect);
	T_OK(dropped == 0 && seen.count == 2000 && seen.bytes == 2000ull * 20000,
	     "all 2,000 frames arrive, whole (%llu)", (unsigned long long)seen.count);
	T_OK(seen.wrong == 0, "in the order of sending");
	T_OK(seen.foreign == 0, "with the sender's pid from the kernel");
	close(pair[0]);
}

static void test_no_spool(void)
{
	struct seen seen = { .gate = PTHREAD_MUTEX_INITIALIZER };
	struct zc_collect_sink sink = {
		.put = put, .context = &seen, .spool_dir = "/tmp", .memory_blocks = 1
	};
	struct zc_collect *collect;
	uint64_t dropped;
	int pair[2];
	pid_t pid;

	/* Descriptors are used up, so that the file cannot be made. */
	make_pair(pair);
	pid = sender(pair, 200, 40000);
	seen.sender = pid;
	close(pair[1]);
	while (dup(pair[0]) >= 0)
		;
	pthread_mutex_lock(&seen.gate);
	if (zc_collect_start(&collect, pair[0], &sink) < 0)
		exit(1);
	T_OK(wait_status(pid) == 0, "without a file either, the sender does not wait");
	pthread_mutex_unlock(&seen.gate);
	dropped = zc_collect_finish(collect);
	T_OK(dropped > 0 && dropped + seen.count == 200,
	     "what found no place is counted: %llu + %llu", (unsigned long long)dropped,
	     (unsigned long long)seen.count);
	closefrom(3);
}

static void test_hostile(void)
{
	struct seen seen = { .gate = PTHREAD_MUTEX_INITIALIZER };
	struct zc_collect_sink sink = { .put = put, .context = &seen, .spool_dir = "/tmp" };
	struct zc_collect *collect;
	static char large[ZC_FRAME_MAX + 1000];
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { large, 8 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int pair[2], before, after;

	make_pair(pair);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &pair[1], sizeof(int));
	seen.sender = getpid();
	before = dup(0);
	close(before);
	if (zc_collect_start(&collect, pair[0], &sink) < 0)
		exit(1);
	T_OK(send(pair[1], large, 0, 0) == 0, "an empty datagram is sent");
	T_OK(send(pair[1], large, sizeof(large), 0) == sizeof(large),
	     "one that is too large is sent");
	T_OK(sendmsg(pair[1], &message, 0) == 8, "one with a descriptor in it is sent");
	zc_collect_finish(collect);
	after = dup(0);
	close(after);
	T_OK(seen.count == 3, "none of them ends the collector (%llu came)",
	     (unsigned long long)seen.count);
	T_OK(seen.bytes == ZC_FRAME_MAX + 8, "the large one is cut");
	T_OK(before == after, "no descriptor came in");
	T_OK(send(pair[1], large, 8, MSG_NOSIGNAL) < 0 && errno == EPIPE,
	     "after the end a sender gets EPIPE at once");
	close(pair[0]);
	close(pair[1]);
}

struct joined {
	unsigned count;
	size_t size[4];
	uint16_t type[4];
};

static void put_joined(void *context, const void *frame, size_t size, pid_t sender)
{
	struct joined *seen = context;
	struct zc_frame decoded;

	if (seen->count < 4) {
		seen->size[seen->count] = size;
		seen->type[seen->count] = zc_frame_decode(&decoded, frame, size) == (long)size
						  ? decoded.head.type
						  : 0;
	}
	seen->count++;
}

static void test_joined(void)
{
	struct joined seen = { 0 };
	struct zc_collect_sink sink = { .put = put_joined, .context = &seen, .spool_dir = "/tmp" };
	static _Alignas(8) char bytes[1024];
	struct zc_frame_writer writer;
	struct zc_collect *collect;
	size_t first, second;
	int pair[2];

	make_pair(pair);
	zc_frame_begin(&writer, bytes, sizeof(bytes), ZC_FRAME_FORK)->pid = 1;
	first = zc_frame_end(&writer);
	zc_frame_begin(&writer, bytes + first, sizeof(bytes) - first, ZC_FRAME_SIGN_IN)->pid = 1;
	zc_frame_put(&writer, ZC_FIELD_EXE, "/bin/true", 9);
	second = zc_frame_end(&writer);
	if (zc_collect_start(&collect, pair[0], &sink) < 0)
		exit(1);
	send(pair[1], bytes, first + second, 0);
	send(pair[1], bytes, first + second - 8,
	     0); /* what is cut is handed on, to be found unsound */
	zc_collect_finish(collect);
	T_OK(seen.count == 4 && seen.size[0] == first && seen.size[1] == second &&
		     seen.type[0] == ZC_FRAME_FORK && seen.type[1] == ZC_FRAME_SIGN_IN,
	     "two frames of one datagram come one after the other");
	T_OK(seen.type[2] == ZC_FRAME_FORK && seen.size[3] == second - 8 && !seen.type[3],
	     "one that is cut spoils nothing but itself");
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	test_overflow();
	test_joined();
	test_hostile();
	test_no_spool();
	T_DONE();
}
