/* SPDX-License-Identifier: MIT */
/*
 * deny.c - runs a command as a weaker host would: chosen system calls answer as they do there.
 *
 * usage: deny WORD[=ERRNO] ... -- COMMAND [ARGUMENT ...]
 *
 * A seccomp filter answers instead of the kernel; words are rows of the table below, and ERRNO is a
 * number that takes the place of the row's own (0: success, without anything having been done, as
 * with an unshare(2) whose namespace is good for nothing). What no filter can see is simulated as
 * closely as it goes: `proc-mem` refuses reading at offsets above 4 GiB, which only memory has.
 * `listener` is real: somebody outside holds the listener that a chain of filters can have only one of.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
#define ADDFD 0x40182103u     /* SECCOMP_IOCTL_NOTIF_ADDFD */
#define SET_FLAGS 0x40082104u /* SECCOMP_IOCTL_NOTIF_SET_FLAGS */
#define ANY 0xffffffffu
#define UNUSED_CALL 499 /* of no use to anybody: what the outer listener is told of */

/* A call, and which of its uses: bits that are set, or a value, of the low half of an argument. */
static const struct {
	const char *word;
	int nr, error;
	int argument; /* -1: every use */
	unsigned bits, value;
	int argument2; /* ... and this one too; -1: none */
	unsigned bits2;
} rows[] = {
	{ "ptrace", SYS_ptrace, EPERM, -1, 0, 0, -1, 0 },
	{ "seize", SYS_ptrace, EPERM, 0, 0, 0x4206, -1, 0 },
	{ "attach", SYS_ptrace, EPERM, 0, 0, 16, -1, 0 },
	{ "process-vm", SYS_process_vm_readv, EPERM, -1, 0, 0, -1, 0 },
	{ "process-vm", SYS_process_vm_writev, EPERM, -1, 0, 0, -1, 0 },
	{ "proc-mem", SYS_pread64, EPERM, 3, ANY, 0, -2, 0 },
	{ "proc-mem", SYS_lseek, EPERM, 1, ANY, 0, -2, 0 },
	{ "pidfd-getfd", SYS_pidfd_getfd, EPERM, -1, 0, 0, -1, 0 },
	{ "kcmp", SYS_kcmp, EPERM, -1, 0, 0, -1, 0 },
	{ "seccomp", SYS_seccomp, EINVAL, -1, 0, 0, -1, 0 },
	{ "seccomp", SYS_prctl, EINVAL, 0, 0, PR_SET_SECCOMP, -1, 0 },
	{ "notify", SYS_seccomp, EINVAL, 0, 0, SECCOMP_SET_MODE_FILTER, 1, 8 },
	{ "wait-killable", SYS_seccomp, EINVAL, 0, 0, SECCOMP_SET_MODE_FILTER, 1, 32 },
	{ "addfd", SYS_ioctl, EINVAL, 1, 0, ADDFD, -1, 0 },
	{ "sync-wake-up", SYS_ioctl, EINVAL, 1, 0, SET_FLAGS, -1, 0 },
	{ "landlock", SYS_landlock_create_ruleset, ENOSYS, -1, 0, 0, -1, 0 },
	{ "landlock", SYS_landlock_add_rule, ENOSYS, -1, 0, 0, -1, 0 },
	{ "landlock", SYS_landlock_restrict_self, ENOSYS, -1, 0, 0, -1, 0 },
	{ "userns", SYS_unshare, EPERM, 0, CLONE_NEWUSER, 0, -1, 0 },
	{ "userns", SYS_clone, EPERM, 0, CLONE_NEWUSER, 0, -1, 0 },
	{ "namespaces", SYS_unshare, EPERM, 0, NAMESPACES, 0, -1, 0 },
	{ "namespaces", SYS_clone, EPERM, 0, NAMESPACES, 0, -1, 0 },
	{ "namespaces", SYS_setns, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_mount, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_umount2, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_pivot_root, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_open_tree, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_move_mount, EPERM, -1, 0, 0, -1, 0 },
	{ "mount", SYS_mount_setattr, EPERM, -1, 0, 0, -1, 0 },
	{ "chroot", SYS_chroot, EPERM, -1, 0, 0, -1, 0 },
	{ "clone3", SYS_clone3, ENOSYS, -1, 0, 0, -1, 0 },
	{ "openat2", SYS_openat2, ENOSYS, -1, 0, 0, -1, 0 },
	{ "io-uring", SYS_io_uring_setup, EPERM, -1, 0, 0, -1, 0 },
	{ "bpf", SYS_bpf, EPERM, -1, 0, 0, -1, 0 },
	{ "memfd-noexec", SYS_memfd_create, EINVAL, 1, 8, 0, -1, 0 },
	{ "memfd", SYS_memfd_create, ENOSYS, -1, 0, 0, -1, 0 },
};

static struct sock_filter code[2048];
static unsigned short used;

static void put(unsigned short op, unsigned k, unsigned char yes, unsigned char no)
{
	code[used++] = (struct sock_filter){ op, yes, no, k };
}

static void load(size_t offset)
{
	put(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static size_t low(int argument)
{
	return offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
}

/* One row: every step that does not fit leads behind its end. */
static void put_row(size_t row, int error)
{
	unsigned short at[4], end;
	size_t steps = 0;

	load(offsetof(struct seccomp_data, nr));
	at[steps++] = used;
	put(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)rows[row].nr, 0, 0);
	if (rows[row].argument >= 0) {
		/* -2: the high half is what matters. */
		load(low(rows[row].argument) + (rows[row].argument2 == -2 ? 4 : 0));
		at[steps++] = used;
		if (rows[row].bits)
			put(BPF_JMP | BPF_JSET | BPF_K, rows[row].bits, 0, 0);
		else
			put(BPF_JMP | BPF_JEQ | BPF_K, rows[row].value, 0, 0);
	}
	if (rows[row].argument2 >= 0) {
		load(low(rows[row].argument2));
		at[steps++] = used;
		put(BPF_JMP | BPF_JSET | BPF_K, rows[row].bits2, 0, 0);
	}
	put(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error, 0, 0);
	end = used;
	for (size_t i = 0; i < steps; i++)
		code[at[i]].jf = (unsigned char)(end - at[i] - 1);
}

/* Returns false for a word that is in no row. `newer=N`: a kernel that ends before call N. */
static int put_word(const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t len = equals ? (size_t)(equals - argument) : strlen(argument);
	int found = 0;

	if (equals && strncmp(argument, "newer", len) == 0) {
		load(offsetof(struct seccomp_data, nr));
		put(BPF_JMP | BPF_JGE | BPF_K, (unsigned)atoi(equals + 1), 0, 2);
		put(BPF_JMP | BPF_JGE | BPF_K, UNUSED_CALL, 1, 0);
		put(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
		return 1;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].word) == len && strncmp(rows[i].word, argument, len) == 0) {
			put_row(i, equals ? atoi(equals + 1) : rows[i].error);
			found = 1;
		}
	return found;
}

static int install(struct sock_filter *filter, unsigned short len, unsigned flags)
{
	struct sock_fprog program = { len, filter };
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0) {
		perror("deny: seccomp");
		exit(99);
	}
	return fd;
}

/* Ends as the command ended, holding what stays open meanwhile. */
static int wait_for(pid_t pid)
{
	int status;

	for (int signal = 1; signal < 32; signal++)
		if (signal != SIGCHLD)
			sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The child has the filter; we, outside of it, have the listener. See pidfd_getfd(2) for the way. */
static pid_t fork_below_listener(void)
{
	struct sock_filter tell[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UNUSED_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	pid_t parent;

	install(tell, sizeof(tell) / sizeof(tell[0]), SECCOMP_FILTER_FLAG_NEW_LISTENER);
	parent = fork(); /* keeps the listener open; the child's copy goes at exec */
	return parent;
}

int main(int argc, char **argv)
{
	int at = 1, listener = 0;
	pid_t pid;

	load(offsetof(struct seccomp_data, arch));
	put(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	put(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (strcmp(argv[at], "listener") == 0) {
			listener = 1;
		} else if (!put_word(argv[at])) {
			fprintf(stderr, "deny: no such word '%s'\n", argv[at]);
			return 99;
		}
	}
	put(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	if (at + 1 >= argc) {
		fprintf(stderr, "usage: deny WORD[=ERRNO] ... -- COMMAND [ARGUMENT ...]\n");
		return 99;
	}
	if (listener) {
		pid = fork_below_listener();
		if (pid != 0)
			return wait_for(pid);
	}
	install(code, used, 0);
	execvp(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 127;
}
