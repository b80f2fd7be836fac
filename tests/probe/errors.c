/* SPDX-License-Identifier: MIT */
/*
 * errors.c - what fails anyway fails with the kernel's own answer, in the kernel's own order.
 *
 * policy: --allow-all
 * args: $T
 * expect: same as bare; no violation; exit 0
 * policy: --deny-read=$T/vault --deny-write=$T/vault
 * args: $T
 * expect: missing in vault: ENOENT; below a file: ENOTDIR; exists: EEXIST; loop: ELOOP; bad dirfd: EBADF;
 * expect: null: EFAULT; missing directory: ENOENT; no violation; exit 0
 */
#include "probe.h"

int main(int argc, char **argv)
{
	if (chdir(argv[1]) < 0)
		return 98;
	say_open("missing in vault", "vault/missing");
	say_open("below a file", "open/file/x");
	say_open("missing directory", "open/missing/x");
	say("exists", mkdir("vault", 0700));
	say("exists, exclusive", open("open/file", O_CREAT | O_EXCL | O_WRONLY, 0600));
	say_open("loop", "open/loop");
	say("bad dirfd", openat(12345, "x", O_RDONLY));
	say("null", open((char *)argv[argc], O_RDONLY));
	say("directory for writing", open("open", O_WRONLY));
	say("not a directory", open("open/file", O_RDONLY | O_DIRECTORY));
	say("unlink a directory", unlink("open"));
	say("rmdir a file", rmdir("open/file"));
	say("rename over a directory", rename("open/file", "open/dir"));
	say("trailing slash", open("open/file/", O_RDONLY));
	unlink("open/closed");
	close(open("open/closed", O_CREAT | O_WRONLY, 0));
	say("no permission, from a descriptor", openat(open("open", O_RDONLY), "closed", O_RDONLY));
	errno = 42;
	if (open("open/file", O_RDONLY) < 0 || errno != 42)
		say("errno is left alone", -1);
	else
		say("errno is left alone", 0);
	return 0;
}
