/* SPDX-License-Identifier: MIT */
/*
 * prompt.c - the questions that wait, and the child that waits for the answer to the first of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/judge/prompt.h"
#include "tracer/engine.h"

#define QUESTIONS 64u

struct question {
	pid_t tid; /* 0: free */
	uint64_t key;
	uint64_t order; /* of asking; answered: 0 */
	uint8_t answer; /* enum zc_asked; NOT: none yet */
	void *held;     /* the engine's, malloc'd */
};

static struct question questions[QUESTIONS];
static uint64_t asked_so_far;
static pid_t messenger; /* 0: nobody is being asked */
static uint64_t messenger_order;

static struct question *find(pid_t tid)
{
	for (unsigned i = 0; i < QUESTIONS; i++)
		if (questions[i].tid == tid)
			return &questions[i];
	return NULL;
}

/* ---- the child ---- */

static _Noreturn void wait_for_answer(int control, uint64_t order)
{
	struct zc_control word;
	ssize_t got;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nothing of the tracer's may outlive it here: a listener would keep its callers waiting. */
	dup2(control, 0);
	syscall(SYS_close_range, 1, ~0u, 0);
	for (;;) {
		got = recv(0, &word, sizeof(word), 0);
		if (got == (ssize_t)sizeof(word) && word.kind == ZC_CONTROL_ANSWER &&
		    (uint32_t)word.pid == (uint32_t)order && word.value < ZC_ASKED_COUNT)
			_exit(word.value);
		if (got == 0 || (got < 0 && errno != EINTR))
			_exit(ZC_ASKED_NO_TERMINAL);
	}
}

static void start_messenger(struct zc_tracer *tracer)
{
	struct question *first = NULL;

	for (unsigned i = 0; i < QUESTIONS; i++)
		if (questions[i].tid && questions[i].order &&
		    (!first || questions[i].order < first->order))
			first = &questions[i];
	if (!first || messenger)
		return;
	messenger_order = first->order;
	messenger = fork();
	if (messenger == 0)
		wait_for_answer(tracer->options->control, messenger_order);
	if (messenger < 0)
		messenger = 0;
}

/* ---- questions ---- */

static void settle(struct zc_case *c, unsigned answer)
{
	c->verdict.asked = (uint8_t)answer;
	c->verdict.asks = 0;
	if (answer != ZC_ASKED_YES && answer != ZC_ASKED_ALWAYS)
		return;
	c->verdict.action = ZC_LOGGED;
	c->verdict.error = 0;
}

static bool put(struct zc_case *c, struct question *question, uint64_t key)
{
	struct zc_tracer *tracer = c->tracer;

	if (!question || tracer->options->control < 0 || !tracer->engine->suspend)
		return false;
	*question = (struct question){ .tid = c->tracee->tid, .key = key, .order = ++asked_so_far };
	if (zc_report_ask(tracer, c->tracee, &c->event, c->verdict, key, question->order))
		start_messenger(tracer);
	if (messenger)
		question->held = tracer->engine->suspend(tracer, c->tracee);
	if (!question->held)
		question->tid = 0;
	return question->held;
}

bool zc_prompt_case(struct zc_case *c)
{
	uint64_t key = zc_ask_key(c->tracer->image, &c->event, c->verdict, c->tracer->key);
	struct question *question = find(c->tracee->tid);

	if (question && question->answer) {
		bool same = question->key == key;
		unsigned answer = question->answer;

		question->tid = 0;
		if (same) {
			settle(c, answer);
			return false;
		}
	}
	if (put(c, find(0), key))
		return true;
	settle(c, ZC_ASKED_NO_TERMINAL);
	return false;
}

bool zc_prompt_ended(struct zc_tracer *tracer, pid_t pid, int status)
{
	struct question *question = NULL;
	unsigned answer = WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : ZC_ASKED_NO_TERMINAL;

	if (!messenger || pid != messenger)
		return false;
	if (!WIFEXITED(status) && !WIFSIGNALED(status))
		return true;
	messenger = 0;
	for (unsigned i = 0; i < QUESTIONS; i++)
		if (questions[i].tid && questions[i].order == messenger_order)
			question = &questions[i];
	if (question) {
		question->order = 0;
		question->answer = answer ? (uint8_t)answer : ZC_ASKED_NO_TERMINAL;
		tracer->engine->resume(tracer, question->tid, question->held);
	}
	start_messenger(tracer);
	return true;
}

void zc_prompt_forget(pid_t tid)
{
	struct question *question = tid ? find(tid) : NULL;

	if (!question)
		return;
	if (messenger && question->order == messenger_order)
		kill(messenger, SIGKILL); /* its end is waited for like any child's */
	question->tid = 0;
	if (!question->answer) /* else it has been taken back */
		free(question->held);
}
