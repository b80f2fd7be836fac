/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the way to the command that leads over zctrace, which is run as a program of its own.
 *
 *   zcwrap --fork, exec--> zctrace --session=... --fork, seize, exec--> the command
 *
 * zctrace gets the run's three descriptors, one end of a control socket, and the command's
 * environment as a file: its own is ours, so that nothing which is meant for the command (LD_PRELOAD,
 * LD_LIBRARY_PATH ...) is loaded into the judge. Only these two programs hold the sockets, so what
 * comes from zctrace's pid there is evidence from outside, and only what it says on the control
 * socket is the command's status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrap/modes/layers.h"
#include "wrap/wrap.h"

extern char **environ;

#define START_MS 60000 /* seizing a process of very many threads may take a while */

int zc_trace_find(char path[ZC_PATH_CAP], struct zc_trouble *trouble)
{
	static const char name[] = "zctrace";
	ssize_t len = readlink("/proc/self/exe", path, ZC_PATH_CAP - sizeof(name));

	if (len <= 0 || len >= (ssize_t)(ZC_PATH_CAP - sizeof(name)))
		return zc_trouble(trouble, -ENOENT, "cannot find out where zcwrap lies");
	while (len > 0 && path[len - 1] != '/')
		len--;
	memcpy(path + len, name, sizeof(name));
	if (access(path, X_OK) < 0)
		return zc_trouble(trouble, -errno, "cannot use '%s': %s; 'make' builds it", path,
				  strerror(errno));
	return 0;
}

/* The texts end to end, each with its NUL, in a file without a name. */
static int write_environment(char *const *env)
{
	int fd = memfd_create("zencube-environment", MFD_CLOEXEC);

	for (; fd >= 0 && *env; env++) {
		size_t len = strlen(*env) + 1, done = 0;

		while (done < len) {
			ssize_t n = write(fd, *env + done, len - done);

			if (n <= 0) {
				close(fd);
				return -ENOSPC;
			}
			done += (size_t)n;
		}
	}
	return fd < 0 ? -errno : fd;
}

/* --- zctrace's command line --------------------------------------------------------------------- */

struct line {
	char **argument;
	size_t count;
	bool failed;
};

static void add(struct line *line, const char *format, ...) ZC_PRINTF(2, 3);
static void add(struct line *line, const char *format, ...)
{
	char **more = realloc(line->argument, (line->count + 2) * sizeof(*more));
	va_list args;

	if (!more) {
		line->failed = true;
		return;
	}
	line->argument = more;
	va_start(args, format);
	if (vasprintf(&more[line->count], format, args) < 0)
		line->failed = true;
	else
		line->count++;
	va_end(args);
	more[line->count] = NULL;
}

static void line_finish(struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		free(line->argument[i]);
	free(line->argument);
}

/* What zctrace is handed besides the session. -1: none. */
struct handed {
	int control, environment, plan;
};

static void add_all(struct line *line, const struct zc_job *job, const struct handed *handed)
{
	const struct zc_options *options = job->options;

	add(line, "%s", "zctrace");
	add(line, "--session=%s", job->channel.variable);
	if (job->channel.open_fd >= 0)
		add(line, "--open-page=%d", job->channel.open_fd);
	add(line, "--control=%d", handed->control);
	if (strcmp(job->mode.used, "trace") != 0)
		add(line, "--engine=%s", job->mode.engine);
	if (handed->plan >= 0)
		add(line, "--confine=%d", handed->plan);
	if (options->digest)
		add(line, "--digest=%u", options->digest);
	if (options->verbose)
		add(line, "--verbose");
	if (options->stacks)
		add(line, "--stacks");
	if (options->summary)
		add(line, "--summary");
	if (options->classes)
		add(line, "--classes=%s", options->classes);
	if (options->verbose || options->summary)
		add(line, "--view=%d", fileno(job->human));
	for (size_t i = 0; i < job->attach_count; i++)
		add(line, "--attach=%d", (int)job->attach[i]);
	if (job->attach_count)
		return;
	if (options->new_session)
		add(line, "--new-session");
	add(line, "--environment=%d", handed->environment);
	add(line, "--program=%s", job->command.exe);
	add(line, "--");
	for (char *const *text = job->command.argv; *text; text++)
		add(line, "%s", *text);
}

/* --- starting --------------------------------------------------------------------------------------- */

static int spawn(struct zc_job *job, const struct handed *handed)
{
	struct zc_launch launch = {
		.exe = job->tracer,
		.env = environ,
		.chdir = job->options->chdir ? job->start_dir : NULL,
		.die_with_parent = job->options->die_with_parent,
		.inherited = job->inherited,
	};
	int pass[8] = { handed->control };
	enum zc_launch_step failed;
	struct line line = { 0 };
	int r = -ENOMEM;

	memcpy(pass + 1, job->channel.fd, sizeof(job->channel.fd));
	launch.pass_fds = pass;
	launch.pass_count = 4;
	if (job->channel.open_fd >= 0)
		pass[launch.pass_count++] = job->channel.open_fd;
	if (handed->environment >= 0)
		pass[launch.pass_count++] = handed->environment;
	if (handed->plan >= 0)
		pass[launch.pass_count++] = handed->plan;
	if (fileno(job->human) > STDERR_FILENO)
		pass[launch.pass_count++] = fileno(job->human);
	add_all(&line, job, handed);
	if (!line.failed) {
		launch.argv = line.argument;
		r = zc_spawn(&launch, &job->tracing.tracer, &failed, NULL);
	}
	line_finish(&line);
	return r < 0 ? zc_trouble(&job->trouble, r, "cannot start zctrace: %s", strerror(-r)) : 0;
}

static int tracer_gone(struct zc_job *job, const char *what)
{
	int status = 0;

	kill(job->tracing.tracer, SIGKILL);
	while (waitpid(job->tracing.tracer, &status, 0) < 0 && errno == EINTR)
		;
	return zc_trouble(&job->trouble, -EPIPE, "zctrace %s", what);
}

/* Which exit code it comes to is what execve's errno says; the rest is our own trouble. */
static int refused(struct zc_job *job, const struct zc_control *word)
{
	const char *why = strerror(word->value);

	while (waitpid(job->tracing.tracer, NULL, 0) < 0 && errno == EINTR)
		;
	if (word->step == ZC_CONTROL_AT_EXEC) {
		job->facts.start = word->value == ENOENT ? ZC_START_MISSING : ZC_START_CANNOT;
		return zc_trouble(&job->trouble, -word->value, "cannot run '%s': %s",
				  job->options->command[0], why);
	}
	if (word->step == ZC_CONTROL_AT_START && zc_layers_failed(job))
		return zc_layers_blame(job, -word->value);
	if (word->step != ZC_CONTROL_AT_ATTACH)
		return zc_trouble(&job->trouble, -word->value, "cannot trace '%s': %s%s",
				  job->options->command[0] ? job->options->command[0] : "", why,
				  word->value != EPERM ? ""
						       : "; we are traced ourselves, or this host "
							 "forbids ptrace: see --mode=shim");
	return zc_trouble(&job->trouble, -word->value, "cannot attach to process %d: %s%s",
			  word->pid, why,
			  word->value != EPERM
				  ? ""
				  : "; it is another user's, traced already, or "
				    "kernel.yama.ptrace_scope forbids it (as root it works)");
}

static int next_word(struct zc_job *job, struct zc_control *ret)
{
	struct pollfd poller = { .fd = job->tracing.control, .events = POLLIN };
	int ready;

	do {
		ready = poll(&poller, 1, START_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return tracer_gone(job, "did not start the command in time");
	if (!zc_trace_hear(job->tracing.control, ret))
		return tracer_gone(job, "ended before the command began");
	return 0;
}

/* Which engine it came to be, and why not the one that was to be tried. */
static int take_engine(struct zc_job *job, const struct zc_control *word)
{
	const char *engine = word->value == ZC_SOURCE_NOTIFY ? "notify" : "ptrace";

	if (strcmp(engine, job->mode.engine) != 0 && strcmp(job->options->engine, "auto") != 0)
		return tracer_gone(job, "cannot use the engine that was asked for");
	if (strcmp(engine, job->mode.engine) != 0 && word->step)
		zc_mode_engine_lost(&job->mode, (int)word->step);
	job->mode.engine = engine;
	zc_evidence_engine(job->evidence, engine,
			   *job->mode.engine_why ? job->mode.engine_why : NULL);
	return 0;
}

static int wait_for_start(struct zc_job *job)
{
	struct zc_control word;
	bool told = false;
	int r;

	do {
		r = next_word(job, &word);
		if (r == 0 && word.kind == ZC_CONTROL_LAYER)
			zc_layers_applied(job, word.step, word.value);
		if (r == 0 && word.kind == ZC_CONTROL_ENGINE) {
			r = take_engine(job, &word);
			told = true;
		}
	} while (r == 0 && (word.kind == ZC_CONTROL_LAYER || word.kind == ZC_CONTROL_ENGINE));
	if (r < 0)
		return r;
	if (word.kind == ZC_CONTROL_FAILED)
		return refused(job, &word);
	if (word.kind != ZC_CONTROL_STARTED || word.pid <= 0)
		return tracer_gone(job, "said something else than that the command began");
	job->tracing.command = word.pid;
	if (!told)
		take_engine(job, &(struct zc_control){ .value = ZC_SOURCE_PTRACE });
	return 0;
}

/* A word that arrives later makes SIGIO, which the main loop waits for among the other signals. */
static int arm(struct zc_job *job)
{
	int fd = job->tracing.control;

	if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)
		return tracer_gone(job, "cannot be listened to");
	return 0;
}

int zc_trace_launch(struct zc_job *job)
{
	struct handed handed = { .environment = -1, .plan = -1 };
	int pair[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return zc_trouble(&job->trouble, -errno, "cannot make a socket: %s",
				  strerror(errno));
	job->tracing.control = pair[0];
	handed.control = pair[1];
	if (!job->attach_count)
		r = handed.environment = write_environment(job->env);
	if (r >= 0 && job->plan)
		r = handed.plan = zc_layers_seal(job);
	r = r < 0 ? zc_trouble(&job->trouble, r, "cannot hand on environment and plan: %s",
			       strerror(-r))
		  : spawn(job, &handed);
	close(pair[1]);
	if (handed.environment >= 0)
		close(handed.environment);
	if (handed.plan >= 0)
		close(handed.plan);
	zc_channel_let_go(&job->channel);
	if (r == 0)
		r = wait_for_start(job);
	return r == 0 ? arm(job) : r;
}

bool zc_trace_hear(int control, struct zc_control *ret)
{
	ssize_t n;

	do {
		n = recv(control, ret, sizeof(*ret), 0);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret);
}

int zc_trace_blame(struct zc_job *job)
{
	int status = job->ending.tracer_status;

	job->facts.start = ZC_START_TROUBLE;
	if (WIFSIGNALED(status))
		return zc_trouble(&job->trouble, -EPIPE,
				  "zctrace was ended by signal %d (%s) before what it traced",
				  WTERMSIG(status), strsignal(WTERMSIG(status)));
	return zc_trouble(&job->trouble, -EPIPE,
			  "zctrace ended with status %d before what it traced",
			  WEXITSTATUS(status));
}
