/* SPDX-License-Identifier: MIT */
/*
 * box.c - what fetching does not need, given up before the first server is asked.
 *
 * A server is a stranger: what it says is read by libcurl, its TLS and libdebuginfod. Whoever takes those over
 * finds a process that has a network and may write one directory, but has no capability, cannot
 * read anybody's files, start other programs than the system's, or touch other processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evidence/fetch/fetcher.h"

#define MEMORY_MAX (1ull << 30)
#define FILES_MAX 256u
#define LOOKS \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
#define KEEPS \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define TRUNCATES (1ull << 14) /* LANDLOCK_ACCESS_FS_TRUNCATE, ABI 3 */
#define OF_A_FILE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)

/*
 * What loads the client, tells it names and certificates, and where distributions keep these. Not all of /etc: run as
 * root, it would hold keys and passwords.
 */
static const char *const system_places[] = {
	"/usr",
	"/bin",
	"/lib",
	"/lib64",
	"/nix/store",
	"/gnu/store",
	"/etc/ld.so.cache",
	"/etc/ld.so.preload",
	"/etc/alternatives",
	"/etc/localtime",
	"/etc/resolv.conf" /* where it leads */,
	"/run/systemd/resolve",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/nsswitch.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/ssl/certs",
	"/etc/ssl/cert.pem",
	"/etc/ssl/openssl.cnf",
	"/etc/ca-certificates",
	"/etc/pki/tls/certs",
	"/etc/pki/tls/cert.pem",
	"/etc/pki/tls/openssl.cnf",
	"/etc/pki/ca-trust",
	"/etc/crypto-policies",
	"/var/lib/ca-certificates",
	"/dev/urandom",
	"/dev/random",
	"/proc/sys/crypto",
};

static int allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat st;
	int r = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0; /* not there: nothing to allow */
	if (fstat(rule.parent_fd, &st) < 0 || !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_A_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		r = -errno;
	close(rule.parent_fd);
	return r;
}

static int allow_places(int ruleset, const struct zc_fetch_plan *plan, uint64_t truncates)
{
	int r = allow(ruleset, plan->cache, KEEPS | truncates);

	for (size_t i = 0; r == 0 && i < ZC_LEN(system_places); i++)
		r = allow(ruleset, system_places[i], LOOKS);
	for (size_t i = 0; r == 0 && plan->readable[i]; i++)
		r = allow(ruleset, plan->readable[i], LOOKS & ~LANDLOCK_ACCESS_FS_EXECUTE);
	if (r == 0)
		r = allow(ruleset, plan->program, LOOKS);
	if (r == 0)
		r = allow(ruleset, "/dev/null", OF_A_FILE & ~LANDLOCK_ACCESS_FS_EXECUTE);
	return r;
}

/* Kernels without Landlock have the other limits alone. */
static int leave_file_system(const struct zc_fetch_plan *plan)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct {
		uint64_t fs, net, scoped;
	} rights = { .fs = abi >= 3   ? 0x7fff
			   : abi == 2 ? 0x3fff
				      : 0x1fff,
		     .net = abi >= 4 ? 1 : 0,      /* BIND_TCP: nobody is to call here */
		     .scoped = abi >= 6 ? 3 : 0 }; /* abstract sockets, signals */
	size_t size = abi >= 6 ? sizeof(rights) : abi >= 4 ? 16 : 8;
	int fd, r;

	if (abi < 1)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
	if (fd < 0)
		return -errno;
	r = allow_places(fd, plan, abi >= 3 ? TRUNCATES : 0);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* As root: without any of its capabilities, and without getting them back by exec. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break; /* EINVAL: that was the last; EPERM: there is nothing to give up */
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

int zc_fetch_confine(const struct zc_fetch_plan *plan)
{
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	if (r == 0)
		r = drop_capabilities();
	if (r == 0)
		r = leave_file_system(plan);
	return r;
}

/* ---- the client ---- */

static int limit(int what, uint64_t most)
{
	struct rlimit now, limit = { most, most };

	if (getrlimit(what, &now) == 0 && now.rlim_max < most)
		limit.rlim_cur = limit.rlim_max = now.rlim_max;
	return setrlimit(what, &limit) < 0 ? -errno : 0;
}

static const int refused[] = {
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_getfd,
	SYS_pidfd_open,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_move_mount,
	SYS_open_tree,
	SYS_fsopen,
	SYS_fsmount,
	SYS_mount_setattr,
	SYS_unshare,
	SYS_setns,
	SYS_chroot,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_init_module,
	SYS_finit_module,
	SYS_kexec_load,
	SYS_open_by_handle_at,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_seccomp,
	SYS_memfd_create,
};

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))

static int filter_calls(void)
{
	struct sock_filter code[32 + ZC_LEN(refused) * 2] = {
		LOAD(arch),
		IS(AUDIT_ARCH_X86_64, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 */
		ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
		IS(SYS_socket, 0, 6),
		LOAD(args[0]),
		IS(AF_UNIX, 3, 0),
		IS(AF_INET, 2, 0),
		IS(AF_INET6, 1, 0),
		IS(AF_NETLINK, 0, 1),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 13, code };

	code[program.len++] = (struct sock_filter)LOAD(nr);
	code[program.len++] = (struct sock_filter)IS(SYS_socket, 0, 1);
	code[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	for (size_t i = 0; i < ZC_LEN(refused); i++) {
		code[program.len++] = (struct sock_filter)IS((unsigned)refused[i], 0, 1);
		code[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | EPERM);
	}
	code[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int zc_fetch_confine_client(const struct zc_fetch_plan *plan)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0)
		r = limit(RLIMIT_DATA, MEMORY_MAX);
	if (r == 0)
		r = limit(RLIMIT_CPU, plan->seconds);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, plan->size_max);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, FILES_MAX);
	return r == 0 ? filter_calls() : r;
}
