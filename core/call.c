/* SPDX-License-Identifier: MIT */
/*
 * call.c - the catalogue as a table, and the ways to look a row up.
 */
#include "core/call.h"
#include "core/mem.h"

#define ROLES_0() \
	{ \
		0 \
	}
#define ROLES_1(a) \
	{ \
		ZC_ROLE_##a \
	}
#define ROLES_2(a, b) \
	{ \
		ZC_ROLE_##a, ZC_ROLE_##b \
	}
#define ROLES_3(a, b, c) \
	{ \
		ZC_ROLE_##a, ZC_ROLE_##b, ZC_ROLE_##c \
	}
#define ROLES_4(a, b, c, d) \
	{ \
		ZC_ROLE_##a, ZC_ROLE_##b, ZC_ROLE_##c, ZC_ROLE_##d \
	}
#define ROLES_5(a, b, c, d, e) \
	{ \
		ZC_ROLE_##a, ZC_ROLE_##b, ZC_ROLE_##c, ZC_ROLE_##d, ZC_ROLE_##e \
	}
#define ROLES_6(a, b, c, d, e, f) \
	{ \
		ZC_ROLE_##a, ZC_ROLE_##b, ZC_ROLE_##c, ZC_ROLE_##d, ZC_ROLE_##e, ZC_ROLE_##f \
	}
#define ROLES_PICK(_0, _1, _2, _3, _4, _5, _6, NAME, ...) NAME
#define ROLES(...) \
	ROLES_PICK(_0, ##__VA_ARGS__, ROLES_6, ROLES_5, ROLES_4, ROLES_3, ROLES_2, ROLES_1, \
		   ROLES_0) \
	(__VA_ARGS__)

/* The shim prints nothing: without names its table needs no relocation at each exec. */
#ifdef ZC_SHIM
#define NAME(name) NULL
#else
#define NAME(name) #name
#endif

const struct zc_call zc_calls[ZC_CALL_COUNT] = {
#define ZC_CALL(name, class, op, nr64, nr32, ...) \
	[ZC_ID_##name] = { \
		NAME(name), ZC_CALL_##class, ZC_OP_##op, { nr64, nr32 }, ROLES(__VA_ARGS__) \
	},
#include "core/calls.def"
};

#define NUMBERS 512
/* Row + 1 by number; calls that an ABI does not have share the last slot, which is then emptied. */
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
static const uint16_t by_number[2][NUMBERS] = {
	{
#define ZC_CALL(name, class, op, nr64, nr32, ...) \
	[nr64 < 0 ? NUMBERS - 1 : nr64] = ZC_ID_##name + 1,
#include "core/calls.def"
		[NUMBERS - 1] = 0 },
	{
#define ZC_CALL(name, class, op, nr64, nr32, ...) \
	[nr32 < 0 ? NUMBERS - 1 : nr32] = ZC_ID_##name + 1,
#include "core/calls.def"
		[NUMBERS - 1] = 0 },
};
#pragma GCC diagnostic pop

unsigned zc_call_by_number(enum zc_abi abi, long nr)
{
	const uint16_t *table = by_number[abi == ZC_ABI_I386];
	unsigned row;

	if (abi == ZC_ABI_X32)
		nr &= ~0x40000000l;
	if (nr < 0 || nr >= NUMBERS)
		return ZC_CALL_NONE;
	row = table[nr];
	return row ? row - 1 : ZC_CALL_NONE;
}

unsigned zc_call_by_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < ZC_CALL_COUNT; i++)
		if (zc_len(zc_calls[i].name) == len && zc_equal(zc_calls[i].name, name, len))
			return i;
	return ZC_CALL_NONE;
}

const char *zc_op_name(unsigned op)
{
	static const char *const names[ZC_OP_COUNT] = {
#define ZC_X(id, name) [ZC_OP_##id] = name,
		ZC_OP_NAMES(ZC_X)
#undef ZC_X
#define ZC_X(id, name, what) [ZC_OP_##id] = name,
			ZC_SYS_NAMES(ZC_X)
#undef ZC_X
	};
	return op < ZC_OP_COUNT ? names[op] : "unknown";
}

const char *zc_role_name(unsigned role)
{
	static const char *const names[ZC_ROLE_COUNT] = {
		"NONE",    "FD",     "DIRFD",    "PATH",  "ENTRY",  "OFLAGS",     "HOW",
		"ATFLAGS", "RFLAGS", "MODE",     "DEV",   "UID",    "GID",        "OFF",
		"SIZE",    "INT",    "UINT",     "ULONG", "STR",    "BUF",        "PTR",
		"ARGV",    "ENVP",   "SOCKADDR", "LEN",   "MSGHDR", "MMSGHDR",    "MSGFLAGS",
		"DOMAIN",  "TYPE",   "PROTO",    "PID",   "SIG",    "CLONEFLAGS", "REQUEST",
	};
	return role < ZC_ROLE_COUNT ? names[role] : "unknown";
}

const char *zc_class_name(unsigned class)
{
	static const char *const names[] = { "file", "exec", "net", "sys", "watch" };

	return class < ZC_LEN(names) ? names[class] : "unknown";
}

const char *zc_abi_name(unsigned abi)
{
	static const char *const names[ZC_ABI_COUNT] = { "x86_64", "i386", "x32" };

	return abi < ZC_ABI_COUNT ? names[abi] : "unknown";
}

const char *zc_sys_name(unsigned sys)
{
	return sys < ZC_SYS_COUNT ? zc_op_name(ZC_OP_SYS_FIRST + sys) : "unknown";
}

const char *zc_sys_what(unsigned sys)
{
	static const char *const texts[ZC_SYS_COUNT] = {
#define ZC_X(id, name, what) what,
		ZC_SYS_NAMES(ZC_X)
#undef ZC_X
	};
	return sys < ZC_SYS_COUNT ? texts[sys] : "unknown";
}

const char *zc_errno_name(int error)
{
	static const char *const names[] = {
		[1] = "EPERM",         [2] = "ENOENT",
		[3] = "ESRCH",         [4] = "EINTR",
		[5] = "EIO",           [6] = "ENXIO",
		[7] = "E2BIG",         [8] = "ENOEXEC",
		[9] = "EBADF",         [10] = "ECHILD",
		[11] = "EAGAIN",       [12] = "ENOMEM",
		[13] = "EACCES",       [14] = "EFAULT",
		[15] = "ENOTBLK",      [16] = "EBUSY",
		[17] = "EEXIST",       [18] = "EXDEV",
		[19] = "ENODEV",       [20] = "ENOTDIR",
		[21] = "EISDIR",       [22] = "EINVAL",
		[23] = "ENFILE",       [24] = "EMFILE",
		[25] = "ENOTTY",       [26] = "ETXTBSY",
		[27] = "EFBIG",        [28] = "ENOSPC",
		[29] = "ESPIPE",       [30] = "EROFS",
		[31] = "EMLINK",       [32] = "EPIPE",
		[36] = "ENAMETOOLONG", [38] = "ENOSYS",
		[39] = "ENOTEMPTY",    [40] = "ELOOP",
		[75] = "EOVERFLOW",    [88] = "ENOTSOCK",
		[89] = "EDESTADDRREQ", [95] = "EOPNOTSUPP",
		[97] = "EAFNOSUPPORT", [98] = "EADDRINUSE",
		[101] = "ENETUNREACH", [111] = "ECONNREFUSED",
		[115] = "EINPROGRESS",
	};
	return error > 0 && (size_t)error < ZC_LEN(names) ? names[error] : NULL;
}
