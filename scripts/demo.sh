#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh - installs a bad package twice, without and with ZenCube, and looks at the evidence.
# usage: scripts/demo.sh BUILD-DIRECTORY. Exits 0 only when everything came out as told.
set -eu
exec 2>&1 # one stream: what was refused belongs between what was said
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
zcwrap=$build/zcwrap
scratch=$build/demo

bold='' plain='' dim=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m') dim=$(printf '\033[2m')
fi
tell() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
shown() { # shown COMMAND...: prints it as one would type it, then runs it; its status lands in $status
	printf '%s$ %s%s\n' "$bold" "$*" "$plain" | sed "s|$zcwrap --log-dir=$scratch/logs|zcwrap|; s|$scratch/home|~|g"
	status=0
	"$@" || status=$?
}
wrong() {
	printf '\ndemo: %s. That should not be.\n' "$*" >&2
	exit 1
}

rm -rf "$scratch"
mkdir -p "$scratch/home/.ssh" "$scratch/logs" "$scratch/package"
cp examples/leftpad/* "$scratch/package"
printf -- '-----BEGIN PRIVATE KEY-----\nnot a real key, made up for this demo\n' >"$scratch/home/.ssh/id_rsa"
export HOME="$scratch/home"
cd "$scratch/package"

# The collector: listens on loopback and notes what it was sent.
: >"$scratch/received"
python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + "/port.new", "w").write(str(server.getsockname()[1]))
__import__("os").rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
while True:
    peer = server.accept()[0]
    data = peer.recv(65536)
    with open(sys.argv[1] + "/received", "ab") as out:
        out.write(data)
' "$scratch" &
collector=$!
trap 'kill $collector 2>/dev/null || :' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -e "$scratch/port" ] && break
	sleep 0.1
done
COLLECTOR_PORT=$(cat "$scratch/port")
export COLLECTOR_PORT

tell "1. A package is installed. It says that all went well."
shown sh build.sh
sleep 0.2
[ -s "$scratch/received" ] || wrong "the bare run was expected to leak the key"
note "Meanwhile a collector on 127.0.0.1:$COLLECTOR_PORT received:"
sed 's/^/    /' "$scratch/received"
: >"$scratch/received"

tell "2. The same under ZenCube. Keys are protected unless you say otherwise; --deny-net refuses the network too."
shown "$zcwrap" "--log-dir=$scratch/logs" --deny-net -- sh build.sh
sleep 0.2
[ ! -s "$scratch/received" ] || wrong "the collector received something"
[ "$status" = 2 ] || wrong "exit status $status instead of 2"
note "The collector received nothing, the build still worked, and the exit status is $status: there were violations."

tell "3. Any program: cat, git and python3 did not agree to this either."
shown "$zcwrap" "--log-dir=$scratch/logs" -- cat "$HOME/.ssh/id_rsa"
[ "$status" = 1 ] || wrong "cat ended with $status"
note "(exit status $status: cat's own, because it failed)"
shown "$zcwrap" "--log-dir=$scratch/logs" -q -- git hash-object "$HOME/.ssh/id_rsa"
[ "$status" = 128 ] || wrong "git ended with $status"
shown "$zcwrap" "--log-dir=$scratch/logs" -q -- python3 -c "open('$HOME/.ssh/id_rsa')"
[ "$status" = 1 ] || wrong "python3 ended with $status"

tell "4. The evidence of step 2: who in the package's code did that?"
evidence=$(find "$scratch/logs" -mindepth 1 -maxdepth 1 -name 'zc-*' | sort | head -n 1)
cd - >/dev/null
python3 scripts/demo-event.py "$evidence" || wrong "the evidence is not as expected"
note "All of it: $evidence/{run.json,events.jsonl}"
tell "That was all. Try it on your own: $zcwrap -- npm test"
