/* SPDX-License-Identifier: MIT */
/*
 * owner.c - fcntl and prlimit: refused only where they aim at a process of ours.
 *
 * Everything else fcntl does is libc's own: some of it waits, and must stay cancellable.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>

#include "preload/hooks/hooks.h"
#include "preload/judge/gate.h"

ZC_EXPORT int fcntl(int fd, int command, ...)
{
	static int (*real)(int, int, ...);
	va_list list;
	long argument;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	if (command == F_SETOWN || command == F_SETOWN_EX || command == F_SETSIG)
		return (int)zc_ret(
			zc_call_on_process(ZC_CALLER, ZC_ID_fcntl, fd, command, argument, 0, 0, 0));
	if (!real)
		real = zc_next("fcntl");
	return real ? real(fd, command, argument)
		    : (int)zc_ret(zc_sys3(__NR_fcntl, fd, command, argument));
}

ZC_EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit,
		      struct rlimit *old)
{
	return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_prlimit64, pid, (long)resource,
					      (long)limit, (long)old, 0, 0));
}

ZC_TWIN(__fcntl, fcntl)
ZC_TWIN(fcntl64, fcntl)
ZC_TWIN(prlimit64, prlimit)
