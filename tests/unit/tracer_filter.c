/* SPDX-License-Identifier: MIT */
/*
 * tracer_filter.c - which calls stop: by hand, against the decision itself, and in the kernel.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/net/protocols.h"
#include "tests/unit/decide.h"
#include "tests/unit/t.h"
#include "tracer/filter/filter.h"

#define USER ZC_LAYER_USER
#define ALLOW ZC_SAYS_ALLOW
#define DENY ZC_SAYS_DENY
#define SECRET "/vault/secret"
#define SUPERVISOR 4321

/* --- policies -------------------------------------------------------------------------------------- */

enum kind { STRICT, READS_FREE, NO_NET, NETS_FREE, KINDS };
static const char *const kind_names[KINDS] = { "a policy that denies a file",
					       "one that reads everything", "--no-net",
					       "one with the whole network" };

static struct lab make(enum kind kind)
{
	struct lab lab = lab_new(kind == NO_NET ? ZC_IMAGE_NO_NET : 0);

	lab.options.supervisor[1] = SUPERVISOR;
	lab_path(&lab, USER, ALLOW, R | W | X, "/");
	lab_path(&lab, USER, DENY, kind == READS_FREE ? W : R | W | X, SECRET);
	if (kind == NETS_FREE) {
		int rule = lab_rule(&lab, USER, ALLOW, NET | LISTEN, "all");

		if (zc_build_net_any(lab.build, rule, NET | LISTEN) < 0 ||
		    zc_build_unix_any(lab.build, rule) < 0)
			abort();
	}
	return lab;
}

static struct sock_fprog built(struct lab *lab)
{
	struct sock_fprog program;

	if (zc_filter_build(lab_image(lab), SECCOMP_RET_TRACE, &program) < 0)
		abort();
	return program;
}

static struct seccomp_data call(enum zc_abi abi, long nr, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)(nr | (abi == ZC_ABI_X32 ? 0x40000000l : 0)) };

	data.arch = abi == ZC_ABI_I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	for (unsigned i = 0; i < 6; i++)
		data.args[i] = args[i];
	return data;
}

static bool stops(const struct sock_fprog *program, const struct seccomp_data *data)
{
	return zc_filter_run(program, data) != SECCOMP_RET_ALLOW;
}

/* --- by hand --------------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	uint8_t abi;
	uint16_t nr;
	uint64_t args[6];
	bool stops;
} by_hand[] = {
	{ "read", ZC_ABI_X86_64, SYS_read, { 0 }, false },
	{ "close", ZC_ABI_X86_64, SYS_close, { 3 }, false },
	{ "dup2", ZC_ABI_X86_64, SYS_dup2, { 3, 4 }, false },
	{ "newfstatat", ZC_ABI_X86_64, SYS_newfstatat, { 1, 2, 3, 4 }, false },
	{ "chdir", ZC_ABI_X86_64, SYS_chdir, { 1 }, false },
	{ "exit_group", ZC_ABI_X86_64, SYS_exit_group, { 1 }, false },
	{ "a call of a kernel to come", ZC_ABI_X86_64, 4000, { 1 }, false },
	{ "openat to read", ZC_ABI_X86_64, SYS_openat, { 0, 1, O_RDONLY }, true },
	{ "openat with O_PATH", ZC_ABI_X86_64, SYS_openat, { 0, 1, O_PATH | O_CREAT }, false },
	{ "open with O_PATH", ZC_ABI_X86_64, SYS_open, { 1, O_PATH }, false },
	{ "creat", ZC_ABI_X86_64, SYS_creat, { 1, O_PATH }, true },
	{ "openat2", ZC_ABI_X86_64, SYS_openat2, { 0 }, true },
	{ "execve", ZC_ABI_X86_64, SYS_execve, { 0 }, true },
	{ "a terminal's ioctl", ZC_ABI_X86_64, SYS_ioctl, { 0, 0x5401 }, false },
	{ "FS_IOC_SETFLAGS", ZC_ABI_X86_64, SYS_ioctl, { 0, 0x40086602 }, true },
	{ "FS_IOC_SETFLAGS with noise above",
	  ZC_ABI_X86_64,
	  SYS_ioctl,
	  { 0, 0x900000040086602 },
	  true },
	{ "a unix socket", ZC_ABI_X86_64, SYS_socket, { AF_UNIX, SOCK_STREAM }, false },
	{ "a TCP socket",
	  ZC_ABI_X86_64,
	  SYS_socket,
	  { AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6 },
	  false },
	{ "a UDP socket",
	  ZC_ABI_X86_64,
	  SYS_socket,
	  { AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK },
	  false },
	{ "an SCTP socket", ZC_ABI_X86_64, SYS_socket, { AF_INET, SOCK_STREAM, 132 }, true },
	{ "a raw socket", ZC_ABI_X86_64, SYS_socket, { AF_INET, SOCK_RAW, 1 }, true },
	{ "a route socket", ZC_ABI_X86_64, SYS_socket, { AF_NETLINK, SOCK_RAW }, false },
	{ "an audit socket", ZC_ABI_X86_64, SYS_socket, { AF_NETLINK, SOCK_RAW, 9 }, true },
	{ "a packet socket", ZC_ABI_X86_64, SYS_socket, { 17, SOCK_RAW }, true },
	{ "sendto of a connected socket", ZC_ABI_X86_64, SYS_sendto, { 3, 1, 1, 0x4000 }, false },
	{ "sendto with an address", ZC_ABI_X86_64, SYS_sendto, { 3, 1, 1, 0, 1, 16 }, true },
	{ "sendto with an address above 4 GiB",
	  ZC_ABI_X86_64,
	  SYS_sendto,
	  { 3, 1, 1, 0, 1ull << 32, 16 },
	  true },
	{ "sendto with MSG_FASTOPEN", ZC_ABI_X86_64, SYS_sendto, { 3, 1, 1, 0x20000000 }, true },
	{ "sendmsg", ZC_ABI_X86_64, SYS_sendmsg, { 3 }, true },
	{ "recvmsg", ZC_ABI_X86_64, SYS_recvmsg, { 3 }, false },
	{ "fork by clone", ZC_ABI_X86_64, SYS_clone, { SIGCHLD | CLONE_CHILD_SETTID }, false },
	{ "a thread by clone",
	  ZC_ABI_X86_64,
	  SYS_clone,
	  { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND },
	  false },
	{ "CLONE_UNTRACED", ZC_ABI_X86_64, SYS_clone, { SIGCHLD | CLONE_UNTRACED }, true },
	{ "CLONE_NEWUSER", ZC_ABI_X86_64, SYS_clone, { SIGCHLD | CLONE_NEWUSER }, true },
	{ "clone3", ZC_ABI_X86_64, SYS_clone3, { 0 }, true },
	{ "unshare of descriptors", ZC_ABI_X86_64, SYS_unshare, { CLONE_FILES }, false },
	{ "unshare of mounts", ZC_ABI_X86_64, SYS_unshare, { CLONE_NEWNS }, true },
	{ "io_uring_setup", ZC_ABI_X86_64, SYS_io_uring_setup, { 0 }, true },
	{ "ptrace", ZC_ABI_X86_64, SYS_ptrace, { 0 }, true },
	{ "PR_SET_DUMPABLE to 0", ZC_ABI_X86_64, SYS_prctl, { PR_SET_DUMPABLE, 0 }, true },
	{ "PR_SET_DUMPABLE to 1", ZC_ABI_X86_64, SYS_prctl, { PR_SET_DUMPABLE, 1 }, false },
	{ "PR_SET_NAME", ZC_ABI_X86_64, SYS_prctl, { PR_SET_NAME, 0 }, false },
	{ "a seccomp filter", ZC_ABI_X86_64, SYS_seccomp, { 1, 1 }, false },
	{ "a seccomp listener", ZC_ABI_X86_64, SYS_seccomp, { 1, 8 }, true },
	{ "kill", ZC_ABI_X86_64, SYS_kill, { 1, SIGTERM }, true },
	{ "kill with signal 0", ZC_ABI_X86_64, SYS_kill, { 1, 0 }, false },
	{ "tgkill of another", ZC_ABI_X86_64, SYS_tgkill, { 1, 1, SIGTERM }, false },
	{ "tgkill of ours", ZC_ABI_X86_64, SYS_tgkill, { SUPERVISOR, 1, SIGTERM }, true },
	{ "i386: read", ZC_ABI_I386, 3, { 0 }, false },
	{ "i386: open", ZC_ABI_I386, 5, { 1, O_RDWR }, true },
	{ "i386: open with O_PATH", ZC_ABI_I386, 5, { 1, O_PATH }, false },
	{ "i386: socketcall socket", ZC_ABI_I386, 102, { 1 }, true },
	{ "i386: socketcall getsockname", ZC_ABI_I386, 102, { 6 }, false },
	{ "i386: socketcall recvmsg", ZC_ABI_I386, 102, { 17 }, false },
	{ "i386: chown32", ZC_ABI_I386, 212, { 1 }, true },
	{ "i386: truncate64", ZC_ABI_I386, 193, { 1 }, true },
	{ "i386: ipc", ZC_ABI_I386, 117, { 1 }, true },
	{ "x32: read", ZC_ABI_X32, SYS_read, { 0 }, false },
	{ "x32: openat", ZC_ABI_X32, SYS_openat, { 0, 1, O_RDONLY }, true },
	{ "x32: its own execve", ZC_ABI_X32, 520, { 0 }, true },
	{ "x32: its own sendmsg", ZC_ABI_X32, 518, { 0 }, true },
	{ "number 520 without the bit", ZC_ABI_X86_64, 520, { 0 }, false },
};

static void test_by_hand(void)
{
	struct lab lab = make(STRICT);
	struct sock_fprog program = built(&lab);
	struct seccomp_data data = { .nr = SYS_read, .arch = AUDIT_ARCH_AARCH64 };

	T_OK(program.len < BPF_MAXINSNS, "the program has %u instructions", program.len);
	for (size_t i = 0; i < ZC_LEN(by_hand); i++) {
		data = call(by_hand[i].abi, by_hand[i].nr, by_hand[i].args);
		T_OK(stops(&program, &data) == by_hand[i].stops, "%s %s", by_hand[i].what,
		     by_hand[i].stops ? "stops" : "passes");
	}
	data = (struct seccomp_data){ .nr = SYS_read, .arch = AUDIT_ARCH_AARCH64 };
	T_OK(zc_filter_run(&program, &data) == (SECCOMP_RET_TRACE | ZC_FILTER_UNKNOWN_ABI),
	     "every call of an ABI that nobody knows stops");
	data = (struct seccomp_data){ .nr = -1, .arch = AUDIT_ARCH_X86_64 };
	T_OK(!stops(&program, &data), "number -1 is no x32 call");
	zc_filter_free(&program);
	lab_free(&lab);
}

static void test_by_policy(void)
{
	static const uint64_t reading[6] = { 0, 1, O_RDONLY }, temporary[6] = { 0, 1, 020200000 },
			      odd[6] = { 0, 1, O_ACCMODE }, unix_one[6] = { 3 };
	struct seccomp_data data;
	struct sock_fprog program;
	struct lab lab = make(READS_FREE);

	program = built(&lab);
	data = call(ZC_ABI_X86_64, SYS_openat, reading);
	T_OK(!stops(&program, &data), "where no read can be refused, openat to read passes");
	data = call(ZC_ABI_X86_64, SYS_openat, temporary);
	T_OK(stops(&program, &data), "O_TMPFILE is no reading");
	data = call(ZC_ABI_X86_64, SYS_openat, odd);
	T_OK(stops(&program, &data), "nor is access mode 3");
	zc_filter_free(&program);
	lab_free(&lab);

	lab = make(NO_NET);
	program = built(&lab);
	data = call(ZC_ABI_X86_64, SYS_recvmsg, unix_one);
	T_OK(stops(&program, &data),
	     "under --no-net receiving stops: the socket may have come from outside");
	zc_filter_free(&program);
	lab_free(&lab);

	lab = make(NETS_FREE);
	program = built(&lab);
	data = call(ZC_ABI_X86_64, SYS_connect, unix_one);
	T_OK(!stops(&program, &data) ==
		     zc_filter_passes(&(struct zc_filter_free){ .net = true,
								.path[ZC_CLASS_UNIX] = true },
				      ZC_ID_connect),
	     "where every address is allowed, connect passes");
	zc_filter_free(&program);
	lab_free(&lab);
}

/* --- against the decision -------------------------------------------------------------------------- */

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t dice(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Arguments that mean something somewhere, with single bits turned now and then. */
static uint64_t argument(void)
{
	static const uint64_t some[] = {
		0,
		1,
		2,
		3,
		4,
		5,
		6,
		8,
		9,
		10,
		16,
		17,
		58,
		132,
		136,
		262,
		O_PATH,
		O_CREAT,
		O_RDWR,
		O_TRUNC | O_WRONLY,
		020200000,
		0x20000000,
		0x40086602,
		0x40046602,
		0x401c5820,
		CLONE_NEWNS,
		CLONE_NEWTIME,
		CLONE_VM,
		SIGTERM,
		SUPERVISOR,
		0x7fff00001000,
		1ull << 32,
		UINT64_MAX,
		(uint32_t)-100,
		SOCK_DGRAM | SOCK_CLOEXEC,
	};
	uint64_t value = some[dice() % ZC_LEN(some)];

	return dice() % 4 == 0 ? value ^ 1ull << dice() % 64 : value;
}

/* Whatever lies behind a pointer: a denied name, or bytes that change each time. */
static long read_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)buffer)[i] = (unsigned char)(dice() % 3 ? 0 : dice());
	if (len >= 16 && dice() % 2)
		memcpy(buffer,
		       &(struct sockaddr_in){
			       .sin_family = AF_INET, .sin_port = 5, .sin_addr = { 6 } },
		       16);
	return (long)len;
}

static long read_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	memcpy(buffer, SECRET, sizeof(SECRET));
	return (long)sizeof(SECRET) - 1;
}

static bool is_ours(const struct seccomp_data *data, unsigned row)
{
	/* kill() and tkill() reach a process by the id of any of its threads: nothing is known of it. */
	if (row == ZC_ID_tgkill || row == ZC_ID_rt_tgsigqueueinfo)
		return (int)data->args[0] == SUPERVISOR;
	return true;
}

static bool decided_free(struct lab *lab, const struct seccomp_data *data, enum zc_abi abi,
			 unsigned row)
{
	static const struct zc_reader reader = { .bytes = read_bytes, .text = read_text };
	static struct zc_event_text text;
	struct zc_event event;
	uint64_t args[6];

	for (unsigned i = 0; i < 6;
	     i++) /* a pid or signal is an int: the kernel drops the upper half */
		args[i] = zc_calls[row].op == ZC_OP_SYS_SIGNAL_SUPERVISOR ? (uint32_t)data->args[i]
									  : data->args[i];
	if (zc_event_fill(&event, row, abi, args, &reader, &text) < 0)
		return true; /* the kernel's own error comes first */
	if (zc_calls[row].op == ZC_OP_SYS_SIGNAL_SUPERVISOR && is_ours(data, row))
		event.flags |= ZC_EV_SUPERVISOR_TARGET;
	for (unsigned i = 0; i < event.objects; i++) {
		struct zc_object *object = &event.object[i];

		object->given = object->path = SECRET;
		object->given_len = object->path_len = sizeof(SECRET) - 1;
		object->flags |= ZC_OBJ_EXISTS;
	}
	return zc_policy_decide(lab_image(lab), &event).action == ZC_ALLOWED;
}

/* What passes is what the decision allows, for every number and whatever the registers hold. */
static void test_against_decision(enum kind kind)
{
	struct lab lab = make(kind);
	struct sock_fprog program = built(&lab);
	unsigned wrong = 0, passed = 0, stopped = 0;

	for (unsigned abi = 0; abi < ZC_ABI_COUNT; abi++) {
		struct zc_number list[ZC_NUMBERS_CAP];
		size_t count = zc_numbers_list((enum zc_abi)abi, false, list);

		for (size_t n = 0; n < count; n++) {
			for (unsigned round = 0; round < 2000; round++) {
				uint64_t args[6];
				struct seccomp_data data;

				for (unsigned i = 0; i < 6; i++)
					args[i] = abi == ZC_ABI_I386 ? (uint32_t)argument()
								     : argument();
				data = call((enum zc_abi)abi, list[n].nr, args);
				if (stops(&program, &data)) {
					stopped++;
					continue;
				}
				passed++;
				if (zc_calls[list[n].row].op == ZC_OP_SOCKOPT &&
				    !zc_option_reroutes((uint32_t)args[1], (uint32_t)args[2]))
					continue; /* names no address of its own */
				if (!decided_free(&lab, &data, (enum zc_abi)abi, list[n].row) &&
				    wrong++ < 5)
					printf("# %s %s(%#llx, %#llx, %#llx, %#llx) passes\n",
					       zc_abi_name(abi), zc_calls[list[n].row].name,
					       data.args[0], data.args[1], data.args[2],
					       data.args[3]);
			}
		}
	}
	T_OK(wrong == 0 && passed && stopped,
	     "%s: of %u calls that passed, each is allowed whatever it names", kind_names[kind],
	     passed);
	zc_filter_free(&program);
	lab_free(&lab);
}

/* Every number of every ABI: in the list, or passed. */
static void test_every_number(void)
{
	static const uint64_t none[6];
	struct lab lab = make(STRICT);
	struct sock_fprog program = built(&lab);
	unsigned wrong = 0;

	for (unsigned abi = 0; abi < ZC_ABI_COUNT; abi++)
		for (long nr = 0; nr < 1200; nr++) {
			struct seccomp_data data = call((enum zc_abi)abi, nr, none);
			unsigned row = zc_numbers_row((enum zc_abi)abi, data.nr);
			uint32_t said = zc_filter_run(&program, &data);

			if (said != SECCOMP_RET_ALLOW &&
			    (row == ZC_CALL_NONE || said != (SECCOMP_RET_TRACE | row)))
				wrong++;
		}
	T_OK(wrong == 0, "what stops, stops under its row's number, in every ABI");
	zc_filter_free(&program);
	lab_free(&lab);
}

/* --- in the kernel ----------------------------------------------------------------------------------- */

/* Without a tracer RET_TRACE answers ENOSYS, which none of these would by itself. */
static const struct {
	const char *what;
	long nr, args[4];
	bool stops;
} in_kernel[] = {
	{ "getppid", SYS_getppid, { 0 }, false },
	{ "openat to read", SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY }, true },
	{ "openat with O_PATH", SYS_openat, { AT_FDCWD, (long)"/", O_PATH }, false },
	{ "a unix socket", SYS_socket, { AF_UNIX, SOCK_STREAM }, false },
	{ "a raw socket", SYS_socket, { AF_INET, SOCK_RAW, 1 }, true },
	{ "mkdir", SYS_mkdir, { (long)"/", 0 }, true },
	{ "access", SYS_access, { (long)"/", 0 }, false },
	{ "ptrace", SYS_ptrace, { 12345, -1 }, true },
	{ "kill with signal 0", SYS_kill, { 1, 0 }, false },
	{ "unshare of nothing", SYS_unshare, { 0 }, false },
	{ "setns", SYS_setns, { -1, 0 }, true },
};

static int install_and_try(const struct sock_fprog *program)
{
	unsigned failed = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		return 77;
	for (size_t i = 0; i < ZC_LEN(in_kernel); i++) {
		const long *a = in_kernel[i].args;
		bool stopped = syscall(in_kernel[i].nr, a[0], a[1], a[2], a[3]) < 0 &&
			       errno == ENOSYS;

		failed += stopped != in_kernel[i].stops;
	}
	return (int)failed;
}

static void test_in_kernel(void)
{
	struct lab lab = make(STRICT);
	struct sock_fprog program = built(&lab);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(install_and_try(&program));
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		T_SKIP("no seccomp filter may be installed here");
	else
		T_OK(status == 0,
		     "the kernel takes the program and answers as the interpreter does");
	zc_filter_free(&program);
	lab_free(&lab);
}

/*
 * Does a number alone decide? Since 5.11 the kernel finds out by itself which calls a filter always allows
 * (it follows the program as long as that looks at nothing but number and ABI), and asks no more.
 */
static bool always_allows(const struct sock_fprog *program, long nr)
{
	struct sock_fprog cut = *program;
	struct sock_filter *copy = calloc(program->len, sizeof(*copy));
	struct seccomp_data data = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64 };
	bool allows;

	memcpy(copy, program->filter, program->len * sizeof(*copy));
	for (size_t i = 0; i < program->len; i++)
		if (copy[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
		    copy[i].k >= offsetof(struct seccomp_data, instruction_pointer))
			copy[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	cut.filter = copy;
	allows = zc_filter_run(&cut, &data) == SECCOMP_RET_ALLOW;
	free(copy);
	return allows;
}

static void test_constant(void)
{
	struct lab lab = make(STRICT);
	struct sock_fprog program = built(&lab);
	unsigned asked = 0, rows = 0, first = 0;

	for (long nr = 0; nr < 512; nr++) {
		bool is_row = zc_call_by_number(ZC_ABI_X86_64, nr) != ZC_CALL_NONE;

		rows += is_row;
		if (is_row || always_allows(&program, nr))
			continue;
		first = asked++ ? first : (unsigned)nr;
	}
	T_OK(asked == 0 && rows > 50,
	     "calls that are no row are allowed by their number alone (%u: %u)", asked, first);
	T_OK(!always_allows(&program, SYS_openat) && !always_allows(&program, SYS_mmap),
	     "others are not");
	zc_filter_free(&program);
	lab_free(&lab);
}

int main(void)
{
	test_constant();
	test_by_hand();
	test_by_policy();
	for (unsigned kind = 0; kind < KINDS; kind++)
		test_against_decision((enum kind)kind);
	test_every_number();
	test_in_kernel();
	T_DONE();
}
