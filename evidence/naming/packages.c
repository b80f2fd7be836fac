/* SPDX-License-Identifier: MIT */
/*
 * packages.c - an index of dpkg's lists: the hash of a path, and in which list it stands.
 *
 * Two hashes of 64 bits that are equal by chance would make a wrong package: of 171,000 paths one in 10^14.
 * Systems with a merged /usr list some files below /lib that are seen below /usr/lib, so /usr is left
 * out before these.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "evidence/naming/packages.h"
#include "evidence/stack/module.h"

#define DATABASE "/var/lib/dpkg"
#define LIST_MAX (16u << 20)
#define STATUS_MAX (64u << 20)
#define PATHS_MAX (8u << 20)
#define PACKAGES_MAX 65536u

struct owner {
	uint64_t hash; /* 0: free */
	uint32_t package;
};

struct zc_packages {
	const char *root;
	bool read;
	char **name; /* "libc6:amd64" */
	size_t names;
	struct owner *owner; /* open addressing */
	size_t cap, count;
	char *status;
};

struct zc_packages *zc_packages_new(const char *root)
{
	struct zc_packages *packages = calloc(1, sizeof(*packages));

	if (packages)
		packages->root = root;
	return packages;
}

struct zc_packages *zc_packages_free(struct zc_packages *packages)
{
	if (!packages)
		return NULL;
	for (size_t i = 0; i < packages->names; i++)
		free(packages->name[i]);
	free(packages->name);
	free(packages->owner);
	free(packages->status);
	free(packages);
	return NULL;
}

/* ---- reading ---- */

/* A whole regular file with a newline before and behind it, or NULL. */
static char *read_text(int directory, const char *name, size_t most)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t have = 1, size;
	char *text = NULL;
	struct stat st;
	ssize_t got = 1;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size >= 0 && st.st_size < (off_t)most)
		text = malloc((size_t)st.st_size + 3);
	if (text) {
		size = (size_t)st.st_size + 1;
		text[0] = '\n';
		while (have < size && (got = read(fd, text + have, size - have)) > 0)
			have += (size_t)got;
		text[have] = '\n';
		text[have + 1] = '\0';
	}
	close(fd);
	return text;
}

static uint64_t hash_of(const char *path, size_t len)
{
	static const char *const merged[] = { "/usr/lib", "/usr/bin", "/usr/sbin" };
	uint64_t hash;

	for (size_t i = 0; i < ZC_LEN(merged); i++)
		if (len > strlen(merged[i]) && !memcmp(path, merged[i], strlen(merged[i]))) {
			path += 4;
			len -= 4;
			break;
		}
	hash = zc_hash_bytes(path, len, 1);
	return hash ? hash : 1;
}

static bool grow(struct zc_packages *packages)
{
	size_t cap = packages->cap ? packages->cap * 2 : 1u << 15;
	struct owner *old = packages->owner, *owner;

	if (packages->count * 2 < packages->cap)
		return true;
	owner = packages->count < PATHS_MAX ? calloc(cap, sizeof(*owner)) : NULL;
	if (!owner)
		return false;
	for (size_t i = 0; i < packages->cap; i++) {
		size_t at = (size_t)old[i].hash & (cap - 1);

		while (old[i].hash && owner[at].hash)
			at = (at + 1) & (cap - 1);
		if (old[i].hash)
			owner[at] = old[i];
	}
	free(old);
	packages->owner = owner;
	packages->cap = cap;
	return true;
}

/* The first package keeps what several list: directories. */
static bool add_path(struct zc_packages *packages, uint64_t hash, uint32_t package)
{
	size_t at;

	if (!grow(packages))
		return false;
	at = (size_t)hash & (packages->cap - 1);
	while (packages->owner[at].hash && packages->owner[at].hash != hash)
		at = (at + 1) & (packages->cap - 1);
	if (!packages->owner[at].hash) {
		packages->owner[at] = (struct owner){ hash, package };
		packages->count++;
	}
	return true;
}

static void read_list(struct zc_packages *packages, int directory, const char *file)
{
	size_t len = strlen(file);
	char **more, *text;

	if (len < 6 || strcmp(file + len - 5, ".list") != 0 || packages->names == PACKAGES_MAX)
		return;
	more = realloc(packages->name, (packages->names + 1) * sizeof(*more));
	if (!more)
		return;
	packages->name = more;
	text = read_text(directory, file, LIST_MAX);
	packages->name[packages->names] = text ? strndup(file, len - 5) : NULL;
	if (packages->name[packages->names]) {
		uint32_t package = (uint32_t)packages->names++;
		char *at = text + 1, *end;

		while ((end = strchr(at, '\n'))) {
			if (end > at &&
			    !add_path(packages, hash_of(at, (size_t)(end - at)), package))
				break;
			at = end + 1;
		}
	}
	free(text);
}

static void read_all(struct zc_packages *packages)
{
	char path[ZC_PATH_CAP];
	struct dirent *entry;
	DIR *info;
	int fd;

	packages->read = true;
	snprintf(path, sizeof(path), "%s" DATABASE "/info", packages->root);
	info = opendir(path);
	while (info && (entry = readdir(info)))
		read_list(packages, dirfd(info), entry->d_name);
	if (info)
		closedir(info);
	snprintf(path, sizeof(path), "%s" DATABASE, packages->root);
	fd = packages->names ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		packages->status = read_text(fd, "status", STATUS_MAX);
		close(fd);
	}
}

/* ---- answers ---- */

/* The value of a field in the paragraph that ends at end, malloc'd, or NULL. */
static char *field(const char *paragraph, const char *end, const char *key)
{
	const char *at = memmem(paragraph, (size_t)(end - paragraph), key, strlen(key));

	return at ? strndup(at + strlen(key), strcspn(at + strlen(key), "\n")) : NULL;
}

static char *version_of(const char *status, const char *name)
{
	size_t len = strcspn(name, ":");
	const char *arch = name[len] ? name + len + 1 : NULL, *at = status;
	char line[300];

	if (!status ||
	    snprintf(line, sizeof(line), "\nPackage: %.*s\n", (int)len, name) >= (int)sizeof(line))
		return NULL;
	while ((at = strstr(at, line))) {
		const char *end = strstr(at + 1, "\n\n");
		char *its = end ? field(at, end + 1, "\nArchitecture: ") : NULL;
		bool same = end && (!arch || (its && !strcmp(its, arch)));

		free(its);
		if (same)
			return field(at, end + 1, "\nVersion: ");
		at++;
	}
	return NULL;
}

bool zc_packages_find(struct zc_packages *packages, const char *path, struct zc_package *ret)
{
	uint64_t hash = hash_of(path, strlen(path));
	const char *name;
	size_t at;

	if (!packages->read)
		read_all(packages);
	if (!packages->cap)
		return false;
	at = (size_t)hash & (packages->cap - 1);
	while (packages->owner[at].hash && packages->owner[at].hash != hash)
		at = (at + 1) & (packages->cap - 1);
	if (!packages->owner[at].hash)
		return false;
	name = packages->name[packages->owner[at].package];
	*ret = (struct zc_package){ .type = strdup("deb"),
				    .name = strndup(name, strcspn(name, ":")),
				    .version = version_of(packages->status, name),
				    .from = "dpkg" };
	return true;
}
