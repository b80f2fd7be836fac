/* SPDX-License-Identifier: MIT */
/*
 * session.h - what zcwrap leaves for the shim to find: three descriptors and one variable.
 *
 *   ZENCUBE=1:IMAGE_FD:IMAGE_INO:PAGE_FD:PAGE_INO:SOCKET_FD:SOCKET_INO:INSTANCE
 *
 * decimal numbers; INSTANCE is hexadecimal and equals zc_image.instance. In place of the leading 1, 2 is
 * --gap=allow: a process that has lost the descriptors goes on unwatched instead of being refused; 3 is
 * left by a program with a seccomp filter of its own, which the next one has too; 4 is both.
 * The image is a sealed memfd, the page a memfd shared by every process of the run, the socket the
 * sending end of a SOCK_SEQPACKET pair whose receiving end only zcwrap has; in mode hybrid, where only
 * the tracer sends, SOCKET_INO is 0 and SOCKET_FD repeats IMAGE_FD. By hand, without zcwrap:
 * ZENCUBE_IMAGE=FILE (as written by zcwrap --freeze=FILE) and ZENCUBE_LOG=FILE.
 *
 * The page is written by the run's processes, so nothing in it is believed beyond counting.
 */
#ifndef ZC_CORE_SESSION_H
#define ZC_CORE_SESSION_H

#include "core/base.h"
#include "core/net/names.h"
#include "core/exec/feeds.h"

#define ZC_ENV_SESSION "ZENCUBE"
#define ZC_ENV_IMAGE "ZENCUBE_IMAGE"
#define ZC_ENV_LOG "ZENCUBE_LOG"
#define ZC_ENV_PRELOAD "LD_PRELOAD"

#define ZC_PAGE_MAGIC 0x454741504e455aull
#define ZC_PAGE_FINDINGS 16384u /* slots, a power of two */
#define ZC_PAGE_SPOOL 64u
#define ZC_PAGE_UNIX 1024u   /* unix sockets bound in the run */
#define ZC_PAGE_COUNTERS 32u /* a power of two: one is taken by the number of the process */
#define ZC_PAGE_GATED 4096u  /* likewise */
#define ZC_PAGE_NAMES 512u   /* a power of two */
#define ZC_PAGE_ASKS 64u
#define ZC_SEND_REPEATS 5u /* records of one finding that are sent before only counting */

/* One finding: fingerprint 0 is free. Claimed by compare-and-swap, counted by fetch-and-add. */
struct zc_page_finding {
	uint64_t fingerprint;
	uint64_t count;
};

/* A record of a process that may not send any more. state: 0 free, 1 being written, 2 ready. */
struct zc_page_spool {
	uint32_t state;
	uint32_t size;
};
struct zc_page_spooled {
	unsigned char frame[2040]; /* one wire frame without a stack */
};

/* A question of a shim's. state: 0 free, 1 somebody waits (futex), 2 answered. */
struct zc_page_ask {
	uint32_t state;
	uint32_t answer; /* enum zc_asked */
};

struct zc_page {
	uint64_t magic;
	uint64_t records; /* records made (each should arrive, be spooled or be lost) */
	uint64_t sent;    /* frames of every type handed to the socket */
	uint64_t lost;    /* records that nobody took */
	uint64_t probes;  /* missing files under a refusing rule */
	uint64_t quiet;   /* quiet refusals */
	uint64_t refused; /* refusals of every kind */
	uint64_t judged;  /* calls judged off the fast path */
	uint64_t renames; /* generation: bumped by each rename, so that cached names are dropped */
	uint64_t kill;    /* set to 1 when a verdict says kill: zcwrap ends the run */
	uint64_t chroots;
	uint64_t overflow; /* findings that found no slot */
	uint64_t forks;
	uint64_t execs;
	uint64_t outer_filter; /* there is a seccomp filter that is not the program's own */
	uint64_t
		bypassed; /* hybrid: judged calls of a process with a gate from neither of its doors */
	/* What every start in mode hybrid looks at stays together: each page of this that is touched costs. */
	/* Bumped before anybody of the run may change roots or mounts, and with them what names mean:
	   from then on no shim judges by names. Written by the tracer. */
	uint64_t diverged;
	/* Bumped before a working directory changes: by the shim whose gate the call takes, else by the
	   tracer. Remembered names of working directories are dropped. */
	uint64_t moved;
	/* hybrid. The shim counts; each counter has a cache line of its own. */
	struct {
		uint64_t passed;      /* calls made from the gate */
		uint64_t handed_over; /* ... and from the side door */
		uint64_t pad[6];
	} gate[ZC_PAGE_COUNTERS];
	/* gated[pid % ZC_PAGE_GATED] is pid where that process's shim has mapped the gate. Its claim
	   only: it decides whether a call is noted as a bypass, nothing else. Cleared at its exec. */
	int32_t gated[ZC_PAGE_GATED];
	uint64_t unix_made[ZC_PAGE_UNIX]; /* hashes of unix addresses bound in the run; 0 free */
	struct zc_page_finding findings[ZC_PAGE_FINDINGS];
	struct zc_page_spool spool
		[ZC_PAGE_SPOOL]; /* apart from what they say, which is looked for at each end */
	struct zc_page_spooled spooled[ZC_PAGE_SPOOL];
	/* Mode shim: what libc's resolver has answered programs of the run. */
	struct zc_name_slot names[ZC_PAGE_NAMES];
	struct zc_page_ask asks[ZC_PAGE_ASKS]; /* mode shim */
	struct zc_feeds feeds;                 /* mode shim: who writes to which pipe */
};

struct zc_session {
	int image_fd, page_fd, socket_fd;
	uint64_t image_ino, page_ino, socket_ino;
	uint64_t instance;
	bool gap_allow;
	bool passive; /* the program has a seccomp filter of its own, from before the exec */
};

/*
 * What zctrace tells zcwrap's main loop, on a socket that only these two have: one struct a datagram.
 * The command's status comes from here and from nowhere else.
 */
enum zc_control_kind {
	ZC_CONTROL_STARTED = 1, /* pid is the command (or the first process attached to) */
	ZC_CONTROL_FAILED, /* value: errno, step: enum zc_control_step; pid: what could not be attached to */
	ZC_CONTROL_STOPPED, /* the command is in group-stop by signal value */
	ZC_CONTROL_ENDED,   /* value: the command's wait status */
	/* Before STARTED, once each: step: enum zc_confine_layer, value: 0 applied, or errno; and
	   ENGINE with value: enum zc_source, step: errno why the one that was asked for is not used. */
	ZC_CONTROL_LAYER,
	ZC_CONTROL_ENGINE,
	ZC_CONTROL_ANSWER, /* the other way: value: enum zc_asked, pid: the question's number */
};
enum zc_control_step { ZC_CONTROL_AT_START, ZC_CONTROL_AT_EXEC, ZC_CONTROL_AT_ATTACH };
struct zc_control {
	uint32_t kind, step;
	int32_t pid, value;
};

/* Parses the value of ZENCUBE. Returns 0 or -EINVAL. */
int zc_session_parse(struct zc_session *session, const char *value);
/* Writes the value; returns its length, or -ENAMETOOLONG. cap >= 192 always fits. */
long zc_session_print(const struct zc_session *session, char *buffer, size_t cap);

#endif
