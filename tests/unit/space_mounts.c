/* SPDX-License-Identifier: MIT */
/* space_mounts.c - denies as mounts: what is planned, what the account says, and what a child sees. */
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/space.h"

#define MOUNTS (1u << ZC_CONFINE_MOUNTS)

static int opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* --- planning ---------------------------------------------------------------------------------------- */

static bool plans_on(const char *path, unsigned kind)
{
	const struct zc_plan_mount *mounts = zc_plan_at(s_plan, ZC_PLAN_MOUNTS);

	for (uint32_t i = 0; i < s_plan->table[ZC_PLAN_MOUNTS].count; i++)
		if (mounts[i].kind == kind && !strcmp(zc_plan_string(s_plan, mounts[i].path), path))
			return true;
	return false;
}

static bool made(const char *const *flags)
{
	if (!s_policy(flags))
		return false;
	s_begin(MOUNTS, true);
	s_wish.require = 0;
	s_wish.cwd = p_path("project");
	return s_make() == 0;
}
#define MADE(...) made((const char *const[]){ __VA_ARGS__, NULL })

static bool lacking(const char *text)
{
	return s_lists(s_account[ZC_CONFINE_MOUNTS].not_expressible, text);
}

static char deny_read[160], deny_write[160], allow[160], also[160], some[160];

static void test_planning(void)
{
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("home/keys"));
	snprintf(deny_write, sizeof(deny_write), "deny-write=%s", p_path("home/keys"));
	T_OK(MADE("allow-read", some, deny_read) &&
		     plans_on(p_path("home/keys"), ZC_PLAN_MOUNT_MASK_DIR) &&
		     plans_on("id", ZC_PLAN_MOUNT_NAME_FILE),
	     "a directory that may not be read is masked, and its names show");
	T_OK(MADE("allow-read", "allow-write", deny_read) &&
		     !plans_on(p_path("home/keys"), ZC_PLAN_MOUNT_MASK_DIR) && lacking("written"),
	     "not where it may be written: it could no longer be removed");
	T_OK(MADE("allow-read", "allow-write", deny_read, deny_write) &&
		     plans_on(p_path("home/keys"), ZC_PLAN_MOUNT_MASK_DIR),
	     "but where both are denied");
	T_OK(MADE("allow-read", "allow-write", deny_write) &&
		     plans_on(p_path("home/keys"), ZC_PLAN_MOUNT_READ_ONLY),
	     "what may not be written is made read-only");
	T_OK(MADE("allow-read", "allow-write", "allow-net", deny_read, deny_write) &&
		     lacking("spoken to"),
	     "no mask where sockets may be spoken to");
	T_OK(MADE("allow-read", "allow-write", "deny-write=/tmp/**/secret") && lacking("'**'"),
	     "'**' is said to be beyond mounts");
	snprintf(also, sizeof(also), "deny-read=%s", p_path("nowhere"));
	T_OK(MADE("allow-read", some, also) && lacking("nowhere is not there now"),
	     "a missing place is named");
}

static void test_programs(void)
{
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("home/tools"));
	T_OK(MADE("allow-read", some, "allow-run", deny_read) && lacking("programs"),
	     "no mask where programs may be run");
	T_OK(MADE("allow-read", some, "allow-run=/usr", deny_read) &&
		     plans_on(p_path("home/tools"), ZC_PLAN_MOUNT_MASK_DIR),
	     "but where they may not");
}

static void test_pierced(void)
{
	snprintf(allow, sizeof(allow), "allow-read=%s", p_path("home/.ssh/id"));
	T_OK(MADE("include=@dev", "allow-read=/") &&
		     plans_on(p_path("home/.ssh"), ZC_PLAN_MOUNT_MASK_DIR),
	     "the profile's protected places are masked");
	T_OK(MADE("include=@dev", "allow-read=/", allow) &&
		     !plans_on(p_path("home/.ssh"), ZC_PLAN_MOUNT_MASK_DIR) &&
		     lacking("something in it may be read"),
	     "not where the user opened something in them");
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("home/.ssh"));
	T_OK(MADE("include=@dev", "allow-read=/", allow, deny_read) &&
		     plans_on(p_path("home/.ssh"), ZC_PLAN_MOUNT_MASK_DIR),
	     "a deny of the user's own is never opened");
	T_OK(MADE("allow-read", "allow-sys=mount", deny_read) &&
		     !zc_confine_plans(s_plan, ZC_CONFINE_MOUNTS) &&
		     strstr(s_account[ZC_CONFINE_MOUNTS].detail, "allows mounting"),
	     "none at all where the command may mount");
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("project"));
	T_OK(MADE("allow-read", deny_read) && lacking("the command starts in it"),
	     "the working directory is not masked");
}

static void test_links(void)
{
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("link"));
	T_OK(MADE("allow-read", some, deny_read) &&
		     plans_on(p_path("home/secret"), ZC_PLAN_MOUNT_MASK_FILE) &&
		     !plans_on(p_path("link"), ZC_PLAN_MOUNT_MASK_FILE),
	     "what a link leads to is masked, not the link");
	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", p_path("home/se*"));
	T_OK(MADE("allow-read", some, deny_read) &&
		     plans_on(p_path("home/secret"), ZC_PLAN_MOUNT_MASK_FILE),
	     "a wildcard is what there is now");
}

/* --- in a child ---------------------------------------------------------------------------------------- */

static char ssh[128], id[128], secret[128], project[128], log_file[128], free_file[128];

static int look_masked(void)
{
	struct stat st;
	char byte;
	int fd;

	if (stat(id, &st) < 0 || st.st_size != 4)
		return 1; /* names and sizes show */
	if (stat(p_path("home/.ssh/deep/er"), &st) < 0)
		return 2;
	fd = open(id, O_RDONLY);
	if (fd >= 0 && read(fd, &byte, 1) == 1 && byte != '\0')
		return 3; /* root may open it, and finds nothing */
	if (fd < 0 && errno != EACCES)
		return 4;
	if (opens(p_path("home/.ssh/new"), O_WRONLY | O_CREAT) != EROFS &&
	    opens(p_path("home/.ssh/new"), O_WRONLY | O_CREAT) != EACCES)
		return 5;
	if (chmod(id, 0600) == 0 || unlink(id) == 0)
		return 6;
	if (stat(secret, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != 6)
		return 7;
	fd = open(secret, O_RDONLY);
	if (fd >= 0 && read(fd, &byte, 1) == 1 && byte != '\0')
		return 8;
	if (opens(free_file, O_RDWR) != 0)
		return 9; /* beside it everything is as it was */
	return 0;
}

static int look_read_only(void)
{
	if (opens(id, O_RDONLY) != 0 || opens(ssh, O_RDONLY) != 0)
		return 1;
	if (opens(id, O_WRONLY) != EROFS || chmod(id, 0644) == 0 || unlink(id) == 0)
		return 2;
	if (opens(p_path("home/.ssh/new"), O_WRONLY | O_CREAT) != EROFS)
		return 3;
	if (opens("inside", O_WRONLY) != EROFS)
		return 4; /* a relative path too: we stand above the mount */
	if (opens(log_file, O_WRONLY) != EROFS)
		return 5;
	return opens(free_file, O_RDWR) != 0 ? 6 : 0;
}

static int look_everything_read_only(void)
{
	if (opens(free_file, O_WRONLY) != EROFS || opens("/dev/null", O_RDWR) != 0)
		return 1;
	return opens(free_file, O_RDONLY) != 0;
}

static void try_both(const char *what, bool nobody, int (*question)(void))
{
	int r = s_child(nobody, question);

	T_OK(r == 0, "%s%s (%d)", what, nobody ? ", in a user namespace" : "", r);
}

static void test_applied(bool nobody)
{
	char deny_secret[160];

	snprintf(deny_read, sizeof(deny_read), "deny-read=%s", ssh);
	snprintf(deny_secret, sizeof(deny_secret), "deny-read=%s", secret);
	snprintf(deny_write, sizeof(deny_write), "deny-write=%s", ssh);
	snprintf(also, sizeof(also), "deny-write=%s", project);
	if (S_POLICY("allow-read", some, deny_read, deny_secret)) {
		s_begin(MOUNTS, !nobody);
		try_both("masks show names and nothing else", nobody, look_masked);
	}
	if (S_POLICY("allow-read", "allow-write", deny_write, also)) {
		s_begin(MOUNTS, !nobody);
		s_wish.cwd = project;
		try_both("read-only places can be read and not changed", nobody, look_read_only);
	}
	if (S_POLICY("allow-read", "allow-write", "deny-write")) {
		s_begin(MOUNTS, !nobody);
		try_both("the whole tree can be read-only", nobody, look_everything_read_only);
	}
}

static int count_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "r");
	int c, lines = 0;

	while (file && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file)
		fclose(file);
	return lines;
}

static void prepare(void)
{
	p_begin();
	p_dir("home/.ssh/deep"), p_dir("home/tools"), p_dir("home/keys");
	p_file("home/.ssh/id", "key\n"), p_file("home/.ssh/deep/er", "x"),
		p_file("home/secret", "secret");
	p_file("home/keys/id", "x"), p_file("project/inside", "x"), p_file("logs/old", "x"),
		p_file("free", "x");
	p_file("home/tools/run", "#!/bin/sh\n");
	chmod(p_path("home/tools/run"), 0755);
	if (symlink("home/secret", p_path("link")) < 0)
		exit(99);
	snprintf(some, sizeof(some), "allow-write=%s", p_path("tmp"));
	snprintf(ssh, sizeof(ssh), "%s", p_path("home/.ssh"));
	snprintf(id, sizeof(id), "%s", p_path("home/.ssh/id"));
	snprintf(secret, sizeof(secret), "%s", p_path("home/secret"));
	snprintf(project, sizeof(project), "%s", p_path("project"));
	snprintf(log_file, sizeof(log_file), "%s", p_path("logs/old"));
	snprintf(free_file, sizeof(free_file), "%s", p_path("free"));
}

/* Everything below is nobody's, so that only the mounts can refuse. */
static void give_to_nobody(void)
{
	char command[160];

	snprintf(command, sizeof(command), "chown -R 65534:65534 '%s'", p_root);
	if (system(command) != 0)
		exit(99);
}

int main(void)
{
	int before = count_mounts();

	prepare();
	test_planning();
	test_programs();
	test_pierced();
	test_links();
	if (chdir(p_path("project")) < 0)
		exit(99);
	if (geteuid() == 0) {
		test_applied(false);
		give_to_nobody();
		test_applied(true);
	} else {
		T_SKIP("mounts are tried as root, and from there as nobody");
	}
	T_OK(count_mounts() == before, "nothing of it can be seen from outside");
	zc_confine_account_finish(s_account);
	free(s_plan);
	free(s_image);
	p_end();
	T_DONE();
}
