/* SPDX-License-Identifier: MIT */
/*
 * say.c - words for people on stderr, one line at a time, safe for a terminal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text/text.h"
#include "wrap/wrap.h"

const char *zc_say_name = "zcwrap";

void zc_say(const char *format, ...)
{
	char text[4096], line[8192];
	size_t used = (size_t)snprintf(line, sizeof(line), "%s: ", zc_say_name);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	used += zc_text_show_in(line + used, sizeof(line) - used - 1, text, strlen(text));
	line[used++] = '\n';
	fflush(stderr);
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nowhere left to say it */
}

int zc_trouble(struct zc_trouble *trouble, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(trouble->text, sizeof(trouble->text), format, args);
	va_end(args);
	return error;
}

int64_t zc_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}
