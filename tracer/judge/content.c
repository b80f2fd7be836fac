/* SPDX-License-Identifier: MIT */
/*
 * content.c - is it a script, a loader, or a program like most?
 *
 * Opening a file anew for each exec of it costs more than judging its name. So what was found to be
 * neither is remembered, as long as the file has not changed; should that ever be wrong, what really
 * runs is judged after the exec (recheck.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/exec/carry.h"
#include "tracer/judge/content.h"

#define LINE_MAX_BYTES 255u /* of a script's first line, that the kernel reads */
#define REMEMBERED 256u
#define SETTLED_S 2 /* a file that has just changed may change again within one tick of the clock */

struct known {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	uint8_t content;
	bool used;
};

static struct known remembered[REMEMBERED];

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_known(const struct known *known, const struct stat *st)
{
	return known->used && known->inode == st->st_ino && known->device == st->st_dev &&
	       known->size == st->st_size && same_time(&known->modified, &st->st_mtim) &&
	       same_time(&known->changed, &st->st_ctim);
}

static void remember(struct known *known, const struct stat *st, enum zc_content content)
{
	const long age = (long)(time(NULL) - st->st_ctim.tv_sec);

	if (age < SETTLED_S)
		return;
	*known = (struct known){ .device = st->st_dev,
				 .inode = st->st_ino,
				 .size = st->st_size,
				 .modified = st->st_mtim,
				 .changed = st->st_ctim,
				 .content = (uint8_t)content,
				 .used = true };
}

/* Takes the interpreter out of a script's first line. */
static bool find_interpreter(int fd, char *next)
{
	char line[LINE_MAX_BYTES + 1], *start;
	ssize_t got = pread(fd, line, LINE_MAX_BYTES, 0);
	size_t len, more;

	if (got < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[got] = '\0';
	start = line + 2 + strspn(line + 2, " \t");
	len = strcspn(start, " \t\n");
	memcpy(next, start, len);
	next[len] = '\0';
	start += len + strspn(start + len, " \t");
	more = strcspn(start, "\n");
	while (more > 0 && (start[more - 1] == ' ' || start[more - 1] == '\t'))
		more--;
	memcpy(next + len + 1, start, more);
	next[len + 1 + more] = '\0';
	return len > 0;
}

static long read_at(void *context, void *buffer, size_t len, uint64_t offset)
{
	const int *fd = context;

	return offset > INT64_MAX ? -1 : pread(*fd, buffer, len, (off_t)offset);
}

enum zc_content zc_content_look(int held, char *interpreter)
{
	enum zc_content content = ZC_CONTENT_PROGRAM;
	struct known *known;
	struct stat st;
	char path[32];
	int fd;

	if (fstat(held, &st) < 0 || !S_ISREG(st.st_mode))
		return content;
	known = &remembered[(st.st_ino ^ st.st_ino >> 8) % REMEMBERED];
	if (is_known(known, &st))
		return (enum zc_content)known->content;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd <
	    0) /* an own file that may only be run, or is leased, could be a script for anything */
		return errno == EACCES && st.st_uid != geteuid() ? content : ZC_CONTENT_HIDDEN;
	if (find_interpreter(fd, interpreter)) {
		content = ZC_CONTENT_SCRIPT;
	} else {
		if (zc_elf_is_loader(read_at, &fd))
			content = ZC_CONTENT_LOADER;
		remember(known, &st, content);
	}
	close(fd);
	return content;
}
