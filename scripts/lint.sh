#!/bin/sh
# SPDX-License-Identifier: MIT
# lint.sh - format, static analysis, and builds with every warning an error, with gcc and clang.
# usage: scripts/lint.sh BUILD-DIRECTORY   |   scripts/lint.sh --files (prints the C files that are ours)
# shellcheck disable=SC2317 # the functions are called through step
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

files() {
	for file in */*.[ch] core/*/*.[ch] policy/*/*.[ch] confine/*/*.[ch] evidence/*/*.[ch] preload/*/*.[ch] \
		tracer/*/*.[ch] wrap/*/*.[ch] audit/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.c tests/probe/*.c bench/*.c examples/*/*.c; do
		[ -e "$file" ] && echo "$file"
	done
}
if [ "${1-}" = --files ]; then
	files
	exit
fi
build=$1

step() { # step TITLE COMMAND...: runs it, shows its output only when it fails
	title=$1
	shift
	if output=$("$@" 2>&1); then
		echo "ok    $title"
	else
		printf '%s\n' "$output" | tail -n 60
		echo "FAIL  $title"
		failed=1
	fi
}

tidy() {
	for file; do
		clang-tidy --quiet "$file" -- -std=gnu11 -D_GNU_SOURCE -I. || return 1
	done
}
licensed() {
	for file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || { echo "$file" && return 1; }
	done
}
no_notes() { ! grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "$@"; }

# Left out: guesses that are wrong wherever a bound was checked with &&, or a callee fills what it is given.
quiet="--suppress=missingIncludeSystem --suppress=preprocessorErrorDirective --suppress=unknownMacro
	--suppress=va_list_usedBeforeStarted --suppress=arrayIndexOutOfBoundsCond
	--suppress=nullPointerArithmeticRedundantCheck --suppress=ctuuninitvar --suppress=uninitvar"

# shellcheck disable=SC2046,SC2086 # our file names hold no blanks
{
	step "clang-format" clang-format --dry-run -Werror $(files)
	step "cppcheck" cppcheck --std=c11 --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability $quiet \
		-D_GNU_SOURCE -D__x86_64__ -D__linux__ -I. $(files | grep '\.c$' | grep -v '^tests/probe/')
	step "clang-tidy" tidy $(files | grep -E '^(core|text|policy|confine|evidence|namer|tracer|wrap)/.*\.c$')
	step "shellcheck" shellcheck $(grep -rlE '^#!/bin/(ba)?sh' .ci scripts tests bench examples 2>/dev/null)
	step "licence lines" licensed $(files)
	step "no notes to ourselves" no_notes $(files)
}
step "gcc, warnings are errors" make -s CC=gcc WERROR=1 B="$build/gcc" all tests
step "clang, warnings are errors" make -s CC=clang WERROR=1 B="$build/clang" all tests
exit $failed
