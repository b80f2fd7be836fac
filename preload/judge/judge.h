/* SPDX-License-Identifier: MIT */
/*
 * judge.h - from a hook's arguments to a verdict, and from a verdict to the call.
 *
 * Theory of operation. A hook takes a guard (scratch.c), since nothing large may lie on its stack, and has it
 * filled from its arguments by the roles of the call's row (judge.c). Paths are pinned (resolve.c): what one leads
 * to is held by an O_PATH descriptor, its name is read back from the kernel (names.c), that name is judged, and
 * the call is then made through the descriptor. So between check and use nothing can change. Where openat2 says
 * that there is no link on the way, the spelling is the name. The working directory's name is remembered as long
 * as nothing says that it changed; addresses get the names that the run has heard of them (known.c).
 *
 *   verdict   plain allow: the call is made. Refused: the errno that the policy says, and a record. The errors
 *             that the kernel would give by itself come first
 *   asking    a rule may want somebody asked: the thread waits on its slot of the shared page (ask.c)
 *   hybrid    nothing is refused or recorded here; what is no plain allow is handed over (gate.h), and names
 *             of directories are kept with what the kernel says of them (places.h)
 *
 * Context: anywhere, as all of preload/. What cannot be found out is refused.
 */
#ifndef ZC_PRELOAD_JUDGE_H
#define ZC_PRELOAD_JUDGE_H

#include "preload/shim.h"

/* ---- names.c ---- */

/* Writes the lexically clean absolute spelling. Returns its length or -errno. */
long zc_absolute(char *buffer, int dirfd, const char *path, size_t len);
/* The path behind descriptor fd, as the run sees it. *ret_flags gets ZC_OBJ_NAMELESS where it has none. */
long zc_fd_path(char *buffer, int fd, uint8_t *ret_flags);
/*
 * The remembered name of the working directory, if mark still holds: its length; 0 when need is a plain
 * allow for everything below it, whatever it is called; -1: not known, or not shorter than cap.
 */
#define ZC_NEED_NAME (~0u) /* for need: the name in any case */
long zc_cached_cwd(char *buffer, size_t cap, uint64_t mark, unsigned need);
/* ZC_NEED_READ and _WRITE, where they are plain allows everywhere below that directory. */
unsigned zc_free_below(const char *path, size_t len);
/* The working directory's name, cached as long as nothing says that it changed. */
long zc_read_cwd(char *buffer);
/* Puts the new root of a chrooted process in front of a name, in place. Passes -errno through. */
long zc_below_root(char *buffer, long len);
bool zc_has_prefix(const char *text, long len, const char *prefix, size_t prefix_len);
/* "/proc/self/fd/N", or with a base "/proc/self/fd/N/base": at most 30 + base_len bytes. */
void zc_spell_entry(char *to, int fd, const char *base, size_t base_len, bool slash);

/* ---- resolve.c ---- */

/* Resolves event.object[n], pins it and sets path, given, flags. Returns 0 or the kernel's -errno. */
int zc_resolve(struct zc_guard *guard, unsigned n);
/* Writes "/proc/self/fd/N"; 32 bytes suffice. */
void zc_spell_fd(char *to, int fd);
/* Around whatever may change the working directory; zc_cwd_shared(): it is not one for the process. */
long zc_change_cwd(long nr, long argument); /* chdir or fchdir */
void zc_cwd_changing(void);
void zc_cwd_changed(void);
void zc_cwd_shared(void);
/* The name must be asked of the kernel again. */
void zc_cwd_forget(void);
/* The same number before and after: the directory was the same in between. 0: that cannot be told. */
uint64_t zc_cwd_mark(void);
/* Is there a ".." among the components from path on? */
bool zc_has_dotdot(const char *path);
/* openat2 with RESOLVE_NO_SYMLINKS and the masking that openat does; -ELOOP: a link is in the way. */
long zc_open_plain(int dirfd, const char *path, uint32_t flags, uint32_t mode);

/* ---- judge.c ---- */

/* Fills the event. Returns 0, or -errno that the kernel would give before anything else. */
int zc_guard_fill(struct zc_guard *guard, unsigned call, const long args[6]);
/* Resolves the objects, decides, records. Returns 0 (go on) or -errno (refused, or natural). */
int zc_guard_judge(struct zc_guard *guard);
/* Decides and records what is filled already. Returns 0 or -errno. */
int zc_guard_decide(struct zc_guard *guard);
/* Fill, judge, perform the row's system call on what was pinned. Returns the kernel's result. */
long zc_call(const void *caller, unsigned call, long a, long b, long c, long d, long e, long f);
/* The same without performing: 0 or -errno. For calls that libc must make itself. */
int zc_ask(const void *caller, unsigned call, long a, long b, long c, long d, long e, long f);
extern const struct zc_reader zc_own_memory;
/* The text's length, -EFAULT for a pointer that cannot be one, -ENAMETOOLONG. */
long zc_text_len(const char *text);
/*
 * The same, with a copy of the text in *ret, somewhere in blocks: cap bytes, a multiple of 16 and aligned
 * to as much. What is in the copy was read once. -ENAMETOOLONG: it does not fit.
 */
long zc_text_take(char *blocks, size_t cap, const char *text, const char **ret);

/* ---- known.c: names behind addresses, as libc's resolver has told them to the run ---- */

/* Gives the event the names that are known for its peer. */
void zc_name_peer(struct zc_guard *guard);
/* libc has resolved host to this address. */
void zc_name_learn(const char *host, const void *address, size_t len);

/* ---- ask.c ---- */

/* Asks somebody about the verdict, and waits. Returns enum zc_asked. */
unsigned zc_ask_about(struct zc_guard *guard);

#endif
