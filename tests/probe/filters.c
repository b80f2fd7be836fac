/* SPDX-License-Identifier: MIT */
/*
 * filters.c - a program whose own seccomp filter kills it for any call it did not foresee survives.
 *
 * From then on paths are judged by their spelling only, since finding out where a link leads takes calls
 * that the filter may not know; docs/LIMITS.md says so.
 *
 * modes: shim
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file $T/open/link
 * expect: before: EACCES; armed: OK; denied: EACCES; link, as spelled: OK; allowed: OK; violation $T/vault/secret; exit 2
 * modes: traced
 * args: $T/vault/secret $T/open/file $T/open/link
 * expect: before: EACCES; armed: OK; denied: EACCES; link, as spelled: EACCES; allowed: OK; violation $T/vault/secret; exit 2
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "probe.h"

#define ALLOW(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(int argc, char **argv)
{
	/* What this program itself needs and nothing else: no openat2, no readlink, no sendmsg. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_openat),
		ALLOW(SYS_open),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_close),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_fcntl),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	say_open("before", argv[1]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 98;
	say("armed", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	say_open("denied", argv[1]);
	say_open("allowed", argv[2]);
	say_open("link, as spelled", argv[3]);
	_exit(0);
}
