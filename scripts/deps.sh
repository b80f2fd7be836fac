#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh - installs the Debian packages that are missing, and only those.
# usage: scripts/deps.sh [--tests|--lint|--fuzz] [--list]
# As root it installs. Otherwise it prints the line to run and fails. --list only prints what is missing.
set -eu

build="gcc make libc6-dev libunwind-dev libjson-c-dev libelf-dev libdw-dev libiberty-dev libsodium-dev zlib1g-dev"
demo="python3"
tests="$demo python3 git curl musl-tools perl bash tar procps strace binutils"
lint="clang clang-format clang-tidy cppcheck shellcheck"
# Nice to have: what needs them is skipped with a reason where they cannot be installed.
extra="nodejs libjemalloc2 libasan8 debuginfod python3-jsonschema libxml2-utils node-typescript python3-yaml"

want="$build $demo" optional="" list=0
for arg; do
	case $arg in
	--tests) want="$build $tests" optional="$extra" ;;
	--lint) want="$build $lint" ;;
	--fuzz) want="$build clang libclang-rt-dev" ;;
	--list) list=1 ;;
	*) echo "usage: scripts/deps.sh [--tests|--lint|--fuzz] [--list]" >&2; exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	[ $list = 1 ] || echo "deps.sh: not a Debian system; needed: $want" >&2
	exit 0
fi

missing() {
	for package; do
		dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			printf ' %s' "$package"
	done
}

# shellcheck disable=SC2086 # lists are split on purpose
need=$(missing $want)
# shellcheck disable=SC2086
nice=$(missing $optional)
if [ $list = 1 ]; then
	echo "$need$nice" | tr ' ' '\n' | sed '/^$/d' | sort -u
	exit 0
fi
[ -n "$need$nice" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	[ -n "$need" ] || exit 0
	echo "deps.sh: packages are missing; as root, run:" >&2
	echo "    apt-get install -y$need" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "deps.sh: installing$need$nice"
install() { apt-get -qq -y --no-install-recommends install "$@" >/dev/null; }
apt-get -qq update || echo "deps.sh: apt-get update failed; trying what is known" >&2
# shellcheck disable=SC2086
[ -z "$need" ] || install $need
for package in $nice; do
	install "$package" || echo "deps.sh: $package could not be installed; its tests are skipped" >&2
done
