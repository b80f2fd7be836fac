/* SPDX-License-Identifier: MIT */
/*
 * digest.c - see digest.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base.h"
#include "evidence/journal/journal.h"
#include "evidence/story/digest.h"
#include "evidence/proof/sha256.h"

/* A log that was compressed with its run is digested as what it was. */
static int digest_log(const char *dir, char ret_hex[65])
{
	static unsigned char buffer[65536];
	unsigned char digest[ZC_SHA256_BYTES];
	struct zc_sha256 hash;
	struct zc_journal *log;
	ssize_t got = zc_journal_open_last(&log, dir);

	if (got < 0)
		return (int)got;
	zc_sha256_init(&hash);
	while ((got = zc_journal_read(log, buffer, sizeof(buffer))) > 0)
		zc_sha256_update(&hash, buffer, (size_t)got);
	if (got == 0 && zc_journal_damaged(log, 0))
		got = -EBADMSG;
	zc_journal_free(log);
	if (got < 0)
		return (int)got;
	zc_sha256_final(&hash, digest);
	sodium_bin2hex(ret_hex, 65, digest, sizeof(digest));
	return 0;
}

int zc_digest_file(const char *dir, const char *name, char ret_hex[65])
{
	static unsigned char buffer[65536];
	unsigned char digest[ZC_SHA256_BYTES];
	struct zc_sha256 hash;
	char path[ZC_PATH_CAP + 32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT && !strcmp(name, "events.jsonl") ? digest_log(dir, ret_hex)
									: -errno;
	zc_sha256_init(&hash);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			zc_sha256_update(&hash, buffer, (size_t)got);
	got = got < 0 ? -errno : 0;
	close(fd);
	if (got < 0)
		return (int)got;
	zc_sha256_final(&hash, digest);
	sodium_bin2hex(ret_hex, 65, digest, sizeof(digest));
	return 0;
}
