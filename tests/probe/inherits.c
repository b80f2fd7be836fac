/* SPDX-License-Identifier: MIT */
/*
 * inherits.c - a seccomp filter of the program's own is still there after an exec, and so is respect for it.
 *
 * policy: --deny-read=$T/vault
 * args: $T
 * expect: armed: OK; denied: EACCES; allowed: OK; relative: OK; violation $T/vault/secret; exit 2
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "probe.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define KILL(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int inside(const char *directory)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/vault/secret", directory);
	say_open("denied", path);
	snprintf(path, sizeof(path), "%s/open/file", directory);
	say_open("allowed", path);
	if (chdir(directory) < 0)
		return 98;
	say_open("relative", "open/file");
	return 0;
}

int main(int argc, char **argv)
{
	/* Nothing here, and no libc, has a use for these. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		KILL(SYS_openat2),
		KILL(SYS_readlinkat),
		KILL(SYS_process_vm_readv),
		KILL(SYS_dup3),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (argc > 2)
		return inside(argv[1]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 98;
	say("armed", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	execl(argv[0], argv[0], argv[1], "inside", (char *)NULL);
	say("exec", -1);
	return 97;
}
