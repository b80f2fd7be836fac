/* SPDX-License-Identifier: MIT */
/*
 * call.h - the catalogue in C: one entry for each system call ZenCube knows.
 *
 * core/calls.def says every fact about a call once: its class, what it does (op), its numbers on
 * x86-64 and i386, and the role of every argument. This header turns the rows into enums; call.c
 * turns them into a table that the shim, the tracer, the tests and the documentation read.
 *
 * Context: anywhere. Memory: constant tables. Fails: never.
 */
#ifndef ZC_CORE_CALL_H
#define ZC_CORE_CALL_H

#include "core/base.h"

/* What an argument means. The C type that the shim's hook gives it follows from it. */
enum zc_role {
	ZC_ROLE_NONE,
	ZC_ROLE_FD,      /* a descriptor that is acted on */
	ZC_ROLE_DIRFD,   /* where the next PATH or ENTRY starts; AT_FDCWD */
	ZC_ROLE_PATH,    /* a path whose last symbolic link is followed (unless ATFLAGS say not) */
	ZC_ROLE_ENTRY,   /* a path that names a directory entry: its last link is not followed */
	ZC_ROLE_OFLAGS,  /* open(2) flags */
	ZC_ROLE_HOW,     /* struct open_how * */
	ZC_ROLE_ATFLAGS, /* AT_* */
	ZC_ROLE_RFLAGS,  /* RENAME_* */
	ZC_ROLE_MODE,    /* mode_t */
	ZC_ROLE_DEV,     /* dev_t */
	ZC_ROLE_UID,
	ZC_ROLE_GID,
	ZC_ROLE_OFF,  /* off_t */
	ZC_ROLE_SIZE, /* size_t */
	ZC_ROLE_INT,
	ZC_ROLE_UINT,
	ZC_ROLE_ULONG,
	ZC_ROLE_STR, /* a NUL-terminated text that is not a path to judge */
	ZC_ROLE_BUF, /* const void * */
	ZC_ROLE_PTR, /* void * */
	ZC_ROLE_ARGV,
	ZC_ROLE_ENVP,
	ZC_ROLE_SOCKADDR, /* const struct sockaddr *, its size in the next LEN */
	ZC_ROLE_LEN,      /* socklen_t */
	ZC_ROLE_MSGHDR,   /* const struct msghdr * */
	ZC_ROLE_MMSGHDR,  /* struct mmsghdr * */
	ZC_ROLE_MSGFLAGS, /* MSG_* */
	ZC_ROLE_DOMAIN,
	ZC_ROLE_TYPE,
	ZC_ROLE_PROTO,
	ZC_ROLE_PID,
	ZC_ROLE_SIG,
	ZC_ROLE_CLONEFLAGS,
	ZC_ROLE_REQUEST,
	ZC_ROLE_COUNT
};

/* Classes of calls. The policy's classes (read, write, run, net, listen, sys) follow from op. */
enum zc_call_class { ZC_CALL_FILE, ZC_CALL_EXEC, ZC_CALL_NET, ZC_CALL_SYS, ZC_CALL_WATCH };

/* clang-format off */
/* The names a policy uses after -sys, in one place. X(identifier, policy name, what it covers) */
#define ZC_SYS_NAMES(X) \
	X(SYS_MOUNT, "mount", "mounting, unmounting and the mount API") \
	X(SYS_NAMESPACE, "namespace", "new namespaces and entering others") \
	X(SYS_CLONE3, "clone3", "clone3(2), whose flags hide behind a pointer") \
	X(SYS_CHROOT, "chroot", "changing the root directory") \
	X(SYS_MODULE, "module", "kernel modules") \
	X(SYS_BPF, "bpf", "bpf(2)") \
	X(SYS_PERF, "perf", "perf_event_open(2)") \
	X(SYS_PTRACE, "ptrace", "tracing a process that is not the run's own") \
	X(SYS_PROCESS_MEMORY, "process-memory", "memory of a process that is not the run's own") \
	X(SYS_PIDFD_GETFD, "pidfd-getfd", "descriptors of a process that is not the run's own") \
	X(SYS_OPEN_BY_HANDLE, "open-by-handle", "opening files by handle, past every path rule") \
	X(SYS_KEXEC, "kexec", "loading another kernel") \
	X(SYS_REBOOT, "reboot", "reboot(2)") \
	X(SYS_SWAP, "swap", "swap areas") \
	X(SYS_ACCOUNTING, "accounting", "process accounting, acct(2)") \
	X(SYS_QUOTA, "quota", "disk quotas") \
	X(SYS_CLOCK, "clock", "setting the clock") \
	X(SYS_CLOCK_ADJUST, "clock-adjust", "adjusting the clock; reading it is free") \
	X(SYS_HOSTNAME, "hostname", "host and domain name") \
	X(SYS_RAW_IO, "raw-io", "I/O ports") \
	X(SYS_FANOTIFY, "fanotify", "watching whole file systems") \
	X(SYS_KERNEL_LOG, "kernel-log", "the kernel's log buffer") \
	X(SYS_VHANGUP, "vhangup", "hanging up the terminal") \
	X(SYS_IO_URING, "io-uring", "io_uring, which no filter below sees") \
	X(SYS_KEYRING, "keyring", "the kernel's key rings") \
	X(SYS_SIGNAL_SUPERVISOR, "signal-supervisor", "signalling or tracing ZenCube itself")
/* clang-format on */

enum zc_sys {
#define ZC_X(id, name, what) ZC_##id,
	ZC_SYS_NAMES(ZC_X)
#undef ZC_X
		ZC_SYS_COUNT
};

/* clang-format off */
/* What a call does. X(identifier, name in the evidence); the sys ops follow with their policy names. */
#define ZC_OP_NAMES(X) \
	X(OPEN, "open") X(OPEN_READ, "open_read") X(OPEN_WRITE, "open_write") X(OPEN_RDWR, "open_rdwr") \
	X(MKDIR, "mkdir") X(MKNOD, "mknod") X(UNLINK, "unlink") X(RMDIR, "rmdir") \
	X(RENAME, "rename") X(LINK, "link") X(SYMLINK, "symlink") X(CHMOD, "chmod") \
	X(CHOWN, "chown") X(UTIME, "utime") X(TRUNCATE, "truncate") X(XATTR, "xattr") \
	X(FSFLAGS, "fsflags") X(MQ_OPEN, "mq_open") X(MQ_UNLINK, "mq_unlink") X(EXEC, "exec") \
	X(SOCKET, "socket") X(CONNECT, "connect") X(BIND, "bind") X(LISTEN, "listen") \
	X(ACCEPT, "accept") X(SEND, "send") X(RECV, "recv") X(SOCKOPT, "sockopt") \
	X(SOCKETCALL, "socketcall") X(RESOLVE, "resolve") X(WATCH, "watch")
/* clang-format on */

enum zc_op {
#define ZC_X(id, name) ZC_OP_##id,
	ZC_OP_NAMES(ZC_X)
#undef ZC_X
		ZC_OP_SYS_FIRST, /* ZC_OP_SYS_FIRST + enum zc_sys */
	ZC_OP_COUNT = ZC_OP_SYS_FIRST + ZC_SYS_COUNT
};
enum {
#define ZC_X(id, name, what) ZC_OP_##id = ZC_OP_SYS_FIRST + ZC_##id,
	ZC_SYS_NAMES(ZC_X)
#undef ZC_X
};

enum zc_call_id {
#define ZC_CALL(name, class, op, nr64, nr32, ...) ZC_ID_##name,
#include "core/calls.def"
	ZC_CALL_COUNT
};
#define ZC_CALL_NONE 0xffffu

enum zc_abi { ZC_ABI_X86_64, ZC_ABI_I386, ZC_ABI_X32, ZC_ABI_COUNT };

struct zc_call {
	const char *name;
	uint8_t class; /* enum zc_call_class */
	uint8_t op;    /* enum zc_op; OPEN and SOCKETCALL are refined by zc_event_fill() */
	int16_t nr[2]; /* system call number by ABI (x32 uses x86-64's, without bit 30); -1: none */
	uint8_t role[6]; /* enum zc_role */
};

/* The table, indexed by enum zc_call_id. */
extern const struct zc_call zc_calls[ZC_CALL_COUNT];

/* The row of system call nr under abi, or ZC_CALL_NONE. Constant time. */
unsigned zc_call_by_number(enum zc_abi abi, long nr);
/* The row called name (len bytes), or ZC_CALL_NONE. */
unsigned zc_call_by_name(const char *name, size_t len);

const char *zc_op_name(unsigned op);       /* "open_read"; for sys ops the policy's name */
const char *zc_role_name(unsigned role);   /* "DIRFD" */
const char *zc_class_name(unsigned class); /* "file" */
const char *zc_abi_name(unsigned abi);     /* "x86_64" "i386" "x32" */
const char *zc_sys_name(unsigned sys);     /* "mount" */
const char *zc_sys_what(unsigned sys);     /* "mounting, unmounting and the mount API" */
/* "EACCES" for 13; NULL when unknown. */
const char *zc_errno_name(int error);

#endif
