/* SPDX-License-Identifier: MIT */
/*
 * export_bwrap.c - a policy as arguments of bubblewrap.
 *
 * bwrap says what is there, not what may be done: reading is a read-only bind, writing a bind, and
 * what is denied below is covered by an empty directory or by /dev/null. Later arguments lie over
 * earlier ones, so parents come before what lies below them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/policy/policy.h"
#include "text/array.h"

enum place_kind { READ_ONLY, WRITABLE, COVERED, KEPT };

struct place {
	char *path;
	uint8_t kind;
	bool directory;
};

struct places {
	struct place *place;
	size_t count, cap;
};

static void add(struct places *places, const char *path, unsigned kind, bool directory)
{
	struct place *more;
	char *copy;

	for (size_t i = 0; i < places->count; i++) {
		if (strcmp(places->place[i].path, path) != 0)
			continue;
		/* What is covered stays so; who writes a place reads it there too. */
		if (kind > places->place[i].kind)
			places->place[i].kind = (uint8_t)kind;
		return;
	}
	more = zc_array_grow(places->place, places->count, &places->cap, sizeof(*more), 64);
	if (!more)
		abort();
	places->place = more;
	copy = strdup(path);
	if (!copy)
		abort();
	places->place[places->count++] = (struct place){ copy, (uint8_t)kind, directory };
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->path, ((const struct place *)b)->path);
}

static void put_quoted(FILE *out, const char *text)
{
	fputs(" '", out);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	fputc('\'', out);
}

static void put_place(FILE *out, const struct place *place)
{
	switch ((enum place_kind)place->kind) {
	case READ_ONLY:
	case KEPT: fputs("--ro-bind-try", out); break;
	case WRITABLE: fputs("--bind-try", out); break;
	case COVERED:
		if (place->directory) {
			fputs("--perms 0000 --tmpfs", out);
			put_quoted(out, place->path);
		} else {
			fputs("--ro-bind /dev/null", out);
			put_quoted(out, place->path);
		}
		fputc('\n', out);
		return;
	}
	put_quoted(out, place->path);
	put_quoted(out, place->path);
	fputc('\n', out);
}

/* What a rule on paths makes of a place. */
struct rule_place {
	struct places *places;
	unsigned kind;
};

static void add_place(void *context, const char *path, bool directory)
{
	const struct rule_place *rule = context;

	add(rule->places, path, rule->kind, directory);
}

/* index is behind the rule's, as zc_export_next() leaves it. */
static void take_paths(struct zc_export *export, const struct zc_policy_line *line, size_t index,
		       struct places *places)
{
	bool allows = line->says <= ZC_SAYS_LOG, writes = line->cls == ZC_CLASS_WRITE;
	struct rule_place rule = { places, allows   ? writes ? WRITABLE : READ_ONLY
					   : writes ? KEPT
						    : COVERED };

	if (line->cls == ZC_CLASS_RUN) {
		if (!allows)
			export->lost(export, line->text, "bwrap cannot refuse to run one program");
	} else if (!line->everything) {
		zc_export_places(export, line, index, add_place, &rule);
	} else if (allows) {
		add(places, "/", rule.kind, true);
	} else {
		export->lost(export, line->text, "what is not bound is not there already");
	}
}

static void put_network(struct zc_export *export)
{
	bool all = zc_export_allows_all(export, ZC_CLASS_NET), some = false;
	struct zc_policy_line line;

	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		bool inet = (line.cls == ZC_CLASS_NET || line.cls == ZC_CLASS_LISTEN) &&
			    !(line.value && strncmp(line.value, "unix:", 5) == 0);

		if (line.cls == ZC_CLASS_NET && !inet)
			export->lost(export, line.text,
				     "a socket is there when its file is bound; names are shared "
				     "with --share-net");
		if (!inet)
			continue;
		some |= line.says <= ZC_SAYS_LOG;
		if (!(all && line.everything && line.says == ZC_SAYS_ALLOW))
			export->lost(export, line.text, "bwrap gives all of the network or none");
	}
	if (all || (some && !(export->policy->image->flags & ZC_IMAGE_NO_NET)))
		fputs("--share-net\n", export->out);
}

/* Does the nearest place above say the same already? */
static bool is_said(const struct places *places, size_t index)
{
	const struct place *place = &places->place[index], *nearest = NULL;

	for (size_t i = 0; i < index; i++) {
		size_t len = strlen(places->place[i].path);

		if (len == 1 || (strncmp(places->place[i].path, place->path, len) == 0 &&
				 place->path[len] == '/'))
			nearest = &places->place[i];
	}
	return nearest && nearest->kind != COVERED &&
	       (nearest->kind == WRITABLE) == (place->kind == WRITABLE) && place->kind != COVERED;
}

/* --dev and --proc make them. */
static bool is_made(const struct place *place)
{
	return strncmp(place->path, "/proc/", 6) == 0 ||
	       (strncmp(place->path, "/dev/", 5) == 0 && strncmp(place->path, "/dev/shm", 8) != 0);
}

void zc_export_bwrap(struct zc_export *export)
{
	struct places places = { 0 };
	struct zc_policy_line line;
	bool systems = false;

	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		if (line.says == ZC_SAYS_LOG || line.says == ZC_SAYS_ASK)
			export->lost(export, line.text, "bwrap keeps no record and asks nobody");
		if (line.cls < ZC_CLASS_UNIX)
			take_paths(export, &line, i, &places);
		else if (line.cls == ZC_CLASS_SYS)
			export->lost(export, line.text, "bwrap has no rules on system calls");
	}
	fputs("--unshare-all\n", export->out);
	put_network(export);
	fputs("--die-with-parent\n--new-session\n", export->out);
	qsort(places.place, places.count, sizeof(*places.place), by_path);
	for (size_t i = 0; i < places.count; i++) {
		const struct place *place = &places.place[i];

		/* Behind "/", which is first of all if it is there; what lies below goes over them. */
		if (!systems && strcmp(place->path, "/") != 0)
			systems = fputs("--dev /dev\n--proc /proc\n", export->out) != EOF;
		if (!is_said(&places, i) && !is_made(place))
			put_place(export->out, place);
	}
	for (size_t i = 0; i < places.count; i++)
		free(places.place[i].path);
	free(places.place);
}
