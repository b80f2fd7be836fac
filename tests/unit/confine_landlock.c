/* SPDX-License-Identifier: MIT */
/*
 * confine_landlock.c - what Landlock is asked for, and that it holds.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "confine/landlock/landlock.h"
#include "tests/unit/confine.h"
#include "tests/unit/t.h"

static char root[64]; /* of the trees here */

static const char *in_root(const char *name)
{
	static char text[8][256];
	static unsigned next;
	char *at = text[next++ % 8];

	snprintf(at, sizeof(text[0]), "%s/%s", root, name);
	return at;
}

static const char *flag(const char *word, const char *name)
{
	static char text[8][320];
	static unsigned next;
	char *at = text[next++ % 8];

	snprintf(at, sizeof(text[0]), "%s %s%s%s", word, name[0] == '/' ? "" : root,
		 name[0] == '/' ? "" : "/", name);
	return at;
}

static void put(const char *name, const char *content, mode_t mode)
{
	int fd = open(in_root(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, content, strlen(content)) < 0 || fchmod(fd, mode) < 0)
		abort();
	close(fd);
}

/* --- acts; they answer errno -------------------------------------------------------------------- */

static int act_write(const void *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

static int act_read(const void *path)
{
	return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int act_mkdir(const void *path)
{
	return mkdir(path, 0700) < 0 ? errno : 0;
}

static int act_run(const void *path)
{
	char *argv[] = { (char *)path, NULL };

	execv(path, argv);
	return errno;
}

static int act_remake(const void *path)
{
	char file[300];

	snprintf(file, sizeof(file), "%s/x", (const char *)path);
	if (rmdir(path) < 0 || mkdir(path, 0700) < 0)
		return errno;
	return act_write(file);
}

static int act_move(const void *paths)
{
	const char *const *two = paths;

	return rename(two[0], two[1]) < 0 ? errno : 0;
}

static int act_connect(const void *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(*(const uint16_t *)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

static int act_bind(const void *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(*(const uint16_t *)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

static struct sockaddr_un abstract_name(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "zc-test-%s", root);
	return at;
}

static int act_connect_abstract(const void *none)
{
	struct sockaddr_un to = abstract_name();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

/* A pair of the run's own, by an abstract name. */
static int act_own_abstract(const void *none)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0zc-test-own" };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(server, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(server, 1) < 0)
		return errno;
	return connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? errno : 0;
}

/* Pipes, memory files and unnamed files are nothing a path rule covers. */
static int act_nameless(const void *dir)
{
	int pipes[2], fd, memory = memfd_create("x", MFD_CLOEXEC);
	char path[64];

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[1]);
	if (open(path, O_WRONLY | O_CLOEXEC) < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	if (open(path, O_RDWR | O_CLOEXEC) < 0)
		return errno;
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EOPNOTSUPP ? 0 : errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static int act_devices(const void *none)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full",
					       "/dev/urandom" };

	for (size_t i = 0; i < ZC_LEN(devices); i++)
		if (open(devices[i], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) < 0)
			return errno;
	return 0;
}

/* --- the plans ------------------------------------------------------------------------------------ */

static void test_writing(const struct zc_confine_host *host)
{
	/* w/keep may not be written, so w stays what it is, and a rule on it is exact. */
	const char *flags[] = { "allow-read", "allow-run", flag("allow-write", "w"),
				flag("deny-write", "w/keep"), NULL };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));
	const char *moves[] = { in_root("w/a/f"), in_root("w/b/f"), NULL };

	T_OK(made.plan && zc_confine_plans(made.plan, ZC_CONFINE_LANDLOCK), "writing: %s",
	     made.account[ZC_CONFINE_LANDLOCK].detail);
	T_OK(under(made.plan, act_write, in_root("w/new")) == 0, "a new file where it is allowed");
	T_OK(under(made.plan, act_write, in_root("other/new")) == EACCES, "no new file beside it");
	T_OK(under(made.plan, act_write, in_root("other/f")) == EACCES, "no writing beside it");
	T_OK(under(made.plan, act_mkdir, in_root("other/d")) == EACCES, "no directory beside it");
	T_OK(under(made.plan, act_read, in_root("other/f")) == 0, "reading is free");
	T_OK(under(made.plan, act_move, moves) == 0, "a file moves between directories");
	T_OK(under(made.plan, act_nameless, in_root("w")) == 0, "what has no name works");
	T_OK(under(made.plan, act_devices, NULL) == 0, "the devices of @base can be written");
	T_OK(under(made.plan, act_run, "/bin/true") == 0, "programs start");
	made_free(&made);
	free(image);
}

/* root itself is /tmp/...: its owner may remove what is in it. */
static void test_remaking(const struct zc_confine_host *host)
{
	const char *flags[] = { "allow-read", "allow-run", flag("allow-write", "w/empty"), NULL };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));

	T_OK(says(made.account[ZC_CONFINE_LANDLOCK].widened, "removed and made again"),
	     "a directory that may be remade is widened, and it is said: %s",
	     made.account[ZC_CONFINE_LANDLOCK].widened
		     ? made.account[ZC_CONFINE_LANDLOCK].widened[0]
		     : "no");
	T_OK(under(made.plan, act_remake, in_root("w/empty")) == 0, "and can be remade");
	T_OK(under(made.plan, act_write, in_root("other/f")) == EACCES, "but nothing further up");
	made_free(&made);
	free(image);
}

static void test_pinned(const struct zc_confine_host *host)
{
	const char *flags[] = { "allow-read", "allow-run", flag("allow-write", "w"),
				flag("deny-write", "w/keep"), NULL };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));
	struct zc_confine_account *account = &made.account[ZC_CONFINE_LANDLOCK];

	T_OK(!says(account->widened, flag("allow-write", "w")),
	     "what holds something that may not be removed stays where it is");
	T_OK(says(account->not_expressible, "deny-write"), "a deny below is not expressible");
	T_OK(under(made.plan, act_write, in_root("new")) == EACCES,
	     "its directory is not writable");
	made_free(&made);
	free(image);
}

static void test_reading(const struct zc_confine_host *host)
{
	const char *flags[] = { flag("allow-read", "r"), "allow-run /", NULL };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));

	T_OK(under(made.plan, act_read, in_root("r/f")) == 0, "reading where it is allowed");
	T_OK(under(made.plan, act_run, "/bin/true") == 0, "a dynamic program starts");
	made_free(&made);
	free(image);
}

static void test_running(const struct zc_confine_host *host)
{
	const char *flags[] = { "allow-read", "allow-run /usr/bin/true", "allow-run /bin/true",
				NULL };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));

	T_OK(under(made.plan, act_run, "/bin/true") == 0,
	     "the program that may run, with its loader");
	T_OK(under(made.plan, act_run, in_root("r/tool")) == EACCES, "no program elsewhere");
	made_free(&made);
	free(image);
}

/*
 * The right to run w/b/tool becomes one to run all of w/b, which cannot be removed. Landlock would not
 * let a file move there from where it may not be run, the policy does.
 */
static void test_even(const struct zc_confine_host *host)
{
	const char *flags[] = { "allow-read",
				flag("allow-write", "w"),
				flag("deny-write", "w/keep"),
				flag("deny-write", "w/b/keep"),
				flag("allow-run", "w/b/tool"),
				NULL };
	struct zc_image *image;
	struct made made;
	const char *moves[] = { in_root("w/a/moved"), in_root("w/b/moved"), NULL };

	put("w/a/moved", "x", 0644);
	put("w/b/keep", "x", 0644);
	image = image_of(flags, root);
	made = plan_of(image, host, ONLY(LANDLOCK));
	T_OK(made.plan->handled_fs & ZC_LL_EXECUTE &&
		     says(made.account[ZC_CONFINE_LANDLOCK].widened, "w/b/tool"),
	     "a program that may run is widened to its directory");
	T_OK(under(made.plan, act_move, moves) == 0, "and files can still be moved there");
	made_free(&made);
	free(image);
}

static void test_network(const struct zc_confine_host *host)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int two = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port[2], free_port = 1;
	char rule[64], listen_rule[64];
	const char *flags[] = { rule, listen_rule, "allow-read", NULL };
	struct zc_image *image;
	struct made made;

	if (host->landlock_abi < 4) {
		T_SKIP("this kernel's Landlock has no ports");
		return;
	}
	if (bind(one, (struct sockaddr *)&at, len) < 0 || listen(one, 5) < 0 ||
	    getsockname(one, (struct sockaddr *)&at, &len) < 0)
		abort();
	port[0] = ntohs(at.sin_port);
	at.sin_port = 0;
	if (bind(two, (struct sockaddr *)&at, len) < 0 || listen(two, 5) < 0 ||
	    getsockname(two, (struct sockaddr *)&at, &len) < 0)
		abort();
	port[1] = ntohs(at.sin_port);
	snprintf(rule, sizeof(rule), "allow-net 127.0.0.1:%u", port[0]);
	snprintf(listen_rule, sizeof(listen_rule), "allow-listen 127.0.0.1:%u", port[0]);
	image = image_of(flags, root);
	made = plan_of(image, host, ONLY(LANDLOCK));
	T_OK(under(made.plan, act_connect, &port[0]) == 0,
	     "connecting to the port that is allowed");
	T_OK(under(made.plan, act_connect, &port[1]) == EACCES, "no connecting to another");
	T_OK(under(made.plan, act_bind, &free_port) == EACCES, "no binding another port");
	T_OK(says(made.account[ZC_CONFINE_LANDLOCK].widened, "of every address"),
	     "the address is lost, and it is said");
	made_free(&made);
	free(image);
	close(one);
	close(two);
}

static void test_abstract(const struct zc_confine_host *host)
{
	const char *closed[] = { "allow-read", "allow-net 127.0.0.1:1", NULL };
	const char *open_to[] = { "allow-read", "allow-net unix:@*", NULL };
	struct zc_image *image = image_of(closed, root);
	struct made made = plan_of(image, host, ONLY(LANDLOCK));
	struct sockaddr_un at = abstract_name();
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (host->landlock_abi < 6) {
		T_SKIP("this kernel's Landlock has no scopes");
		goto out;
	}
	if (bind(server, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(server, 5) < 0)
		abort();
	T_OK(under(made.plan, act_connect_abstract, NULL) == EPERM,
	     "an abstract socket of others is out of reach");
	T_OK(under(made.plan, act_own_abstract, NULL) == 0, "one's own is not");
	made_free(&made);
	free(image);
	image = image_of(open_to, root);
	made = plan_of(image, host, ONLY(LANDLOCK));
	T_OK(image && under(made.plan, act_connect_abstract, NULL) == 0,
	     "unless the policy lets abstract sockets be reached");
out:
	made_free(&made);
	free(image);
	close(server);
}

static uint64_t handled_by(int abi, const char *const *flags)
{
	struct zc_confine_host host = { .landlock_abi = abi };
	struct zc_image *image = image_of(flags, root);
	struct made made = plan_of(image, &host, ONLY(LANDLOCK));
	uint64_t handled = zc_confine_plans(made.plan, ZC_CONFINE_LANDLOCK) ? made.plan->handled_fs
									    : 0;

	made_free(&made);
	free(image);
	return handled;
}

static void test_versions(void)
{
	const char *writes[] = { "allow-read", "allow-run", flag("allow-write", "w"), NULL };
	const char *reads[] = { flag("allow-read", "r"), "allow-run", NULL };
	const char *unixes[] = { "allow-read", "allow-net unix:/run/x", NULL };
	const char *all[] = { "allow-all", NULL };
	const char *mounts[] = { "allow-read", flag("allow-write", "w"), "allow-sys mount", NULL };

	T_OK(handled_by(1, writes) == 0, "ABI 1 is not used where entries can be moved");
	T_OK(handled_by(1, reads) != 0 && !(handled_by(1, reads) & ZC_LL_REFER),
	     "but where nothing can be written");
	T_OK(handled_by(2, writes) & ZC_LL_REFER, "ABI 2 moves");
	T_OK(!(handled_by(2, writes) & ZC_LL_TRUNCATE), "ABI 2 does not know truncation");
	T_OK(handled_by(3, writes) & ZC_LL_TRUNCATE, "ABI 3 does");
	T_OK(!(handled_by(7, writes) & (ZC_LL_IOCTL_DEV | ZC_LL_OF_READ | ZC_LL_EXECUTE)),
	     "what is free is not handled, nor is ioctl");
	T_OK(!(handled_by(8, unixes) & ZC_LL_RESOLVE_UNIX) &&
		     handled_by(9, unixes) & ZC_LL_RESOLVE_UNIX,
	     "ABI 9 knows sockets with a path");
	T_OK(handled_by(7, all) == 0, "nothing to do under --allow-all");
	T_OK(handled_by(7, mounts) == 0, "files are left alone where mounting is allowed");
}

int main(void)
{
	struct zc_confine_host host = real_host();
	char command[96];

	snprintf(root, sizeof(root), "/tmp/zc-confine-%d", getpid());
	if (mkdir(root, 0755) < 0)
		return 1;
	mkdir(in_root("w"), 0755);
	mkdir(in_root("w/a"), 0755);
	mkdir(in_root("w/b"), 0755);
	mkdir(in_root("w/empty"), 0755);
	mkdir(in_root("w/keep"), 0755);
	mkdir(in_root("other"), 0755);
	mkdir(in_root("r"), 0755);
	put("w/a/f", "x", 0644);
	put("other/f", "x", 0644);
	put("r/f", "x", 0644);
	put("r/tool", "#!/bin/true\n", 0755);
	test_versions();
	if (host.landlock_abi < 2) {
		T_SKIP("no Landlock on this kernel");
	} else {
		test_writing(&host);
		test_remaking(&host);
		test_pinned(&host);
		test_reading(&host);
		test_running(&host);
		test_even(&host);
		test_network(&host);
		test_abstract(&host);
	}
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command) != 0)
		return 1;
	T_DONE();
}
