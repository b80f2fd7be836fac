/* SPDX-License-Identifier: MIT */
/*
 * exitcode.c - what happened -> the number that zcwrap exits with, and why. Pure.
 *
 * The command's own status comes through wherever it says something. Success is what must be earned:
 * it becomes a failure when there were violations, or when events are missing from the evidence.
 */
#include "wrap/wrap.h"

static struct zc_exit of_command(const struct zc_exit_facts *facts)
{
	bool violated = facts->violations > 0 && !facts->audit;
	int own = facts->signal ? ZC_EXIT_SIGNAL + facts->signal : facts->code;

	if (facts->timed_out)
		return (struct zc_exit){ ZC_EXIT_ENDED, "timeout" };
	if (facts->killed)
		return (struct zc_exit){ ZC_EXIT_ENDED, "ended by the policy" };
	if (own < 0)
		return (struct zc_exit){ ZC_EXIT_TROUBLE, "the command's status is unknown" };
	if (violated && (facts->violation_always || own == 0))
		return (struct zc_exit){ facts->violation_exit, "violations" };
	if (facts->signal)
		return (struct zc_exit){ own, "the command was ended by a signal" };
	return (struct zc_exit){ own, "the command's own status" };
}

struct zc_exit zc_exit_decide(const struct zc_exit_facts *facts)
{
	struct zc_exit exit = { ZC_EXIT_TROUBLE, "zcwrap failed" };

	switch (facts->start) {
	case ZC_START_RAN: exit = of_command(facts); break;
	case ZC_START_REFUSED:
		return (struct zc_exit){ ZC_EXIT_CANNOT_RUN, "the policy refuses the command" };
	case ZC_START_CANNOT:
		return (struct zc_exit){ ZC_EXIT_CANNOT_RUN, "the command cannot be run" };
	case ZC_START_MISSING:
		return (struct zc_exit){ ZC_EXIT_NOT_FOUND, "the command was not found" };
	case ZC_START_TROUBLE: break;
	}
	if (exit.code == 0 && facts->not_kept > 0)
		return (struct zc_exit){ ZC_EXIT_TROUBLE, "events could not be kept" };
	return exit;
}
