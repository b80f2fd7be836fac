#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command in a network namespace of its own, which ends with it: no interface but (if asked for) a
# loopback that leads nowhere else. Nothing is changed for anybody else: no firewall rule, no route.
#
# usage: disable_network_dev.sh [--loopback] [--] COMMAND [ARGUMENT ...]
#
# As root with `unshare --net`; otherwise in a user namespace, in which files of others look like nobody's
# and set-user-ID programs gain nothing. Ends with 125 when neither can be had, else as COMMAND does.
set -eu

say() { printf 'disable_network_dev: %s\n' "$*" >&2; }

# --- inside: the second time this script is run -------------------------------------------------------
if [ "${1-}" = --inside ]; then
	loopback=$2
	shift 2
	if $loopback; then
		if command -v ip >/dev/null; then
			ip link set lo up
		elif command -v ifconfig >/dev/null; then
			ifconfig lo 127.0.0.1 up
		elif command -v busybox >/dev/null; then
			busybox ifconfig lo 127.0.0.1 up
		else
			say "--loopback needs 'ip', 'ifconfig' or 'busybox'"
			exit 125
		fi || {
			say "cannot bring the loopback up"
			exit 125
		}
	fi
	if [ -n "${DISABLE_NETWORK_IDS-}" ]; then
		# Back to one's own number: root in there was only the means.
		ids=$DISABLE_NETWORK_IDS
		unset DISABLE_NETWORK_IDS
		exec unshare --user --map-user="${ids%:*}" --map-group="${ids#*:}" -- "$@"
	fi
	exec "$@"
fi

# --- outside ----------------------------------------------------------------------------------------------
loopback=false
while [ $# -gt 0 ]; do
	case $1 in
	--loopback) loopback=true ;;
	--)
		shift
		break
		;;
	-*)
		say "unknown option '$1'; usage: disable_network_dev.sh [--loopback] [--] COMMAND [ARGUMENT ...]"
		exit 125
		;;
	*) break ;;
	esac
	shift
done
if [ $# -eq 0 ]; then
	say "no command; usage: disable_network_dev.sh [--loopback] [--] COMMAND [ARGUMENT ...]"
	exit 125
fi
if ! command -v unshare >/dev/null; then
	say "unshare is not here: it comes with the package 'util-linux'"
	exit 125
fi
self=$(cd -- "$(dirname -- "$0")" && pwd)/$(basename -- "$0")

if unshare --net true 2>/dev/null; then
	exec unshare --net -- /bin/sh "$self" --inside "$loopback" "$@"
fi
if unshare --user --map-root-user --net true 2>/dev/null; then
	DISABLE_NETWORK_IDS=$(id -u):$(id -g)
	export DISABLE_NETWORK_IDS
	exec unshare --user --map-root-user --net -- /bin/sh "$self" --inside "$loopback" "$@"
fi
say "this host gives out no network namespace: not as this user, and none inside a user namespace"
for limit in kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns; do
	file=/proc/sys/$(printf %s "$limit" | tr . /)
	[ ! -r "$file" ] || say "$limit is $(cat "$file")"
done
say "root can run this, or change that; zcwrap --no-net needs no namespace"
exit 125
