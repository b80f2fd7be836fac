/* SPDX-License-Identifier: MIT */
/*
 * probe_spaces.c - do namespaces, mounts, chroot and cgroups work here?
 *
 * unshare(2) alone says little: AppArmor lets it through and refuses the map or the mount after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wrap/modes/probe.h"

enum { UNSHARE = 1, SETGROUPS, UID_MAP, GID_MAP, MOUNT, NETWORK, LOOPBACK };
static const char *const steps[] = {
	"unshare",  "/proc/self/setgroups",   "/proc/self/uid_map",   "/proc/self/gid_map",
	"mounting", "unshare of the network", "bringing loopback up",
};

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0)
		r = -1;
	close(fd);
	return r;
}

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -1;
	r = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return r;
}

/* In a child, so never undone. Returns 0 or the step that failed. */
static int enter_userns(int also)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | also) < 0)
		return UNSHARE;
	snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)uid, (unsigned)uid);
	if (put("/proc/self/setgroups", "deny") < 0)
		return SETGROUPS;
	if (put("/proc/self/uid_map", map) < 0)
		return UID_MAP;
	snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)gid, (unsigned)gid);
	return put("/proc/self/gid_map", map) < 0 ? GID_MAP : 0;
}

static int mount_privately(void)
{
	/* A second mount, not only a change of propagation: a mask needs it. What is mounted below
	   "/" is locked in a user namespace, and comes along or nothing does. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("/", "/", NULL, MS_BIND | MS_REC, NULL) < 0)
		return MOUNT;
	return 0;
}

static void say(int tell, int step)
{
	zc_probe_say(tell, step, step ? errno : 0);
}

static void try_userns(void *context, int tell)
{
	int step = enter_userns(CLONE_NEWNS);

	say(tell, step ? step : mount_privately());
}

static void try_mountns(void *context, int tell)
{
	say(tell, unshare(CLONE_NEWNS) < 0 ? UNSHARE : mount_privately());
}

static void try_netns(void *context, int tell)
{
	say(tell, unshare(CLONE_NEWNET) < 0 ? NETWORK : raise_loopback() < 0 ? LOOPBACK : 0);
}

static void try_user_netns(void *context, int tell)
{
	int step = enter_userns(CLONE_NEWNET);

	say(tell, step ? step : raise_loopback() < 0 ? LOOPBACK : 0);
}

static void try_chroot(void *context, int tell)
{
	say(tell, chroot("/") < 0);
}

void zc_probe_userns(struct zc_host *host, struct zc_tried *ret)
{
	zc_probe_try(ret, try_userns, NULL, steps);
}

void zc_probe_mountns(struct zc_host *host, struct zc_tried *ret)
{
	zc_probe_try(ret, try_mountns, NULL, steps);
}

void zc_probe_netns(struct zc_host *host, struct zc_tried *ret)
{
	zc_probe_try(ret, try_netns, NULL, steps);
}

void zc_probe_user_netns(struct zc_host *host, struct zc_tried *ret)
{
	zc_probe_try(ret, try_user_netns, NULL, steps);
}

void zc_probe_chroot(struct zc_host *host, struct zc_tried *ret)
{
	static const char *const chroots[] = { "chroot" };

	zc_probe_try(ret, try_chroot, NULL, chroots);
}

/* Our own cgroup's directory, as cgroup v2 is mounted by convention. Returns 0 or -errno. */
static int own_cgroup(char *path, size_t cap)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];
	int r = -ENOENT;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0)
			r = snprintf(path, cap, "/sys/fs/cgroup%s/zencube-probe-%d", line + 3,
				     (int)getpid()) < (int)cap
				    ? 0
				    : -ENAMETOOLONG;
	}
	if (file)
		fclose(file);
	return r;
}

void zc_probe_cgroup(struct zc_host *host, struct zc_tried *ret)
{
	char path[700];
	int r = own_cgroup(path, sizeof(path));

	if (r == 0 && mkdir(path, 0700) < 0)
		r = -errno;
	if (r < 0) {
		zc_probe_failed(ret, -r, "making a cgroup");
		return;
	}
	rmdir(path);
	ret->works = true;
}
