/* SPDX-License-Identifier: MIT */
/*
 * ask.c - resolves names anew before an address is refused that one of them may have come to.
 *
 * A child does it: resolving waits, takes memory, and loads modules of libc's choice. It has two seconds,
 * one thread a name, and a pipe. A call that waits for it is set aside; all others are judged meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tracer/engine.h"
#include "tracer/names/names.h"

#define MOST_NAMES 16u /* at once */
#define RECENT 256u    /* names whose last asking is remembered */
#define TIME_LIMIT_S 2u

/* One address that a name has come to; so small that a pipe takes it whole. */
struct found {
	uint32_t name;
	struct zc_dns_address address;
};

struct wish {
	uint8_t len;
	char name[ZC_NAME_CAP];
};

static struct wish wishes[MOST_NAMES]; /* of the child that runs, or of the next */
static unsigned wish_count;
static pid_t child; /* 0: none */
static int answers = -1;
static bool taking_up;
static struct {
	uint64_t hash, asked_ms;
} recent[RECENT];

/* --- the child ------------------------------------------------------------------------------------- */

static int out = -1;

static void *resolve(void *context)
{
	const struct wish *wish = context;
	struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list = NULL;
	unsigned count = 0;

	if (getaddrinfo(wish->name, NULL, &want, &list) != 0)
		return NULL;
	for (struct addrinfo *at = list; at && count < ZC_DNS_ADDRESSES;
	     at = at->ai_next, count++) {
		struct found found = { .name = (uint32_t)(wish - wishes) };
		struct zc_endpoint endpoint;

		if (zc_endpoint_parse(&endpoint, at->ai_addr, at->ai_addrlen) < 0)
			continue;
		found.address.family = endpoint.family;
		memcpy(found.address.addr, endpoint.addr, sizeof(endpoint.addr));
		if (write(out, &found, sizeof(found)) != (ssize_t)sizeof(found))
			break;
	}
	freeaddrinfo(list);
	return NULL;
}

/* Nothing of the tracer's is open here: no listener, no socket that somebody waits on the end of. */
static void be_child(int pipe_end, pid_t parent)
{
	pthread_t thread[MOST_NAMES];
	bool running[MOST_NAMES];
	sigset_t none;

	out = dup2(pipe_end, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(TIME_LIMIT_S);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (out < 0 || getppid() != parent)
		_exit(1);
	for (unsigned i = 0; i < wish_count; i++)
		running[i] = pthread_create(&thread[i], NULL, resolve, &wishes[i]) == 0;
	for (unsigned i = 0; i < wish_count; i++)
		if (running[i])
			pthread_join(thread[i], NULL);
	_exit(0);
}

static bool start_child(void)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0)
		be_child(ends[1], parent);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		child = 0;
		return false;
	}
	answers = ends[0];
	return true;
}

/* --- which names ----------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Once a second; of two names in one place the newer is remembered. */
static bool is_due(const char *name, size_t len)
{
	uint64_t hash = zc_hash_bytes(name, len, 0), now = now_ms();
	unsigned at = (unsigned)hash & (RECENT - 1);

	if (recent[at].hash == hash && now < recent[at].asked_ms + 1000)
		return false;
	recent[at].hash = hash;
	recent[at].asked_ms = now;
	return true;
}

static void wish_for(const char *name, size_t len)
{
	struct wish *wish = &wishes[wish_count];

	for (unsigned i = 0; i < wish_count; i++)
		if (wishes[i].len == len && !memcmp(wishes[i].name, name, len))
			return;
	if (wish_count == MOST_NAMES || !is_due(name, len))
		return;
	wish->len = (uint8_t)len;
	memcpy(wish->name, name, len);
	wish->name[len] = '\0';
	wish_count++;
}

static uint64_t allow_bits(void)
{
	uint64_t bits = ZC_MASK_BASE(0);

	for (unsigned says = ZC_SAYS_ALLOW; says <= ZC_SAYS_ASK; says++)
		bits |= ZC_MASK_PROFILE(0, says) | ZC_MASK_USER(0, says);
	return bits;
}

struct search {
	const struct zc_image *image;
	uint16_t port;
};

static bool wish_for_asked(void *context, const char *name, size_t len)
{
	const struct search *search = context;
	const struct zc_image_name *row;
	struct zc_name_walk walk;

	zc_name_first(&walk, search->image, name, len, search->port);
	while ((row = zc_name_next(&walk)) != NULL)
		if (row->mask & allow_bits()) {
			wish_for(name, len);
			break;
		}
	return wish_count < MOST_NAMES;
}

/* What was asked for is the likeliest; then every name that a rule allows on that port. */
static void gather(const struct zc_image *image, uint16_t port)
{
	const struct zc_image_name *names = zc_image_at(image, image->names);
	const char *strings = zc_image_at(image, image->strings);
	struct search search = { image, port };

	wish_count = 0;
	zc_seen_asked(wish_for_asked, &search);
	for (uint32_t i = 0; i < image->names.count; i++)
		if (!names[i].wild && names[i].mask & allow_bits() &&
		    (!names[i].port || names[i].port == port))
			wish_for(strings + names[i].name, names[i].len);
}

/* --- the call that waits --------------------------------------------------------------------------- */

static bool may_help(const struct zc_case *c)
{
	const struct zc_event *event = &c->event;
	const struct zc_image *image = c->tracer->image;

	return event->flags & ZC_EV_HAS_PEER && c->verdict.cls == ZC_CLASS_NET &&
	       c->verdict.reason == ZC_WHY_NO_ALLOW && image->flags & ZC_IMAGE_DNS &&
	       zc_names_wanted(image) && zc_name_may_lead_to(image, &event->peer) &&
	       (!c->tracer->options->attach || c->tracer->options->enforce);
}

bool zc_ask_first(struct zc_case *c)
{
	struct zc_tracee *tracee = c->tracee;
	bool tried = taking_up && tracee->aside == ZC_ASIDE_TRIED;

	tracee->aside = ZC_ASIDE_NO;
	if (!may_help(c) || tried)
		return false;
	if (!child) {
		gather(c->tracer->image, c->event.peer.port);
		if (!wish_count || !start_child())
			return false;
		tracee->aside = ZC_ASIDE_TRIED;
	} else {
		tracee->aside = ZC_ASIDE_WAITS; /* its names may be others: it may ask once more */
	}
	if (c->tracer->engine->set_aside(c->tracer, tracee) == 0)
		return true;
	tracee->aside = ZC_ASIDE_NO;
	return false;
}

static void take_answers(struct zc_tracer *tracer)
{
	struct found found;

	while (read(answers, &found, sizeof(found)) == (ssize_t)sizeof(found))
		if (found.name < wish_count)
			zc_peers_learn(tracer->image, &found.address, wishes[found.name].name,
				       wishes[found.name].len, ZC_HOST_REFRESHED, 0);
	close(answers);
	answers = -1;
}

bool zc_ask_ended(struct zc_tracer *tracer, pid_t pid)
{
	if (!child || pid != child)
		return false;
	child = 0;
	take_answers(tracer);
	return true;
}

void zc_ask_take_up(struct zc_tracer *tracer)
{
	taking_up = true;
	tracer->engine->take_up(tracer);
	taking_up = false;
}

void zc_ask_stop(void)
{
	if (child)
		kill(child, SIGKILL);
}
