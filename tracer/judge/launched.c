/* SPDX-License-Identifier: MIT */
/*
 * launched.c - the arguments of a loader: before the exec from the caller's memory, behind what the scripts
 * on the way put in front; after it as the loader got them, since memory may change in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/exec/carry.h"
#include "tracer/judge/arguments.h"
#include "tracer/judge/content.h"
#include "tracer/judge/launched.h"

#define MOST_SCRIPTS 6u
#define MOST_ARGUMENTS 256u /* that are looked at */
#define ARGUMENT_BYTES (256u << 10)

static struct {
	char interpreter[ZC_PATH_CAP], option[ZC_PATH_CAP], script[ZC_PATH_CAP];
} met[MOST_SCRIPTS];
static unsigned scripts, skipped; /* skipped: arguments that were loaders' own */
static char text[ARGUMENT_BYTES];

void zc_launched_begin(void)
{
	scripts = skipped = 0;
}

void zc_launched_interpret(const char *interpreter, const char *option, const char *script)
{
	if (scripts == MOST_SCRIPTS)
		return; /* the kernel has given up by now */
	snprintf(met[scripts].interpreter, ZC_PATH_CAP, "%s", interpreter);
	snprintf(met[scripts].option, ZC_PATH_CAP, "%s", option);
	snprintf(met[scripts++].script, ZC_PATH_CAP, "%s", script);
}

static uint64_t read_pointer(const struct zc_case *c, uint64_t address)
{
	uint32_t narrow = 0;
	uint64_t wide = 0;

	if (c->stop->abi == ZC_ABI_X86_64)
		return c->reader.bytes(c->reader.context, address, &wide, sizeof(wide)) < 0 ? 0
											    : wide;
	return c->reader.bytes(c->reader.context, address, &narrow, sizeof(narrow)) < 0 ? 0
											: narrow;
}

/*
 * One that is too long is cut: what counts is whether it is an option, and a program by that name could not be
 * opened. Returns false when there are more than are looked at.
 */
static bool read_arguments(const struct zc_case *c, uint64_t argv, char *list[MOST_ARGUMENTS + 1])
{
	size_t width = c->stop->abi == ZC_ABI_X86_64 ? 8 : 4, used = 0;

	list[0] = NULL;
	for (unsigned i = 0; i < MOST_ARGUMENTS && sizeof(text) - used > ZC_PATH_CAP; i++) {
		uint64_t at = argv ? read_pointer(c, argv + i * width) : 0;
		long len;

		if (!at)
			return true;
		len = c->reader.text(c->reader.context, at, text + used, ZC_PATH_CAP);
		if (len < 0 && len != -ENAMETOOLONG)
			return true; /* the kernel's EFAULT */
		list[i] = text + used;
		list[i + 1] = NULL;
		used += len < 0 ? ZC_PATH_CAP : (size_t)len + 1;
		text[used - 1] = '\0';
	}
	return false;
}

/* The last script's interpreter is the loader; each script stands where the next one's argv[0] was. */
static void put_scripts_in_front(char *list[MOST_ARGUMENTS + 3 * MOST_SCRIPTS])
{
	char *front[3 * MOST_SCRIPTS];
	unsigned count = 0, own = 0;

	for (unsigned i = scripts; i-- > 0;) {
		if (!count)
			front[count++] = met[i].interpreter;
		if (met[i].option[0])
			front[count++] = met[i].option;
		front[count++] = met[i].script;
	}
	if (!count)
		return;
	while (list[0] && list[own + 1])
		own++;
	memmove(list + count, list + 1, own * sizeof(*list));
	memcpy(list, front, count * sizeof(*list));
	list[count + own] = NULL;
}

/* Which argument it is, and what it says. */
static int take_program(char *const *list, char next[ZC_PATH_CAP])
{
	const char *program = zc_launched_argument(list);

	for (int i = 1; program && list[i]; i++)
		if (list[i] == program) {
			size_t len = strnlen(program, ZC_PATH_CAP - 1);

			memcpy(next, program, len);
			next[len] = '\0';
			return i;
		}
	return 0;
}

int zc_launched_find(const struct zc_case *c, uint64_t argv, char next[ZC_PATH_CAP])
{
	char *list[MOST_ARGUMENTS + 3 * MOST_SCRIPTS + 1];
	bool all = read_arguments(c, argv, list);
	int found;

	put_scripts_in_front(list);
	found = take_program(list + skipped, next);
	skipped += (unsigned)found;
	return found || all ? found : -E2BIG;
}

/* ---- as it was started ---- */

static bool is_loader(pid_t pid)
{
	static char unused[ZC_PATH_CAP];
	enum zc_content content;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	content = zc_content_look(fd, unused);
	close(fd);
	return content == ZC_CONTENT_LOADER;
}

static bool read_own(pid_t pid, char *list[MOST_ARGUMENTS + 1])
{
	unsigned count = 0;
	size_t used = 0;
	char path[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && used < sizeof(text) - 1 &&
	       (got = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[used] = '\0';
	for (char *at = text; at < text + used && count < MOST_ARGUMENTS; at += strlen(at) + 1)
		list[count++] = at;
	list[count] = NULL;
	return count < MOST_ARGUMENTS && used < sizeof(text) - 1;
}

bool zc_launched_came(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_event *ret)
{
	static struct zc_names names;
	static char next[ZC_PATH_CAP];
	char *list[MOST_ARGUMENTS + 1];
	int found, error;
	bool all;

	if (!is_loader(tracee->tgid))
		return false;
	all = read_own(tracee->tgid, list);
	found = take_program(list, next);
	if (!found && all)
		return false;
	zc_paths_begin(tracer, &names);
	error = zc_program_event(ret, &names, tracee->abi, found ? next : "/proc/self/exe");
	if (!error)
		error = zc_paths_resolve(tracee, ret, 0, &names);
	zc_paths_end(&names);
	if (!found)
		ret->flags |= ZC_EV_UNREADABLE;
	if (found && zc_argv_matters(tracer->image) && zc_arguments_own(tracee)) {
		zc_arguments_launch((unsigned)found);
		ret->argv = zc_arguments();
	}
	return !error; /* what is not there, the loader does not find either */
}
