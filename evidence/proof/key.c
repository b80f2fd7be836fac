/* SPDX-License-Identifier: MIT */
/*
 * key.c - Ed25519 keys as PEM. Their DER is a fixed beginning and 32 bytes: no parser is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evidence/read/verify.h"
#include "evidence/proof/sign.h"

#define PEM_MAX 4096u

static const unsigned char secret_der[16] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					      0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
static const unsigned char public_der[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
					      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

static int read_pem(const char *path, char ret[PEM_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (len < PEM_MAX - 1 && (got = read(fd, ret + len, PEM_MAX - 1 - len)) > 0)
		len += (size_t)got;
	got = got < 0 ? -errno : 0;
	close(fd);
	ret[len] = '\0';
	return (int)got;
}

/* The 32 bytes of a key in a PEM block of that kind, behind that beginning. */
static int decode_pem(const char *pem, const char *kind, const unsigned char *der, size_t der_len,
		      unsigned char ret[32])
{
	char begin[64];
	unsigned char bytes[64];
	const char *body, *end;
	size_t len;

	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", kind);
	body = strstr(pem, begin);
	end = body ? strstr(body + strlen(begin), "-----END ") : NULL;
	if (!end)
		return -EINVAL;
	body += strlen(begin);
	if (sodium_base642bin(bytes, sizeof(bytes), body, (size_t)(end - body), "\r\n \t", &len,
			      NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len != der_len + 32 || memcmp(bytes, der, der_len) != 0)
		return -EINVAL;
	memcpy(ret, bytes + der_len, 32);
	sodium_memzero(bytes, sizeof(bytes));
	return 0;
}

static void name_key(struct zc_sign_key *key)
{
	unsigned char der[sizeof(public_der) + 32], hash[crypto_hash_sha256_BYTES];

	memcpy(der, public_der, sizeof(public_der));
	memcpy(der + sizeof(public_der), key->public, 32);
	crypto_hash_sha256(hash, der, sizeof(der));
	sodium_bin2hex(key->id, sizeof(key->id), hash, sizeof(hash));
}

static int complain(const char *path, const char *what, int r, char error[512])
{
	if (r == -EINVAL)
		snprintf(error, 512,
			 "'%.200s' is not an Ed25519 %s key in PEM (openssl genpkey"
			 " -algorithm ed25519)",
			 path, what);
	else
		snprintf(error, 512, "cannot read the key '%.200s': %s", path, strerror(-r));
	return r;
}

int zc_sign_load(struct zc_sign_key *ret, const char *path, char error[512])
{
	char pem[PEM_MAX];
	unsigned char seed[32];
	int r = sodium_init() < 0 ? -EIO : read_pem(path, pem);

	if (!r)
		r = decode_pem(pem, "PRIVATE KEY", secret_der, sizeof(secret_der), seed);
	sodium_memzero(pem, sizeof(pem));
	if (r)
		return complain(path, "private", r, error);
	*ret = (struct zc_sign_key){ 0 };
	sodium_mlock(ret->secret, sizeof(ret->secret)); /* as good as can be had */
	crypto_sign_seed_keypair(ret->public, ret->secret, seed);
	sodium_memzero(seed, sizeof(seed));
	name_key(ret);
	return 0;
}

void zc_sign_forget(struct zc_sign_key *key)
{
	sodium_munlock(key->secret, sizeof(key->secret)); /* wipes it too */
}

int zc_sign_load_public(struct zc_sign_key *ret, const char *path, char error[512])
{
	char pem[PEM_MAX];
	int r = sodium_init() < 0 ? -EIO : read_pem(path, pem);

	*ret = (struct zc_sign_key){ 0 };
	if (!r)
		r = decode_pem(pem, "PUBLIC KEY", public_der, sizeof(public_der), ret->public);
	if (r)
		return complain(path, "public", r, error);
	name_key(ret);
	return 0;
}
