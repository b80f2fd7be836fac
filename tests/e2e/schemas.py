# SPDX-License-Identifier: MIT
"""Every run that an end-to-end test leaves is held against the JSON Schemas that are shipped.

A validator takes milliseconds for an event, so one is only asked about an event whose shape (which members, of
which kinds, with which words where a word is one of a few) was not seen before in this program.
"""
import glob
import gzip
import json
import os

LINES_MAX = 5000  # of one run
WORDS = {"type", "op", "action", "severity", "layer", "class", "reason", "trust", "source", "status", "lang", "note", "verdict", "family", "name", "abi"}


def shape(value, key=None):
    if isinstance(value, dict):
        return tuple((k, shape(v, k)) for k, v in value.items())
    if isinstance(value, list):
        return frozenset(shape(v) for v in value)
    if isinstance(value, str) and key in WORDS and len(value) < 24:
        return value
    return type(value).__name__


class Checker:
    """Without python3-jsonschema it checks nothing; zcaudit_report skips with that reason."""

    def __init__(self, root):
        self.validators, self.seen = {}, set()
        try:
            import jsonschema
        except ImportError:
            return
        for name in ("event", "run"):
            with open(f"{root}/docs/schema/{name}.json", encoding="utf-8") as file:
                schema = json.load(file)
            schema.pop("$id", None)  # older validators would fetch from there what "#/definitions" names
            self.validators[name] = jsonschema.Draft7Validator(schema)

    def one(self, kind, text, where):
        try:
            value = json.loads(text)
        except ValueError:
            return  # a log that was cut or damaged on purpose: other tests are about that
        key = (kind, shape(value))
        if key in self.seen:
            return
        self.seen.add(key)
        for wrong in self.validators[kind].iter_errors(value):
            raise AssertionError(f"{where} is not of docs/schema/{kind}.json: {list(wrong.absolute_path)}: {wrong.message}: {text[:600]}")

    def run(self, directory):
        logs = [path for end in ("jsonl", "jsonl.gz") for path in glob.glob(f"{directory}/events.{end}") + glob.glob(f"{directory}/archive/*.{end}")]
        for path in logs if self.validators else []:
            try:
                with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", errors="surrogateescape") as file:
                    for number, line in enumerate(file, 1):
                        if number > LINES_MAX:
                            break
                        self.one("event", line, f"{path}:{number}")
            except (OSError, EOFError):
                continue
        path = f"{directory}/run.json"
        if self.validators and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                self.one("run", file.read(), path)
