/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the processes below us, from /proc/PID/stat.
 *
 * A pid alone may be somebody else's by the time it is used, so a member carries its start time, and
 * signals go through a pidfd whose process was looked at again. See proc_pid_stat(5).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evidence/fetch/fetch.h"
#include "evidence/naming/naming.h"
#include "text/array.h"
#include "wrap/wrap.h"

/* comm may hold blanks and parentheses, so the fields are counted from the last ')'. */
static int parse(const char *text, struct zc_member *ret)
{
	const char *at = strrchr(text, ')');
	unsigned long long start = 0;
	int parent;
	char state;

	if (!at || sscanf(at + 1,
			  " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			  "%*d %llu",
			  &state, &parent, &start) != 3)
		return -EINVAL;
	ret->parent = parent;
	ret->start = start;
	ret->state = state;
	return 0;
}

static int look(pid_t pid, struct zc_member *ret)
{
	char path[40], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	ret->pid = pid;
	return parse(text, ret);
}

static int add(struct zc_tree *tree, const struct zc_member *member)
{
	struct zc_member *more =
		zc_array_grow(tree->member, tree->count, &tree->cap, sizeof(*more), 64);

	if (!more)
		return -ENOMEM;
	tree->member = more;
	more[tree->count++] = *member;
	return 0;
}

static int read_all(struct zc_tree *all)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct zc_member member;
	unsigned long pid;
	int r = 0;

	if (!proc)
		return -errno;
	while (r == 0 && (entry = readdir(proc)))
		if (zc_option_number(entry->d_name, 1ul << 30, &pid) == 0 &&
		    look((pid_t)pid, &member) == 0)
			r = add(all, &member);
	closedir(proc);
	return r;
}

static bool holds(const struct zc_tree *tree, const struct zc_member *member)
{
	for (size_t i = 0; tree && i < tree->count; i++)
		if (tree->member[i].pid == member->pid && tree->member[i].start == member->start)
			return true;
	return false;
}

/* Breadth first: everyone whose parent is root, then everyone whose parent is one of those ... */
static int closure(struct zc_tree *tree, struct zc_tree *all, pid_t root,
		   const struct zc_tree *except)
{
	size_t done = 0;
	pid_t parent = root;

	for (;;) {
		for (size_t i = 0; i < all->count; i++) {
			struct zc_member *member = &all->member[i];

			if (member->parent != parent || member->pid == root ||
			    member->pid == zc_naming_helper() || member->pid == zc_fetch_helper() ||
			    holds(except, member))
				continue;
			if (add(tree, member) < 0)
				return -ENOMEM;
			member->parent = -1; /* taken */
		}
		if (done == tree->count)
			return 0;
		parent = tree->member[done++].pid;
	}
}

int zc_tree_scan(struct zc_tree *tree, pid_t root, const struct zc_tree *except)
{
	struct zc_tree all = { 0 };
	int r = read_all(&all);

	tree->count = 0;
	if (r == 0)
		r = closure(tree, &all, root, except);
	zc_tree_finish(&all);
	return r;
}

void zc_tree_finish(struct zc_tree *tree)
{
	free(tree->member);
	*tree = (struct zc_tree){ 0 };
}

bool zc_tree_below(pid_t pid, pid_t root)
{
	struct zc_member member = { 0 };

	/* A chain of parents longer than this is a race with reuse, not a tree. */
	for (int steps = 0; steps < 10000 && pid > 1; steps++) {
		if (look(pid, &member) < 0)
			return false;
		if (member.parent == root)
			return true;
		pid = member.parent;
	}
	return false;
}

static bool signal_one(const struct zc_member *member, int signal)
{
	struct zc_member now = { 0 };
	int fd = (int)syscall(SYS_pidfd_open, member->pid, 0);
	bool sent;

	if (fd < 0)
		return false;
	sent = look(member->pid, &now) == 0 && now.start == member->start && now.state != 'Z' &&
	       syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
	close(fd);
	return sent;
}

size_t zc_tree_signal(const struct zc_tree *tree, int signal)
{
	size_t sent = 0;

	for (size_t i = 0; i < tree->count; i++)
		sent += signal_one(&tree->member[i], signal);
	return sent;
}
