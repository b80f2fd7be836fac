# SPDX-License-Identifier: MIT
"""ask- rules: the question comes to the terminal, the answer to the call, and everybody else goes on."""
import json
import os
import pty
import select
import signal
import termios
import time

from e2e import shows, test

PROMPT = b"[N]o: "


class Session:
    """zcwrap on a terminal of its own. Answers are typed one by one, as questions come; None: nothing is."""

    def __init__(self, s, options, command, before=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(s.path)
            if before:
                before()
            os.execv(s.wrap()[0], s.wrap(*options) + command)
        self.text = b""
        self.questions = 0

    def until(self, condition, seconds=15.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not condition():
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    part = os.read(self.fd, 4096)
                except OSError:
                    return
                if not part:
                    return
                self.text += part

    def asked(self, count):
        self.until(lambda: self.text.count(PROMPT) >= count)
        return self.text.count(PROMPT) >= count

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, answers=()):
        for number, answer in enumerate(answers):
            assert self.asked(number + 1), f"question {number + 1} did not come: {self.text!r}"
            if answer is not None:
                self.type(answer + "\n")
        self.until(lambda: False)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def events(s):
    with open(f"{s.runs()[-1]}/events.jsonl", encoding="utf-8") as file:
        return [e for e in map(json.loads, file) if "asked" in e]


def answers(s):
    return [(e["action"], e["asked"]) for e in events(s)]


TOUCH = ["--deny-net", "--ask-run=touch with x*"]


@test("yes is once, always and no are for the run, and each is in the evidence")
def _(s):
    run = Session(s, TOUCH, ["sh", "-c", "for f in x1 x2 x2 x3 x3 y; do /usr/bin/touch $f; done; ls"])
    run.end(["y", "n", "always"])
    assert run.text.count(PROMPT) == 3, run.text
    assert answers(s) == [("allowed", "yes"), ("denied", "no"), ("denied", "no"),
                          ("allowed", "always"), ("allowed", "always")], answers(s)
    made = {f for f in os.listdir(s.path) if f[0] in "xy"}
    assert made == {"x1", "x3", "y"}, made


@test("the question says who, what, and by which rule, and cannot be made to steer the terminal")
def _(s):
    run = Session(s, ["--ask-run=touch with x* risk=medium"], ["sh", "-c", "/usr/bin/touch \"$(printf 'x\\033[2Jy\\nzcwrap: [N]o: ')\""])
    run.end(["n"])
    assert b"/usr/bin/touch x\\x1b[2Jy\\nzcwrap" in run.text.replace(b"\\u001b", b"\\x1b"), run.text
    assert b"rule: ask-run touch with x* risk=medium (--ask-run)" in run.text and b"\x1b[2J" not in run.text, run.text


@test("without an answer the call is refused in time, and others go on meanwhile")
def _(s):
    run = Session(s, [*TOUCH, "--ask-timeout=1s"], ["sh", "-c", "(echo mean; echo while) & /usr/bin/touch x; echo code $?; wait"])
    run.end([None])
    assert b"code 126" in run.text and b"while" in run.text and answers(s) == [("denied", "timeout")], run.text


@test("without a terminal it is refused at once")
def _(s):
    done = s.run([*TOUCH, "--new-session"], ["sh", "-c", "/usr/bin/touch x; echo code $?"], start_new_session=True)
    assert "code 126" in done.stdout and answers(s) == [("denied", "no-terminal")], shows(done)


@test("in the background of a terminal it is refused at once")
def _(s):
    def leave_foreground():
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        if os.fork() == 0:
            os.setpgid(0, 0)
            return
        os.wait()
        os._exit(0)
    run = Session(s, TOUCH, ["sh", "-c", "/usr/bin/touch x; echo code $?"], leave_foreground)
    run.end()
    assert PROMPT not in run.text and answers(s) == [("denied", "no-terminal")], run.text


@test("under --audit nobody is asked")
def _(s):
    run = Session(s, [*TOUCH, "--audit"], ["sh", "-c", "/usr/bin/touch x; echo code $?"])
    run.end()
    assert b"code 0" in run.text and PROMPT not in run.text, run.text


CLASSES = {
    "read": ("--ask-read=/etc/hostname", "cat /etc/hostname >/dev/null && echo went"),
    "write": ("--ask-write=${PROJECT}/x", "echo > x && echo went"),
    "net": ("--ask-net=127.0.0.1:9", "python3 -c 'import socket; s = socket.socket(); print(\"went\" if s.connect_ex((\"127.0.0.1\", 9)) in (0, 111) else \"no\")'"),
    "listen": ("--ask-listen=127.0.0.1", "python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(\"went\")'"),
    "sys": ("--ask-sys=hostname", "hostname \"$(cat /proc/sys/kernel/hostname)\"; echo went"),
}

for noun, (rule, script) in CLASSES.items():
    @test(f"ask-{noun}: yes lets it happen, no does not")
    def _(s, noun=noun, rule=rule, script=script):
        for answer, asked in (("y", "yes"), ("n", "no")):
            run = Session(s, [rule], ["sh", "-c", script + " 2>/dev/null; true"])
            run.end([answer])
            found = {a for _, a in answers(s)}
            assert found == {asked}, f"{found}: {run.text}"
            if noun != "sys":
                assert (b"went" in run.text) == (answer == "y"), run.text


@test("what was typed before the question is no answer to it")
def _(s):
    run = Session(s, [*TOUCH, "--ask-timeout=1s"], ["sh", "-c", "sleep 0.3; /usr/bin/touch x; echo code $?"])
    run.type("y\ny\n")
    run.end([None])
    assert b"code 126" in run.text and answers(s) == [("denied", "timeout")], run.text


@test("the terminal gets its settings back")
def _(s):
    def raw():
        settings = termios.tcgetattr(0)
        settings[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(0, termios.TCSANOW, settings)
    run = Session(s, TOUCH, ["sh", "-c", "/usr/bin/touch x; stty -a; echo end"], raw)
    run.end(["y"])
    assert b"-icanon" in run.text and b"-echo " in run.text, run.text


@test("who waits can be ended, and the next question is asked")
def _(s):
    script = "/usr/bin/touch x1 & sleep 1; kill -9 $!; wait $!; /usr/bin/touch x2; echo code $?"
    run = Session(s, [*TOUCH, "--ask-timeout=3s"], ["sh", "-c", script])
    assert run.asked(1), run.text
    assert run.asked(2), run.text
    run.type("y\n")
    run.end()
    assert b"code 0" in run.text and os.path.exists(f"{s.path}/x2") and not os.path.exists(f"{s.path}/x1"), run.text


@test("several at once are asked one after the other")
def _(s):
    script = "for n in 1 2 3 4; do /usr/bin/touch x$n & done; wait; ls"
    run = Session(s, TOUCH, ["sh", "-c", script])
    run.end(["y", "n", "y", "y"])
    assert sum(os.path.exists(f"{s.path}/x{n}") for n in range(1, 5)) == 3, run.text


@test("the command itself is asked about before it starts")
def _(s):
    run = Session(s, ["--ask-run=/usr/bin/touch"], ["/usr/bin/touch", "x"])
    code = run.end(["n"])
    assert code == 126 and not os.path.exists(f"{s.path}/x"), run.text
    run = Session(s, ["--ask-run=/usr/bin/touch"], ["/usr/bin/touch", "x"])
    assert run.end(["y"]) == 0 and os.path.exists(f"{s.path}/x"), run.text
