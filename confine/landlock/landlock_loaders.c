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

#include "confine/landlock/landlock.h"
#include "core/path.h"

/* Programs of a jail have the jail's; a link in there that leads out of it is found where it is meant. */
static const char *jail_of(const struct zc_image *image)
{
	return image->jail.count ? zc_image_at(image, image->jail) : "";
}

static void add(struct zc_places *places, const char *jail, const char *found)
{
	char *real = *jail ? strdup(found) : realpath(found, NULL);

	if (real)
		zc_places_add(places, real, zc_path_parent(real, strlen(real)), true, 0,
			      ZC_LL_OF_RUN);
	free(real);
}

void zc_places_add_loaders(struct zc_places *places, const struct zc_image *image)
{
	static const char *const patterns[] = { "/usr/lib*/ld-*.so*",
						"/usr/lib*/*-linux-*/ld-*.so*",
						"/usr/local/*/lib/ld-*.so*", "/lib*/ld-*.so*",
						"/lib*/*-linux-*/ld-*.so*" };
	static const char *const stores[] = { "/nix/store", "/gnu/store" };
	const char *jail = jail_of(image);
	char path[ZC_PATH_CAP + 64];
	glob_t found = { 0 };
	struct stat st;
	/* Where /lib is a link into /usr the last two find nothing new. */
	bool merged = !*jail && lstat("/lib", &st) == 0 && S_ISLNK(st.st_mode);

	for (size_t i = 0; i < ZC_LEN(patterns) - (merged ? 2 : 0); i++) {
		snprintf(path, sizeof(path), "%s%s", jail, patterns[i]);
		glob(path, i ? GLOB_APPEND | GLOB_NOSORT : GLOB_NOSORT, NULL, &found);
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		add(places, jail, found.gl_pathv[i]);
	globfree(&found);
	for (size_t i = 0; i < ZC_LEN(stores); i++) {
		snprintf(path, sizeof(path), "%s%s", jail, stores[i]);
		if (stat(path, &st) == 0)
			zc_places_add(places, path, strlen(path), true, 0, ZC_LL_OF_RUN);
	}
}
