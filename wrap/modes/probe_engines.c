/* SPDX-License-Identifier: MIT */
/*
 * probe_engines.c - do the two engines, seccomp filters and Landlock work here?
 *
 * getppid(2) is the call that is answered, skipped and refused: nothing depends on it in a child that
 * ends at once. Reading a tracee's memory belongs to both engines: Yama and container profiles can
 * withhold that alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrap/modes/probe.h"

/* Newer than some headers. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef LANDLOCK_CREATE_RULESET_ERRATA
#define LANDLOCK_CREATE_RULESET_ERRATA (1U << 1)
#endif

#define SYNC_WAKE_UP 1ull
#define SKIPPED 4711 /* what a skipped call answers; no process has this parent */
static const char mark[] = "the memory of a tracee";

/* --- filters ------------------------------------------------------------------------------------------ */

/* Gives getppid this action. Returns what seccomp(2) does. */
static long install(unsigned flags, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ZC_LEN(code), code };

	/* It ends soon: it may as well never gain privileges again. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

enum { FILTER = 1, REFUSAL };
static void try_seccomp(void *context, int tell)
{
	if (install(0, SECCOMP_RET_ERRNO | EXDEV) < 0)
		zc_probe_say(tell, FILTER, errno);
	else if (syscall(SYS_getppid) != -1 || errno != EXDEV)
		zc_probe_say(tell, REFUSAL, EPROTO);
	else
		zc_probe_say(tell, 0, 0);
}

void zc_probe_seccomp(struct zc_host *host, struct zc_tried *ret)
{
	static const char *const steps[] = { "seccomp filter", "a refusal by a seccomp filter" };

	zc_probe_try(ret, try_seccomp, NULL, steps);
}

/* --- Landlock ------------------------------------------------------------------------------------------- */

enum { RULESET = 1, NO_NEW_PRIVS, RESTRICT, HOLDS };
static void try_landlock(void *context, int tell)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ACCESS_FS_READ_DIR };
	int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);

	if (ruleset < 0)
		zc_probe_say(tell, RULESET, errno);
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		zc_probe_say(tell, NO_NEW_PRIVS, errno);
	else if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		zc_probe_say(tell, RESTRICT, errno);
	else if (open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || errno != EACCES)
		zc_probe_say(tell, HOLDS, EPROTO);
	else
		zc_probe_say(tell, 0, 0);
}

void zc_probe_landlock(struct zc_host *host, struct zc_tried *ret)
{
	static const char *const steps[] = { "landlock_create_ruleset", "no_new_privs",
					     "landlock_restrict_self", "a refusal by Landlock" };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	long errata;

	if (abi < 1) {
		zc_probe_failed(ret, abi < 0 ? errno : EPROTO, "landlock_create_ruleset");
		return;
	}
	host->landlock_abi = (int)abi;
	errata = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_ERRATA);
	host->landlock_errata = errata > 0 ? (int)errata : 0;
	zc_probe_try(ret, try_landlock, NULL, steps);
}

/* --- user notification -------------------------------------------------------------------------------- */

enum { LISTENER = 1, MEMORY, ANSWER };

/* In the child, whose descriptors are ours too: so what is answered is a number we can look at. */
static void try_notify(void *context, int tell)
{
	long listener =
		install(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			SECCOMP_RET_USER_NOTIF);
	long got;

	zc_probe_say(tell, listener < 0 ? LISTENER : 0, listener < 0 ? errno : (int)listener);
	if (listener < 0)
		return;
	got = syscall(SYS_getppid, mark);
	zc_probe_say(tell, got < 0 ? ANSWER : 0, got < 0 ? errno : (int)got);
}

/* By the call or, where a profile withholds it, by /proc: as the tracer does. */
static int read_mark(pid_t pid, uint64_t address)
{
	char buffer[sizeof(mark)], name[40];
	struct iovec to = { buffer, sizeof(buffer) };
	struct iovec from = { (void *)(uintptr_t)address, sizeof(buffer) }; /* NOLINT */
	ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);
	int fd;

	if (n < 0) {
		snprintf(name, sizeof(name), "/proc/%d/mem", (int)pid);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return errno;
		n = pread(fd, buffer, sizeof(buffer), (off_t)address);
		close(fd);
	}
	return n == (ssize_t)sizeof(buffer) && !memcmp(buffer, mark, sizeof(mark)) ? 0 : EPROTO;
}

/* Waits for the notification, reads what it points to, answers it with a descriptor. */
static int answer(struct zc_host *host, int listener, struct zc_tried *ret)
{
	struct pollfd poller = { .fd = listener, .events = POLLIN };
	/* As large as any kernel's, whatever our headers know. */
	union {
		struct seccomp_notif notif;
		char room[1024];
	} call = { 0 };
	struct seccomp_notif_addfd put = { .flags = SECCOMP_ADDFD_FLAG_SEND,
					   .newfd_flags = O_CLOEXEC };
	int ready, error;

	host->sync_wake_up = ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) == 0;
	do {
		ready = poll(&poller, 1, ZC_PROBE_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return zc_probe_failed(ret, ETIMEDOUT, "a notification");
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return zc_probe_failed(ret, errno, "receiving a notification");
	error = read_mark((pid_t)call.notif.pid, call.notif.data.args[0]);
	if (error)
		return zc_probe_failed(ret, error, "reading the memory of a process below us");
	put.id = call.notif.id;
	put.srcfd = (uint32_t)listener;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &put) < 0)
		return zc_probe_failed(ret, errno, "answering with a descriptor");
	return 0;
}

/* From the listener on: its number, then what the answered call returned. */
static void converse(struct zc_host *host, const struct zc_probe_child *child, struct zc_tried *ret)
{
	struct zc_probe_word word;
	int r = zc_probe_hear(child, &word), listener;

	if (r < 0 || word.step) {
		host->outer_listener = r == 0 && word.error == EBUSY;
		zc_probe_failed(ret, r < 0 ? -r : word.error, "seccomp listener");
		return;
	}
	listener = word.error;
	if (answer(host, listener, ret) == 0) {
		r = zc_probe_hear(child, &word);
		if (r < 0 || word.step)
			zc_probe_failed(ret, r < 0 ? -r : word.error, "an answered call");
		else
			ret->works = true;
		if (ret->works)
			close(word.error);
	}
	close(listener);
}

void zc_probe_notify(struct zc_host *host, struct zc_tried *ret)
{
	struct zc_probe_child child;
	int r = zc_probe_begin(&child, try_notify, NULL, true);

	if (r < 0) {
		zc_probe_failed(ret, -r, "clone with CLONE_FILES");
		return;
	}
	zc_probe_go(&child);
	converse(host, &child, ret);
	zc_probe_end(&child);
}

/* --- ptrace ------------------------------------------------------------------------------------------- */

enum { NO_FILTER = 1 };

/* Without a filter, as under an outer listener, the tracer stops every call: no reason not to fit. */
static void try_traced(void *context, int tell)
{
	long installed = install(0, SECCOMP_RET_TRACE), got;

	zc_probe_say(tell, installed < 0 ? NO_FILTER : 0, installed < 0 ? errno : 0);
	if (installed < 0)
		return;
	got = syscall(SYS_getppid, mark);
	zc_probe_say(tell, 0, (int)got);
}

/* Until the stop at getppid; others (a signal, its end) come to nothing. */
static int stop_at_call(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		return errno;
	if (!WIFSTOPPED(status) || status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		return ENODATA;
	return 0;
}

static int skip(pid_t pid, struct zc_tried *ret)
{
	struct user_regs_struct regs;
	int error = stop_at_call(pid);

	if (error)
		return zc_probe_failed(ret, error, "a stop at a call");
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return zc_probe_failed(ret, errno, "reading registers");
	error = read_mark(pid, regs.rdi);
	if (error)
		return zc_probe_failed(ret, error, "reading the memory of a process below us");
	regs.orig_rax = -1ull;
	regs.rax = SKIPPED;
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs) < 0 || ptrace(PTRACE_CONT, pid, 0, 0) < 0)
		return zc_probe_failed(ret, errno, "skipping a call");
	return 0;
}

static void trace(const struct zc_probe_child *child, struct zc_tried *ret)
{
	struct zc_probe_word word;
	int r;

	if (ptrace(PTRACE_SEIZE, child->pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP) < 0) {
		zc_probe_failed(ret, errno, "PTRACE_SEIZE");
		return;
	}
	zc_probe_go(child);
	r = zc_probe_hear(child, &word);
	if (r < 0) {
		zc_probe_failed(ret, -r, "a traced process");
		return;
	}
	ret->works = true;
	if (word.step || skip(child->pid, ret) < 0)
		return;
	r = zc_probe_hear(child, &word);
	if (r < 0 || word.error != SKIPPED)
		zc_probe_failed(ret, r < 0 ? -r : EPROTO, "a skipped call");
}

void zc_probe_ptrace(struct zc_host *host, struct zc_tried *ret)
{
	struct zc_probe_child child;
	int r = zc_probe_begin(&child, try_traced, NULL, false);

	if (r < 0) {
		zc_probe_failed(ret, -r, "fork");
		return;
	}
	trace(&child, ret);
	zc_probe_end(&child);
}
