# SPDX-License-Identifier: MIT
"""Reads core/calls.def for the scripts: calls, hooks, aliases and what is left unhooked on purpose."""
import os
import re
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("ZC_BUILD", os.path.join(ROOT, "build")))

Call = namedtuple("Call", "name cls op nr64 nr32 roles section")
Hook = namedtuple("Hook", "symbol call style section")


class Catalogue:
    """calls and hooks by name; aliases: symbol -> hook; unhooked: symbol -> reason."""

    def __init__(self, path=os.path.join(ROOT, "core", "calls.def")):
        self.calls, self.hooks, self.aliases, self.unhooked, self.twice = {}, {}, {}, {}, []
        section = ""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line in re.sub(r"\\\n", " ", text).splitlines():
            comment = re.match(r"/\* ([A-Z][^.:]*(?:: [a-z][^.]*)?)[.:]", line)
            if comment and not line.startswith("/* SPDX"):
                section = comment[1]
            row = re.match(r"ZC_(CALL|HOOKED_CALL|HOOK|ALIAS|UNHOOKED)\((.*)\)\s*(?:/\*.*)?$", line)
            if not row:
                continue
            cells = [c.strip() for c in row[2].split(",")]
            if row[1] == "UNHOOKED":
                cells = [c.strip() for c in row[2].split(",", 1)]
                self._add(self.unhooked, cells[0], cells[1].strip('"'))
            elif row[1].endswith("CALL"):
                name, cls, op, nr64, nr32, *roles = cells
                self._add(self.calls, name, Call(name, cls, op, int(nr64), int(nr32), roles, section))
                if row[1] == "HOOKED_CALL":
                    self._add(self.hooks, name, Hook(name, name, "GEN", section))
            elif row[1] == "HOOK":
                self._add(self.hooks, cells[0], Hook(*cells[:3], section))
            else:
                self._add(self.aliases, cells[0], cells[1])

    def _add(self, table, name, row):
        if name in table:
            self.twice.append(name)
        table[name] = row

    @property
    def exported(self):
        """Every symbol that the shim must export, and no other."""
        return set(self.hooks) | set(self.aliases)

    def call_of(self, symbol):
        """The row behind an exported symbol."""
        return self.calls[self.hooks[self.aliases.get(symbol, symbol)].call]


class Tap:
    """Prints TAP; done() ends the program."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, held, text, *why):
        self.count += 1
        self.failed += not held
        print(f"{'ok' if held else 'not ok'} {self.count} - {text}", flush=True)
        if not held:
            for line in why:
                for part in str(line).splitlines():
                    print("# " + part, flush=True)
        return held

    def skip(self, text, why):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {why}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        raise SystemExit(1 if self.failed else 0)
