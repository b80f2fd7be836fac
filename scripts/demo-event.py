# SPDX-License-Identifier: MIT
"""Prints what the demo wants seen of a run's evidence, and fails when it is not there."""
import json
import os
import sys

run_dir = sys.argv[1]
with open(os.path.join(run_dir, "run.json"), encoding="utf-8") as file:
    run = json.load(file)
with open(os.path.join(run_dir, "events.jsonl"), encoding="utf-8") as file:
    violations = [e for e in map(json.loads, file) if e["type"] == "violation"]

home = os.path.expanduser("~")
key = [e for e in violations if e.get("object", {}).get("path", "").endswith("/.ssh/id_rsa")]
if run["verdict"] != "violations" or not key or not any(e["op"] == "connect" for e in violations):
    sys.exit(f"verdict {run['verdict']}, {len(violations)} violations, {len(key)} about the key")
event = key[0]
print(f"    verdict   {run['verdict']}, mode {run['mode']['used']}, {len(run['findings'])} findings")
print(f"    op        {event['op']} {event['object']['path'].replace(home, '~')}: {event['action']}, {event['syscall'].get('errno', '')}")
print(f"    rule      {event['rule']['text'].replace(home, '~')}   ({event['rule']['source']})")
print(f"    process   {event['process']['pid']} {event['process']['exe'].replace(home, '~')}")
named = False
for number, frame in enumerate(event["stack"]["frames"]):
    function = frame.get("function")
    place = f"{frame['file']}:{frame['line']}" if frame.get("line") else f"{frame.get('module', '?')}+{frame.get('offset', '?')}"
    print(f"    {'stack' if not number else '     '}     #{number} {function or '?':18} {os.path.basename(place)}")
    named |= function == "read_private_key"
if not named:
    sys.exit("the function read_private_key is not on the stack")
print(f"    event     {json.dumps({k: event[k] for k in ('schema', 'seq', 'time', 'fingerprint')})}")
