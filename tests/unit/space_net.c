/* SPDX-License-Identifier: MIT */
/* space_net.c - network namespaces and jails: when they are planned, and what a child finds there. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/space.h"

#define NETNS (1u << ZC_CONFINE_NETNS)
#define CHROOT (1u << ZC_CONFINE_CHROOT)

/* --- when a network namespace ------------------------------------------------------------------------ */

static bool taken(const char *const *flags)
{
	if (!s_policy(flags))
		return false;
	s_begin(0, true);
	s_wish.take = NETNS;
	return s_make() == 0 && zc_confine_plans(s_plan, ZC_CONFINE_NETNS);
}
#define TAKEN(...) taken((const char *const[]){ __VA_ARGS__, NULL })

static void test_when(void)
{
	T_OK(TAKEN("no-net"), "taken where there is to be no network");
	T_OK(TAKEN("include=@offline"), "and where nothing of it is allowed");
	T_OK(!TAKEN("include=@dev"), "not where the loopback is allowed");
	T_OK(TAKEN("include=@dev", "deny-net", "deny-listen"),
	     "but where the user denies it again");
	T_OK(!TAKEN("include=@dev", "deny-net"), "not where listening is still allowed");
	T_OK(!TAKEN("include=@offline", "allow-net=192.0.2.1:80"), "not where one address is");
	T_OK(!TAKEN("include=@offline", "allow-listen=8080"), "not where one port is");
	T_OK(!TAKEN("include=@offline", "allow-net=unix:@name"), "not where an abstract name is");
	T_OK(TAKEN("include=@offline", "allow-net=unix:/run/x"),
	     "a socket with a path is no network");
	T_OK(!TAKEN("no-net", "allow-net"), "not where every abstract name is");
	T_OK(!TAKEN("include=@offline", "log-net=192.0.2.1"),
	     "what is allowed and logged is allowed");
	S_POLICY("include=@dev");
	s_begin(NETNS, true);
	T_OK(s_make() == 0 && strstr(s_account[ZC_CONFINE_NETNS].detail, "asked for"),
	     "by name it is had all the same, and said");
	s_begin(0, false);
	s_wish.take = NETNS;
	S_POLICY("no-net");
	s_wish.image = s_image;
	T_OK(s_make() == 0 && !zc_confine_plans(s_plan, ZC_CONFINE_NETNS) &&
		     strstr(s_account[ZC_CONFINE_NETNS].detail, "--kernel=netns"),
	     "without privileges only by name");
	s_begin(NETNS, false);
	T_OK(s_make() == 0 && zc_confine_plans(s_plan, ZC_CONFINE_USERNS),
	     "... in a user namespace");
}

/* --- what is in it ---------------------------------------------------------------------------------------- */

static struct sockaddr_un abstract;
static socklen_t abstract_len;

static int look_offline(void)
{
	struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in out = { .sin_family = AF_INET, .sin_port = htons(9) };
	socklen_t len = sizeof(self);
	struct if_nameindex *list = if_nameindex();
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	for (struct if_nameindex *at = list; at && at->if_index; at++)
		if (!strncmp(at->if_name, "eth", 3) || !strncmp(at->if_name, "en", 2))
			return 1;
	if (bind(listener, (void *)&self, len) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (void *)&self, &len) < 0 || connect(fd, (void *)&self, len) < 0)
		return 2; /* its own loopback is up */
	close(fd);
	inet_pton(AF_INET, "192.0.2.1", &out.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(fd, (void *)&out, sizeof(out)) == 0 || errno != ENETUNREACH)
		return 3;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (void *)&abstract, abstract_len) == 0)
		return 4; /* names of the host are not there */
	return getuid() == s_wish.uid ? 0 : 5;
}

static void test_offline(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), r;

	abstract.sun_family = AF_UNIX;
	abstract_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)snprintf(abstract.sun_path + 1, 64, "zc-%d", getpid()));
	if (bind(fd, (void *)&abstract, abstract_len) < 0 || listen(fd, 1) < 0)
		return;
	S_POLICY("no-net");
	s_begin(NETNS, true);
	r = s_child(false, look_offline);
	T_OK(r == 0, "in it there is a loopback, and nothing else (%d)", r);
	s_begin(NETNS, false);
	s_wish.uid = 65534;
	r = s_child(true, look_offline);
	T_OK(r == 0, "without privileges too, under one's own number (%d)", r);
	close(fd);
}

/* --- jails --------------------------------------------------------------------------------------------------- */

static char jail[128], cwd[160];

static int look_jailed(void)
{
	char here[64];
	int fd = open("/etc/name", O_RDONLY);

	if (fd < 0 || !getcwd(here, sizeof(here)) || strcmp(here, "/work") != 0)
		return 1;
	if (open("/proc/self/status", O_RDONLY) >= 0 || chdir("../../../..") < 0 ||
	    open("tmp/outside", O_RDONLY) >= 0)
		return 2;
	return open("etc/name", O_RDONLY) < 0 ? 3 : 0;
}

static bool jail_policy(const char *const *flags)
{
	p_world.jail = jail;
	p_world.project = "/work";
	if (!s_policy(flags))
		return false;
	s_begin(0, true);
	s_wish.take = CHROOT | 1u << ZC_CONFINE_CREDENTIALS;
	s_wish.jail = jail;
	s_wish.cwd = cwd;
	return s_make() == 0;
}
#define JAIL_POLICY(...) jail_policy((const char *const[]){ __VA_ARGS__, NULL })

static void test_jail(void)
{
	const uint64_t admin = 1ull << 21, change_root = 1ull << 18, mknod_bit = 1ull << 27;
	int r;

	if (!T_OK(JAIL_POLICY("jail=ignored", "deny-read=/etc/link"), "a policy made for a jail") ||
	    !T_OK(zc_confine_plans(s_plan, ZC_CONFINE_CHROOT), "and its plan"))
		return;
	T_OK(zc_policy_allows_path(s_image, "/anything", 9,
				   ZC_NEED_READ | ZC_NEED_WRITE | ZC_NEED_RUN),
	     "in it everything is allowed, by its name in there");
	T_OK(!zc_policy_allows_path(s_image, "/etc/name", 9, ZC_NEED_READ),
	     "links of rules lead where they lead in there");
	T_OK(!(s_plan->caps_keep & (admin | change_root | mknod_bit)) && s_plan->caps_keep & 1,
	     "root in there loses what leads out, and keeps the rest");
	r = s_child(false, look_jailed);
	T_OK(r == 0, "a child is inside, where it was told to be, and stays there (%d)", r);
	T_OK(JAIL_POLICY("jail=ignored", "allow-sys=mount") && s_plan->caps_keep & admin,
	     "what a rule allows is not taken away");
	s_wish.traced = false;
	T_OK(s_make() == 0 && !zc_confine_plans(s_plan, ZC_CONFINE_CHROOT) &&
		     strstr(s_account[ZC_CONFINE_CHROOT].detail, "shim"),
	     "not in mode shim, whose library would be outside");
}

int main(void)
{
	p_begin();
	p_dir("jail"), p_dir("jail/etc"), p_dir("jail/work");
	p_file("jail/etc/name", "x"), p_file("tmp/outside", "x");
	if (symlink("/etc/name", p_path("jail/etc/link")) < 0)
		return 99;
	snprintf(jail, sizeof(jail), "%s", p_path("jail"));
	snprintf(cwd, sizeof(cwd), "%s", p_path("jail/work"));
	test_when();
	if (geteuid() == 0) {
		test_offline();
		test_jail();
	} else {
		T_SKIP("namespaces and jails are tried as root, and from there as nobody");
	}
	zc_confine_account_finish(s_account);
	free(s_plan);
	free(s_image);
	p_end();
	T_DONE();
}
