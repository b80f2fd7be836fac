/* SPDX-License-Identifier: MIT */
/*
 * shim.h - libzcshim.so: the guest in a stranger's process.
 *
 * Theory of operation. ld.so puts our hooks in front of libc's functions. A hook turns its arguments
 * into an event, asks zc_policy_decide() and then either refuses (errno set, a record sent) or makes
 * the call itself by a raw system call on what was judged, or hands over to libc's own function
 * where that must stay cancellable. Nothing is decided twice and nobody is waited for, but the
 * collector for at most a second when its queue is full.
 *
 *   fast path   open(2) of a path that is a plain allow as it is spelled: one openat2 with
 *               RESOLVE_NO_SYMLINKS. What the kernel walks is then exactly what was judged.
 *   slow path   pin what the path leads to with an O_PATH descriptor, read its name back from
 *               /proc/self/fd, judge that, and act on the pinned thing (resolve.c).
 *
 * The laws of this folder:
 *   - raw system calls only; no malloc, no stdio, no lock, no thread-local storage. The one strong
 *     undefined symbol is __errno_location, so the library loads in any glibc and in musl.
 *   - every hook may run in a signal handler, in a vfork child that shares our memory, before any
 *     constructor, and on a 16 KiB stack: frames below 1 KiB, scratch memory from scratch.c.
 *   - errno is written only on failure. The program's memory is only read, environ never changed.
 *   - whatever cannot be found out is refused, not allowed.
 */
#ifndef ZC_PRELOAD_SHIM_H
#define ZC_PRELOAD_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "core/exec/argv.h"
#include "core/event.h"
#include "core/image.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/decide/policy.h"
#include "core/wire/record.h"
#include "core/wire/session.h"
#include "core/wire/wire.h"
#include "preload/sys.h"

#define ZC_EXPORT __attribute__((visibility("default")))
#define ZC_WEAK __attribute__((weak))
#define ZC_FD_NONE (-1)
#define ZC_MODULES 96u

/* ---- init.c: the process's one piece of state ---- */

enum zc_armed {
	ZC_UNSTARTED, /* no hook has run yet */
	ZC_INERT,     /* no policy was given to this process: every hook stands aside */
	ZC_ARMED,
	ZC_BLIND, /* there should be a policy and it was not found: refuse what could be judged */
};

struct zc_shim {
	int armed;   /* enum zc_armed */
	int passive; /* the program has a seccomp filter of its own */
	const struct zc_image *image;
	struct zc_page *page; /* never NULL once started: a private one stands in */
	struct zc_session session;
	int log_fd;     /* ZENCUBE_LOG by hand; -1 */
	int lowest_fd;  /* the lowest of our descriptors: those below are the program's */
	int pid;        /* of the process that owns this memory; a vfork child differs */
	int no_openat2; /* the kernel, or a filter around us, has none */
	int hybrid; /* a tracer judges: nothing is refused, recorded or sent from here (gate.h) */
	uint64_t gate;          /* hybrid: where its page is mapped; 0: the hooks stand aside */
	uint64_t diverged;      /* page->diverged when the gate was mapped */
	uint64_t *gate_counter; /* ours in page->gate: passed, handed over */
	uint64_t exec_id, program_hash;
	/* Small things of other files that every start touches: here they share a page (layout.ld). */
	const void *r_debug;                 /* real.c */
	uint32_t guards_taken, frames_taken; /* scratch.c */
	uint32_t module_count;               /* modules.c */
	size_t preload_len;
	size_t root_len;
	const char *preload;    /* our own path, as LD_PRELOAD spells it */
	char preload_here[256]; /* where it is no longer */
	char session_env[208];  /* "ZENCUBE=..." */
};
extern struct zc_shim zc_shim __attribute__((visibility("hidden")));

/* What few programs have. */
struct zc_shim_rare {
	char root[512];       /* the root directory as the run sees it, after a chroot */
	char by_hand[2][512]; /* "ZENCUBE_IMAGE=..." "ZENCUBE_LOG=..." */
};
extern struct zc_shim_rare zc_shim_rare __attribute__((visibility("hidden")));

void zc_start(void); /* idempotent; called by the constructor or by the first hook */
static inline bool zc_is_armed(void)
{
	if (ZC_UNLIKELY(zc_shim.armed == ZC_UNSTARTED))
		zc_start();
	return zc_shim.armed >= ZC_ARMED;
}
/* Has this process a policy to carry on to the next program, judged here or not? */
static inline bool zc_carries(void)
{
	return zc_is_armed() || zc_shim.hybrid;
}
/* After a fork: this memory has a new owner. */
void zc_forked(void);
/* The environment as the process was started with it. */
char **zc_initial_environ(void);

/* ---- scratch.c: memory that no stack has to hold ---- */

struct zc_pin {
	int fd;           /* to close; ZC_FD_NONE */
	int dirfd;        /* what to pass instead of the program's dirfd ... */
	const char *path; /* ... and path */
};

/* Everything one judged call needs. */
struct zc_guard {
	struct zc_event event;
	struct zc_verdict verdict;
	struct zc_event_text text;
	char given[2][ZC_PATH_CAP];
	char path[2][ZC_PATH_CAP];
	char spelled[2][320]; /* "/proc/self/fd/N/last-component" */
	struct zc_pin pin[2];
	char parent[ZC_PATH_CAP];
	struct zc_argv argv; /* EXEC, where rules ask for it */
	char cwd[ZC_PATH_CAP];
	struct zc_known_name known[ZC_KNOWN_NAMES]; /* of event.peer */
	uint64_t cwd_mark;                          /* zc_cwd_mark() before its name was read */
	const void *caller;                         /* return address of the hook */
	uint32_t slot;
};
struct zc_guard *zc_guard_take(const void *caller); /* NULL: no memory at all */
void zc_guard_give(struct zc_guard *guard);         /* closes pins; takes NULL */
void *zc_frame_take(uint32_t *ret_slot);            /* ZC_FRAME_MAX bytes; NULL: none */
void zc_frame_give(void *frame, uint32_t slot);
void *zc_pages_take(size_t size); /* a mapping of its own, zeroes; NULL: none */
void zc_pages_give(void *pages, size_t size);

/* ---- report.c ---- */

void zc_report(struct zc_guard *guard);
/* Sends the question that slot waits for. */
bool zc_say_ask(const struct zc_guard *guard, unsigned slot);
void zc_note(enum zc_note note, const char *text, uint64_t number);
void zc_sign_in(char **argv);
void zc_say_exec(const char *path, char *const *argv, int child_pid);
void zc_say_exec_failed(const char *path, int error);
void zc_say_fork(void);
/* Tells of modules number from and later. */
void zc_say_modules(uint32_t from);

/* ---- lang.c ---- */

/*
 * Appends a LANG field when this thread, tid of process pid, is in interpreted code. stack: a copy of its
 * innermost part, from stack_at on.
 */
void zc_lang_put_own(struct zc_frame_writer *writer, int32_t pid, int32_t tid, const void *stack,
		     size_t stack_len, uint64_t stack_at);

/* ---- modules.c ---- */

/* Looks at what is loaded now; returns how many modules there are. */
uint32_t zc_modules_start(void);
/* Identity hash of the module around pc, and pc's offset in it. */
uint64_t zc_module_of(const void *pc, uint64_t *ret_offset);
/* Appends a MAPS field with the modules number from and later; exe names the first. */
void zc_modules_put(struct zc_frame_writer *writer, const char *exe, uint32_t from);

/* ---- real.c: libc's own functions, behind us in the search order ---- */

void *zc_next(const char *name);
#define ZC_REAL(type, name) \
	({ \
		static void *found_; \
		void *p_ = __atomic_load_n(&found_, __ATOMIC_RELAXED); \
		if (ZC_UNLIKELY(!p_)) { \
			p_ = zc_next(name); \
			__atomic_store_n(&found_, p_, __ATOMIC_RELAXED); \
		} \
		(type) p_; \
	})
void zc_real_start(const void *r_debug);
struct link_map;
const struct link_map *zc_link_maps(void);

/* ---- plumbing.c ---- */

bool zc_is_ours(int fd);
/* Our descriptors in rising order; returns how many. */
unsigned zc_our_fds(int ret_fds[4]);
/* close_range(2) around our own. Returns 0 or -errno. */
long zc_close_range(unsigned first, unsigned last, int flags);
/* False when it was so already. */
bool zc_become_passive(void);

/* libc's headers promise that some arguments are never NULL; programs do not keep it. */
static inline bool zc_is_null(const void *pointer)
{
	__asm__("" : "+r"(pointer));
	return !pointer;
}

/*
 * Must the call that libc would make by itself stay unmade? Natural errors are libc's to meet; but where
 * there was no descriptor or no memory for an answer, there is none, and nothing is allowed.
 */
static inline bool zc_is_refusal(int error)
{
	return error == -EACCES || error == -EPERM || error == -EMFILE || error == -ENFILE ||
	       error == -ENOMEM;
}

/* errno discipline: a hook's last line. */
static inline long zc_ret(long result)
{
	if (ZC_UNLIKELY(result < 0 && result > -4096)) {
		errno = (int)-result;
		return -1;
	}
	return result;
}
#define ZC_CALLER __builtin_return_address(0)
/* Another spelling of a hook. In assembly, because libc gives the spellings differing attributes. */
#define ZC_TWIN(name, of) \
	__asm__(".globl " #name "\n.type " #name ", @function\n.set " #name ", " #of "\n");

extern void pthread_testcancel(void) ZC_WEAK;
/* The calls that libc makes a cancellation point stay one. */
static inline void zc_cancellation_point(void)
{
	if (pthread_testcancel)
		pthread_testcancel();
}

#endif
