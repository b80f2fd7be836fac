/* SPDX-License-Identifier: MIT */
/*
 * who.c - what /proc says of a caller: whose it is, with which rights, which program it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/image.h"
#include "tracer/notify/who.h"

long zc_caller_read(pid_t tid, const char *name, char *buffer, size_t cap)
{
	char path[48];
	long got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, buffer, cap - 1);
	got = got < 0 ? -errno : got;
	close(fd);
	buffer[got > 0 ? got : 0] = '\0';
	return got;
}

static uint64_t hash_line(const char *line, uint64_t seed)
{
	return zc_hash_bytes(line, strcspn(line, "\n"), seed);
}

/* The first line of status is the name, where a line feed is written as "\n". */
int zc_caller_status(pid_t tid, struct zc_caller_status *ret)
{
	static const char *const ids[] = { "Uid:", "Gid:", "Groups:", "CapEff:" };
	static char text[16384];
	long got = zc_caller_read(tid, "status", text, sizeof(text));

	if (got <= 0)
		return got < 0 ? (int)got : -ESRCH;
	*ret = (struct zc_caller_status){ .identity = 1 };
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "Tgid:", 5) == 0)
			ret->tgid = atoi(line + 5);
		else if (strncmp(line, "PPid:", 5) == 0)
			ret->ppid = atoi(line + 5);
		for (size_t i = 0; i < ZC_LEN(ids); i++)
			if (strncmp(line, ids[i], strlen(ids[i])) == 0)
				ret->identity = hash_line(line, ret->identity);
	}
	return ret->tgid > 0 ? 0 : -ESRCH;
}

/* The worst where it cannot be known, but of a parent that has ended, which shares nothing any more. */
bool zc_notify_borrows(const struct zc_tracer *tracer, pid_t tid)
{
	static const int what[] = { KCMP_VM, KCMP_FILES };
	struct zc_caller_status status;

	if (zc_caller_status(tid, &status) < 0 || status.ppid <= 0)
		return false;
	for (size_t i = 0; i < ZC_LEN(tracer->image->supervisor); i++)
		if (status.ppid == tracer->image->supervisor[i])
			return false; /* the command itself, or an orphan */
	for (size_t i = 0; i < ZC_LEN(what); i++) {
		long r = syscall(SYS_kcmp, tid, status.ppid, what[i], 0, 0);

		if (r == 0 || (r < 0 && errno != ESRCH))
			return true;
	}
	return false;
}

uint64_t zc_notify_identity(pid_t tid)
{
	struct zc_caller_status status;

	return zc_caller_status(tid, &status) < 0 ? 0 : status.identity;
}

ssize_t zc_caller_exe(pid_t pid, char name[ZC_PATH_CAP])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	len = readlink(link, name, ZC_PATH_CAP - 1);
	name[len > 0 ? len : 0] = '\0';
	return len;
}

uint64_t zc_caller_image(pid_t pid, const char *exe, bool deep)
{
	uint64_t hash = zc_hash_bytes(exe, strlen(exe), 4);
	char text[2048];
	long got;

	if (!deep)
		return hash;
	got = zc_caller_read(pid, "auxv", text, sizeof(text));
	return zc_hash_bytes(text, got > 0 ? (size_t)got : 0, hash);
}
