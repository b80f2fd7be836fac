/* SPDX-License-Identifier: MIT */
/*
 * files.c - opening separate debug files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "evidence/naming/files.h"
#include "evidence/stack/module_file.h"

#define ID_DIGITS_MAX 64u

int zc_debug_open_by_id(struct zc_naming_text id)
{
	char path[64 + ID_DIGITS_MAX];
	struct stat st;

	if (id.len < 6 || id.len > ID_DIGITS_MAX)
		return -ENOENT;
	for (size_t i = 0; i < id.len; i++)
		if (!memchr("0123456789abcdef", id.at[i], 16))
			return -EINVAL;
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%.*s.debug", id.at,
		 (int)id.len - 2, id.at + 2);
	return zc_module_open_regular(path, &st);
}

static int open_link(const char *module, struct zc_naming_text link, const char *before,
		     const char *between)
{
	const char *slash = strrchr(module, '/');
	char path[ZC_PATH_CAP];
	struct stat st;

	if (!slash || *module != '/' || !link.len || memchr(link.at, '/', link.len) ||
	    *link.at == '.' ||
	    snprintf(path, sizeof(path), "%s%.*s%s%.*s", before, (int)(slash - module) + 1, module,
		     between, (int)link.len, link.at) >= (int)sizeof(path))
		return -ENOENT;
	/* A program is not its own debug file. */
	return strcmp(path, module) != 0 ? zc_module_open_regular(path, &st) : -ENOENT;
}

int zc_debug_open(const char *module, const struct zc_naming_file *file, unsigned *at)
{
	int fd = -ENOENT;

	while (fd < 0 && *at < 4) {
		switch ((*at)++) {
		case 0: fd = zc_debug_open_by_id(file->build_id); break;
		case 1: fd = open_link(module, file->debug_link, "", ""); break;
		case 2: fd = open_link(module, file->debug_link, "", ".debug/"); break;
		default: fd = open_link(module, file->debug_link, "/usr/lib/debug", "");
		}
	}
	return fd;
}
