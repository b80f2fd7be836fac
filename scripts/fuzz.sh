#!/bin/sh
# SPDX-License-Identifier: MIT
# fuzz.sh - runs each fuzzer for some seconds on a copy of its corpus; fails when one finds something.
# usage: scripts/fuzz.sh BUILD SECONDS
set -eu
build=$1 seconds=$2
for fuzzer in "$build"/fuzzer/*; do
	[ -x "$fuzzer" ] || continue
	name=${fuzzer##*/}
	grown=$build/corpus/$name
	mkdir -p "$grown" "tests/fuzz/corpus/$name"
	echo "fuzz: $name for $seconds s"
	"$fuzzer" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/crash-$name-" \
		"$grown" "tests/fuzz/corpus/$name" 2>"$build/fuzz-$name.log" || {
		tail -40 "$build/fuzz-$name.log"
		echo "fuzz: $name fell; the input is $build/crash-$name-*"
		exit 1
	}
	grep -E '^stat::(number_of_executed_units|new_units_added)' "$build/fuzz-$name.log" | sed 's/^/      /'
done
