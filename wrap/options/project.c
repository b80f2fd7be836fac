/* SPDX-License-Identifier: MIT */
/*
 * project.c - --project: the policy file .zencube of the working directory, or of the nearest
 * directory above that has one.
 *
 * It is never looked for unless asked: who checks out somebody's tree must not get that somebody's
 * policy by typing zcwrap in it. And asked, it is taken only from somebody whom we would trust with
 * our own files: a file above that another user planted is refused, as git(1) refuses a repository.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wrap/wrap.h"

#define NAME ".zencube"

static int check_owner(const char *path, const struct stat *st, struct zc_trouble *trouble)
{
	if (!S_ISREG(st->st_mode))
		return zc_trouble(trouble, -EINVAL, "--project: '%s' is not a regular file", path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return zc_trouble(trouble, -EPERM,
				  "--project: '%s' belongs to another user (%u); --policy=%s would "
				  "use it all the same",
				  path, (unsigned)st->st_uid, path);
	if (st->st_mode & S_IWOTH)
		return zc_trouble(trouble, -EPERM,
				  "--project: everybody may write '%s'; chmod o-w it", path);
	return 0;
}

int zc_project_find(const char *from, char ret_dir[ZC_PATH_CAP], char ret_file[ZC_PATH_CAP],
		    struct zc_trouble *trouble)
{
	size_t len = strlen(from);
	struct stat st;

	if (len >= ZC_PATH_CAP)
		return zc_trouble(trouble, -ENAMETOOLONG, "--project: the path is too long");
	memcpy(ret_dir, from, len + 1);
	for (;;) {
		int n = snprintf(ret_file, ZC_PATH_CAP, "%s/" NAME, len > 1 ? ret_dir : "");

		if (n >= (int)ZC_PATH_CAP)
			return zc_trouble(trouble, -ENAMETOOLONG,
					  "--project: the path is too long");
		if (stat(ret_file, &st) == 0)
			return check_owner(ret_file, &st, trouble);
		if (errno != ENOENT && errno != ENOTDIR)
			return zc_trouble(trouble, -errno, "--project: '%s': %s", ret_file,
					  strerror(errno));
		if (len <= 1)
			return zc_trouble(trouble, -ENOENT,
					  "--project: no " NAME " in '%s' or above it", from);
		while (len > 1 && ret_dir[len - 1] != '/')
			len--;
		len -= len > 1;
		ret_dir[len] = '\0';
	}
}
