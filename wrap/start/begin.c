/* SPDX-License-Identifier: MIT */
/*
 * begin.c - the command begins: may it, and then by the way that the mode goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/decide/policy.h"
#include "wrap/modes/layers.h"
#include "wrap/wrap.h"

int zc_begin_cannot(struct zc_job *job, enum zc_start start, const char *why)
{
	job->facts.start = start;
	return zc_trouble(&job->trouble, -EACCES, "cannot run '%s': %s", job->options->command[0],
			  why);
}

int zc_begin_judge(struct zc_job *job)
{
	void *frame = aligned_alloc(8, ZC_FRAME_MAX);
	bool refused = false;

	if (!frame)
		return zc_trouble(&job->trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; !refused && i < job->command.programs; i++) {
		size_t size;

		refused = zc_refuses(zc_command_judge(&job->command, i, job->image,
						      job->options->ask_ms, frame, &size));
		if (size)
			zc_evidence_supervisor_record(job->evidence, frame, size);
	}
	free(frame);
	return refused ? zc_begin_cannot(job, ZC_START_REFUSED, "the policy refuses it") : 0;
}

/* Somebody looks on: nothing of ours is in the command, and it gets no descriptor of ours. */
static int begin_watcher(struct zc_job *job)
{
	struct zc_watcher_setup setup = {
		.image = job->image,
		.page = job->channel.page,
		.socket = job->channel.fd[2],
		.root = getpid(),
		.before = &job->before,
	};
	int r = zc_watch_start(&job->watcher, &setup);

	if (r < 0)
		return zc_trouble(&job->trouble, r, "cannot start a thread: %s", strerror(-r));
	job->watcher_socket = job->channel.fd[2];
	job->channel.fd[2] = -1;
	return 0;
}

static int spawn(struct zc_job *job, pid_t *ret_pid)
{
	struct zc_launch launch = {
		.exe = job->command.exe,
		.argv = job->command.argv,
		.env = job->env,
		.chdir = job->options->chdir ? job->start_dir : NULL,
		.pass_fds = job->channel.fd,
		.pass_count = job->inside ? ZC_LEN(job->channel.fd) : 0,
		.new_session = job->options->new_session,
		.die_with_parent = job->options->die_with_parent,
		.inherited = job->inherited,
		.plan = job->plan,
		.page = job->channel.page,
	};
	enum zc_launch_step failed;
	int layer[ZC_CONFINE_LAYERS], r;

	memset(layer, -1, sizeof(layer));
	r = zc_spawn(&launch, ret_pid, &failed, layer);
	zc_channel_let_go(&job->channel);
	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++)
		zc_layers_applied(job, i, layer[i]);
	if (r == 0)
		return 0;
	if (failed == ZC_LAUNCH_CONFINE)
		return zc_layers_blame(job, r);
	if (failed != ZC_LAUNCH_EXEC)
		return zc_trouble(&job->trouble, r, "cannot start a process: %s", strerror(-r));
	return zc_begin_cannot(job, r == -ENOENT ? ZC_START_MISSING : ZC_START_CANNOT,
			       strerror(-r));
}

int zc_begin(struct zc_job *job, pid_t *ret_pid)
{
	int r = 0;

	if (job->traced) {
		r = zc_trace_launch(job);
		*ret_pid = job->tracing.command;
		return r;
	}
	if (!job->inside)
		r = begin_watcher(job);
	return r == 0 ? spawn(job, ret_pid) : r;
}

/* The first process, which should sign in. */
void zc_begin_note(struct zc_job *job, pid_t pid)
{
	static const char unprivileged[] =
		"it cannot gain privileges: sudo, ping and other programs that are set-user-ID run "
		"without them";
	const char *program;

	if (job->attach_count)
		return; /* they sign in where they are found */
	program = job->command.program[job->command.programs - 1].path;
	zc_evidence_command(job->evidence, pid, program,
			    job->traced   ? NULL
			    : job->inside ? zc_target_gap(program)
					  : zc_watch_gap);
	if (strcmp(job->mode.used, "sealed") == 0 && !job->layer[ZC_CONFINE_LANDLOCK].applied)
		zc_evidence_note(
			job->evidence, "unsealed",
			"nothing in the kernel stands below the tracer: layers of run.json "
			"says why");
	/* A filter needs it too, of who has no privileges. */
	if (job->layer[ZC_CONFINE_NNP].applied || (job->traced && geteuid() != 0))
		zc_evidence_note(job->evidence, "no-new-privs", unprivileged);
}
