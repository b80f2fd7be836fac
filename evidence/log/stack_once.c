/* SPDX-License-Identifier: MIT */
/*
 * stack_once.c - which stacks a log has already, and where.
 */
#include "evidence/log/stack_once.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define SLOTS (2 * ZC_STACKS_ONCE)

struct known {
	uint64_t hash[2]; /* both 0: free */
	uint64_t seq;
};

struct zc_stacks_once {
	unsigned char key[crypto_generichash_KEYBYTES];
	size_t count;
	struct known *slot; /* made with the first one */
};

struct zc_stacks_once *zc_stacks_once_new(void)
{
	struct zc_stacks_once *once = sodium_init() < 0 ? NULL : calloc(1, sizeof(*once));

	if (once)
		randombytes_buf(once->key, sizeof(once->key));
	return once;
}

struct zc_stacks_once *zc_stacks_once_free(struct zc_stacks_once *once)
{
	if (once)
		free(once->slot);
	free(once);
	return NULL;
}

uint64_t zc_stacks_once(struct zc_stacks_once *once, const char *text, size_t len, uint64_t seq,
			bool add)
{
	uint64_t hash[2];
	size_t at;

	_Static_assert(sizeof(hash) == crypto_generichash_BYTES_MIN, "a hash of 16 bytes");
	if (!once || (!once->slot && !(once->slot = calloc(SLOTS, sizeof(*once->slot)))))
		return 0;
	crypto_generichash((unsigned char *)hash, sizeof(hash), (const unsigned char *)text, len,
			   once->key, sizeof(once->key));
	hash[0] |= 1;
	for (at = hash[1] % SLOTS; once->slot[at].hash[0]; at = (at + 1) % SLOTS)
		if (once->slot[at].hash[0] == hash[0] && once->slot[at].hash[1] == hash[1])
			return once->slot[at].seq;
	if (add && once->count < ZC_STACKS_ONCE) {
		once->slot[at] = (struct known){ { hash[0], hash[1] }, seq };
		once->count++;
	}
	return 0;
}
