/* SPDX-License-Identifier: MIT */
/*
 * streams.c - streams that only libc can make are opened on what was judged, and work as ever.
 *
 * modes: shim
 * flavours: dynamic lfs fortified
 * policy: --allow-all --deny-write=$T/vault
 * args: $T/vault
 * expect: made, converted: EACCES; changed, converted: EACCES; again: EACCES; reopened: EACCES; exit 2;
 * expect: violation $T/vault/new; violation $T/vault/secret
 * args: $T/open
 * expect: made, converted: OK; changed, converted: OK; again: OK; reopened: OK; no violation; same as bare
 */
#include "probe.h"

static const char *directory;

static const char *in(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void say_stream(const char *what, FILE *stream)
{
	say(what, stream ? 0 : -1);
	if (!stream)
		return;
	fputs("hello", stream);
	printf("number %d\n", fileno(stream));
	fflush(stdout);
	fclose(stream);
}

int main(int argc, char **argv)
{
	FILE *stream;

	directory = argv[1];
	if (strstr(directory, "open")) {
		close(open(in("secret"), O_CREAT | O_WRONLY, 0644));
	}
	say_stream("made, converted", fopen(in("new"), "wx,ccs=UTF-8"));
	say_stream("changed, converted", fopen(in("secret"), "r+,ccs=UTF-8"));
	stream = fopen(in("secret"), "r");
	say_stream("again", freopen(NULL, "r+", stream));
	stream = fopen(in("secret"), "r");
	say_stream("reopened", freopen(in("secret"), "a", stream));
	stream = fopen(in("secret"), "r");
	printf("size %d\n", stream && !fseek(stream, 0, SEEK_END) ? (int)ftell(stream) : -1);
	return 0;
}
