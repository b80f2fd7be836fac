/* SPDX-License-Identifier: MIT */
/*
 * nobody.c - what asks nobody outside is not refused: names of loopback, processes that have ended.
 *
 * modes: shim
 * policy: --quiet
 * args: -
 * expect: gethostbyaddr: OK; gethostbyaddr_r: OK; ended: ESRCH; no violation; exit 0
 */
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ptrace.h>

#include "probe.h"

int main(void)
{
	static const unsigned char loopback[4] = { 127, 0, 0, 1 };
	struct hostent entry, *found = NULL;
	char buffer[4096];
	pid_t child = fork();
	int why;

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	errno = EPERM;
	say("gethostbyaddr", gethostbyaddr(loopback, 4, AF_INET) ? 0 : -1);
	say("gethostbyaddr_r",
	    gethostbyaddr_r(loopback, 4, AF_INET, &entry, buffer, sizeof(buffer), &found, &why)
		    ? -1
		    : 0);
	errno = 0;
	ptrace(PTRACE_PEEKDATA, child, 0, 0);
	puts(errno == ESRCH ? "ended: ESRCH" : "ended: another error");
	return 0;
}
