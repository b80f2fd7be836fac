#!/bin/sh
# SPDX-License-Identifier: MIT
# action.sh - the two steps of action.yml: build what is not built yet, and run the job's commands.
# usage: action.sh build | run, in the environment that GitHub's runner makes (INPUT_*, GITHUB_*, RUNNER_TEMP).
# ZENCUBE_BUILD: where the programs are; otherwise build/ beside action.yml.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${ZENCUBE_BUILD:-$root/build}

build() {
	[ -x "$bin/zcwrap" ] && [ -x "$bin/zcaudit" ] && return
	if [ "$(id -u)" = 0 ]; then sh "$root/scripts/deps.sh"; else sudo sh "$root/scripts/deps.sh"; fi
	make -s -C "$root" -j"$(nproc)" all
}

# Whether that verdict fails the step, by INPUT_FAIL_ON.
fails() {
	case $INPUT_FAIL_ON:$1 in
	*:error) return 0 ;;
	never:* | *:pass | violations:pass-with-gaps) return 1 ;;
	esac
}

run() {
	case ${INPUT_FAIL_ON:=violations} in
	violations | gaps | never) ;;
	*) echo "::error title=ZenCube::fail-on is violations, gaps or never"; exit 1 ;;
	esac
	logs=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/zencube-XXXXXX")
	set -- "--mode=${INPUT_MODE:-auto}" "--log-dir=$logs" --violation-exit=0
	[ -z "${INPUT_REPORT:-}" ] || set -- "$@" "--report=$INPUT_REPORT"
	while IFS= read -r policy; do
		[ -z "$policy" ] || set -- "$@" "--policy=$policy"
	done <<-EOF
	${INPUT_POLICY:-}
	EOF

	# What the commands print are no commands to the runner: only who knows the word can turn that off.
	word=zencube-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	echo "::stop-commands::$word"
	status=0
	"$bin/zcwrap" "$@" -- bash -eo pipefail -c "$INPUT_RUN" || status=$?
	echo
	echo "::$word::"

	set -- "$logs"/zc-*
	if [ ! -f "$1/run.json" ]; then
		echo "::error title=ZenCube::there is no evidence: zcwrap ended with $status before the commands ran"
		echo "verdict=error" >>"$GITHUB_OUTPUT"
		exit "$((status ? status : 125))"
	fi
	listed=$("$bin/zcaudit" list "--log-dir=$logs" --color=never)
	# shellcheck disable=SC2086 # the first three words of the line: id, verdict, violations
	set -f -- "$1" $listed
	{
		echo "verdict=$3"
		echo "violations=$4"
		echo "evidence=$1"
	} >>"$GITHUB_OUTPUT"
	"$bin/zcaudit" report --format=github "$1"
	"$bin/zcaudit" report --format=md "$1" >>"$GITHUB_STEP_SUMMARY"
	[ "$status" = 0 ] || exit "$status"
	! fails "$3" || exit 1
}

case ${1:-} in
build) build ;;
run) run ;;
*) echo "usage: action.sh build | run" >&2; exit 2 ;;
esac
