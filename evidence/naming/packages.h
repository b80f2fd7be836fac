/* SPDX-License-Identifier: MIT */
/*
 * packages.h - which package of the distribution a path belongs to, by dpkg's own database.
 *
 * /var/lib/dpkg/info/PACKAGE.list has the paths, /var/lib/dpkg/status the versions. All of it is read once,
 * when the first path is asked for (1,000 packages with 171,000 paths: 10 MB). What is said is to whom the path
 * belongs; whether the file still is what the package brought is not looked at.
 *
 * Memory: new/free. Fails: a path is nobody's, as on systems without dpkg.
 */
#ifndef ZC_EVIDENCE_NAMING_PACKAGES_H
#define ZC_EVIDENCE_NAMING_PACKAGES_H

#include <stdbool.h>

struct zc_packages;
struct zc_package;

/* root: "" or where another system's /var/lib/dpkg is (tests); it must stay. NULL without memory. */
struct zc_packages *zc_packages_new(const char *root);
struct zc_packages *zc_packages_free(struct zc_packages *packages); /* takes NULL */
/* Fills ret (stack/module.h) with texts of its own; false: unknown. */
bool zc_packages_find(struct zc_packages *packages, const char *path, struct zc_package *ret);

#endif
