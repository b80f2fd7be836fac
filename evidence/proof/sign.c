/* SPDX-License-Identifier: MIT */
/*
 * sign.c - the envelope: made, and checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/json.h"
#include "evidence/read/verify_run.h"
#include "evidence/story/digest.h"
#include "evidence/report/report.h"
#include "evidence/read/verify.h"
#include "evidence/proof/sign.h"

#define PAYLOAD_TYPE "application/vnd.in-toto+json"
#define ENVELOPE_MAX (256u << 20)

static const char *const subjects[] = { "events.jsonl", "run.json" };

/* DSSE's pre-authentication encoding: what is signed. Freed by the caller. */
static char *encode(const char *payload, size_t len, size_t *ret_len)
{
	char *text = malloc(len + 128);
	int head;

	if (!text)
		return NULL;
	head = snprintf(text, 128, "DSSEv1 %zu %s %zu ", sizeof(PAYLOAD_TYPE) - 1, PAYLOAD_TYPE,
			len);
	memcpy(text + head, payload, len);
	*ret_len = (size_t)head + len;
	return text;
}

/* --- signing -------------------------------------------------------------------------------------- */

static int make_statement(const char *dir, char **ret, size_t *ret_len, char error[512])
{
	struct zc_run *run;
	FILE *out;
	int r = zc_run_open(&run, dir, error);

	if (r)
		return r;
	if (!run->json.at) {
		snprintf(error, 512, "%s", run->json_error);
		zc_run_free(run);
		return -ENODATA;
	}
	out = open_memstream(ret, ret_len);
	r = out ? zc_run_scan(run) : -ENOMEM;
	if (!r)
		r = zc_report_write(run, zc_report_find("intoto"), out, NULL);
	if (out && fclose(out) == EOF && !r)
		r = -ENOMEM;
	if (r)
		snprintf(error, 512, "cannot make the statement: %s", strerror(-r));
	zc_run_free(run);
	return r;
}

/* A member whose value is base64 of these bytes. */
static int put_base64(struct zc_json *json, const char *key, const void *bytes, size_t len)
{
	size_t cap = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(cap);

	if (!text)
		return -ENOMEM;
	sodium_bin2base64(text, cap, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	zc_json_string(json, key, text);
	free(text);
	return 0;
}

static int make_envelope(const struct zc_sign_key *key, const char *payload, size_t len,
			 struct zc_json *json)
{
	unsigned char signature[crypto_sign_BYTES];
	size_t encoded_len;
	char *encoded = encode(payload, len, &encoded_len);
	int r;

	if (!encoded)
		return -ENOMEM;
	crypto_sign_detached(signature, NULL, (unsigned char *)encoded, encoded_len, key->secret);
	free(encoded);
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "payloadType", PAYLOAD_TYPE);
	r = put_base64(json, "payload", payload, len);
	zc_json_open(json, "signatures", '[');
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "keyid", key->id);
	r = r ? r : put_base64(json, "sig", signature, sizeof(signature));
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_newline(json);
	return r ? r : json->failed ? -ENOMEM : 0;
}

/* Beside, then renamed: the signature is whole or it is not there. */
static int replace(const char *dir, const struct zc_json *json)
{
	char path[ZC_PATH_CAP + 64], beside[ZC_PATH_CAP + 64];
	FILE *out;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/" ZC_SIGNATURE_FILE, dir);
	snprintf(beside, sizeof(beside), "%s/" ZC_SIGNATURE_FILE ".new", dir);
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	if (fwrite(json->bytes, 1, json->len, out) != json->len || fflush(out) == EOF ||
	    (fsync(fd) < 0 && errno != EINVAL))
		r = -errno;
	if (fclose(out) == EOF && !r)
		r = -errno;
	if (!r && rename(beside, path) < 0)
		r = -errno;
	if (r)
		unlink(beside);
	return r;
}

int zc_sign_run(const struct zc_sign_key *key, const char *dir, char error[512])
{
	struct zc_json json = { 0 };
	char *payload = NULL;
	size_t len = 0;
	int r = make_statement(dir, &payload, &len, error);

	if (!r) {
		r = make_envelope(key, payload, len, &json);
		r = r ? r : replace(dir, &json);
		if (r)
			snprintf(error, 512, "cannot write '%.300s/" ZC_SIGNATURE_FILE "': %s", dir,
				 strerror(-r));
	}
	free(payload);
	zc_json_free(&json);
	return r;
}

/* --- checking ------------------------------------------------------------------------------------- */

static void wrong(struct zc_verified *verified, const char *text)
{
	zc_verify_problem(verified, ZC_SIGNATURE_FILE, 0, "signature", "%s", text);
}

/* Is there a signature by this key, over this payload? */
static bool is_signed(const struct zc_sign_key *key, struct zc_view envelope, const char *payload,
		      size_t len)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(envelope, "signatures"));
	size_t encoded_len, signature_len;
	char *encoded = encode(payload, len, &encoded_len);
	struct zc_view one, text;
	bool holds = false;

	while (encoded && !holds && zc_walk_next(&walk, NULL, &one)) {
		char signature[2 * crypto_sign_BYTES];

		text = zc_view_get(one, "sig");
		holds = text.at && text.len <= sizeof(signature) &&
			zc_view_base64(text, signature, &signature_len) &&
			signature_len == crypto_sign_BYTES &&
			!crypto_sign_verify_detached((unsigned char *)signature,
						     (unsigned char *)encoded, encoded_len,
						     key->public);
	}
	free(encoded);
	return holds;
}

/* The digest that the statement has for that name. */
static struct zc_view stated_digest(struct zc_view statement, const char *name)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(statement, "subject"));
	struct zc_view subject;

	while (zc_walk_next(&walk, NULL, &subject))
		if (zc_view_is(zc_view_get(subject, "name"), name))
			return zc_view_get(subject, "digest.sha256");
	return (struct zc_view){ NULL, 0 };
}

static void check_subjects(const char *dir, struct zc_view statement, struct zc_verified *verified)
{
	char hex[65];

	if (!zc_view_is(zc_view_get(statement, "_type"), "https://in-toto.io/Statement/v1"))
		wrong(verified, "what is signed is not an in-toto statement");
	for (size_t i = 0; i < ZC_LEN(subjects); i++)
		if (zc_digest_file(dir, subjects[i], hex) < 0 ||
		    !zc_view_is(stated_digest(statement, subjects[i]), hex))
			zc_verify_problem(verified, subjects[i], 0, "digest",
					  "this is not the file that was signed");
}

static void check_envelope(const struct zc_sign_key *key, const char *dir, const char *text,
			   size_t len, struct zc_verified *verified)
{
	struct zc_view envelope, payload, statement;
	char *bytes;

	if (zc_view_parse(&envelope, text, len) < 0) {
		wrong(verified, "the envelope is not JSON");
		return;
	}
	payload = zc_view_get(envelope, "payload");
	bytes = payload.at ? malloc(payload.len) : NULL;
	if (!bytes || !zc_view_is(zc_view_get(envelope, "payloadType"), PAYLOAD_TYPE) ||
	    !zc_view_base64(payload, bytes, &len))
		wrong(verified, "it is not a DSSE envelope with an in-toto statement");
	else if (!is_signed(key, envelope, bytes, len))
		wrong(verified, "it is not signed by this key");
	else if (zc_view_parse(&statement, bytes, len) < 0)
		wrong(verified, "what is signed is not JSON");
	else
		check_subjects(dir, statement, verified);
	free(bytes);
}

int zc_sign_check(const struct zc_sign_key *key, const char *dir, struct zc_verified *verified)
{
	char path[ZC_PATH_CAP + 64];
	struct stat st;
	FILE *file;
	char *text;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/" ZC_SIGNATURE_FILE, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		wrong(verified, "the run is not signed");
		return 0;
	}
	if (fd < 0)
		return -errno;
	file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)ENVELOPE_MAX
		       ? fdopen(fd, "r")
		       : NULL;
	if (!file) {
		close(fd);
		return -EINVAL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text || fread(text, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		r = text ? -EIO : -ENOMEM;
	else
		check_envelope(key, dir, text, (size_t)st.st_size, verified);
	free(text);
	fclose(file);
	return r;
}
