/* SPDX-License-Identifier: MIT */
/*
 * naming.c - the asking side: one zcname at a time, what it has open, and what becomes of it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "evidence/fetch/fetch.h"
#include "evidence/naming/files.h"
#include "evidence/naming/naming.h"
#include "evidence/naming/starter.h"
#include "evidence/stack/module_file.h"

#ifndef ZC_LIBDIR
#define ZC_LIBDIR "/usr/local/lib/zencube"
#endif

#define PATIENCE_MS 90000 /* zcname ends itself sooner, unless it was taken over */
#define FILES_MAX \
	6u /* that one module may bring beside its own: debug files that may be the right one, a supplement */

struct zc_naming {
	int fd;         /* our end of zcname's socket; -1: it does not run */
	uint32_t epoch; /* which zcname: modules know in which one they are open */
	uint32_t open;  /* modules in this one */
	struct zc_naming_report report;
	_Alignas(8) unsigned char packet[ZC_NAMING_PACKET];
};

static const char *program; /* zc_naming_use() */

void zc_naming_use(const char *path)
{
	program = path;
}

void zc_naming_prepare(void)
{
	zc_starter_prepare(true);
}

void zc_naming_finish(void)
{
	zc_starter_finish();
	zc_fetch_finish();
}

pid_t zc_naming_helper(void)
{
	return zc_starter_pid();
}

struct zc_naming *zc_naming_new(void)
{
	struct zc_naming *naming = calloc(1, sizeof(*naming));

	if (naming)
		naming->fd = -1;
	return naming;
}

static int end_child(struct zc_naming *naming)
{
	if (naming->fd < 0)
		return -1;
	close(naming->fd);
	naming->fd = -1;
	naming->open = 0;
	return zc_starter_end();
}

struct zc_naming *zc_naming_free(struct zc_naming *naming)
{
	if (!naming)
		return NULL;
	end_child(naming);
	for (unsigned i = 0; i < naming->report.failures && i < ZC_NAMING_FAILURES; i++) {
		free(naming->report.failure[i].module);
		free(naming->report.failure[i].why);
	}
	free(naming);
	return NULL;
}

const struct zc_naming_report *zc_naming_report(const struct zc_naming *naming)
{
	return &naming->report;
}

/* ---- its life ---- */

static bool find_program(char path[ZC_PATH_CAP])
{
	static const char name[] = "zcname", installed[] = ZC_LIBDIR "/zcname";
	ssize_t len = readlink("/proc/self/exe", path, ZC_PATH_CAP - sizeof(name));

	if (program)
		return *program && snprintf(path, ZC_PATH_CAP, "%s", program) < (int)ZC_PATH_CAP;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len > 0) {
		memcpy(path + len, name, sizeof(name));
		if (access(path, X_OK) == 0)
			return true;
	}
	memcpy(path, installed, sizeof(installed));
	return access(path, X_OK) == 0;
}

static bool start_child(struct zc_naming *naming)
{
	char path[ZC_PATH_CAP];
	int pair[2], r;

	if (naming->fd >= 0 || naming->report.unavailable)
		return naming->fd >= 0;
	if (!find_program(path)) {
		naming->report.unavailable = "zcname is neither beside this program nor installed";
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	r = zc_starter_run(path, pair[1]);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		naming->report.unavailable = "zcname cannot be started";
		return false;
	}
	naming->fd = pair[0];
	naming->epoch++;
	return true;
}

static void explain(int status, bool nonsense, char *ret, size_t cap)
{
	if (nonsense)
		snprintf(ret, cap, "its names did not hold together");
	else if (status < 0)
		snprintf(ret, cap, "reading it did not end well");
	else if (WIFSIGNALED(status) &&
		 (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGXCPU))
		snprintf(ret, cap, "reading it took too long");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(ret, cap, "reading it never came to an end");
	else if (WIFSIGNALED(status))
		snprintf(ret, cap, "reading it crashed (SIG%s)", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == ZC_NAMING_OUT_OF_MEMORY)
		snprintf(ret, cap, "reading it took too much memory");
	else
		snprintf(ret, cap, "reading it ended with status %d", WEXITSTATUS(status));
}

/* zcname is gone, or is made to go: because of this module. */
static void give_up(struct zc_naming *naming, struct zc_module *module, bool nonsense)
{
	struct zc_naming_report *report = &naming->report;
	int status = end_child(naming);
	char why[96];

	module->unnamed = true;
	if (status == 127 << 8 || status == 3 << 8) {
		report->unavailable = status == 3 << 8 ? "zcname could not be confined"
						       : "zcname cannot be executed";
		return;
	}
	explain(status, nonsense, why, sizeof(why));
	if (report->failures < ZC_NAMING_FAILURES) {
		report->failure[report->failures].module = strdup(zc_module_name(module));
		report->failure[report->failures].why = strdup(why);
	}
	report->failures++;
	if (++report->ended > ZC_NAMING_RESTARTS)
		report->unavailable = "too many files ended zcname";
}

/* ---- one question ---- */

static bool send_question(int fd, const struct zc_naming_head *head, const uint64_t *address,
			  int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec vector[] = { { (void *)head, sizeof(*head) },
				  { (void *)address, head->count * sizeof(*address) } };
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = 2 };

	if (passed >= 0) {
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

/* Returns the answer's size, 0 when there will be none. */
static size_t receive_answer(struct zc_naming *naming)
{
	struct pollfd poll_fd = { .fd = naming->fd, .events = POLLIN };
	ssize_t got;
	int ready;

	do
		ready = poll(&poll_fd, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return 0;
	got = recv(naming->fd, naming->packet, sizeof(naming->packet), MSG_DONTWAIT);
	return got > 0 ? (size_t)got : 0;
}

/* Asks; gives the module up when there is no sound answer. */
static bool ask(struct zc_naming *naming, struct zc_module *module,
		const struct zc_naming_head *head, const uint64_t *address, int passed,
		struct zc_naming_packet *ret, uint32_t *ret_count)
{
	size_t size = send_question(naming->fd, head, address, passed) ? receive_answer(naming) : 0;
	bool holds = size && zc_naming_answers(ret, naming->packet, size, head, ret_count);

	if (!holds)
		give_up(naming, module, size > 0);
	return holds;
}

/* ---- files ---- */

static bool hand_over(struct zc_naming *naming, struct zc_module *module, uint32_t kind, bool lines,
		      int fd, struct zc_naming_file *ret)
{
	struct zc_naming_head head = { .kind = kind,
				       .module = module->naming_number,
				       .flags = lines ? ZC_NAMING_LINES : 0 };
	struct zc_naming_packet packet;
	uint32_t count;
	bool done = ask(naming, module, &head, NULL, fd, &packet, &count);

	close(fd);
	if (done && !zc_naming_take_file(&packet, ret)) {
		give_up(naming, module, true);
		done = false;
	}
	return done;
}

static void keep_package(struct zc_module *module, const struct zc_naming_file *file)
{
	struct zc_package *package = &module->package;

	if (package->name || !file->package.len)
		return;
	package->from = "note";
	package->name = strndup(file->package.at, file->package.len);
	if (file->version.at)
		package->version = strndup(file->version.at, file->version.len);
	if (file->package_type.at)
		package->type = strndup(file->package_type.at, file->package_type.len);
}

/* Opens the module there, with all that tells more about it. */
static bool open_there(struct zc_naming *naming, struct zc_module *module, bool lines)
{
	struct zc_debug_search search = { 0 };
	struct zc_naming_file file;
	int fd;

	if (module->naming_epoch == naming->epoch && naming->fd >= 0)
		return true;
	if (naming->open == ZC_NAMING_MODULES)
		end_child(naming);
	if (!start_child(naming))
		return false;
	if (zc_module_trouble(module)) {
		fd = zc_debug_fetch(module, lines); /* its debug file tells as much without it */
		search.asked = module->fetched = true;
	} else {
		fd = zc_module_open(module);
	}
	if (fd < 0)
		return false;
	module->naming_number = naming->open++;
	module->naming_epoch = naming->epoch;
	if (!hand_over(naming, module, ZC_NAMING_OPEN, lines, fd, &file))
		return false;
	if (zc_module_trouble(module) && !zc_debug_is_of(module, &file)) {
		module->unnamed = true; /* and so is not asked about */
		return false;
	}
	keep_package(module, &file);
	for (unsigned i = 0; i < FILES_MAX; i++) {
		bool shared = file.supplement.len > 0, asked = search.asked;

		fd = zc_debug_next(module, &file, lines, &search);
		if (fd < 0)
			return true;
		if (!hand_over(naming, module, shared ? ZC_NAMING_SUPPLEMENT : ZC_NAMING_DEBUG,
			       lines, fd, &file))
			return false;
		module->fetched |= !asked && search.asked && !file.wants_debug;
		if (shared)
			return true;
	}
	return true;
}

/* ---- names ---- */

static bool can_open(struct zc_module *module, bool lines)
{
	return !zc_module_trouble(module) || (lines && module->id_len && zc_fetch_allowed());
}

void zc_naming_name(struct zc_naming *naming, struct zc_module *module, bool lines,
		    const uint64_t *address, unsigned count,
		    void (*told)(void *context, unsigned index,
				 const struct zc_naming_place *place),
		    void *context)
{
	unsigned done = 0;

	while (done < count) {
		struct zc_naming_head head = { .kind = ZC_NAMING_NAME };
		struct zc_naming_packet packet;
		struct zc_naming_place place;
		uint32_t answered;

		if (module->unnamed || !can_open(module, lines) ||
		    !open_there(naming, module, lines))
			return;
		head.module = module->naming_number;
		head.count = count - done < ZC_NAMING_ASK_MAX ? count - done : ZC_NAMING_ASK_MAX;
		if (!ask(naming, module, &head, address + done, -1, &packet, &answered))
			return;
		for (uint32_t i = 0; i < answered; i++) {
			if (!zc_naming_take_place(&packet, &place)) {
				give_up(naming, module, true);
				return;
			}
			told(context, done + i, &place);
		}
		done += answered;
	}
}
