/* SPDX-License-Identifier: MIT */
/*
 * make.c - the reports that somebody asked for along with the run: "html,sarif:out/results.sarif".
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "evidence/evidence.h"
#include "evidence/report/report.h"

struct wish {
	const struct zc_report_format *format;
	char file[ZC_PATH_CAP]; /* "": into the run's directory, under its usual name */
};

/* Takes the next FMT[:FILE] off the list. Returns 1, 0 at its end, or -EINVAL with a sentence. */
static int next_wish(const char **list, struct wish *ret, char error[512])
{
	size_t len = strcspn(*list, ","), name_len;
	char name[32] = "";

	if (!**list)
		return 0;
	name_len = strcspn(*list, ":,");
	if (name_len < sizeof(name))
		memcpy(name, *list, name_len);
	ret->format = zc_report_find(name);
	ret->file[0] = '\0';
	if (!ret->format) {
		snprintf(error, 512,
			 "there is no report format '%.*s'; zcaudit report --format=help"
			 " lists them",
			 (int)(name_len < 100 ? name_len : 100), *list);
		return -EINVAL;
	}
	if (name_len < len) {
		size_t file_len = len - name_len - 1;

		if (!file_len || file_len >= sizeof(ret->file)) {
			snprintf(error, 512, "the report '%s:' wants a file behind the colon",
				 name);
			return -EINVAL;
		}
		memcpy(ret->file, *list + name_len + 1, file_len);
		ret->file[file_len] = '\0';
	}
	*list += len + ((*list)[len] == ',');
	return 1;
}

int zc_report_check(const char *list, char error[512])
{
	static struct wish wish;
	int more = *list ? 1 : -EINVAL;

	if (!*list)
		snprintf(error, 512, "no report format is named");
	while (more > 0)
		more = next_wish(&list, &wish, error);
	return more;
}

/* A new file in the run's directory: what is there already was put there by somebody else. */
static FILE *open_wish(const char *dir, const struct wish *wish, char path[2 * ZC_PATH_CAP])
{
	FILE *out;
	int fd;

	if (!strcmp(wish->file, "-")) {
		snprintf(path, 2 * ZC_PATH_CAP, "standard output");
		fd = dup(STDOUT_FILENO);
	} else if (*wish->file) {
		snprintf(path, 2 * ZC_PATH_CAP, "%s", wish->file);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	} else {
		snprintf(path, 2 * ZC_PATH_CAP, "%s/%s", dir, wish->format->file);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out && fd >= 0)
		close(fd);
	return out;
}

static int grant(struct zc_run *run, const struct wish *wish, char error[512])
{
	char path[2 * ZC_PATH_CAP];
	FILE *out = open_wish(run->dir, wish, path);
	int r;

	errno = out ? 0 : errno;
	r = out ? zc_report_write(run, wish->format, out, NULL) : -errno;
	if (out && fclose(out) == EOF && !r)
		r = -errno;
	/* Half a report looks like one. In the run's directory it was ours to make. */
	if (r && out && !*wish->file)
		unlink(path);
	if (r)
		snprintf(error, 512, "cannot write the report '%.300s': %s", path, strerror(-r));
	return r;
}

int zc_report_make(const char *dir, const char *list, char error[512])
{
	static struct wish wish;
	struct zc_run *run;
	int r = zc_run_open(&run, dir, error), more, first = 0;

	if (r)
		return r;
	r = zc_run_scan(run);
	if (r)
		snprintf(error, 512, "cannot read the run's events: %s", strerror(-r));
	/* One that cannot be written is no reason to leave out the others. */
	while (!r && (more = next_wish(&list, &wish, error)) != 0) {
		int failed = more < 0 ? more : grant(run, &wish, error);

		first = first ? first : failed;
		if (more < 0)
			break;
	}
	zc_run_free(run);
	return r ? r : first;
}
