/* SPDX-License-Identifier: MIT */
/*
 * landlock_loaders.c - the kernel starts the loader that a program names (PT_INTERP), and no rule is asked.
 *
 * Where it lies is settled by each ABI; what is behind links counts.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "confine/landlock.h"
#include "core/path.h"

void zc_places_add_loaders(struct zc_places *places)
{
	static const char *const patterns[] = { "/usr/lib*/ld-*.so*",
						"/usr/lib*/*-linux-*/ld-*.so*",
						"/usr/local/*/lib/ld-*.so*", "/lib*/ld-*.so*",
						"/lib*/*-linux-*/ld-*.so*" };
	static const char *const stores[] = { "/nix/store", "/gnu/store" };
	glob_t found = { 0 };
	struct stat st;
	/* Where /lib is a link into /usr the last two find nothing new. */
	bool merged = lstat("/lib", &st) == 0 && S_ISLNK(st.st_mode);

	for (size_t i = 0; i < ZC_LEN(patterns) - (merged ? 2 : 0); i++)
		glob(patterns[i], i ? GLOB_APPEND | GLOB_NOSORT : GLOB_NOSORT, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *real = realpath(found.gl_pathv[i], NULL);

		if (real)
			zc_places_add(places, real, zc_path_parent(real, strlen(real)), true, 0,
				      ZC_LL_OF_RUN);
		free(real);
	}
	globfree(&found);
	for (size_t i = 0; i < ZC_LEN(stores); i++)
		if (stat(stores[i], &st) == 0)
			zc_places_add(places, stores[i], strlen(stores[i]), true, 0, ZC_LL_OF_RUN);
}
