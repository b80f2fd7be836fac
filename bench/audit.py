#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What reading a large run back costs: verify and every report over a log that is made here.

usage: bench/audit.py [--build=DIR] [--events=1000000] [--findings=1000] [FORMAT ...]
Prints wall and processor seconds, peak memory, and megabytes a second. The log is an ordinary one:
lines of 2,300 bytes with stacks of eight frames. It lies in the temporary directory and is removed.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, f"{ROOT}/tests/e2e")
from runs import Run, event  # noqa: E402

FORMATS = ["text", "md", "html", "sarif", "junit", "codequality", "github", "intoto", "folded", "speedscope", "ocsf", "trace", "attempts"]


def make(directory, events, findings):
    """A run of so many events; its lines are one line with other numbers, chained."""
    frame = {"module": "/usr/lib/x86_64-linux-gnu/libc.so.6", "build_id": "93ac61ec5a8eb1396f9fbd350e3169a558528a40", "offset": "0x2724a",
             "function": "__libc_start_call_main", "function_offset": "0x7a", "lang": "native"}
    one = event(2)
    one["stack"]["frames"] += [frame] * 5
    run = Run(directory, "20260102T030405.678Z-aaaaaa", [])
    one["run"], one["fingerprint"] = run.id, "FINGERPRINT"
    text = json.dumps(one, separators=(",", ":")).replace('"seq":2', '"seq":%d').replace('"mono_ns":1002000000', '"mono_ns":%d').replace("FINGERPRINT", "%016x")
    link = hashlib.sha256(b"zencube.chain/1\n" + run.id.encode()).digest()
    with open(run.log, "wb", buffering=1 << 20) as log:
        def put(line):
            nonlocal link
            link = hashlib.sha256(link + line).digest()
            log.write(line[:-1] + b',"chain":"' + link.hex().encode() + b'"}\n')
        first = json.loads(run.lines[0])
        del first["chain"]
        put(json.dumps(first, separators=(",", ":")).encode())
        for i in range(events):
            put((text % (i + 2, 1000000000 + i * 1000, i % findings)).encode())
        last = json.loads(run.lines[-1])
        del last["chain"]
        last.update(seq=events + 2, count=events + 1, head=link.hex(), verdict="violations")
        put(json.dumps(last, separators=(",", ":")).encode())
    kept = {k: one[k] for k in ("op", "action", "severity", "object", "rule", "hint")}
    run.document.update(
        verdict="violations", chain={"count": events + 1, "head": last["head"]},
        findings=[dict(kept, fingerprint="%016x" % i, exe="/w/app", count=len(range(i, events, findings)), first_seq=i + 2) for i in range(min(findings, events))],
        counts=dict(run.document["counts"], events=events + 2, violations=events, findings=min(findings, events)))
    with open(run.json, "w", encoding="utf-8") as out:
        json.dump(run.document, out)
    return run


def measure(title, command, megabytes):
    """Runs it. The peak that wait4 tells is at least this script's own, from which the child was forked."""
    started = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    user = usage.ru_utime + usage.ru_stime
    print(f"{title:12} {wall:7.2f} s  {user:7.2f} s cpu  {usage.ru_maxrss / 1024:7.1f} MiB  {megabytes / user:7.0f} MB/s cpu"
          + (f"  exit {child.returncode}" if child.returncode else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=f"{ROOT}/build")
    parser.add_argument("--events", type=int, default=1000000)
    parser.add_argument("--findings", type=int, default=1000)
    parser.add_argument("formats", nargs="*")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="zc-audit-")
    try:
        run = make(directory, options.events, options.findings)
        megabytes = os.path.getsize(run.log) / 1e6
        print(f"{options.events} events, {options.findings} findings, {megabytes:.0f} MB; load {os.getloadavg()[0]:.1f}", flush=True)
        zcaudit = os.path.join(os.path.abspath(options.build), "zcaudit")
        measure("verify", [zcaudit, "verify", run.dir], megabytes)
        for name in options.formats or FORMATS:
            measure(name, [zcaudit, "report", f"--format={name}", run.dir], megabytes)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


main()
