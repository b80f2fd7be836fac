/* SPDX-License-Identifier: MIT */
/*
 * setup.c - everything before the first thing is made: where, with what environment, which program,
 * under which policy. A run that ends here leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/account/baseline.h"
#include "policy/policy_set.h"
#include "wrap/wrap.h"

extern char **environ;

static int find_directory(struct zc_job *job)
{
	char real[ZC_PATH_CAP];
	struct stat st;

	if (job->jailed)
		return zc_jail_directory(job);
	if (!job->options->chdir) {
		if (getcwd(job->cwd, sizeof(job->cwd)) && *job->cwd == '/') {
			memcpy(job->start_dir, job->cwd, sizeof(job->cwd));
			return 0;
		}
		return zc_trouble(&job->trouble, -ENOENT,
				  "cannot find out the working directory: %s", strerror(errno));
	}
	if (!realpath(job->options->chdir, real) || stat(real, &st) < 0)
		return zc_trouble(&job->trouble, -errno, "--chdir=%s: %s", job->options->chdir,
				  strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return zc_trouble(&job->trouble, -ENOTDIR, "--chdir=%s: %s", job->options->chdir,
				  strerror(ENOTDIR));
	memcpy(job->cwd, real, strlen(real) + 1);
	memcpy(job->start_dir, real, strlen(real) + 1);
	return 0;
}

static int find_command(struct zc_job *job)
{
	const char *name = job->options->command[0];
	int r;

	job->env = zc_env_build(job->options, environ);
	if (!job->env)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	r = name ? zc_command_find(&job->command, job->options->command,
				   job->jailed ? job->jail : NULL, job->cwd, job->env)
		 : 0;
	if (r < 0)
		return zc_trouble(&job->trouble, r, "cannot look for '%s': %s", name, strerror(-r));
	if (job->jailed)
		return zc_jail_check(job);
	if (!job->inside)
		return 0;
	r = zc_env_preload(&job->env, job->shim, job->command.programs ? &job->command.look : NULL);
	return r < 0 ? zc_trouble(&job->trouble, r, "cannot set LD_PRELOAD: %s", strerror(-r)) : 0;
}

/* -p: the processes to attach to. */
static int find_attached(struct zc_job *job)
{
	const struct zc_option_list *list = &job->options->attach;

	job->attach = calloc(list->count + 1, sizeof(*job->attach));
	if (!job->attach)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; i < list->count; i++) {
		unsigned long pid;

		if (zc_option_number(list->item[i], 1ul << 30, &pid) < 0 || pid == 0)
			return zc_trouble(&job->trouble, -EINVAL,
					  "--attach=%s: expected the number of a process",
					  list->item[i]);
		if ((pid_t)pid == getpid())
			return zc_trouble(&job->trouble, -EINVAL, "--attach=%s: that is us",
					  list->item[i]);
		if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
			return zc_trouble(&job->trouble, -ESRCH, "--attach=%s: no such process",
					  list->item[i]);
		job->attach[job->attach_count++] = (pid_t)pid;
	}
	return 0;
}

/* The command does not get the descriptor on which others are told about it. */
static int own_copy(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (copy >= 0 && fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return copy;
}

static int open_append(struct zc_job *job, const char *option, const char *name, FILE **ret)
{
	unsigned long number;
	int fd;

	if (zc_option_number(name, INT_MAX, &number) == 0 && strcmp(option, "json") == 0)
		fd = own_copy((int)number);
	else
		fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
			  0666);
	*ret = fd >= 0 ? fdopen(fd, "a") : NULL;
	if (!*ret)
		return zc_trouble(&job->trouble, -errno, "--%s=%s: %s", option, name,
				  strerror(errno));
	/* Whole lines: others may append to the same file. */
	setvbuf(*ret, NULL, _IOLBF, BUFSIZ);
	return 0;
}

static int open_outputs(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	int r = 0;

	job->human = stderr;
	if (options->output)
		r = open_append(job, "output", options->output, &job->human);
	if (r == 0 && options->json)
		r = open_append(job, "json", options->json, &job->json);
	return r;
}

int zc_setup_look(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	bool looking = options->show_policy || options->freeze || options->attach.count ||
		       zc_explain_wanted(options);
	int r;

	if (!options->command[0] && !looking)
		return zc_trouble(&job->trouble, -EINVAL,
				  "no command; usage: %s [OPTION ...] [--] COMMAND "
				  "[ARGUMENT ...]; '%s --help' says more",
				  zc_say_name, zc_say_name);
	if (options->status_fd >= 0 && fcntl(options->status_fd, F_GETFD) < 0)
		return zc_trouble(&job->trouble, -EBADF, "--status-fd=%d: no such open descriptor",
				  options->status_fd);
	/* One that was named must be there, whatever the mode makes of it. */
	r = zc_channel_find_shim(options->shim, job->shim, &job->trouble);
	if (r < 0 && !options->shim)
		r = *job->shim = 0;
	if (r == 0)
		r = zc_mode_choose(&job->mode, options, job->host, &job->trouble);
	job->traced = r == 0 && zc_mode_is_traced(job->mode.used);
	job->hybrid = r == 0 && strcmp(job->mode.used, "hybrid") == 0;
	job->inside = r == 0 && (job->hybrid || strcmp(job->mode.used, "shim") == 0);
	if (job->traced)
		r = zc_trace_find(job->tracer, &job->trouble);
	if (r == 0)
		r = find_attached(job);
	if (r == 0)
		r = open_outputs(job);
	if (r == 0)
		r = zc_jail_choose(job);
	if (r == 0)
		r = find_directory(job);
	if (r == 0 && options->project)
		r = zc_project_find(job->start_dir, job->project, job->project_file, &job->trouble);
	if (r == 0)
		r = find_command(job);
	if (r < 0 || zc_store_choose(&job->store, options->log_dir, &job->trouble) == 0)
		return r;
	/* Who only looks writes nothing, and needs no place for it. */
	job->store.log_dir[0] = '\0';
	return options->log_dir || !(zc_explain_wanted(options) || options->show_policy) ? -EACCES
											 : 0;
}

/* --- the policy ------------------------------------------------------------------------------------ */

/* --output and --json, where they are files: nobody else writes there either. */
static size_t own_output(FILE *file, char path[ZC_PATH_CAP])
{
	char link[40];
	struct stat st;
	ssize_t len;

	if (!file || fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode) ||
	    fileno(file) <= STDERR_FILENO)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(file));
	len = readlink(link, path, ZC_PATH_CAP - 1);
	if (len <= 0 || *path != '/')
		return 0;
	path[len] = '\0';
	return 1;
}

/* Installed, zcname lies beside the shim. */
static size_t own_namer(const char *shim, char path[ZC_PATH_CAP])
{
	const char *slash = strrchr(shim, '/');

	return slash &&
	       snprintf(path, ZC_PATH_CAP, "%.*s/zcname", (int)(slash - shim), shim) <
		       (int)ZC_PATH_CAP &&
	       access(path, F_OK) == 0;
}

/* What the command must never write: the programs that watch it. */
static void list_own_files(struct zc_job *job)
{
	static const char *const names[] = { "zcwrap", "zctrace", "zcaudit", "zcname",
					     "libzcshim.so" };
	char self[ZC_PATH_CAP];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
	size_t count = 0;

	while (len > 0 && self[len - 1] != '/')
		len--;
	for (size_t i = 0; len > 0 && i < ZC_LEN(names); i++) {
		int n = snprintf(job->own[count], ZC_PATH_CAP, "%.*s%s", (int)len, self, names[i]);

		if (n < (int)ZC_PATH_CAP && access(job->own[count], F_OK) == 0)
			count++;
	}
	if (*job->shim && (count == 0 || strcmp(job->own[count - 1], job->shim) != 0))
		memcpy(job->own[count++], job->shim, ZC_PATH_CAP);
	count += own_namer(job->shim, job->own[count]);
	count += own_output(job->human, job->own[count]);
	count += own_output(job->json, job->own[count]);
	for (size_t i = 0; i < count; i++)
		job->own_write[i] = job->own[i];
}

static const char *home(const struct zc_job *job)
{
	const char *named = zc_env_get(job->env, "HOME");
	const struct passwd *user;

	if (named && *named == '/')
		return named;
	user = getpwuid(getuid());
	return user && *user->pw_dir == '/' ? user->pw_dir : "/";
}

/* One policy of the run from its files and flags. Returns 0 or -errno with job->trouble. */
static int freeze_stricter(struct zc_job *job, const struct zc_policy_world *world,
			   struct zc_image **ret_image, size_t *ret_size)
{
	const struct zc_option_list *files = &job->options->audit_policy;
	struct zc_policy_error error = { "" };
	int r = 0;

	job->stricter_set = zc_policy_set_new(world);
	if (!job->stricter_set)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < files->count; i++)
		r = zc_policy_add_flag(job->stricter_set, "policy", files->item[i], &error);
	if (r == 0)
		r = zc_policy_freeze(job->stricter_set, ret_image, ret_size, &error);
	for (size_t i = 0; r == 0 && zc_policy_file(job->stricter_set, i); i++)
		r = zc_policy_protect(job->set, zc_policy_file(job->stricter_set, i));
	return r < 0 ? zc_trouble(&job->trouble, r, "--audit-policy: %s",
				  *error.text ? error.text : strerror(-r))
		     : 0;
}

/* What somebody accepted must be what somebody accepted: the command does not write it either. */
static int read_baseline(struct zc_job *job)
{
	char text[1024], real[ZC_PATH_CAP];
	int r;

	if (!job->options->baseline)
		return 0;
	r = zc_baseline_read(&job->baseline, job->options->baseline, text, sizeof(text));
	if (r < 0)
		return zc_trouble(&job->trouble, r, "--baseline: %s", text);
	if (realpath(job->options->baseline, real))
		r = zc_policy_protect(job->set, real);
	return r < 0 ? zc_trouble(&job->trouble, r, "out of memory") : 0;
}

static int freeze(struct zc_job *job, const struct zc_policy_world *world)
{
	const struct zc_policy_flag *flag = job->options->policy;
	struct zc_policy_error error = { "" };
	struct zc_image *stricter = NULL;
	size_t stricter_size = 0;
	int r = read_baseline(job);

	if (r == 0 && job->options->audit_policy.count)
		r = freeze_stricter(job, world, &stricter, &stricter_size);
	if (r < 0)
		return r;
	if (*job->project_file)
		r = zc_policy_add_flag(job->set, "policy", job->project_file, &error);
	for (size_t i = 0; r == 0 && i < job->options->policy_count; i++)
		r = zc_policy_add_flag(job->set, flag[i].name, flag[i].value, &error);
	if (r == 0)
		r = zc_policy_freeze(job->set, &job->image, &job->image_size, &error);
	if (r == 0 && stricter) {
		r = zc_policy_join(&job->image, &job->image_size, stricter, stricter_size);
		if (r < 0)
			snprintf(error.text, sizeof(error.text), "--audit-policy: %s",
				 strerror(-r));
	}
	free(stricter);
	return r < 0 ? zc_trouble(&job->trouble, r, "%s", error.text) : 0;
}

int zc_setup_freeze(struct zc_job *job)
{
	const char *const never_read[] = { *job->key_path ? job->key_path : NULL, NULL };
	struct zc_policy_world world = {
		.home = home(job),
		.project = *job->project ? job->project : job->cwd,
		.tmpdir = zc_env_get(job->env, "TMPDIR"),
		.log_dir = *job->store.log_dir ? job->store.log_dir : NULL,
		.ours_write = job->own_write,
		.ours_read = never_read,
		.supervisor = { getpid() },
		.supervisor_group = getpgrp(),
		.jail = job->jailed ? job->jail : NULL,
		.shim_path = *job->shim ? job->shim : NULL,
		.command = job->command.programs ? job->command.program[0].path : NULL,
		.gate = job->hybrid,
	};
	int r;

	job->home = world.home;
	job->tmpdir = world.tmpdir;
	world.learn = world.names = job->options->learn != NULL;
	/* Never 0: that is what a session without an image looks like. */
	while (!world.instance)
		if (getrandom(&world.instance, sizeof(world.instance), 0) != sizeof(world.instance))
			return zc_trouble(&job->trouble, -EIO, "no random numbers: %s",
					  strerror(errno));
	list_own_files(job);
	job->set = zc_policy_set_new(&world);
	if (!job->set)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	r = zc_lesson_check(job);
	return r < 0 ? r : freeze(job, &world);
}

int zc_setup_show(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	int r = 0;

	if (!options->show_policy && !options->print_command && !options->freeze)
		return -1;
	if (options->print_command)
		zc_show_command(&job->command, environ, job->env, stdout);
	if (options->print_command && !options->show_policy)
		fputs("policy:\n", stdout);
	if (options->print_command || options->show_policy)
		r = zc_policy_print(job->set, stdout, options->show_policy_json);
	if (r < 0 || fflush(stdout) != 0)
		zc_say("cannot write to standard output");
	else if (options->freeze &&
		 (r = zc_show_freeze(options->freeze, job->image, job->image_size)) < 0)
		zc_say("cannot write --freeze=%s: %s", options->freeze, strerror(-r));
	return r < 0 || ferror(stdout) ? ZC_EXIT_TROUBLE : 0;
}
