# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: TAP, scratch space, and running zcwrap.

A test is a function with @test("sentence"); it raises AssertionError, or Skip. `finish()` runs them,
`finish("shim", "trace")` each of them in both modes. Every run that a test left must be of the shipped schemas,
unless the test says that it changed one: s.made_up = True.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from schemas import Checker

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ZC_BUILD", os.path.join(ROOT, "build")))
ZCWRAP = os.path.join(BUILD, "zcwrap")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
TESTS = []


class Skip(Exception):
    """This machine cannot try it; the text says why."""


def test(sentence):
    def keep(function):
        TESTS.append((sentence, function))
        return function
    return keep


class Scratch:
    """A directory of its own for each test, and the log directory in it."""

    def __init__(self, mode="auto"):
        self.mode = mode
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="zc-e2e-"))
        os.chmod(self.path, 0o755)
        self.logs = os.path.join(self.path, "logs")
        self.mounts = []
        self.made_up = False

    def file(self, name, text="", mode=0o644):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    def wrap(self, *options):
        return [ZCWRAP, f"--mode={self.mode}", f"--log-dir={self.logs}", *options, "--"]

    def run(self, options, command, timeout=60, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("cwd", self.path)
        return subprocess.run(self.wrap(*options) + command, capture_output=True, timeout=timeout,
                              encoding="utf-8", errors="surrogateescape", check=False, **how)

    def runs(self, logs=None):
        return sorted(glob.glob(os.path.join(logs or self.logs, "zc-*")))

    def all_runs(self):
        """Also those in log directories that a test chose."""
        return [os.path.dirname(path) for path in glob.glob(f"{self.path}/**/zc-*/events.jsonl", recursive=True)]

    def run_json(self, logs=None):
        runs = self.runs(logs)
        assert runs, "no run directory was made"
        with open(os.path.join(runs[-1], "run.json"), encoding="utf-8") as file:
            return json.load(file)

    def tmpfs(self, size):
        """A small file system of our own, or Skip."""
        if os.geteuid() != 0:
            raise Skip("only root can mount a small file system")
        place = os.path.join(self.path, "small")
        os.mkdir(place)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place],
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Skip("mount is not permitted here")
        self.mounts.append(place)
        return place

    def remove(self):
        for place in self.mounts:
            subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self.path, ignore_errors=True)


def shows(done):
    return f"exit {done.returncode}; stdout {done.stdout[-400:]!r}; stderr {done.stderr[-600:]!r}"


def eventually(condition, seconds=10.0):
    """Waits for what happens soon; the value it had at last."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def whole(events):
    """The events with the stacks that they refer to in place."""
    stacks = {e["seq"]: e["stack"] for e in events if "frames" in e.get("stack", {})}
    return [{**e, "stack": stacks[e["stack"]["ref"]]} if "ref" in e.get("stack", {}) else e for e in events]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def finish(*modes):
    failed = 0
    checker = Checker(ROOT)
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [(mode, f"{mode}: {t[0]}" if modes else t[0], t[1]) for mode in modes or ["auto"] for t in TESTS]
    tests = [t for t in tests if only in t[1]]
    for number, (mode, sentence, function) in enumerate(tests, 1):
        scratch = Scratch(mode)
        try:
            function(scratch)
            for directory in [] if scratch.made_up else scratch.all_runs():
                checker.run(directory)
            print(f"ok {number} - {sentence}")
        except Skip as why:
            print(f"ok {number} - {sentence} # SKIP {why}")
        except Exception as wrong:  # whatever went wrong, the other tests still run
            failed += 1
            print(f"not ok {number} - {sentence}")
            where = traceback.extract_tb(wrong.__traceback__)[-1]
            for line in f"{where.filename}:{where.lineno}: {type(wrong).__name__}: {wrong}".splitlines():
                print(f"# {line}")
        finally:
            scratch.remove()
        sys.stdout.flush()
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)
