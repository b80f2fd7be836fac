#!/bin/sh
# SPDX-License-Identifier: MIT
# A small tree for `zcwrap --jail=DIR`: a shell, the programs that are named, and what they need to be
# loaded. Needs no root, makes no device nodes, runs nothing of what it copies: libraries are found by
# reading headers (readelf), never with ldd, which may execute the program that it is asked about.
#
# usage: build_jail_dev.sh [--force] DIR [PROGRAM ...]
#
# Run again it brings the tree up to date and leaves your own files in it alone.
set -eu

mark=.zencube-jail
say() { printf 'build_jail_dev: %s\n' "$*" >&2; }
fail() {
	say "$*"
	exit 1
}

force=false
if [ "${1-}" = --force ]; then
	force=true
	shift
fi
case ${1-} in
'' | -*) fail "usage: build_jail_dev.sh [--force] DIR [PROGRAM ...]" ;;
esac
command -v readelf >/dev/null || fail "readelf is not here: it comes with the package 'binutils'"

jail=$1
shift
[ ! -e "$jail" ] || [ -d "$jail" ] || fail "'$jail' is there and is no directory"
mkdir -p -- "$jail" || fail "cannot make '$jail'"
jail=$(cd -- "$jail" && pwd -P)
[ "$jail" != / ] || fail "'/' is no jail"
if ! $force && [ ! -e "$jail/$mark" ] && [ -n "$(ls -A -- "$jail")" ]; then
	fail "'$jail' has files in it that this script did not make; --force adds to them"
fi
: >"$jail/$mark"

# --- finding what a program needs --------------------------------------------------------------------

# The class and machine of an ELF file: a 32-bit library is of no use to a 64-bit program.
kind_of() {
	readelf -hW -- "$1" 2>/dev/null |
		sed -n 's/^ *Class: *//p; s/^ *Machine: *//p' | tr '\n' ' '
}

interpreter_of() {
	readelf -lW -- "$1" 2>/dev/null | sed -n 's/.*Requesting program interpreter: \(.*\)\]$/\1/p'
}

needed_by() {
	readelf -dW -- "$1" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'
}

# RUNPATH or RPATH, with $ORIGIN spelled out, one directory a line.
own_path_of() {
	origin=$(dirname -- "$(readlink -f -- "$1")")
	readelf -dW -- "$1" 2>/dev/null | sed -n 's/.*(R[UN]*PATH).*\[\(.*\)\]$/\1/p' | tr ':' '\n' |
		sed "s|\${ORIGIN}|$origin|g; s|\$ORIGIN|$origin|g"
}

# Where ld.so looks by itself: what /etc/ld.so.conf names, what musl is told, and the usual places.
system_path() {
	for conf in /etc/ld.so.conf /etc/ld.so.conf.d/*.conf; do
		[ ! -r "$conf" ] || sed -n 's/[[:space:]]*#.*//; /^\//p' "$conf"
	done
	for conf in /etc/ld-musl-*.path; do
		[ ! -r "$conf" ] || tr ':' '\n' <"$conf"
	done
	for dir in /lib /usr/lib /lib64 /usr/lib64 /lib/*-linux-gnu* /usr/lib/*-linux-gnu* \
		/lib/*-linux-musl* /usr/lib/*-linux-musl* /usr/local/lib; do
		[ ! -d "$dir" ] || printf '%s\n' "$dir"
	done
}
system_path=$(system_path)

# find_library NAME FOR KIND: prints where it is.
find_library() {
	case $1 in
	/*)
		printf '%s\n' "$1"
		return
		;;
	esac
	{
		own_path_of "$2"
		printf '%s\n' "$system_path"
	} | while IFS= read -r dir; do
		if [ -f "$dir/$1" ] && [ "$(kind_of "$dir/$1")" = "$3" ]; then
			printf '%s\n' "$dir/$1"
			break
		fi
	done
}

# --- copying ------------------------------------------------------------------------------------------

# A file under the name that it is asked for by: links become files, so that the tree stands alone.
put() {
	target=$jail$1
	[ ! -d "$target" ] || fail "'$target' is a directory, where a file is to be"
	if [ -e "$target" ] && cmp -s -- "$1" "$target"; then
		return
	fi
	mkdir -p -- "$(dirname -- "$target")"
	rm -f -- "$target.new"
	cp -L -- "$1" "$target.new" 2>/dev/null || fail "cannot copy '$1' to '$target'"
	chmod u=rwx,go=rx "$target.new" # never set-user-ID
	mv -f -- "$target.new" "$target"
}

seen=' '
# Puts a program or library and all that it needs. Names with spaces are not a loader's.
take() {
	case $seen in
	*" $1 "*) return ;;
	esac
	seen="$seen$1 "
	put "$1"
	for loader in $(interpreter_of "$1"); do
		[ -f "$loader" ] || fail "'$1' wants the loader '$loader', which is not here"
		take "$loader"
	done
	# Not in a pipe: what is seen in there would be forgotten.
	for name in $(needed_by "$1"); do
		library=$(find_library "$name" "$1" "$(kind_of "$1")")
		[ -n "$library" ] || fail "'$1' needs the library '$name', which is nowhere to be found"
		take "$library"
	done
}

# take_script FILE: the program behind "#!".
take_script() {
	line=$(head -c 256 -- "$1" 2>/dev/null | tr -d '\0' | head -n 1)
	case $line in
	'#!'*) ;;
	*) return 0 ;;
	esac
	line=${line#'#!'}
	# shellcheck disable=SC2086 # words are what is wanted
	set -- $line
	case ${1-} in
	/usr/bin/env)
		take_program "$1"
		[ -z "${2-}" ] || take_program "$2"
		;;
	/*) take_program "$1" ;;
	esac
}

take_program() {
	case $1 in
	*/*) program=$1 ;;
	*) program=$(command -v -- "$1") || fail "there is no program '$1' on the PATH" ;;
	esac
	case $program in
	/*) ;;
	*/*) program=$(cd -- "$(dirname -- "$program")" && pwd)/$(basename -- "$program") ;;
	*) fail "'$1' is a part of the shell, not a program" ;;
	esac
	[ -f "$program" ] || fail "there is no program '$program'"
	[ -r "$program" ] || fail "'$program' cannot be read, so it cannot be copied"
	take "$program"
	take_script "$program"
}

# --- the tree -------------------------------------------------------------------------------------------

for dir in bin dev etc home lib proc tmp usr/bin usr/lib var/tmp; do
	mkdir -p -- "$jail/$dir"
done
chmod 1777 "$jail/tmp" "$jail/var/tmp"

busybox=
if command -v busybox >/dev/null; then
	busybox=$(command -v busybox)
	take "$(readlink -f -- "$busybox")"
	put_at=$jail/bin/busybox
	[ "$jail$(readlink -f -- "$busybox")" = "$put_at" ] || cp -f -- "$jail$(readlink -f -- "$busybox")" "$put_at"
	for name in sh cat cp echo env false head id ls mkdir mv pwd rm sleep test touch true uname; do
		[ -e "$jail/bin/$name" ] || ln -s busybox "$jail/bin/$name"
	done
else
	take /bin/sh
fi
for program; do
	take_program "$program"
done

# What programs ask at their start. Written once: what is in there afterwards is yours.
stub() {
	[ -e "$jail/etc/$1" ] || printf '%s\n' "$2" >"$jail/etc/$1"
}
stub passwd "root:x:0:0:root:/:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh"
stub group "root:x:0:
nogroup:x:65534:"
stub nsswitch.conf "passwd: files
group: files
hosts: files"
stub hosts "127.0.0.1 localhost
::1 localhost"

printf '%s\n' "$jail"
