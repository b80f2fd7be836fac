/* SPDX-License-Identifier: MIT */
/*
 * arguments.c - an exec's arguments as the caller's memory has them, and as its program got them.
 *
 * The kernel reads them again after the verdict. So what the new program got is looked at when it is there,
 * before its first instruction under ptrace, and judged again where it is something else.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/exec/feeds.h"
#include "tracer/judge/arguments.h"

#define BATCH 16u /* pointers that are read at once */
#define DEPTHS 6u
#define TEXTS ((ZC_ARGV_MAX + 1) * (ZC_ARGV_BYTES + 1) + 4 * ZC_ARGV_SCRIPT)

static struct zc_argv now;
static char texts[TEXTS], directory[ZC_PATH_CAP];
static char interpreters[DEPTHS][3][ZC_ARGV_BYTES + 1];
static unsigned depth, extra; /* arguments in front of the script's own */
static uint64_t hash;         /* of what the caller gave */
static size_t used;
static struct zc_feeds feeds;

/* ---- from the caller's memory ---- */

/* count pointers, 64 bits wide; as many as there are. */
static int read_pointers(const struct zc_case *c, uint64_t address, unsigned count, uint64_t *ret)
{
	size_t width = c->stop->abi == ZC_ABI_X86_64 ? 8 : 4;
	uint32_t narrow[BATCH];
	void *to = width == 8 ? (void *)ret : (void *)narrow;

	if (c->reader.bytes(c->reader.context, address, to, count * width) < 0)
		return -EFAULT;
	for (unsigned i = 0; i < count && width == 4; i++)
		ret[i] = narrow[i];
	return 0;
}

/* Behind the last pointer there may be nothing. */
static int next_pointers(const struct zc_case *c, uint64_t address, uint64_t ret[BATCH])
{
	if (read_pointers(c, address, BATCH, ret) == 0)
		return BATCH;
	return read_pointers(c, address, 1, ret) < 0 ? -EFAULT : 1;
}

static int read_one(const struct zc_case *c, uint64_t address)
{
	size_t room = zc_argv_room(&now), cap = sizeof(texts) - used;
	char *text = texts + used;
	long len;

	if (cap > room + 1)
		cap = room + 1;
	len = c->reader.text(c->reader.context, address, text, cap);
	if (len < 0 && len != -ENAMETOOLONG)
		return -EFAULT;
	if (len < 0)
		len = (long)cap;
	zc_argv_add(&now, text, (size_t)len);
	used += (size_t)len + 1 < cap ? (size_t)len + 1 : cap;
	return 0;
}

static void learn_directory(struct zc_tracee *tracee)
{
	uint8_t flags = 0;
	long len = zc_paths_fd(tracee, AT_FDCWD, directory, &flags);

	now.cwd = len > 0 && directory[0] == '/' ? directory : NULL;
	now.cwd_len = len > 0 ? (uint32_t)len : 0;
}

int zc_arguments_take(struct zc_case *c, uint64_t argv)
{
	size_t width = c->stop->abi == ZC_ABI_X86_64 ? 8 : 4;
	uint64_t pointers[BATCH];
	bool ended = argv == 0;

	now.count = 0;
	used = depth = extra = 0;
	while (!ended && zc_argv_room(&now) && used + ZC_ARGV_BYTES < sizeof(texts)) {
		int count = next_pointers(c, argv, pointers);

		if (count < 0)
			return count;
		for (int i = 0; i < count && !ended && zc_argv_room(&now); i++) {
			ended = pointers[i] == 0;
			if (!ended && read_one(c, pointers[i]) < 0)
				return -EFAULT;
		}
		argv += (unsigned)count * width;
	}
	learn_directory(c->tracee);
	hash = zc_argv_hash(&now, c->tracer->key);
	return 0;
}

/* ---- for the event ---- */

static uint64_t look(void *context, int fd)
{
	const struct zc_tracee *tracee = context;
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tracee->tid, fd);
	return stat(path, &st) < 0 ? 0 : zc_feed_key(st.st_mode, st.st_dev, st.st_ino);
}

void zc_arguments_put(struct zc_case *c)
{
	c->event.argv = &now;
	if (zc_feeds_matter(c->tracer->image))
		zc_feeds_judge(&feeds, c->tracer->image, &c->event, look, c->tracee);
}

static const char *keep(unsigned n, const char *text)
{
	size_t len = strnlen(text, ZC_ARGV_BYTES);

	memcpy(interpreters[depth][n], text, len);
	interpreters[depth][n][len] = '\0';
	return interpreters[depth][n];
}

void zc_arguments_interpret(const char *interpreter, const char *option, const char *script)
{
	if (depth == DEPTHS)
		return; /* the kernel has given up by now */
	zc_argv_interpret(&now, keep(0, interpreter), *option ? keep(1, option) : NULL,
			  keep(2, script));
	extra += *option ? 2 : 1;
	depth++;
}

void zc_arguments_launch(unsigned first)
{
	if (first >= now.count) {
		now.count = 0;
		return;
	}
	memmove(now.at, now.at + first, (now.count - first) * sizeof(now.at[0]));
	now.count -= first;
}

/* ---- from the program's own ---- */

void zc_arguments_remember(struct zc_tracee *tracee)
{
	tracee->judged_argv = hash;
	tracee->judged_extra = (uint8_t)extra;
}

/* One more piece of "a\0b\0c\0"; skip: how many of the first are left out. */
struct own {
	unsigned skip;
	size_t len; /* of the argument that is being read, as far as it is kept */
};

static void end_argument(struct own *own)
{
	if (own->skip) {
		own->skip--;
		own->len = 0;
		return;
	}
	zc_argv_add(&now, texts + used, own->len);
	used += own->len;
	own->len = 0;
}

static void take_piece(struct own *own, const char *at, size_t len)
{
	while (len && zc_argv_room(&now)) {
		const char *end = memchr(at, '\0', len);
		size_t n = end ? (size_t)(end - at) : len, room = zc_argv_room(&now) - own->len;
		size_t kept = n < room ? n : room;

		if (kept > sizeof(texts) - used - own->len)
			kept = sizeof(texts) - used - own->len;
		memcpy(texts + used + own->len, at, kept);
		own->len += kept;
		if (!end)
			return;
		end_argument(own);
		at = end + 1;
		len -= n + 1;
	}
}

/* The arguments may be megabytes: only the beginning of each is kept. */
static bool read_own(pid_t pid, unsigned skip)
{
	static char piece[32 << 10];
	struct own own = { .skip = skip };
	char path[32];
	ssize_t got = -1;
	int fd;

	now.count = 0;
	now.cwd = NULL;
	used = 0;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && zc_argv_room(&now) && (got = read(fd, piece, sizeof(piece))) > 0)
		take_piece(&own, piece, (size_t)got);
	if (fd >= 0)
		close(fd);
	return now.count > 0;
}

bool zc_arguments_changed(const struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	uint64_t judged = tracee->judged_argv;

	tracee->judged_argv = 0;
	return judged && read_own(tracee->tgid, tracee->judged_extra) &&
	       zc_argv_hash(&now, tracer->key) != judged;
}

bool zc_arguments_own(struct zc_tracee *tracee)
{
	if (!read_own(tracee->tgid, 0))
		return false;
	learn_directory(tracee);
	return true;
}

const struct zc_argv *zc_arguments(void)
{
	return &now;
}
