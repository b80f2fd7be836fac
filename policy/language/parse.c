/* SPDX-License-Identifier: MIT */
/*
 * parse.c - policy files: reading them whole, and their lines as words and values.
 *
 *   line = [ "version 1" | WORD [ VALUE ] ] [ "#" comment ]
 *
 * A value runs to the end of the line without the blanks there; a '#' starts a comment at the start
 * of a line and after a blank. Escapes are value.c's affair.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "policy/language/argv.h"
#include "policy/language/language.h"
#include "policy/set.h"

#define FILE_CAP (8u << 20)
#define LINE_CAP 8192u
#define DEPTH_CAP 16u

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Does the blank at the end belong to the value ("\\ ")? */
static bool is_escaped(const char *text, size_t len)
{
	size_t slashes = 0;

	while (slashes + 1 < len && text[len - 2 - slashes] == '\\')
		slashes++;
	return slashes & 1;
}

/* Without the comment and the blanks around. */
static void trim(const char **text, size_t *len)
{
	for (size_t i = 0; i < *len; i++) {
		if ((*text)[i] == '#' && (i == 0 || is_blank((*text)[i - 1]))) {
			*len = i;
			break;
		}
	}
	while (*len > 0 && is_blank((*text)[*len - 1]) && !is_escaped(*text, *len))
		--*len;
	while (*len > 0 && is_blank(**text))
		++*text, --*len;
}

/* "version 1". Returns 0, or fails. first: nothing was stated before it. */
static int check_version(struct zc_origin origin, const char *value, bool first,
			 struct zc_policy_error *error)
{
	if (!first)
		return zc_fail(error, origin, "'version' can only be the first line");
	if (value == NULL || strcmp(value, "1") != 0)
		return zc_fail(error, origin,
			       "version '%.40s' is not known here; this is version 1",
			       value ? value : "");
	return 0;
}

/* Is there a second value? Blanks in a name are escaped; only expectations and rules on commands have words to spare. */
static bool has_two(const char *word, size_t word_len, const char *value)
{
	if (word_len == 6 && memcmp(word, "expect", 6) == 0)
		return false;
	if (word_len > 4 && memcmp(word + word_len - 4, "-run", 4) == 0 && zc_argv_is_rule(value))
		return false;
	for (; *value != '\0'; value++) {
		if (value[0] == '\\' && value[1] != '\0')
			value++;
		else if (is_blank(*value))
			return true;
	}
	return false;
}

/* One line. *stated grows with each statement that is not the version. */
static int parse_line(struct zc_policy_set *set, const struct zc_statement *at, const char *line,
		      size_t len, size_t *stated, struct zc_policy_error *error)
{
	size_t word_len = 0;
	char *value = NULL;
	int r;

	trim(&line, &len);
	if (len == 0)
		return 0;
	while (word_len < len && !is_blank(line[word_len]))
		word_len++;
	if (word_len < len) {
		size_t skip = word_len;

		while (skip < len && is_blank(line[skip]))
			skip++;
		value = strndup(line + skip, len - skip);
		if (value == NULL)
			return zc_fail_memory(error);
	}
	if (word_len == 7 && memcmp(line, "version", 7) == 0) {
		r = check_version(at->origin, value, *stated == 0, error);
	} else if (word_len > 2 && memcmp(line, "--", 2) == 0) {
		r = zc_fail(error, at->origin, "'%.*s': in a file the word has no dashes",
			    (int)(word_len < 80 ? word_len : 80), line);
	} else if (value != NULL && has_two(line, word_len, value)) {
		r = zc_fail(error, at->origin,
			    "'%.400s': one value a line; a blank in a name is written '\\ '",
			    value);
	} else {
		++*stated;
		r = zc_set_state(set, at, line, word_len, value, error);
	}
	free(value);
	return r;
}

const char *zc_parse_base(struct zc_policy_set *set, const char *name)
{
	char here[ZC_PATH_CAP], buffer[ZC_PATH_CAP];
	size_t len = zc_path_parent(name, strlen(name));
	long joined;

	if (strcmp(name, "-") == 0)
		return set->project != NULL ? set->project : "/";
	if (strchr(name, '/') == NULL)
		len = 0;
	if (getcwd(here, sizeof(here)) == NULL || here[0] != '/')
		strcpy(here, "/");
	joined = zc_path_join(buffer, sizeof(buffer), here, strlen(here), name, len);
	return joined > 0 ? zc_set_copy(set, buffer, (size_t)joined) : NULL;
}

int zc_policy_add_text(struct zc_policy_set *set, const char *name, const char *text, size_t len,
		       struct zc_policy_error *ret_error)
{
	struct zc_statement at = { .layer = ZC_LAYER_USER, .from_file = true };
	size_t stated = 0;
	int r = 0;

	set->named = true;
	at.origin.name = zc_set_copy(set, name, strlen(name));
	at.base = zc_parse_base(set, name);
	if (at.origin.name == NULL || at.base == NULL)
		return zc_fail_memory(ret_error);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, len -= 3;
	while (len > 0 && r == 0) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end != NULL ? (size_t)(end - text) : len;

		at.origin.line++;
		if (line_len > LINE_CAP)
			return zc_fail(ret_error, at.origin, "the line is longer than %u bytes",
				       LINE_CAP);
		if (memchr(text, '\0', line_len) != NULL)
			return zc_fail(ret_error, at.origin,
				       "there is a NUL byte; is this a text file?");
		r = parse_line(set, &at, text, line_len, &stated, ret_error);
		line_len += end != NULL;
		text += line_len, len -= line_len;
	}
	at.origin.line = 0;
	if (r == 0 && stated == 0)
		r = zc_fail(ret_error, at.origin,
			    "no rules: an empty policy is taken for a mistake");
	return r;
}

/* Reads to the end of the file, at most FILE_CAP bytes. Returns 0, -EFBIG or -errno. */
static int read_all(int fd, char **ret_text, size_t *ret_len)
{
	size_t len = 0, cap = 64u << 10;
	char *text = malloc(cap);

	while (text != NULL) {
		ssize_t n = read(fd, text + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0) {
			*ret_text = text;
			*ret_len = len;
			return 0;
		}
		len += n > 0 ? (size_t)n : 0;
		if (n < 0 || len > FILE_CAP) {
			int error = n < 0 ? -errno : -EFBIG;

			free(text);
			return error;
		}
		if (len == cap) {
			char *more = realloc(text, cap *= 2);

			if (more == NULL)
				free(text);
			text = more;
		}
	}
	return -ENOMEM;
}

/* Keeps the file's own path, so that the command cannot write what it is judged by. */
static int remember_file(struct zc_policy_set *set, const char *path)
{
	const char *name = zc_set_copy(set, path, strlen(path));
	const char *dir = zc_parse_base(set, path);
	char buffer[ZC_PATH_CAP];
	const char *slash = strrchr(path, '/');
	long len;

	if (name == NULL || dir == NULL || zc_texts_add(&set->sources, name))
		return -ENOMEM;
	if (strcmp(path, "-") == 0)
		return 0;
	slash = slash != NULL ? slash + 1 : path;
	len = zc_path_join(buffer, sizeof(buffer), dir, strlen(dir), slash, strlen(slash));
	if (len < 0)
		return (int)len;
	return zc_texts_add(&set->files, zc_set_copy(set, buffer, (size_t)len));
}

static int cannot(struct zc_policy_error *error, struct zc_origin from, const char *path,
		  const char *why)
{
	return zc_fail(error, from, "cannot read policy '%.400s': %s", path, why);
}

static int open_policy(const char *path, struct zc_origin from, struct zc_policy_error *error)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return cannot(error, from, path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return cannot(error, from, path, "it is a directory");
	}
	return fd;
}

int zc_parse_file(struct zc_policy_set *set, const char *path, struct zc_origin from, bool json,
		  struct zc_policy_error *error)
{
	char *text = NULL;
	size_t len = 0;
	int r, fd;

	if (set->depth >= DEPTH_CAP)
		return zc_fail(error, from,
			       "'%.400s' is included %u files deep; does it include itself?", path,
			       DEPTH_CAP);
	fd = open_policy(path, from, error);
	if (fd < 0)
		return -EINVAL;
	r = read_all(fd, &text, &len);
	close(fd);
	if (r != 0)
		return cannot(error, from, path,
			      r == -EFBIG ? "it is larger than 8 MiB" : strerror(-r));
	r = remember_file(set, path);
	if (r == 0) {
		size_t first = 0;

		while (first < len && (is_blank(text[first]) || text[first] == '\n'))
			first++;
		set->depth++;
		if (json || (first < len && text[first] == '{'))
			r = zc_policy_add_json(set, path, text, len, error);
		else
			r = zc_policy_add_text(set, path, text, len, error);
		set->depth--;
	} else {
		r = cannot(error, from, path, strerror(-r));
	}
	free(text);
	return r;
}
