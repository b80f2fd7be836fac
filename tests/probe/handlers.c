/* SPDX-License-Identifier: MIT */
/*
 * handlers.c - hooks in signal handlers that interrupt hooks, on a small alternate stack.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file
 * expect: in handlers: OK; meanwhile: OK; count 200 $T/vault/secret; exit 2
 */
#include <signal.h>
#include <sys/time.h>

#include "probe.h"

static const char *denied;
static volatile int fired, wrong;

static void on_alarm(int number)
{
	int saved = errno;

	if (fired < 200) {
		if (open(denied, O_RDONLY) >= 0 || errno != EACCES)
			wrong++;
		fired++;
	}
	errno = saved;
}

int main(int argc, char **argv)
{
	static char stack[16384] __attribute__((aligned(64)));
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART | SA_ONSTACK };
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	int bad = 0;

	denied = argv[1];
	sigaltstack(&alternate, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (fired < 200) {
		int fd = open(argv[2], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			bad++;
		else
			close(fd);
	}
	errno = EINVAL;
	say("in handlers", wrong ? -1 : 0);
	say("meanwhile", bad ? -1 : 0);
	return 0;
}
