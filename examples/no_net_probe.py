#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries every way out that a program without privileges has, and prints what came of each.

    zcwrap --no-net -- examples/no_net_probe.py
    scripts/disable_network_dev.sh -- examples/no_net_probe.py

Exit code 0: nothing got out. 1: something did. A try that this machine cannot make at all (no IPv6, no
rights for a raw socket) is "not here" and says nothing either way.

The tries go to addresses that are kept for documentation (RFC 5737, RFC 3849), so nobody is bothered, and
to sockets of this machine. To listen counts where there is an interface but the loopback to be reached on.
"""
import argparse
import errno
import fcntl
import socket
import struct
import sys

# Nobody answers there, but with a network the kernel takes the first packet and says so.
NOWHERE4, NOWHERE6 = "192.0.2.1", "2001:db8::1"
MPTCP, FASTOPEN, SIOCGIFFLAGS = 262, 0x20000000, 0x8913
NOT_HERE = {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EPROTOTYPE, errno.ENOPROTOOPT}
# What only a network that is there can answer: somebody, or nobody in time, took a packet.
REACHED = {errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EINPROGRESS, errno.EAGAIN}
TIMEOUT = 1.0


def connected(sock):
    """In the first SYN lies the proof: it left, or the kernel had no way for it."""
    with sock:
        return f"{sock.family.name} from {sock.getsockname()[0]}" if sock.family != socket.AF_UNIX else "connected"


def connect(family, kind, protocol, address):
    sock = socket.socket(family, kind, protocol)
    sock.settimeout(TIMEOUT)
    sock.connect(address)
    return connected(sock)


def tcp(to):
    return connect(socket.AF_INET, socket.SOCK_STREAM, 0, to)


def tcp6(_):
    return connect(socket.AF_INET6, socket.SOCK_STREAM, 0, (NOWHERE6, 80))


def mptcp(to):
    return connect(socket.AF_INET, socket.SOCK_STREAM, MPTCP, to)


def fast_open(to):
    """Connects without connect(): rules on that call alone miss it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    sock.sendto(b"x", FASTOPEN, to)
    return connected(sock)


def udp(to):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return f"{sock.sendto(b'x', to)} byte sent"


def udp_connected(to):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(to)
        return f"{sock.send(b'x')} byte sent"


def udp_sendmsg(to):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return f"{sock.sendmsg([b'x'], [], 0, to)} byte sent"


def udp6(_):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        return f"{sock.sendto(b'x', (NOWHERE6, 9))} byte sent"


def is_up(sock, interface):
    request = struct.pack("16sH14x", interface.encode(), 0)
    return struct.unpack("16xH14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[0] & 1


def listen(_):
    """Being reached is a way out too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("0.0.0.0", 0))
        sock.listen()
        if not any(is_up(sock, name) for _, name in socket.if_nameindex() if name != "lo"):
            raise OSError(errno.ENETDOWN, "nobody could come")
        return f"listens on port {sock.getsockname()[1]}"


def name(to):
    return socket.getaddrinfo(to, 80)[0][4][0]


def dns_by_hand(_):
    """A question to whoever resolv.conf names, without libc."""
    server = "192.0.2.53"
    try:
        with open("/etc/resolv.conf", encoding="ascii", errors="replace") as file:
            servers = [line.split()[1] for line in file if line.startswith("nameserver") and "." in line]
        server = servers[0] if servers else server
    except OSError:
        pass
    question = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\7example\3org\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return f"{sock.sendto(question, (server, 53))} bytes to {server}"


def raw(_):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        return f"{sock.sendto(struct.pack('>BBHHH', 8, 0, 0xf7ff, 0, 0), (NOWHERE4, 0))} bytes sent"


def packet(_):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sock:
        names = [n for _, n in socket.if_nameindex() if n != "lo"]
        if not names:
            raise OSError(errno.ENODEV, "no interface but the loopback")
        sock.bind((names[0], 0))
        return f"on {names[0]}"


def vsock(_):
    return connect(socket.AF_VSOCK, socket.SOCK_STREAM, 0, (socket.VMADDR_CID_HOST, 80))


def unix(path):
    return connect(socket.AF_UNIX, socket.SOCK_STREAM, 0, path)


def system_bus(_):
    return unix("/run/dbus/system_bus_socket")


def docker(_):
    return unix("/var/run/docker.sock")


def judge(error):
    """(word, got out?)"""
    if isinstance(error, socket.gaierror):
        return f"no answer: {error.strerror}", False
    if isinstance(error, TimeoutError):
        return "no answer, but the packet left", True
    if error.errno in NOT_HERE:
        return f"not here: {error.strerror}", False
    if error.errno in REACHED:
        return f"answered: {error.strerror}", True
    return f"refused: {errno.errorcode.get(error.errno, error.errno)}", False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", default=f"{NOWHERE4}:80", help="where TCP and UDP go (%(default)s)")
    parser.add_argument("--name", default="example.org", help="what is resolved (%(default)s)")
    parser.add_argument("--abstract", help="an abstract unix socket outside, without the '@'")
    options = parser.parse_args()
    address, _, port = options.to.rpartition(":")
    to = (address, int(port))
    tries = [("TCP", tcp, to), ("TCP, IPv6", tcp6, to), ("MPTCP", mptcp, to), ("TCP fast open", fast_open, to),
             ("UDP", udp, to), ("UDP, connected", udp_connected, to), ("UDP, sendmsg", udp_sendmsg, to),
             ("UDP, IPv6", udp6, to), ("listening", listen, to), ("a name", name, options.name),
             ("DNS by hand", dns_by_hand, to), ("raw ICMP", raw, to), ("packets", packet, to),
             ("vsock to the host", vsock, to), ("system bus", system_bus, to), ("docker.sock", docker, to)]
    if options.abstract:
        tries.append(("abstract socket", unix, "\0" + options.abstract))
    out = 0
    for title, function, argument in tries:
        try:
            word, reached = f"OUT: {function(argument)}", True
        except OSError as error:
            word, reached = judge(error)
            word = f"OUT: {word}" if reached else word
        out += reached
        print(f"{title:20} {word}")
    print(f"{out} of {len(tries)} got out" if out else f"none of {len(tries)} got out")
    return 1 if out else 0


if __name__ == "__main__":
    sys.exit(main())
