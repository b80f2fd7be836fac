/* SPDX-License-Identifier: MIT */
/*
 * confine_acts.h - a child's life: random acts, each judged as an observer would, then done.
 *
 * What an observer knows of a path is found out here in the plainest way (realpath of the directory,
 * links one by one), since nothing changes meanwhile.
 */
#ifndef ZC_TESTS_UNIT_CONFINE_ACTS_H
#define ZC_TESTS_UNIT_CONFINE_ACTS_H

#include <linux/fs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/decide/policy.h"
#include "tests/unit/confine_random.h"

#define ACTS 400

/* What became of each act; shared with the child. */
struct trail {
	unsigned count;
	struct {
		bool judged; /* allowed by the policy, and done */
		int error;
		char what[2 * TEXT_CAP + 32];
	} act[ACTS];
};

static uint16_t ports[2]; /* somebody listens there */

/* --- one event ------------------------------------------------------------------------------------ */

static long own_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	memcpy(buffer, (const void *)(uintptr_t)address, len);
	return (long)len;
}

static long own_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	const char *text = (const char *)(uintptr_t)address;

	snprintf(buffer, cap, "%s", text);
	return (long)strlen(text);
}

/* Where path leads, its last link followed or not; -errno where the kernel would stop. */
static int resolve(const char *path, bool follow, char ret[PATH_MAX])
{
	char parent[PATH_MAX], target[PATH_MAX], real[PATH_MAX];
	ssize_t len;

	snprintf(target, sizeof(target), "%s", path);
	for (unsigned links = 0; links < 10; links++) {
		char *last;

		snprintf(parent, sizeof(parent), "%s", target);
		last = strrchr(parent, '/');
		*last++ = '\0';
		if (!realpath(parent[0] ? parent : "/", real))
			return -errno;
		if (snprintf(ret, PATH_MAX, "%s/%s", real[1] ? real : "", last) >= PATH_MAX)
			return -ENAMETOOLONG;
		len = follow ? readlink(ret, target, sizeof(target) - 1) : -1;
		if (len < 0)
			return 0;
		target[len] = '\0';
		if (target[0] == '/')
			continue;
		snprintf(parent, sizeof(parent), "%s", target);
		if (snprintf(target, sizeof(target), "%s/%s", real, parent) >= PATH_MAX)
			return -ENAMETOOLONG;
	}
	return -ELOOP;
}

/* Fills in what an observer knows of a path. Returns false where the kernel's own error comes first. */
static bool look_up(struct zc_object *object, char real[PATH_MAX])
{
	struct stat st;

	if (resolve(object->requested, object->flags & ZC_OBJ_FOLLOW, real) < 0)
		return false;
	object->given = object->requested;
	object->given_len = object->requested_len;
	object->path = real;
	object->path_len = (uint32_t)strlen(real);
	if (lstat(real, &st) == 0)
		object->flags |= ZC_OBJ_EXISTS | (S_ISDIR(st.st_mode) ? ZC_OBJ_DIRECTORY : 0);
	else if (object->flags & ZC_OBJ_MUST_EXIST)
		return false;
	return !(object->flags & ZC_OBJ_CREATES && object->flags & ZC_OBJ_EXISTS);
}

static bool judge(const struct zc_image *image, unsigned row, const uint64_t args[6],
		  bool own_socket)
{
	static char real[2][PATH_MAX];
	static struct zc_event_text text;
	const struct zc_reader reader = { own_bytes, own_text, NULL };
	struct zc_event event;

	if (zc_event_fill(&event, row, ZC_ABI_X86_64, args, &reader, &text) < 0)
		return false;
	for (unsigned i = 0; i < event.objects; i++)
		if (!look_up(&event.object[i], real[i]))
			return false;
	if (own_socket)
		event.flags |= ZC_EV_MADE_IN_RUN;
	if (row == ZC_ID_connect || row == ZC_ID_bind)
		event.domain = event.peer.family;
	return !zc_refuses(zc_policy_decide(image, &event));
}

/* --- acts ------------------------------------------------------------------------------------------- */

/* A child's life: the policy, its random numbers, and what it leaves behind. */
struct life {
	const struct zc_image *image;
	struct rolls rolls;
	struct trail *trail;
	char bound[4][16]; /* abstract names of its own */
	unsigned bound_count;
	int sockets[64];
	unsigned socket_count;
};

#define ARG(x) ((uint64_t)(uintptr_t)(x))

/* Judges a call; when it is allowed, makes it. Returns whether it was made and succeeded. */
static bool act(struct life *life, const char *what, unsigned row, const uint64_t a[6],
		bool own_socket)
{
	struct trail *trail = life->trail;
	long r;

	if (trail->count == ACTS)
		return false;
	snprintf(trail->act[trail->count].what, sizeof(trail->act[0].what), "%s", what);
	trail->act[trail->count].judged = judge(life->image, row, a, own_socket);
	if (!trail->act[trail->count++].judged)
		return false;
	r = syscall(zc_calls[row].nr[0], a[0], a[1], a[2], a[3], a[4], a[5]);
	if (r >= 0 && zc_calls[row].op <= ZC_OP_OPEN_RDWR)
		close((int)r);
	/* A connection that does not wait has been let through. */
	trail->act[trail->count - 1].error = r < 0 && errno != EINPROGRESS ? errno : 0;
	return r >= 0;
}

static bool on_path(struct life *life, const char *name, unsigned row, const char *path,
		    uint64_t second, uint64_t third)
{
	char what[TEXT_CAP + 64];

	snprintf(what, sizeof(what), "%s %s %llx", name, path, (unsigned long long)second);
	return act(life, what, row, (uint64_t[6]){ ARG(path), second, third }, false);
}

/* Moving something onto itself does nothing, which Landlock does not know (docs/LIMITS.md). */
static bool is_same(const char *from, const char *to)
{
	struct stat a, b;

	return lstat(from, &a) == 0 && lstat(to, &b) == 0 && S_ISDIR(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool on_two(struct life *life, const char *name, unsigned row, const char *from,
		   const char *to)
{
	char what[2 * TEXT_CAP + 32];

	if (row == ZC_ID_rename && is_same(from, to))
		return false;
	snprintf(what, sizeof(what), "%s %s %s", name, from, to);
	return act(life, what, row, (uint64_t[6]){ ARG(from), ARG(to) }, false);
}

static void act_open(struct life *life, const char *path)
{
	static const int flags[] = { O_RDONLY,
				     O_WRONLY,
				     O_RDWR,
				     O_WRONLY | O_CREAT,
				     O_RDWR | O_CREAT | O_EXCL,
				     O_WRONLY | O_CREAT | O_TRUNC,
				     O_WRONLY | O_TRUNC,
				     O_RDONLY | O_CREAT,
				     O_RDONLY | O_DIRECTORY,
				     O_RDWR | O_TMPFILE,
				     O_PATH,
				     O_RDONLY | O_NOFOLLOW };

	on_path(life, "open", ZC_ID_open, path,
		(uint64_t)flags[roll(&life->rolls, ZC_LEN(flags))] | O_CLOEXEC | O_NONBLOCK, 0644);
}

/* In a child of its own: a success does not come back. */
static void act_run(struct life *life, const char *path)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	const uint64_t a[6] = { ARG(path), ARG(argv), ARG(envp) };
	struct trail *trail = life->trail;
	struct stat st;
	int status = 0;
	pid_t child;

	if (trail->count == ACTS)
		return;
	snprintf(trail->act[trail->count].what, sizeof(trail->act[0].what), "run %s", path);
	trail->act[trail->count].judged = stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
					  judge(life->image, ZC_ID_execve, a, false);
	if (!trail->act[trail->count++].judged)
		return;
	child = fork();
	if (child == 0) {
		execve(path, argv, envp);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	trail->act[trail->count - 1].error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int socket_of(struct life *life, int domain, int type)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (life->socket_count < ZC_LEN(life->sockets))
		life->sockets[life->socket_count++] = fd;
	return fd;
}

static void act_tcp(struct life *life, bool binds)
{
	unsigned which = roll(&life->rolls, 3);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket_of(life, AF_INET, SOCK_STREAM), one = 1;
	char what[64];

	at.sin_port = htons((uint16_t)(which == 2 ? 1 : ports[which] + (binds ? 1 : 0)));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	snprintf(what, sizeof(what), "%s port %u", binds ? "bind" : "connect", ntohs(at.sin_port));
	act(life, what, binds ? ZC_ID_bind : ZC_ID_connect,
	    (uint64_t[6]){ (uint64_t)fd, ARG(&at), sizeof(at) }, false);
}

static bool is_bound(const struct life *life, const char *name)
{
	for (unsigned i = 0; i < life->bound_count; i++)
		if (!strcmp(life->bound[i], name))
			return true;
	return false;
}

static void act_abstract(struct life *life, bool binds)
{
	static const char *const names[] = { "zc-property", "zc-other", "zc-own" };
	const char *name = binds ? names[2] : names[roll(&life->rolls, 3)];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket_of(life, AF_UNIX, SOCK_STREAM);
	char what[64];
	size_t len;

	len = (size_t)snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "%s%s", name,
			       strcmp(name, "zc-own") ? "" : strrchr(world_top, '-'));
	snprintf(what, sizeof(what), "%s @%s", binds ? "bind" : "connect", name);
	if (act(life, what, binds ? ZC_ID_bind : ZC_ID_connect,
		(uint64_t[6]){ (uint64_t)fd, ARG(&at),
			       offsetof(struct sockaddr_un, sun_path) + 1 + len },
		is_bound(life, name)) &&
	    binds && listen(fd, 8) == 0 && life->bound_count < ZC_LEN(life->bound))
		snprintf(life->bound[life->bound_count++], sizeof(life->bound[0]), "%s", name);
}

static void act_socket_file(struct life *life, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket_of(life, AF_UNIX, SOCK_STREAM);
	char what[TEXT_CAP + 16];

	snprintf(at.sun_path, sizeof(at.sun_path), "%.100s", path);
	snprintf(what, sizeof(what), "bind %s", at.sun_path);
	act(life, what, ZC_ID_bind, (uint64_t[6]){ (uint64_t)fd, ARG(&at), sizeof(at) }, false);
}

/* Removes what is there, entry by entry, each judged. */
static void clear(struct life *life, const char *path)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		on_path(life, "unlink", ZC_ID_unlink, path, 0, 0);
		return;
	}
	dir = on_path(life, "open", ZC_ID_open, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
		      ? opendir(path)
		      : NULL;
	while (dir && (entry = readdir(dir))) {
		char child[2 * TEXT_CAP];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		clear(life, child);
	}
	if (dir)
		closedir(dir);
	on_path(life, "rmdir", ZC_ID_rmdir, path, 0, 0);
}

/* `rm -rf build && mkdir build`, or the same with a move; then something is made in the new one. */
static void remake(struct life *life, const char *path)
{
	char other[TEXT_CAP], inside[TEXT_CAP + 8];

	if (roll(&life->rolls, 2)) {
		clear(life, path);
	} else {
		random_path(&life->rolls, other);
		on_two(life, "rename", ZC_ID_rename, path, other);
	}
	on_path(life, "mkdir", ZC_ID_mkdir, path, 0755, 0);
	snprintf(inside, sizeof(inside), "%s/a", path);
	if (roll(&life->rolls, 2))
		on_path(life, "mkdir", ZC_ID_mkdir, inside, 0755, 0);
	else
		on_path(life, "open", ZC_ID_open, inside, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK,
			0644);
	on_path(life, "open", ZC_ID_open, inside, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
}

static void one_act(struct life *life)
{
	struct rolls *r = &life->rolls;
	char path[TEXT_CAP], other[TEXT_CAP], what[2 * TEXT_CAP + 32];

	random_path(r, path);
	random_path(r, other);
	switch (roll(r, 20)) {
	case 0: on_path(life, "mkdir", ZC_ID_mkdir, path, 0755, 0); break;
	case 1: on_path(life, "rmdir", ZC_ID_rmdir, path, 0, 0); break;
	case 2: on_path(life, "unlink", ZC_ID_unlink, path, 0, 0); break;
	case 3:
	case 4:
	case 5: on_two(life, "rename", ZC_ID_rename, path, other); break;
	case 6:
		if (is_same(path, other))
			break;
		snprintf(what, sizeof(what), "exchange %s %s", path, other);
		act(life, what, ZC_ID_renameat2,
		    (uint64_t[6]){ (uint64_t)AT_FDCWD, ARG(path), (uint64_t)AT_FDCWD, ARG(other),
				   RENAME_EXCHANGE },
		    false);
		break;
	case 7:
	case 8: on_two(life, "link", ZC_ID_link, path, other); break;
	case 9: on_two(life, "symlink", ZC_ID_symlink, other, path); break;
	case 10: on_path(life, "truncate", ZC_ID_truncate, path, 0, 0); break;
	case 11: on_path(life, "mknod", ZC_ID_mknod, path, S_IFIFO | 0644, 0); break;
	case 12: act_tcp(life, roll(r, 2)); break;
	case 13: act_abstract(life, roll(r, 2)); break;
	case 14: act_socket_file(life, path); break;
	case 15:
		if (life->trail->count < ACTS / 2)
			remake(life, path);
		break;
	case 16: act_run(life, path); break;
	default: act_open(life, path);
	}
}

static void live(const struct zc_image *image, uint64_t seed, struct trail *trail)
{
	struct life life = { .image = image, .rolls = rolls_from(seed), .trail = trail };
	unsigned acts = 20 + roll(&life.rolls, 60);

	for (unsigned i = 0; i < acts; i++)
		one_act(&life);
	for (unsigned i = 0; i < life.socket_count; i++)
		close(life.sockets[i]);
}

#endif
