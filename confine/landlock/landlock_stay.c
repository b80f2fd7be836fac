/* SPDX-License-Identifier: MIT */
/*
 * landlock_stay.c - will a name still lead to the same inode when the command is done?
 *
 * What only others than the command could change is taken to stay, except for files: those are replaced
 * under everybody's feet (resolv.conf, upgrades), so no rule is ever put on one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/landlock/landlock.h"
#include "core/path.h"
#include "core/decide/policy.h"

/*
 * Nobody's program removes these and makes them again, and giving their parents instead would be giving
 * everything. For root it is an assumption (docs/LIMITS.md); others cannot.
 */
static const char *const system_entries[] = {
	"/bin",   "/boot",   "/dev",   "/etc", "/gnu", "/home", "/lib",  "/lib32",
	"/lib64", "/libx32", "/media", "/mnt", "/nix", "/opt",  "/proc", "/root",
	"/run",   "/sbin",   "/snap",  "/srv", "/sys", "/tmp",  "/usr",  "/var",
};
static const char *const system_parents[] = { "/usr", "/usr/local", "/var" };
static const char *const not_devices[] = { "/dev/shm", "/dev/mqueue", "/dev/hugepages" };

bool zc_stay_below(const char *path, const char *dir)
{
	return zc_path_under(path, strlen(path), dir, strlen(dir));
}

bool zc_stay_allows(const struct zc_image *image, const char *path, unsigned cls)
{
	struct zc_event event;
	struct zc_object *object = &event.object[0];

	memset(&event, 0, sizeof(event));
	event.op = cls == ZC_CLASS_RUN    ? ZC_OP_EXEC
		   : cls == ZC_CLASS_READ ? ZC_OP_OPEN_READ
					  : ZC_OP_UNLINK;
	event.objects = 1;
	object->requested = object->given = object->path = path;
	object->requested_len = object->given_len = object->path_len = (uint32_t)strlen(path);
	object->need = (uint8_t)(1u << cls);
	object->flags = ZC_OBJ_EXISTS;
	return !zc_forbids(zc_policy_decide(image, &event));
}

static bool is_system(const char *path)
{
	size_t parent = zc_path_parent(path, strlen(path));

	for (size_t i = 0; i < ZC_LEN(system_entries); i++)
		if (!strcmp(path, system_entries[i]))
			return true;
	for (size_t i = 0; i < ZC_LEN(system_parents); i++)
		if (parent == strlen(system_parents[i]) &&
		    !strncmp(path, system_parents[i], parent))
			return true;
	return zc_stay_below(path, "/proc") || zc_stay_below(path, "/sys") || zc_stay_device(path);
}

bool zc_stay_device(const char *path)
{
	for (size_t i = 0; i < ZC_LEN(not_devices); i++)
		if (zc_stay_below(path, not_devices[i]) && strcmp(path, not_devices[i]) != 0)
			return false;
	return zc_stay_below(path, "/dev");
}

static bool is_mount_point(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
	       st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* Could this user take entries out of path's directory, or give itself the right to? */
static bool may_change_parent(const struct zc_plan_maker *maker, const char *path)
{
	char parent[ZC_PATH_CAP];
	size_t len = zc_path_parent(path, strlen(path));
	struct stat st;

	if (maker->wish->set_user)
		return true;
	memcpy(parent, path, len);
	parent[len] = '\0';
	return faccessat(AT_FDCWD, parent, W_OK, AT_EACCESS) == 0 || stat(parent, &st) < 0 ||
	       st.st_uid == geteuid();
}

bool zc_stay_entry(const struct zc_plan_maker *maker, const char *path, const char *inside)
{
	return !zc_stay_allows(maker->wish->image, inside, ZC_CLASS_WRITE) || is_system(path) ||
	       is_mount_point(path) || !may_change_parent(maker, path);
}
