/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - what is mounted where: is a file visible under two names, and where is procfs?
 *
 * Read when the command begins, and again whenever the kernel says that mounts have changed (a mountinfo
 * file polls with an error then). What the run itself may mount is judged, and ends all of this before.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "tracer/paths/known.h"

#define MOST_MOUNTS 512u
#define MOST_PROCS 16u
#define ASK_MS 20u /* between questions whether they have changed */

static uint64_t procs[MOST_PROCS]; /* devices of procfs */
static size_t proc_count;
static bool is_read;

void zc_mounts_begin(void)
{
	proc_count = 0;
	is_read = false;
}

bool zc_mounts_are_proc(uint64_t device)
{
	for (size_t i = 0; i < proc_count; i++)
		if (procs[i] == device)
			return true;
	return !is_read;
}

struct mount {
	unsigned major, minor;
	char *root, *point;
	bool proc;
};

/* Space and the like are written as \040; such places are compared as they are written. */
static bool parse_mount(const char *line, struct mount *ret)
{
	char root[PATH_MAX], point[PATH_MAX];
	const char *type = strstr(line, " - "); /* no field before it can hold that */

	if (!type ||
	    sscanf(line, "%*d %*d %u:%u %4095s %4095s", &ret->major, &ret->minor, root, point) != 4)
		return false;
	ret->proc = !strncmp(type + 3, "proc ", 5);
	ret->root = strdup(root);
	ret->point = strdup(point);
	return true;
}

static const char *below(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]) ? path + len : NULL;
}

/* Does a show what b shows, under another name? */
static bool shows_too(const struct mount *a, const struct mount *b)
{
	const char *rest = a->major == b->major && a->minor == b->minor ? below(b->root, a->root)
									: NULL;
	char name[2 * PATH_MAX];

	if (!rest)
		return false;
	snprintf(name, sizeof(name), "%s%s", strcmp(a->point, "/") ? a->point : "",
		 strcmp(rest, "/") ? rest : "");
	return strcmp(name[0] ? name : "/", b->point) != 0;
}

static bool are_sound(const struct mount *mount, size_t count)
{
	bool sound = true;

	for (size_t a = 0; sound && a < count; a++)
		for (size_t b = 0; sound && b < count; b++)
			sound = a == b || !mount[a].root || !mount[b].root ||
				!shows_too(&mount[a], &mount[b]);
	return sound;
}

static bool note_proc(const struct mount *mount)
{
	uint64_t device = makedev(mount->major, mount->minor);

	if (is_read && zc_mounts_are_proc(device))
		return true;
	if (proc_count == MOST_PROCS)
		return false;
	procs[proc_count++] = device;
	return true;
}

static FILE *from_start(int mountinfo)
{
	int fd = lseek(mountinfo, 0, SEEK_SET) < 0 ? -1 : dup(mountinfo);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file && fd >= 0)
		close(fd);
	return file;
}

int zc_mounts_read(int mountinfo, struct zc_mounts *ret)
{
	static struct mount mount[MOST_MOUNTS];
	FILE *file = from_start(mountinfo);
	size_t count = 0, size = 0;
	char *line = NULL;
	bool all = file != NULL;

	*ret = (struct zc_mounts){ .proc_elsewhere = true };
	while (all && getline(&line, &size, file) > 0) {
		all = count < MOST_MOUNTS && parse_mount(line, &mount[count]);
		count += all;
	}
	all &= count > 0;
	free(line);
	if (file)
		fclose(file);
	if (all) {
		is_read = true;
		ret->proc_elsewhere = false;
	}
	for (size_t i = 0; i < count && all; i++) {
		if (!mount[i].proc)
			continue;
		all = mount[i].point && note_proc(&mount[i]);
		ret->proc_elsewhere |= !all || !below(mount[i].point, "/proc");
	}
	ret->sound = all && are_sound(mount, count);
	if (!all)
		zc_mounts_begin();
	for (size_t i = 0; i < count; i++) {
		free(mount[i].root);
		free(mount[i].point);
	}
	return all ? 0 : -EINVAL;
}

static bool has_changed(int mountinfo)
{
	struct pollfd change = { .fd = mountinfo, .events = POLLPRI };

	return poll(&change, 1, 0) != 0;
}

const struct zc_mounts *zc_mounts_now(void)
{
	static struct zc_mounts mounts = { .proc_elsewhere = true };
	static uint64_t asked_ms;
	static int mountinfo = -1;
	struct timespec time = { 0, 0 };
	uint64_t now_ms;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	now_ms = (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
	if (asked_ms && now_ms - asked_ms < ASK_MS)
		return &mounts;
	asked_ms = now_ms;
	if (mountinfo < 0)
		mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	else if (!has_changed(mountinfo))
		return &mounts;
	zc_known_forget();
	zc_mounts_begin();
	zc_mounts_read(mountinfo, &mounts);
	return &mounts;
}
