/* SPDX-License-Identifier: MIT */
/*
 * status.c - --status-fd: one JSON object a line for programs that follow a run.
 *
 *   {"status":"started","run":...,"dir":...,"mode":...,"pid":N}
 *   {"status":"findings","refused":N}                    at most once a second, when it grew
 *   {"status":"ended","run":...,"dir":...,"verdict":...,"violations":N,"findings":N,"exit":N,"reason":...}
 *
 * "refused" comes from the page that the run's own processes write: a hint, not evidence.
 */
#include <fcntl.h>
#include <unistd.h>

#include "text/json.h"
#include "wrap/wrap.h"

/* A copy of ours, so that the command never holds the descriptor on which we speak about it. */
void zc_status_open(struct zc_status *status, int fd)
{
	*status = (struct zc_status){ .fd = -1 };
	if (fd < 0)
		return;
	status->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void begin(struct zc_json *json, const char *what, const struct zc_store *store)
{
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "status", what);
	if (store) {
		zc_json_string(json, "run", store->run_id);
		zc_json_string(json, "dir", store->run_dir);
	}
}

static void send(struct zc_status *status, struct zc_json *json)
{
	size_t done = 0;

	zc_json_close(json, '}');
	zc_json_newline(json);
	while (!json->failed && done < json->len) {
		ssize_t n = write(status->fd, json->bytes + done, json->len - done);

		if (n <= 0)
			break; /* nobody listens any more; the run does not depend on it */
		done += (size_t)n;
	}
	zc_json_free(json);
}

void zc_status_started(struct zc_status *status, const struct zc_store *store, const char *mode,
		       pid_t pid)
{
	struct zc_json json = { 0 };

	if (status->fd < 0)
		return;
	begin(&json, "started", store);
	zc_json_string(&json, "mode", mode);
	zc_json_int(&json, "pid", pid);
	send(status, &json);
}

void zc_status_progress(struct zc_status *status, const struct zc_page *page)
{
	uint64_t refused = __atomic_load_n(&page->refused, __ATOMIC_RELAXED);
	struct zc_json json = { 0 };

	if (status->fd < 0 || refused == status->refused || zc_now_ms() - status->last_ms < 1000)
		return;
	status->refused = refused;
	status->last_ms = zc_now_ms();
	begin(&json, "findings", NULL);
	zc_json_uint(&json, "refused", refused);
	send(status, &json);
}

void zc_status_ended(struct zc_status *status, const struct zc_store *store,
		     const struct zc_evidence_result *result, struct zc_exit end)
{
	struct zc_json json = { 0 };

	if (status->fd < 0)
		return;
	begin(&json, "ended", store);
	zc_json_string(&json, "verdict", zc_run_verdict_name(result->verdict));
	zc_json_uint(&json, "violations", result->violations);
	zc_json_uint(&json, "findings", result->findings);
	zc_json_int(&json, "exit", end.code);
	zc_json_string(&json, "reason", end.reason);
	send(status, &json);
}
