/* SPDX-License-Identifier: MIT */
/*
 * chroots.c - after chroot(2) names are still judged by where they lead outside.
 *
 * policy: --deny-read=$T/vault --allow-sys=chroot
 * needs: root
 * args: $T
 * expect: chroot: OK; denied below: EACCES; allowed below: OK; violation $T/vault/secret; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	say("chroot", chroot(argv[1]));
	if (chdir("/") < 0)
		return 98;
	say_open("denied below", "/vault/secret");
	say_open("allowed below", "/open/file");
	return 0;
}
