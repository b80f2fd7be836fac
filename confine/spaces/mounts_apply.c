/* SPDX-License-Identifier: MIT */
/*
 * mounts_apply.c - the mounts of a plan, made in a mount namespace of the command's own.
 *
 * Between fork and exec: system calls only. Masks are made in a small file system that is mounted over
 * some directory for that time, bound from there, and made read-only all at once. Mounts made outside
 * later appear inside, none made inside appears outside (MS_SLAVE, mount_namespaces(7)).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/plan.h"

/* mount_setattr(2), Linux 5.12. */
#define SYS_MOUNT_SETATTR 442
#define WITH_ALL_BELOW 0x8000 /* AT_RECURSIVE */
struct attributes {
	uint64_t set, clear, propagation, user_namespace;
};

struct applying {
	const char *scratch; /* NULL: none is mounted */
	char mask[16];       /* of the last mask, in scratch, which is where we are */
	unsigned masks;
	const char *cwd;
	int error; /* the first */
};

static void fail(struct applying *a, int error)
{
	/* A place that is gone needs no mount. */
	if (!a->error && error != ENOENT)
		a->error = -error;
}

static void name_mask(struct applying *a)
{
	unsigned number = ++a->masks, len = 0;
	char digits[10];

	do {
		digits[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (unsigned i = 0; i < len; i++)
		a->mask[i] = digits[len - 1 - i];
	a->mask[len] = '\0';
}

/* A file that has a size and can be read by nobody but root, who finds zeros. */
static int make_file(const char *path, uint64_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return errno;
	if (size && ftruncate(fd, (off_t)size) < 0 && errno != EFBIG && errno != EINVAL)
		error = errno;
	close(fd);
	return error;
}

/* What is in it can be asked for by name, but not listed. */
static int make_directory(const char *path)
{
	if (mkdir(path, 0111) < 0 || chmod(path, 0111) < 0)
		return errno;
	return 0;
}

static void open_scratch(struct applying *a, const char *path)
{
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=755,size=16m,nr_inodes=80k") < 0 ||
	    chdir(path) < 0)
		fail(a, errno);
	else
		a->scratch = path;
}

static void close_scratch(struct applying *a)
{
	if (!a->scratch)
		return;
	/* The file system, not this mount of it: every mask with it. */
	if (mount("tmpfs", a->scratch, "tmpfs",
		  MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		fail(a, errno);
	if (chdir("/") < 0 || umount2(a->scratch, MNT_DETACH) < 0)
		fail(a, errno);
	a->scratch = NULL;
}

static void mask(struct applying *a, const struct zc_plan_mount *entry, const char *path)
{
	int error;

	name_mask(a);
	error = entry->kind == ZC_PLAN_MOUNT_MASK_DIR ? make_directory(a->mask)
						      : make_file(a->mask, entry->flags);
	if (!error && mount(a->mask, path, NULL, MS_BIND, NULL) < 0)
		error = errno;
	if (error)
		fail(a, error);
}

static void name_in_mask(struct applying *a, const struct zc_plan_mount *entry, const char *name)
{
	char path[sizeof(a->mask) + ZC_PATH_CAP];
	size_t len = strlen(a->mask), name_len = strlen(name);
	int error;

	if (name_len >= ZC_PATH_CAP)
		return;
	memcpy(path, a->mask, len);
	path[len] = '/';
	memcpy(path + len + 1, name, name_len + 1);
	error = entry->kind == ZC_PLAN_MOUNT_NAME_DIR ? make_directory(path)
						      : make_file(path, entry->flags);
	if (error)
		fail(a, error);
}

static void read_only(struct applying *a, const struct zc_plan_mount *entry, const char *path)
{
	struct attributes attributes = { .set = 1 /* MOUNT_ATTR_RDONLY */ };

	/* The root is a mount already, and what is mounted over it we would not see. */
	if (path[1] && mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
		fail(a, errno);
		return;
	}
	if (syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path, WITH_ALL_BELOW, &attributes,
		    sizeof(attributes)) == 0)
		return;
	/* Linux before 5.12: this mount, not what is mounted below it. */
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | entry->flags, NULL) < 0)
		fail(a, errno);
}

static void apply_entry(struct applying *a, const struct zc_plan_mount *entry, const char *path)
{
	switch ((enum zc_plan_mount_kind)entry->kind) {
	case ZC_PLAN_MOUNT_SCRATCH: open_scratch(a, path); break;
	case ZC_PLAN_MOUNT_MASK_FILE:
	case ZC_PLAN_MOUNT_MASK_DIR:
		if (a->scratch)
			mask(a, entry, path);
		break;
	case ZC_PLAN_MOUNT_NAME_FILE:
	case ZC_PLAN_MOUNT_NAME_DIR:
		if (a->scratch && a->masks)
			name_in_mask(a, entry, path);
		break;
	case ZC_PLAN_MOUNT_READ_ONLY:
		close_scratch(a);
		read_only(a, entry, path);
		break;
	case ZC_PLAN_MOUNT_CWD: a->cwd = path; break;
	case ZC_PLAN_MOUNT_KINDS: break;
	}
}

int zc_mounts_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	const struct zc_plan_mount *mounts = zc_plan_at(plan, ZC_PLAN_MOUNTS);
	struct applying a = { 0 };
	int here;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_MOUNTS].count; i++)
		apply_entry(&a, &mounts[i], zc_plan_string(plan, mounts[i].path));
	close_scratch(&a);
	/* By name, so that we are above the mounts; where that name cannot be walked, as it was. */
	if ((!a.cwd || chdir(a.cwd) < 0) && (here < 0 || fchdir(here) < 0))
		fail(&a, errno);
	if (here >= 0)
		close(here);
	return a.error;
}
