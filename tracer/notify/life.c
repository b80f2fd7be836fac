/* SPDX-License-Identifier: MIT */
/*
 * life.c - who calls: from its first judged call, through its execs, to its end.
 *
 * Numbers are given again. So each caller has a pidfd that tells its end before its number can mean
 * somebody else; where none is to be had, the caller is looked at anew each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/image.h"
#include "tracer/notify/notify.h"
#include "tracer/notify/who.h"

#define THREAD_PIDFD O_EXCL /* PIDFD_THREAD, Linux 6.9 */
#define MOST_LOOKS 8u

/* --- pidfds ---------------------------------------------------------------------------------------- */

/* struct pidfd_info of linux/pidfd.h, in its first size (Linux 6.13). */
struct info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[ZC_NOTIFY_IDS];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct info)
#define INFO_PID (1u << 0)
#define INFO_CREDS (1u << 1)
#define EFFECTIVE_UID 2

/* mask: what is asked for; nothing is told but all of it. */
static bool ask_info(int pidfd, uint64_t mask, struct info *ret)
{
	*ret = (struct info){ .mask = mask };
	return pidfd >= 0 && ioctl(pidfd, GET_INFO, ret) == 0 && (ret->mask & mask) == mask;
}

void zc_notify_learn_ids(struct zc_notify *notify)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct info info;

	notify->ids_known = ask_info(pidfd, INFO_CREDS, &info);
	if (notify->ids_known)
		memcpy(notify->ids, info.ids, sizeof(notify->ids));
	if (pidfd >= 0)
		close(pidfd);
}

/* --- births ---------------------------------------------------------------------------------------- */

/*
 * What tells a caller from the next one with its number: when it began; of a thread also whose it is,
 * which is cheaper to ask for, and enough.
 */
static uint64_t born_at(const struct zc_tracee *tracee)
{
	char text[1024], path[48], *at;
	struct stat st;

	if (tracee->tid != tracee->tgid) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", tracee->tgid, tracee->tid);
		return stat(path, &st) == 0;
	}
	if (zc_caller_read(tracee->tid, "stat", text, sizeof(text)) <= 0)
		return 0;
	/* The name may hold anything; the start time is the 20th word behind it. */
	at = strrchr(text, ')');
	for (unsigned i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* pidfd: of a process; -1 where there is none yet. It is put among the others behind the answer. */
static void take_pidfd(struct zc_notify *notify, struct zc_tracee *tracee, int pidfd)
{
	unsigned flags = tracee->tid == tracee->tgid ? 0 : THREAD_PIDFD;

	tracee->pidfd = pidfd >= 0 ? pidfd : (int)syscall(SYS_pidfd_open, tracee->tid, flags);
	if (tracee->pidfd < 0)
		tracee->born = born_at(tracee);
	else
		notify->unwatched = tracee->tid;
}

static void watch_end(struct zc_notify *notify, struct zc_tracee *tracee)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = (uint64_t)tracee->tid } };

	if (tracee->pidfd < 0 ||
	    epoll_ctl(notify->events, EPOLL_CTL_ADD, tracee->pidfd, &event) == 0)
		return;
	close(tracee->pidfd);
	tracee->pidfd = -1;
	tracee->born = born_at(tracee);
}

void zc_notify_learn_rest(struct zc_tracer *tracer)
{
	pid_t tid = tracer->notify->unwatched;
	struct zc_tracee *tracee = tid ? zc_tracee_find(tracer, tid) : NULL;

	tracer->notify->unwatched = 0;
	if (tracee)
		watch_end(tracer->notify, tracee);
}

static bool runs_the_same(const struct zc_tracee *tracee, const struct zc_tracee *other)
{
	static char name[ZC_PATH_CAP];

	zc_caller_exe(tracee->tid, name);
	return other->exe && strcmp(other->exe, name) == 0;
}

/*
 * Of a child whose parent is known, a pidfd says all that is asked, in a twentieth of the time that its
 * status takes: it has its parent's ids and capabilities, since nobody has changed any, and an exec that
 * may has been looked at. Returns false where that cannot be said.
 */
static bool ask_pidfd(const struct zc_tracer *tracer, int pidfd, struct zc_caller_status *ret)
{
	const struct zc_notify *notify = tracer->notify;
	const struct zc_tracee *elder;
	struct info info;

	if (notify->let_go_on || tracer->memory_written || !ask_info(pidfd, INFO_PID, &info) ||
	    !info.ppid)
		return false;
	elder = zc_tracee_find((struct zc_tracer *)tracer, (pid_t)info.ppid);
	if (!elder || elder->stranger || elder->executes)
		return false;
	*ret = (struct zc_caller_status){ .tgid = (pid_t)info.tgid,
					  .ppid = (pid_t)info.ppid,
					  .identity = notify->identity };
	return true;
}

/* From a thread that has begun. */
static struct zc_tracee *learn_thread(struct zc_tracer *tracer, struct zc_tracee *tracee,
				      struct zc_tracee *elder)
{
	tracee->shares_memory = elder->shares_memory = true;
	tracee->ppid = elder->ppid;
	zc_judge_birth(tracer, elder, tracee);
	return tracee;
}

static struct zc_tracee *learn(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *tracee, *elder = NULL;
	struct zc_caller_status status;
	int pidfd = (int)syscall(SYS_pidfd_open, tid, 0);

	if (!ask_pidfd(tracer, pidfd, &status) && zc_caller_status(tid, &status) < 0) {
		if (pidfd >= 0)
			close(pidfd);
		return NULL;
	}
	if (status.tgid != tid)
		elder = zc_notify_tracee(tracer, status.tgid);
	tracee = zc_tracee_add(tracer, tid);
	if (!tracee) {
		if (pidfd >= 0)
			close(pidfd);
		return NULL;
	}
	tracee->new_born = false;
	tracee->tgid = status.tgid;
	tracee->ppid = status.ppid;
	tracee->stranger = status.identity != tracer->notify->identity;
	zc_notify_learn_rest(tracer); /* of an elder that was learnt for this one */
	take_pidfd(tracer->notify, tracee, pidfd);
	if (elder)
		return learn_thread(tracer, tracee, elder);
	elder = zc_tracee_find(tracer, status.ppid);
	/* A child by vfork has its parent's memory, and with it that of the parent's threads. */
	tracee->shares_memory = elder ? elder->shares_memory || elder->left_sharers
				      : tid != tracer->command;
	tracee->maps_shared = elder ? elder->maps_shared : tid != tracer->command;
	if (elder && !elder->executes && runs_the_same(tracee, elder))
		zc_judge_birth(tracer, elder, tracee);
	else
		zc_judge_exec(tracer, tracee); /* its parent is not known, or not what it was */
	tracer->notify->learnt = tid;
	return tracee;
}

bool zc_notify_shares_all(const struct zc_tracer *tracer, const struct zc_tracee *tracee)
{
	return tracer->memory_written || tracee->shares_memory || tracee->tid != tracee->tgid;
}

bool zc_notify_shares(const struct zc_tracer *tracer, const struct zc_tracee *tracee)
{
	return zc_notify_shares_all(tracer, tracee) || tracee->maps_shared;
}

/* --- execs ----------------------------------------------------------------------------------------- */

uint64_t zc_notify_now_ms(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void forget_exec(struct zc_notify *notify, pid_t pid)
{
	for (unsigned i = 0; i < notify->execs; i++)
		if (notify->exec[i].pid == pid)
			notify->exec[i--] = notify->exec[--notify->execs];
}

/*
 * Could it be called the same in /proc afterwards? Where it runs itself once more, and with a loader, which is
 * told what to run; or where somebody else may write what is to be run.
 */
static bool may_stay_alike(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
			   uint64_t judged_hash, const char *exe)
{
	const char *slash = strrchr(exe, '/');

	return !judged_hash || judged_hash == zc_judged_hash(tracer, exe, strlen(exe)) || !slash ||
	       !strncmp(slash, "/ld", 3) || zc_notify_shares(tracer, tracee) ||
	       !tracer->notify->own_names;
}

void zc_notify_executes(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static char exe[ZC_PATH_CAP];
	struct zc_notify *notify = tracer->notify;
	struct zc_tracee *leader = zc_tracee_find(tracer, tracee->tgid);

	if (!leader)
		return;
	/* Whichever thread asks: what comes out has the number of the first. */
	leader->judged_hash = tracee->judged_hash;
	leader->judged_argv = tracee->judged_argv;
	leader->judged_extra = tracee->judged_extra;
	leader->judged_loader = tracee->judged_loader;
	if (leader != tracee) {
		free(leader->judged_path);
		leader->judged_path = tracee->judged_path;
		tracee->judged_path = NULL;
	}
	if (notify->learnt != leader->tid || !leader->exe || strlen(leader->exe) >= sizeof(exe))
		zc_caller_exe(leader->tid, exe);
	else
		memcpy(exe, leader->exe, strlen(leader->exe) + 1);
	leader->looks_deep = may_stay_alike(tracer, leader, leader->judged_hash, exe);
	leader->identity = zc_caller_image(leader->tid, exe, leader->looks_deep);
	leader->executes = true;
	forget_exec(notify, leader->tid);
	if (!notify->execs)
		notify->looked_ms = zc_notify_now_ms(); /* it takes its time */
	if (notify->execs < ZC_NOTIFY_EXECS) {
		notify->exec[notify->execs].looks = 0;
		notify->exec[notify->execs++].pid = leader->tid;
	}
}

/*
 * Could this exec have made it somebody else? Root stays root but for a set-user-ID file of another's; who
 * has no capabilities is under no_new_privs. Asking status costs more than all else that an exec is asked,
 * so it is asked where its ids are others than ours, or where nobody tells them, by what its file says.
 */
static bool may_change_ids(const struct zc_notify *notify, struct zc_tracee *tracee)
{
	struct info info;
	char link[32];
	struct stat st;

	if (notify->ids_known && ask_info(tracee->pidfd, INFO_CREDS, &info)) {
		tracee->uid = info.ids[EFFECTIVE_UID];
		tracee->uid_told = true;
		return notify->let_go_on || !notify->plain_ids ||
		       memcmp(info.ids, notify->ids, sizeof(info.ids)) != 0;
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", tracee->tid);
	return notify->let_go_on || !notify->plain_ids || stat(link, &st) < 0 ||
	       st.st_mode & (S_ISUID | S_ISGID);
}

/* Has the exec happened? Then it is another program, which is judged once more as what it is. */
static struct zc_tracee *look_at_exec(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static char exe[ZC_PATH_CAP];
	char *judged = tracee->judged_path;
	pid_t pid = tracee->tid;
	bool stranger = tracee->stranger;
	bool left = tracee->left_sharers || tracee->maps_shared || tracee->shares_memory;
	struct zc_caller_status status;
	int pidfd = tracee->pidfd;

	zc_caller_exe(pid, exe);
	if (zc_caller_image(pid, exe, tracee->looks_deep) == tracee->identity)
		return tracee;
	forget_exec(tracer->notify, pid);
	tracee->judged_path = NULL;
	tracee = zc_tracee_exec(tracer, pid, pid);
	if (!tracee) {
		free(judged);
		return NULL;
	}
	/* One that has ended meanwhile ran what it was let run. */
	tracee->exe = exe[0] ? strdup(exe) : judged;
	if (exe[0])
		free(judged);
	tracee->pidfd = pidfd;
	tracee->executes = false;
	tracee->left_sharers = left;
	tracee->stranger =
		(may_change_ids(tracer->notify, tracee) || stranger) &&
		(zc_caller_status(pid, &status) < 0 || status.identity != tracer->notify->identity);
	zc_judge_exec(tracer, tracee);
	return tracee;
}

void zc_notify_look_at_execs(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;

	for (unsigned i = notify->execs; i-- > 0;) {
		pid_t pid = notify->exec[i].pid;
		struct zc_tracee *tracee = zc_tracee_find(tracer, pid);

		if (!tracee || ++notify->exec[i].looks > MOST_LOOKS)
			forget_exec(notify, pid);
		else
			look_at_exec(tracer, tracee);
	}
}

struct zc_tracee *zc_notify_tracee(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *tracee = zc_tracee_find(tracer, tid);

	if (tracee && tracee->pidfd < 0 && born_at(tracee) != tracee->born) {
		zc_tracee_remove(tracer, tid); /* nobody has told us of its end */
		tracee = NULL;
	}
	if (!tracee)
		return learn(tracer, tid);
	if (tracee->executes) {
		tracee = look_at_exec(tracer, tracee);
		if (tracee && tracee->executes) { /* it calls again as what it was: it has failed */
			tracee->executes = false;
			tracee->judged_hash = 0;
			forget_exec(tracer->notify, tid);
		}
	}
	return tracee;
}

/* --- ends ------------------------------------------------------------------------------------------ */

void zc_notify_ended(struct zc_tracer *tracer, pid_t tid)
{
	forget_exec(tracer->notify, tid);
	zc_tracee_remove(tracer, tid);
}
