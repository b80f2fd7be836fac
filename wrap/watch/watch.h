/* SPDX-License-Identifier: MIT */
/*
 * watch.h - the inside of mode `watch`, shared by its four files.
 *
 * Theory of operation. One thread (watch.c) wakes every few milliseconds and finds the processes
 * below zcwrap. Of each (watch_look.c) it reads which program runs and what its descriptors are:
 * /proc/PID/exe, /proc/PID/fd, and for sockets (watch_sockets.c) the tables of /proc/PID/net. What it
 * has not met before in that process becomes an event, which the policy judges like any other
 * (watch_report.c). There is no call to refuse and no stack to show: what would have been refused is
 * recorded as detected. Whatever comes and goes between two looks is never seen, so no process
 * is covered. Nothing here touches the processes: reading /proc needs no tracing, so Yama, a
 * container's seccomp profile and a kernel without Landlock or notifications all leave it usable.
 */
#ifndef ZC_WRAP_WATCH_H
#define ZC_WRAP_WATCH_H

#include <dirent.h>
#include <pthread.h>

#include "core/decide/policy.h"
#include "core/wire/wire.h"
#include "wrap/wrap.h"

#define ZC_WATCH_MS 20        /* between two looks */
#define ZC_WATCH_SHARE 10     /* a look may take one part in so many of the time */
#define ZC_WATCH_BUCKETS 256u /* a power of two */

/* A set of hashes; 0 is free. */
struct zc_watch_set {
	uint64_t *slot;
	size_t count, cap;
};

struct zc_watched {
	struct zc_watched *next; /* in its bucket */
	pid_t pid, ppid;
	uid_t uid;
	uint64_t start;           /* with pid, names it for good */
	uint64_t exec_id;         /* of the program that it was last seen to run; 0: none yet */
	uint64_t program;         /* hash of that program's path */
	uint64_t round;           /* the look that saw it last */
	bool closed;              /* it was found that it may not be looked into */
	struct zc_watch_set seen; /* what was judged already */
};

/* A line of /proc/PID/net/{tcp,udp}*. */
struct zc_watch_socket {
	uint64_t inode;
	struct zc_endpoint local, peer; /* peer.family AF_UNSPEC: none */
	bool stream, listens;
};

struct zc_watch_sockets {
	struct zc_watch_socket *entry; /* by inode, in ascending order */
	size_t count, cap;
	uint64_t ns, round;     /* the network namespace and the look that they are of */
	unsigned ephemeral[2];  /* ports that the kernel gives to who asks for none */
	uint8_t listened[8192]; /* bit n: something of the run listened at TCP port n */
};

struct zc_watcher {
	struct zc_watcher_setup setup;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool over;         /* under lock */
	bool has_children; /* /proc/PID/task/TID/children is there */
	uint64_t round;
	struct zc_watched *bucket[ZC_WATCH_BUCKETS];
	pid_t *tree; /* of this look */
	size_t tree_count, tree_cap;
	struct zc_watch_set inherited; /* what the command has before it does anything */
	struct zc_watch_sockets sockets;
	uint64_t frame[ZC_FRAME_MAX / 8];
};

/* watch.c */
/* True for a hash that was not there yet. A set without memory for it says true again and again. */
bool zc_watch_first(struct zc_watch_set *set, uint64_t hash);
bool zc_watch_has(const struct zc_watch_set *set, uint64_t hash);
struct zc_watched *zc_watch_find(struct zc_watcher *watcher, pid_t pid);

/* watch_look.c */
/* What a look at one process finds; pid may be gone at any time. */
void zc_watch_look(struct zc_watcher *watcher, pid_t pid);
/* Notes our own descriptors that a command inherits. */
void zc_watch_inherit(struct zc_watcher *watcher);

/* watch_sockets.c: judges the socket behind descriptor name of fds, /proc/PID/fd, of process at. */
void zc_watch_socket(struct zc_watcher *watcher, struct zc_watched *process, int at, DIR *fds,
		     const char *name, uint64_t inode);
void zc_watch_sockets_init(struct zc_watch_sockets *sockets);

/* watch_report.c */
/* Judges, and records where something would be refused or is logged. at: of /proc/PID. */
void zc_watch_judge(struct zc_watcher *watcher, const struct zc_watched *process, int at,
		    struct zc_event *event);
/* A program was met: exe, and why it is not covered. */
void zc_watch_sign_in(struct zc_watcher *watcher, const struct zc_watched *process, int at,
		      const char *exe, const char *gap);

#endif
