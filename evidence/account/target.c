/* SPDX-License-Identifier: MIT */
/*
 * target.c - can this program load the shim? A look at its mode and its ELF headers.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "evidence/evidence.h"

#define INTERPRETERS_MAX 5u /* the kernel follows as many #! lines */
#define LINE_CAP 256u       /* and reads as many bytes of each */

/* ld.so ignores LD_PRELOAD where an exec changes who the process is. */
static const char *mode_gap(int fd, const struct stat *st)
{
	struct statvfs fs;
	char capability;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	    (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOSUID))
		return NULL;
	if (st->st_mode & S_ISUID && st->st_uid != getuid())
		return "setuid";
	if ((st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->st_gid != getgid())
		return "setgid";
	if (getuid() && fgetxattr(fd, "security.capability", &capability, 0) > 0)
		return "file capabilities";
	return NULL;
}

/*
 * ld.so itself has no interpreter and still loads what LD_PRELOAD names. Only its name
 * tells it from a static program (musl's has no soname). A program that lies about its name never signs in, and is a gap for that reason.
 */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	return !strncmp(base, "ld-", 3) || !strcmp(base, "ld.so") || !strcmp(base, "libc.so");
}

static const char *elf_gap(int fd, const char *path)
{
	const char *gap = is_loader(path) ? NULL : "static";
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t count = 0;
	GElf_Ehdr ehdr;
	GElf_Phdr phdr;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr))
		gap = NULL; /* nothing that the kernel would run either */
	else if (ehdr.e_machine == EM_386 ||
		 (ehdr.e_machine == EM_X86_64 && ehdr.e_ident[EI_CLASS] == ELFCLASS32))
		gap = "32-bit program";
	else if (ehdr.e_machine != EM_X86_64)
		gap = "other architecture";
	else if (!elf_getphdrnum(elf, &count) && count < 4096)
		for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &phdr); i++)
			if (phdr.p_type == PT_INTERP)
				gap = NULL;
	elf_end(elf);
	return gap;
}

/* Takes the interpreter out of a #! line. */
static bool interpreter_of(char line[LINE_CAP], char ret_path[LINE_CAP])
{
	char *start = line + 2 + strspn(line + 2, " \t");
	size_t len = strcspn(start, " \t\n");

	if (memcmp(line, "#!", 2) != 0 || !len)
		return false;
	memcpy(ret_path, start, len);
	ret_path[len] = '\0';
	return true;
}

/* Looks at one file. Returns true when ret_next has the interpreter to look at instead. */
static bool look(const char *path, const char **ret_gap, char ret_next[LINE_CAP])
{
	char line[LINE_CAP] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool script = false;

	*ret_gap = NULL;
	if (fd < 0) {
		if (errno == EACCES)
			*ret_gap = "not readable";
		return false;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && pread(fd, line, sizeof(line) - 1, 0) >= 4) {
		script = interpreter_of(line, ret_next);
		if (!script)
			*ret_gap = mode_gap(fd, &st);
		if (!script && !*ret_gap)
			*ret_gap = elf_gap(fd, path);
	}
	close(fd);
	return script;
}

const char *zc_target_gap(const char *path)
{
	char current[LINE_CAP], next[LINE_CAP];
	const char *gap;

	elf_version(EV_CURRENT);
	for (unsigned i = 0; i <= INTERPRETERS_MAX && look(path, &gap, next); i++)
		path = memcpy(current, next, sizeof(current));
	return gap;
}
