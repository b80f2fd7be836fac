/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - connections and datagrams are judged by where they go.
 *
 * policy: --allow-net=127.0.0.1:1
 * args: $PORT
 * expect: connect: EPERM; sendto: EPERM; sendmsg: EPERM; fast open: EPERM; v4-mapped: EPERM; allowed port: ECONNREFUSED;
 * expect: exit 2
 * policy: --allow-net=127.0.0.1
 * args: $PORT
 * expect: connect: OK; sendto: OK; sendmsg: OK; exit 0
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "probe.h"

static struct sockaddr_in to(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((unsigned short)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int main(int argc, char **argv)
{
	struct sockaddr_in peer = to(atoi(argv[1])), closed = to(1);
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = peer.sin_port };
	struct iovec piece = { "x", 1 };
	struct msghdr head = {
		.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &piece, .msg_iovlen = 1
	};

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
	say("connect", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&peer, sizeof(peer)));
	say("v4-mapped",
	    connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&mapped, sizeof(mapped)));
	say("sendto",
	    sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&peer, sizeof(peer)));
	say("sendmsg", sendmsg(socket(AF_INET, SOCK_DGRAM, 0), &head, 0));
	say("fast open", sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN,
				(void *)&peer, sizeof(peer)));
	say("allowed port",
	    connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&closed, sizeof(closed)));
	return 0;
}
