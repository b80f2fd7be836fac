/* SPDX-License-Identifier: MIT */
/*
 * judge.h - one call under judgement: from a stop to how it goes on.
 *
 * Theory of operation. An engine holds a call and hands it over (judge.c). Its arguments are read into an
 * event; paths are resolved as the tracee sees them and stay held by descriptors (paths/); addresses get the
 * names that are known for them (names/). An exec is judged for each program that it would start: the file, a
 * script's interpreters, what a loader is told to run (program.c, content.c), with its arguments where rules
 * ask for them (arguments.c). Sockets have addresses in odd places (sockets.c), signals have targets (targets.c).
 *
 * verdict.c settles it: first the error that the kernel would give by itself, in the kernel's order, then
 * what zc_policy_decide() says. A refusal is answered and recorded here; an allow is left to the engine, which
 * lets the call go on or makes it in the caller's stead. ask- rules keep the caller waiting (prompt.c).
 *
 * There is one case at a time: the tracer has one thread, and each stop is settled before the next. Memory
 * that cannot be read is a refusal with a record. Nothing here knows which engine it is.
 */
#ifndef ZC_TRACER_JUDGE_H
#define ZC_TRACER_JUDGE_H

#include "tracer/tracer.h"

struct zc_case {
	struct zc_tracer *tracer;
	struct zc_tracee *tracee;
	const struct zc_call_stop *stop;
	struct zc_reader reader;
	struct zc_event event;
	struct zc_verdict verdict;
	struct zc_names names;
	struct zc_known_name known[ZC_KNOWN_NAMES]; /* of event.peer; names/ */
};

/* What a case comes to: nothing to do, a natural error (negative), or the errno of a refusal. */
struct zc_outcome_of {
	int natural; /* -errno that the kernel would give before any verdict; 0 */
	int refusal; /* errno to answer because of the verdict; 0 */
	bool kill;
	bool later; /* it was set aside, and will be judged again */
	bool waits; /* somebody is being asked; refusal is set as well */
};

/* verdict.c. Resolves event.object[n], all of them, as its need says. Returns 0 or the natural -errno. */
int zc_case_resolve(struct zc_case *c);
/* Decides on an event that is complete, counts and records. Natural errors come first. */
struct zc_outcome_of zc_case_decide(struct zc_case *c);
/* Records a verdict that no rule gives; a refusal that stays one in --audit. */
struct zc_outcome_of zc_case_refuse(struct zc_case *c, enum zc_reason reason, unsigned cls,
				    int error);

/* -p without --enforce: nothing is changed, whatever the verdict. */
bool zc_case_only_watches(const struct zc_tracer *tracer);

/* program.c: may this program run? Its file, its interpreters, what a loader is told to start. */
struct zc_outcome_of zc_judge_program(struct zc_case *c);
/* The event of running path, which is our own text. Returns 0, or -errno as the kernel would give it. */
int zc_program_event(struct zc_event *event, struct zc_names *names, unsigned abi,
		     const char *path);
/* programs.c: the same file as when it was judged under this spelling? Then that is the tracee's judgement. */
bool zc_programs_take(struct zc_tracee *tracee, const char *path, size_t len);
/* The exec under judgement was a plain allow: keeps it, where it is judged by its name alone. */
bool zc_programs_learn(const struct zc_case *c);
/* sockets.c: calls on sockets, all of their addresses. */
struct zc_outcome_of zc_judge_socket(struct zc_case *c);
/* The tracee's descriptor, as one of ours. Returns it or -errno. */
int zc_sockets_borrow(const struct zc_tracee *tracee, int fd);

/* Address of the call that is being judged, for fingerprints; 0: none. */
uint64_t zc_judge_place(void);
/* Who called the shim that left the call to us, as it says; 0: it was another way. */
uint64_t zc_judge_caller(void);
/* Would plain permissions refuse it too? Only asked for refusals. */
bool zc_judge_dac_refuses(const struct zc_tracee *tracee, const struct zc_event *event,
			  struct zc_verdict verdict);

#endif
