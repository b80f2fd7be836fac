/* SPDX-License-Identifier: MIT */
/*
 * file.c - the file: what of it is ours, read back as if it had been seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/path.h"
#include "policy/language/language.h"
#include "policy/learn/parts.h"

/* --- the marks -------------------------------------------------------------------------------------- */

/* Where a line that is exactly mark begins, and *ret_after: the next line. NULL: nowhere. */
static const char *find_mark(const char *text, size_t len, const char *mark, const char **ret_after)
{
	size_t mark_len = strlen(mark);

	for (const char *line = text, *end = text + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t line_len = (size_t)((stop ? stop : end) - line);

		*ret_after = stop ? stop + 1 : end;
		while (line_len && line[line_len - 1] == '\r')
			line_len--;
		if (line_len == mark_len && memcmp(line, mark, mark_len) == 0)
			return line;
		line = *ret_after;
	}
	return NULL;
}

bool zc_learn_is_ours(const char *text, size_t len)
{
	const char *after;

	return find_mark(text, len, ZC_LEARN_BEGIN, &after) != NULL;
}

/* --- rules, read back --------------------------------------------------------------------------------- */

struct reading {
	struct zc_learn *learn;
	struct zc_image *protect; /* the protected paths alone */
	struct zc_origin origin;
	const char *base;
	struct zc_policy_error *error;
};

static int keep(struct reading *r, const char *rule)
{
	const char *copy = zc_set_copy(r->learn->memory, rule, strlen(rule));

	return zc_learn_add(&r->learn->kept, copy);
}

static const char *variable_path(const struct zc_learn *learn, unsigned variable)
{
	switch (variable) {
	case ZC_VAR_NONE: return "";
	case ZC_VAR_OTHERS: return "/proc/*";
	default: break;
	}
	for (size_t i = 0; i < learn->bases; i++)
		if (learn->base[i].variable == variable)
			return learn->base[i].path;
	return NULL;
}

/*
 * The path that a value stands for, as the tree has it. Returns its length; 0: the rule is kept as it
 * is written, because it is not of our making or only means something elsewhere.
 */
static size_t path_of(const struct reading *r, const struct zc_path_value *value,
		      char path[ZC_PATH_CAP])
{
	const char *base = variable_path(r->learn, value->variable);
	char joined[2 * ZC_PATH_CAP];
	long len;

	if (base == NULL || memmem(value->text, value->len, "**", 2) ||
	    (value->variable == ZC_VAR_NONE && value->text[0] != '/') ||
	    (value->wild && value->variable != ZC_VAR_OTHERS && strchr(base, '*')))
		return 0;
	len = snprintf(joined, sizeof(joined), "%s/%s", base, value->text);
	len = zc_path_join(path, ZC_PATH_CAP, "/", 1, joined, (size_t)len);
	return len > 0 ? (size_t)len : 0;
}

static int read_path(struct reading *r, const char *rule, const char *text, unsigned cls,
		     bool quiet)
{
	const uint8_t need = (uint8_t)(1u << cls);
	struct zc_path_value value;
	struct zc_learn_node *node;
	char path[ZC_PATH_CAP];
	size_t len;

	if (zc_value_decode(text, &value) != NULL)
		return keep(r, rule); /* it has loaded: it is somebody's variable */
	len = path_of(r, &value, path);
	if (len == 0 || zc_learn_is_locked(r->protect, path, (uint32_t)len, cls))
		return keep(r, rule);
	node = zc_learn_node(r->learn, path, len, value.wild || value.variable == ZC_VAR_OTHERS);
	if (node == NULL)
		return -ENOMEM;
	if (quiet)
		node->refused |= need;
	else if (value.itself)
		node->alone |= need;
	else
		node->tree |= need;
	return 0;
}

static int read_address(struct reading *r, const char *rule, const char *text, bool listen)
{
	struct zc_learn_address address = { .listen = listen, .open = true };
	struct zc_policy_error ignored;
	struct zc_net_value value;

	if (zc_net_parse(r->learn->memory, r->origin, text, listen, &value, &ignored) < 0)
		return keep(r, rule);
	if (value.kind == ZC_NETV_UNIX)
		return read_path(r, rule, text + 5, ZC_CLASS_UNIX, false);
	if (value.kind == ZC_NETV_ABSTRACT && !value.path.wild)
		return zc_learn_add(&r->learn->abstract,
				    zc_value_encode(r->learn->memory, value.path.text,
						    value.path.len, true));
	address.family = value.kind == ZC_NETV_ADDRESS ? value.family : 0;
	address.port = value.port;
	memcpy(address.addr, value.addr, sizeof(value.addr));
	if (value.kind == ZC_NETV_HOST)
		address.host = zc_set_copy(r->learn->memory, value.host, strlen(value.host));
	if ((value.kind != ZC_NETV_ADDRESS && value.kind != ZC_NETV_HOST) ||
	    (address.family && value.bits != (address.family == AF_INET ? 32 : 128)))
		return keep(r, rule);
	if (value.kind == ZC_NETV_HOST)
		address.family = AF_UNSPEC;
	return zc_learn_put_address(r->learn, &address);
}

static int read_sys(struct reading *r, const char *rule, const char *text, bool quiet)
{
	int sys = zc_sys_find(text, strlen(text));

	if (sys < 0 || (!quiet && zc_learn_sys_is_locked((unsigned)sys)))
		return keep(r, rule);
	*(quiet ? &r->learn->sys_refused : &r->learn->sys) |= 1ull << sys;
	return 0;
}

static int read_rule(struct reading *r, const char *rule)
{
	size_t word_len = strcspn(rule, " \t");
	const char *text = rule + word_len + strspn(rule + word_len, " \t");
	const struct zc_word *word = zc_word_find(rule, word_len);
	bool quiet = word && word->says == ZC_SAYS_QUIET;

	if (word == NULL || word->kind != ZC_WORD_RULE || *text == '\0' ||
	    (word->says != ZC_SAYS_ALLOW && !quiet))
		return keep(r, rule);
	if (word->cls <= ZC_CLASS_RUN)
		return read_path(r, rule, text, word->cls, quiet);
	if (word->cls == ZC_CLASS_SYS)
		return read_sys(r, rule, text, quiet);
	return quiet ? keep(r, rule) : read_address(r, rule, text, word->cls == ZC_CLASS_LISTEN);
}

/* "allow-read ~/.ssh/id", behind a '#': used before, and not allowed. Paths are asked about again. */
static int read_locked(struct reading *r, const char *rule)
{
	size_t word_len = strcspn(rule, " \t");
	const struct zc_word *word = zc_word_find(rule, word_len);
	const char *text = rule + word_len + strspn(rule + word_len, " \t");
	struct zc_learn *learn = r->learn;
	struct zc_path_value value;
	char path[ZC_PATH_CAP];
	size_t len = 0;

	if (word == NULL || word->kind != ZC_WORD_RULE || *text == '\0')
		return 0;
	if (word->cls <= ZC_CLASS_RUN && zc_value_decode(text, &value) == NULL && !value.wild &&
	    !value.itself)
		len = path_of(r, &value, path);
	if (len)
		return zc_learn_path(learn, path, len, 1u << word->cls, 0);
	return zc_learn_add(&learn->locked, zc_set_copy(learn->memory, rule, strlen(rule)));
}

static int read_comment(struct reading *r, const char *line)
{
	struct zc_learn *learn = r->learn;

	if (strncmp(line, "#: ", 3) == 0)
		return zc_learn_cannot(learn, line + 3);
	if (strncmp(line, "# command: ", 11) == 0)
		return zc_learn_command(learn, line + 11);
	if (strncmp(line, "#allow-", 7) != 0)
		return 0;
	return read_locked(r, line + 1);
}

/* The line without blanks and the comment at its end, as parse.c reads it. */
static char *trimmed(const char *line, size_t len)
{
	size_t at = 0;

	while (at < len && strchr(" \t\r", line[at]))
		at++;
	if (at < len && line[at] != '#')
		for (size_t i = at + 1; i < len; i++)
			if (line[i] == '#' && strchr(" \t", line[i - 1])) {
				len = i;
				break;
			}
	while (len > at && strchr(" \t\r", line[len - 1]) &&
	       !(len > at + 1 && line[len - 2] == '\\'))
		len--;
	return strndup(line + at, len - at);
}

static int read_line(struct reading *r, const char *text, size_t len)
{
	char *line = trimmed(text, len);
	int result = 0;

	if (line == NULL)
		return -ENOMEM;
	if (line[0] == '#') {
		result = read_comment(r, line);
	} else if (line[0] != '\0' && strcmp(line, "include @protected") != 0) {
		const struct zc_word *word = zc_word_find(line, strcspn(line, " \t"));

		if (word == NULL || word->kind != ZC_WORD_RULE) {
			result = zc_fail(
				r->error, r->origin,
				"between the marks only rules can stand; write '%.80s' above "
				"or below them",
				line);
		} else {
			result = zc_learn_add(&r->learn->before,
					      zc_set_copy(r->learn->memory, line, strlen(line)));
			if (result == 0)
				result = read_rule(r, line);
		}
	}
	free(line);
	return result;
}

static int read_part(struct reading *r, const char *text, size_t len)
{
	int result = 0;

	while (len > 0 && result == 0) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end ? (size_t)(end - text) : len;

		r->origin.line++;
		result = read_line(r, text, line_len);
		line_len += end != NULL;
		text += line_len;
		len -= line_len;
	}
	return result;
}

static uint32_t lines_before(const char *text, const char *at)
{
	uint32_t lines = 0;

	for (; text < at; text++)
		lines += *text == '\n';
	return lines;
}

/* Whatever is read back was a policy: mistakes are told in its words. */
static int check_loads(struct zc_learn *learn, const char *text, size_t len,
		       struct zc_policy_error *error)
{
	struct zc_policy_set *set = zc_policy_set_new(&learn->world);
	int r = set ? zc_policy_add_text(set, learn->name, text, len, error)
		    : zc_fail_memory(error);

	zc_policy_set_free(set);
	return r;
}

int zc_learn_text(struct zc_learn *learn, const char *name, const char *text, size_t len,
		  struct zc_policy_error *error)
{
	struct reading reading = { .learn = learn, .error = error };
	const char *first, *part, *last, *after;
	int r;

	learn->name = reading.origin.name = zc_set_copy(learn->memory, name, strlen(name));
	if (learn->name == NULL)
		return zc_fail_memory(error);
	if (len == 0)
		return 0;
	r = check_loads(learn, text, len, error);
	if (r < 0)
		return r;
	text = zc_set_copy(learn->memory, text, len);
	if (text == NULL)
		return zc_fail_memory(error);
	learn->head = text;
	learn->head_len = len;
	first = find_mark(text, len, ZC_LEARN_BEGIN, &part);
	if (first == NULL)
		return 0;
	reading.origin.line = lines_before(text, part);
	last = find_mark(part, len - (size_t)(part - text), ZC_LEARN_END, &after);
	if (last == NULL)
		return zc_fail(error, reading.origin,
			       "the mark at the end of the learnt part is "
			       "missing: '" ZC_LEARN_END "'");
	learn->had_part = true;
	learn->head_len = (size_t)(first - text);
	learn->tail = after;
	learn->tail_len = len - (size_t)(after - text);
	r = zc_learn_protected(learn, &reading.protect, error);
	if (r == 0)
		r = read_part(&reading, part, (size_t)(last - part));
	free(reading.protect);
	return r == -ENOMEM ? zc_fail_memory(error) : r;
}
