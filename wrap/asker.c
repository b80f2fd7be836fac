/* SPDX-License-Identifier: MIT */
/*
 * asker.c - the thread that asks. Whoever waits for it is a shim, on its slot of the shared page, or
 * zctrace, on the control socket; the rest of the run goes on.
 *
 * "Always" and "no" hold for the same question until the run ends, as does that nobody answered: a program
 * that tries again and again does not ask again and again. "Yes" is once.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "text/array.h"
#include "wrap/wrap.h"

struct question {
	struct question *next;
	uint64_t key;
	uint32_t number; /* of the tracer's; 0: a shim's */
	uint32_t slot;
	char *text;
};

struct answer {
	uint64_t key;
	enum zc_asked said;
};

struct zc_asker {
	struct zc_asker_setup setup;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct question *first, **last;
	struct answer *known; /* the thread's alone */
	size_t known_count, known_cap;
	volatile bool stop;
};

static enum zc_asked recall(const struct zc_asker *asker, uint64_t key)
{
	for (size_t i = 0; i < asker->known_count; i++)
		if (asker->known[i].key == key)
			return asker->known[i].said;
	return ZC_ASKED_NOT;
}

static void remember(struct zc_asker *asker, uint64_t key, enum zc_asked said)
{
	struct answer *known;

	if (said == ZC_ASKED_YES)
		return;
	known = zc_array_grow(asker->known, asker->known_count, &asker->known_cap, sizeof(*known),
			      16);
	if (!known)
		return; /* it is asked again */
	asker->known = known;
	known[asker->known_count++] = (struct answer){ key, said };
}

static void deliver(struct zc_asker *asker, const struct question *question, enum zc_asked said)
{
	struct zc_control word = { ZC_CONTROL_ANSWER, 0, (int32_t)question->number, (int32_t)said };
	struct zc_page_ask *ask;

	if (question->number) {
		send(asker->setup.control, &word, sizeof(word), MSG_NOSIGNAL);
		return;
	}
	ask = &asker->setup.page->asks[question->slot];
	__atomic_store_n(&ask->answer, (uint32_t)said, __ATOMIC_RELEASE);
	__atomic_store_n(&ask->state, 2, __ATOMIC_RELEASE);
	syscall(SYS_futex, &ask->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void handle(struct zc_asker *asker, const struct question *question)
{
	enum zc_asked said = recall(asker, question->key);

	if (said == ZC_ASKED_NOT) {
		said = question->text ? zc_ask_terminal(question->text, asker->setup.timeout_ms,
							&asker->stop)
				      : ZC_ASKED_NO_TERMINAL;
		remember(asker, question->key, said);
	}
	deliver(asker, question, said);
}

static void *run(void *context)
{
	struct zc_asker *asker = context;

	pthread_mutex_lock(&asker->lock);
	while (!asker->stop) {
		struct question *question = asker->first;

		if (!question) {
			pthread_cond_wait(&asker->more, &asker->lock);
			continue;
		}
		asker->first = question->next;
		if (!asker->first)
			asker->last = &asker->first;
		pthread_mutex_unlock(&asker->lock);
		handle(asker, question);
		free(question->text);
		free(question);
		pthread_mutex_lock(&asker->lock);
	}
	pthread_mutex_unlock(&asker->lock);
	return NULL;
}

static bool may_ask(const struct zc_image *image)
{
	const struct zc_image_rule *rules = zc_image_at(image, image->rules);

	for (uint32_t i = 0; i < image->rules.count; i++)
		if (rules[i].says == ZC_SAYS_ASK)
			return !(image->flags & ZC_IMAGE_AUDIT);
	return false;
}

int zc_asker_start(struct zc_asker **ret, const struct zc_asker_setup *setup)
{
	struct zc_asker *asker;
	int r;

	*ret = NULL;
	if (!may_ask(setup->image))
		return 0;
	asker = calloc(1, sizeof(*asker));
	if (!asker)
		return -ENOMEM;
	asker->setup = *setup;
	asker->last = &asker->first;
	pthread_mutex_init(&asker->lock, NULL);
	pthread_cond_init(&asker->more, NULL);
	r = pthread_create(&asker->thread, NULL, run, asker);
	if (r != 0) {
		free(asker);
		return -r;
	}
	*ret = asker;
	return 0;
}

/* Fields are read as structures: the frame must be aligned. */
static bool decode(const void *bytes, size_t size, uint64_t *aligned, struct zc_frame *ret)
{
	const struct zc_frame_head *head = bytes;
	uint16_t type;

	if (size < sizeof(*head) || size > ZC_FRAME_MAX)
		return false;
	memcpy(&type, (const char *)bytes + offsetof(struct zc_frame_head, type), sizeof(type));
	if (type != ZC_FRAME_ASK)
		return false;
	memcpy(aligned, bytes, size);
	return zc_frame_decode(ret, aligned, size) > 0;
}

bool zc_asker_take(struct zc_asker *asker, const void *bytes, size_t size, bool outside)
{
	static uint64_t aligned[ZC_FRAME_MAX / 8]; /* the clerk's alone */
	struct question *question;
	struct zc_frame frame;

	if (!decode(bytes, size, aligned, &frame))
		return false;
	if (!asker || (!outside && (frame.head.code == 0 || frame.head.code > ZC_PAGE_ASKS)))
		return true;
	question = calloc(1, sizeof(*question));
	if (!question)
		return true; /* nobody answers: zctrace and shims wait no longer than we live */
	question->key = frame.head.fingerprint;
	question->number = outside ? (uint32_t)frame.head.repeat : 0;
	question->slot = outside ? 0 : frame.head.code - 1u;
	question->text = zc_ask_text(asker->setup.image, &frame);
	pthread_mutex_lock(&asker->lock);
	*asker->last = question;
	asker->last = &question->next;
	pthread_cond_signal(&asker->more);
	pthread_mutex_unlock(&asker->lock);
	return true;
}

void zc_asker_finish(struct zc_asker *asker)
{
	if (!asker)
		return;
	pthread_mutex_lock(&asker->lock);
	asker->stop = true;
	pthread_cond_signal(&asker->more);
	pthread_mutex_unlock(&asker->lock);
	pthread_join(asker->thread, NULL);
	while (asker->first) {
		struct question *question = asker->first;

		asker->first = question->next;
		free(question->text);
		free(question);
	}
	free(asker->known);
	free(asker);
}
