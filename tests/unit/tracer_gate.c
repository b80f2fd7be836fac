/* SPDX-License-Identifier: MIT */
/*
 * tracer_gate.c - the filter of mode hybrid, and that of the notify engine: what passes from the gate and
 * nowhere else, what stops besides, and that nothing else looks at more than the number.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/gate.h"
#include "tests/unit/decide.h"
#include "tests/unit/t.h"
#include "tracer/filter/filter.h"

#define GATE 0x69000000u
#define PASS (GATE + ZC_GATE_PASS + ZC_GATE_BEHIND)
#define SIDE (GATE + ZC_GATE_SIDE + ZC_GATE_BEHIND)

static struct sock_fprog built(uint32_t gate, uint32_t action)
{
	struct lab lab = lab_new(0);
	struct sock_fprog program;

	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, R | W | X, "/");
	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_DENY, R | W | X, "/vault");
	lab_image(&lab);
	lab.image->gate = gate;
	if (zc_filter_build(lab.image, action, &program) < 0)
		abort();
	lab_free(&lab);
	return program;
}

static struct seccomp_data call(enum zc_abi abi, long nr, uint64_t ip)
{
	struct seccomp_data data = { .nr = (int)(nr | (abi == ZC_ABI_X32 ? 0x40000000l : 0)),
				     .instruction_pointer = ip };

	data.arch = abi == ZC_ABI_I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	return data;
}

static bool stops(const struct sock_fprog *program, enum zc_abi abi, long nr, uint64_t ip)
{
	struct seccomp_data data = call(abi, nr, ip);

	return zc_filter_run(program, &data) != SECCOMP_RET_ALLOW;
}

/* What moves the working directory goes with the files: the shim has looked where it leads. */
static bool may_use_gate(unsigned row)
{
	return zc_calls[row].class == ZC_CALL_FILE || row == ZC_ID_chdir || row == ZC_ID_fchdir;
}

static void test_doors(void)
{
	static const uint64_t near[] = {
		SIDE,      PASS - 1,          PASS + 1,          GATE,
		0,         PASS | 1ull << 32, PASS | 1ull << 63, (uint64_t)PASS << 32,
		UINT64_MAX
	};
	struct sock_fprog program = built(GATE, SECCOMP_RET_TRACE);
	unsigned files = 0, closed = 0, leaks = 0, changed = 0;

	for (unsigned row = 0; row < ZC_CALL_COUNT; row++) {
		int nr = zc_calls[row].nr[0];
		bool stopped;

		if (nr < 0)
			continue;
		stopped = stops(&program, ZC_ABI_X86_64, nr, 0x401000);
		if (!may_use_gate(row)) {
			changed += stops(&program, ZC_ABI_X86_64, nr, PASS) != stopped;
			continue;
		}
		files += stopped;
		closed += stops(&program, ZC_ABI_X86_64, nr, PASS);
		for (size_t i = 0; i < ZC_LEN(near); i++)
			leaks += stops(&program, ZC_ABI_X86_64, nr, near[i]) != stopped;
		for (enum zc_abi abi = ZC_ABI_I386; abi <= ZC_ABI_X32; abi++) {
			int other = abi == ZC_ABI_I386 ? zc_calls[row].nr[1] : nr;

			leaks += other >= 0 && stops(&program, abi, other, PASS) !=
						       stops(&program, abi, other, 0x401000);
		}
	}
	T_OK(files > 40 && closed == 0, "%u calls on files stop elsewhere and pass from the gate",
	     files);
	T_OK(leaks == 0, "nothing near the gate is the gate, nor is it one in another ABI");
	T_OK(changed == 0,
	     "programs, addresses and the system are judged wherever they are called");
	zc_filter_free(&program);
}

/* The shim maps the page of the run, which all of the run write, where everybody else is held. */
static void test_mapping(void)
{
	struct sock_fprog program = built(GATE, SECCOMP_RET_USER_NOTIF);
	struct seccomp_data data = call(ZC_ABI_X86_64, SYS_mmap, 0x401000);
	bool held, side, passes;

	data.args[3] = MAP_SHARED;
	held = zc_filter_run(&program, &data) != SECCOMP_RET_ALLOW;
	data.instruction_pointer = SIDE;
	side = zc_filter_run(&program, &data) != SECCOMP_RET_ALLOW;
	data.instruction_pointer = PASS;
	passes = zc_filter_run(&program, &data) == SECCOMP_RET_ALLOW;
	T_OK(held && side && passes, "a shared mapping is held but for one from the gate");
	zc_filter_free(&program);
}

/*
 * What the kernel asks itself once for each number: does the program come to ALLOW by looking at nothing
 * but number and ABI? Then it is never run for that number again.
 */
static bool is_constant(const struct sock_fprog *program, enum zc_abi abi, long nr)
{
	struct seccomp_data data = call(abi, nr, 0);
	uint32_t a = 0;

	for (unsigned pc = 0; pc < program->len; pc++) {
		const struct sock_filter *f = &program->filter[pc];
		bool yes;

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			if (f->k != offsetof(struct seccomp_data, nr) &&
			    f->k != offsetof(struct seccomp_data, arch))
				return false;
			memcpy(&a, (char *)&data + f->k, sizeof(a));
			break;
		case BPF_RET: return f->k == SECCOMP_RET_ALLOW;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA) {
				pc += f->k;
				break;
			}
			yes = BPF_OP(f->code) == BPF_JEQ   ? a == f->k
			      : BPF_OP(f->code) == BPF_JGE ? a >= f->k
							   : a & f->k;
			pc += yes ? f->jt : f->jf;
			break;
		default: return false;
		}
	}
	return false;
}

static void test_constant(void)
{
	static const uint32_t actions[] = { SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF };

	for (size_t i = 0; i < ZC_LEN(actions); i++) {
		struct sock_fprog program = built(GATE, actions[i]);
		unsigned unjudged = 0, asked = 0;

		for (long nr = 0; nr < 500; nr++) {
			if (zc_numbers_row(ZC_ABI_X86_64, nr) != ZC_CALL_NONE ||
			    stops(&program, ZC_ABI_X86_64, nr, 0))
				continue;
			unjudged++;
			asked += !is_constant(&program, ZC_ABI_X86_64, nr);
		}
		T_OK(unjudged > 150 && asked == 0,
		     "%s: for %u numbers that nobody judges only the number is looked at",
		     i ? "notify" : "ptrace", unjudged);
		zc_filter_free(&program);
	}
}

/* --- what only the notify engine must hear of ------------------------------------------------------- */

static const struct {
	const char *what;
	uint8_t abi;
	int nr;
	uint64_t flags;
	bool notify, trace;
} births[] = {
	{ "a thread", ZC_ABI_X86_64, SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, true,
	  false },
	{ "a process in the same memory", ZC_ABI_X86_64, SYS_clone, CLONE_VM | SIGCHLD, true,
	  false },
	{ "one with the same directory", ZC_ABI_X86_64, SYS_clone, CLONE_FS | SIGCHLD, true,
	  false },
	{ "one with the same descriptors", ZC_ABI_I386, 120, CLONE_FILES | SIGCHLD, true, false },
	{ "a spawn, for which its parent waits", ZC_ABI_X86_64, SYS_clone,
	  CLONE_VM | CLONE_VFORK | SIGCHLD, true, false },
	{ "vfork", ZC_ABI_X86_64, SYS_vfork, 0, true, false },
	{ "vfork of 32-bit code", ZC_ABI_I386, 190, 0, true, false },
	{ "a spawn into a new namespace", ZC_ABI_X86_64, SYS_clone,
	  CLONE_VM | CLONE_VFORK | CLONE_NEWUSER, true, true },
	{ "a fork", ZC_ABI_X86_64, SYS_clone, SIGCHLD, false, false },
	{ "setuid", ZC_ABI_X86_64, SYS_setuid, 0, true, false },
	{ "setgroups", ZC_ABI_X86_64, SYS_setgroups, 0, true, false },
	{ "capset", ZC_ABI_X86_64, SYS_capset, 0, true, false },
	{ "setfsuid of x32", ZC_ABI_X32, SYS_setfsuid, 0, true, false },
	{ "setresuid32 of i386", ZC_ABI_I386, 208, 0, true, false },
	{ "landlock_restrict_self", ZC_ABI_X86_64, 446, 0, true, false },
	{ "getuid", ZC_ABI_X86_64, SYS_getuid, 0, false, false },
};

static void test_births(void)
{
	struct sock_fprog notify = built(0, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog trace = built(0, SECCOMP_RET_TRACE);

	for (size_t i = 0; i < ZC_LEN(births); i++) {
		struct seccomp_data data = call((enum zc_abi)births[i].abi, births[i].nr, 0);
		uint32_t said;

		data.args[0] = births[i].flags;
		said = zc_filter_run(&notify, &data) & SECCOMP_RET_ACTION_FULL;
		T_OK((said == SECCOMP_RET_USER_NOTIF) == births[i].notify &&
			     (said == SECCOMP_RET_ALLOW) == !births[i].notify &&
			     (zc_filter_run(&trace, &data) != SECCOMP_RET_ALLOW) == births[i].trace,
		     "%s is %s by notify, and %s by ptrace", births[i].what,
		     births[i].notify ? "held" : "let go", births[i].trace ? "held" : "let go");
	}
	zc_filter_free(&notify);
	zc_filter_free(&trace);
}

/* --- in the kernel ----------------------------------------------------------------------------------- */

typedef long door(long nr, long a, long b, long c);

/* 0 when the gate passes, and only the gate, and only for calls on files. */
static int use_doors(const struct sock_fprog *program)
{
	/* mov %rdi,%rax; mov %rsi,%rdi; mov %rdx,%rsi; mov %rcx,%rdx; syscall; ret */
	static const unsigned char code[] = { 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89,
					      0xd6, 0x48, 0x89, 0xca, 0x0f, 0x05, 0xc3 };
	const size_t behind = sizeof(code) - 1; /* so that the call ends where the doors' do */
	char *page = mmap((void *)(uintptr_t)(GATE - 4096), 8192,
			  PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	union {
		uint64_t address;
		door *call;
	} gate = { PASS - behind }, side = { SIDE - behind };
	long r;

	if (page == MAP_FAILED)
		return 10;
	memcpy((void *)(uintptr_t)gate.address, code, sizeof(code));
	memcpy((void *)(uintptr_t)side.address, code, sizeof(code));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		return 11;
	r = gate.call(SYS_openat, AT_FDCWD, (long)"/", O_RDONLY);
	if (r < 0)
		return 12;
	if (side.call(SYS_openat, AT_FDCWD, (long)"/", O_RDONLY) != -ZC_ID_openat)
		return 13;
	if (syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY) != -1 || errno != ZC_ID_openat)
		return 14;
	if (gate.call(SYS_kill, getpid(), SIGTERM, 0) != -ZC_ID_kill)
		return 15;
	return gate.call(SYS_read, r, 0, 0) == -EISDIR || gate.call(SYS_read, r, 0, 0) == 0 ? 0
											    : 16;
}

static void test_kernel(void)
{
	/* The row is the errno: so it is seen who answered. */
	struct sock_fprog program = built(GATE, SECCOMP_RET_ERRNO);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(use_doors(&program));
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 10 && WEXITSTATUS(status) <= 11)
		T_SKIP("no page there, or no filter, is to be had here");
	else
		T_OK(status == 0,
		     "the kernel passes what comes from the gate, and nothing else (%d)",
		     WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	zc_filter_free(&program);
}

int main(void)
{
	test_doors();
	test_mapping();
	test_constant();
	test_births();
	test_kernel();
	T_DONE();
}
