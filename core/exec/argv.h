/* SPDX-License-Identifier: MIT */
/*
 * argv.h - the arguments of an exec, as rules on commands look at them.
 *
 * A rule on a path says which file may run. A rule on a command ("deny-run rm with -r /") also says
 * how. Its words stand in the image (struct zc_image_argv_rule), in the form that policy/language/argv.c
 * brought them into; what they are held against is a struct zc_argv, which whoever observes fills
 * from the caller's memory: the first ZC_ARGV_MAX arguments, of each the first ZC_ARGV_BYTES, of a
 * text that follows "-c" the first ZC_ARGV_SCRIPT.
 *
 *   program    by path, or by name: of the file where it leads, of the file as given, of argv[0]; for
 *              programs that are many (busybox) of the argument that says which. A rule that allows
 *              is not satisfied by argv[0], which anybody may choose
 *   arguments  each group must be met by some argument, in any order; a group has alternatives
 *   feeders    "fed-by": the program reads its script from a pipe that one of these writes (feeds.h),
 *              or it is a shell whose text says so
 *
 * Around it in this folder: argv_match.c holds one exec against the rules, argv_script.c looks through a shell's
 * text, feeds.h knows who writes to whose pipe. loader.c tells a dynamic loader by what it is made of, since one
 * that is given a program starts it without an exec, and carry.h gets the shim into what is started.
 *
 * Context: anywhere; below 1 KiB of stack. Memory: the caller's. Fails: never.
 */
#ifndef ZC_CORE_ARGV_H
#define ZC_CORE_ARGV_H

#include "core/event.h"
#include "core/image.h"

#define ZC_ARGV_MAX 256u
#define ZC_ARGV_BYTES 256u
#define ZC_ARGV_SCRIPT 8192u

struct zc_argument {
	const char *text; /* not NUL-terminated where it was cut */
	uint32_t len;
};

struct zc_argv {
	uint32_t count; /* of at[], argv[0] included */
	uint32_t cwd_len;
	const char *cwd; /* where relative operands start, clean and absolute; NULL: not known */
	struct zc_argument at[ZC_ARGV_MAX];
};

/* How many bytes of the next argument are looked at; 0: no further ones are. */
size_t zc_argv_room(const struct zc_argv *argv);
/* Adds one; len may be more than is looked at. The text must live as long as argv. */
void zc_argv_add(struct zc_argv *argv, const char *text, size_t len);
/*
 * The arguments that the kernel gives a script's interpreter: its name, what stands behind it in the first
 * line (option, NULL: nothing), the script, and what the script was given. Nothing is copied.
 */
void zc_argv_interpret(struct zc_argv *argv, const char *interpreter, const char *option,
		       const char *script);
/* Of what was looked at but for argv[0]: the same arguments have the same number. */
uint64_t zc_argv_hash(const struct zc_argv *argv, uint64_t key);

/* Where a program like a shell takes its script from: a descriptor, or -1 (a file, or an argument). */
int zc_argv_script_fd(const struct zc_argv *argv, unsigned first, bool is_shell);
/* The descriptor that an argument names ("/dev/fd/3", "/proc/self/fd/3", "//dev/stdin"), or -1. */
int zc_argv_names_fd(const struct zc_argument *argument);

/*
 * What an exec is, for the rules with feeders: bit n for the n-th of them. writes: one of its feeders;
 * reads: its program, with its arguments, and it takes its script from *ret_script_fd (-1: none does).
 * The event's objects are resolved and event->argv is filled.
 */
void zc_argv_roles(const struct zc_image *image, const struct zc_event *event, uint64_t *ret_writes,
		   uint64_t *ret_reads, int *ret_script_fd);

static inline bool zc_argv_matters(const struct zc_image *image)
{
	const struct zc_image *stricter = zc_image_stricter(image);

	return image->argv_rules.count || (stricter && stricter->argv_rules.count);
}
static inline bool zc_feeds_matter(const struct zc_image *image)
{
	return image->argv_feeds != 0;
}

/* Does a shell's text pipe a feeder of the rule into its program? script.c; bounded by len. */
bool zc_script_feeds(const struct zc_image *image, const struct zc_image_argv_rule *rule,
		     const char *text, size_t len);

/* For script.c and argv_match.c: do some words of the image name a program of this name? */
bool zc_argv_is_named(const struct zc_image *image, uint32_t first, uint32_t count,
		      const char *name, size_t len);
bool zc_argv_is_shell(const char *name, size_t len);

/* Reads a command's words one by one: where does its script come from? */
struct zc_script_source {
	int fd; /* so far */
	bool shell, settled, skip, operands;
};
void zc_source_begin(struct zc_script_source *source, bool is_shell);
void zc_source_word(struct zc_script_source *source, const char *text, size_t len);

#endif
