/* SPDX-License-Identifier: MIT */
/*
 * space.c - a network namespace where nothing outside may be reached, and the user namespace that is
 * the means to it (and to mounts) without privileges.
 *
 * A network namespace knows no rules: what is outside is gone. So it is taken only where the policy
 * lets nothing be reached by address or by an abstract name, which is then not stricter than the
 * policy; or where somebody asks for it by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine/plan.h"
#include "core/decide/judge.h"

/* --- may anything outside be reached? -------------------------------------------------------------- */

#define WOULD_ALLOW(layer) (layer(ZC_SAYS_ALLOW) | layer(ZC_SAYS_LOG) | layer(ZC_SAYS_ASK))
#define WOULD_DENY(layer) (layer(ZC_SAYS_DENY) | layer(ZC_SAYS_QUIET))

/* Could what is said of an address or name, and of all of them, come to an allow? */
static bool may_allow(const struct zc_image *image, unsigned said, unsigned of_all, unsigned cls)
{
	if (of_all & WOULD_DENY(ZC_SAID_USER))
		return false; /* in the strongest layer deny beats whatever else it says */
	said |= of_all;
	if (zc_replaced(image, cls))
		said &= ~WOULD_ALLOW(ZC_SAID_PROFILE);
	return said & (ZC_SAID_BASE | WOULD_ALLOW(ZC_SAID_PROFILE) | WOULD_ALLOW(ZC_SAID_USER));
}

/* In the masks of addresses NET is class 0, and LISTEN is 1. */
static bool reaches_address(const struct zc_image *image, uint64_t mask)
{
	return may_allow(image, zc_said(mask, 0), zc_said(image->any_net, 0), ZC_CLASS_NET) ||
	       may_allow(image, zc_said(mask, 1), zc_said(image->any_net, 1), ZC_CLASS_LISTEN);
}

static bool reaches_name(const struct zc_image *image, uint64_t mask)
{
	return may_allow(image, zc_said(mask, 0), zc_said(image->any_unix, ZC_CLASS_UNIX),
			 ZC_CLASS_UNIX);
}

/* NULL, or what may be reached that a namespace of its own would not have. */
static const char *reaches(const struct zc_image *image)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);
	const struct zc_image_name *names = zc_image_at(image, image->names);
	bool no_net = image->flags & ZC_IMAGE_NO_NET;

	if (reaches_name(image, 0))
		return "unix sockets by any abstract name";
	if (!no_net && (image->flags & ZC_IMAGE_DNS || reaches_address(image, 0)))
		return "network addresses";
	for (uint32_t i = 0; i < image->names.count; i++)
		if (!no_net && reaches_address(image, names[i].mask))
			return "network addresses";
	for (uint32_t i = 0; i < image->nets.count; i++) {
		if (nets[i].kind == ZC_NET_ABSTRACT && reaches_name(image, nets[i].mask))
			return "unix sockets by abstract name";
		if (!no_net && (nets[i].kind == ZC_NET_V4 || nets[i].kind == ZC_NET_V6) &&
		    reaches_address(image, nets[i].mask))
			return "network addresses";
	}
	return NULL;
}

/* --- planning -------------------------------------------------------------------------------------- */

int zc_netns_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	bool named = (wish->named | wish->require) >> ZC_CONFINE_NETNS & 1;
	const char *outside = reaches(wish->image);

	if (outside && !named) {
		zc_account_detail(maker, ZC_CONFINE_NETNS,
				  "the policy allows %s; --kernel=netns would take them away",
				  outside);
	} else if (!wish->host->netns) {
		zc_account_detail(maker, ZC_CONFINE_NETNS, "this host lets us make none");
	} else if (!wish->host->mountns && !(named && wish->host->userns)) {
		zc_account_detail(maker, ZC_CONFINE_NETNS,
				  "it needs a user namespace here, which changes what the command "
				  "sees: %s",
				  wish->host->userns ? "say --kernel=netns for it"
						     : "and this host lets us make none");
	} else {
		maker->wants_userns |= !wish->host->mountns;
		zc_plan_take(maker, ZC_CONFINE_NETNS);
		zc_account_detail(maker, ZC_CONFINE_NETNS, "%s%s%s",
				  "nothing but a loopback of its own",
				  outside ? "; asked for, though the policy allows " : "",
				  outside ? outside : "");
	}
	return maker->error;
}

int zc_userns_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;

	if (!maker->wants_userns) {
		zc_account_detail(maker, ZC_CONFINE_USERNS,
				  "it is only the means to other layers, and none needs it here");
		return 0;
	}
	if (!wish->host->userns) {
		zc_account_detail(maker, ZC_CONFINE_USERNS, "this host lets us make none");
		return 0;
	}
	maker->head.map_uid = geteuid();
	maker->head.map_gid = getegid();
	zc_plan_take(maker, ZC_CONFINE_USERNS);
	zc_account_detail(
		maker, ZC_CONFINE_USERNS,
		"as user %u; files of others look like nobody's, setuid programs gain nothing",
		maker->head.map_uid);
	return maker->error;
}

/* --- applying -------------------------------------------------------------------------------------- */

static int put_text(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}

static size_t put_number(char *to, uint32_t value)
{
	char digits[10];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < len; i++)
		to[i] = digits[len - 1 - i];
	return len;
}

/* The id mapped to itself, "1000 1000 1". printf is not async-signal-safe. */
static int put_map(const char *path, uint32_t id)
{
	char line[32];
	size_t len = put_number(line, id);

	line[len++] = ' ';
	len += put_number(line + len, id);
	line[len++] = ' ';
	line[len++] = '1';
	return put_text(path, line, len);
}

int zc_userns_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	int dumpable = prctl(PR_GET_DUMPABLE), error;

	/* The files below /proc/self are root's while we are not dumpable, which zcwrap is not. */
	if (dumpable != 1)
		prctl(PR_SET_DUMPABLE, 1);
	error = unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
	if (!error)
		error = put_text("/proc/self/setgroups", "deny", 4);
	if (!error)
		error = put_map("/proc/self/uid_map", plan->map_uid);
	if (!error)
		error = put_map("/proc/self/gid_map", plan->map_gid);
	if (dumpable != 1)
		prctl(PR_SET_DUMPABLE, 0);
	return error;
}

int zc_netns_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	struct ifreq request;
	int fd, error = 0;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, "lo", 3);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		error = -errno;
	} else {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			error = -errno;
	}
	close(fd);
	return error;
}
