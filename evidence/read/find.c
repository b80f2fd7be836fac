/* SPDX-License-Identifier: MIT */
/*
 * find.c - which run did they mean?
 */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/read/run.h"
#include "text/array.h"

#define PREFIX "zc-"

/* Where zcwrap puts runs when it is not told: logs/, and where that cannot be written. */
static const char *log_dir_at(const char *named, unsigned index, char room[ZC_PATH_CAP])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *user;
	int len;

	if (named)
		return index ? NULL : named;
	if (index == 0)
		return "logs";
	if (index > 1)
		return NULL;
	if (state && *state == '/') {
		len = snprintf(room, ZC_PATH_CAP, "%s/zencube", state);
	} else {
		user = home && *home ? NULL : getpwuid(getuid());
		home = user ? user->pw_dir : home ? home : "";
		len = snprintf(room, ZC_PATH_CAP, "%s/.local/state/zencube", home);
	}
	return len < (int)ZC_PATH_CAP ? room : NULL;
}

struct found {
	char *path; /* of the run's directory */
	const char *id;
};

struct list {
	struct found *run;
	size_t count, cap;
};

static void free_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->run[i].path);
	free(list->run);
}

static int append(struct list *list, const char *log_dir, const char *name)
{
	struct found *run = zc_array_grow(list->run, list->count, &list->cap, sizeof(*run), 64);
	char *path;

	if (!run)
		return -ENOMEM;
	list->run = run;
	if (asprintf(&path, "%s/%s", log_dir, name) < 0)
		return -ENOMEM;
	run[list->count++] = (struct found){ path, path + strlen(log_dir) + 1 + strlen(PREFIX) };
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct found *first = a, *second = b;

	return strcmp(first->id, second->id); /* ids start with the time */
}

static int list_runs(struct list *ret, const char *named)
{
	char room[ZC_PATH_CAP];
	const char *log_dir;
	int error = 0;

	*ret = (struct list){ 0 };
	for (unsigned i = 0; !error && (log_dir = log_dir_at(named, i, room)); i++) {
		DIR *dir = opendir(log_dir);
		const struct dirent *entry;

		if (!dir && (named || errno != ENOENT))
			error = -errno;
		while (!error && dir && (entry = readdir(dir)))
			if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
				error = append(ret, log_dir, entry->d_name);
		if (dir)
			closedir(dir);
	}
	if (ret->count)
		qsort(ret->run, ret->count, sizeof(*ret->run), by_id);
	return error;
}

int zc_run_each(const char *log_dir, bool (*visit)(void *context, const char *dir, const char *id),
		void *context)
{
	struct list list;
	int error = list_runs(&list, log_dir);

	for (size_t i = 0; !error && i < list.count; i++)
		if (!visit(context, list.run[i].path, list.run[i].id))
			break;
	free_list(&list);
	return error;
}

static int take(char ret_dir[ZC_PATH_CAP], const char *path, size_t len)
{
	if (len >= ZC_PATH_CAP)
		return -ENAMETOOLONG;
	memcpy(ret_dir, path, len);
	ret_dir[len] = '\0';
	return 0;
}

static bool begins(const char *id, const char *name)
{
	const char *last = strrchr(id, '-');

	return !strncmp(id, name, strlen(name)) || (last && !strncmp(last + 1, name, strlen(name)));
}

static int choose(const struct list *list, const char *name, char ret_dir[ZC_PATH_CAP],
		  char error[512])
{
	bool latest = !strcmp(name, "latest");
	const struct found *match = NULL;
	size_t matches = 0;

	if (!strncmp(name, PREFIX, strlen(PREFIX)))
		name += strlen(PREFIX);
	for (size_t i = 0; i < list->count; i++)
		if (latest || begins(list->run[i].id, name)) {
			match = &list->run[i];
			matches++;
		}
	if (!match) {
		snprintf(error, 512,
			 "there is no run '%.200s' in the log directory; zcaudit list"
			 " shows those there are, --log-dir=DIR says where",
			 name);
		return -ENOENT;
	}
	if (matches > 1 && !latest) {
		snprintf(error, 512, "%zu runs begin with '%.200s'; more of the id is needed",
			 matches, name);
		return -ENOTUNIQ;
	}
	return take(ret_dir, match->path, strlen(match->path));
}

int zc_run_find(const char *name, const char *log_dir, char ret_dir[ZC_PATH_CAP], char error[512])
{
	struct list list;
	struct stat st;
	int r;

	/* A name without a slash may also be a directory here: the user was completing names. */
	if (*name && stat(name, &st) == 0 && (strchr(name, '/') || strcmp(name, "latest") != 0)) {
		const char *slash = strrchr(name, '/');

		if (S_ISDIR(st.st_mode))
			return take(ret_dir, name, strlen(name));
		return slash ? take(ret_dir, name, (size_t)(slash - name) + (slash == name))
			     : take(ret_dir, ".", 1);
	}
	if (strchr(name, '/') || !*name) {
		snprintf(error, 512, "cannot open '%.300s': %s", name,
			 strerror(*name ? errno : EINVAL));
		return *name ? -errno : -EINVAL;
	}
	r = list_runs(&list, log_dir);
	if (r)
		snprintf(error, 512, "cannot read the log directory '%.200s': %s",
			 log_dir ? log_dir : "logs", strerror(-r));
	else
		r = choose(&list, name, ret_dir, error);
	free_list(&list);
	return r;
}
