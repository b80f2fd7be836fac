/* SPDX-License-Identifier: MIT */
/*
 * rotate.c - which runs go, and what is said of it (rotate.h).
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/rotate/rotate.h"
#include "text/array.h"
#include "text/json.h"
#include "text/text.h"
#include "text/units.h"

struct wish {
	const char *log_dir;
	uint64_t keep_count, max_total;
	int64_t keep_seconds;
	bool by_count, by_age, by_total, compress, dry, json;
};

struct work {
	const struct wish *wish;
	struct zc_old_run *run;
	size_t count, cap;
	uint64_t total, removed, compressed, freed;
	struct zc_json json;
	int failures;
};

static bool visit(void *context, const char *dir, const char *id)
{
	struct work *work = context;
	struct zc_old_run *run =
		zc_array_grow(work->run, work->count, &work->cap, sizeof(*run), 64);
	int fd;

	if (!run)
		return false;
	work->run = run;
	run += work->count;
	*run = (struct zc_old_run){ .dir = strdup(dir) };
	if (!run->dir)
		return false;
	run->id = run->dir + (id - dir);
	fd = zc_old_run_examine(run);
	if (fd >= 0)
		close(fd);
	work->total += run->is_run ? run->size : 0;
	work->count++;
	return true;
}

/* --- telling ---------------------------------------------------------------------------------------- */

static void put_size(FILE *out, uint64_t size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)size;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < ZC_LEN(units); unit++)
		value /= 1024;
	fprintf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void tell(struct work *work, const struct zc_old_run *run, const char *action,
		 const char *why)
{
	if (work->wish->json) {
		zc_json_open(&work->json, NULL, '{');
		zc_json_string(&work->json, "run", run->id);
		zc_json_string(&work->json, "dir", run->dir);
		zc_json_string(&work->json, "action", action);
		zc_json_string(&work->json, "why", why);
		zc_json_uint(&work->json, "bytes", run->size);
		zc_json_close(&work->json, '}');
		return;
	}
	if (work->wish->dry && strcmp(action, "left") != 0)
		fputs("would be ", stdout);
	printf("%s  ", action);
	zc_text_show(stdout, run->dir, strlen(run->dir));
	fputs("  ", stdout);
	put_size(stdout, run->size);
	printf("  (%s)\n", why);
}

static void failed(struct work *work, const struct zc_old_run *run, int error)
{
	work->failures++;
	zc_audit_fail("rotate: '%s': %s", run->dir, strerror(-error));
}

/* --- which of them ---------------------------------------------------------------------------------- */

/* Looks again, now that it counts: it is ours, and nobody is at it. */
static void remove_run(struct work *work, struct zc_old_run *run, const char *why)
{
	int fd = zc_old_run_examine(run), error = 0;

	if (fd < 0) {
		tell(work, run, "left", run->why_not);
		return;
	}
	if (!work->wish->dry)
		error = zc_old_run_remove(run, fd);
	close(fd);
	if (error) {
		failed(work, run, error);
		return;
	}
	run->gone = true;
	work->total -= run->size < work->total ? run->size : work->total;
	work->freed += run->size;
	work->removed++;
	tell(work, run, "removed", why);
}

static void compress_run(struct work *work, struct zc_old_run *run)
{
	int fd = run->plain ? zc_old_run_examine(run) : -1, error = 0;
	uint64_t before = run->size;

	if (fd < 0)
		return;
	if (!work->wish->dry) {
		struct zc_old_run after = *run;

		error = zc_old_run_compress(run, fd);
		close(fd);
		fd = zc_old_run_examine(&after);
		if (fd >= 0) {
			uint64_t saved = before > after.size ? before - after.size : 0;

			run->size = after.size;
			work->total -= saved < work->total ? saved : work->total;
			work->freed += saved;
		}
	}
	if (fd >= 0)
		close(fd);
	if (error) {
		failed(work, run, error);
		return;
	}
	work->compressed++;
	tell(work, run, "compressed",
	     work->wish->dry ? "its log is not yet" : "its log was not yet");
}

static void carry_out(struct work *work)
{
	const struct wish *wish = work->wish;
	int64_t now = time(NULL);
	size_t left = 0;
	char why[96];

	for (size_t i = 0; i < work->count; i++)
		left += work->run[i].is_run;
	for (size_t i = 0; i < work->count; i++) { /* oldest first */
		struct zc_old_run *run = &work->run[i];

		if (*run->why_not) {
			tell(work, run, "left", run->why_not);
			left -= run->is_run;
			continue;
		}
		if (wish->by_count && left > wish->keep_count)
			snprintf(why, sizeof(why), "older than the newest %" PRIu64,
				 wish->keep_count);
		else if (wish->by_age && now - run->began > wish->keep_seconds)
			snprintf(why, sizeof(why), "%" PRId64 " days old",
				 (now - run->began) / 86400);
		else
			*why = '\0';
		left--;
		if (*why)
			remove_run(work, run, why);
		else if (wish->compress)
			compress_run(work, run);
	}
	for (size_t i = 0; wish->by_total && i < work->count && work->total > wish->max_total; i++)
		if (!work->run[i].gone && !*work->run[i].why_not)
			remove_run(work, &work->run[i], "all together are too large");
	if (wish->by_total && work->total > wish->max_total)
		zc_audit_fail("rotate: what is left is still more than --max-total: %" PRIu64
			      " bytes",
			      work->total);
}

static int finish(struct work *work, int error)
{
	struct zc_json *json = &work->json;

	for (size_t i = 0; i < work->count; i++)
		free(work->run[i].dir);
	free(work->run);
	if (error)
		return zc_audit_fail("cannot read the log directory: %s", strerror(-error));
	if (work->wish->json) {
		zc_json_close(json, ']');
		zc_json_bool(json, "dry_run", work->wish->dry);
		zc_json_uint(json, "removed", work->removed);
		zc_json_uint(json, "compressed", work->compressed);
		zc_json_uint(json, "freed_bytes", work->freed);
		zc_json_uint(json, "left_bytes", work->total);
		zc_json_close(json, '}');
		zc_json_newline(json);
		fwrite(json->bytes, 1, json->len, stdout);
		zc_json_free(json);
	} else {
		printf("%s%" PRIu64 " removed, %" PRIu64 " compressed, ",
		       work->wish->dry ? "dry run: " : "", work->removed, work->compressed);
		put_size(stdout, work->freed);
		fputs(" freed, ", stdout);
		put_size(stdout, work->total);
		puts(" left");
	}
	if (fflush(stdout) == EOF)
		return zc_audit_fail("cannot write standard output");
	return work->failures ? 125 : 0;
}

/* --- the command line ----------------------------------------------------------------------------------- */

/* A bare number counts runs; with a unit it is an age. */
static int set_keep(struct wish *wish, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int64_t ms;

	if (digits && !text[digits] && digits < 18) {
		wish->keep_count = strtoull(text, NULL, 10);
		wish->by_count = true;
		return 0;
	}
	if (zc_units_ms(text, &ms) < 0)
		return zc_audit_fail("rotate: --keep=%s: expected a number of runs, or an age as "
				     "12h or 30d",
				     text);
	wish->keep_seconds = ms / 1000;
	wish->by_age = true;
	return 0;
}

static int set_total(struct wish *wish, const char *text)
{
	int64_t bytes;

	if (zc_units_bytes(text, &bytes) < 0)
		return zc_audit_fail("rotate: --max-total=%s: expected a size as 500M or 2G", text);
	wish->max_total = (uint64_t)bytes;
	wish->by_total = true;
	return 0;
}

static int parse(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
		{ "keep", required_argument, NULL, 'k' },
		{ "max-total", required_argument, NULL, 'm' },
		{ "compress", no_argument, NULL, 'z' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "log-dir", required_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int letter, status = 0;

	opterr = 0;
	optind = 0;
	while (!status && (letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (letter) {
		case 'k': status = set_keep(wish, optarg); break;
		case 'm': status = set_total(wish, optarg); break;
		case 'z': wish->compress = true; break;
		case 'n': wish->dry = true; break;
		case 'l': wish->log_dir = optarg; break;
		case 'j': wish->json = true; break;
		default:
			status = zc_audit_fail("rotate: unknown option or missing value: '%s'",
					       argv[optind - 1]);
			break;
		}
	}
	if (!status && optind < argc)
		status = zc_audit_fail("rotate takes no runs: it goes over all of a log directory");
	if (!status && !wish->by_count && !wish->by_age && !wish->by_total && !wish->compress)
		status = zc_audit_fail("rotate: nothing to do; say --keep=N|AGE, --max-total=SIZE "
				       "or --compress, and --dry-run to look first");
	return status;
}

int zc_audit_rotate(int argc, char **argv)
{
	struct wish wish = { 0 };
	struct work work = { .wish = &wish, .json = { .indent = 2 } };
	int status = parse(&wish, argc, argv), error;

	if (status)
		return status;
	if (wish.json) {
		zc_json_open(&work.json, NULL, '{');
		zc_json_open(&work.json, "actions", '[');
	}
	error = zc_run_each(wish.log_dir, visit, &work);
	if (!error)
		carry_out(&work);
	return finish(&work, error);
}
