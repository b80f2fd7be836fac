/* SPDX-License-Identifier: MIT */
/* space_credentials.c - --user, --cap-drop and --cap-keep: what they say, and what a child then is. */
#include <sys/prctl.h>

#include "confine/credentials.h"
#include "tests/unit/space.h"

#define CREDENTIALS (1u << ZC_CONFINE_CREDENTIALS)
#define KNOWN ((1ull << 41) - 1)
#define CHOWN_BIT (1ull << 0)
#define NET_RAW_BIT (1ull << 13)

static char error[256];

/* --- parsing ------------------------------------------------------------------------------------------ */

static bool caps(const char *drop, const char *keep, uint64_t *ret)
{
	*error = '\0';
	return zc_confine_parse_caps(drop, keep, ret, error, sizeof(error)) == 0;
}

static bool says(const char *text)
{
	if (strstr(error, text))
		return true;
	printf("# it says: %s\n", error);
	return false;
}

static void test_caps(void)
{
	uint64_t keep;

	T_OK(caps(NULL, NULL, &keep) && keep == ZC_CONFINE_CAPS_ALL, "nothing said: all stay");
	T_OK(caps("net_raw,CAP_CHOWN", NULL, &keep) && !(keep & (CHOWN_BIT | NET_RAW_BIT)) &&
		     keep >> 63,
	     "names with and without CAP_, in either case");
	T_OK(caps("all", NULL, &keep) && !(keep & KNOWN), "all of them go");
	T_OK(caps(NULL, "CHOWN", &keep) && keep == CHOWN_BIT, "keep is only what it names");
	T_OK(caps("all", "CHOWN", &keep) && keep == CHOWN_BIT, "drop all, keep one");
	T_OK(caps("CHOWN", "CHOWN,NET_RAW", &keep) && keep == NET_RAW_BIT,
	     "what is dropped by name is not kept");
	T_OK(!caps("NET_ROW", NULL, &keep) && says("did you mean 'NET_RAW'?"),
	     "a letter wrong is understood");
	T_OK(!caps("ADMIN", NULL, &keep) && says("_ADMIN'?"), "so is what is left out in front");
	T_OK(!caps("quux", NULL, &keep) && says("capabilities(7)"),
	     "what is nothing is said to be");
	T_OK(!caps("CHOWN,,KILL", NULL, &keep) && says("commas"), "an empty name is none");
	T_OK(!strcmp(zc_confine_cap_name(21), "SYS_ADMIN") && !strcmp(zc_confine_cap_name(99), "?"),
	     "a number has its name");
}

static bool user(const char *text, struct zc_confine_user *ret)
{
	*error = '\0';
	*ret = (struct zc_confine_user){ 0 };
	return zc_confine_parse_user(text, ret, error, sizeof(error)) == 0;
}

static void test_users(void)
{
	struct zc_confine_user who;

	T_OK(user("root", &who) && who.uid == 0 && who.gid == 0 && who.group_count >= 1,
	     "a name has its number and groups");
	free(who.groups);
	T_OK(user("0:65533", &who) && who.uid == 0 && who.gid == 65533, "a group of one's choice");
	free(who.groups);
	T_OK(user("54321:54322", &who) && who.uid == 54321 && who.gid == 54322 &&
		     who.group_count == 1 && who.groups[0] == 54322,
	     "numbers that nobody has a name for");
	free(who.groups);
	T_OK(!user("54321", &who) && says("54321:GROUP"), "they need their group");
	T_OK(!user("no-such-user", &who) && says("no user 'no-such-user'"), "a name must be there");
	T_OK(!user("root:no-such-group", &who) && says("no group 'no-such-group'"), "a group too");
	T_OK(!user("", &who) && says("expected a user"), "nothing is nobody");
	T_OK(!user(":0", &who) && !user("0:", &who) && says("expected a user"),
	     "nor is half of it");
	T_OK(!user("4294967295:0", &who), "nor is the number that means no change");
}

/* --- in a child --------------------------------------------------------------------------------------- */

static unsigned long long status_number(const char *name, int base)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = ~0ull;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, base);
	if (file)
		fclose(file);
	return value;
}

/* As after an exec: what the bounding set leaves to root. */
static int runs_script(const char *script)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(99);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int is_nobody(void)
{
	gid_t groups[4];

	if (getuid() != 65534 || geteuid() != 65534 || getgid() != 65533)
		return 1;
	if (getgroups(4, groups) != 1 || groups[0] != 65532)
		return 2;
	if (setuid(0) == 0)
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return 4; /* nobody asked for it */
	return runs_script("test \"$(id -u):$(id -g)\" = 65534:65533 &&"
			   " grep -q '^CapPrm:\t0000000000000000' /proc/self/status");
}

static int lacks_net_raw(void)
{
	if (status_number("CapBnd:", 16) & NET_RAW_BIT || status_number("CapInh:", 16))
		return 1;
	return runs_script("p=$(sed -n 's/^CapPrm:.*\\(....\\)$/\\1/p' /proc/self/status);"
			   " test \"$((0x$p & 0x2000))\" = 0 && test \"$((0x$p & 1))\" = 1");
}

static int has_nothing(void)
{
	return runs_script("grep -q '^CapPrm:\t0000000000000000' /proc/self/status &&"
			   " grep -q '^CapBnd:\t0000000000000000' /proc/self/status");
}

static void set_death_signal(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static int keeps_death_signal(void)
{
	int signal = 0;

	prctl(PR_GET_PDEATHSIG, &signal);
	return signal != SIGTERM;
}

static void test_applied(void)
{
	static const gid_t groups[] = { 65532 };
	int r;

	if (!S_POLICY("allow-read"))
		return;
	s_begin(0, true);
	s_wish.take = CREDENTIALS;
	T_OK(s_make() == 0 && !zc_confine_plans(s_plan, ZC_CONFINE_CREDENTIALS),
	     "nothing is planned where nothing is asked for");
	s_wish.set_user = true;
	s_wish.uid = 65534;
	s_wish.gid = 65533;
	s_wish.groups = groups;
	s_wish.group_count = 1;
	r = s_child(false, is_nobody);
	T_OK(r == 0, "another user, for good (%d)", r);
	s_before = set_death_signal;
	r = s_child(false, keeps_death_signal);
	T_OK(r == 0, "who is to end with his parent still is (%d)", r);
	s_before = NULL;
	s_wish.set_user = false;
	s_wish.caps_keep = ~NET_RAW_BIT;
	r = s_child(false, lacks_net_raw);
	T_OK(r == 0, "root without one capability (%d)", r);
	s_wish.caps_keep = 0;
	r = s_child(false, has_nothing);
	T_OK(r == 0, "root without any (%d)", r);
	s_begin(0, false);
	s_wish.take = CREDENTIALS;
	s_wish.set_user = true;
	T_OK(s_make() == -EPERM && strstr(s_account[ZC_CONFINE_CREDENTIALS].detail, "only root"),
	     "without root it is an error, not a silence");
}

int main(void)
{
	p_begin();
	test_caps();
	test_users();
	if (geteuid() == 0)
		test_applied();
	else
		T_SKIP("only root can become another user");
	zc_confine_account_finish(s_account);
	free(s_plan);
	free(s_image);
	p_end();
	T_DONE();
}
