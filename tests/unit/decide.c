/* SPDX-License-Identifier: MIT */
/*
 * decide.c - the verdict on files, programs and the system, one sentence a rule of the design.
 */
#include "tests/unit/decide.h"
#include "tests/unit/t.h"

#define USER ZC_LAYER_USER
#define PROFILE ZC_LAYER_PROFILE
#define BASE ZC_LAYER_BASE
#define IMPLICIT ZC_LAYER_IMPLICIT
#define ALLOW ZC_SAYS_ALLOW
#define DENY ZC_SAYS_DENY
#define QUIET ZC_SAYS_QUIET
#define LOG ZC_SAYS_LOG

static void test_trees(void)
{
	struct lab lab = lab_new(0);
	int deny, allow = lab_path(&lab, USER, ALLOW, R, "/srv");

	deny = lab_path(&lab, USER, DENY, R, "/srv/secret");
	T_OK(allowed(ask_read(&lab, "/srv")), "a directory that is allowed is allowed itself");
	T_OK(allowed(ask_read(&lab, "/srv/a/b/c")), "and so is everything below it");
	T_OK(ask_read(&lab, "/srv/a").rule == (uint32_t)allow, "an allow names its rule");
	T_OK(refused(ask_read(&lab, "/srvx"), EACCES),
	     "a name that only begins alike is not below it");
	T_OK(refused(ask_read(&lab, "/"), EACCES), "what is above it is not allowed");
	T_OK(ask_read(&lab, "/etc").reason == ZC_WHY_NO_ALLOW &&
		     ask_read(&lab, "/etc").rule == ZC_RULE_NONE,
	     "where nothing allows, the reason says so and no rule is named");
	T_OK(refused(ask_read(&lab, "/srv/secret"), EACCES), "a deny inside an allow wins");
	T_OK(refused(ask_read(&lab, "/srv/secret/x/y"), EACCES), "for what is below it too");
	T_OK(ask_read(&lab, "/srv/secret/x").rule == (uint32_t)deny,
	     "and is the rule that is named");
	T_OK(refused(ask_write(&lab, "/srv/a"), EACCES), "read says nothing of write");
	T_OK(refused(ask(&lab, ZC_OP_OPEN_RDWR, "/srv/a", R | W), EACCES) &&
		     ask(&lab, ZC_OP_OPEN_RDWR, "/srv/a", R | W).cls == ZC_CLASS_WRITE,
	     "O_RDWR needs both, and the missing one is named");
	T_OK(refused(ask(&lab, ZC_OP_EXEC, "/srv/a", X), EACCES), "nor of running");
	lab_free(&lab);
}

static void test_order_within_a_layer(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, USER, DENY, R, "/a");
	lab_path(&lab, USER, ALLOW, R, "/a/b");
	T_OK(refused(ask_read(&lab, "/a/b"), EACCES),
	     "an allow inside a deny of the same layer does not open it");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, USER, ALLOW, R, "/a");
	lab_path(&lab, USER, LOG, R, "/a/b");
	T_OK(ask_read(&lab, "/a/b/c").action == ZC_LOGGED && ask_read(&lab, "/a/b/c").error == 0,
	     "log allows and records");
	T_OK(allowed(ask_read(&lab, "/a/c")), "only where it holds");
	T_OK(!zc_policy_allows_path(lab_image(&lab), "/a/b", 4, R) &&
		     zc_policy_allows_path(lab_image(&lab), "/a/c", 4, R),
	     "a logged path is not a plain allow");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, USER, ALLOW, R, "/");
	lab_path(&lab, USER, ZC_SAYS_ASK, R, "/a");
	T_OK(refused(ask_read(&lab, "/a"), EACCES), "ask refuses");
	lab_free(&lab);
}

static void test_quiet(void)
{
	struct lab lab = lab_new(0);
	int outer;

	lab_path(&lab, USER, ALLOW, R | W, "/");
	outer = lab_path(&lab, USER, DENY, R, "/a");
	lab_path(&lab, USER, QUIET, R, "/a/noise");
	lab_path(&lab, USER, QUIET, R, "/b");
	lab_path(&lab, USER, DENY, R, "/b/serious");
	lab_path(&lab, USER, DENY, R, "/c");
	lab_path(&lab, USER, QUIET, R, "/c");
	T_OK(ask_read(&lab, "/a/noise").action == ZC_REFUSED_QUIET,
	     "a quiet deny inside a deny is quiet");
	T_OK(ask_read(&lab, "/a/x").action == ZC_REFUSED &&
		     ask_read(&lab, "/a/x").rule == (uint32_t)outer,
	     "next to it the deny is recorded");
	T_OK(ask_read(&lab, "/b/serious").action == ZC_REFUSED,
	     "a deny inside a quiet deny is recorded");
	T_OK(ask_read(&lab, "/b/x").action == ZC_REFUSED_QUIET &&
		     ask_read(&lab, "/b/x").error == EACCES,
	     "quiet refuses with the same errno");
	T_OK(ask_read(&lab, "/c").action == ZC_REFUSED,
	     "at the same place deny is stronger than quiet");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, PROFILE, ALLOW, R, "/");
	lab_path(&lab, PROFILE, DENY, R, "/h/.npmrc");
	lab_path(&lab, USER, QUIET, R, "/h/.npmrc");
	T_OK(ask_read(&lab, "/h/.npmrc").action == ZC_REFUSED_QUIET,
	     "a user's quiet deny silences a profile's deny");
	lab_free(&lab);
}

static void test_layers(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, BASE, ALLOW, R, "/usr/lib");
	lab_path(&lab, PROFILE, ALLOW, R | W, "/");
	lab_path(&lab, USER, ALLOW, W, "/home");
	T_OK(allowed(ask_read(&lab, "/opt")), "the profile's allows count");
	T_OK(refused(ask_write(&lab, "/opt"), EACCES), "until the user has an allow in the class");
	T_OK(allowed(ask_write(&lab, "/home/x")), "which then counts instead");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, BASE, ALLOW, R, "/usr/lib");
	lab_path(&lab, PROFILE, ALLOW, R, "/");
	lab_path(&lab, USER, ALLOW, R, "/home");
	T_OK(allowed(ask_read(&lab, "/usr/lib/x.so")), "@base stays whatever the user allows");
	lab_free(&lab);

	lab = lab_new(0);
	lab_path(&lab, PROFILE, ALLOW, R, "/");
	lab_path(&lab, PROFILE, LOG, R, "/etc");
	lab_path(&lab, USER, DENY, R, "/opt");
	T_OK(ask_read(&lab, "/etc/x").action == ZC_LOGGED &&
		     refused(ask_read(&lab, "/opt"), EACCES),
	     "a user's deny adds to the profile and replaces nothing");
	lab_free(&lab);
}

static void test_protected(void)
{
	static const char key[] = "/home/u/.ssh/id_rsa";
	struct {
		const char *allow;
		bool opens;
		const char *sentence;
	} cases[] = {
		{ "/", false, "an allow of / does not open a protected path" },
		{ "/home/u", false, "nor does an allow of its parent" },
		{ "/home/u/.ssh", true, "an allow that names it does" },
		{ "/home/u/.ssh/id_rsa", true, "and one that names what is inside" },
		{ "/home/*/.ssh", false, "but not through a wildcard" },
		{ "/**/.ssh", false, "nor through **" },
		{ "/home/u/.ssh/**", true, "a trailing ** is the directory itself" },
		{ "/home/u/.ssh/id_*", true, "a wildcard inside the protected path names it" },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		struct lab lab = lab_new(0);

		lab_path(&lab, PROFILE, ALLOW, R, "/");
		lab_path(&lab, PROFILE, DENY, R, "/home/u/.ssh");
		lab_path(&lab, USER, ALLOW, R, cases[i].allow);
		T_OK(allowed(ask_read(&lab, key)) == cases[i].opens, "%s", cases[i].sentence);
		T_OK(!zc_policy_allows_path(lab_image(&lab), key, strlen(key), R),
		     "the fast path leaves %s with %s to the decision", key, cases[i].allow);
		lab_free(&lab);
	}
}

static void test_protected_by_pattern(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, PROFILE, ALLOW, W, "/p");
	lab_path(&lab, PROFILE, DENY, W, "/p/**/.git/hooks");
	lab_path(&lab, USER, ALLOW, W, "/p");
	lab_path(&lab, USER, ALLOW, W, "/p/lib/deep/er");
	lab_path(&lab, USER, ALLOW, W, "/p/own/.git/hooks");
	T_OK(refused(ask_write(&lab, "/p/.git/hooks/pre-commit"), EACCES),
	     "** stands for no directory");
	T_OK(refused(ask_write(&lab, "/p/x/y/.git/hooks"), EACCES), "and for several");
	T_OK(refused(ask_write(&lab, "/p/lib/deep/er/.git/hooks/x"), EACCES),
	     "an allow as long as the pattern, but above what it found, opens nothing");
	T_OK(allowed(ask_write(&lab, "/p/own/.git/hooks/x")), "one that spells it out does");
	T_OK(allowed(ask_write(&lab, "/p/x/.git/config")), "next to it all is as before");
	lab_free(&lab);
}

static void test_wildcards(void)
{
	struct {
		const char *pattern, *path;
		bool holds;
	} cases[] = {
		{ "/a/*.c", "/a/x.c", true },
		{ "/a/*.c", "/a/.c", true },
		{ "/a/*.c", "/a/x.h", false },
		{ "/a/*.c", "/a/b/x.c", false },
		{ "/a/*.c", "/a/x.c/y", true },
		{ "/a/*", "/a", false },
		{ "/a/*/c", "/a/b/c/d", true },
		{ "/a/*/c", "/a/c", false },
		{ "/a/a*a", "/a/aa", true },
		{ "/a/a*a", "/a/a", false },
		{ "/a/x*y*z", "/a/xyz", true },
		{ "/a/x*y*z", "/a/xz", false },
		{ "/a/x*y*z", "/a/x1y2z", true },
		{ "/a/*b*", "/a/abc", true },
		{ "/a/*b*", "/a/ac", false },
		{ "/**/x", "/x", true },
		{ "/**/x", "/a/b/c/x/y", true },
		{ "/**/x", "/a/xx", false },
		{ "/a/**/b/**/c", "/a/b/c", true },
		{ "/a/**/b/**/c", "/a/1/b/2/3/c", true },
		{ "/a/**/b/**/c", "/a/c/b", false },
		{ "/a/**/*.d", "/a/x.d", true },
		{ "/**", "/", true },
		{ "/a/**/**/b", "/a/b", true },
		{ "/a/\\*", "/a/*", true },
		{ "/a/\\*", "/a/b", false },
		{ "/a/x\\\\y", "/a/x\\y", true },
		{ "/a/x\\y", "/a/x\\y", true },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		struct lab lab = lab_new(0);
		bool holds;

		lab_path(&lab, USER, ALLOW, R, cases[i].pattern);
		holds = allowed(ask_read(&lab, cases[i].path));
		T_OK(holds == cases[i].holds, "%s %s %s", cases[i].pattern,
		     cases[i].holds ? "covers" : "does not cover", cases[i].path);
		lab_free(&lab);
	}
}

static void test_too_many_wildcards(void)
{
	struct lab lab = lab_new(0);
	char pattern[64];

	lab_path(&lab, USER, ALLOW, R, "/");
	for (int i = 0; i < 40; i++) {
		snprintf(pattern, sizeof(pattern), "/d/%.*s*/x%d", i,
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);
		lab_path(&lab, USER, DENY, R, pattern);
	}
	lab_path(&lab, IMPLICIT, DENY, R, "/d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/log");
	T_OK(ask_read(&lab, "/d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x1").reason ==
		     ZC_WHY_COMPLEX,
	     "more wildcards at once than are followed: refused, with the reason");
	T_OK(ask_read(&lab, "/d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/log").reason ==
		     ZC_WHY_RULE,
	     "an implicit deny is found all the same");
	T_OK(allowed(ask_read(&lab, "/d/aaa/y")), "a path where fewer apply is judged as ever");
	T_OK(refused(ask_read(&lab, "/d/aaa/x3"), EACCES), "and refused by its rule");
	lab_free(&lab);
}

static void test_sticky_once(void)
{
	struct lab lab = lab_new(0);
	char path[256] = "";

	lab_path(&lab, USER, ALLOW, R, "/**/a/**/b");
	for (int i = 0; i < 60; i++)
		strcat(path, "/a");
	T_OK(ask_read(&lab, path).reason == ZC_WHY_NO_ALLOW,
	     "a ** that is met sixty times is followed once");
	strcat(path, "/b");
	T_OK(allowed(ask_read(&lab, path)), "and still holds at the end");
	lab_free(&lab);
}

static void test_as_given(void)
{
	struct lab lab = lab_new(0);
	struct zc_event event = lab_event(ZC_OP_OPEN_READ);
	struct zc_verdict verdict;
	int deny;

	lab_path(&lab, USER, ALLOW, R, "/data");
	deny = lab_path(&lab, USER, DENY, R, "/home/u/link");
	lab_object(&event, 0, "/data/x", R);
	event.object[0].given = "/home/u/link/x";
	event.object[0].given_len = 14;
	verdict = zc_policy_decide(lab_image(&lab), &event);
	T_OK(refused(verdict, EACCES) && verdict.rule == (uint32_t)deny,
	     "a deny also holds for the path as given");
	event.object[0].given = "/elsewhere/x";
	event.object[0].given_len = 12;
	T_OK(allowed(zc_policy_decide(lab_image(&lab), &event)),
	     "what allows is judged where the path leads");
	event.object[0].path = "/elsewhere/x";
	event.object[0].path_len = 12;
	event.object[0].given = "/data/x";
	event.object[0].given_len = 7;
	T_OK(refused(zc_policy_decide(lab_image(&lab), &event), EACCES), "and not as it is given");
	event.object[0].path = NULL;
	event.object[0].path_len = 0;
	T_OK(zc_policy_decide(lab_image(&lab), &event).reason == ZC_WHY_UNREADABLE,
	     "an object whose path nobody could tell is refused");
	event.object[0].flags |= ZC_OBJ_NAMELESS;
	T_OK(allowed(zc_policy_decide(lab_image(&lab), &event)),
	     "but a pipe or memfd has none: allowed");
	lab_free(&lab);
}

static void test_open_flags(void)
{
	struct lab lab = lab_new(0);
	struct zc_event event = lab_event(ZC_OP_OPEN_WRITE);

	lab_path(&lab, USER, ALLOW, R, "/r");
	lab_object(&event, 0, "/r/x", R | W);
	event.oflags = O_RDONLY | O_CREAT;
	T_OK(allowed(zc_policy_decide(lab_image(&lab), &event)),
	     "O_CREAT on a file that is there writes nothing");
	event.oflags |= O_TRUNC;
	T_OK(refused(zc_policy_decide(lab_image(&lab), &event), EACCES), "with O_TRUNC it does");
	event.oflags = O_RDONLY | O_CREAT;
	event.object[0].flags = 0;
	T_OK(refused(zc_policy_decide(lab_image(&lab), &event), EACCES),
	     "and where it is not there, it is made");
	event.flags = ZC_EV_HARMLESS;
	T_OK(allowed(zc_policy_decide(lab_image(&lab), &event)),
	     "a call that is harmless by its arguments is allowed");
	event.flags = ZC_EV_HARMLESS | ZC_EV_UNREADABLE;
	T_OK(zc_policy_decide(lab_image(&lab), &event).reason == ZC_WHY_UNREADABLE,
	     "an argument that cannot be read is a refusal");
	lab_free(&lab);
}

static struct zc_verdict under(uint32_t flags, enum zc_layer layer, enum zc_says says)
{
	struct lab lab = lab_new(flags);
	struct zc_verdict verdict;

	lab_path(&lab, layer, says, R, "/x");
	verdict = ask_read(&lab, "/x");
	lab_free(&lab);
	return verdict;
}

static void test_actions(void)
{
	T_OK(under(0, USER, DENY).action == ZC_REFUSED, "deny refuses");
	T_OK(under(ZC_IMAGE_KILL, USER, DENY).action == ZC_KILLED, "with --kill it kills");
	T_OK(under(ZC_IMAGE_KILL, USER, QUIET).action == ZC_REFUSED_QUIET,
	     "but a quiet deny only refuses");
	T_OK(under(ZC_IMAGE_KILL, IMPLICIT, DENY).action == ZC_KILLED,
	     "an implicit deny kills too");
	T_OK(under(ZC_IMAGE_AUDIT, USER, DENY).action == ZC_AUDITED &&
		     under(ZC_IMAGE_AUDIT, USER, DENY).error == 0,
	     "under --audit it is recorded and let through");
	T_OK(under(ZC_IMAGE_AUDIT, IMPLICIT, DENY).action == ZC_REFUSED,
	     "an implicit deny refuses under --audit");
	T_OK(under(0, IMPLICIT, DENY).error == EACCES, "with the errno of its class");
}

static void test_implicit(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, USER, ALLOW, R | W, "/p");
	lab_path(&lab, USER, ALLOW, W, "/p/logs/run");
	lab_path(&lab, IMPLICIT, DENY, W, "/p/logs");
	T_OK(refused(ask_write(&lab, "/p/logs/run/x"), EACCES),
	     "no allow beats an implicit deny, however exact");
	T_OK(allowed(ask_read(&lab, "/p/logs/run/x")), "reading is another class");
	T_OK(allowed(ask_write(&lab, "/p/other")), "and writing next to it is free");
	lab_free(&lab);
}

static struct zc_verdict ask_sys(struct lab *lab, unsigned op, unsigned flags)
{
	struct zc_event event = lab_event(op);

	event.flags = (uint16_t)flags;
	return zc_policy_decide(lab_image(lab), &event);
}

static void put_sys(struct lab *lab, enum zc_layer layer, enum zc_says says, unsigned sys)
{
	if (zc_build_sys(lab->build, lab_rule(lab, layer, says, 1u << ZC_CLASS_SYS, "sys"), sys) <
	    0)
		abort();
}

static void test_sys(void)
{
	struct lab lab = lab_new(0);

	put_sys(&lab, PROFILE, DENY, ZC_SYS_BPF);
	put_sys(&lab, PROFILE, QUIET, ZC_SYS_IO_URING);
	put_sys(&lab, USER, ALLOW, ZC_SYS_COUNT);
	put_sys(&lab, USER, DENY, ZC_SYS_MOUNT);
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_CHROOT, 0)),
	     "allow-sys without a name allows them all");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_MOUNT, 0), EPERM), "but one that is denied by name");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_BPF, 0), EPERM),
	     "a profile's deny does not yield to all");
	T_OK(ask_sys(&lab, ZC_OP_SYS_IO_URING, 0).action == ZC_REFUSED_QUIET,
	     "nor does its quiet deny");
	lab_free(&lab);

	lab = lab_new(0);
	put_sys(&lab, PROFILE, DENY, ZC_SYS_BPF);
	put_sys(&lab, USER, ALLOW, ZC_SYS_BPF);
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_BPF, 0)), "it yields to an allow by name");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_SWAP, 0), EPERM), "what nothing allows is EPERM");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_PTRACE, 0), EPERM), "tracing a stranger is refused");
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_PTRACE, ZC_EV_OWN_TARGET)),
	     "tracing one's own is not");
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_SIGNAL_SUPERVISOR, 0)), "signals are free");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_SIGNAL_SUPERVISOR, ZC_EV_SUPERVISOR_TARGET), EPERM),
	     "but for those that would reach the supervisor");
	T_OK(refused(ask_sys(&lab, ZC_OP_SYS_PTRACE, ZC_EV_SUPERVISOR_TARGET), EPERM),
	     "or trace it");
	lab_free(&lab);

	lab = lab_new(0);
	put_sys(&lab, IMPLICIT, DENY, ZC_SYS_SIGNAL_SUPERVISOR);
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_SIGNAL_SUPERVISOR, 0)) &&
		     ask_sys(&lab, ZC_OP_SYS_PROCESS_MEMORY, ZC_EV_SUPERVISOR_TARGET).rule == 0,
	     "the implicit rule on the supervisor is named and leaves all else alone");
	lab_free(&lab);

	lab = lab_new(ZC_IMAGE_AUDIT | ZC_IMAGE_KILL);
	put_sys(&lab, USER, ALLOW, ZC_SYS_COUNT);
	T_OK(ask_sys(&lab, ZC_OP_SYS_SIGNAL_SUPERVISOR, ZC_EV_SUPERVISOR_TARGET).action ==
		     ZC_REFUSED,
	     "under --audit the supervisor stays out of reach");
	lab_free(&lab);
}

static void test_absent_calls(void)
{
	uint32_t flags[] = { 0, ZC_IMAGE_AUDIT, ZC_IMAGE_KILL };

	for (size_t i = 0; i < ZC_LEN(flags); i++) {
		struct lab lab = lab_new(flags[i]);

		T_OK(ask_sys(&lab, ZC_OP_SYS_IO_URING, 0).action == ZC_REFUSED &&
			     ask_sys(&lab, ZC_OP_SYS_IO_URING, 0).error == ENOSYS,
		     "io_uring is answered ENOSYS with flags %u", flags[i]);
		T_OK(refused(ask_sys(&lab, ZC_OP_SYS_CLONE3, 0), ENOSYS), "so is clone3");
		lab_free(&lab);
	}
	struct lab lab = lab_new(0);

	put_sys(&lab, USER, ALLOW, ZC_SYS_IO_URING);
	T_OK(allowed(ask_sys(&lab, ZC_OP_SYS_IO_URING, 0)), "unless the user allows it");
	lab_free(&lab);
}

static void test_fingerprints(void)
{
	struct lab lab = lab_new(0), other = lab_new(0);
	struct zc_event event = lab_event(ZC_OP_OPEN_READ), second;
	struct zc_verdict verdict, elsewhere;
	uint64_t one;

	lab_path(&lab, USER, DENY, R, "/x");
	lab_path(&other, USER, ALLOW, R, "/y");
	lab_path(&other, USER, DENY, R, "/x");
	lab_object(&event, 0, "/x/a", R);
	verdict = zc_policy_decide(lab_image(&lab), &event);
	elsewhere = zc_policy_decide(lab_image(&other), &event);
	one = zc_fingerprint(lab_image(&lab), &event, verdict, 1, 2, 3);
	T_OK(one && one == zc_fingerprint(lab_image(&other), &event, elsewhere, 1, 2, 3),
	     "a finding has the same name under another numbering of the rules");
	event.target_pid = 99;
	T_OK(one == zc_fingerprint(lab_image(&lab), &event, verdict, 1, 2, 3),
	     "pids are not part of it");
	second = event;
	lab_object(&second, 0, "/x/b", R);
	T_OK(one != zc_fingerprint(lab_image(&lab), &second, verdict, 1, 2, 3), "the target is");
	T_OK(one != zc_fingerprint(lab_image(&lab), &event, verdict, 9, 2, 3), "and the program");
	T_OK(one != zc_fingerprint(lab_image(&lab), &event, verdict, 1, 9, 3) &&
		     one != zc_fingerprint(lab_image(&lab), &event, verdict, 1, 2, 9),
	     "and the caller's place");
	T_OK(zc_fingerprint(NULL, &event, verdict, 1, 2, 3), "it needs no image");
	lab_free(&lab);
	lab_free(&other);
}

int main(void)
{
	test_trees();
	test_order_within_a_layer();
	test_quiet();
	test_layers();
	test_protected();
	test_protected_by_pattern();
	test_wildcards();
	test_too_many_wildcards();
	test_sticky_once();
	test_as_given();
	test_open_flags();
	test_actions();
	test_implicit();
	test_sys();
	test_absent_calls();
	test_fingerprints();
	T_DONE();
}
