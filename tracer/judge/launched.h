/* SPDX-License-Identifier: MIT */
/*
 * launched.h - what a dynamic loader starts: "ld.so PROGRAM" runs a program without an exec of it. Only
 * program.c and recheck.c need it.
 *
 * Memory: one exec at a time, as there is one case at a time.
 */
#ifndef ZC_TRACER_LAUNCHED_H
#define ZC_TRACER_LAUNCHED_H

#include "tracer/judge/judge.h"

/* Another exec is looked at: no script has been met. */
void zc_launched_begin(void);
/* A script was: its interpreter gets option ("": none) and script in front of the script's arguments. */
void zc_launched_interpret(const char *interpreter, const char *option, const char *script);
/*
 * What the loader that the exec comes to is told to start. Returns the number of the argument that says so, and
 * what it says in next; 0: nothing; -E2BIG: that cannot be known.
 */
int zc_launched_find(const struct zc_case *c, uint64_t argv, char next[ZC_PATH_CAP]);
/*
 * The exec has happened: is it a loader, and was it told to start something? Then *ret is the event of that
 * program being run (or one that cannot be read), valid until the next call.
 */
bool zc_launched_came(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_event *ret);

#endif
