/* SPDX-License-Identifier: MIT */
/*
 * rotate.c - old runs are compressed, or removed.
 *
 * What is touched is known by name: the files that zcwrap and zcaudit make in a run's directory. A directory
 * that holds anything else is somebody's, and is left alone as a whole, and said. So is a run that is going
 * on, which its lock tells. No link is followed: everything is opened by directory and plain name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text/json.h"
#include "evidence/log/rotate.h"
#include "evidence/proof/sign.h"
#include "text/text.h"
#include "text/units.h"
#include "audit/audit.h"

struct old_run {
	char *dir;
	const char *id;
	uint64_t size;
	int64_t began;     /* seconds since 1970 */
	char why_not[160]; /* it is left alone; "": it may be touched */
	bool is_run, plain, gone;
	unsigned archived; /* the highest number in the archive */
};

struct wish {
	const char *log_dir;
	uint64_t keep_count, max_total;
	int64_t keep_seconds;
	bool by_count, by_age, by_total, compress, dry, json;
};

struct work {
	const struct wish *wish;
	struct old_run *run;
	size_t count, cap;
	uint64_t total, removed, compressed, freed;
	struct zc_json json;
	int failures;
};

/* --- looking ---------------------------------------------------------------------------------------- */

/* Files that are made in a run's directory, and what is left of one when its maker was killed. */
static bool is_ours(const char *name)
{
	static const char *const names[] = { "events.jsonl", "run.json", ZC_SIGNATURE_FILE };
	char plain[64];
	size_t len = strlen(name);

	if (len >= sizeof(plain))
		return false;
	memcpy(plain, name, len + 1);
	if (len > 4 && !strcmp(plain + len - 4, ".new"))
		plain[len - 4] = '\0';
	for (size_t i = 0; i < ZC_LEN(names); i++)
		if (!strcmp(plain, names[i]))
			return true;
	for (const struct zc_report_format *format = zc_report_formats; format->name; format++)
		if (!strcmp(plain, format->file))
			return true;
	return false;
}

static bool is_archived(const char *name)
{
	char plain[64];
	size_t len = strlen(name);

	if (len >= sizeof(plain))
		return false;
	memcpy(plain, name, len + 1);
	if (len > 4 && !strcmp(plain + len - 4, ".new"))
		plain[len - 4] = '\0';
	return zc_rotate_number(plain) != 0;
}

/* One entry of a run's directory or of its archive. Returns false when it makes the run not ours. */
static bool look_at(struct old_run *run, int dir, const char *name, bool archived)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	if (!S_ISREG(st.st_mode) || !(archived ? is_archived(name) : is_ours(name))) {
		char shown[96];

		zc_text_show_in(shown, sizeof(shown), name, strlen(name));
		snprintf(run->why_not, sizeof(run->why_not), "it holds '%s', which is not a run's",
			 shown);
		return false;
	}
	run->size += (uint64_t)st.st_size;
	if (archived) {
		unsigned number = zc_rotate_number(name);

		run->archived = number > run->archived ? number : run->archived;
		run->plain = run->plain || (number && !strstr(name, ".gz"));
	} else if (!strcmp(name, "events.jsonl")) {
		run->plain = true;
	}
	run->is_run = true;
	return true;
}

static int open_dir(int above, const char *name)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Visits every entry of a directory; false or an error ends it. Returns 0 or -errno. */
static int each_entry(int dir, bool (*visit)(struct old_run *run, int dir, const char *name),
		      struct old_run *run)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !visit(run, dir, entry->d_name))
			break;
	closedir(stream);
	return 0;
}

static bool look_in_archive(struct old_run *run, int dir, const char *name)
{
	return look_at(run, dir, name, true);
}

static bool look_in_run(struct old_run *run, int dir, const char *name)
{
	int archive;

	if (strcmp(name, ZC_ARCHIVE) != 0)
		return look_at(run, dir, name, false);
	archive = open_dir(dir, name);
	if (archive < 0) {
		snprintf(run->why_not, sizeof(run->why_not), "its archive is no directory");
		return false;
	}
	each_entry(archive, look_in_archive, run);
	close(archive);
	return !*run->why_not;
}

/* Ids begin with the time: 20260102T030405. One that does not is as old as its directory. */
static int64_t time_of(const char *id, const struct stat *st)
{
	struct tm tm = { 0 };
	char text[16] = "";
	time_t at;

	strncpy(text, id, sizeof(text) - 1);
	if (sscanf(text, "%4d%2d%2dT%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return st->st_mtime;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at = timegm(&tm);
	return at == (time_t)-1 ? st->st_mtime : at;
}

static bool lock_it(int fd, struct old_run *run)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return true;
	snprintf(run->why_not, sizeof(run->why_not), "it is going on");
	return false;
}

/* Looks at a run without changing it. Returns its directory, locked, or -1 when it is left alone. */
static int examine(struct old_run *run)
{
	int fd = open_dir(AT_FDCWD, run->dir);
	struct stat st;

	run->size = 0;
	run->is_run = run->plain = false;
	*run->why_not = '\0';
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(run->why_not, sizeof(run->why_not), "%s",
			 fd == -ELOOP || fd == -ENOTDIR ? "it is a link, or no directory"
							: strerror(fd < 0 ? -fd : errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	run->began = time_of(run->id, &st);
	each_entry(fd, look_in_run, run);
	/* Nothing in it at all: zcwrap was killed when it had just made it. */
	run->is_run = run->is_run || !*run->why_not;
	if (*run->why_not || !lock_it(fd, run)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool visit(void *context, const char *dir, const char *id)
{
	struct work *work = context;
	struct old_run *run = work->run;
	int fd;

	if (work->count == work->cap) {
		size_t cap = work->cap ? work->cap * 2 : 64;

		run = realloc(run, cap * sizeof(*run));
		if (!run)
			return false;
		work->run = run;
		work->cap = cap;
	}
	run += work->count;
	*run = (struct old_run){ .dir = strdup(dir) };
	if (!run->dir)
		return false;
	run->id = run->dir + (id - dir);
	fd = examine(run);
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

static void tell(struct work *work, const struct old_run *run, const char *action, const char *why)
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

static void failed(struct work *work, const struct old_run *run, int error)
{
	work->failures++;
	zc_audit_fail("rotate: '%s': %s", run->dir, strerror(-error));
}

/* --- doing ------------------------------------------------------------------------------------------ */

static bool remove_entry(struct old_run *run, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		snprintf(run->why_not, sizeof(run->why_not), "%s", strerror(errno));
	return !*run->why_not;
}

static bool remove_all(struct old_run *run, int dir, const char *name)
{
	int archive;

	if (strcmp(name, ZC_ARCHIVE) != 0)
		return remove_entry(run, dir, name);
	archive = open_dir(dir, name);
	if (archive < 0)
		return false;
	each_entry(archive, remove_entry, run);
	close(archive);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && !*run->why_not)
		snprintf(run->why_not, sizeof(run->why_not), "%s", strerror(errno));
	return !*run->why_not;
}

/* Looks again, now that it counts: it is ours, and nobody is at it. */
static void remove_run(struct work *work, struct old_run *run, const char *why)
{
	int fd = examine(run), error = 0;

	if (fd < 0) {
		tell(work, run, "left", run->why_not);
		return;
	}
	if (!work->wish->dry) {
		error = each_entry(fd, remove_all, run);
		if (!error && *run->why_not)
			error = -EBUSY;
		if (!error && rmdir(run->dir) < 0)
			error = -errno;
	}
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

/* Made when there is none, for whom the run belongs to. */
static int open_archive(int dir)
{
	int made = mkdirat(dir, ZC_ARCHIVE, 0700), archive;
	struct stat st;

	if (made < 0 && errno != EEXIST)
		return -errno;
	archive = open_dir(dir, ZC_ARCHIVE);
	if (made == 0 && archive >= 0 && geteuid() == 0 && fstat(dir, &st) == 0 &&
	    fchown(archive, st.st_uid, st.st_gid) < 0)
		errno = 0; /* some file systems do not have it */
	return archive;
}

/* The log becomes the last file of the archive; what a killed zcwrap left plain there is done too. */
static int compress_files(const struct old_run *run, int dir)
{
	char plain[48], compressed[48];
	int archive = open_archive(dir), error = 0;

	if (archive < 0)
		return archive;
	for (unsigned i = 1; !error && i <= run->archived; i++) {
		zc_rotate_name(plain, i, false);
		zc_rotate_name(compressed, i, true);
		error = zc_rotate_compress(archive, plain + sizeof(ZC_ARCHIVE), archive,
					   compressed + sizeof(ZC_ARCHIVE));
		error = error == -ENOENT ? 0 : error;
	}
	zc_rotate_name(compressed, run->archived + 1, true);
	if (!error)
		error = zc_rotate_compress(dir, "events.jsonl", archive,
					   compressed + sizeof(ZC_ARCHIVE));
	error = error == -ENOENT ? 0 : error;
	fsync(archive);
	close(archive);
	return error;
}

static void compress_run(struct work *work, struct old_run *run)
{
	int fd = run->plain ? examine(run) : -1, error = 0;
	uint64_t before = run->size;

	if (fd < 0)
		return;
	if (!work->wish->dry) {
		struct old_run after = *run;

		error = compress_files(run, fd);
		close(fd);
		fd = examine(&after);
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
		struct old_run *run = &work->run[i];

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
