/* SPDX-License-Identifier: MIT */
/*
 * watch.c - mode `watch`: the thread, the tree below us, and what is remembered of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text/array.h"
#include "wrap/watch/watch.h"

#define SEEN_MAX 65536u /* of one process; then it is forgotten, and may be reported again */

const char zc_watch_gap[] =
	"only sampled every " ZC_STRINGIFY(ZC_WATCH_MS) " ms: what is shorter goes unseen";

/* --- sets ---------------------------------------------------------------------------------------- */

static uint64_t *slot_of(const struct zc_watch_set *set, uint64_t hash)
{
	size_t at = hash & (set->cap - 1);

	while (set->slot[at] && set->slot[at] != hash)
		at = (at + 1) & (set->cap - 1);
	return &set->slot[at];
}

bool zc_watch_has(const struct zc_watch_set *set, uint64_t hash)
{
	return set->cap && *slot_of(set, hash ? hash : 1);
}

static bool grow(struct zc_watch_set *set)
{
	struct zc_watch_set more = { .cap = set->cap ? set->cap * 2 : 64 };

	if (set->count >= SEEN_MAX) {
		memset(set->slot, 0, set->cap * sizeof(*set->slot));
		set->count = 0;
		return true;
	}
	more.slot = calloc(more.cap, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (size_t i = 0; i < set->cap; i++)
		if (set->slot[i])
			*slot_of(&more, set->slot[i]) = set->slot[i];
	more.count = set->count;
	free(set->slot);
	*set = more;
	return true;
}

bool zc_watch_first(struct zc_watch_set *set, uint64_t hash)
{
	uint64_t *slot;

	hash = hash ? hash : 1;
	if (zc_watch_has(set, hash))
		return false;
	if (set->count * 2 >= set->cap && !grow(set))
		return true;
	slot = slot_of(set, hash);
	*slot = hash;
	set->count++;
	return true;
}

/* --- processes -------------------------------------------------------------------------------------- */

static struct zc_watched **place_of(struct zc_watcher *watcher, pid_t pid)
{
	struct zc_watched **at = &watcher->bucket[(unsigned)pid & (ZC_WATCH_BUCKETS - 1)];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

struct zc_watched *zc_watch_find(struct zc_watcher *watcher, pid_t pid)
{
	struct zc_watched **at = place_of(watcher, pid);

	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (*at)
			(*at)->pid = pid;
	}
	return *at;
}

/* Processes that this look did not see are gone, and with them what they had. */
static void forget(struct zc_watcher *watcher)
{
	for (unsigned i = 0; i < ZC_WATCH_BUCKETS; i++) {
		struct zc_watched **at = &watcher->bucket[i];

		while (*at) {
			struct zc_watched *gone = *at;

			if (gone->round == watcher->round) {
				at = &gone->next;
				continue;
			}
			*at = gone->next;
			free(gone->seen.slot);
			free(gone);
		}
	}
}

static bool was_before(const struct zc_watcher *watcher, pid_t pid)
{
	const struct zc_tree *before = watcher->setup.before;

	for (size_t i = 0; before && i < before->count; i++)
		if (before->member[i].pid == pid)
			return true;
	return false;
}

static void add(struct zc_watcher *watcher, pid_t pid)
{
	pid_t *tree;

	if (was_before(watcher, pid))
		return;
	tree = zc_array_grow(watcher->tree, watcher->tree_count, &watcher->tree_cap, sizeof(*tree),
			     64);
	if (!tree)
		return;
	watcher->tree = tree;
	tree[watcher->tree_count++] = pid;
}

/* The children of one thread: numbers with blanks between them, as many as there are. */
static void add_children(struct zc_watcher *watcher, int task, const char *tid)
{
	char path[40], text[4096];
	ssize_t n;
	pid_t pid = 0;
	int fd;

	snprintf(path, sizeof(path), "%.20s/children", tid);
	fd = openat(task, path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
			} else if (pid) {
				add(watcher, pid);
				pid = 0;
			}
		}
	}
	if (fd >= 0)
		close(fd);
}

static void add_below(struct zc_watcher *watcher, pid_t pid)
{
	struct dirent *entry;
	char path[40];
	DIR *task;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	task = opendir(path);
	if (!task)
		return;
	while ((entry = readdir(task)))
		if (*entry->d_name != '.')
			add_children(watcher, dirfd(task), entry->d_name);
	closedir(task);
}

/* Costs what the tree costs; where the kernel does not list children, what the machine costs. */
static void find_tree(struct zc_watcher *watcher)
{
	struct zc_tree tree = { 0 };

	watcher->tree_count = 0;
	if (watcher->has_children) {
		add_below(watcher, watcher->setup.root);
		for (size_t done = 0; done < watcher->tree_count; done++)
			add_below(watcher, watcher->tree[done]);
		return;
	}
	zc_tree_scan(&tree, watcher->setup.root, watcher->setup.before);
	for (size_t i = 0; i < tree.count; i++)
		add(watcher, tree.member[i].pid);
	zc_tree_finish(&tree);
}

/* --- the thread ---------------------------------------------------------------------------------------- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Returns how long it took, in microseconds. */
static int64_t look(struct zc_watcher *watcher)
{
	int64_t began = now_us();

	watcher->round++;
	find_tree(watcher);
	for (size_t i = 0; i < watcher->tree_count; i++)
		zc_watch_look(watcher, watcher->tree[i]);
	forget(watcher);
	return now_us() - began;
}

/* False: the run is over. */
static bool rest(struct zc_watcher *watcher, int64_t us)
{
	struct timespec until;
	bool over;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += us / 1000000;
	until.tv_nsec += us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&watcher->lock);
	while (!watcher->over &&
	       pthread_cond_timedwait(&watcher->wake, &watcher->lock, &until) != ETIMEDOUT)
		;
	over = watcher->over;
	pthread_mutex_unlock(&watcher->lock);
	return !over;
}

static void *watch(void *context)
{
	struct zc_watcher *watcher = context;
	int64_t us;

	do {
		us = look(watcher) * (ZC_WATCH_SHARE - 1);
	} while (rest(watcher, us > ZC_WATCH_MS * 1000 ? us : ZC_WATCH_MS * 1000));
	return NULL;
}

static bool lists_children(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
	return access(path, R_OK) == 0;
}

static void release(struct zc_watcher *watcher)
{
	watcher->round++;
	forget(watcher);
	free(watcher->tree);
	free(watcher->inherited.slot);
	free(watcher->sockets.entry);
	free(watcher);
}

int zc_watch_start(struct zc_watcher **ret, const struct zc_watcher_setup *setup)
{
	struct zc_watcher *watcher = calloc(1, sizeof(*watcher));
	pthread_condattr_t clock;
	int error;

	if (!watcher)
		return -ENOMEM;
	watcher->setup = *setup;
	watcher->has_children = lists_children();
	zc_watch_inherit(watcher);
	zc_watch_sockets_init(&watcher->sockets);
	pthread_mutex_init(&watcher->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&watcher->wake, &clock);
	pthread_condattr_destroy(&clock);
	error = pthread_create(&watcher->thread, NULL, watch, watcher);
	if (error) {
		release(watcher);
		return -error;
	}
	*ret = watcher;
	return 0;
}

void zc_watch_finish(struct zc_watcher *watcher)
{
	if (!watcher)
		return;
	pthread_mutex_lock(&watcher->lock);
	watcher->over = true;
	pthread_cond_signal(&watcher->wake);
	pthread_mutex_unlock(&watcher->lock);
	pthread_join(watcher->thread, NULL);
	pthread_cond_destroy(&watcher->wake);
	pthread_mutex_destroy(&watcher->lock);
	release(watcher);
}
