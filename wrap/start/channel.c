/* SPDX-License-Identifier: MIT */
/*
 * channel.c - what the shim will find after exec: image, shared page, one end of a socket.
 *
 * The three sit at high numbers, where a program that takes the lowest free descriptor never meets
 * them. They are CLOEXEC here; only the command's process takes that off.
 *
 * In mode hybrid there are two pages. What the tracer counts and remembers is evidence, and what the
 * policy goes by (who made a socket): it lies where nobody of the run can write. The shim has another.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy_set.h"
#include "wrap/wrap.h"

#ifndef ZC_LIBDIR
#define ZC_LIBDIR "/usr/local/lib/zencube"
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3 */
#endif

#define SOCKET_BUFFER (4 << 20)

static int make_page(struct zc_page **ret_page, bool hybrid)
{
	/* With vm.memfd_noexec=2 a memfd without this flag is refused; before 6.3 one with it is. */
	int fd = memfd_create("zencube-page", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	void *page;
	int error;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("zencube-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(struct zc_page)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto fail;
	page = mmap(NULL, sizeof(struct zc_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		goto fail;
	*ret_page = page;
	(*ret_page)->magic = ZC_PAGE_MAGIC;
	/* A filter around us, or of our tracer, is not the program's own: the shim need not mind it. */
	(*ret_page)->outer_filter = hybrid || prctl(PR_GET_SECCOMP) == 2;
	return fd;
fail:
	error = -errno; /* EFBIG: ulimit -f holds for memory files, too */
	close(fd);
	return error;
}

/*
 * The whole tree sends through one socket, so its buffer is all the slack there is while the
 * receiver is not scheduled. SO_SNDBUF is cut to net.core.wmem_max; FORCE needs CAP_NET_ADMIN.
 */
static int make_socket(int pair[2])
{
	int size = SOCKET_BUFFER, on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	return 0;
}

/* Moves fd to the highest free number at or below *at. */
static int move_high(int fd, int *at)
{
	for (; *at > STDERR_FILENO; (*at)--) {
		if (fcntl(*at, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (dup3(fd, *at, O_CLOEXEC) < 0)
			return -errno;
		close(fd);
		return (*at)--;
	}
	return -EMFILE;
}

static int highest(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 1024)
		return 1024 - 8;
	return (int)limit.rlim_cur - 8;
}

static int describe(struct zc_channel *channel, const struct zc_image *image)
{
	struct zc_session session = { .image_fd = channel->fd[0],
				      .page_fd = channel->fd[1],
				      .socket_fd = channel->fd[2],
				      .instance = image->instance,
				      .gap_allow = image->flags & ZC_IMAGE_GAP_ALLOW };
	uint64_t *const ino[3] = { &session.image_ino, &session.page_ino, &session.socket_ino };
	struct stat st;
	long len;

	for (int i = 0; i < 3; i++) {
		if (fstat(channel->fd[i], &st) < 0)
			return -errno;
		*ino[i] = st.st_ino;
	}
	len = zc_session_print(&session, channel->variable, sizeof(channel->variable));
	if (len < 0)
		return (int)len;
	if (channel->open_fd < 0)
		return 0;
	/* In hybrid the shim sends nothing: no inode is 0, so it finds no socket. */
	session.socket_fd = session.image_fd;
	session.socket_ino = 0;
	session.page_fd = channel->open_fd;
	if (fstat(channel->open_fd, &st) < 0)
		return -errno;
	session.page_ino = st.st_ino;
	len = zc_session_print(&session, channel->gated, sizeof(channel->gated));
	return len < 0 ? (int)len : 0;
}

int zc_channel_open(struct zc_channel *channel, const struct zc_image *image, size_t size)
{
	int pair[2], at = highest(), r;
	int made[3] = { -1, -1, -1 };

	*channel = (struct zc_channel){ .fd = { -1, -1, -1 }, .receiver = -1, .open_fd = -1 };
	made[0] = zc_policy_seal(image, size);
	if (made[0] < 0)
		return made[0];
	made[1] = make_page(&channel->page, image->gate);
	if (made[1] < 0)
		return made[1];
	r = make_socket(pair);
	if (r < 0)
		return r;
	channel->receiver = pair[0];
	made[2] = pair[1];
	for (int i = 0; i < 3; i++) {
		channel->fd[i] = move_high(made[i], &at);
		if (channel->fd[i] < 0)
			return channel->fd[i];
	}
	channel->open_page = channel->page;
	if (image->gate) {
		made[1] = make_page(&channel->open_page, true);
		channel->open_fd = made[1] < 0 ? made[1] : move_high(made[1], &at);
		if (channel->open_fd < 0)
			return channel->open_fd;
	}
	return describe(channel, image);
}

void zc_channel_let_go(struct zc_channel *channel)
{
	for (int i = 0; i < 3; i++) {
		if (channel->fd[i] >= 0)
			close(channel->fd[i]);
		channel->fd[i] = -1;
	}
	if (channel->open_fd >= 0)
		close(channel->open_fd);
	channel->open_fd = -1;
}

static int beside_us(char path[ZC_PATH_CAP])
{
	static const char name[] = "libzcshim.so";
	ssize_t len = readlink("/proc/self/exe", path, ZC_PATH_CAP - sizeof(name));
	char *slash;

	if (len <= 0 || len >= (ssize_t)(ZC_PATH_CAP - sizeof(name)))
		return -ENOENT;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	memcpy(slash + 1, name, sizeof(name));
	return access(path, R_OK) < 0 ? -errno : 0;
}

int zc_channel_find_shim(const char *named, char path[ZC_PATH_CAP], struct zc_trouble *trouble)
{
	static const char installed[] = ZC_LIBDIR "/libzcshim.so";
	char real[ZC_PATH_CAP];

	if (named) {
		if (!realpath(named, real) || access(real, R_OK) < 0)
			return zc_trouble(trouble, -errno, "cannot use --shim=%s: %s", named,
					  strerror(errno));
		memcpy(path, real, strlen(real) + 1);
	} else if (beside_us(path) < 0) {
		if (access(installed, R_OK) < 0)
			return zc_trouble(trouble, -ENOENT,
					  "cannot find libzcshim.so beside zcwrap nor in %s; "
					  "run 'make', or say --shim=FILE",
					  ZC_LIBDIR);
		memcpy(path, installed, sizeof(installed));
	}
	/* ld.so(8) splits LD_PRELOAD at these and expands $; nothing escapes them. */
	if (strpbrk(path, ": $"))
		return zc_trouble(trouble, -EINVAL,
				  "cannot preload '%s': a path with ':', ' ' or '$' does not fit "
				  "into LD_PRELOAD; "
				  "copy it elsewhere and say --shim=FILE",
				  path);
	return 0;
}

bool zc_channel_inside(void)
{
	const char *value = getenv(ZC_ENV_SESSION);
	struct zc_session session;
	struct stat st;

	return value && zc_session_parse(&session, value) == 0 &&
	       fstat(session.image_fd, &st) == 0 && st.st_ino == session.image_ino;
}
