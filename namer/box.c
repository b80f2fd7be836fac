/* SPDX-License-Identifier: MIT */
/*
 * box.c - everything given up that reading files which are open already does not need.
 *
 * Calls outside of the list get EPERM, not a signal: a libc of another version that tries something
 * is no attack, and an attack gets no further for it.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "namer/namer.h"

#define NOBODY 65534
#define MEMORY_MAX (768ull << 20) /* written memory; files are mapped besides */
#define SPACE_MAX (12ull << 30)
#define QUESTION_SECONDS 5 /* of processor time */
#define QUESTION_PATIENCE 60
#define LIFE_SECONDS 600 /* of processor time */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* the sanitizer maps terabytes, and asks for calls of its own */
#endif

static int limit(int what, uint64_t most)
{
	struct rlimit now, limit = { most, most };

	if (getrlimit(what, &now) == 0 && now.rlim_max < most)
		limit.rlim_cur = limit.rlim_max = now.rlim_max;
	return setrlimit(what, &limit) < 0 ? -errno : 0;
}

static int set_limits(void)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0 && !SANITIZED)
		r = limit(RLIMIT_DATA, MEMORY_MAX);
	if (r == 0 && !SANITIZED)
		r = limit(RLIMIT_AS, SPACE_MAX);
	if (r == 0)
		r = limit(RLIMIT_CPU, LIFE_SECONDS);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, MEMORY_MAX);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, 4 * ZC_NAMING_MODULES);
	return r;
}

/* Root has no business here. Where it may not become somebody else (a user namespace), it stays. */
static int drop_privileges(void)
{
	if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return 0;
}

/* No rule is added: no file can be opened at all. Kernels without Landlock have the filter alone. */
static int leave_file_system(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct {
		uint64_t fs;
	} rights = { abi >= 3 ? 0x7fff : abi == 2 ? 0x3fff : 0x1fff };
	int fd, r = 0;

	if (abi < 1)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

static const int allowed[] = {
	SYS_read,         SYS_pread64,   SYS_write,           SYS_close,        SYS_fstat,
	SYS_newfstatat,   SYS_lseek,     SYS_munmap,          SYS_mremap,       SYS_brk,
	SYS_madvise,      SYS_futex,     SYS_recvmsg,         SYS_sendmsg,      SYS_sendto,
	SYS_recvfrom,     SYS_exit,      SYS_exit_group,      SYS_rt_sigreturn, SYS_clock_gettime,
	SYS_gettimeofday, SYS_setitimer, SYS_memfd_create,    SYS_getrandom,    SYS_rt_sigprocmask,
	SYS_gettid,       SYS_getpid,    SYS_restart_syscall,
};

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))

static int filter_calls(void)
{
	struct sock_filter code[32 + ZC_LEN(allowed) * 2] = {
		LOAD(arch),
		IS(AUDIT_ARCH_X86_64, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		/* Memory is never code. */
		IS(SYS_mmap, 1, 0),
		IS(SYS_mprotect, 0, 4),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		ANSWER(SECCOMP_RET_ERRNO | EPERM),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 10, code };

	for (size_t i = 0; i < ZC_LEN(allowed); i++) {
		code[program.len++] = (struct sock_filter)IS((unsigned)allowed[i], 0, 1);
		code[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	}
	code[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | EPERM);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int zc_box_enter(const char **ret_what)
{
	int r;

	*ret_what = "limits";
	r = set_limits();
	if (r == 0) {
		*ret_what = "privileges";
		r = drop_privileges();
	}
	if (r == 0) {
		*ret_what = "no_new_privs";
		prctl(PR_SET_DUMPABLE, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	}
	if (r == 0) {
		*ret_what = "Landlock";
		r = leave_file_system();
	}
	if (r == 0 && !SANITIZED) {
		*ret_what = "the filter of system calls";
		r = filter_calls();
	}
	return r;
}

void zc_box_clock(bool runs)
{
	struct itimerval work = { .it_value = { runs ? QUESTION_SECONDS : 0, 0 } };
	struct itimerval wait = { .it_value = { runs ? QUESTION_PATIENCE : 0, 0 } };

	setitimer(ITIMER_PROF, &work, NULL);
	setitimer(ITIMER_REAL, &wait, NULL);
}
