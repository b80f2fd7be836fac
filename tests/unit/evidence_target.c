/* SPDX-License-Identifier: MIT */
/*
 * evidence_target.c - which programs cannot load the shim, and why.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/evidence.h"
#include "t.h"

static char dir[] = "/tmp/zc-target-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof(path[at]), "%s/%s", dir, name);
	return path[at];
}

static const char *write_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
	const char *path = in_dir(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		abort();
	close(fd);
	return path;
}

static bool says(const char *path, const char *want)
{
	const char *gap = zc_target_gap(path);

	printf("# %s: %s\n", path, gap ? gap : "none");
	return want ? gap && !strcmp(gap, want) : !gap;
}

/* This test's own program, changed. */
static char *self;
static size_t self_len;

static void read_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !(self = malloc((size_t)st.st_size)) ||
	    read(fd, self, (size_t)st.st_size) != st.st_size)
		abort();
	self_len = (size_t)st.st_size;
	close(fd);
}

static void test_elf(void)
{
	Elf64_Ehdr *ehdr = (void *)self;
	Elf64_Phdr *phdr = (void *)(self + ehdr->e_phoff);

	T_OK(says(write_file("dynamic", self, self_len, 0755), NULL), "a dynamic program can");
	for (unsigned i = 0; i < ehdr->e_phnum; i++)
		if (phdr[i].p_type == PT_INTERP)
			phdr[i].p_type = PT_NULL;
	T_OK(says(write_file("static", self, self_len, 0755), "static"),
	     "one without an interpreter cannot");
	ehdr->e_machine = EM_AARCH64;
	T_OK(says(write_file("foreign", self, self_len, 0755), "other architecture"),
	     "another machine's cannot");
	ehdr->e_machine = EM_386;
	T_OK(says(write_file("old", self, self_len, 0755), "32-bit program"),
	     "a 32-bit one cannot");
	T_OK(says(write_file("cut", self, 40, 0755), NULL),
	     "half a header is nothing that would run");
	T_OK(says("/lib64/ld-linux-x86-64.so.2", NULL),
	     "the loader itself can, though it has no interpreter");
	if (access("/lib/ld-musl-x86_64.so.1", R_OK))
		T_SKIP("no musl here");
	else
		T_OK(says("/lib/ld-musl-x86_64.so.1", NULL), "so can musl's");
}

static void test_scripts(void)
{
	char text[200];

	write_file("plain", "#!/bin/sh\n", 10, 0755);
	T_OK(says(in_dir("plain"), NULL), "a script of a dynamic shell can");
	snprintf(text, sizeof(text), "#! \t%s -x\necho\n", in_dir("static"));
	write_file("one", text, strlen(text), 0755);
	T_OK(says(in_dir("one"), "static"), "a script of a static interpreter cannot");
	snprintf(text, sizeof(text), "#!%s\n", in_dir("one"));
	write_file("two", text, strlen(text), 0755);
	T_OK(says(in_dir("two"), "static"), "nor can a script of such a script");
	snprintf(text, sizeof(text), "#!%s\n", in_dir("circle"));
	write_file("circle", text, strlen(text), 0755);
	T_OK(says(in_dir("circle"), NULL), "a script that is its own interpreter ends");
	T_OK(says(in_dir("missing"), NULL), "what is not there is exec's to say");
	if (!mkfifo(in_dir("fifo"), 0700))
		T_OK(says(in_dir("fifo"), NULL), "a FIFO does not block");
}

static void test_modes(void)
{
	const char *path = write_file("setuid", "#!/bin/sh\n", 10, 0755);

	if (getuid()) {
		T_SKIP("needs root to make a program of somebody else");
		return;
	}
	read_self();
	path = write_file("setuid", self, self_len, 04755);
	T_OK(says(path, NULL), "a setuid program of our own user changes nothing");
	if (!chown(path, 65534, 65534) && !chmod(path, 04755))
		T_OK(says(path, "setuid"), "one of another user cannot");
	if (!chmod(path, 02755))
		T_OK(says(path, "setgid"), "nor can setgid");
	if (chmod(path, 0) || chmod(dir, 0755) || seteuid(65533))
		abort();
	T_OK(says(path, "not readable"), "one that cannot be read is said to be so");
	if (seteuid(0))
		abort();
}

static void clean(void)
{
	static const char *const names[] = { "dynamic", "static", "foreign", "old",
					     "cut",     "plain",  "one",     "two",
					     "circle",  "fifo",   "setuid" };

	for (size_t i = 0; i < ZC_LEN(names); i++)
		unlink(in_dir(names[i]));
	rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	read_self();
	test_elf();
	test_scripts();
	free(self);
	self = NULL;
	test_modes();
	free(self);
	clean();
	T_DONE();
}
