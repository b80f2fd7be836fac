/* SPDX-License-Identifier: MIT */
/*
 * files.c - opening separate debug files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "evidence/fetch/fetch.h"
#include "evidence/naming/files.h"
#include "evidence/stack/module_file.h"

#define ID_DIGITS_MAX 64u

static int open_by_id(struct zc_naming_text id)
{
	static const char digits[] = "0123456789abcdef";
	char path[64 + ID_DIGITS_MAX];
	struct stat st;

	if (id.len < 6 || id.len > ID_DIGITS_MAX)
		return -ENOENT;
	for (size_t i = 0; i < id.len; i++)
		if (!memchr(digits, id.at[i], sizeof(digits) - 1))
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

/* The next of the places where it may be. */
static int open_local(const char *module, const struct zc_naming_file *file, unsigned *at)
{
	int fd = -ENOENT;

	while (fd < 0 && *at < 4) {
		switch ((*at)++) {
		case 0: fd = open_by_id(file->build_id); break;
		case 1: fd = open_link(module, file->debug_link, "", ""); break;
		case 2: fd = open_link(module, file->debug_link, "", ".debug/"); break;
		default: fd = open_link(module, file->debug_link, "/usr/lib/debug", "");
		}
	}
	return fd;
}

/* ---- servers ---- */

/*
 * From a server, for who allowed that. Only where lines are wanted: names alone are not worth telling somebody what
 * runs here.
 */
static int fetch_by(struct zc_naming_text id, bool lines)
{
	char text[ZC_FETCH_ID_CAP];

	if (!lines || !zc_fetch_allowed() || !id.len || id.len >= sizeof(text))
		return -ENOENT;
	snprintf(text, sizeof(text), "%.*s", (int)id.len, id.at);
	return zc_fetch_debug(text);
}

/* The build-id that the process reported, in hex. Returns its length. */
static size_t spell_id(const struct zc_module *module, char ret[2 * ZC_BUILD_ID_CAP + 1])
{
	ret[0] = '\0';
	for (unsigned i = 0; i < module->id_len; i++)
		snprintf(ret + (size_t)2 * i, 3, "%02x", module->id[i]);
	return 2u * module->id_len;
}

/* Not by what the file says of itself: no file can have another one asked for. */
int zc_debug_fetch(const struct zc_module *module, bool lines)
{
	char id[2 * ZC_BUILD_ID_CAP + 1];
	size_t len = spell_id(module, id);

	return fetch_by((struct zc_naming_text){ id, len }, lines);
}

bool zc_debug_is_of(const struct zc_module *module, const struct zc_naming_file *file)
{
	char id[2 * ZC_BUILD_ID_CAP + 1];
	size_t len = spell_id(module, id);

	return file->build_id.len == len && !memcmp(file->build_id.at, id, len);
}

int zc_debug_next(const struct zc_module *module, const struct zc_naming_file *file, bool lines,
		  struct zc_debug_search *search)
{
	int fd = -ENOENT;

	if (file->supplement.len) {
		fd = open_by_id(file->supplement);
		return fd >= 0 ? fd : fetch_by(file->supplement, lines);
	}
	if (file->wants_debug)
		fd = open_local(zc_module_name(module), file, &search->local);
	if (fd < 0 && file->wants_debug && !search->asked) {
		search->asked = true;
		fd = zc_debug_fetch(module, lines);
	}
	return fd;
}
