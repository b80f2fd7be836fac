/* SPDX-License-Identifier: MIT */
/*
 * chroots.c - after chroot(2) names are still judged by where they lead outside.
 *
 * policy: --deny-read=$T/vault --allow-sys=chroot
 * needs: root
 * args: $T
 * expect: chroot: OK; denied below: EACCES; allowed below: OK; link to denied: EACCES; link to allowed: OK;
 * expect: link in the middle: EACCES; removed: OK; violation $T/vault/secret; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	if (chdir(argv[1]) < 0 || symlink("vault/secret", "to-denied") < 0 ||
	    symlink("/open/file", "to-allowed") < 0 || symlink("vault", "to-vault") < 0)
		return 97;
	say("chroot", chroot(argv[1]));
	if (chdir("/") < 0)
		return 98;
	say_open("denied below", "/vault/secret");
	say_open("allowed below", "/open/file");
	/* There is no /proc in here to ask for names. */
	say_open("link to denied", "/to-denied");
	say_open("link to allowed", "/to-allowed");
	say_open("link in the middle", "to-vault/secret");
	say("removed", unlink("/to-allowed") | unlink("to-denied") | unlink("to-vault"));
	return 0;
}
