/* SPDX-License-Identifier: MIT */
/*
 * landlock.h - from the rules of an image to Landlock's. Only landlock*.c and their tests need it.
 *
 * Theory of operation. Landlock puts rights on inodes that exist; the policy is on names, existing or
 * not. A rule can be said exactly only for a directory that stays the same directory, whatever the
 * policy lets the command do. All others are moved up to the nearest directory that does, and what
 * that gives too much of is written into the account:
 *
 *   a file (it may be replaced), what does not exist yet, a wildcard   its directory
 *   a directory that the command may remove and make again            the one that holds it
 *   anything below /proc                                               /proc: entries come and go
 *
 * Places are collected by one walk of the trie (landlock_places.c), judged for staying by
 * landlock_stay.c, and made into rules by landlock.c. Rights for which a place is "/" are not
 * handled at all. Renaming has a law of its own: Landlock refuses to move a file to where it would
 * have more rights, so wherever a place has more than the policy gives, all places that can be
 * written get it (landlock_even.c).
 */
#ifndef ZC_CONFINE_LANDLOCK_H
#define ZC_CONFINE_LANDLOCK_H

#include "confine/plan.h"

/* Some headers are older than what kernels know; these are linux/landlock.h's, by ABI. */
#define ZC_LL_EXECUTE (1ull << 0)
#define ZC_LL_WRITE_FILE (1ull << 1)
#define ZC_LL_READ_FILE (1ull << 2)
#define ZC_LL_READ_DIR (1ull << 3)
#define ZC_LL_REMOVE_DIR (1ull << 4)
#define ZC_LL_REMOVE_FILE (1ull << 5)
#define ZC_LL_MAKE_CHAR (1ull << 6)
#define ZC_LL_MAKE_DIR (1ull << 7)
#define ZC_LL_MAKE_REG (1ull << 8)
#define ZC_LL_MAKE_SOCK (1ull << 9)
#define ZC_LL_MAKE_FIFO (1ull << 10)
#define ZC_LL_MAKE_BLOCK (1ull << 11)
#define ZC_LL_MAKE_SYM (1ull << 12)
#define ZC_LL_REFER (1ull << 13)        /* ABI 2 */
#define ZC_LL_TRUNCATE (1ull << 14)     /* ABI 3 */
#define ZC_LL_IOCTL_DEV (1ull << 15)    /* ABI 5; never handled: ioctl is not judged */
#define ZC_LL_RESOLVE_UNIX (1ull << 16) /* ABI 9 */
#define ZC_LL_BIND_TCP (1ull << 0)      /* ABI 4 */
#define ZC_LL_CONNECT_TCP (1ull << 1)
#define ZC_LL_SCOPE_ABSTRACT (1ull << 0) /* ABI 6 */

/* What each class of the policy asks for. Running a program opens it for reading too. */
#define ZC_LL_OF_READ (ZC_LL_READ_FILE | ZC_LL_READ_DIR)
#define ZC_LL_OF_WRITE \
	(ZC_LL_WRITE_FILE | ZC_LL_REMOVE_DIR | ZC_LL_REMOVE_FILE | ZC_LL_MAKE_CHAR | \
	 ZC_LL_MAKE_DIR | ZC_LL_MAKE_REG | ZC_LL_MAKE_SOCK | ZC_LL_MAKE_FIFO | ZC_LL_MAKE_BLOCK | \
	 ZC_LL_MAKE_SYM | ZC_LL_REFER | ZC_LL_TRUNCATE)
#define ZC_LL_OF_RUN (ZC_LL_EXECUTE | ZC_LL_READ_FILE)
#define ZC_LL_OF_UNIX ZC_LL_RESOLVE_UNIX
/* What a rule on something that is not a directory may say. */
#define ZC_LL_OF_FILE \
	(ZC_LL_EXECUTE | ZC_LL_WRITE_FILE | ZC_LL_READ_FILE | ZC_LL_TRUNCATE | ZC_LL_IOCTL_DEV | \
	 ZC_LL_RESOLVE_UNIX)

/* Where rights are given: as the rules say them, and beyond what they say. */
struct zc_place {
	char *path;
	uint64_t exact, wide; /* ZC_LL_* */
	bool directory;
	bool needless; /* settling: those above give as much */
};

/* One rule at one place, for the account. */
struct zc_place_note {
	char *path; /* where the rule stands, as far as it is spelled out */
	char *to;   /* allow: where it is put instead; NULL: a deny */
	const char *why;
	uint32_t rule;
	uint8_t cls; /* enum zc_class */
};

struct zc_places {
	struct zc_place *place; /* after zc_places_settle(): by path, each once, ancestors first */
	size_t count, cap;
	struct zc_place_note *note;
	size_t note_count, note_cap;
	int error;
};

/* Collects what the image allows and refuses. Returns 0 or -ENOMEM. */
int zc_places_collect(struct zc_places *places, const struct zc_plan_maker *maker);
void zc_places_add(struct zc_places *places, const char *path, size_t len, bool directory,
		   uint64_t exact, uint64_t wide);
/* Sorts, merges, takes out of wide what an ancestor gives exactly, and drops what adds nothing. */
void zc_places_settle(struct zc_places *places);
/* What the places at and above path give. */
uint64_t zc_places_give(const struct zc_places *places, const char *path);
/* ... because a rule says so. */
uint64_t zc_places_give_exactly(const struct zc_places *places, const char *path);
void zc_places_finish(struct zc_places *places);
/* Gives what is given beyond the policy to every place that can be written. Settled before, settled after. */
void zc_places_even(struct zc_places *places, uint64_t handled);
/* The loaders that the kernel starts by itself: no rule names them, and none is asked. */
void zc_places_add_loaders(struct zc_places *places, const struct zc_image *image);

/* Is this need of a path allowed? path as the image has it. */
bool zc_stay_allows(const struct zc_image *image, const char *path, unsigned cls);
/*
 * Will the entry at path still be the same one, whatever the command may do? Without looking below
 * it. inside: the path as the image has it.
 */
bool zc_stay_entry(const struct zc_plan_maker *maker, const char *path, const char *inside);
/* Is it /dev or something in it that is no file of anybody's? Those are taken to stay. */
bool zc_stay_device(const char *path);
/* Is it at or below dir, both clean? */
bool zc_stay_below(const char *path, const char *dir);

/* landlock_net.c: ports and abstract sockets. Fills head.handled_net, head.scoped and the ports. */
void zc_landlock_net(struct zc_plan_maker *maker);

#endif
