/* SPDX-License-Identifier: MIT */
/*
 * calls.c - a victim that tries every row of the catalogue once, and says what each answered.
 *
 * usage: calls BASE GROUP NAME ...    GROUP: hooks | numbers
 *   hooks    every libc function the shim exports, found the way ld.so would bind it
 *   numbers  every system call, through syscall()
 * Each try runs in a child of its own in the directory BASE/NAME, where the driver has put
 *   f a file, d a directory, s a file and e a directory that may not be read, x a program;
 *   n does not exist. It prints "NAME: OK", "NAME: EACCES" or "NAME: absent".
 *
 * A hook whose row says GEN is called by the roles of its call, so a new row needs no code here. A
 * hook that is HAND needs a TRY below: without one this file does not compile.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <time.h>
#include <unistd.h>

#include "core/call.h"

#define CWD ((long)AT_FDCWD)
#ifndef LM_ID_BASE
#define LM_ID_BASE 0l
#endif
#define TRUE_PID 1 /* a process that is not the run's own */

static const char *const base_help = "usage: calls BASE hooks|numbers NAME ...\n";
static char shared_name[128]; /* "/zc-NAME": shm, sem, mq */
static char *const no_arguments[] = { "x", NULL };
static char *const no_environment[] = { NULL };

/* Calls through a pointer without a prototype: every hook takes integers and pointers only. */
typedef int (*int_fn)();
typedef void *(*pointer_fn)();
#define I(...) (((int_fn)fn)(__VA_ARGS__))
#define P(...) (((pointer_fn)fn)(__VA_ARGS__) ? 0 : -1)
/* Functions that return an error number instead of setting errno. */
#define E(...) answer(((int_fn)fn)(__VA_ARGS__))
#define TRY(symbol, ...) \
	static long try_##symbol(void *fn) \
	{ \
		__VA_ARGS__; \
	}

static long answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static int opened(const char *name)
{
	return open(name, O_RDONLY | O_CLOEXEC);
}

static struct sockaddr_in *loopback(void)
{
	static struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_port =
		htons((unsigned short)atoi(getenv("PROBE_PORT") ? getenv("PROBE_PORT") : "9"));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return &address;
}

static struct msghdr *message(void)
{
	static struct iovec piece = { "x", 1 };
	static struct msghdr head;

	head = (struct msghdr){ .msg_name = loopback(),
				.msg_namelen = sizeof(struct sockaddr_in),
				.msg_iov = &piece,
				.msg_iovlen = 1 };
	return &head;
}

/* A socket the driver left as standard input, for policies under which none can be made. */
static int inherited(void)
{
	return STDIN_FILENO;
}

static char template[64] = "mXXXXXX", suffixed[64] = "mXXXXXX.c";

/* A descriptor for a process, made past every hook: how it was come by is not what is tried. */
static int process_handle(pid_t pid)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((long)SYS_pidfd_open), "D"((long)pid), "S"(0l)
			 : "rcx", "r11", "memory");
	return (int)result;
}

/* Opening. */
TRY(open, return I("s", O_RDONLY))
TRY(__open_2, return I("s", O_RDONLY))
TRY(openat, return I(CWD, "s", O_RDONLY))
TRY(__openat_2, return I(CWD, "s", O_RDONLY))
TRY(creat, return I("f", 0600))
TRY(openat2, struct open_how how = { .flags = O_RDONLY }; return I(CWD, "s", &how, sizeof(how)))
TRY(fopen, return P("s", "r"))
TRY(freopen, return P("s", "r", stdin))
TRY(tmpfile, return P())
TRY(mkstemp, return I(template))
TRY(mkostemp, return I(template, O_CLOEXEC))
TRY(mkstemps, return I(suffixed, 2))
TRY(mkostemps, return I(suffixed, 2, O_CLOEXEC))
TRY(mkdtemp, return P(template))
TRY(opendir, return P("e"))
TRY(shm_open, return I(shared_name, O_RDWR | O_CREAT, 0600))
TRY(sem_open, return P(shared_name, O_CREAT | O_EXCL, 0600, 1))
TRY(shm_unlink, return I(shared_name))
TRY(sem_unlink, return I(shared_name))
TRY(scandir, void *list; return I("e", &list, NULL, NULL))
TRY(scandirat, void *list; return I(CWD, "e", &list, NULL, NULL))
static int visit()
{
	return 0;
}
TRY(ftw, return I("e", visit, 4))
TRY(ftw64, return I("e", visit, 4))
TRY(nftw, return I("e", visit, 4, 0))
TRY(nftw64, return I("e", visit, 4, 0))
TRY(fts_open, char *const paths[] = { "e", NULL }; return P(paths, 0x10, NULL))
TRY(fts64_open, char *const paths[] = { "e", NULL }; return P(paths, 0x10, NULL))
/* GLOB_ABORTED and GLOB_NOMATCH are both a refusal to look; glob sets no errno. */
TRY(glob, char buffer[256] = { 0 }; return answer(I("e/*", 1, NULL, buffer) ? EACCES : 0))
TRY(glob64, char buffer[256] = { 0 }; return answer(I("e/*", 1, NULL, buffer) ? EACCES : 0))
TRY(mq_open, return I(shared_name, O_RDWR | O_CREAT, 0600, NULL))
TRY(__mq_open_2, return I(shared_name, O_RDWR))
TRY(mq_unlink, return I(shared_name))
TRY(open_by_handle_at, static char handle[144]; int mount; *(unsigned *)handle = 128;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, "f", handle, &mount, 0) < 0) return answer(EPERM);
    return I(CWD, handle, O_RDONLY))

/* Entries and metadata. */
TRY(remove, return I("f"))
TRY(mkfifo, return I("n", 0600))
TRY(mkfifoat, return I(CWD, "n", 0600))
TRY(__xmknod, dev_t device = 0; return I(0, "n", S_IFIFO | 0600, &device))
TRY(__xmknodat, dev_t device = 0; return I(0, CWD, "n", S_IFIFO | 0600, &device))
TRY(fchmodat, return I(CWD, "f", 0600, 0))
TRY(lchmod, return I("f", 0600))
TRY(utime, return I("f", NULL))
TRY(utimes, return I("f", NULL))
TRY(lutimes, return I("f", NULL))
TRY(futimes, return I(opened("f"), NULL))
TRY(futimesat, return I(CWD, "f", NULL))
TRY(utimensat, return I(CWD, "f", NULL, 0))
TRY(futimens, return I(opened("f"), NULL))
TRY(ioctl, long flags = 0; return I(opened("f"), (unsigned long)FS_IOC_SETFLAGS, &flags))

/* Execution. What runs would make the file "ran"; see the driver. */
TRY(execve, return I("x", no_arguments, no_environment))
TRY(execveat, return I(CWD, "x", no_arguments, no_environment, 0))
TRY(execv, return I("./x", no_arguments))
TRY(execvp, return I("./x", no_arguments))
TRY(execvpe, return I("./x", no_arguments, no_environment))
TRY(execl, return I("./x", "x", NULL))
TRY(execle, return I("./x", "x", NULL, no_environment))
TRY(execlp, return I("./x", "x", NULL))
TRY(fexecve, return I(open("x", O_PATH | O_CLOEXEC), no_arguments, no_environment))
static long reap(long error, pid_t pid)
{
	int status = 0;

	if (error)
		return answer((int)error);
	waitpid(pid, &status, 0);
	return answer(WIFEXITED(status) && WEXITSTATUS(status) == 127 ? EACCES : 0);
}
TRY(posix_spawn, pid_t pid = 0;
    return reap(I(&pid, "./x", NULL, NULL, no_arguments, no_environment), pid))
TRY(posix_spawnp, pid_t pid = 0;
    return reap(I(&pid, "./x", NULL, NULL, no_arguments, no_environment), pid))
/* The shell may run, x may not: 126 is the shell's word for EACCES. */
TRY(system, int status = I("./x");
    return answer(WIFEXITED(status) && WEXITSTATUS(status) ? EACCES : 0))
TRY(popen, FILE *pipe = ((pointer_fn)fn)("./x", "r"); if (!pipe) return -1;
    int status = pclose(pipe); return answer(WIFEXITED(status) && WEXITSTATUS(status) ? EACCES : 0))

/* Network. */
static int udp(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}
static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
TRY(socket, return I(AF_INET, SOCK_STREAM, 0))
TRY(connect, return I(tcp(), loopback(), sizeof(struct sockaddr_in)))
TRY(bind, struct sockaddr_in to = *loopback(); to.sin_port = 0; return I(tcp(), &to, sizeof(to)))
TRY(listen, return I(tcp(), 1))
TRY(accept, return I(inherited(), NULL, NULL))
TRY(accept4, return I(inherited(), NULL, NULL, SOCK_CLOEXEC))
TRY(sendto, return I(udp(), "x", (size_t)1, 0, loopback(), sizeof(struct sockaddr_in)))
TRY(sendmsg, return I(udp(), message(), 0))
TRY(sendmmsg, struct mmsghdr many[1] = { { .msg_hdr = *message() } }; return I(udp(), many, 1u, 0))
TRY(recvfrom, char byte; return I(inherited(), &byte, (size_t)1, MSG_DONTWAIT, NULL, NULL))
TRY(__recvfrom_chk, char byte;
    return I(inherited(), &byte, (size_t)1, (size_t)1, MSG_DONTWAIT, NULL, NULL))
TRY(recvmsg, struct msghdr *m = message(); m->msg_name = NULL;
    return I(inherited(), m, MSG_DONTWAIT))
TRY(recvmmsg, struct mmsghdr many[1] = { { .msg_hdr = *message() } };
    many[0].msg_hdr.msg_name = NULL; return I(inherited(), many, 1u, MSG_DONTWAIT, NULL))
TRY(setsockopt, int one = 1; return I(tcp(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
/* Nobody answers for .invalid, so bare the same is "not found"; the event tells them apart. */
#define ASKED "zencube-probe.invalid"
TRY(getaddrinfo, void *list = NULL; return answer(I(ASKED, "80", NULL, &list) ? EPERM : 0))
TRY(gethostbyname, return P(ASKED) ? answer(EPERM) : 0)
TRY(gethostbyname2, return P(ASKED, AF_INET) ? answer(EPERM) : 0)
TRY(gethostbyname_r, char text[2048]; struct hostent entry; void *found = NULL; int error;
    I(ASKED, &entry, text, sizeof(text), &found, &error); return found ? 0 : answer(EPERM))
TRY(gethostbyname2_r, char text[2048]; struct hostent entry; void *found = NULL; int error;
    I(ASKED, AF_INET, &entry, text, sizeof(text), &found, &error); return found ? 0 : answer(EPERM))
/* 192.0.2.0/24 is nobody's. */
static struct sockaddr_in *nobody(void)
{
	static struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(0xc0000201);
	return &address;
}
static unsigned char reply[512], question[512];
static char state[2048];
TRY(getnameinfo, char host[64];
    return answer(I(nobody(), sizeof(struct sockaddr_in), host, sizeof(host), NULL, 0, NI_NAMEREQD)
			  ? EPERM
			  : 0))
TRY(gethostbyaddr, return P(&nobody()->sin_addr, 4, AF_INET) ? answer(EPERM) : 0)
TRY(gethostbyaddr_r, char text[2048]; struct hostent entry; void *found = NULL; int error;
    I(&nobody()->sin_addr, 4, AF_INET, &entry, text, sizeof(text), &found, &error);
    return found ? 0 : answer(EPERM))
TRY(
	getaddrinfo_a,
	struct {
		const char *name, *service;
		const void *hints;
		void *found;
		int pad[8];
	} one = { .name = ASKED };
	void *list[1] = { &one }; return answer(I(0, list, 1, NULL) ? EPERM : 0))
TRY(res_query, return I(ASKED, 1, 1, reply, 512))
TRY(res_search, return I(ASKED, 1, 1, reply, 512))
TRY(res_querydomain, return I(ASKED, "invalid", 1, 1, reply, 512))
TRY(res_nquery, return I(state, ASKED, 1, 1, reply, 512))
TRY(res_nsearch, return I(state, ASKED, 1, 1, reply, 512))
TRY(res_nquerydomain, return I(state, ASKED, "invalid", 1, 1, reply, 512))
TRY(res_send, return I(question, 32, reply, 512))
TRY(res_nsend, return I(state, question, 32, reply, 512))

/* What libc opens, connects or starts by itself. */
TRY(openlog, I("probe", 0x08, 8); return 0)
TRY(syslog, I(7, "zencube probe"); return 0)
TRY(vsyslog, return 0) /* a va_list cannot be passed through a pointer without a prototype */
TRY(__syslog_chk, I(7, 1, "zencube probe"); return 0)
TRY(__vsyslog_chk, return 0)
TRY(posix_openpt, return I(O_RDWR | O_NOCTTY))
TRY(getpt, return I())
TRY(openpty, int a, b; return I(&a, &b, NULL, NULL, NULL))
TRY(forkpty, int a, pid = I(&a, NULL, NULL, NULL); if (pid == 0) _exit(0); return pid)
TRY(pututline, static char entry[512]; return P(entry))
TRY(pututxline, static char entry[512]; return P(entry))
TRY(logwtmp, I("probe", "", ""); return 0)
/* They answer nothing: a file that did not grow was refused. */
static long grew(void)
{
	struct stat st;

	return stat("f", &st) == 0 && st.st_size > 2 ? 0 : answer(EACCES);
}
TRY(updwtmp, static char entry[512]; I("f", entry); return grew())
TRY(updwtmpx, static char entry[512]; I("f", entry); return grew())
TRY(wordexp, char result[64]; return answer(I("$(true)", result, 0) ? EACCES : 0))
TRY(dlopen, return P("./s", RTLD_NOW) ? answer(EACCES) : 0)
TRY(dlmopen, return P(LM_ID_BASE, "./s", RTLD_NOW) ? answer(EACCES) : 0)
static char clone_stack[16384];
TRY(clone, return I(visit, clone_stack + sizeof(clone_stack), CLONE_NEWUTS | SIGCHLD, NULL))
TRY(pidfd_spawn, int fd; return E(&fd, "./x", NULL, NULL, no_arguments, no_environment))
TRY(pidfd_spawnp, int fd; return E(&fd, "./x", NULL, NULL, no_arguments, no_environment))

/* The system. Arguments are such that nothing would happen if nobody refused. */
TRY(umount, return I("d"))
TRY(chroot, return I("d"))
TRY(ptrace, return I(PTRACE_SEIZE, TRUE_PID, NULL, (void *)-1L))
TRY(process_vm_readv, return I(TRUE_PID, NULL, 0ul, NULL, 0ul, 0ul))
TRY(process_vm_writev, return I(TRUE_PID, NULL, 0ul, NULL, 0ul, 0ul))
TRY(process_madvise, return I(process_handle(TRUE_PID), NULL, (size_t)0, 21, 0u))
TRY(pidfd_getfd, return I(process_handle(TRUE_PID), 0, 0u))
TRY(mount_setattr, return I(CWD, "d", 0u, NULL, (size_t)0))
TRY(reboot, return I(0))
TRY(quotactl, return I(-1, "d", 0, NULL))
TRY(
	settimeofday, struct { long s, us; } never = { 0, -1 }; return I(&never, NULL))
TRY(clock_settime, struct timespec never = { 0, -1 }; return I(CLOCK_REALTIME, &never))
TRY(adjtimex, struct timex never = { .modes = ADJ_TICK, .tick = 1 }; return I(&never))
TRY(clock_adjtime, struct timex never = { .modes = ADJ_TICK, .tick = 1 };
    return I(CLOCK_REALTIME, &never))
TRY(fanotify_mark, return I(opened("f"), 1u, 1ull, CWD, "d"))
TRY(klogctl, char text[16]; return I(3, text, (int)sizeof(text)))

/* Signals, to the parent of this program: zcwrap, when it is there. SIGWINCH does nothing by default. */
static pid_t supervisor(void)
{
	return (pid_t)atoi(getenv("PROBE_PARENT"));
}
TRY(kill, return I(supervisor(), SIGWINCH))
TRY(tgkill, return I(supervisor(), supervisor(), SIGWINCH))
TRY(pidfd_open, return I(supervisor(), 0u))
TRY(pidfd_send_signal, return I(process_handle(supervisor()), SIGWINCH, NULL, 0u))
TRY(fcntl, return I(opened("f"), F_SETOWN, supervisor()))
TRY(prlimit, struct rlimit same; getrlimit(RLIMIT_CORE, &same);
    return I(supervisor(), RLIMIT_CORE, &same, NULL))
TRY(killpg, return I(getpgrp(), SIGWINCH))
TRY(sigqueue, union sigval value = { 0 }; return I(supervisor(), SIGWINCH, value.sival_ptr))

/* What keeps the shim in place, and must work as ever. */
TRY(close, return I(dup(1)))
TRY(closefrom, I(3); return 0)
TRY(close_range, return I(3u, ~0u, 0))
TRY(dup2, return I(1, 7))
TRY(dup3, return I(1, 7, O_CLOEXEC))
TRY(chdir, return I("d"))
TRY(fchdir, return I(open("d", O_PATH | O_CLOEXEC)))
TRY(prctl, return I(PR_SET_NAME, "probe", 0l, 0l, 0l))
static long child(int pid)
{
	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : -1;
}
TRY(fork, return child(I()))
TRY(_Fork, return child(I()))
TRY(syscall, return I((long)SYS_openat, CWD, "s", (long)O_RDONLY, 0l))

struct entry {
	const char *name;
	unsigned call;
	long (*hand)(void *fn); /* NULL: by the roles of the call */
	const char *of;         /* alias: the hook it spells differently */
};

#define ROW_GEN(symbol) NULL
#define ROW_HAND(symbol) try_##symbol
static const struct entry hooks[] = {
#define ZC_HOOK(symbol, call, style) { #symbol, ZC_ID_##call, ROW_##style(symbol), NULL },
#include "core/calls.def"
#define ZC_ALIAS(symbol, hook) { #symbol, 0, NULL, #hook },
#include "core/calls.def"
};

static const struct entry *hook_row(const char *name)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!strcmp(hooks[i].name, name))
			return hooks[i].of ? hook_row(hooks[i].of) : &hooks[i];
	abort();
}

static bool makes_entry(unsigned op)
{
	return op == ZC_OP_MKDIR || op == ZC_OP_MKNOD || op == ZC_OP_SYMLINK;
}

/* One argument of a call, chosen so that the call would reach its object and do nothing lasting. */
static long argument(const struct zc_call *call, unsigned i)
{
	unsigned before = 0;

	for (unsigned k = 0; k < i; k++)
		before += call->role[k] == ZC_ROLE_PATH || call->role[k] == ZC_ROLE_ENTRY;
	switch (call->role[i]) {
	case ZC_ROLE_PATH:
	case ZC_ROLE_ENTRY:
		if (call->class == ZC_CALL_SYS || call->op == ZC_OP_RMDIR)
			return (long)"d";
		if (before || makes_entry(call->op))
			return (long)"n";
		return (long)(call->op == ZC_OP_OPEN && call->role[1] != ZC_ROLE_MODE ? "s" : "f");
	case ZC_ROLE_DIRFD: return AT_FDCWD;
	case ZC_ROLE_FD: return call->class == ZC_CALL_NET ? inherited() : opened("f");
	case ZC_ROLE_STR: return (long)"zc-probe";
	case ZC_ROLE_MODE: return call->op == ZC_OP_MKNOD ? S_IFIFO | 0600 : 0600;
	case ZC_ROLE_SIZE: return call->class == ZC_CALL_SYS ? -1L : 1;
	case ZC_ROLE_CLONEFLAGS: return CLONE_NEWUTS;
	case ZC_ROLE_BUF: return (long)"x";
	case ZC_ROLE_PTR: return call->class == ZC_CALL_SYS ? 1 : 0;
	case ZC_ROLE_PID: return supervisor();
	case ZC_ROLE_SIG: return SIGWINCH;
	case ZC_ROLE_DOMAIN:
		return call->role[3] == ZC_ROLE_PTR ? AF_UNIX : AF_INET; /* a pair is unix */
	case ZC_ROLE_TYPE: return SOCK_STREAM;
	case ZC_ROLE_REQUEST: return 0;
	case ZC_ROLE_UID:
	case ZC_ROLE_GID: return -1;
	default: return 0;
	}
}

static void try_hook(const struct entry *entry, const char *name)
{
	const struct zc_call *call = &zc_calls[entry->call];
	void *fn = dlsym(RTLD_DEFAULT, name);
	long a[6], result;

	if (!fn) {
		printf("%s: absent\n", name);
		return;
	}
	for (unsigned i = 0; !entry->hand && i < 6; i++)
		a[i] = argument(call, i);
	errno = 0;
	result = entry->hand ? entry->hand(fn) : ((int_fn)fn)(a[0], a[1], a[2], a[3], a[4], a[5]);
	printf("%s: %s\n", name,
	       result >= 0            ? "OK"
	       : zc_errno_name(errno) ? zc_errno_name(errno)
				      : "unknown error");
}

static void try_number(const struct zc_call *call)
{
	long a[6], result;
	struct open_how how = { .flags = O_RDONLY };

	for (unsigned i = 0; i < 6; i++)
		a[i] = call->role[i] == ZC_ROLE_HOW ? (long)&how : argument(call, i);
	if (call->role[2] == ZC_ROLE_HOW)
		a[3] = sizeof(how);
	errno = 0;
	result = syscall(call->nr[0], a[0], a[1], a[2], a[3], a[4], a[5]);
	printf("%s: %s\n", call->name,
	       result >= 0            ? "OK"
	       : zc_errno_name(errno) ? zc_errno_name(errno)
				      : "unknown error");
}

/* Runs one try in a child, so that a crash, an exec or a closed descriptor stays its own. */
static void one(const char *base, const char *name, const struct entry *entry,
		const struct zc_call *call)
{
	char path[4096];
	int status = 0;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	snprintf(shared_name, sizeof(shared_name), "/zc-%s", name);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		if (chdir(path) < 0)
			_exit(99);
		if (entry)
			try_hook(entry, name);
		else
			try_number(call);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: signal %d\n", name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 99)
		printf("%s: no directory\n", name);
}

int main(int argc, char **argv)
{
	char parent[16];

	if (argc < 4)
		return fputs(base_help, stderr), 64;
	snprintf(parent, sizeof(parent), "%d", (int)getppid());
	setenv("PROBE_PARENT", parent, 1);
	for (char **name = argv + 3; *name; name++) {
		unsigned call = zc_call_by_name(*name, strlen(*name));

		if (!strcmp(argv[2], "hooks"))
			one(argv[1], *name, hook_row(*name), NULL);
		else if (call != ZC_CALL_NONE)
			one(argv[1], *name, NULL, &zc_calls[call]);
	}
	fflush(stdout);
	return 0;
}
