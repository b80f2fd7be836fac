/* SPDX-License-Identifier: MIT */
/*
 * jail.c - --jail=DIR: is it a root directory of its own, or only a rule?
 *
 * As root in the modes sealed and hybrid the directory becomes the command's "/", and from then on
 * everything (rules, working directory, the command itself) is named as seen from inside. Everywhere
 * else the policy confines the command to the directory, under the names it has outside, and the run
 * says so.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "policy/policy_set.h"
#include "wrap/modes/layers.h"
#include "wrap/modes/probe.h"
#include "wrap/wrap.h"

/* --- which directory ---------------------------------------------------------------------------------- */

/* Two that differ are the policy's to complain about. */
static const char *asked_for(const struct zc_options *options)
{
	const char *value = NULL;

	for (size_t i = 0; i < options->policy_count; i++) {
		const struct zc_policy_flag *flag = &options->policy[i];

		if (strcmp(flag->name, "jail") != 0 || !flag->value || !*flag->value)
			continue;
		if (value && strcmp(value, flag->value) != 0)
			return NULL;
		value = flag->value;
	}
	return value;
}

/* As policies spell paths: "~/jail", "${PROJECT}/x", relative to here. */
static int spell_out(struct zc_job *job, const char *value, char path[ZC_PATH_CAP])
{
	char here[ZC_PATH_CAP];
	struct zc_policy_world world = {
		.home = getenv("HOME"),
		.project = getcwd(here, sizeof(here)),
		.tmpdir = getenv("TMPDIR"),
	};
	struct zc_policy_set *set = zc_policy_set_new(&world);
	struct zc_policy_error error = { "out of memory" };
	int r = set ? zc_policy_add_flag(set, "jail", value, &error) : -ENOMEM;
	const char *jail = r == 0 ? zc_policy_jail(set) : NULL;

	if (jail && strlen(jail) < ZC_PATH_CAP)
		memcpy(path, jail, strlen(jail) + 1);
	else if (r == 0)
		r = -ENAMETOOLONG;
	zc_policy_set_free(set);
	return r < 0 ? zc_trouble(&job->trouble, r, "%s", error.text) : 0;
}

static int find_jail(struct zc_job *job, const char *value)
{
	char path[ZC_PATH_CAP] = "";
	struct stat st;
	int r = spell_out(job, value, path), error;

	if (r < 0)
		return r;
	error = !realpath(path, job->jail)    ? errno
		: stat(job->jail, &st) < 0    ? errno
		: !S_ISDIR(st.st_mode)        ? ENOTDIR
		: access(job->jail, X_OK) < 0 ? errno
					      : 0;
	if (error)
		return zc_trouble(&job->trouble, -error, "--jail=%s: %s%s", value, strerror(error),
				  error == ENOENT ? "; scripts/build_jail_dev.sh makes one" : "");
	return 0;
}

/* --- a root directory of its own? --------------------------------------------------------------------- */

/* NULL: it is; or why not. */
static const char *why_policy_only(const struct zc_job *job)
{
	struct zc_kernel_wish kernel = { 0 };
	struct zc_trouble ignored;

	for (size_t i = 0; i < job->options->policy_count; i++)
		if (strcmp(job->options->policy[i].name, "audit") == 0)
			return "--audit confines nothing";
	if (!job->jail[1])
		return "it is the root directory already";
	if (strcmp(job->mode.used, "sealed") != 0 && !job->hybrid)
		return "only the modes sealed and hybrid change the root directory";
	zc_kernel_parse(job->options, &kernel, &ignored);
	if (!(kernel.take >> ZC_CONFINE_CHROOT & 1))
		return "--kernel leaves out chroot";
	if (geteuid() != 0)
		return "without root";
	if (!zc_host_confine(job->host, false, false)->chroot)
		return "this host lets us change no root directory";
	return NULL;
}

int zc_jail_choose(struct zc_job *job)
{
	const char *value = asked_for(job->options), *why;
	int r;

	if (!value || job->attach_count)
		return 0;
	r = find_jail(job, value);
	if (r < 0)
		return r;
	why = why_policy_only(job);
	job->jailed = !why;
	if (job->jailed)
		job->inside = false; /* the library lies outside of it */
	else if (strcmp(why, "without root") == 0)
		snprintf(job->jail_note, sizeof(job->jail_note),
			 "--jail without root: confined by policy only, and paths are as seen from "
			 "outside");
	else
		snprintf(job->jail_note, sizeof(job->jail_note),
			 "--jail is confined by policy only (%s), and paths are as seen from "
			 "outside",
			 why);
	return 0;
}

void zc_jail_note(struct zc_job *job)
{
	size_t count = 0;

	if (!*job->jail_note && !*job->jail && zc_policy_jail(job->set) && geteuid() == 0)
		snprintf(job->jail_note, sizeof(job->jail_note),
			 "the jail of a policy file is confined by policy only; as an option, "
			 "--jail=%s "
			 "changes the root directory",
			 zc_policy_jail(job->set));
	if (!*job->jail_note)
		return;
	if (!job->options->quiet)
		zc_say("%s", job->jail_note);
	while (job->notes[count])
		count++;
	job->notes[count] = job->jail_note; /* list_texts() left room */
}

/* --- where in it, and what ------------------------------------------------------------------------------ */

int zc_jail_directory(struct zc_job *job)
{
	const char *chosen = job->options->chdir;
	size_t len = strlen(job->jail);
	char here[ZC_PATH_CAP];
	struct stat st;
	int r, fd;

	memcpy(job->cwd, "/", 2);
	if (chosen) {
		r = zc_rooted_real(job->jail, chosen, job->cwd);
		fd = r < 0 ? r : zc_rooted_open(job->jail, chosen, O_PATH);
		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			r = -ENOTDIR;
		if (fd >= 0)
			close(fd);
		if (r < 0)
			return zc_trouble(&job->trouble, r, "--chdir=%s: %s in the jail '%s'",
					  chosen, strerror(-r), job->jail);
	} else if (getcwd(here, sizeof(here)) &&
		   zc_path_under(here, strlen(here), job->jail, len) && here[len]) {
		memcpy(job->cwd, here + len, strlen(here + len) + 1);
	}
	r = snprintf(job->start_dir, sizeof(job->start_dir), "%s%s", job->jail, job->cwd);
	return r < (int)sizeof(job->start_dir) ? 0
					       : zc_trouble(&job->trouble, -ENAMETOOLONG,
							    "the path of the jail is too long");
}

/* The loader that a program asks for; "" when none can be read. */
static void read_loader(int fd, char *loader, size_t cap)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	*loader = '\0';
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
		return;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		ssize_t n = pread(fd, &part, sizeof(part),
				  (off_t)(head.e_phoff + (uint64_t)i * head.e_phentsize));

		if (n != (ssize_t)sizeof(part))
			return;
		if (part.p_type != PT_INTERP)
			continue;
		if (part.p_filesz == 0 || part.p_filesz >= cap)
			return;
		n = pread(fd, loader, part.p_filesz, (off_t)part.p_offset);
		loader[n > 0 ? n : 0] = '\0';
		return;
	}
}

int zc_jail_check(struct zc_job *job)
{
	const struct zc_command *command = &job->command;
	char loader[256];
	int fd;

	if (!command->programs)
		return 0;
	fd = zc_rooted_open(job->jail, command->program[command->programs - 1].path, O_RDONLY);
	if (fd < 0)
		return 0; /* what cannot be read cannot be asked; exec says what it thinks of it */
	read_loader(fd, loader, sizeof(loader));
	close(fd);
	fd = *loader == '/' ? zc_rooted_open(job->jail, loader, O_PATH) : 0;
	if (fd > 0)
		close(fd);
	return fd >= 0 ? 0
		       : zc_trouble(&job->trouble, fd,
				    "cannot run '%s' in the jail '%s': its loader '%s' is not in "
				    "there; "
				    "scripts/build_jail_dev.sh copies what a program needs",
				    job->options->command[0], job->jail, loader);
}
