/* SPDX-License-Identifier: MIT */
/*
 * slashes.c - spellings that lead elsewhere than their letters say: a slash after a link, and ".." at a root.
 *
 * policy: --deny-read=$T/vault --deny-write=$T/vault
 * args: $T
 * expect: open: EACCES; open not followed: EACCES; lchown: EACCES; utimensat: EACCES; lsetxattr: EACCES;
 * expect: in root: EACCES; in root, absolute: EACCES; in root, through a directory: EACCES;
 * expect: violation $T/vault; violation $T/vault/secret; no violation $T/open/vault; exit 2
 */
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>

#include "probe.h"

static long open_in_root(int dirfd, const char *path)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT };

	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

int main(int argc, char **argv)
{
	int vault;

	if (chdir(argv[1]) < 0)
		return 98;
	say("open", open("open/vault/", O_RDONLY | O_DIRECTORY));
	say("open not followed", open("open/vault/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
	say("lchown", lchown("open/vault/", (uid_t)-1, (gid_t)-1));
	say("utimensat", utimensat(AT_FDCWD, "open/vault/", NULL, AT_SYMLINK_NOFOLLOW));
	say("lsetxattr", lsetxattr("open/vault/", "user.x", "1", 1, 0));
	vault = open("vault", O_PATH | O_DIRECTORY);
	say("in root", open_in_root(vault, "../secret"));
	say("in root, absolute", open_in_root(vault, "/../secret"));
	say("in root, through a directory", open_in_root(vault, "dir/../../../secret"));
	return 0;
}
