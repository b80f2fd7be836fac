/* SPDX-License-Identifier: MIT */
/*
 * plan.c - which servers, client, directory and limits: by the caller's environment (debuginfod(7)).
 *
 * The environment is that of who runs us, never of the command. Of it the client gets what it needs to reach
 * its servers, and nothing else: tokens of other programs are no business of theirs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/fetch/fetcher.h"

#define CLIENT "debuginfod-find"
#define SECONDS 120u /* for a file, unless DEBUGINFOD_MAXTIME says */
#define SECONDS_MAX 3600u
#define SIZE_MAX_DEFAULT (1ull << 30) /* unless DEBUGINFOD_MAXSIZE says */
#define SLOW_SECONDS "30"             /* in which 100 KiB have to come */

/* Handed on as they are. */
static const char *const variables[] = {
	"DEBUGINFOD_URLS",
	"DEBUGINFOD_HEADERS_FILE",
	"DEBUGINFOD_IMA_CERT_PATH",
	"http_proxy",
	"https_proxy",
	"HTTPS_PROXY",
	"all_proxy",
	"ALL_PROXY",
	"no_proxy",
	"NO_PROXY",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
};
/* Files of whoever runs us that the client may have to read for it. */
static const char *const names_a_file[] = { "DEBUGINFOD_HEADERS_FILE", "DEBUGINFOD_IMA_CERT_PATH",
					    "SSL_CERT_FILE", "SSL_CERT_DIR" };

static int fail(char error[512], int reason, const char *text, const char *about)
{
	snprintf(error, 512, "--debuginfod: %s%.300s", text, about);
	return reason;
}

static const char *value_of(const char *name)
{
	const char *value = getenv(name);

	return value && value[strspn(value, " \t\n")] ? value : NULL;
}

static uint64_t number_of(const char *name, uint64_t most, uint64_t otherwise)
{
	const char *value = value_of(name);
	char *end;
	uint64_t number;

	errno = 0;
	number = value ? strtoull(value, &end, 10) : 0;
	return value && !*end && !errno && *value != '-' && number && number <= most ? number
										     : otherwise;
}

static int find_client(struct zc_fetch_plan *plan, char error[512])
{
	const char *at = value_of("PATH");

	for (at = at ? at : "/usr/bin:/bin"; *at; at += *at == ':') {
		size_t len = strcspn(at, ":");
		struct stat st;
		char path[ZC_PATH_CAP];

		/* What lies where we happen to stand is not the client that was installed. */
		if (*at == '/' &&
		    snprintf(path, sizeof(path), "%.*s/" CLIENT, (int)len, at) <
			    (int)sizeof(path) &&
		    access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    realpath(path, plan->program))
			return 0;
		at += len;
	}
	return fail(error, -ENOENT,
		    CLIENT " is not installed (package debuginfod of Debian and Ubuntu,"
			   " elfutils-debuginfod-client of Fedora, elfutils of Arch)",
		    "");
}

/* Makes path and what is above it, for us alone. */
static int make_directories(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		int r;

		*slash = '\0';
		r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (r < 0)
			return r;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Where the client would keep what it fetched, as debuginfod_find_debuginfo(3) has it. */
static bool cache_path(char path[ZC_PATH_CAP])
{
	const char *named = value_of("DEBUGINFOD_CACHE_PATH"), *cache = value_of("XDG_CACHE_HOME"),
		   *home = value_of("HOME");
	int len = named   ? snprintf(path, ZC_PATH_CAP, "%s", named)
		  : cache ? snprintf(path, ZC_PATH_CAP, "%s/debuginfod_client", cache)
		  : home  ? snprintf(path, ZC_PATH_CAP, "%s/.cache/debuginfod_client", home)
			  : -1;

	return len > 0 && len < (int)ZC_PATH_CAP && *path == '/';
}

/*
 * A wrapped command may have been let to write ~/.cache, and made a link of it to where the fetcher should write, or
 * a directory that others fill.
 */
static int find_cache(struct zc_fetch_plan *plan, char error[512])
{
	char path[ZC_PATH_CAP];
	struct stat st = { 0 };
	size_t len;
	int r;

	if (!cache_path(path))
		return fail(error, -EINVAL,
			    "DEBUGINFOD_CACHE_PATH, XDG_CACHE_HOME or HOME has to be an absolute"
			    " path",
			    "");
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	r = make_directories(path);
	if (r == 0 && lstat(path, &st) < 0)
		r = -errno;
	if (r < 0) {
		snprintf(error, 512, "--debuginfod: cannot make '%.300s': %s", path, strerror(-r));
		return r;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) || !path[1])
		return fail(error, -EPERM,
			    "what is fetched is kept in a directory of your own that only you can"
			    " write, and that is no link; DEBUGINFOD_CACHE_PATH can name one in the"
			    " place of ",
			    path);
	if (!realpath(path, plan->cache))
		return fail(error, -errno, "cannot resolve ", path);
	return access(plan->cache, R_OK | W_OK | X_OK) == 0
		       ? 0
		       : fail(error, -errno, "cannot write ", path);
}

static bool put(struct zc_fetch_plan *plan, unsigned *count, const char *name, const char *value)
{
	char *text;

	if (*count == ZC_FETCH_VARIABLES || asprintf(&text, "%s=%s", name, value) < 0)
		return false;
	plan->variable[(*count)++] = text;
	return true;
}

static bool put_number(struct zc_fetch_plan *plan, unsigned *count, const char *name,
		       uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return put(plan, count, name, text);
}

static bool make_environment(struct zc_fetch_plan *plan)
{
	const char *slow = value_of("DEBUGINFOD_TIMEOUT");
	unsigned count = 0;
	bool fits = true;

	for (size_t i = 0; fits && i < ZC_LEN(variables); i++)
		if (value_of(variables[i]))
			fits = put(plan, &count, variables[i], value_of(variables[i]));
	return fits && put(plan, &count, "DEBUGINFOD_CACHE_PATH", plan->cache) &&
	       put(plan, &count, "DEBUGINFOD_TIMEOUT", slow ? slow : SLOW_SECONDS) &&
	       put(plan, &count, "DEBUGINFOD_RETRY_LIMIT", "1") &&
	       put_number(plan, &count, "DEBUGINFOD_MAXTIME", plan->seconds) &&
	       put_number(plan, &count, "DEBUGINFOD_MAXSIZE", plan->size_max) &&
	       put(plan, &count, "LC_ALL", "C"); /* its reasons are read */
}

/* Servers may be directories: file:///srv/debug. */
static void add_directories(struct zc_fetch_plan *plan, unsigned count)
{
	static char list[ZC_PATH_CAP];
	char *rest = list, *url;

	if (snprintf(list, sizeof(list), "%s", value_of("DEBUGINFOD_URLS")) >= (int)sizeof(list))
		return;
	while ((url = strsep(&rest, " \t\n")) && count < ZC_FETCH_READABLE)
		if (!strncmp(url, "file:///", 8))
			plan->readable[count++] = url + 7;
}

int zc_fetch_plan_make(struct zc_fetch_plan *plan, char error[512])
{
	unsigned count = 0;
	int r;

	*plan = (struct zc_fetch_plan){ 0 };
	if (!value_of("DEBUGINFOD_URLS"))
		return fail(error, -EINVAL,
			    "DEBUGINFOD_URLS names no server; for example"
			    " DEBUGINFOD_URLS=https://debuginfod.elfutils.org/",
			    "");
	r = find_client(plan, error);
	if (r == 0)
		r = find_cache(plan, error);
	if (r < 0)
		return r;
	plan->seconds = (unsigned)number_of("DEBUGINFOD_MAXTIME", SECONDS_MAX, SECONDS);
	plan->size_max = number_of("DEBUGINFOD_MAXSIZE", INT64_MAX, SIZE_MAX_DEFAULT);
	if (!make_environment(plan))
		return fail(error, -ENOMEM, "out of memory", "");
	for (size_t i = 0; i < ZC_LEN(names_a_file); i++)
		if (value_of(names_a_file[i]))
			plan->readable[count++] = value_of(names_a_file[i]);
	add_directories(plan, count);
	return 0;
}
