/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads that are refused at the same time are counted exactly.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret
 * expect: all refused: OK; count 4000 $T/vault/secret; exit 2
 */
#include <pthread.h>

#include "probe.h"

static const char *denied;
static int wrong;

static void *work(void *unused)
{
	for (int i = 0; i < 1000; i++)
		if (open(denied, O_RDONLY) >= 0 || errno != EACCES)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread[4];

	denied = argv[1];
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	errno = EINVAL;
	say("all refused", wrong ? -1 : 0);
	return 0;
}
