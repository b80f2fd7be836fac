/* SPDX-License-Identifier: MIT */
/*
 * opens.c - opens each argument for reading and says how it went: "PATH: OK", "PATH: EACCES".
 *
 * `raw` before the paths makes the calls without libc, where no library in the process can see them.
 */
#include <sys/syscall.h>

#include "../probe/probe.h"

static long raw_open(const char *path)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_open), "D"(path), "S"((long)O_RDONLY)
			 : "rcx", "r11", "memory");
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

int main(int argc, char **argv)
{
	int raw = argc > 1 && strcmp(argv[1], "raw") == 0;

	for (int i = 1 + raw; i < argc; i++)
		say(argv[i], raw ? raw_open(argv[i]) : open(argv[i], O_RDONLY));
	return 0;
}
