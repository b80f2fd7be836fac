# SPDX-License-Identifier: MIT
"""A network of one machine: namespaces of our own, with addresses that look like the Internet's, a small
resolver at one of them that /etc/resolv.conf names, and a server that greets on port 8443.

`enter()` starts the program again inside; it ends the tests with a skip where that is not possible.
"""
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading

SERVER = "203.0.113.53"
PORT = 8443
A, CNAME, AAAA = 1, 5, 28


def enter():
    """Returns in a mount and a network namespace; as root in a user namespace where we are not root."""
    if os.environ.get("ZC_TEST_INSIDE"):
        return
    how = ["unshare", "-m", "-n"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-m", "-n"]
    why = "there is no unshare(1)" if not shutil.which("unshare") else None
    if not why and subprocess.run([*how, "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                                  capture_output=True).returncode != 0:
        why = "no namespaces for a network of our own"
    if why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    os.execvpe(how[0], [*how, sys.executable, *sys.argv], {**os.environ, "ZC_TEST_INSIDE": "1"})


def add_address(number, address, mask="255.255.255.0"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = b"lo" if number == 0 else b"lo:%d" % number

        def request(code, text):
            fcntl.ioctl(s, code, struct.pack("16sH2x4s8x", name, socket.AF_INET, socket.inet_aton(text)))
        if number:
            request(0x8916, address)  # SIOCSIFADDR
            request(0x891c, mask)  # SIOCSIFNETMASK
        fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", b"lo", 0x49))  # SIOCSIFFLAGS: UP LOOPBACK RUNNING


def add_address6(address):
    """Returns whether there is IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            index = socket.if_nametoindex("lo")
            fcntl.ioctl(s, 0x8916, struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, address), 128, index))
        return True
    except OSError:
        return False


def put_in_place(path, text):
    """What path names is text, for us alone."""
    source = f"/mnt/{os.path.basename(path)}"
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["mount", "--bind", source, path], check=True)


def make_network():
    """Returns whether there is IPv6."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    put_in_place("/etc/resolv.conf", f"nameserver {SERVER}\noptions timeout:2 attempts:2\n")
    put_in_place("/etc/hosts", "127.0.0.1 localhost\n203.0.113.70 h.wild.example.org\n")
    if os.path.exists("/etc/nsswitch.conf"):
        put_in_place("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    add_address(0, "127.0.0.1")
    add_address(1, "203.0.113.1")
    add_address(2, "10.9.0.1")
    add_address(3, "169.254.169.254")
    return all([add_address6("2001:db8::10"), add_address6("2001:db8::11")])


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def record(name, kind, data, ttl=60):
    if kind in (A, AAAA):
        data = socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, data)
    elif kind == CNAME:
        data = encode(data)
    return encode(name) + struct.pack("!2HIH", kind, 1, ttl, len(data)) + data


def message(number, flags, question, kind, records):
    return struct.pack("!6H", number, flags, 1, len(records), 0, 0) + encode(question) + \
        struct.pack("!2H", kind, 1) + b"".join(records)


def parse(data):
    """(id, name, type) of a question."""
    at, labels = 12, []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode())
        at += 1 + data[at]
    return struct.unpack("!H", data[:2])[0], ".".join(labels), struct.unpack("!H", data[at + 1:at + 3])[0]


class Resolver:
    """zone: name -> function(type, how often it was asked before, by tcp) -> list of records, None: NXDOMAIN,
    or "truncated". asked: every (name, type), in order. delay: name -> seconds, but for the first time."""

    def __init__(self, zone):
        self.zone, self.asked, self.delay = zone, [], {}
        self.before = lambda sock, peer, number, name, kind: None
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((SERVER, 53))
        self.tcp = socket.create_server((SERVER, 53))
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def answer(self, data, tcp):
        number, name, kind = parse(data)
        low = name.lower()
        rule = self.zone.get(low) or self.zone.get("*." + low.partition(".")[2])
        count = sum(1 for asked in self.asked if asked == (low, kind))
        self.asked.append((low, kind))
        if rule is None:
            return number, low, kind, message(number, 0x8183, name, kind, [])
        records = rule(low, kind, count, tcp)
        if records == "truncated":
            return number, low, kind, message(number, 0x8380, name, kind, [])
        return number, low, kind, message(number, 0x8180, name, kind, records)

    def serve_udp(self):
        while True:
            data, peer = self.udp.recvfrom(4096)
            number, name, kind, reply = self.answer(data, False)
            self.before(self.udp, peer, number, name, kind)
            delay = self.delay.get(name) if self.asked.count((name, kind)) > 1 else None
            if delay:
                threading.Timer(delay, self.udp.sendto, [reply, peer]).start()
            else:
                self.udp.sendto(reply, peer)

    def serve_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            with connection:
                try:
                    connection.settimeout(2)
                    while True:
                        size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
                        _, _, _, reply = self.answer(connection.recv(size, socket.MSG_WAITALL), True)
                        connection.sendall(struct.pack("!H", len(reply)) + reply)
                except (OSError, struct.error):
                    pass


def greet():
    """A server on PORT at every address."""
    servers = [socket.create_server(("0.0.0.0", PORT))]
    try:
        servers.append(socket.create_server(("::", PORT), family=socket.AF_INET6))
    except OSError:
        pass

    def serve(server):
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.settimeout(1)
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
                except OSError:
                    pass
    for server in servers:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
    return servers


def addresses(*texts, ttl=60):
    """A rule: these addresses, whatever was asked before."""
    def rule(name, kind, count, tcp):
        return [record(name, kind, text, ttl) for text in texts if (":" in text) == (kind == AAAA) and kind in (A, AAAA)]
    return rule
