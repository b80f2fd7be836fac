/* SPDX-License-Identifier: MIT */
/*
 * granted.c - how much more do the rules allow than was used? Files, counted on disk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/learn/parts.h"

#define COUNT_MAX 100000u
#define DEPTH_MAX 64u

/* Files below a directory that is open; closes it. */
static void count_below(int fd, unsigned depth, size_t *count)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		close(fd);
		return;
	}
	while (*count < COUNT_MAX && (entry = readdir(dir)) != NULL) {
		bool unknown = entry->d_type == DT_UNKNOWN;
		int below = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if ((entry->d_type == DT_DIR || unknown) && depth < DEPTH_MAX)
			below = openat(dirfd(dir), entry->d_name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			count_below(below, depth + 1, count);
		else
			++*count;
	}
	closedir(dir);
}

/* What one rule covers. A name that is not there any more is one thing all the same. */
static void count_path(const char *path, bool tree, size_t *count)
{
	int fd = tree ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
		      : -1;

	if (fd >= 0)
		count_below(fd, 0, count);
	else
		++*count;
}

static void count_node(struct zc_learn *learn, const struct zc_learn_node *node)
{
	struct zc_learn_account *account = &learn->account;
	unsigned needs = node->seen | node->tree | node->alone;
	char path[ZC_PATH_CAP];
	bool wild;

	if (needs & (ZC_NEED_READ | ZC_NEED_WRITE)) {
		zc_learn_node_path(node, path, &wild);
		if (needs & ZC_NEED_READ)
			count_path(path, !wild && node->tree & ZC_NEED_READ,
				   &account->read_granted);
		if (needs & ZC_NEED_WRITE)
			count_path(path, !wild && node->tree & ZC_NEED_WRITE,
				   &account->write_granted);
	}
	for (const struct zc_learn_node *child = node->child; child; child = child->next)
		count_node(learn, child);
}

static int by_path(const void *a, const void *b)
{
	const struct zc_learn_seen *x = a, *y = b;
	uint32_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->path, y->path, len);

	return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

int zc_learn_count_granted(struct zc_learn *learn)
{
	struct zc_learn_account *account = &learn->account;
	unsigned needs = 0;

	if (learn->seen_count)
		qsort(learn->seen, learn->seen_count, sizeof(*learn->seen), by_path);
	for (size_t i = 0; i < learn->seen_count; i++) {
		bool again = i > 0 && by_path(&learn->seen[i - 1], &learn->seen[i]) == 0;
		unsigned fresh;

		if (!again)
			needs = 0;
		fresh = learn->seen[i].open & ~needs;
		needs |= fresh;
		account->read_seen += (fresh & ZC_NEED_READ) != 0;
		account->write_seen += (fresh & ZC_NEED_WRITE) != 0;
	}
	count_node(learn, learn->root);
	account->more = account->read_granted >= COUNT_MAX || account->write_granted >= COUNT_MAX;
	return 0;
}
