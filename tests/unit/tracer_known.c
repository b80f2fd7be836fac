/* SPDX-License-Identifier: MIT */
/*
 * tracer_known.c - which spellings are kept as known: those that the run cannot make mean something else.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/decide.h"
#include "tests/unit/t.h"
#include "tracer/paths/known.h"

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
		{ "/proc/self/status", "fixed/me" }, { "../open/none", "fixed/to-none" },
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
					     "fixed/loop",     "fixed/me",       "fixed/to-none",
					     "fixed/fifo" };
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
	{ "fixed/file", true, true },       { "fixed/dir/file", true, true },
	{ "fixed/dir", true, true },        { "fixed/../fixed/./dir//file", true, true },
	{ "fixed/missing", true, true },    { "fixed/missing/below", true, true },
	{ "fixed/file/below", true, true }, { "open/missing", false, false },
	{ "fixed/to-none", false, false },  { "fixed/fifo", false, false },
	{ "fixed/to-fixed", false, true },  { "fixed/to-dir/file", false, true },
	{ "fixed/to-open", false, false },  { "fixed/around", false, false },
	{ "fixed/loop", false, false },     { "fixed/me", false, false },
	{ "open/file", false, false },      { "open/dir/../../fixed/file", false, false },
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
			     (zc_known_find(path, len, ZC_NEED_READ) == ZC_KNOWN_FIXED) == links,
		     "%s is %s", cases[i].name,
		     plain   ? "known"
		     : links ? "known for where its links lead"
			     : "not kept");
	}
	T_OK(!zc_known_find(at("fixed/file"), strlen(at("fixed/file")), ZC_NEED_WRITE),
	     "what is known to be read is not known to be written");
	T_OK(!zc_known_find(at("fixed/file"), strlen(at("fixed/file")) - 1, ZC_NEED_READ),
	     "nor is what begins alike");
	T_OK(!zc_known_learn(image, "/proc/self/status", 17, ZC_NEED_READ, true),
	     "what is about who asks is never kept");
	T_OK(!zc_known_learn(image, "/proc/self/none", 15, ZC_NEED_READ, true) &&
		     !zc_known_learn(image, "/dev/zc-none", 12, ZC_NEED_READ, true),
	     "nor is what is missing there");
}

static void test_forget(const struct zc_image *image)
{
	const char *file = at("fixed/file"), *other = at("open/file");

	zc_known_keep_plain(other, strlen(other), ZC_NEED_READ);
	T_OK(zc_known_find(other, strlen(other), ZC_NEED_READ) == ZC_KNOWN_PLAIN,
	     "what is only spelled plainly is kept as that");
	zc_known_forget();
	T_OK(!zc_known_find(file, strlen(file), ZC_NEED_READ) &&
		     !zc_known_find(other, strlen(other), ZC_NEED_READ),
	     "all of it is forgotten when mounts change");
	zc_mounts_begin();
	T_OK(!zc_known_learn(image, file, strlen(file), ZC_NEED_READ, false),
	     "nothing is known where it is not known what is procfs");
}

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define PROC "21 20 0:5 / /proc rw,nosuid shared:2 - proc proc rw\n"

static const struct {
	const char *what, *text;
	bool readable, sound, proc_elsewhere;
} mounts[] = {
	{ "a root and its procfs", ROOT PROC, true, true, false },
	{ "a file system of its own elsewhere",
	  ROOT PROC "30 20 8:2 / /srv rw - ext4 /dev/sdb rw\n", true, true, false },
	{ "a directory that is bound to another name",
	  ROOT PROC "30 20 8:1 /etc /srv rw - ext4 /dev/sda1 rw\n", true, false, false },
	{ "a directory that is bound to its own name",
	  ROOT PROC "30 20 8:1 /etc /etc ro - ext4 /dev/sda1 rw\n", true, true, false },
	{ "a second procfs", ROOT PROC "30 20 0:6 / /srv/proc rw - proc none rw\n", true, true,
	  true },
	{ "something below /proc", ROOT PROC "30 21 0:5 /sys /proc/sys ro - proc proc rw\n", true,
	  true, false },
	{ "a line that is none", ROOT "21 20\n", false, false, true },
	{ "nothing at all", "", false, false, true },
};

static void test_mounts(void)
{
	for (size_t i = 0; i < ZC_LEN(mounts); i++) {
		FILE *file = tmpfile();
		struct zc_mounts view;
		int r;

		if (!file || fputs(mounts[i].text, file) == EOF || fflush(file))
			abort();
		zc_mounts_begin();
		r = zc_mounts_read(fileno(file), &view);
		T_OK((r == 0) == mounts[i].readable && view.sound == mounts[i].sound &&
			     view.proc_elsewhere == mounts[i].proc_elsewhere &&
			     zc_mounts_are_proc(makedev(0, 5)) == true &&
			     zc_mounts_are_proc(makedev(8, 1)) == !mounts[i].readable,
		     "%s: %s%s", mounts[i].what, view.sound ? "sound" : "not sound",
		     view.proc_elsewhere ? ", procfs may be anywhere" : "");
		fclose(file);
	}
}

static void read_own_mounts(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct zc_mounts view;

	if (fd < 0 || zc_mounts_read(fd, &view) < 0)
		abort();
	close(fd);
}

int main(void)
{
	struct lab lab = lab_new(0);
	const struct zc_image *image;

	make_tree();
	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, R, "/");
	lab_path(&lab, ZC_LAYER_USER, ZC_SAYS_ALLOW, W, at("open"));
	image = lab_image(&lab);
	test_mounts();
	zc_mounts_begin();
	read_own_mounts();
	test_learn(image);
	test_forget(image);
	remove_tree();
	lab_free(&lab);
	T_DONE();
}
