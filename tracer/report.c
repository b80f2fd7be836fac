/* SPDX-License-Identifier: MIT */
/*
 * report.c - frames to the collector: records of verdicts, sign-ins, births, ends and notes.
 *
 * The same frames as the shim's, with the same way of counting repeats in the shared page. The tracer
 * waits at most a second for the collector; once that was in vain it does not wait again, because all
 * tracees would stand still with it. What was not taken is counted as lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/record.h"
#include "evidence/proof/file_digest.h"
#include "tracer/look/caller.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/look/look.h"
#include "tracer/look/maps.h"
#include "tracer/look/lang.h"

#define WAIT_MS 1000
#define NARROW_FRAMES 32u
#define ARGV_MAX 8192u
#define MAPS_MAX 24576u /* bytes of one MAPS field */

static _Alignas(8) char frame[ZC_FRAME_MAX];

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static uint64_t now(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- the way out ---- */

/* A frame that nobody waits for, while somebody waits for us: it goes with the next one, or when it may. */
static struct {
	size_t size;
	_Alignas(8) char bytes[512];
} later;

static bool send_parts(struct zc_tracer *tracer, struct iovec *part, size_t parts)
{
	static bool stuck;
	struct pollfd wait = { .fd = tracer->socket, .events = POLLOUT };
	struct msghdr message = { .msg_iov = part, .msg_iovlen = parts };

	if (tracer->socket < 0)
		return true;
	for (unsigned tries = 0; tries < 64; tries++) {
		if (sendmsg(tracer->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			__atomic_fetch_add(&tracer->page->sent, parts, __ATOMIC_RELAXED);
			stuck = false;
			return true;
		}
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (errno == EAGAIN && (stuck || poll(&wait, 1, WAIT_MS) == 0)) {
			stuck = true;
			return false;
		}
	}
	return false;
}

void zc_report_catch_up(struct zc_tracer *tracer)
{
	struct iovec part = { later.bytes, later.size };

	later.size = 0;
	if (part.iov_len)
		send_parts(tracer, &part, 1);
}

/* A wake-up and a datagram cost more than what is in them: what was put off goes along. */
static bool send_frame(struct zc_tracer *tracer, size_t size)
{
	struct iovec part[2] = { { later.bytes, later.size }, { frame, size } };
	bool both = later.size && later.size + size <= ZC_FRAME_MAX;

	if (!both)
		zc_report_catch_up(tracer);
	later.size = 0;
	return both ? send_parts(tracer, part, 2) : send_parts(tracer, &part[1], 1);
}

static void send_later(struct zc_tracer *tracer, size_t size)
{
	if (size > sizeof(later.bytes)) {
		send_frame(tracer, size);
		return;
	}
	zc_report_catch_up(tracer);
	memcpy(later.bytes, frame, size);
	later.size = size;
}

static struct zc_frame_head *begin(const struct zc_tracer *tracer, struct zc_frame_writer *writer,
				   const struct zc_tracee *tracee, unsigned type)
{
	struct zc_frame_head *head = zc_frame_begin(writer, frame, sizeof(frame), type);

	head->real_ns = now(CLOCK_REALTIME);
	head->mono_ns = now(CLOCK_MONOTONIC);
	head->exec_id = tracee->exec_id;
	head->source = tracer->engine->source;
	head->pid = tracee->tgid ? tracee->tgid : tracee->tid;
	head->tid = tracee->tid;
	head->ppid = tracee->ppid;
	head->uid = tracee->uid;
	if (head->tid != head->pid)
		head->flags |= ZC_FRAME_THREADED;
	return head;
}

static void finish(struct zc_tracer *tracer, struct zc_frame_writer *writer, bool is_record)
{
	if (!send_frame(tracer, zc_frame_end(writer)) && is_record)
		count(&tracer->page->lost);
}

static void put_text(struct zc_frame_writer *writer, unsigned field, const char *text)
{
	if (text)
		zc_frame_put(writer, field, text, strlen(text));
}

/* ---- records ---- */

static void put_maps(struct zc_frame_writer *writer, struct zc_tracee *tracee)
{
	void *at = zc_frame_reserve(writer, ZC_FIELD_MAPS, MAPS_MAX);

	if (at)
		zc_frame_shrink(writer, at, zc_maps_wire(tracee, at, MAPS_MAX));
}

/* Code that was mapped since the last time: the collector unwinds with what it was told. */
static void tell_maps(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	for (unsigned frames = 0; frames < 64 && zc_mapped_refresh(tracee); frames++) {
		struct zc_frame_writer writer;
		struct zc_frame_head *head = begin(tracer, &writer, tracee, ZC_FRAME_NOTE);

		head->code = ZC_NOTE_MAPS;
		put_maps(&writer, tracee);
		finish(tracer, &writer, false);
	}
}

/* While the caller waits: what it is about to read or run is what is hashed, as far as one can know. */
static void put_digest(const struct zc_tracer *tracer, struct zc_frame_writer *writer,
		       const struct zc_event *event, struct zc_verdict verdict, int held)
{
	struct zc_wire_digest digest;

	if (zc_file_digest_wanted(tracer->options->digest, event->op, verdict.action) &&
	    zc_file_digest_held(held, &digest))
		zc_frame_put(writer, ZC_FIELD_DIGEST, &digest, sizeof(digest));
}

static void send_record(struct zc_tracer *tracer, struct zc_tracee *tracee,
			const struct zc_event *event, struct zc_verdict verdict,
			const struct zc_snapshot *snapshot, uint64_t fingerprint, uint64_t repeat,
			int file)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;

	if (snapshot)
		tell_maps(tracer, tracee);
	head = begin(tracer, &writer, tracee, ZC_FRAME_RECORD);
	head->fingerprint = fingerprint;
	head->repeat = repeat ? repeat : 1;
	if (repeat >= ZC_SEND_REPEATS)
		head->flags |= ZC_FRAME_REPEATS;
	zc_record_put(&writer, head, event, verdict);
	put_digest(tracer, &writer, event, verdict, file);
	if (zc_judge_dac_refuses(tracee, event, verdict))
		head->flags |= ZC_FRAME_DAC_REFUSES;
	/* The walk is for 64-bit code, which may well make a 32-bit call. */
	if (snapshot && snapshot->regs.sp <= UINT32_MAX && tracee->abi == ZC_ABI_I386) {
		uint64_t pcs[NARROW_FRAMES];
		unsigned count = zc_narrow_walk(tracee, snapshot, pcs, NARROW_FRAMES);

		zc_frame_put(&writer, ZC_FIELD_PCS, pcs, count * sizeof(*pcs));
	} else if (snapshot) {
		zc_frame_put(&writer, ZC_FIELD_REGS, &snapshot->regs, sizeof(snapshot->regs));
		zc_frame_put(&writer, ZC_FIELD_STACK, &snapshot->stack, snapshot->stack_len);
		zc_tracee_lang_put(tracee, snapshot, &writer);
	}
	finish(tracer, &writer, true);
}

/* Who asked does not matter, and a stack would cost more than all the rest: each thing once. */
static void report_learnt(struct zc_tracer *tracer, struct zc_tracee *tracee,
			  const struct zc_event *event, struct zc_verdict verdict, int file)
{
	uint64_t fingerprint = zc_fingerprint_learnt(event), repeat;

	count(&tracer->page->records);
	repeat = zc_page_count(tracer->page, fingerprint);
	if (repeat <= 1)
		send_record(tracer, tracee, event, verdict, NULL, fingerprint, repeat, file);
}

void zc_report_record(struct zc_tracer *tracer, struct zc_tracee *tracee,
		      const struct zc_event *event, struct zc_verdict verdict, int file)
{
	uint64_t module, offset, fingerprint, repeat;
	const struct zc_snapshot *snapshot;
	bool held;

	if (verdict.action == ZC_REFUSED_QUIET) {
		count(&tracer->page->quiet);
		return;
	}
	if (tracer->image->flags & ZC_IMAGE_LEARN) {
		report_learnt(tracer, tracee, event, verdict, file);
		return;
	}
	snapshot = zc_snapshot_take(tracer, tracee);
	zc_caller_find(tracee, snapshot, &module, &offset);
	fingerprint =
		zc_fingerprint(tracer->image, event, verdict, tracee->program_hash, module, offset);
	count(&tracer->page->records);
	repeat = zc_page_count(tracer->page, fingerprint);
	if (repeat > ZC_SEND_REPEATS)
		return;
	held = verdict.action == ZC_REFUSED && tracer->engine->hold &&
	       tracer->engine->hold(tracer, tracee, verdict.error) == 0;
	if (held)
		snapshot = zc_snapshot_take(tracer, tracee);
	send_record(tracer, tracee, event, verdict, snapshot, fingerprint, repeat, file);
	if (held)
		tracer->engine->let_go(tracer, tracee);
}

bool zc_report_ask(struct zc_tracer *tracer, struct zc_tracee *tracee, const struct zc_event *event,
		   struct zc_verdict verdict, uint64_t key, uint64_t number)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;

	if (tracer->socket < 0)
		return false;
	head = begin(tracer, &writer, tracee, ZC_FRAME_ASK);
	head->fingerprint = key;
	head->repeat = number;
	zc_record_put(&writer, head, event, verdict);
	return send_frame(tracer, zc_frame_end(&writer));
}

/* ---- everything that is not a verdict ---- */

void zc_report_note(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_note note,
		    const char *text)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head = begin(tracer, &writer, tracee, ZC_FRAME_NOTE);

	head->code = (uint16_t)note;
	put_text(&writer, note == ZC_NOTE_CHROOT ? ZC_FIELD_PATH : ZC_FIELD_TEXT, text);
	finish(tracer, &writer, false);
}

void zc_report_bypass(struct zc_tracer *tracer, struct zc_tracee *tracee,
		      const struct zc_call_stop *stop)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;

	tell_maps(tracer, tracee);
	head = begin(tracer, &writer, tracee, ZC_FRAME_NOTE);
	head->code = ZC_NOTE_BYPASS;
	head->call = (uint16_t)stop->call;
	head->abi = (uint8_t)stop->abi;
	zc_frame_put(&writer, ZC_FIELD_PCS, &stop->ip, sizeof(stop->ip));
	finish(tracer, &writer, false);
}

static void put_argv(struct zc_frame_writer *writer, pid_t tid)
{
	char *field = zc_frame_reserve(writer, ZC_FIELD_ARGV, ARGV_MAX);
	ssize_t len = 0;
	char path[32];
	int fd;

	if (!field)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, field, ARGV_MAX);
		close(fd);
	}
	if (len == (ssize_t)ARGV_MAX)
		while (len > 0 && field[len - 1])
			len--; /* the argument that is cut off is left out */
	zc_frame_shrink(writer, field, len > 0 ? (size_t)len : 0);
}

static void put_link(struct zc_frame_writer *writer, unsigned field, pid_t tid, const char *name)
{
	char *at = zc_frame_reserve(writer, field, ZC_PATH_CAP);
	char path[32];
	ssize_t len;

	if (!at)
		return;
	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	len = readlink(path, at, ZC_PATH_CAP);
	zc_frame_shrink(writer, at, len > 0 ? (size_t)len : 0);
}

void zc_report_sign_in(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	struct zc_frame_writer writer;

	begin(tracer, &writer, tracee, ZC_FRAME_SIGN_IN);
	put_text(&writer, ZC_FIELD_EXE, tracee->exe);
	put_argv(&writer, tracee->tid);
	put_link(&writer, ZC_FIELD_CWD, tracee->tid, "cwd");
	/* What is mapped follows with the first record: most programs have none, and looking is dear. */
	finish(tracer, &writer, false);
}

void zc_report_fork(struct zc_tracer *tracer, struct zc_tracee *child)
{
	struct zc_frame_writer writer;

	count(&tracer->page->forks);
	begin(tracer, &writer, child, ZC_FRAME_FORK);
	if (tracer->notify) /* the child waits for the answer to its call, and most become another program soon */
		send_later(tracer, zc_frame_end(&writer));
	else
		finish(tracer, &writer, false);
}

void zc_report_exit(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head = begin(tracer, &writer, tracee, ZC_FRAME_EXIT);

	if (WIFEXITED(status))
		head->error = (uint16_t)WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		head->code = (uint16_t)WTERMSIG(status);
	finish(tracer, &writer, false);
}
