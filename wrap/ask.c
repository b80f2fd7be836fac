/* SPDX-License-Identifier: MIT */
/*
 * ask.c - what ask- rules ask, on the terminal that zcwrap has and the command may be using.
 *
 * zcwrap is in the terminal's foreground group, or nobody is asked: who works in the background must not
 * take somebody's typing. What was typed before the question is thrown away. The terminal gets lines with echo
 * as long as the question stands, and its own settings back, unless somebody has changed them meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/event.h"
#include "text/text.h"
#include "wrap/wrap.h"

#define SLICE_MS 100 /* how often somebody looks whether the run is over */
#define TEXT_MAX 4096u

/* ---- the terminal ---- */

static void make_sane(struct termios *settings)
{
	settings->c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
	settings->c_iflag |= ICRNL;
	settings->c_iflag &= ~(tcflag_t)(IGNCR | INLCR);
	settings->c_oflag |= OPOST | ONLCR;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t put = write(fd, text, len);

		if (put <= 0)
			return;
		text += put;
		len -= (size_t)put;
	}
}

static enum zc_asked answer_of(const char *line)
{
	static const struct {
		const char *word;
		enum zc_asked answer;
	} words[] = { { "y", ZC_ASKED_YES },
		      { "yes", ZC_ASKED_YES },
		      { "a", ZC_ASKED_ALWAYS },
		      { "always", ZC_ASKED_ALWAYS } };
	size_t len = strcspn(line, " \t\r\n");

	for (size_t i = 0; i < ZC_LEN(words); i++)
		if (strlen(words[i].word) == len && strncasecmp(line, words[i].word, len) == 0)
			return words[i].answer;
	return ZC_ASKED_NO;
}

static enum zc_asked wait_for_line(int fd, int64_t timeout_ms, const volatile bool *stop)
{
	int64_t end = timeout_ms == ZC_FOREVER ? ZC_FOREVER : zc_now_ms() + timeout_ms;
	char line[64] = "";

	while (!*stop && zc_now_ms() < end) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&wait, 1, SLICE_MS) <= 0)
			continue;
		got = read(fd, line, sizeof(line) - 1);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0) /* EIO: somebody else has the foreground now */
			return ZC_ASKED_NO_TERMINAL;
		line[got] = '\0';
		return answer_of(line);
	}
	return ZC_ASKED_TIMEOUT;
}

enum zc_asked zc_ask_terminal(const char *question, int64_t timeout_ms, const volatile bool *stop)
{
	struct termios before, ours, after;
	enum zc_asked answer;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return ZC_ASKED_NO_TERMINAL;
	if (tcgetpgrp(fd) != getpgrp() || tcgetattr(fd, &before) < 0) {
		close(fd);
		return ZC_ASKED_NO_TERMINAL;
	}
	ours = before;
	make_sane(&ours);
	tcsetattr(fd, TCSAFLUSH, &ours);
	say(fd, question);
	answer = wait_for_line(fd, timeout_ms, stop);
	if (answer == ZC_ASKED_TIMEOUT)
		say(fd, "\nzcwrap: nobody has answered: no\n");
	if (tcgetattr(fd, &after) == 0 && after.c_lflag == ours.c_lflag &&
	    after.c_iflag == ours.c_iflag && after.c_oflag == ours.c_oflag)
		tcsetattr(fd, TCSADRAIN, &before);
	close(fd);
	return answer;
}

/* ---- the words ---- */

struct text {
	char *at;
	size_t len;
};

static void add(struct text *text, const char *plain)
{
	size_t len = strlen(plain);

	if (text->len + len >= TEXT_MAX)
		len = TEXT_MAX - 1 - text->len;
	memcpy(text->at + text->len, plain, len);
	text->len += len;
	text->at[text->len] = '\0';
}

/* What a program chose: nothing of it steers the terminal. */
static void add_shown(struct text *text, const char *bytes, size_t len)
{
	char shown[2048];
	size_t n = zc_text_show_in(shown, sizeof(shown) - 1, bytes, len < 400 ? len : 400);

	shown[n] = '\0';
	add(text, shown);
	if (len > 400)
		add(text, " ...");
}

static void add_object(struct text *text, const struct zc_frame *frame)
{
	const char *argv = frame->field[ZC_FIELD_ARGV].bytes;
	size_t len = frame->field[ZC_FIELD_ARGV].len;
	struct zc_endpoint peer;
	char address[160];

	if (frame->head.op == ZC_OP_EXEC && argv) {
		for (size_t at = 0; at < len; at += strnlen(argv + at, len - at) + 1) {
			add(text, at ? " " : "");
			add_shown(text, argv + at, strnlen(argv + at, len - at));
		}
		add(text, "  =  ");
	}
	if (frame->field[ZC_FIELD_PATH].bytes) {
		add_shown(text, frame->field[ZC_FIELD_PATH].bytes, frame->field[ZC_FIELD_PATH].len);
	} else if (frame->field[ZC_FIELD_ENDPOINT].len == sizeof(peer)) {
		memcpy(&peer, frame->field[ZC_FIELD_ENDPOINT].bytes, sizeof(peer));
		if (peer.name_len <= sizeof(peer.name))
			add_shown(text, address,
				  zc_endpoint_print(&peer, address, sizeof(address)));
	}
	if (frame->field[ZC_FIELD_PATH2].bytes) {
		add(text, " -> ");
		add_shown(text, frame->field[ZC_FIELD_PATH2].bytes,
			  frame->field[ZC_FIELD_PATH2].len);
	}
}

static void add_program(struct text *text, pid_t pid)
{
	char link[32], exe[ZC_PATH_CAP], number[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	len = readlink(link, exe, sizeof(exe));
	if (len > 0)
		add_shown(text, exe, (size_t)len);
	snprintf(number, sizeof(number), "%s(process %d)", len > 0 ? " " : "", pid);
	add(text, number);
}

char *zc_ask_text(const struct zc_image *image, const struct zc_frame *frame)
{
	const struct zc_image_rule *rule = zc_image_rule(image, frame->head.rule);
	struct text text = { calloc(1, TEXT_MAX), 0 };

	if (!text.at)
		return NULL;
	add(&text, "\nzcwrap: ");
	add_program(&text, frame->head.pid);
	add(&text, " asks for ");
	add(&text, zc_op_name(frame->head.op));
	add(&text, ":\n  ");
	add_object(&text, frame);
	if (rule) {
		const char *says = zc_image_text(image, rule->text);
		const char *source = zc_image_text(image, rule->source);

		add(&text, "\n  rule: ");
		add_shown(&text, says, strlen(says));
		add(&text, " (");
		add_shown(&text, source, strlen(source));
		add(&text, ")");
	}
	add(&text, "\n  [y]es once, [a]lways in this run, [N]o: ");
	return text.at;
}
