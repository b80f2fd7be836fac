/* SPDX-License-Identifier: MIT */
/*
 * longpaths.c - paths of PATH_MAX and more answer as the kernel does, and just below are judged.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret
 * expect: 4095 bytes: EACCES; 4096 bytes: ENAMETOOLONG; 100000 bytes: ENAMETOOLONG; long name: ENAMETOOLONG;
 * expect: empty: ENOENT; violation $T/vault/secret; exit 2
 */
#include "probe.h"

/* The same file, spelled with so many bytes: "/./././." in front. */
static const char *spelled(char *buffer, size_t len, const char *path)
{
	size_t rest = strlen(path), fill = len - rest;

	for (size_t i = 0; i < fill; i++)
		buffer[i] = i % 2 && i + 1 < fill ? '.' : '/';
	memcpy(buffer + fill, path, rest + 1);
	return buffer;
}

int main(int argc, char **argv)
{
	static char buffer[200000];

	say_open("4095 bytes", spelled(buffer, 4095, argv[1]));
	say_open("4096 bytes", spelled(buffer, 4096, argv[1]));
	say_open("100000 bytes", spelled(buffer, 100000, argv[1]));
	memset(buffer, 'x', 300);
	buffer[0] = '/', buffer[300] = '\0';
	say_open("long name", buffer);
	say_open("empty", "");
	return 0;
}
