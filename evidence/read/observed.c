/* SPDX-License-Identifier: MIT */
/*
 * observed.c - lines of a log, back into what the calls were about.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "evidence/journal/log_reader.h"
#include "evidence/read/observed.h"
#include "evidence/read/run.h"

/* A text into a buffer with its NUL; the exact bytes where there are some. 0: none, or too long. */
static size_t take_text(struct zc_view text, struct zc_view exact, char *to, size_t cap)
{
	size_t room = (text.len > exact.len ? text.len : exact.len) + 1, len = 0;
	char *bytes = text.at ? malloc(room) : NULL;

	to[0] = '\0';
	if (!bytes)
		return 0;
	if (!exact.at || !zc_view_base64(exact, bytes, &len))
		len = zc_view_text(text, bytes);
	if (len >= cap)
		len = 0;
	memcpy(to, bytes, len);
	to[len] = '\0';
	free(bytes);
	return len;
}

static size_t take_word(struct zc_view text, char *to, size_t cap)
{
	size_t len = take_text(text, (struct zc_view){ 0 }, to, cap);

	return strlen(to) == len ? len : 0;
}

static unsigned needs_of(struct zc_view list)
{
	struct zc_walk walk = zc_view_walk(list);
	struct zc_view item;
	unsigned needs = 0;

	while (zc_walk_next(&walk, NULL, &item))
		needs |= zc_view_is(item, "read")    ? ZC_NEED_READ
			 : zc_view_is(item, "write") ? ZC_NEED_WRITE
			 : zc_view_is(item, "run")   ? ZC_NEED_RUN
			 : zc_view_is(item, "net")   ? ZC_NEED_UNIX
						     : 0;
	return needs;
}

static bool has_flag(struct zc_view list, const char *flag)
{
	struct zc_walk walk = zc_view_walk(list);
	struct zc_view item;

	while (zc_walk_next(&walk, NULL, &item))
		if (zc_view_is(item, flag))
			return true;
	return false;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return *path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A path that is not absolute and clean is none that was judged. */
static void take_path(struct zc_observed_object *object, struct zc_view text, struct zc_view exact)
{
	char clean[ZC_PATH_CAP];
	long len;

	object->len = take_text(text, exact, object->path, sizeof(object->path));
	if (object->path[0] != '/' || strlen(object->path) != object->len) {
		object->len = 0;
	} else {
		len = zc_path_join(clean, sizeof(clean), "/", 1, object->path, object->len);
		if (len < 0 || (size_t)len != object->len || strcmp(clean, object->path) != 0)
			object->len = 0;
	}
	object->path[object->len] = '\0';
}

static void take_object(struct zc_observed_object *object, struct zc_view view)
{
	static const char *const names[] = { "path",  "path_base64", "resolved", "resolved_base64",
					     "needs", "flags",       "directory" };
	struct zc_view member[ZC_LEN(names)];

	zc_view_pick(view, names, ZC_LEN(names), member);
	if (member[2].at)
		take_path(object, member[2], member[3]);
	else
		take_path(object, member[0], member[1]);
	object->need = needs_of(member[4]);
	/* Where nobody looked then, we look now, if it is still there. */
	object->directory = zc_view_true(member[6]) || has_flag(member[5], "O_DIRECTORY") ||
			    (object->len && object->need && is_directory(object->path));
}

static void take_peer(struct zc_observed *ret, struct zc_view view)
{
	static const char *const names[] = { "family", "address", "port", "abstract",
					     "abstract_base64" };
	struct zc_view member[ZC_LEN(names)];
	struct zc_endpoint *peer = &ret->peer;
	char text[INET6_ADDRSTRLEN];
	size_t len;

	zc_view_pick(view, names, ZC_LEN(names), member);
	if (member[3].at) {
		len = take_text(member[3], member[4], peer->name + 1, sizeof(peer->name) - 1);
		peer->family = AF_UNIX;
		peer->name_len = (uint16_t)(len + 1);
		ret->has_peer = len > 0;
	} else if (member[1].at && take_word(member[1], text, sizeof(text))) {
		peer->family = strchr(text, ':') ? AF_INET6 : AF_INET;
		peer->port = (uint16_t)zc_view_uint(member[2], 0);
		ret->has_peer = inet_pton(peer->family, text, peer->addr) == 1;
	}
}

bool zc_observed_read(struct zc_observed *ret, const char *line, size_t len)
{
	static const char *const names[] = { "type",    "op",          "action",   "object",
					     "object2", "dac_refuses", "truncated" };
	struct zc_view member[ZC_LEN(names)], view;

	if (zc_view_parse(&view, line, len) < 0)
		return false;
	zc_view_pick(view, names, ZC_LEN(names), member);
	if (!zc_view_is(member[0], "violation") && !zc_view_is(member[0], "access"))
		return false;
	memset(ret, 0, sizeof(*ret));
	if (!take_word(member[1], ret->op, sizeof(ret->op)))
		return false;
	ret->refused = zc_view_is(member[2], "denied") || zc_view_is(member[2], "killed");
	ret->permissions = zc_view_true(member[5]);
	ret->incomplete = zc_view_true(member[6]) ||
			  zc_view_true(zc_view_get(member[3], "unreadable"));
	take_object(&ret->object[0], member[3]);
	if (member[4].at)
		take_object(&ret->object[1], member[4]);
	take_peer(ret, member[3]);
	take_word(zc_view_get(member[3], "host"), ret->host, sizeof(ret->host));
	return true;
}

int zc_observed_each(struct zc_run *run,
		     int (*each)(void *context, const struct zc_observed *observed), void *context,
		     uint64_t *ret_broken)
{
	struct zc_observed *observed = malloc(sizeof(*observed));
	struct zc_log_reader reader;
	int r = 0, more = 1;

	*ret_broken = 0;
	if (!observed)
		return -ENOMEM;
	r = zc_journal_seek(run->log, 0);
	zc_log_reader_init(&reader, run->log, 0);
	while (r == 0 && (more = zc_log_reader_next(&reader)) > 0) {
		struct zc_view view;

		if (reader.state == ZC_LINE_WHOLE &&
		    zc_observed_read(observed, reader.text, reader.len))
			r = each(context, observed);
		else if (reader.state != ZC_LINE_WHOLE ||
			 zc_view_parse(&view, reader.text, reader.len) < 0)
			++*ret_broken;
	}
	zc_log_reader_finish(&reader);
	free(observed);
	return r < 0 ? r : more < 0 ? more : 0;
}

/* --- run.json ------------------------------------------------------------------------------------------ */

static int take_copy(char **ret, struct zc_view view)
{
	size_t len;

	if (zc_view_kind(view) != '"')
		return 0;
	*ret = malloc(view.len + 1);
	if (!*ret)
		return -ENOMEM;
	len = zc_view_text(view, *ret);
	(*ret)[len] = '\0';
	return 0;
}

static int take_command(char **ret, struct zc_view list)
{
	struct zc_walk walk = zc_view_walk(list);
	size_t len = 0;
	struct zc_view item;

	*ret = calloc(1, list.len + 1);
	if (!*ret)
		return -ENOMEM;
	while (zc_walk_next(&walk, NULL, &item)) {
		if (zc_view_kind(item) != '"' || len + item.len + 1 > list.len)
			continue;
		if (len)
			(*ret)[len++] = ' ';
		len += zc_view_text(item, *ret + len);
	}
	return 0;
}

/* The first few reasons, each once. */
static int take_gaps(struct zc_observed_run *ret, struct zc_view processes)
{
	struct zc_walk walk = zc_view_walk(processes);
	struct zc_view process;
	size_t count = 0;
	int r = 0;

	while (r == 0 && count + 1 < ZC_LEN(ret->gaps) && zc_walk_next(&walk, NULL, &process)) {
		struct zc_view gap = zc_view_get(process, "gap");
		size_t i = 0;

		if (zc_view_kind(gap) != '"')
			continue;
		r = take_copy(&ret->gaps[count], gap);
		while (r == 0 && i < count && strcmp(ret->gaps[i], ret->gaps[count]) != 0)
			i++;
		if (r < 0 || i == count) {
			count++;
		} else {
			free(ret->gaps[count]);
			ret->gaps[count] = NULL;
		}
	}
	return r;
}

int zc_observed_about(struct zc_observed_run *ret, const struct zc_run *run)
{
	struct zc_view json = run->json, learns = zc_view_get(json, "learns");
	int r = 0;

	*ret = (struct zc_observed_run){ .learns = zc_view_kind(learns) == '{' };
	ret->ended = json.at && !zc_view_is(zc_view_get(json, "verdict"), "error");
	ret->complete = zc_view_true(zc_view_get(json, "coverage.complete"));
	ret->unwatched = zc_view_uint(zc_view_get(json, "coverage.gaps"), 0);
	ret->lost = zc_view_uint(zc_view_get(json, "counts.lost"), 0) +
		    zc_view_uint(zc_view_get(json, "counts.not_kept"), 0);
	r = r ? r : take_command(&ret->command, zc_view_get(json, "command"));
	r = r ? r : take_copy(&ret->cwd, zc_view_get(json, "cwd"));
	r = r ? r : take_copy(&ret->home, zc_view_get(learns, "home"));
	r = r ? r : take_copy(&ret->tmpdir, zc_view_get(learns, "tmpdir"));
	r = r ? r : take_copy(&ret->mode, zc_view_get(json, "mode.used"));
	r = r ? r : take_copy(&ret->engine, zc_view_get(json, "mode.engine"));
	r = r ? r : take_copy(&ret->started, zc_view_get(json, "started"));
	return r ? r : take_gaps(ret, zc_view_get(json, "coverage.processes"));
}

void zc_observed_finish(struct zc_observed_run *about)
{
	free(about->command);
	free(about->cwd);
	free(about->home);
	free(about->tmpdir);
	free(about->mode);
	free(about->engine);
	free(about->started);
	for (size_t i = 0; i < ZC_LEN(about->gaps); i++)
		free(about->gaps[i]);
	*about = (struct zc_observed_run){ 0 };
}

int zc_observed_dir(const char *dir, struct zc_observed_run *ret,
		    int (*each)(void *context, const struct zc_observed *observed), void *context,
		    uint64_t *ret_broken, char error[512])
{
	struct zc_run *run = NULL;
	int r = zc_run_open(&run, dir, error);

	*ret = (struct zc_observed_run){ 0 };
	if (r == 0)
		r = zc_observed_about(ret, run);
	if (r == 0)
		r = zc_observed_each(run, each, context, ret_broken);
	zc_run_free(run);
	return r;
}
