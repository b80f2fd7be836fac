/* SPDX-License-Identifier: MIT */
/*
 * view.c - judged calls as lines for people, and as a table.
 *
 *   [4711 cat] openat(AT_FDCWD, "link"</etc/shadow>, O_RDONLY) = EACCES, denied by deny-read ... (@dev)
 *
 * Arguments are spelled by the roles of the call's row. What a program chose is made safe for a
 * terminal. Whoever does not take a line for a second does not get it, nor the next until there is
 * room again: the tracee waits meanwhile.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/flags.h"
#include "text/text.h"
#include "tracer/tracer.h"
#include "tracer/view.h"

#define LINE_MAX_BYTES (3 * ZC_PATH_CAP)
#define WAIT_MS 1000

/* For the table. There is one tracer a process. */
static struct tally {
	uint64_t judged, refused, recorded;
} tallies[ZC_CALL_COUNT];

static uint64_t dropped; /* blocks that nobody took */
static bool stuck;       /* the last one was not taken: no more waiting until one is */

/* A pipe that polls as writable takes PIPE_BUF bytes at once (pipe(7)), so a write never waits. */
static void send_text(int fd, const char *text, size_t len)
{
	while (len) {
		struct pollfd poller = { .fd = fd, .events = POLLOUT };
		size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
		ssize_t n;

		if (poll(&poller, 1, stuck ? 0 : WAIT_MS) <= 0 || !(poller.revents & POLLOUT)) {
			dropped++;
			stuck = true;
			return;
		}
		stuck = false;
		n = write(fd, text, piece);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			text += n, len -= (size_t)n;
	}
}

static void put(struct zc_line *line, const char *format, ...) ZC_PRINTF(2, 3);
static void put(struct zc_line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->len, line->cap - line->len, format, args);
	va_end(args);
	line->len += n < 0 ? 0 : (size_t)n;
	if (line->len >= line->cap)
		line->len = line->cap - 1;
}

static void put_shown(struct zc_line *line, const char *text, size_t len)
{
	if (line->len + 8 < line->cap)
		line->len +=
			zc_text_show_in(line->text + line->len, line->cap - line->len, text, len);
}

static void put_object(struct zc_line *line, const struct zc_object *object)
{
	put(line, "\"");
	put_shown(line, object->requested, object->requested_len);
	put(line, "\"");
	if (!object->path || (object->path_len == object->requested_len &&
			      !memcmp(object->path, object->requested, object->path_len)))
		return;
	put(line, "<");
	put_shown(line, object->path, object->path_len);
	put(line, ">");
}

static void put_fd(struct zc_line *line, const struct zc_event *event, int fd)
{
	const struct zc_object *object = &event->object[0];

	put(line, fd == -100 ? "AT_FDCWD" : "%d", fd);
	if (event->objects && (object->flags & ZC_OBJ_BY_FD) && object->dirfd == fd &&
	    object->path) {
		put(line, "<");
		put_shown(line, object->path, object->path_len);
		put(line, ">");
	}
}

static void put_argument(struct zc_line *line, const struct zc_event *event, unsigned i,
			 unsigned *paths)
{
	unsigned role = zc_calls[event->call].role[i];
	char text[512];

	switch (role) {
	case ZC_ROLE_PATH:
	case ZC_ROLE_ENTRY:
		if (*paths < event->objects && event->object[*paths].requested) {
			put_object(line, &event->object[(*paths)++]);
			return;
		}
		++*paths;
		break;
	case ZC_ROLE_DIRFD:
	case ZC_ROLE_FD: put_fd(line, event, (int)event->args[i]); return;
	case ZC_ROLE_SOCKADDR:
	case ZC_ROLE_MSGHDR:
	case ZC_ROLE_MMSGHDR:
		if (event->flags & ZC_EV_HAS_PEER) {
			put_shown(line, text, zc_endpoint_print(&event->peer, text, sizeof(text)));
			return;
		}
		break;
	case ZC_ROLE_HOW:
		zc_flags_text(ZC_ROLE_OFLAGS, event->oflags, text, sizeof(text));
		put(line, "{%s}", text);
		return;
	default: break;
	}
	zc_argument_text(role, event->args[i], text, sizeof(text));
	put(line, "%s", text);
}

static void put_verdict(struct zc_line *line, const struct zc_image *image,
			struct zc_verdict verdict)
{
	const struct zc_image_rule *rule = zc_image_rule(image, verdict.rule);
	const char *error = verdict.error ? zc_errno_name(verdict.error) : NULL;

	if (verdict.action == ZC_ALLOWED) {
		put(line, " = allowed");
		return;
	}
	put(line, " = %s%s%s", error ? error : "", error ? ", " : "",
	    verdict.action == ZC_REFUSED_QUIET ? "denied quietly" : zc_action_name(verdict.action));
	if (verdict.reason != ZC_WHY_RULE) {
		put(line, ", %s", zc_reason_text(verdict.reason));
	} else if (rule) {
		const char *text = zc_image_text(image, rule->text),
			   *source = zc_image_text(image, rule->source);

		put(line, " by ");
		put_shown(line, text, strlen(text));
		put(line, " (");
		put_shown(line, source, strlen(source));
		put(line, ")");
	}
}

static void put_who(struct zc_line *line, const struct zc_tracee *tracee)
{
	const char *slash = tracee->exe ? strrchr(tracee->exe, '/') : NULL;
	const char *name = slash ? slash + 1 : tracee->exe ? tracee->exe : "?";

	put(line, "[%d ", (int)tracee->tid);
	put_shown(line, name, strnlen(name, 64));
	put(line, "] ");
}

/* -e: is this call's class among those asked for? */
static bool is_wanted(const char *classes, unsigned class)
{
	const char *name = zc_class_name(class);
	size_t len = strlen(name);

	for (const char *at = classes; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || !at[len]))
			return true;
	return !classes;
}

static void count(const struct zc_event *event, struct zc_verdict verdict)
{
	struct tally *tally = &tallies[event->call];

	tally->judged++;
	tally->refused += zc_refuses(verdict);
	tally->recorded += verdict.action == ZC_AUDITED || verdict.action == ZC_LOGGED;
}

static void send_stack(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	zc_view_stack(tracer, tracee, out);
	if (fclose(out) == 0)
		send_text(fileno(tracer->options->view), text, len);
	free(text);
}

void zc_view_call(struct zc_tracer *tracer, struct zc_tracee *tracee, const struct zc_event *event,
		  struct zc_verdict verdict)
{
	const struct zc_tracer_options *options = tracer->options;
	char text[LINE_MAX_BYTES];
	struct zc_line line = { text, 0, sizeof(text) - 1 };
	const struct zc_call *call;
	unsigned paths = 0;

	if (event->call >= ZC_CALL_COUNT)
		return;
	call = &zc_calls[event->call];
	count(event, verdict);
	if (!options->verbose || !options->view || !is_wanted(options->classes, call->class))
		return;
	put_who(&line, tracee);
	put(&line, "%s%s%s(", event->abi ? zc_abi_name(event->abi) : "", event->abi ? ":" : "",
	    call->name);
	for (unsigned i = 0; i < ZC_LEN(call->role) && call->role[i] != ZC_ROLE_NONE; i++) {
		put(&line, "%s", i ? ", " : "");
		put_argument(&line, event, i, &paths);
	}
	put(&line, ")");
	put_verdict(&line, tracer->image, verdict);
	text[line.len++] = '\n';
	send_text(fileno(options->view), text, line.len);
	if (options->stacks)
		send_stack(tracer, tracee);
}

/* --- the table --------------------------------------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
	const struct tally *x = &tallies[*(const unsigned *)a], *y = &tallies[*(const unsigned *)b];

	return x->judged == y->judged ? 0 : x->judged < y->judged ? 1 : -1;
}

static void print_table(FILE *out)
{
	unsigned order[ZC_CALL_COUNT], used = 0;
	struct tally total = { 0 };

	for (unsigned i = 0; i < ZC_CALL_COUNT; i++)
		if (tallies[i].judged)
			order[used++] = i;
	qsort(order, used, sizeof(*order), by_count);
	fprintf(out, "%12s %12s %12s  %s\n", "judged", "refused", "recorded", "call");
	for (unsigned i = 0; i < used; i++) {
		const struct tally *tally = &tallies[order[i]];

		fprintf(out, "%12" PRIu64 " %12" PRIu64 " %12" PRIu64 "  %s\n", tally->judged,
			tally->refused, tally->recorded, zc_calls[order[i]].name);
		total.judged += tally->judged;
		total.refused += tally->refused;
		total.recorded += tally->recorded;
	}
	fprintf(out, "%12" PRIu64 " %12" PRIu64 " %12" PRIu64 "  total\n", total.judged,
		total.refused, total.recorded);
}

void zc_view_end(struct zc_tracer *tracer)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = tracer->options->view ? open_memstream(&text, &len) : NULL;

	zc_view_stack_finish();
	if (!out)
		return;
	if (tracer->options->summary)
		print_table(out);
	if (dropped)
		fprintf(out, "zctrace: %" PRIu64 " of these lines were not taken in time\n",
			dropped);
	if (fclose(out) == 0)
		send_text(fileno(tracer->options->view), text, len);
	free(text);
}
