# SPDX-License-Identifier: MIT
"""Runs that were never run: directories with a chained events.jsonl and a run.json, made by hand.

The chain is computed here, by the description in docs/EVIDENCE.md, and not by the code under test.
"""
import base64
import hashlib
import json
import os

# What a program may choose for a name. Each sink must survive each of them.
HOSTILE = ["line\n::error::injected", "</script><script>alert(1)</script>", "\x1b[31mred\x1b]0;t\x07", "\u202egpj.exe\u202c",
           "a|b`c``d", "]]>", "%0A::set-output name=x::y", "$(touch /tmp/x)", "'\"&<>\\", "x" * 5000, "nul\x00nul",
           "\ufffe\uffff", "{{7*7}}", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "\\|pipe|", "a;b c;d", ""]


def event(seq, **members):
    """A violation; members replace those of the same name."""
    made = {
        "schema": "zencube.event/1", "run": "", "seq": seq, "time": "2026-01-02T03:04:05.678901234Z",
        "mono_ns": 1000000000 + seq * 1000000, "type": "violation", "op": "open_read", "action": "denied", "severity": "high",
        "rule": {"source": "ci.zc:12", "text": "deny-read /vault", "layer": "user", "class": "read", "reason": "rule"},
        "object": {"path": "/vault/secret.txt", "requested": "../vault/secret.txt", "flags": ["O_RDONLY"]},
        "syscall": {"name": "openat", "abi": "x86_64", "args": ["AT_FDCWD", "../vault/secret.txt", "O_RDONLY"], "errno": "EACCES"},
        "process": {"pid": 12, "tid": 12, "ppid": 11, "uid": 1000, "exe": "/w/app", "argv": ["./app", "--fast"], "cwd": "/w",
                    "ancestry": ["/usr/bin/dash"]},
        "evidence": {"source": "ptrace", "trust": "outside"},
        "stack": {"status": "complete", "frames": [
            {"module": "/usr/lib/libc.so.6", "build_id": "aa", "offset": "0xf8011", "function": "open", "function_offset": "0x51", "lang": "native"},
            {"module": "/w/app", "build_id": "bb", "offset": "0x160b", "function": "leak_secret", "function_offset": "0x22",
             "file": "/w/src/app.c", "line": 92, "lang": "native"},
            {"module": "/w/app", "build_id": "bb", "offset": "0x1700", "function": "main", "function_offset": "0x9",
             "file": "/w/src/app.c", "line": 120, "lang": "native"}]},
        "fingerprint": "%016x" % seq, "count": 1, "hint": "change the rule at ci.zc:12"}
    made.update(members)
    return made


class Run:
    """events: violations and notes, without start and end. run: members that replace those of run.json."""

    def __init__(self, logs, name, events=(), verdict=None, processes=None, counts=None, run=None, ended=True):
        self.id, self.dir = name, os.path.join(logs, "zc-" + name)
        os.makedirs(self.dir, exist_ok=True)
        self.log, self.json = os.path.join(self.dir, "events.jsonl"), os.path.join(self.dir, "run.json")
        self.link = hashlib.sha256(b"zencube.chain/1\n" + name.encode()).digest()
        self.lines = []
        common = {"schema": "zencube.event/1", "run": name, "time": "2026-01-02T03:04:05.000000000Z"}
        self.add(dict(common, seq=1, mono_ns=1000000000, type="start", version="0.1.0", policy="ab" * 32, mode="trace"))
        for one in events:
            self.add(dict(one, run=name))
        violations = [e for e in events if e["type"] == "violation"]
        verdict = verdict or ("violations" if violations else "pass")
        head, count = self.link.hex(), len(self.lines)
        if ended:
            self.add(dict(common, seq=count + 1, mono_ns=2000000000, type="end", verdict=verdict, not_kept=0, count=count, head=head))
        findings = {}
        for one in violations:
            kept = findings.setdefault(one["fingerprint"], {
                **{k: one[k] for k in ("fingerprint", "op", "action", "severity", "object", "rule", "hint") if k in one},
                "exe": one["process"]["exe"], "count": 0, "first_seq": one["seq"]})
            kept["count"] += 1
        processes = processes if processes is not None else [
            {"pid": 11, "ppid": 10, "exe": "/usr/bin/dash", "watched_by": "ptrace", "gap": None},
            {"pid": 12, "ppid": 11, "exe": "/w/app", "watched_by": "ptrace", "gap": None}]
        gaps = sum(p["gap"] is not None for p in processes)
        self.document = {
            "schema": "zencube.run/1", "run": name, "version": "0.1.0", "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:04:06Z",
            "command": ["./app", "--fast"], "cwd": "/w", "policy": {"sha256": "ab" * 32, "sources": ["@base", "ci.zc"]}, "notes": [],
            "mode": {"asked": "auto", "used": "trace", "engine": "ptrace", "engine_why_not": None,
                     "why_not": [{"mode": "sealed", "reason": "no Landlock"}]},
            "layers": [{"name": "landlock", "applied": False, "detail": "no", "widened": [], "not_expressible": []}],
            "gate": {"passed": 0, "handed_over": 0, "bypassed": 0},
            "coverage": {"complete": not gaps, "count": len(processes), "gaps": gaps, "processes": processes},
            "findings": list(findings.values()), "accesses": [],
            "counts": {"events": len(self.lines), "records": len(violations), "violations": len(violations), "findings": len(findings),
                       "probes": 0, "quiet": 0, "lost": 0, "not_kept": 0, "forged": 0, "malformed": 0, **(counts or {})},
            "left_behind": [], "exit": {"command_code": 0, "command_signal": None, "code": 2 if violations else 0, "reason": "x"},
            "chain": {"count": count, "head": head}, "verdict": verdict, **(run or {})}
        self.write()
        if not ended:
            os.unlink(self.json)

    def add(self, members):
        text = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        self.link = hashlib.sha256(self.link + text).digest()
        self.lines.append(text[:-1] + b',"chain":"' + self.link.hex().encode() + b'"}\n')

    def write(self):
        with open(self.log, "wb") as out:
            out.writelines(self.lines)
        with open(self.json, "w", encoding="utf-8") as out:
            json.dump(self.document, out)


def hostile(logs, name):
    """A run in which every text that a program can choose is a hostile one."""
    events = []
    for i, text in enumerate(HOSTILE):
        lossy = {"path": text, "requested": text, "path_base64": base64.b64encode(b"\xff\xfe\x1b[0m/x").decode()}
        places = [lossy, {"family": "unix", "path": text}, {"family": "unix", "abstract": text}, {"host": text},
                  {"family": "inet", "address": text, "port": 80}]
        events.append(event(
            i + 2, object=places[i % len(places)], hint=text,
            rule={"source": text, "text": text, "layer": "user", "class": ["read", "net", "run", "sys", text][i % 5], "reason": "rule", "why": text},
            syscall={"name": "openat", "abi": "x86_64", "args": [text, text], "errno": "EACCES"},
            process={"pid": 12, "tid": 12, "ppid": 11, "uid": 0, "exe": text, "argv": [text, text], "cwd": text, "ancestry": [text]},
            stack={"status": "truncated", "why": text, "frames": [
                {"module": text, "build_id": text, "offset": "0x1", "function": text, "function_offset": "0x1", "file": text, "line": 7, "lang": "native"}]}))
    processes = [{"pid": i + 1, "ppid": i, "exe": text, "watched_by": None if i % 2 else "ptrace", "gap": text if i % 2 else None}
                 for i, text in enumerate(HOSTILE)]
    return Run(logs, name, events, processes=processes, run={
        "command": HOSTILE, "cwd": HOSTILE[1], "policy": {"sha256": "ab" * 32, "sources": HOSTILE}, "error": HOSTILE[2],
        "layers": [{"name": t, "applied": True, "detail": t} for t in HOSTILE]})
