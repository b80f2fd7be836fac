/* SPDX-License-Identifier: MIT */
/*
 * sign.h - Ed25519 over a run: an in-toto statement about its two files, in a DSSE envelope.
 *
 * Theory of operation of proof/. The log's chain shows that a log is whole only to who knows its last link. A
 * signature carries that out of the machine: sha256.h digests the run's two files, sign.c puts both into a
 * statement and signs it with a key that the command cannot read (key.c; the policy denies it), and the same
 * file checks it. file_digest.h digests what the command itself used, when it was asked to, at the time of
 * use. Nothing here decides what a wrong digest means: who asked says it.
 *
 * Keys are PEM, as openssl writes them: PKCS#8 for the secret one, SubjectPublicKeyInfo for the other
 * (RFC 8410). The envelope is one line in statement.intoto.jsonl: payload, and a signature over
 * "DSSEv1 LEN TYPE LEN PAYLOAD". The payload's subjects are run.json and events.jsonl by their SHA-256, so
 * nothing in either can change. docs/EVIDENCE.md has the commands that check it with openssl alone.
 */
#ifndef ZC_EVIDENCE_SIGN_H
#define ZC_EVIDENCE_SIGN_H

#include "core/base.h"
struct zc_verified; /* evidence/read/verify.h */

#define ZC_SIGNATURE_FILE "statement.intoto.jsonl"

struct zc_sign_key {
	unsigned char secret[64]; /* as libsodium has it; wiped by zc_sign_forget() */
	unsigned char public[32];
	char id[65]; /* SHA-256 of the public key's SubjectPublicKeyInfo */
};

/* Reads a secret key; before the command starts, so that the run cannot end without it. 0 or -errno. */
int zc_sign_load(struct zc_sign_key *ret, const char *path, char error[512]);
void zc_sign_forget(struct zc_sign_key *key);
/* Signs a run that has ended. Returns 0, or -errno with a sentence. */
int zc_sign_run(const struct zc_sign_key *key, const char *dir, char error[512]);

/* Reads a public key. Returns 0, or -errno with a sentence. */
int zc_sign_load_public(struct zc_sign_key *ret, const char *path, char error[512]);
/* Holds the run against its signature; what does not hold is added to verified. Returns 0 or -errno. */
int zc_sign_check(const struct zc_sign_key *key, const char *dir, struct zc_verified *verified);

#endif
