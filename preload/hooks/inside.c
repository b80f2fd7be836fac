/* SPDX-License-Identifier: MIT */
/*
 * inside.c - libc functions that open, connect or load something by themselves: judged, then left to it.
 */
#include <pty.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <utmp.h>
#include <utmpx.h>
#include <wordexp.h>

#include "preload/exec/carry.h"
#include "preload/judge/judge.h"
#include "preload/open/open.h"

/* Refused? A file that is not there is libc's to find out. */
static int ask_file(const void *caller, const char *path, int flags)
{
	int error = zc_is_armed()
			    ? zc_ask(caller, ZC_ID_openat, AT_FDCWD, (long)path, flags, 0, 0, 0)
			    : 0;

	return zc_is_refusal(error) ? error : 0;
}

/* ---- the system log: a datagram to /dev/log ---- */

static bool may_log(const void *caller)
{
	static const struct sockaddr_un log = { AF_UNIX, "/dev/log" };
	int error = zc_is_armed()
			    ? zc_ask(caller, ZC_ID_connect, -1, (long)&log, sizeof(log), 0, 0, 0)
			    : 0;

	return error != -EACCES && error != -EPERM;
}

ZC_EXPORT void openlog(const char *name, int options, int facility)
{
	void (*real)(const char *, int, int) = zc_next("openlog");

	if (options & LOG_NDELAY && !may_log(ZC_CALLER))
		options &= ~LOG_NDELAY;
	if (real)
		real(name, options, facility);
}

static void log_by(const void *caller, int priority, int flag, const char *format, va_list list)
{
	void (*checked)(int, int, const char *, va_list) = zc_next("__vsyslog_chk");
	void (*plain)(int, const char *, va_list) = zc_next("vsyslog");

	if (!may_log(caller))
		return;
	if (flag >= 0 && checked)
		checked(priority, flag, format, list);
	else if (plain)
		plain(priority, format, list);
}

ZC_EXPORT void syslog(int priority, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	log_by(ZC_CALLER, priority, -1, format, list);
	va_end(list);
}

ZC_EXPORT void vsyslog(int priority, const char *format, va_list list)
{
	log_by(ZC_CALLER, priority, -1, format, list);
}

void __syslog_chk(int priority, int flag, const char *format, ...);
ZC_EXPORT void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	log_by(ZC_CALLER, priority, flag, format, list);
	va_end(list);
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list list);
ZC_EXPORT void __vsyslog_chk(int priority, int flag, const char *format, va_list list)
{
	log_by(ZC_CALLER, priority, flag, format, list);
}

ZC_TWIN(__syslog, syslog)

/* ---- terminals ---- */

ZC_EXPORT int posix_openpt(int flags)
{
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, "/dev/ptmx", (uint32_t)flags, 0));
}

int getpt(void);
ZC_EXPORT int getpt(void)
{
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, "/dev/ptmx", O_RDWR, 0));
}

ZC_EXPORT int openpty(int *master, int *slave, char *name, const struct termios *termios,
		      const struct winsize *size)
{
	int (*real)(int *, int *, char *, const struct termios *, const struct winsize *) =
		zc_next("openpty");
	int error = ask_file(ZC_CALLER, "/dev/ptmx", O_RDWR);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(master, slave, name, termios, size);
}

ZC_EXPORT int forkpty(int *master, char *name, const struct termios *termios,
		      const struct winsize *size)
{
	int (*real)(int *, char *, const struct termios *, const struct winsize *) =
		zc_next("forkpty");
	int error = ask_file(ZC_CALLER, "/dev/ptmx", O_RDWR), child;

	if (error || !real)
		return (int)zc_ret(error ? error : -ENOSYS);
	child = real(master, name, termios, size);
	if (child == 0 && zc_is_armed()) {
		zc_forked();
		zc_say_fork();
	}
	return child;
}

/* ---- who is logged in ---- */

ZC_EXPORT struct utmp *pututline(const struct utmp *entry)
{
	struct utmp *(*real)(const struct utmp *) = zc_next("pututline");
	int error = ask_file(ZC_CALLER, _PATH_UTMP, O_RDWR);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL) : real(entry);
}

ZC_EXPORT struct utmpx *pututxline(const struct utmpx *entry)
{
	struct utmpx *(*real)(const struct utmpx *) = zc_next("pututxline");
	int error = ask_file(ZC_CALLER, _PATH_UTMP, O_RDWR);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL) : real(entry);
}

ZC_EXPORT void updwtmp(const char *file, const struct utmp *entry)
{
	void (*real)(const char *, const struct utmp *) = zc_next("updwtmp");

	if (real && ask_file(ZC_CALLER, file, O_WRONLY) == 0)
		real(file, entry);
}

ZC_EXPORT void updwtmpx(const char *file, const struct utmpx *entry)
{
	void (*real)(const char *, const struct utmpx *) = zc_next("updwtmpx");

	if (real && ask_file(ZC_CALLER, file, O_WRONLY) == 0)
		real(file, entry);
}

ZC_EXPORT void logwtmp(const char *line, const char *name, const char *host)
{
	void (*real)(const char *, const char *, const char *) = zc_next("logwtmp");

	if (real && ask_file(ZC_CALLER, _PATH_WTMP, O_WRONLY) == 0)
		real(line, name, host);
}

/* ---- a shell inside: "$(command)" and "`command`" ---- */

ZC_EXPORT int wordexp(const char *restrict words, wordexp_t *restrict result, int flags)
{
	int (*real)(const char *, wordexp_t *, int) = zc_next("wordexp");
	bool commands = false;

	for (const char *c = words; zc_text_len(words) >= 0 && *c; c++)
		commands |= *c == '`' || (*c == '$' && c[1] == '(');
	if (zc_is_armed() && commands && !(flags & WRDE_NOCMD)) {
		static char *const argv[] = { (char *)"sh", NULL };
		struct zc_elf_look look;

		if (zc_is_refusal(zc_judge_program(ZC_CALLER, AT_FDCWD, "/bin/sh", argv, 0, false,
						   &look)))
			return WRDE_CMDSUB;
	}
	return real ? real(words, result, flags) : WRDE_NOSPACE;
}

/* ---- new namespaces by clone(3) ---- */

/* A directory for two processes, or for one of its threads alone. */
static void look_at_directory(uint64_t flags)
{
	if (!(flags & CLONE_VM) != !(flags & CLONE_FS) && flags & (CLONE_FS | CLONE_THREAD))
		zc_cwd_shared();
}

/* For syscall_entry.S, which makes the call itself: 0 or -errno. clone3(2) has its flags in memory. */
long zc_judge_clone(long number, long first, const void *caller)
	__attribute__((visibility("hidden")));
long zc_judge_clone(long number, long first, const void *caller)
{
	uint64_t flags = (uint64_t)first;
	int error;

	if (number != __NR_clone &&
	    zc_own_memory.bytes(NULL, (uint64_t)first, &flags, sizeof(flags)) < 0)
		return 0; /* the kernel's EFAULT */
	error = zc_ask(caller, ZC_ID_clone, (long)flags, 0, 0, 0, 0, 0);
	if (!error)
		look_at_directory(flags);
	return error;
}

ZC_EXPORT int clone(int (*run)(void *), void *stack, int flags, void *argument, ...)
{
	int (*real)(int (*)(void *), void *, int, void *, ...) = zc_next("clone");
	void *parent_tid, *tls, *child_tid;
	va_list list;
	int error;

	va_start(list, argument);
	parent_tid = va_arg(list, void *);
	tls = va_arg(list, void *);
	child_tid = va_arg(list, void *);
	va_end(list);
	error = zc_ask(ZC_CALLER, ZC_ID_clone, flags, 0, 0, 0, 0, 0);
	if (error || !real)
		return (int)zc_ret(error ? error : -ENOSYS);
	look_at_directory((uint64_t)(unsigned)flags);
	return real(run, stack, flags, argument, parent_tid, tls, child_tid);
}
ZC_TWIN(__clone, clone)

/* ---- libraries ---- */

/*
 * For dlopen_entry.S: the name to hand on. The loader must see its real caller (whose RUNPATH counts), so
 * the call is a jump, and a refusal is a name that tells why it cannot be opened.
 */
const char *zc_judge_library(const char *path, const void *caller)
	__attribute__((visibility("hidden")));
void *zc_real_dlopen(void) __attribute__((visibility("hidden")));
void *zc_real_dlmopen(void) __attribute__((visibility("hidden")));

const char *zc_judge_library(const char *path, const void *caller)
{
	long len = path ? zc_text_len(path) : 0;

	for (long i = 0; i < len; i++)
		if (path[i] == '/')
			return ask_file(caller, path, O_RDONLY) == 0
				       ? path
				       : "(refused by the policy of ZenCube)";
	return path; /* found by the loader in its own directories */
}

void *zc_real_dlopen(void)
{
	return ZC_REAL(void *, "dlopen");
}

void *zc_real_dlmopen(void)
{
	return ZC_REAL(void *, "dlmopen");
}
