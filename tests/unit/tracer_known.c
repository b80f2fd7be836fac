/* SPDX-License-Identifier: MIT */
/*
 * tracer_known.c - which spellings are kept as known: those that the run cannot make mean something else.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/decide.h"
#include "tests/unit/t.h"
#include "tracer/notify/known.h"

static char base[] = "/tmp/zc-known-XXXXXX";

static const char *at(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *into = path[turn++ % 4];

	snprintf(into, 256, "%s%s%s", base, *name ? "/" : "", name);
	return into;
}

static void make_tree(void)
{
	static const char *const directories[] = { "fixed", "fixed/dir", "open", "open/dir" };
	static const char *const files[] = { "fixed/file", "fixed/dir/file", "open/file",
					     "open/dir/file" };
	static const char *const links[][2] = {
		{ "file", "fixed/to-fixed" },        { "../open/file", "fixed/to-open" },
		{ "../fixed/file", "open/back" },    { "../open/back", "fixed/around" },
		{ "dir", "fixed/to-dir" },           { "loop", "fixed/loop" },
		{ "/proc/self/status", "fixed/me" },
	};

	if (!mkdtemp(base))
		abort();
	for (size_t i = 0; i < ZC_LEN(directories); i++)
		if (mkdir(at(directories[i]), 0700) < 0)
			abort();
	for (size_t i = 0; i < ZC_LEN(files); i++)
		if (mknod(at(files[i]), S_IFREG | 0600, 0) < 0)
			abort();
	for (size_t i = 0; i < ZC_LEN(links); i++)
		if (symlink(links[i][0], at(links[i][1])) < 0)
			abort();
	if (mkfifo(at("fixed/fifo"), 0600) < 0)
		abort();
}

static void remove_tree(void)
{
	static const char *const names[] = { "fixed/dir/file", "open/dir/file",  "fixed/file",
					     "open/file",      "fixed/to-fixed", "fixed/to-open",
					     "open/back",      "fixed/around",   "fixed/to-dir",
					     "fixed/loop",     "fixed/me",       "fixed/fifo" };
	static const char *const directories[] = { "fixed/dir", "open/dir", "fixed", "open", "" };

	for (size_t i = 0; i < ZC_LEN(names); i++)
		unlink(at(names[i]));
	for (size_t i = 0; i < ZC_LEN(directories); i++)
		rmdir(at(directories[i]));
}

static const struct {
	const char *name;
	bool plain, links; /* is it kept when links may not, and may, be on the way? */
} cases[] = {
	{ "fixed/file", true, true },      { "fixed/dir/file", true, true },
	{ "fixed/dir", true, true },       { "fixed/../fixed/./dir//file", true, true },
	{ "fixed/missing", false, false }, { "fixed/fifo", false, false },
	{ "fixed/to-fixed", false, true }, { "fixed/to-dir/file", false, true },
	{ "fixed/to-open", false, false }, { "fixed/around", false, false },
	{ "fixed/loop", false, false },    { "fixed/me", false, false },
	{ "open/file", false, false },     { "open/dir/../../fixed/file", false, false },
	{ "open/back", false, false },
};

static void test_learn(const struct zc_image *image)
{
	for (size_t i = 0; i < ZC_LEN(cases); i++) {
		const char *path = at(cases[i].name);
		size_t len = strlen(path);
		bool plain = zc_known_learn(image, path, len, ZC_NEED_READ, false);
		bool links = zc_known_learn(image, path, len, ZC_NEED_READ, true);

		T_OK(plain == cases[i].plain && links == cases[i].links &&
			     zc_known_allows(path, len, ZC_NEED_READ) == links,
		     "%s is %s", cases[i].name,
		     plain   ? "known"
		     : links ? "known for where its links lead"
			     : "not kept");
	}
	T_OK(!zc_known_allows(at("fixed/file"), strlen(at("fixed/file")), ZC_NEED_WRITE),
	     "what is known to be read is not known to be written");
	T_OK(!zc_known_allows(at("fixed/file"), strlen(at("fixed/file")) - 1, ZC_NEED_READ),
	     "nor is what begins alike");
	T_OK(!zc_known_learn(image, "/proc/self/status", 17, ZC_NEED_READ, true),
	     "what is about who asks is never kept");
}

int main(void)
{
	struct lab lab = lab_new(0);

	make_tree();
	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, R, "/");
	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, W, at("open"));
	test_learn(lab_image(&lab));
	remove_tree();
	lab_free(&lab);
	T_DONE();
}
