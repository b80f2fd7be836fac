/* SPDX-License-Identifier: MIT */
/*
 * session.c - the tracer's start and end, as zcwrap runs it.
 *
 *   zctrace --session=1:IMAGE:... --control=FD [--engine=ptrace|notify] [--confine=FD] [--verbose ...]
 *           --environment=FD --program=FILE -- COMMAND
 *   zctrace --session=1:IMAGE:... --control=FD [--verbose ...] --attach=PID ...
 *
 * The command must not notice who stands between: descriptors of ours are CLOEXEC before there is a
 * command, signals are blocked and never handled or ignored (dispositions survive exec), and we leave
 * its process group, so that what it or a terminal sends to the group never stops its judge.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "evidence/naming/naming.h"
#include "tracer/engine.h"
#include "tracer/names/names.h"
#include "tracer/notify/notify.h"
#include "tracer/ptrace/ptrace.h"
#include "tracer/session.h"
#include "tracer/tracer.h"
#include "tracer/withdraw.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

struct start {
	struct zc_tracer_options options;
	int environment, view, confine;
	pid_t *attach;
	size_t attach_count;
};

/* --- options: zcwrap's words, still checked --------------------------------------------------- */

static int number(const char *text, int *ret)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || end == text || value < 0 || value > INT32_MAX)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

static int add_attach(struct start *start, const char *text)
{
	pid_t *more = realloc(start->attach, (start->attach_count + 2) * sizeof(*more));
	int pid;

	if (!more)
		return -ENOMEM;
	start->attach = more;
	if (number(text, &pid) < 0 || pid == 0)
		return -EINVAL;
	more[start->attach_count++] = pid;
	more[start->attach_count] = 0;
	return 0;
}

static const char *value_of(const char *argument, const char *name)
{
	size_t len = strlen(name);

	return strncmp(argument, name, len) == 0 && argument[len] == '=' ? argument + len + 1
									 : NULL;
}

static int parse_one(struct start *start, const char *argument)
{
	struct zc_tracer_options *o = &start->options;
	const struct {
		const char *name;
		bool *flag;
	} flags[] = { { "--verbose", &o->verbose },
		      { "--stacks", &o->stacks },
		      { "--summary", &o->summary },
		      { "--new-session", &o->new_session } };
	const struct {
		const char *name;
		int *fd;
	} fds[] = { { "--control", &o->control },
		    { "--environment", &start->environment },
		    { "--confine", &start->confine },
		    { "--open-page", &o->open_page },
		    { "--view", &start->view } };
	const char *value;
	int digest;

	for (size_t i = 0; i < ZC_LEN(flags); i++)
		if (strcmp(argument, flags[i].name) == 0) {
			*flags[i].flag = true;
			return 0;
		}
	for (size_t i = 0; i < ZC_LEN(fds); i++)
		if ((value = value_of(argument, fds[i].name)))
			return number(value, fds[i].fd);
	if ((value = value_of(argument, "--session")))
		return zc_session_parse(&o->session, value);
	if ((value = value_of(argument, "--attach")))
		return add_attach(start, value);
	if ((value = value_of(argument, "--digest"))) {
		if (number(value, &digest) < 0)
			return -EINVAL;
		o->digest = (unsigned)digest;
		return 0;
	}
	if ((value = value_of(argument, "--classes")))
		o->classes = value;
	else if ((value = value_of(argument, "--program")))
		o->exe = value;
	else if ((value = value_of(argument, "--engine")))
		return (o->engine = zc_engine_find(value)) ? 0 : -EINVAL;
	else
		return -EINVAL;
	return 0;
}

static int parse(struct start *start, int argc, char **argv)
{
	int at = 1, r = 0;

	for (; r == 0 && at < argc && strcmp(argv[at], "--") != 0; at++)
		r = parse_one(start, argv[at]);
	start->options.command = argv + (at < argc ? at + 1 : argc);
	start->options.attach = start->attach;
	if (r == 0 && !start->attach &&
	    (!start->options.exe || !start->options.command[0] || start->environment < 0))
		r = -EINVAL;
	return r;
}

/* --- what zcwrap left for us ----------------------------------------------------------------------- */

static int close_on_exec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

static void *map_file(int fd, uint64_t inode, int protection, size_t least, size_t *ret_size)
{
	struct stat st;
	void *block;

	if (fstat(fd, &st) < 0 || st.st_ino != inode || st.st_size < (off_t)least)
		return NULL;
	block = mmap(NULL, (size_t)st.st_size, protection, MAP_SHARED, fd, 0);
	*ret_size = (size_t)st.st_size;
	return block == MAP_FAILED ? NULL : block;
}

/* NUL after each text; the block stays mapped as long as we live. */
static int take_environment(int fd, char *const **ret)
{
	size_t count = 0, size;
	struct stat st;
	char **list, *block;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	block = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) : NULL;
	if (block == MAP_FAILED || (size && block[size - 1]))
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		count += block[i] == '\0';
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < count; i++, at += strlen(block + at) + 1)
		list[i] = block + at;
	*ret = list;
	return 0;
}

/* A plan is sealed by who made it; it is checked all the same. It stays mapped as long as we live. */
static int take_plan(int fd, const struct zc_confine_plan **ret)
{
	struct stat st;
	void *block;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return -EINVAL;
	block = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (block == MAP_FAILED)
		return -errno;
	*ret = block;
	close(fd);
	return zc_confine_check(block, (size_t)st.st_size);
}

/* Nothing in it is believed: it says where names may have changed, and who has a gate. */
static int take_open_page(struct zc_tracer *tracer)
{
	int fd = tracer->options->open_page;
	struct stat st;

	tracer->open_page = tracer->page;
	if (fd < 0)
		return tracer->image->gate ? -EINVAL : 0;
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct zc_page))
		return -EINVAL;
	tracer->open_page =
		mmap(NULL, sizeof(struct zc_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return tracer->open_page == MAP_FAILED ? -errno : 0;
}

static int take_over(struct start *start, struct zc_tracer *tracer)
{
	struct zc_tracer_options *o = &start->options;
	const int own[] = { o->session.image_fd, o->session.page_fd, o->session.socket_fd,
			    o->control };
	size_t size = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ZC_LEN(own); i++)
		r = close_on_exec(own[i]);
	if (r == 0 && start->environment >= 0)
		r = close_on_exec(start->environment);
	if (r == 0 && o->open_page >= 0)
		r = close_on_exec(o->open_page);
	if (r == 0 && start->view > STDERR_FILENO)
		r = close_on_exec(start->view);
	if (r < 0)
		return r;
	tracer->image = map_file(o->session.image_fd, o->session.image_ino, PROT_READ,
				 sizeof(struct zc_image), &size);
	if (!tracer->image || zc_image_check(tracer->image, size) < 0)
		return -EINVAL;
	tracer->page = map_file(o->session.page_fd, o->session.page_ino, PROT_READ | PROT_WRITE,
				sizeof(struct zc_page), &size);
	if (!tracer->page || tracer->page->magic != ZC_PAGE_MAGIC)
		return -EINVAL;
	r = take_open_page(tracer);
	if (r < 0)
		return r;
	tracer->socket = o->session.socket_fd;
	/* The policy says what is refused; -p without --enforce comes with an auditing one. */
	o->enforce = !start->attach || !(tracer->image->flags & ZC_IMAGE_AUDIT);
	r = take_plan(start->confine, &o->plan);
	if (r == 0)
		r = zc_peers_start(tracer);
	if (r == 0 && start->environment >= 0)
		r = take_environment(start->environment, &o->environment);
	return r;
}

static int open_view(struct start *start)
{
	int fd = start->view < 0 ? -1 : fcntl(start->view, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (start->view < 0)
		return 0;
	start->options.view = fd < 0 ? NULL : fdopen(fd, "a");
	if (!start->options.view)
		return -errno;
	setvbuf(start->options.view, NULL, _IOLBF, BUFSIZ);
	return 0;
}

/* --- between us and the command ---------------------------------------------------------------------- */

/* A closed 0, 1 or 2 gets something that does not survive exec, so that nothing of ours lands there. */
static void guard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return;
}

/*
 * Those of faults too: `kill -ABRT 0` reaches us where we stay in the command's group, and a fault of our own
 * ends us all the same. Only a sanitizer must be let to report one.
 */
static void hold_signals(struct zc_tracer_options *o)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;
#if defined(SANITIZED)
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
#endif

	sigfillset(&set);
#if defined(SANITIZED)
	for (size_t i = 0; i < ZC_LEN(faults); i++)
		sigdelset(&set, faults[i]);
#endif
	sigaction(SIGCHLD, &plain, &o->child);
	sigprocmask(SIG_SETMASK, &set, &o->mask);
}

/* The judge: out of reach of what is sent to the command's group, and of whoever shares our user. */
static void withdraw(bool is_parent)
{
	zc_tracer_leave_group(is_parent);
#if !defined(SANITIZED) /* LeakSanitizer must attach to us */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static int say_failed(const struct start *start, int step, pid_t pid, int error)
{
	struct zc_control word = { ZC_CONTROL_FAILED, (uint32_t)step, pid, error };

	zc_control_tell(start->options.control, &word);
	return ZC_TRACE_TROUBLE;
}

static void say_started(const struct start *start, pid_t pid)
{
	struct zc_control word = { ZC_CONTROL_STARTED, 0, pid, 0 };

	zc_control_tell(start->options.control, &word);
}

/* Only who has asked for an engine is told. error: why not the one that was asked for. */
static void say_engine(const struct zc_tracer *tracer, int error)
{
	struct zc_control word = { ZC_CONTROL_ENGINE, (uint32_t)error, 0,
				   (int32_t)tracer->engine->source };

	if (tracer->options->engine)
		zc_control_tell(tracer->options->control, &word);
}

/* With the engine that was asked for where it works, else with ptrace. */
static pid_t launch(struct zc_tracer *tracer, int *ret_exec_error)
{
	const struct zc_engine *asked = tracer->options->engine;
	int error = asked ? zc_engine_fits(asked) : 0;
	pid_t pid;

	if (asked && !error)
		tracer->engine = asked;
	pid = tracer->engine->launch(tracer, ret_exec_error);
	if (pid < 0 && tracer->notify && tracer->notify->unfit) {
		error = tracer->notify->unfit;
		zc_notify_finish(tracer);
		tracer->engine = &zc_engine_ptrace;
		pid = tracer->engine->launch(tracer, ret_exec_error);
	}
	say_engine(tracer, error);
	return pid;
}

static int begin_command(struct zc_tracer *tracer, const struct start *start)
{
	int exec_error = 0;
	pid_t pid = launch(tracer, &exec_error);

	if (pid < 0)
		return say_failed(start, ZC_CONTROL_AT_START, 0, -pid);
	if (exec_error)
		return say_failed(start, ZC_CONTROL_AT_EXEC, 0, abs(exec_error));
	say_started(start, tracer->command = pid);
	return 0;
}

static int begin_attached(struct zc_tracer *tracer, const struct start *start)
{
	for (size_t i = 0; i < start->attach_count; i++) {
		int r = zc_attach(tracer, start->attach[i]);

		if (r < 0) {
			zc_detach_all(tracer);
			return say_failed(start, ZC_CONTROL_AT_ATTACH, start->attach[i], -r);
		}
	}
	say_started(start, start->attach[0]);
	return 0;
}

static int begin(struct zc_tracer *tracer, struct start *start)
{
	int r = take_over(start, tracer);

	if (r == 0)
		r = open_view(start);
	if (r == 0 && start->options.stacks)
		zc_naming_prepare();
	if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = -errno;
	if (r < 0)
		return say_failed(start, ZC_CONTROL_AT_START, 0, -r);
	return start->attach ? begin_attached(tracer, start) : begin_command(tracer, start);
}

static int watch(struct zc_tracer *tracer, const struct start *start)
{
	int r;

	withdraw(!start->options.attach);
	zc_orphan_prepare(tracer);
	r = tracer->engine->loop(tracer);
	zc_view_end(tracer);
	return r < 0 ? ZC_TRACE_TROUBLE : ZC_TRACE_DONE;
}

/*
 * LeakSanitizer looks with a child of its own and waits for it. zcwrap, where it is killing the tree,
 * would take that for one of the command's.
 */
static void leave_if_killed(const struct zc_tracer *tracer, int code)
{
#if defined(SANITIZED)
	if (WIFSIGNALED(tracer->command_status) && WTERMSIG(tracer->command_status) == SIGKILL)
		_exit(code);
#endif
}

static void finish(struct zc_tracer *tracer, struct start *start)
{
	for (size_t i = 0; i < ZC_LEN(tracer->bucket); i++)
		while (tracer->bucket[i])
			zc_tracee_remove(tracer, tracer->bucket[i]->tid);
	zc_notify_finish(tracer);
	zc_peers_finish();
	if (tracer->filter)
		zc_filter_free(tracer->filter);
	free(tracer->filter);
	free(tracer);
	if (start->options.view)
		fclose(start->options.view);
	free((void *)start->options.environment);
	free(start->attach);
}

int zc_session_run(int argc, char **argv)
{
	struct start start = { .environment = -1,
			       .view = -1,
			       .confine = -1,
			       .options.control = -1,
			       .options.open_page = -1 };
	struct zc_tracer *tracer;
	int r;

	guard_streams();
	r = parse(&start, argc, argv);
	if (r < 0) {
		fputs("zctrace: --session is zcwrap's way to run it\n", stderr);
		return ZC_TRACE_TROUBLE;
	}
	tracer = calloc(1, sizeof(*tracer));
	if (!tracer)
		return say_failed(&start, ZC_CONTROL_AT_START, 0, ENOMEM);
	tracer->options = &start.options;
	tracer->engine = &zc_engine_ptrace;
	tracer->socket = tracer->tell = -1;
	start.options.group = getpgrp();
	hold_signals(&start.options);
	r = begin(tracer, &start);
	if (r == 0)
		r = watch(tracer, &start);
	leave_if_killed(tracer, r);
	finish(tracer, &start);
	return r;
}
