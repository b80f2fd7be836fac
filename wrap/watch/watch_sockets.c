/* SPDX-License-Identifier: MIT */
/*
 * watch_sockets.c - what a socket of another process is, from outside: its protocol's name (an
 * attribute of the socket's file), and its addresses in the tables of /proc/PID/net. See proc_pid_net(5).
 *
 * Whom a unix socket is connected to is in no table, so that is not judged. A TCP connection may have
 * been made or accepted: it was accepted where somebody of the run listened at its port.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "text/array.h"
#include "wrap/watch/watch.h"

#define TCP_LISTEN 0x0au

/* Names of protocols, as the kernel's struct proto has them. */
static const struct {
	const char *name;
	int domain, type, protocol;
} protocols[] = {
	{ "TCP", AF_INET, SOCK_STREAM, 0 },       { "TCPv6", AF_INET6, SOCK_STREAM, 0 },
	{ "UDP", AF_INET, SOCK_DGRAM, 0 },        { "UDPv6", AF_INET6, SOCK_DGRAM, 0 },
	{ "UDP-Lite", AF_INET, SOCK_DGRAM, 136 }, { "UDPLITEv6", AF_INET6, SOCK_DGRAM, 136 },
	{ "PING", AF_INET, SOCK_DGRAM, 1 },       { "PINGv6", AF_INET6, SOCK_DGRAM, 58 },
	{ "MPTCP", AF_INET, SOCK_STREAM, 262 },   { "MPTCPv6", AF_INET6, SOCK_STREAM, 262 },
	{ "RAW", AF_INET, SOCK_RAW, 255 },        { "RAWv6", AF_INET6, SOCK_RAW, 255 },
	{ "PACKET", AF_PACKET, SOCK_RAW, 0 },     { "AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0 },
	{ "SCTP", AF_INET, SOCK_STREAM, 132 },    { "SCTPv6", AF_INET6, SOCK_STREAM, 132 },
};

/* --- the tables --------------------------------------------------------------------------------------- */

/* "0100007F:1F90": words as they lie in memory, in hexadecimal; the port as a number. */
static bool parse_address(struct zc_endpoint *endpoint, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t words = colon ? (size_t)(colon - text) / 8 : 0;
	unsigned char bytes[28] = { 0 };
	char digits[9] = "";
	uint16_t family = words == 4 ? AF_INET6 : AF_INET;
	unsigned port = colon ? (unsigned)strtoul(colon + 1, NULL, 16) : 0;

	if (words != 1 && words != 4)
		return false;
	memcpy(bytes, &family, 2);
	bytes[2] = (unsigned char)(port >> 8);
	bytes[3] = (unsigned char)port;
	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		memcpy(digits, text + 8 * i, 8);
		word = (uint32_t)strtoul(digits, NULL, 16);
		memcpy(bytes + (words == 4 ? 8 : 4) + 4 * i, &word, 4);
	}
	return zc_endpoint_parse(endpoint, bytes, sizeof(bytes)) == 0;
}

static bool is_nowhere(const struct zc_endpoint *endpoint)
{
	static const uint8_t zeros[16];

	return !endpoint->port && memcmp(endpoint->addr, zeros, sizeof(zeros)) == 0;
}

static void add_line(struct zc_watch_sockets *sockets, const char *line, bool stream)
{
	char local[40], peer[40];
	unsigned long long inode;
	unsigned state;
	struct zc_watch_socket *socket;

	if (sscanf(line, " %*d: %39s %39s %x %*s %*s %*s %*u %*u %llu", local, peer, &state,
		   &inode) != 4 ||
	    !inode)
		return;
	socket = zc_array_grow(sockets->entry, sockets->count, &sockets->cap, sizeof(*socket), 64);
	if (!socket)
		return;
	sockets->entry = socket;
	socket += sockets->count;
	*socket = (struct zc_watch_socket){ .inode = inode, .stream = stream };
	if (!parse_address(&socket->local, local) || !parse_address(&socket->peer, peer))
		return;
	socket->listens = stream && state == TCP_LISTEN;
	if (is_nowhere(&socket->peer))
		socket->peer.family = AF_UNSPEC;
	sockets->count++;
}

static void read_table(struct zc_watch_sockets *sockets, int at, const char *name, bool stream)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	char line[512];

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (fgets(line, sizeof(line), file))
		add_line(sockets, line, stream);
	fclose(file);
}

static int by_inode(const void *a, const void *b)
{
	const struct zc_watch_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Once a look, as long as the processes share one network namespace. */
static void load(struct zc_watch_sockets *sockets, int at, uint64_t round)
{
	static const struct {
		const char *name;
		bool stream;
	} tables[] = { { "net/tcp", true },
		       { "net/tcp6", true },
		       { "net/udp", false },
		       { "net/udp6", false } };
	struct stat st = { 0 };

	if (fstatat(at, "ns/net", &st, 0) < 0)
		st.st_ino = 0;
	if (sockets->round == round && sockets->ns == st.st_ino)
		return;
	sockets->round = round;
	sockets->ns = st.st_ino;
	sockets->count = 0;
	for (size_t i = 0; i < ZC_LEN(tables); i++)
		read_table(sockets, at, tables[i].name, tables[i].stream);
	qsort(sockets->entry, sockets->count, sizeof(*sockets->entry), by_inode);
}

void zc_watch_sockets_init(struct zc_watch_sockets *sockets)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (!file || fscanf(file, "%u %u", &sockets->ephemeral[0], &sockets->ephemeral[1]) != 2) {
		sockets->ephemeral[0] = 32768;
		sockets->ephemeral[1] = 60999;
	}
	if (file)
		fclose(file);
}

/* --- one socket ------------------------------------------------------------------------------------------ */

static uint64_t key_of(uint64_t inode, const struct zc_endpoint *endpoint, unsigned op)
{
	struct {
		uint64_t inode;
		uint32_t op, port;
		uint8_t addr[16];
	} key = { inode, op, endpoint ? endpoint->port : 0, { 0 } };

	if (endpoint)
		memcpy(key.addr, endpoint->addr, sizeof(key.addr));
	return zc_hash_bytes(&key, sizeof(key), 7);
}

static void judge_endpoint(struct zc_watcher *watcher, struct zc_watched *process, int at,
			   const struct zc_watch_socket *socket, unsigned op)
{
	bool connects = op == ZC_OP_CONNECT;
	const struct zc_endpoint *endpoint = connects ? &socket->peer : &socket->local;
	struct zc_event event = {
		.call = connects             ? ZC_ID_connect
			: op == ZC_OP_LISTEN ? ZC_ID_listen
					     : ZC_ID_bind,
		.abi = ZC_ABI_X86_64,
		.op = (uint8_t)op,
		.flags = ZC_EV_HAS_PEER,
		.domain = endpoint->family,
		.type = socket->stream ? SOCK_STREAM : SOCK_DGRAM,
		.peer = *endpoint,
	};

	if (zc_watch_first(&process->seen, key_of(socket->inode, endpoint, op)))
		zc_watch_judge(watcher, process, at, &event);
}

static void judge_addresses(struct zc_watcher *watcher, struct zc_watched *process, int at,
			    const struct zc_watch_socket *socket)
{
	struct zc_watch_sockets *sockets = &watcher->sockets;
	unsigned port = socket->local.port;
	bool chosen = port && (port < sockets->ephemeral[0] || port > sockets->ephemeral[1]);

	if (socket->listens) {
		sockets->listened[port / 8] |= (uint8_t)(1u << port % 8);
		judge_endpoint(watcher, process, at, socket, ZC_OP_LISTEN);
	} else if (socket->peer.family != AF_UNSPEC) {
		if (!socket->stream || !(sockets->listened[port / 8] >> port % 8 & 1))
			judge_endpoint(watcher, process, at, socket, ZC_OP_CONNECT);
	} else if (!socket->stream && chosen) {
		judge_endpoint(watcher, process, at, socket, ZC_OP_BIND);
	}
}

/* That there is a socket of such a kind at all. */
static void judge_kind(struct zc_watcher *watcher, struct zc_watched *process, int at,
		       const char *protocol)
{
	struct zc_event event = { .call = ZC_ID_socket, .abi = ZC_ABI_X86_64, .op = ZC_OP_SOCKET };

	for (size_t i = 0; i < ZC_LEN(protocols); i++)
		if (strcmp(protocols[i].name, protocol) == 0) {
			event.domain = protocols[i].domain;
			event.type = protocols[i].type;
			event.protocol = protocols[i].protocol;
		}
	zc_watch_judge(watcher, process, at, &event);
}

static bool is_local(const char *protocol)
{
	return strncmp(protocol, "UNIX", 4) == 0 || strcmp(protocol, "NETLINK") == 0;
}

static const struct zc_watch_socket *find(struct zc_watcher *watcher, int at, uint64_t inode)
{
	struct zc_watch_socket wanted = { .inode = inode };

	load(&watcher->sockets, at, watcher->round);
	return watcher->sockets.count ? bsearch(&wanted, watcher->sockets.entry,
						watcher->sockets.count, sizeof(wanted), by_inode)
				      : NULL;
}

void zc_watch_socket(struct zc_watcher *watcher, struct zc_watched *process, int at, DIR *fds,
		     const char *name, uint64_t inode)
{
	const uint64_t boring = key_of(inode, NULL, 0), met = key_of(inode, NULL, 1);
	const struct zc_watch_socket *socket;
	char path[64], protocol[64] = "";
	ssize_t n;

	if (zc_watch_has(&process->seen, boring))
		return;
	if (zc_watch_first(&process->seen, met)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%.20s", dirfd(fds), name);
		n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
		protocol[n > 0 ? n : 0] = '\0';
		if (is_local(protocol)) {
			zc_watch_first(&process->seen, boring);
			return;
		}
		if (*protocol)
			judge_kind(watcher, process, at, protocol);
	}
	socket = find(watcher, at, inode);
	if (socket)
		judge_addresses(watcher, process, at, socket);
}
