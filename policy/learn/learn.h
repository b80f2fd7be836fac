/* SPDX-License-Identifier: MIT */
/*
 * learn.h - from what a command did to the smallest policy under which it may do that again.
 *
 * Theory of operation. Whoever reads a run hands over what it saw, in any order: paths with what was
 * needed of them, moves, addresses, names of `sys`. zc_learn_finish() sorts it out:
 *
 *   check.c   asks images: what is allowed anyway, what is protected or denied by hand and stays so
 *   tree.c    the paths as a tree; names that change from run to run become wildcards (names.c),
 *             directories in which much was used stand for what is in them (places.c: not all may)
 *   check.c   again: the policy is built, everything that was seen is put to it, and what it would
 *             still refuse (moves, mostly) is added, until nothing is
 *   rules.c   the rules of what is left;  print.c  the comments around them
 *   file.c    the file: only what stands between two marks is ours, and it is read back as if it had
 *             been seen, so that runs add up and the same runs give the same file
 *
 * What it stands on. A protected path (what @protected denies) is never allowed, only listed. A
 * guarded one (/etc, /proc, /sys, /dev ...) is listed one by one. `/`, home, the working directory
 * and the temporary directory never stand for what is in them.
 *
 * Memory: new/free. Fails: -ENOMEM; -EINVAL with words in struct zc_policy_error. Not for threads.
 */
#ifndef ZC_POLICY_LEARN_LEARN_H
#define ZC_POLICY_LEARN_LEARN_H

#include <stdio.h>

#include "core/event.h"
#include "core/wire/observed.h"
#include "policy/policy_set.h"

/* From so many entries on a directory stands for all that is in it. */
#define ZC_LEARN_READS 5u
#define ZC_LEARN_WRITES 3u
/* So many ports of one address, and any port is meant. */
#define ZC_LEARN_PORTS 3u

struct zc_learn;

/* Of world home, project and tmpdir count. Its texts must outlive the learner. NULL: out of memory. */
struct zc_learn *zc_learn_new(const struct zc_policy_world *world);
struct zc_learn *zc_learn_free(struct zc_learn *learn); /* takes NULL, returns NULL */

/* One recorded call, into the words below (take.c). Returns 0 or -ENOMEM, as they do. */
int zc_learn_take(struct zc_learn *learn, const struct zc_observed *observed);

enum {
	ZC_LEARN_DIRECTORY = 1, /* the path is a directory: what is needed is needed of it alone */
	ZC_LEARN_MADE = 2,      /* a directory that the command made: what is in it is its own */
	ZC_LEARN_REFUSED = 4,   /* plain permissions refused it: it need not be allowed */
};

/* path: absolute and clean, as it was judged; need: ZC_NEED_* bits. Each returns 0 or -ENOMEM. */
int zc_learn_path(struct zc_learn *learn, const char *path, size_t len, unsigned need,
		  unsigned flags);
/* A rename or link; both ends are handed over as paths as well. directory: it moves what is in it. */
int zc_learn_move(struct zc_learn *learn, const char *from, size_t from_len, const char *to,
		  size_t to_len, bool directory, bool link);
/* host: the name behind the address as far as it is known, or NULL. */
int zc_learn_net(struct zc_learn *learn, const struct zc_endpoint *peer, const char *host);
/* A name was asked for, and nothing is known of what became of it. */
int zc_learn_host(struct zc_learn *learn, const char *host);
int zc_learn_listen(struct zc_learn *learn, const struct zc_endpoint *at);
/* refused: it was not let through, and the command went on without it (io-uring). */
int zc_learn_sys(struct zc_learn *learn, const char *name, bool refused);
/* Something that no rule can say, in words; it becomes a comment. */
int zc_learn_cannot(struct zc_learn *learn, const char *what);

/* The header: when, how, what was run, and what the run could not see. broken: lines nobody could read. */
int zc_learn_run(struct zc_learn *learn, const struct zc_observed_run *about, uint64_t broken);
/* ... one line more; a command. */
int zc_learn_say(struct zc_learn *learn, const char *format, ...) ZC_PRINTF(2, 3);
int zc_learn_command(struct zc_learn *learn, const char *command);

/*
 * The file that rules are added to: name, for messages and relative paths, and its whole text ("" for
 * none). Fails where its learnt part holds what only people write, or it does not load.
 */
int zc_learn_text(struct zc_learn *learn, const char *name, const char *text, size_t len,
		  struct zc_policy_error *error);
/* Has the text a learnt part? Then the file was written by us. */
bool zc_learn_is_ours(const char *text, size_t len);

/* Call once, when all was handed over. */
int zc_learn_finish(struct zc_learn *learn, struct zc_policy_error *error);

struct zc_learn_account {
	size_t rules;       /* in the learnt part */
	size_t added;       /* of those, how many the file did not have */
	size_t patterns;    /* of those, with a wildcard ... */
	size_t directories; /* ... and for a whole directory */
	size_t locked;      /* used and not allowed: protected, or denied by hand */
	size_t unsaid;      /* what no rule can say */
	/* Files: how many were used, and how many there are on disk now that the rules cover. */
	size_t read_seen, read_granted, write_seen, write_granted;
	bool more; /* counting stopped: there are more */
};
/* After finishing. */
void zc_learn_account(const struct zc_learn *learn, struct zc_learn_account *ret);
/* The whole file, in the learner's memory. After finishing. */
const char *zc_learn_result(const struct zc_learn *learn, size_t *ret_len);

/*
 * Reads a file for zc_learn_text(): *ret_text is malloc'd, "" when there is no such file (and *ret_new
 * says so). Returns 0 or -errno.
 */
int zc_learn_load(const char *file, char **ret_text, size_t *ret_len, bool *ret_new);
/* Writes a file whole or not at all, keeping the mode it has. Returns 0 or -errno. */
int zc_learn_store(const char *file, const char *text, size_t len);

#endif
