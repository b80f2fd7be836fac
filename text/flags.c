/* SPDX-License-Identifier: MIT */
/*
 * flags.c - tables of names: open, AT, RENAME, MSG and CLONE flags, families, signals.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/call.h"
#include "text/flags.h"

struct flag {
	uint64_t value;
	const char *name;
};
#define F(name) \
	{ \
		name, #name \
	}

/* O_TMPFILE and O_SYNC hold the bits of other flags: first come, first taken. */
static const struct flag open_flags[] = {
	F(O_TMPFILE),   F(O_CREAT),    F(O_EXCL),     F(O_NOCTTY),
	F(O_TRUNC),     F(O_APPEND),   F(O_NONBLOCK), F(O_SYNC),
	F(O_DSYNC),     F(O_ASYNC),    F(O_DIRECT),   { 0100000, "O_LARGEFILE" },
	F(O_DIRECTORY), F(O_NOFOLLOW), F(O_NOATIME),  F(O_CLOEXEC),
	F(O_PATH),
};
static const struct flag at_flags[] = {
	F(AT_SYMLINK_NOFOLLOW), { 0x200, "AT_REMOVEDIR|AT_EACCESS" },
	F(AT_SYMLINK_FOLLOW),   F(AT_NO_AUTOMOUNT),
	F(AT_EMPTY_PATH),       { 0x8000, "AT_RECURSIVE" },
};
static const struct flag rename_flags[] = {
	{ 1, "RENAME_NOREPLACE" },
	{ 2, "RENAME_EXCHANGE" },
	{ 4, "RENAME_WHITEOUT" },
};
static const struct flag message_flags[] = {
	F(MSG_OOB),  F(MSG_PEEK),     F(MSG_DONTROUTE),    F(MSG_TRUNC),    F(MSG_DONTWAIT),
	F(MSG_EOR),  F(MSG_WAITALL),  F(MSG_CONFIRM),      F(MSG_ERRQUEUE), F(MSG_NOSIGNAL),
	F(MSG_MORE), F(MSG_FASTOPEN), F(MSG_CMSG_CLOEXEC),
};
static const struct flag clone_flags[] = {
	F(CLONE_VM),      F(CLONE_FS),       F(CLONE_FILES),     F(CLONE_SIGHAND), F(CLONE_PTRACE),
	F(CLONE_VFORK),   F(CLONE_PARENT),   F(CLONE_THREAD),    F(CLONE_NEWNS),   F(CLONE_SYSVSEM),
	F(CLONE_SETTLS),  F(CLONE_UNTRACED), F(CLONE_NEWCGROUP), F(CLONE_NEWUTS),  F(CLONE_NEWIPC),
	F(CLONE_NEWUSER), F(CLONE_NEWPID),   F(CLONE_NEWNET),    F(CLONE_IO),
};
static const struct flag type_flags[] = { F(SOCK_NONBLOCK), F(SOCK_CLOEXEC) };

static const struct {
	int number;
	const char *name, *constant;
} families[] = {
	{ AF_UNSPEC, "unspec", "AF_UNSPEC" }, { AF_UNIX, "unix", "AF_UNIX" }, { AF_INET, "inet", "AF_INET" },
	{ AF_INET6, "inet6", "AF_INET6" }, { AF_NETLINK, "netlink", "AF_NETLINK" },
	{ AF_PACKET, "packet", "AF_PACKET" }, { AF_ALG, "alg", "AF_ALG" }, { AF_VSOCK, "vsock", "AF_VSOCK" },
	{ AF_BLUETOOTH, "bluetooth", "AF_BLUETOOTH" }, { AF_CAN, "can", "AF_CAN" }, { AF_KEY, "key", "AF_KEY" },
	{ AF_TIPC, "tipc", "AF_TIPC" }, { 44, "xdp", "AF_XDP" }, { 45, "mctp", "AF_MCTP" },
}, types[] = {
	{ SOCK_STREAM, "stream", "SOCK_STREAM" }, { SOCK_DGRAM, "dgram", "SOCK_DGRAM" },
	{ SOCK_RAW, "raw", "SOCK_RAW" }, { SOCK_RDM, "rdm", "SOCK_RDM" },
	{ SOCK_SEQPACKET, "seqpacket", "SOCK_SEQPACKET" }, { SOCK_PACKET, "packet", "SOCK_PACKET" },
};

const char *zc_family_name(int family)
{
	for (size_t i = 0; i < ZC_LEN(families); i++)
		if (families[i].number == family)
			return families[i].name;
	return NULL;
}

const char *zc_socket_type_name(int type)
{
	for (size_t i = 0; i < ZC_LEN(types); i++)
		if (types[i].number == type)
			return types[i].name;
	return NULL;
}

static void add(char *buffer, size_t cap, const char *text)
{
	size_t len = strlen(buffer);

	snprintf(buffer + len, cap - len, "%s%s", len ? "|" : "", text);
}

/* Adds the names of the bits in value; what has no name is added as a number. */
static void add_flags(char *buffer, size_t cap, const struct flag *flags, size_t count,
		      uint64_t value)
{
	char rest[24];

	for (size_t i = 0; i < count; i++)
		if ((value & flags[i].value) == flags[i].value) {
			add(buffer, cap, flags[i].name);
			value &= ~flags[i].value;
		}
	if (!value && *buffer)
		return;
	snprintf(rest, sizeof(rest), value ? "0x%llx" : "0", (unsigned long long)value);
	add(buffer, cap, rest);
}
#define ADD_FLAGS(table, value) add_flags(buffer, cap, table, ZC_LEN(table), value)

static const char *access_name(uint64_t flags)
{
	static const char *const names[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	return names[flags & O_ACCMODE];
}

static void domain_text(uint64_t value, char *buffer, size_t cap)
{
	for (size_t i = 0; i < ZC_LEN(families); i++)
		if (families[i].number == (int)value) {
			snprintf(buffer, cap, "%s", families[i].constant);
			return;
		}
	snprintf(buffer, cap, "%d", (int)value);
}

static void type_text(uint64_t value, char *buffer, size_t cap)
{
	uint64_t bits = value & (SOCK_NONBLOCK | SOCK_CLOEXEC);

	snprintf(buffer, cap, "%d", (int)(value & ~bits));
	for (size_t i = 0; i < ZC_LEN(types); i++)
		if (types[i].number == (int)(value & ~bits))
			snprintf(buffer, cap, "%s", types[i].constant);
	if (bits)
		ADD_FLAGS(type_flags, bits);
}

bool zc_flags_text(unsigned role, uint64_t value, char *buffer, size_t cap)
{
	const char *abbreviation;

	*buffer = '\0';
	switch (role) {
	case ZC_ROLE_OFLAGS:
		value &= 0xffffffffu;
		add(buffer, cap, access_name(value));
		if (value & ~(uint64_t)O_ACCMODE)
			ADD_FLAGS(open_flags, value & ~(uint64_t)O_ACCMODE);
		return true;
	case ZC_ROLE_ATFLAGS: ADD_FLAGS(at_flags, value & 0xffffffffu); return true;
	case ZC_ROLE_RFLAGS: ADD_FLAGS(rename_flags, value & 0xffffffffu); return true;
	case ZC_ROLE_MSGFLAGS: ADD_FLAGS(message_flags, value & 0xffffffffu); return true;
	case ZC_ROLE_CLONEFLAGS: ADD_FLAGS(clone_flags, value & ~0xffull); return true;
	case ZC_ROLE_DOMAIN: domain_text(value, buffer, cap); return true;
	case ZC_ROLE_TYPE: type_text(value & 0xffffffffu, buffer, cap); return true;
	case ZC_ROLE_MODE:
		snprintf(buffer, cap, value ? "0%o" : "0", (unsigned)value & 0177777);
		return true;
	case ZC_ROLE_SIG:
		abbreviation = sigabbrev_np((int)value);
		if (abbreviation)
			snprintf(buffer, cap, "SIG%s", abbreviation);
		else
			snprintf(buffer, cap, "%d", (int)value);
		return true;
	default: return false;
	}
}

void zc_argument_text(unsigned role, uint64_t value, char *buffer, size_t cap)
{
	switch (role) {
	case ZC_ROLE_DIRFD:
	case ZC_ROLE_FD:
		snprintf(buffer, cap, (int)value == AT_FDCWD ? "AT_FDCWD" : "%d", (int)value);
		return;
	case ZC_ROLE_INT:
	case ZC_ROLE_PID:
	case ZC_ROLE_UID:
	case ZC_ROLE_GID:
	case ZC_ROLE_PROTO: snprintf(buffer, cap, "%d", (int)value); return;
	case ZC_ROLE_UINT:
	case ZC_ROLE_LEN: snprintf(buffer, cap, "%u", (unsigned)value); return;
	case ZC_ROLE_SIZE: snprintf(buffer, cap, "%llu", (unsigned long long)value); return;
	case ZC_ROLE_OFF: snprintf(buffer, cap, "%lld", (long long)value); return;
	default: break;
	}
	if (!zc_flags_text(role, value, buffer, cap))
		snprintf(buffer, cap, value ? "0x%llx" : "NULL", (unsigned long long)value);
}

void zc_flags_write_open(struct zc_json *json, uint32_t flags)
{
	char text[512] = "", *name = text, *end;

	zc_flags_text(ZC_ROLE_OFLAGS, flags, text, sizeof(text));
	zc_json_open(json, "flags", '[');
	for (; name; name = end ? end + 1 : NULL) {
		end = strchr(name, '|');
		zc_json_text(json, NULL, name, end ? (size_t)(end - name) : strlen(name));
	}
	zc_json_close(json, ']');
}
