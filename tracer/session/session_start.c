/* SPDX-License-Identifier: MIT */
/*
 * session_start.c - the tracer's words and descriptors, as zcwrap hands them over: all of it checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/confine.h"
#include "tracer/engine.h"
#include "tracer/names/names.h"
#include "tracer/session/session.h"

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

static int add_attach(struct zc_start_words *start, const char *text)
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

static int parse_one(struct zc_start_words *start, const char *argument)
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

int zc_start_parse(struct zc_start_words *start, int argc, char **argv)
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

int zc_start_take_over(struct zc_start_words *start, struct zc_tracer *tracer)
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

int zc_start_open_view(struct zc_start_words *start)
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
