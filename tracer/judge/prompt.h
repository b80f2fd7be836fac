/* SPDX-License-Identifier: MIT */
/*
 * prompt.h - calls that somebody has to be asked about (ask- rules), while all others go on.
 *
 * Theory of operation. The verdict says "refused, unless somebody says yes". The caller stays where it is,
 * held by its engine; the question goes to zcwrap as a frame, one at a time, and zcwrap, who has the terminal,
 * answers on the control socket. A child of ours waits for that and ends with the answer as its status,
 * because both engines wait for children anyway. Then the call is judged again from the beginning: what it
 * points to may have changed while somebody thought about it, and an answer is for the question that was put.
 *
 * Memory: static. Fails: who cannot ask is refused.
 */
#ifndef ZC_TRACER_PROMPT_H
#define ZC_TRACER_PROMPT_H

#include "tracer/judge/judge.h"

/*
 * c->verdict asks. Returns true when the caller waits now. Else what came of asking is in c->verdict: allowed
 * and to be recorded, or refused.
 */
bool zc_prompt_case(struct zc_case *c);
/* A child has ended: was it the one that waits for an answer? Then its caller goes on. */
bool zc_prompt_ended(struct zc_tracer *tracer, pid_t pid, int status);
/* A tracee is gone, and its question with it. */
void zc_prompt_forget(pid_t tid);

#endif
