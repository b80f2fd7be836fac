/* SPDX-License-Identifier: MIT */
/*
 * learn.c - from what was seen to a policy: on chosen cases, and on random ones held against decide().
 *
 * ZC_CASES=N tries N random runs; the number that is tried always meets everything below.
 */
#include <stdint.h>

#include "policy/learn/parts.h"
#include "tests/unit/policy.h"

static struct zc_policy_error error;

static struct zc_learn *new_learner(const char *text)
{
	struct zc_learn *learn = zc_learn_new(&p_world);

	if (learn && text && zc_learn_text(learn, "l.zc", text, strlen(text), &error) < 0)
		learn = zc_learn_free(learn);
	return learn;
}

static void see(struct zc_learn *learn, const char *path, unsigned need, unsigned flags)
{
	zc_learn_path(learn, path, strlen(path), need, flags);
}

/* The file, malloc'd; NULL: error. Frees the learner. */
static char *result_of(struct zc_learn *learn)
{
	char *copy = NULL;
	size_t len;

	if (zc_learn_finish(learn, &error) == 0)
		copy = strdup(zc_learn_result(learn, &len));
	zc_learn_free(learn);
	return copy;
}

static struct zc_image *image_of(const char *text)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	struct zc_image *image = NULL;
	size_t size;

	if (zc_policy_add_text(set, "l.zc", text, strlen(text), &error) == 0)
		zc_policy_freeze(set, &image, &size, &error);
	zc_policy_set_free(set);
	return image;
}

static bool allows(const struct zc_image *image, const char *path, unsigned cls)
{
	static const uint8_t ops[] = { ZC_OP_OPEN_READ, ZC_OP_OPEN_WRITE, ZC_OP_EXEC };
	struct zc_event event = { .op = ops[cls], .objects = 1 };

	event.object[0].path = path;
	event.object[0].path_len = (uint32_t)strlen(path);
	event.object[0].need = (uint8_t)(1u << cls);
	return zc_policy_decide(image, &event).action <= ZC_LOGGED;
}

/* --- names -------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *temporary, *elsewhere; /* the pattern; NULL: it stays */
} names[] = {
	{ "foo-aB3dE9", "foo-*", "foo-*" },
	{ "foo-ab3DEf", "foo-*", NULL },
	{ "npm-12345-ab12cd34", "npm-*", "npm-12345-*" },
	{ "tmp.aBcDeFgHiJ", "tmp.*", "tmp.*" },
	{ "tmpab1_2xyz", "tmp*", "tmp*" },
	{ "pip-req-build-q2w_e4rt", "pip-req-build-*", NULL },
	{ "ccAbCdEf.s", "cc*.s", NULL },
	{ "ccqwerty.cdtor.o", "cc*.cdtor.o", NULL },
	{ "tmp_pack_Kq3ZxY", "tmp_pack_*", "tmp_pack_*" },
	{ "3f9a8b7c6d5e4f3a2b1c", "*", "*" },
	{ "2026-11-22T05_06_46_123Z-debug-0.log", "*-debug-0.log", "*-debug-0.log" },
	{ "tmp.kkoYZSfypc", "tmp.*", "tmp.*" },
	{ "run-qz7rtp", "run-*", NULL },
	{ "fooBarBaz", NULL, NULL },
	{ "README", NULL, NULL },
	{ "Makefile", NULL, NULL },
	{ "CMakeCache.txt", "*.txt", NULL }, /* one wildcard too many */
	{ "python3", NULL, NULL },
	{ "output2.txt", NULL, NULL },
	{ "x86_64-linux-gnu", NULL, NULL },
	{ "sha256sum.txt", NULL, NULL },
	{ "libfoo.so.1.2.3", NULL, NULL },
	{ "package-lock.json", NULL, NULL },
};

static bool varies_like(const char *name, bool temporary, const char *want)
{
	struct zc_learn_stays stays;
	size_t len = strlen(name);
	char pattern[300];

	if (!zc_learn_varies(name, len, temporary, &stays))
		return want == NULL;
	snprintf(pattern, sizeof(pattern), "%.*s*%s", (int)stays.prefix, name,
		 name + len - stays.suffix);
	if (want == NULL || strcmp(pattern, want) != 0)
		printf("# %s -> %s\n", name, pattern);
	return want && strcmp(pattern, want) == 0;
}

static void test_names(void)
{
	for (size_t i = 0; i < ZC_LEN(names); i++) {
		T_OK(varies_like(names[i].name, true, names[i].temporary),
		     "%s in a temporary directory: %s", names[i].name,
		     names[i].temporary ? names[i].temporary : "as it is");
		T_OK(varies_like(names[i].name, false, names[i].elsewhere), "... elsewhere: %s",
		     names[i].elsewhere ? names[i].elsewhere : "as it is");
	}
}

/* --- chosen cases --------------------------------------------------------------------------------------- */

static bool has(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; at && (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void test_tiers(void)
{
	struct zc_learn *learn = new_learner(NULL);
	char *text;

	see(learn, p_path("home/.ssh/id_rsa"), ZC_NEED_READ, 0);
	see(learn, p_path("home/.bashrc"), ZC_NEED_WRITE, 0);
	for (int i = 0; i < 9; i++) {
		char path[40];

		snprintf(path, sizeof(path), "/etc/own%d.conf", i);
		see(learn, path, ZC_NEED_READ, 0);
		see(learn, p_path("project/src/f%d", i), ZC_NEED_READ, 0);
		see(learn, p_path("project/top%d", i), ZC_NEED_READ | ZC_NEED_WRITE, 0);
		see(learn, p_path("home/note%d", i), ZC_NEED_READ, 0);
	}
	see(learn, p_path("project"), ZC_NEED_READ, ZC_LEARN_DIRECTORY);
	see(learn, p_path("project/build"), ZC_NEED_WRITE, ZC_LEARN_MADE);
	see(learn, p_path("project/build/a.o"), ZC_NEED_READ | ZC_NEED_WRITE, 0);
	see(learn, "/opt/secret", ZC_NEED_READ, ZC_LEARN_REFUSED);
	see(learn, "/proc/4711/stat", ZC_NEED_READ, 0);
	see(learn, "/usr/bin/cat", ZC_NEED_RUN, 0);
	see(learn, "/usr/lib/x.so", ZC_NEED_READ, 0);
	zc_learn_sys(learn, "io-uring", true);
	zc_learn_sys(learn, "mount", false);
	zc_learn_sys(learn, "module", false);
	text = result_of(learn);
	if (!T_OK(text, "a policy comes of it: %s", error.text))
		return;
	T_OK(has(text, "#allow-read ~/.ssh/id_rsa") && has(text, "#allow-write ~/.bashrc"),
	     "what is protected is listed and not allowed");
	T_OK(has(text, "allow-read /etc/own0.conf") && has(text, "allow-read /etc/own8.conf") &&
		     !has(text, "allow-read /etc"),
	     "what is guarded is listed one by one");
	T_OK(has(text, "allow-read ${PROJECT}/src"), "a directory stands for many files of it");
	T_OK(has(text, "allow-read ${PROJECT}/top3") && has(text, "allow-write ${PROJECT}/top3") &&
		     has(text, "allow-read ~/note5"),
	     "but not the working directory, nor home");
	T_OK(has(text, "allow-read ${PROJECT}/."), "of which a listing is only a listing");
	T_OK(has(text, "allow-write ${PROJECT}/build") && has(text, "allow-read ${PROJECT}/build"),
	     "what the command makes is its own");
	T_OK(has(text, "quiet-deny-read /opt/secret"),
	     "what permissions refuse need not be allowed");
	T_OK(has(text, "allow-read ${OTHERS}/stat"), "other processes have other numbers");
	T_OK(has(text, "allow-run /usr/bin/cat") && !strstr(text, "/usr/lib/x.so"),
	     "programs are named, and what @base allows is not");
	T_OK(has(text, "quiet-deny-sys io-uring") && has(text, "allow-sys mount") &&
		     has(text, "#allow-sys module"),
	     "sys by name, but for what reaches past everything");
	free(text);
}

static void test_addresses(void)
{
	struct zc_endpoint at = { .family = 2, .port = 443, .addr = { 192, 0, 2, 1 } };
	struct zc_endpoint own = { .family = 2, .port = 0, .addr = { 127, 0, 0, 1 } };
	struct zc_endpoint metadata = { .family = 2, .port = 80, .addr = { 169, 254, 169, 254 } };
	struct zc_learn *learn = new_learner(NULL);
	char *text;

	zc_learn_net(learn, &at, NULL);
	zc_learn_net(learn, &at, "registry.example.org");
	zc_learn_net(learn, &metadata, NULL);
	zc_learn_host(learn, "no/such name");
	at.addr[3] = 9;
	for (at.port = 1; at.port < 5; at.port++)
		zc_learn_net(learn, &at, NULL);
	own.port = 8080;
	zc_learn_listen(learn, &own);
	own.port = 40001;
	zc_learn_net(learn, &own, NULL);
	text = result_of(learn);
	if (!T_OK(text, "addresses: %s", error.text))
		return;
	T_OK(has(text, "allow-net 192.0.2.1:443") &&
		     has(text, "allow-net registry.example.org:443"),
	     "an address, and a name where one is known");
	T_OK(has(text, "allow-net 192.0.2.9"), "many ports are any port");
	T_OK(has(text, "#allow-net 169.254.169.254:80"), "cloud metadata is protected");
	T_OK(has(text, "allow-listen 127.0.0.1:8080") && has(text, "allow-net 127.0.0.1:40001"),
	     "a port that was asked for is that port");
	free(text);
	learn = new_learner(NULL);
	zc_learn_net(learn, &own, NULL);
	own.port = 0;
	zc_learn_listen(learn, &own);
	text = result_of(learn);
	T_OK(text && has(text, "allow-listen 127.0.0.1") && has(text, "allow-net 127.0.0.1"),
	     "one that the kernel chose is any");
	free(text);
}

static void test_moves(void)
{
	struct zc_learn *learn = new_learner(NULL);
	struct zc_event event = { .op = ZC_OP_RENAME, .objects = 2 };
	char from[600], to[600], *text;
	struct zc_image *image;

	strcpy(from, p_path("project/out.new"));
	strcpy(to, p_path("project/out"));
	see(learn, from, ZC_NEED_WRITE, 0);
	see(learn, to, ZC_NEED_WRITE | ZC_NEED_READ, 0);
	zc_learn_move(learn, from, strlen(from), to, strlen(to), false, false);
	text = result_of(learn);
	image = text ? image_of(text) : NULL;
	if (!T_OK(image, "moves: %s", error.text))
		return;
	for (int i = 0; i < 2; i++) {
		event.object[i].path = i ? to : from;
		event.object[i].path_len = (uint32_t)strlen(event.object[i].path);
		event.object[i].need = ZC_NEED_WRITE;
		event.object[i].flags = ZC_OBJ_EXISTS;
	}
	T_OK(zc_policy_decide(image, &event).action == ZC_ALLOWED,
	     "what is moved may be read where it comes from, as where it goes");
	free(image);
	free(text);
}

static void test_file(void)
{
	const char *hand = "version 1\nallow-run /usr/bin   # mine\ndeny-read ${PROJECT}/private\n";
	struct zc_learn *learn = new_learner(hand);
	char *text, *again;

	see(learn, "/usr/bin/cat", ZC_NEED_RUN, 0);
	see(learn, p_path("project/a\n*b\xff #c"), ZC_NEED_READ, 0);
	see(learn, p_path("project/private"), ZC_NEED_READ, 0);
	see(learn, p_path("project/$x~"), ZC_NEED_READ, 0);
	text = result_of(learn);
	if (!T_OK(text, "a file written by hand is added to: %s", error.text))
		return;
	T_OK(strncmp(text, hand, strlen(hand)) == 0, "and stays as it is");
	T_OK(!has(text, "allow-run /usr/bin/cat"), "what it allows is not said again");
	T_OK(has(text, "#allow-read ${PROJECT}/private"), "what it denies is listed");
	T_OK(has(text, "allow-read ${PROJECT}/a\\x0a\\*b\\xff\\ \\#c"),
	     "any byte can be in a name");
	T_OK(zc_learn_is_ours(text, strlen(text)) && !zc_learn_is_ours(hand, strlen(hand)),
	     "the marks tell what is learnt");
	learn = new_learner(text);
	again = learn ? result_of(learn) : NULL;
	T_OK(again && strstr(again, "allow-read ${PROJECT}/a\\x0a\\*b\\xff\\ \\#c\n") &&
		     has(again, "#allow-read ${PROJECT}/private"),
	     "what was learnt is kept when nothing is added: %s", error.text);
	free(again);
	free(text);
	T_OK(!new_learner("version 1\n" ZC_LEARN_BEGIN "\nno-net\n" ZC_LEARN_END "\n") &&
		     strstr(error.text, "l.zc:3: between the marks"),
	     "%s", error.text);
	T_OK(!new_learner("allow-read /x\n" ZC_LEARN_BEGIN "\nallow-read /y\n") &&
		     strstr(error.text, "l.zc:2: the mark at the end"),
	     "%s", error.text);
	T_OK(!new_learner("allow-raed /x\n") && strstr(error.text, "l.zc:1: unknown rule"), "%s",
	     error.text);
}

/* --- random runs ---------------------------------------------------------------------------------------- */

static uint64_t state = 0x5eed;

static unsigned roll(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

struct seen {
	char path[200];
	unsigned need, flags;
};
#define SEEN_MAX 60

/* Returns true for a file: the last names of the list are files, and end a path. */
static bool roll_path(char *path, size_t cap, bool stars)
{
	static const char *const bases[] = { "project", "project",     "home",
					     "tmp",     "project/src", "home/.cache" };
	static const char *const outside[] = { "/etc",      "/opt/pkg",   "/proc/77",
					       "/srv/data", "/var/lib/x", "/" };
	static const char *const words[] = { "a",      "b",          "c",
					     "d",      "src",        "cache",
					     ".ssh",   "x*y",        ".git",
					     "hooks",  "q w",        "foo-aB3dE9",
					     "e",      "f",          "id_rsa",
					     ".npmrc", "pre-commit", "tmpab1_2xyz",
					     "z\n",    ".bashrc",    "3f9a8b7c6d5e4f3a",
					     "*",      "key*",       "\xff" };
	const unsigned directories = 12;
	unsigned parts = 1 + roll(4);
	bool file = false;
	size_t len;

	if (roll(4))
		len = (size_t)snprintf(path, cap, "%s", p_path("%s", bases[roll(ZC_LEN(bases))]));
	else
		len = (size_t)snprintf(path, cap, "%s", outside[roll(ZC_LEN(outside))]);
	if (roll(12) == 0)
		return false; /* the place itself */
	if (len == 1)
		len = 0;
	while (parts-- && !file) {
		unsigned word = roll(parts ? directories + 4 : ZC_LEN(words));

		if (!stars && strchr(words[word], '*'))
			word = 0;
		len += (size_t)snprintf(path + len, cap - len, "/%s", words[word]);
		file = word >= directories;
	}
	return file;
}

static unsigned roll_run(struct seen *seen, bool stars)
{
	unsigned count = 1 + roll(SEEN_MAX);

	for (unsigned i = 0; i < count; i++) {
		bool file = roll_path(seen[i].path, sizeof(seen[i].path), stars);

		seen[i].flags = file ? 0 : roll(3) ? ZC_LEARN_DIRECTORY : ZC_LEARN_MADE;
		seen[i].need = seen[i].flags & ZC_LEARN_MADE
				       ? ZC_NEED_WRITE
				       : 1 + roll(file ? 7 : 3); /* directories are not run */
	}
	return count;
}

static char *learn_from(const char *text, const struct seen *seen, unsigned count, bool moves)
{
	struct zc_learn *learn = new_learner(text);

	for (unsigned i = 0; learn && i < count; i++) {
		see(learn, seen[i].path, seen[i].need, seen[i].flags);
		if (moves && i % 5 == 4 && seen[i].need & seen[i - 1].need & ZC_NEED_WRITE)
			zc_learn_move(learn, seen[i].path, strlen(seen[i].path), seen[i - 1].path,
				      strlen(seen[i - 1].path),
				      (seen[i].flags | seen[i - 1].flags) != 0, false);
	}
	return learn ? result_of(learn) : NULL;
}

static bool complain(const char *what, const char *path, const char *text)
{
	printf("# %s: %s\n", what, path);
	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		printf("#   %.*s\n", (int)strcspn(line, "\n"), line);
	return false;
}

static unsigned long open_ones, locked_ones;

static bool holds(const char *text, const struct seen *seen, unsigned count,
		  const struct zc_image *protects)
{
	struct zc_image *image = image_of(text);
	bool ok = image != NULL;

	if (!ok)
		return complain("does not load", error.text, text);
	for (unsigned i = 0; ok && i < count; i++)
		for (unsigned cls = 0; ok && cls < 3; cls++) {
			bool locked = zc_learn_is_locked(protects, seen[i].path,
							 (uint32_t)strlen(seen[i].path), cls);

			if (!(seen[i].need >> cls & 1))
				continue;
			*(locked ? &locked_ones : &open_ones) += 1;
			if (allows(image, seen[i].path, cls) == locked)
				ok = complain(locked ? "is protected" : "is not allowed",
					      seen[i].path, text);
		}
	free(image);
	return ok;
}

/* Nothing that nobody used right in the places that never stand for what is in them. */
static bool stays_narrow(const char *text)
{
	const char *const places[] = { "/never-seen", "/etc/never-seen", p_path("home/never-seen"),
				       p_path("project/never-seen") };
	struct zc_image *image = image_of(text);
	bool ok = image != NULL;

	for (size_t i = 0; ok && i < ZC_LEN(places); i++)
		for (unsigned cls = 0; ok && cls < 3; cls++)
			if (allows(image, places[i], cls))
				ok = complain("is allowed", places[i], text);
	free(image);
	return ok;
}

/* Without the line of numbers, which tells of the last run alone. */
static bool same_rules(const char *a, const char *b)
{
	const char *from_a = strstr(a, "# 5 files"), *from_b = strstr(b, "# 5 files");

	if (from_a && from_b && strcmp(from_a, from_b) == 0)
		return true;
	complain("differs", "", a);
	return complain("from", "", b);
}

static void test_random(void)
{
	const char *cases = getenv("ZC_CASES");
	long rounds = cases && atol(cases) > 60 ? atol(cases) : 60;
	bool holds_all = true, narrow = true, again = true, converges = true;
	struct zc_learn *spare = zc_learn_new(&p_world);
	struct zc_image *protects = NULL;

	if (!T_OK(spare && zc_learn_protected(spare, &protects, &error) == 0,
		  "the protected paths"))
		return;
	for (long i = 0; i < rounds && holds_all && narrow && again && converges; i++) {
		struct seen one[SEEN_MAX], two[SEEN_MAX];
		/* Where names have a '*', wildcards give way, and what comes first counts. */
		bool stars = i % 2;
		unsigned ones = roll_run(one, stars), twos = roll_run(two, stars);
		char *first = learn_from(NULL, one, ones, true);
		char *second = first ? learn_from(first, one, ones, true) : NULL;
		/* A move is weighed against all that the other run needs, which may take another round. */
		char *plain = learn_from(NULL, one, ones, false);
		char *both = plain ? learn_from(plain, two, twos, false) : NULL;
		char *more = both ? learn_from(both, one, ones, false) : NULL;
		char *last = more ? learn_from(more, two, twos, false) : NULL;

		holds_all = last && second && holds(first, one, ones, protects) &&
			    holds(both, one, ones, protects) && holds(both, two, twos, protects);
		if (!last)
			complain("no policy", error.text, first);
		narrow = last && stays_narrow(both);
		again = second && same_rules(first, second);
		converges = stars || (last && same_rules(both, more) && same_rules(more, last));
		free(first), free(second), free(plain);
		free(both), free(more), free(last);
	}
	T_OK(holds_all,
	     "of %ld random runs all that was used is allowed, and what is protected is not",
	     rounds);
	T_OK(narrow, "and nothing else right in /, /etc, home or the working directory");
	T_OK(again, "the same run over a policy learnt from it changes nothing");
	T_OK(converges, "nor do two runs over the policy learnt from both");
	T_OK(open_ones > 1000 && locked_ones > 20, "(%lu uses allowed, %lu not)", open_ones,
	     locked_ones);
	free(protects);
	zc_learn_free(spare);
}

int main(void)
{
	p_begin();
	test_names();
	test_tiers();
	test_addresses();
	test_moves();
	test_file();
	test_random();
	p_end();
	T_DONE();
}
