/* SPDX-License-Identifier: MIT */
/*
 * log.c - one write(2) a line, and what to do when the disk is full.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/log/log.h"
#include "evidence/redact.h"

int zc_log_init(struct zc_log *log, const char *dir, FILE *out, const char *run_id)
{
	char path[ZC_PATH_CAP];

	*log = (struct zc_log){ .fd = -1, .out = dir ? NULL : out };
	zc_chain_start(log->link, run_id);
	if (!dir)
		return 0;
	if (snprintf(path, sizeof(path), "%s/events.jsonl", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	/* O_EXCL: a run directory is new, and a file that is already there is somebody's trick. */
	log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return log->fd < 0 ? -errno : 0;
}

void zc_log_finish(struct zc_log *log)
{
	log->rotation = zc_rotation_free(log->rotation);
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

/* Writes all or nothing. A short write (disk full, file size limit) is taken back. */
static int append(struct zc_log *log, const char *bytes, size_t len)
{
	ssize_t wrote;

	do
		wrote = write(log->fd, bytes, len);
	while (wrote < 0 && errno == EINTR);
	if (wrote == (ssize_t)len)
		return 0;
	if (wrote < 0)
		return -errno;
	if (ftruncate(log->fd, log->size) < 0)
		log->torn = true;
	return -ENOSPC;
}

static bool write_chained(struct zc_log *log, struct zc_json *line)
{
	unsigned char link[ZC_LINK_BYTES];
	char hex[2 * ZC_LINK_BYTES + 1];
	int error;

	zc_chain_next(link, log->link, line->bytes, line->len);
	sodium_bin2hex(hex, sizeof(hex), link, sizeof(link));
	zc_json_string(line, "chain", hex);
	zc_json_close(line, '}');
	zc_json_newline(line);
	if (line->failed)
		error = -ENOMEM;
	else
		error = log->torn ? -EIO : append(log, line->bytes, line->len);
	if (error) {
		log->error = log->error ? log->error : -error;
		return false;
	}
	memcpy(log->link, link, sizeof(link));
	log->size += (off_t)line->len;
	if (log->copy)
		fwrite(line->bytes, 1, line->len, log->copy);
	return true;
}

bool zc_log_write(struct zc_log *log, struct zc_json *line)
{
	bool kept;

	zc_redact_json(log->redaction, line);
	kept = !line->failed;
	if (log->fd >= 0) {
		kept = kept && write_chained(log, line);
	} else if (kept && log->out) {
		zc_json_close(line, '}');
		kept = !line->failed && fwrite(line->bytes, 1, line->len, log->out) == line->len &&
		       fputc('\n', log->out) != EOF;
		if (!kept && !log->error)
			log->error = line->failed ? ENOMEM : errno;
	}
	log->lines += kept;
	log->not_kept += !kept;
	return kept;
}

void zc_log_sync(struct zc_log *log)
{
	if (log->fd < 0 || fdatasync(log->fd) == 0 || errno == EINVAL || errno == EROFS)
		return;
	log->error = log->error ? log->error : errno;
}

bool zc_log_turn(struct zc_log *log, const char *dir)
{
	int fd;

	if (log->torn || (!log->rotation && zc_rotation_new(&log->rotation, dir) < 0))
		return false;
	fd = zc_rotation_turn(log->rotation, log->fd);
	if (fd < 0)
		return false;
	log->fd = fd;
	log->size = 0;
	return true;
}

void zc_log_head(const struct zc_log *log, char ret_hex[2 * ZC_LINK_BYTES + 1])
{
	sodium_bin2hex(ret_hex, 2 * ZC_LINK_BYTES + 1, log->link, sizeof(log->link));
}
