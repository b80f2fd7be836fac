/* SPDX-License-Identifier: MIT */
/*
 * control.c - words to zcwrap's main loop: small, few, and never waited for.
 */
#include <sys/socket.h>

#include "tracer/session/session.h"
#include "tracer/tracer.h"

void zc_control_tell(int control, const struct zc_control *word)
{
	/* Without zcwrap the run goes on: refusals do not depend on who listens. */
	if (control >= 0)
		send(control, word, sizeof(*word), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void zc_control_stopped(struct zc_tracer *tracer, int signal)
{
	struct zc_control word = { ZC_CONTROL_STOPPED, 0, tracer->command, signal };

	zc_control_tell(tracer->options->control, &word);
}

void zc_control_ended(struct zc_tracer *tracer, int status)
{
	struct zc_control word = { ZC_CONTROL_ENDED, 0, tracer->command, status };

	zc_control_tell(tracer->options->control, &word);
}
