/* SPDX-License-Identifier: MIT */
/*
 * policy.h - would this be allowed? One pure function, the same object code in every mode.
 *
 * Theory of operation. What is judged (a path for a class, an address, a name of `sys`, a command line) first
 * comes to twelve bits: what the rules that hold for it say, layer by layer. walk.c finds them for a path, one
 * probe a component; policy_net.c for addresses and sockets; exec/ for commands. One table of precedence
 * (judge.c: implicit denies, then the user's rules, the profile's, the base; inside a layer deny beats ask beats
 * log beats allow) makes an outcome of them, and then the rule that gave it is looked up. An event with several
 * objects has the worst outcome of all. Moving adds a question of its own (policy_move.c): would something be
 * lost from a deny, or gain a right, at the new place?
 *
 * Last the outcome becomes an action and an errno (policy.c), and what is allowed is held against a stricter
 * image, where there is one. Paths in the event are resolved already; nothing is looked up here.
 *
 * Context: anywhere, including signal handlers. No system call, no allocation, no lock; between 1
 * and 2 KiB of stack. Time depends on the length of the path, not on the number of rules.
 * Memory: caller's. Fails: never; an image that passed zc_image_check() cannot make it read astray.
 */
#ifndef ZC_CORE_POLICY_H
#define ZC_CORE_POLICY_H

#include "core/event.h"
#include "core/image.h"

enum zc_action {
	ZC_ALLOWED,       /* nothing to say */
	ZC_LOGGED,        /* allowed, and recorded (log-) */
	ZC_AUDITED,       /* would be refused; recorded, and allowed */
	ZC_REFUSED_QUIET, /* refused, not a finding (quiet-deny-) */
	ZC_REFUSED,       /* refused and recorded */
	ZC_KILLED,        /* refused, recorded, and the command is ended */
	ZC_DETECTED,      /* never decided: mode watch saw afterwards what would be refused */
};

/* Why, when no single rule says so. */
enum zc_reason {
	ZC_WHY_RULE,        /* verdict.rule */
	ZC_WHY_NO_ALLOW,    /* nothing in the class allows it */
	ZC_WHY_UNREADABLE,  /* an argument could not be read */
	ZC_WHY_MOVE_LOSES,  /* moving would take something out of a deny */
	ZC_WHY_MOVE_GAINS,  /* moving would give something a right it has not */
	ZC_WHY_NO_NET,      /* --no-net */
	ZC_WHY_NO_RESOLVER, /* names cannot be resolved under this policy */
	ZC_WHY_COMPLEX,     /* more wildcards apply than a lookup follows */
	ZC_WHY_NO_IMAGE,    /* the shim could not find the policy */
	ZC_WHY_CHANGED,     /* between check and use it became something else */
	ZC_WHY_UNSEEN,      /* whatever followed would go on unseen */
};

/* What came of an ask- rule. */
enum zc_asked {
	ZC_ASKED_NOT,
	ZC_ASKED_YES,
	ZC_ASKED_ALWAYS, /* ... and for the rest of the run */
	ZC_ASKED_NO,
	ZC_ASKED_NO_TERMINAL,
	ZC_ASKED_TIMEOUT,
	ZC_ASKED_COUNT
};

struct zc_verdict {
	uint8_t action; /* enum zc_action */
	uint8_t reason; /* enum zc_reason */
	uint8_t cls;    /* enum zc_class that decided */
	uint8_t object; /* index of the object that decided */
	uint16_t error; /* errno that a refusal answers; 0 when allowed */
	uint8_t asks;   /* an ask- rule decided: refused, unless somebody who is asked says yes */
	uint8_t asked;  /* enum zc_asked: what came of asking; the observer's to fill */
	uint32_t rule;  /* ZC_RULE_NONE when no rule decided */
};

static inline bool zc_refuses(struct zc_verdict verdict)
{
	return verdict.action >= ZC_REFUSED_QUIET;
}

/* Nothing that anybody is asked could let it happen. For what holds calls back beforehand. */
static inline bool zc_forbids(struct zc_verdict verdict)
{
	return zc_refuses(verdict) && !verdict.asks;
}

struct zc_verdict zc_policy_decide(const struct zc_image *image, const struct zc_event *event);

/* Is need of this clean absolute path a plain allow (no record, no probe of links needed)? */
bool zc_policy_allows_path(const struct zc_image *image, const char *path, size_t len,
			   unsigned need);
/* ... and is it one for everything below it, too? False: perhaps not. */
bool zc_policy_allows_below(const struct zc_image *image, const char *path, size_t len,
			    unsigned need);

/* Names for the evidence; "?" for what is none of them. */
const char *zc_action_name(unsigned action); /* "denied" "audited" "allowed" "killed" "detected" */
const char *zc_reason_name(unsigned reason); /* "rule" "no-allow" ... */
const char *zc_reason_text(unsigned reason); /* a sentence for people */
const char *zc_asked_name(unsigned asked);   /* "yes" "always" "no" "no-terminal" "timeout" */
const char *zc_risk_name(unsigned risk);     /* "low" ...; "" for none */
/* "read" "write" "run" "net" "listen" "sys", as in the policy; UNIX is "net". */
const char *zc_policy_class_name(unsigned cls);

/*
 * Names one finding: rule, operation, target, program and the caller's place (module identity +
 * offset). Never pid, time or address. The shim counts repeats under it.
 */
uint64_t zc_fingerprint(const struct zc_image *image, const struct zc_event *event,
			struct zc_verdict verdict, uint64_t program_hash,
			uint64_t caller_module_hash, uint64_t caller_offset);
/*
 * The same for a run that learns (ZC_IMAGE_LEARN): all that the call was about, and not who asked.
 */
uint64_t zc_fingerprint_learnt(const struct zc_event *event);

/* Names one question: rule, operation and target, with the arguments of a command. Whoever asks. key: keyed.h. */
uint64_t zc_ask_key(const struct zc_image *image, const struct zc_event *event,
		    struct zc_verdict verdict, uint64_t key);

#endif
