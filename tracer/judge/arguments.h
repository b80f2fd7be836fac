/* SPDX-License-Identifier: MIT */
/*
 * arguments.h - the arguments of the exec under judgement, where the policy has rules on commands. Only
 * program.c and recheck.c need it.
 *
 * Memory: one set of arguments, as there is one case at a time.
 */
#ifndef ZC_TRACER_ARGUMENTS_H
#define ZC_TRACER_ARGUMENTS_H

#include "tracer/judge/judge.h"

/* Reads them from the caller's memory. Returns 0, or -EFAULT as the kernel would. */
int zc_arguments_take(struct zc_case *c, uint64_t argv);
/* Puts them, and the pipes that they are about, into the event. For each file that the exec runs. */
void zc_arguments_put(struct zc_case *c);
/*
 * What is to be run next is the interpreter of a script (option: "", or what its first line says behind it).
 * The texts are copied.
 */
void zc_arguments_interpret(const char *interpreter, const char *option, const char *script);
/* ... or what a loader was told to start: the argument of that number is its name. */
void zc_arguments_launch(unsigned first);
/* Remembers them with the tracee, for when the exec has happened. */
void zc_arguments_remember(struct zc_tracee *tracee);
/* The exec has happened: did it get other arguments than were judged? Asked once. */
bool zc_arguments_changed(const struct zc_tracer *tracer, struct zc_tracee *tracee);
/* Takes those that it got instead. Returns false when there are none, or they cannot be read. */
bool zc_arguments_own(struct zc_tracee *tracee);
/* Those that were taken last. */
const struct zc_argv *zc_arguments(void);

#endif
