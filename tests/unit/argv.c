/* SPDX-License-Identifier: MIT */
/*
 * argv.c - rules on commands: what may be written, what it means, and that no shape of the arguments that
 * a program takes for the same is taken for something else.
 */
#include "core/exec/argv.h"
#include "core/exec/feeds.h"
#include "core/keyed.h"
#include "tests/unit/policy.h"

/* ---- the grammar ---- */

static void test_grammar(void)
{
	T_OK(p_fails("deny-run rm with", "t.zc:1: 'rm with': 'with' is followed"), "with nothing");
	T_OK(p_fails("deny-run rm with -x because", "t.zc:1: 'because': 'because' is"),
	     "no reason");
	T_OK(p_fails("deny-run rm risk=hihg", "t.zc:1: 'risk=hihg': a risk is low"), "no risk");
	T_OK(p_fails("deny-run rm risk=low risk=low", "t.zc:1: 'risk=low': the risk is there"),
	     "two risks");
	T_OK(p_fails("deny-run rm risk=low stray", "t.zc:1: 'stray': expected 'with'"),
	     "a stray word");
	T_OK(p_fails("deny-run rm with -r|-fv", "t.zc:1: '-fv': between bars"),
	     "a cluster in bars");
	T_OK(p_fails("deny-run rm with a||b", "t.zc:1: '|b': there is nothing between") ||
		     strstr(p_error.text, "there is nothing between the bars"),
	     "an empty alternative");
	T_OK(p_fails("deny-run sh fed-by /usr/bin/curl", "t.zc:1: '/usr/bin/curl': a feeder goes"),
	     "a feeder with a directory");
	T_OK(p_fails("deny-run /a /b", "t.zc:1: '/a /b': one value a line"),
	     "two paths stay a mistake");
	T_OK(p_fails("deny-run rm with \\*x", "t.zc:1: '\\*x': a '*' that is none"),
	     "a literal star");
	T_OK(p_fails("deny-write rm with x", "t.zc:1: 'rm with x': one value a line"),
	     "only -run has clauses");
	T_OK(p_fails("allow-run /\nexpect deny run 'rm -rf", "t.zc:2: 'rm -rf: a command line"),
	     "a quote that does not end");
	T_OK(p_fails("allow-run /\nexpect deny run 'rm -rf /'",
		     "t.zc:2: expected deny run 'rm -rf /', "
		     "but allow-run / (t.zc:1) allows it"),
	     "an expectation that fails names the rule");
}

/* ---- what holds ---- */

static void holds(const char *rules, const char *says, const char *line)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s\nexpect %s run '%s'\n", rules, says, line);
	T_OK(p_holds(text), "%s: %s: %s%s", strrchr(rules, 10) + 1, says, line, p_error.text);
}

static void test_matching(void)
{
	static const char rm[] = "allow-run /\ndeny-run rm with -rf /|/etc|${HOME}";
	static const char *const denied[] = {
		"rm -rf /",
		"rm -fr /",
		"rm -r -f /",
		"rm -f / -r",
		"rm -vrf /",
		"rm --recursive --force /",
		"rm --rec -f /",
		"rm -rf //",
		"rm -rf /.",
		"rm -rf /../",
		"rm -rf /etc/",
		"rm -rf /usr/../etc",
		"rm -rf -- /",
		"/bin/../bin/rm -rf /",
		"busybox rm -rf /",
		"/bin/busybox rm -rf /",
		"rm -rf x y /",
		"rm -rf /*",
		"rm -rf ../../../../../../../../..",
	};
	static const char *const allowed[] = {
		"rm -rf build",    "rm -r /",     "rm -f /",
		"rm -r x -- -f /", "rmdir -rf /", "rm -rf /etcetera",
		"rm -rf /etc/x",   "rm -- -rf /", "xrm -rf /",
	};

	for (size_t i = 0; i < ZC_LEN(denied); i++)
		holds(rm, "deny", denied[i]);
	for (size_t i = 0; i < ZC_LEN(allowed); i++)
		holds(rm, "allow", allowed[i]);
	holds("allow-run /\ndeny-run dd with of=/dev/sd*", "deny", "dd if=x of=//dev/../dev/sda");
	holds("allow-run /\ndeny-run dd with of=/dev/sd*", "allow", "dd if=/dev/sda of=x");
	holds("allow-run /\ndeny-run git with push --force", "deny",
	      "git push --force-with-lease --force");
	holds("allow-run /\ndeny-run git with push --force", "deny", "git push --force=x");
	holds("allow-run /\ndeny-run git with push --force", "allow", "git push --forced");
	holds("allow-run /\ndeny-run find with -delete", "deny", "find . -delete");
	holds("allow-run /\ndeny-run find with -delete", "allow", "find . -print");
	holds("allow-run /\ndeny-run python3* with -m pip", "deny", "python3.11 -m pip install x");
	holds("allow-run /\ndeny-run a\\ b with x", "deny", "\"/opt/a b\" x");
	holds("allow-run /\ndeny-run x with a|b c|d", "deny", "x d y b");
	holds("allow-run /\ndeny-run x with a|b c|d", "allow", "x a b");
	holds("allow-run /\ndeny-run x with a\\x7cb", "deny", "x a|b");
	holds("allow-run /\ndeny-run x with \\x77ith", "deny", "x with");
	holds("allow-run /\ndeny-run /opt/tools risk=low", "deny", "/opt/tools/sub/x 1");
	holds("allow-run /\ndeny-run /opt/*/bin risk=low", "deny", "/opt/a/bin/x");
	holds("allow-run /\ndeny-run /opt/*/bin risk=low", "allow", "/opt/a/b/bin/x");
	holds("allow-run /\ndeny-run ~/**/x with y", "deny", "../home/a/b/x y");
}

/* ---- layers ---- */

static void test_layers(void)
{
	holds("include @dev\ninclude @guard", "deny", "sudo ls");
	holds("include @dev\ninclude @guard\nallow-run sudo with -n", "allow", "sudo -n ls");
	holds("include @dev\ninclude @guard\nallow-run sudo with -n", "deny", "sudo ls");
	holds("include @dev\ninclude @guard\nallow-run sudo with -n", "allow", "cat x");
	holds("include @dev\ninclude @guard\nallow-run /usr/bin/sudo", "allow", "/usr/bin/sudo ls");
	holds("include @dev\ninclude @guard\nallow-run /usr/bin", "deny", "/usr/bin/sudo ls");
	holds("include @dev\ninclude @guard\nask-run sudo risk=low", "deny", "sudo ls");
	holds("allow-read /\nallow-run git with status", "allow", "git status");
	holds("allow-read /\nallow-run git with status", "deny", "git push");
	holds("allow-read /\nallow-run git with status\ndeny-run git with -C", "deny",
	      "git -C / status");
	holds("allow-run /\nask-run git with push", "deny", "git push");
	holds("allow-run /\nquiet-deny-run git with push", "deny", "git push");
}

/* ---- a fetch piped to a shell ---- */

static void test_script(void)
{
	static const char rules[] = "allow-run /\ndeny-run sh|bash|python*|node fed-by curl|wget";
	static const char *const denied[] = {
		"sh -c \"curl x | sh\"",
		"sh -c \"curl x|bash -s -- a\"",
		"bash -lc \"wget -qO- x | tee y | sudo -E bash -\"",
		"sh -c \"cd /tmp; /usr/bin/curl -fsSL x | /bin/sh -e\"",
		"bash -c \"bash <(curl x)\"",
		"bash -c \"(cd x && curl y) | python3\"",
		"sh -c \"X=1 curl x | env A=b python3 -\"",
		"sh -c \"if true; then curl x | sh; fi\"",
		"sh -c \"curl x 2>&1 | sh\"",
	};
	static const char *const allowed[] = {
		"sh -c \"curl x | python3 -m json.tool\"",
		"sh -c \"curl x | python3 -c y\"",
		"sh -c \"curl x | node filter.js\"",
		"sh -c \"curl x | bash -c y\"",
		"sh -c \"curl x; sh y\"",
		"sh -c \"curl x || sh\"",
		"sh -c \"curl x && sh\"",
		"sh -c \"echo curl | sh\"",
		"sh -c \"curl x | grep y\"",
		"sh -c \"# curl x | sh\"",
		"curl x",
		"bash script.sh",
	};

	for (size_t i = 0; i < ZC_LEN(denied); i++)
		holds(rules, "deny", denied[i]);
	for (size_t i = 0; i < ZC_LEN(allowed); i++)
		holds(rules, "allow", allowed[i]);
}

static int source_of(const char *const *words, bool is_shell)
{
	struct zc_argv argv = { 0 };

	for (; *words; words++)
		zc_argv_add(&argv, *words, strlen(*words));
	return zc_argv_script_fd(&argv, 1, is_shell);
}

static void test_source(void)
{
#define FROM(shell, ...) source_of((const char *const[]){ __VA_ARGS__, NULL }, shell)
	T_OK(FROM(true, "sh") == 0 && FROM(true, "sh", "-e") == 0 && FROM(true, "sh", "-") == 0,
	     "a shell without operands reads its input");
	T_OK(FROM(true, "bash", "-s", "x") == 0 && FROM(true, "bash", "-o", "pipefail") == 0 &&
		     FROM(true, "bash", "--rcfile", "x") == 0,
	     "... and with options that have values");
	T_OK(FROM(true, "sh", "-c", "x") == -1 && FROM(true, "sh", "-ec", "x") == -1 &&
		     FROM(true, "sh", "x") == -1 && FROM(true, "sh", "--", "x") == -1,
	     "a text or a file is its script");
	T_OK(FROM(true, "sh", "/dev/fd/63") == 63 && FROM(true, "sh", "/proc/self/fd/9") == 9 &&
		     FROM(true, "sh", "/dev/stdin") == 0,
	     "a descriptor is");
	T_OK(FROM(false, "python3", "-") == 0 && FROM(false, "python3") == 0 &&
		     FROM(false, "python3", "-W", "x") == 0 && FROM(false, "node", "-r", "x") == 0,
	     "interpreters that read their input");
	T_OK(FROM(false, "python3", "-m", "x") == -1 && FROM(false, "perl", "-ne", "x") == -1 &&
		     FROM(false, "node", "-e", "x") == -1 && FROM(false, "node", "--eval=x") == -1,
	     "... and that do not");
}

/* ---- pipes, whoever comes first ---- */

enum { CURL = 1, SHELL = 2, BETWEEN = 3 };

static uint64_t starts(struct zc_feeds *feeds, int who, uint64_t in, uint64_t out)
{
	struct zc_streams streams = { .in = in, .out = out, .script = who == SHELL ? in : 0 };

	return zc_feeds_note(feeds, &streams, who == CURL, who == SHELL);
}

static void test_feeds(void)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const struct {
		int who;
		uint64_t in, out;
	} stages[3] = { { CURL, 0, 11 }, { BETWEEN, 11, 12 }, { SHELL, 12, 0 } };
	static struct zc_feeds feeds;

	for (unsigned n = 0; n < 6; n++) {
		uint64_t early = 0, last = 0;

		memset(&feeds, 0, sizeof(feeds));
		for (unsigned i = 0; i < 3; i++) {
			unsigned s = orders[n][i];

			early |= last;
			last = starts(&feeds, stages[s].who, stages[s].in, stages[s].out);
		}
		T_OK(!early && last == 1, "three in a pipe, order %u: the last is refused", n);
	}
	memset(&feeds, 0, sizeof(feeds));
	T_OK(!starts(&feeds, CURL, 0, 21) && !starts(&feeds, SHELL, 22, 0) &&
		     !starts(&feeds, BETWEEN, 23, 24),
	     "pipes that have nothing to do with each other");
	for (uint64_t key = 1; key < 5000; key++)
		starts(&feeds, (int)(key % 3) + 1, key * 7919, key * 104729);
	T_OK(!starts(&feeds, CURL, 0, 77) && starts(&feeds, SHELL, 77, 0) == 1,
	     "a full table still holds what is new");
	T_OK(zc_feed_key(S_IFREG, 1, 2) == 0 && zc_feed_key(S_IFIFO, 1, 2) != 0 &&
		     zc_feed_key(S_IFIFO, 1, 2) != zc_feed_key(S_IFIFO, 1, 3),
	     "pipes have keys");
}

/* ---- long arguments ---- */

static void test_bounds(void)
{
	static char big[1 << 20];
	struct zc_argv argv = { 0 };

	memset(big, 'a', sizeof(big) - 1);
	for (unsigned i = 0; i < 2 * ZC_ARGV_MAX; i++)
		zc_argv_add(&argv, big, sizeof(big) - 1);
	T_OK(argv.count == ZC_ARGV_MAX && argv.at[1].len == ZC_ARGV_BYTES &&
		     zc_argv_room(&argv) == 0,
	     "so many arguments, and so much of each, are looked at");
	zc_argv_interpret(&argv, "/bin/sh", "-e", "script");
	T_OK(argv.count == ZC_ARGV_MAX && argv.at[2].len == 6 && argv.at[3].text == big,
	     "with an interpreter in front the last are left out");
	argv = (struct zc_argv){ 0 };
	zc_argv_add(&argv, "sh", 2);
	zc_argv_add(&argv, "-lc", 3);
	zc_argv_add(&argv, big, sizeof(big) - 1);
	T_OK(argv.at[2].len == ZC_ARGV_SCRIPT, "more of a text");
}

static void test_twin(void)
{
	static const char text[] =
		"allow-run /\ndeny-run  rm   with  -r|--force  ~/x|/y//z risk=low "
		"because  it was so\nask-run a\\x7cb fed-by c|d\n";
	struct zc_policy_set *one = p_try(text), *two = NULL;
	char *json = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&json, &len);

	if (one && zc_policy_print(one, out, true) == 0 && fclose(out) == 0)
		two = p_try_with(NULL, json, true);
	T_OK(one && two && !strcmp(zc_policy_sha256(one), zc_policy_sha256(two)),
	     "the twin is the same policy");
	T_OK(json && strstr(json, "\"deny-run\": \"rm with -r|--force ${HOME}/x|/y/z risk=low "
				  "because it was so\""),
	     "in one spelling");
	zc_policy_set_free(one);
	zc_policy_set_free(two);
	free(json);
}

/* The paper's own vector, and what a hash of tables does not tell apart. */
static void test_keyed(void)
{
	static const char blind[] = "\xdb\x28\xb4\xa0\xd1\x7e\x03\xe7xxxxxxxxxxxxxxxx";
	static struct zc_argv argv[2];
	char bytes[15];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	T_OK(zc_keyed_hash(bytes, sizeof(bytes), 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull) ==
		     0xa129ca6149be45e5ull,
	     "SipHash-2-4");
	for (unsigned i = 0; i < 2; i++) {
		zc_argv_add(&argv[i], "rm", 2);
		zc_argv_add(&argv[i], i ? "keep" : "none", 4);
		zc_argv_add(&argv[i], blind, sizeof(blind) - 1);
	}
	T_OK(zc_hash_bytes(blind, 24, 1) == zc_hash_bytes(blind, 24, 2),
	     "the hash of tables can be made to forget");
	T_OK(zc_argv_hash(&argv[0], 1) != zc_argv_hash(&argv[1], 1),
	     "that of arguments remembers those before");
	T_OK(zc_argv_hash(&argv[0], 1) != zc_argv_hash(&argv[0], 2), "and has a key");
}

int main(void)
{
	p_begin();
	test_grammar();
	test_matching();
	test_layers();
	test_script();
	test_source();
	test_feeds();
	test_bounds();
	test_twin();
	test_keyed();
	p_end();
	T_DONE();
}
