/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - what zcwrap decides without touching the system: options, times, environment, exit codes.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/t.h"
#include "text/units.h"
#include "wrap/wrap.h"

static void test_times(void)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{ "10", 10000 },
		{ "10s", 10000 },
		{ "2m", 120000 },
		{ "1h", 3600000 },
		{ "1d", 86400000 },
		{ "500ms", 500 },
		{ "0", 0 },
		{ "1.5s", 1500 },
		{ "0.25", 250 },
		{ "0.001m", 60 },
		{ "", -1 },
		{ "s", -1 },
		{ "-1", -1 },
		{ " 1", -1 },
		{ "1 s", -1 },
		{ "1x", -1 },
		{ "1.", -1 },
		{ "1.2.3", -1 },
		{ "1.2345", -1 },
		{ "10ss", -1 },
		{ "0x10", -1 },
		{ "1e3", -1 },
		{ "99999999999999999999", -1 },
		{ "999999999999999d", -1 },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		int64_t ms = -1;
		int r = zc_units_ms(cases[i].text, &ms);

		T_OK(cases[i].ms < 0 ? r < 0 && ms == -1 : r == 0 && ms == cases[i].ms,
		     "time '%s' is %lld ms", cases[i].text, (long long)cases[i].ms);
	}
}

static void test_numbers(void)
{
	unsigned long n = 7;

	T_OK(zc_option_number("255", 255, &n) == 0 && n == 255, "255 fits into 255");
	T_OK(zc_option_number("256", 255, &n) < 0 && n == 255, "256 does not, and writes nothing");
	T_OK(zc_option_number("9", 5, &n) < 0, "9 does not fit into 5");
	T_OK(zc_option_number("", 5, &n) < 0, "nothing is no number");
	T_OK(zc_option_number("+1", 5, &n) < 0, "+1 is no number here");
	T_OK(zc_option_number("18446744073709551616", -1ul, &n) < 0, "2^64 does not wrap");
	T_OK(zc_option_distance("timeout", "timeout") == 0, "equal words are 0 apart");
	T_OK(zc_option_distance("tiemout", "timeout") == 1, "a swap is 1 apart");
	T_OK(zc_option_distance("", "abc") == 3, "from nothing to abc is 3");
	T_OK(zc_option_distance("kitten", "sitting") == 3, "kitten is 3 from sitting");
}

static int parse(struct zc_options *options, struct zc_trouble *trouble, const char *line)
{
	static char text[512];
	static char *argv[32];
	int argc = 0;

	snprintf(text, sizeof(text), "zcwrap %s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	trouble->text[0] = '\0';
	return zc_options_parse(options, argc, argv, trouble);
}

static void test_options(void)
{
	struct zc_options o;
	struct zc_trouble t;

	T_OK(parse(&o, &t, "ls -l --quiet") == 0 && !o.quiet && !strcmp(o.command[1], "-l"),
	     "options end at the command");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "-q -- --help") == 0 && o.quiet && !o.help &&
		     !strcmp(o.command[0], "--help"),
	     "options end at --");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--timeout 2m --linger=forever x") == 0 && o.timeout_ms == 120000 &&
		     o.linger_ms == ZC_FOREVER && !strcmp(o.command[0], "x"),
	     "a required value may stand apart");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--allow-net ls") == 0 && o.policy_count == 1 && !o.policy[0].value &&
		     !strcmp(o.command[0], "ls"),
	     "an optional value may not: --allow-net ls runs ls");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--deny-read=a=b -A x") == 0 && o.policy_count == 2 &&
		     !strcmp(o.policy[0].value, "a=b") && !strcmp(o.policy[1].name, "allow-all"),
	     "policy flags come through in order, a value may hold =");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--best-effort --require=trace x") == 0 && !o.best_effort &&
		     !strcmp(o.require, "trace"),
	     "of --best-effort and --require the later holds: --require");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--require=trace --best-effort x") == 0 && o.best_effort && !o.require,
	     "... --best-effort");
	zc_options_finish(&o);
	T_OK(parse(&o, &t, "--violation-exit=always:7 --set-env=A=b=c x") == 0 &&
		     o.violation_exit == 7 && o.violation_always &&
		     !strcmp(o.set_env.item[0], "A=b=c"),
	     "always:7 and NAME=VALUE are understood");
	zc_options_finish(&o);
}

static void test_mistakes(void)
{
	static const char *const cases[][2] = {
		{ "--no-such-flag x", "unknown option '--no-such-flag'" },
		{ "--tiemout=3 x", "did you mean '--timeout'?" },
		{ "--allow-raed x", "did you mean '--allow-read'?" },
		{ "--quiet=1 x", "takes no value" },
		{ "--timeout", "needs a value" },
		{ "--timeout=abc x", "--timeout=abc: not a time" },
		{ "--violation-exit=256 x", "from 0 to 255" },
		{ "--status-fd=-1 x", "descriptor" },
		{ "--set-env=A x", "NAME=VALUE" },
		{ "--set-env==x x", "NAME=VALUE" },
		{ "--drop-env=A=b x", "name of a variable" },
		{ "--show-policy=xml x", "'json'" },
		{ "--learn=x.zc", "--learn needs a command" },
		{ "--learn=x.zc --deny-read=/x x", "leave --deny-read out" },
		{ "--engine=fast x", "expected auto, notify or ptrace" },
		{ "-z x", "unknown option '-z'" },
		{ "-quiet x", "did you mean '--quiet'?" },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		struct zc_options o;
		struct zc_trouble t;
		int r = parse(&o, &t, cases[i][0]);

		T_OK(r < 0 && strstr(t.text, cases[i][1]), "%s: %s (%s)", cases[i][0], cases[i][1],
		     t.text);
		zc_options_finish(&o);
	}
}

static bool has(char *const *env, const char *name, const char *value)
{
	const char *found = zc_env_get(env, name);

	return value ? found && strcmp(found, value) == 0 : !found;
}

static void test_environment(void)
{
	char *const before[] = { (char *)"PATH=/bin",   (char *)"API_TOKEN=s",
				 (char *)"LC_ALL=C",    (char *)"ODD",
				 (char *)"ZENCUBE=1:2", (char *)"A=1",
				 (char *)"A=2",         NULL };
	struct zc_options o;
	struct zc_trouble t;
	char **env;

	parse(&o, &t, "x");
	env = zc_env_build(&o, before);
	T_OK(has(env, "API_TOKEN", "s") && has(env, "ZENCUBE", NULL) && !strcmp(env[3], "ODD"),
	     "everything passes but a session's own variables");
	zc_env_put(&env, "A", "3");
	T_OK(has(env, "A", "3") && !strcmp(env[4], "A=3") && !env[5],
	     "setting replaces every earlier one");
	zc_env_free(env);
	zc_options_finish(&o);

	parse(&o, &t,
	      "--set-env=API_TOKEN=x --drop-env=*TOKEN* --drop-env=A --clear-env --keep-env=A x");
	env = zc_env_build(&o, before);
	T_OK(has(env, "PATH", "/bin") && has(env, "LC_ALL", "C"),
	     "--clear-env keeps PATH and LC_*");
	T_OK(has(env, "API_TOKEN", "x"), "set beats drop");
	T_OK(has(env, "A", "1"), "keep beats drop and clear");
	zc_env_free(env);
	zc_options_finish(&o);

	parse(&o, &t, "--clear-env --drop-env=PATH x");
	env = zc_env_build(&o, before);
	T_OK(has(env, "PATH", NULL) && has(env, "A", NULL), "drop beats what --clear-env keeps");
	zc_env_free(env);
	zc_options_finish(&o);
}

static void test_preload(void)
{
	struct zc_elf_look dynamic = { .bits = 64, .native = true, .interpreted = true };
	struct zc_elf_look small = { .bits = 32 };
	char *const before[] = { (char *)"LD_PRELOAD=/a.so /s.so", NULL };
	struct zc_options o;
	struct zc_trouble t;
	char **env;

	parse(&o, &t, "x");
	env = zc_env_build(&o, before);
	T_OK(zc_env_preload(&env, "/s.so", &dynamic) == 0 && has(env, "LD_PRELOAD", "/s.so:/a.so"),
	     "the shim comes first, once, and what was there stays");
	T_OK(zc_env_preload(&env, "/s.so", &small) == 0 && has(env, "LD_PRELOAD", "/a.so"),
	     "a 32-bit program gets none of ours");
	zc_env_free(env);
	env = zc_env_build(&o, before + 1);
	T_OK(zc_env_preload(&env, "/s.so", NULL) == 0 && has(env, "LD_PRELOAD", "/s.so"),
	     "an unknown one does");
	T_OK(zc_env_preload(&env, "/s.so", &small) == 0 && has(env, "LD_PRELOAD", NULL),
	     "an LD_PRELOAD that would be empty is none");
	zc_env_free(env);
	zc_options_finish(&o);
}

static void test_exit(void)
{
	static const struct {
		struct zc_exit_facts facts;
		int code;
		const char *sentence;
	} cases[] = {
		{ { .start = ZC_START_RAN, .code = 7 }, 7, "the command's own status" },
		{ { .start = ZC_START_RAN, .code = -1, .signal = 15 }, 143, "128+n by signal" },
		{ { .start = ZC_START_RAN, .violations = 1, .violation_exit = 2 },
		  2,
		  "success with violations" },
		{ { .start = ZC_START_RAN, .violations = 1, .violation_exit = 0 },
		  0,
		  "--violation-exit=0" },
		{ { .start = ZC_START_RAN, .code = 7, .violations = 1, .violation_exit = 2 },
		  7,
		  "a failure stays, though there were violations" },
		{ { .start = ZC_START_RAN,
		    .code = 7,
		    .violations = 1,
		    .violation_exit = 9,
		    .violation_always = true },
		  9,
		  "unless always" },
		{ { .start = ZC_START_RAN, .violations = 1, .violation_exit = 2, .audit = true },
		  0,
		  "--audit" },
		{ { .start = ZC_START_RAN, .timed_out = true, .code = 0 },
		  124,
		  "timeout beats success" },
		{ { .start = ZC_START_RAN, .killed = true, .code = -1, .signal = 9 },
		  124,
		  "killed by the policy" },
		{ { .start = ZC_START_RAN, .not_kept = 1 },
		  125,
		  "success without all of its evidence" },
		{ { .start = ZC_START_RAN, .not_kept = 1, .violations = 1, .violation_exit = 0 },
		  125,
		  "violations made a success, but not all are in the evidence" },
		{ { .start = ZC_START_RAN, .not_kept = 1, .code = 3 },
		  3,
		  "a failure without all of its evidence" },
		{ { .start = ZC_START_RAN, .code = -1 }, 125, "an unknown status is not success" },
		{ { .start = ZC_START_REFUSED, .violations = 1, .violation_exit = 2 },
		  126,
		  "a refused command" },
		{ { .start = ZC_START_CANNOT }, 126, "a command that cannot run" },
		{ { .start = ZC_START_MISSING }, 127, "a missing command" },
		{ { .start = ZC_START_TROUBLE }, 125, "our own trouble" },
	};

	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		struct zc_exit exit = zc_exit_decide(&cases[i].facts);

		T_OK(exit.code == cases[i].code && exit.reason && *exit.reason, "exit %d: %s",
		     cases[i].code, cases[i].sentence);
	}
}

int main(void)
{
	test_times();
	test_numbers();
	test_options();
	test_mistakes();
	test_environment();
	test_preload();
	test_exit();
	T_DONE();
}
