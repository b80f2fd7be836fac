/* SPDX-License-Identifier: MIT */
/*
 * early.c - hooks that run before any constructor: in .preinit_array, and in a constructor.
 *
 * policy: --deny-read=$T/vault
 * env: PROBE_PATH=$T/vault/secret
 * args: -
 * expect: preinit: EACCES; constructor: EACCES; main: EACCES; violation $T/vault/secret; exit 2
 */
#include "probe.h"

/* Nothing is set up yet, not even environ: the path comes from the third argument. */
static const char *find(char **envp)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, "PROBE_PATH=", 11))
			return *envp + 11;
	return "/nowhere";
}

static void before(int argc, char **argv, char **envp)
{
	int fd = open(find(envp), O_RDONLY);

	if (fd >= 0)
		(void)!write(1, "preinit: OK\n", 12);
	else if (errno == EACCES)
		(void)!write(1, "preinit: EACCES\n", 16);
}

#ifdef __GLIBC__
__attribute__((section(".preinit_array"), used)) static void (*first)(int, char **,
								      char **) = before;
#else /* musl passes no arguments and runs preinit_array only in static programs */
__attribute__((constructor(101))) static void first(void)
{
	extern char **environ;

	before(0, NULL, environ);
}
#endif

__attribute__((constructor)) static void made(void)
{
	say_open("constructor", getenv("PROBE_PATH"));
}

int main(void)
{
	say_open("main", getenv("PROBE_PATH"));
	return 0;
}
