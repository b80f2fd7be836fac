#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What reading a large run back costs: verify, every report, and the subcommands that look into one.

usage: bench/audit.py [--build=DIR] [--events=1000000] [--findings=1000] [--keep=DIR] [COMMAND ...]
Prints wall and processor seconds, and the peak of memory. `make bench BENCH=--only=audit` does the same. The run is
made here as zcwrap would write it: a chained log, a distinct stack of eight frames for each finding, which stands in its
first event and is referred to by the others, and the run.json that goes with it. It lies in the temporary directory and is removed; --keep makes it below DIR and leaves it.
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

FORMATS = ["text", "md", "html", "sarif", "junit", "codequality", "github", "intoto", "predicate", "folded", "speedscope", "ocsf", "trace", "attempts"]
COMMANDS = {"verify": ["verify"], "show": ["show"], "findings": ["findings"], "explain": ["explain"], "list": ["list"], "tree": ["tree"],
            "tail": ["tail", "-n", "100"], "diff": ["diff"], **{f"report --format={f}": ["report", f"--format={f}"] for f in FORMATS}}


def template(finding, run_id):
    """The first event of that finding, its text, and that of the later ones, with %d for seq and mono_ns."""
    module = f"/w/lib/part{finding % 50}.so"
    frames = [{"module": "/usr/lib/x86_64-linux-gnu/libc.so.6", "build_id": "93ac61ec5a8eb1396f9fbd350e3169a558528a40", "offset": "0xf8011",
               "function": "open64", "function_offset": "0x51", "lang": "native"}]
    frames += [{"module": module, "build_id": "%040x" % (finding % 50), "offset": hex(0x1000 + 16 * finding + depth),
                "function": f"module_{finding % 50}_step_{finding}_{depth}", "function_offset": "0x22",
                "file": f"/w/src/part{finding % 50}.c", "line": finding + depth, "lang": "native"} for depth in range(5)]
    frames += [{"module": "/w/app", "build_id": "bb" * 20, "offset": "0x1700", "function": "main", "function_offset": "0x9",
                "file": "/w/src/app.c", "line": 120, "lang": "native"},
               {"module": "/usr/lib/x86_64-linux-gnu/libc.so.6", "build_id": "93ac61ec5a8eb1396f9fbd350e3169a558528a40", "offset": "0x2724a",
                "function": "__libc_start_call_main", "function_offset": "0x7a", "lang": "native"}]
    one = event(2, run=run_id, object={"path": f"/vault/{finding % 97}/secret-{finding}.txt", "requested": f"../vault/secret-{finding}.txt", "flags": ["O_RDONLY"]},
                stack={"status": "complete", "frames": frames}, fingerprint="%016x" % (finding * 0x9e3779b97f4a7c15 % 2**64))
    later = dict(one, stack={"status": "complete", "ref": finding + 2})
    texts = (json.dumps(e, separators=(",", ":")).replace('"seq":2', '"seq":%d').replace('"mono_ns":1002000000', '"mono_ns":%d')
             for e in (one, later))
    return one, *texts


def make(directory, events, findings, name="20260102T030405.678Z-aaaaaa"):
    """A run of so many events, chained; the findings take turns."""
    run = Run(directory, name, [])
    ones = [template(i, run.id) for i in range(min(findings, events))]
    link = hashlib.sha256(b"zencube.chain/1\n" + run.id.encode()).digest()
    with open(run.log, "wb", buffering=1 << 20) as log:
        def put(line):
            nonlocal link
            link = hashlib.sha256(link + line).digest()
            log.write(line[:-1] + b',"chain":"' + link.hex().encode() + b'"}\n')

        def put_again(line, **members):
            one = json.loads(line)
            del one["chain"]
            put(json.dumps(dict(one, **members), separators=(",", ":")).encode())
        put_again(run.lines[0])
        for i in range(events):
            put((ones[i % len(ones)][1 if i < len(ones) else 2] % (i + 2, 1000000000 + i * 1000)).encode())
        head = link.hex()
        put_again(run.lines[-1], seq=events + 2, count=events + 1, head=head, verdict="violations")
    run.document.update(
        verdict="violations", chain={"count": events + 1, "head": head},
        findings=[dict({k: one[k] for k in ("fingerprint", "op", "action", "severity", "object", "rule", "hint")}, exe="/w/app",
                       count=len(range(i, events, len(ones))), first_seq=i + 2) for i, (one, *_) in enumerate(ones[:10000])],
        counts=dict(run.document["counts"], events=events + 2, violations=events, findings=len(ones)))
    with open(run.json, "w", encoding="utf-8") as out:
        json.dump(run.document, out)
    return run


def took(command):
    """Seconds, those of processor time, and KiB at the peak, which is never told to be below this script's own."""
    started = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE)
        said = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: exit {child.returncode}: {said}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(bench, events=1_000_000, findings=1000, keep=None, only=None):
    """A row for each subcommand and format. Processor time counts: each is one thread that seldom waits, and a busy
    machine makes it wait for others. bench: what has section(), row() and build (bench/run)."""
    directory = keep or tempfile.mkdtemp(prefix="zc-audit-")
    try:
        run = make(directory, events, findings)
        size = os.path.getsize(run.log) / 1e9
        bench.section(f"Reading back: {events:,} events of {findings:,} findings, {size:.1f} GB")
        zcaudit = os.path.join(bench.build, "zcaudit")
        floor = took(["/bin/true"])[2]
        for what, arguments in COMMANDS.items():
            if only and not any(word in what for word in only):
                continue
            where = {"list": [f"--log-dir={directory}"], "diff": [run.dir, run.dir]}.get(what, [run.dir])
            wall, cpu, peak = took([zcaudit, *arguments, *where])
            goal = {"verify": 1e9, "diff": 20.0}.get(what, 10.0)
            bench.row(f"zcaudit {what}", f"{cpu:.2f} s", "-" if goal > 1e6 else f"<= {goal:.0f} s, 300 MB", cpu <= goal and peak <= 300_000,
                      f"{wall:.2f} s on the clock, {'under ' if peak <= floor else ''}{peak / 1024:.0f} MiB" + (f", {size * 1000 / cpu:.0f} MB/s" if what == "verify" else ""))
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def writing(bench, records=30_000):
    """What a record costs on its way from its frame to its line, with chain and checkpoints: the least of five."""
    program = os.path.join(bench.build, "bench/evidence")
    if not os.path.exists(program):
        print("bench/evidence is not built: make bench does it")
        return
    bench.section("Writing evidence: 30,000 records")
    for what, stack, goal in (("a record, chained, as a line", 0, 12.0), ("one with a stack of 4 KiB to be walked and named", 4096, None)):
        rounds = []
        for _ in range(5):
            with tempfile.TemporaryDirectory(prefix="zc-evidence-") as directory:
                done = subprocess.run([program, directory, str(records), str(stack)], check=True, capture_output=True, encoding="utf-8")
                size = os.path.getsize(f"{directory}/events.jsonl")
            rounds.append([float(x) for x in done.stdout.split()])
        cpu, wall = min(r[1] for r in rounds), min(r[0] for r in rounds)
        bench.row(what, f"{cpu:.1f} us", f"<= {goal:.0f} us" if goal else "-", not goal or cpu <= goal,
                  f"of CPU time; {wall:.1f} us with waiting for the disk, {size / records / 1000:.1f} KB a line")


class Alone:
    """What measure() wants of bench/run, for use by hand."""
    def __init__(self, build):
        self.build = os.path.abspath(build)

    def section(self, name):
        print(f"{name}; load {os.getloadavg()[0]:.1f}", flush=True)

    def row(self, what, value, goal, met, detail):
        print(f"{what:32} {value:>10}  {'' if met else 'MISSED ' + goal:20} {detail}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=f"{ROOT}/build")
    parser.add_argument("--events", type=int, default=1000000)
    parser.add_argument("--findings", type=int, default=1000)
    parser.add_argument("--keep", help="make the run below this directory and leave it there")
    parser.add_argument("commands", nargs="*", help="only those with one of these words in their name")
    options = parser.parse_args()
    measure(Alone(options.build), options.events, options.findings, options.keep, options.commands)


if __name__ == "__main__":
    main()
