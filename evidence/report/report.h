/* SPDX-License-Identifier: MIT */
/*
 * report.h - a run in the words of somebody else: people, CI systems, flame graphs, auditors.
 *
 * Theory of operation. A format is a row: its name, the file it is usually put into, and a function.
 * zc_report_write() sets the table (struct zc_report: where to write, a JSON writer, an arena of
 * texts), and the function walks the run's items; for each, zc_story_tell() takes the event apart into
 * texts and frames, so that no format parses events on its own. Formats never judge: verdicts,
 * severities and hints are those of the run.
 *
 * Every text is somebody else's bytes. Into JSON they go through json.h, which escapes what could
 * disturb a terminal; what people read is neutralised first (zc_report_shown) and then escaped for
 * where it stands (XML, Markdown, a workflow command). Foreign JSON schemas allow no members beside
 * a text, so bytes that are not UTF-8 are U+FFFD there; the exact ones are in the run.
 */
#ifndef ZC_EVIDENCE_REPORT_REPORT_H
#define ZC_EVIDENCE_REPORT_REPORT_H

#include <stdio.h>
#include <string.h>

#include "text/json.h"
#include "evidence/read/run.h"

struct zc_report_options {
	const char *home;      /* this directory's name becomes ~ everywhere; NULL: it stays */
	const char *workspace; /* locations are relative to it; NULL: the run's working directory */
	bool color;            /* text only */
	struct zc_story_names *
		names; /* frames without lines are named again (story_names.h); NULL: they are not */
	void *context; /* for a format that is no row of the table: a subcommand's own */
};

struct zc_report;
struct zc_story;

struct zc_report_format {
	const char *name, *file, *what;
	void (*write)(struct zc_report *report);
	bool events; /* goes over the events itself: the run need not have been scanned */
};

/* Ends with a row without a name. */
extern const struct zc_report_format zc_report_formats[];
const struct zc_report_format *zc_report_find(const char *name); /* NULL: there is none */
/* Writes a run that was scanned, unless the format goes over the events. Returns 0 or -errno. */
int zc_report_write(struct zc_run *run, const struct zc_report_format *format, FILE *out,
		    const struct zc_report_options *options);

/* --- for the formats ----------------------------------------------------------------------------- */

/* A text of the arena: NUL-terminated behind its end, but it may hold NUL. at NULL: there is none. */
struct zc_str {
	const char *at;
	size_t len;
};

static inline bool zc_str_is(struct zc_str text, const char *plain)
{
	return text.at && text.len == strlen(plain) && !memcmp(text.at, plain, text.len);
}

static inline bool zc_str_begins(struct zc_str text, const char *prefix)
{
	return text.at && text.len >= strlen(prefix) && !memcmp(text.at, prefix, strlen(prefix));
}

/* What is behind the last slash; a path that ends with one is left as it is. */
struct zc_str zc_str_base(struct zc_str path);

struct zc_report {
	struct zc_run *run;
	struct zc_run *stacks; /* where stacks are looked up that events refer to; NULL: in run */
	FILE *out;
	struct zc_report_options options;
	struct zc_json json;
	struct zc_chunk *arena;
	struct zc_kept_stacks *kept; /* story_stack.c */
	size_t workspace_len, home_len;
	char workspace[ZC_PATH_CAP]; /* "" when not known */
	bool unaccepted;             /* zc_story_next() leaves out what a baseline accepts */
	bool exact;                  /* texts with their exact bytes, not U+FFFD */
	bool failed;                 /* out of memory */
};

/* Texts of the arena hold until this. */
void zc_report_reset(struct zc_report *report);
void *zc_report_room(struct zc_report *report, size_t size); /* NULL: failed is set */
void zc_report_free_arena(struct zc_chunk *arena);
size_t zc_report_arena_size(const struct zc_chunk *arena);
/* Drops the stacks that are kept between events: when they are many, or all. */
void zc_story_forget(struct zc_report *report, bool all);
struct zc_str zc_report_keep(struct zc_report *report, const char *text, size_t len);
struct zc_str zc_report_printf(struct zc_report *report, const char *format, ...) ZC_PRINTF(2, 3);
/* The string at that path, decoded, with the home directory replaced. */
struct zc_str zc_report_text(struct zc_report *report, struct zc_view view, const char *path);
/* A text of somebody else's, with the home directory replaced. */
struct zc_str zc_report_take(struct zc_report *report, const char *text, size_t len);
/* The same for a member that was picked already: value is parent's key. */
struct zc_str zc_report_value(struct zc_report *report, struct zc_view parent, const char *key,
			      struct zc_view value);
/* Safe for people: what is hidden or not UTF-8 is spelled out (text.h). */
struct zc_str zc_report_shown(struct zc_report *report, struct zc_str text);
/* Writes out what the JSON writer has and goes on. */
void zc_report_flush(struct zc_report *report);
void zc_report_json(struct zc_report *report, const char *key, struct zc_str text); /* or null */
/* A number of run.json, or 0. */
uint64_t zc_report_number(const struct zc_report *report, const char *path);
/* "sites" of a stack as an array of texts. */
void zc_report_json_sites(struct zc_report *report, const char *key, const struct zc_story *story);
/* Sentences about the run, one after the other; at NULL at the end: "not sealed: no Landlock", ... */
struct zc_str zc_report_next_why_not(struct zc_report *report, struct zc_walk *walk);
/* ... "landlock: on, ABI 7". walk: over mode.why_not, and over layers. */
struct zc_str zc_report_next_layer(struct zc_report *report, struct zc_walk *walk);
/* "12.345" from nanoseconds. */
struct zc_str zc_report_seconds(struct zc_report *report, uint64_t ns);
/* The command of the run in one line, as it could be pasted. */
struct zc_str zc_report_command(struct zc_report *report, struct zc_view words);

#define ZC_STORY_FRAMES 128u

struct zc_frame_told {
	struct zc_str module, build_id, offset, function, function_offset, file, lang;
	struct zc_str
		linkage; /* the function as the linker knows it, where that is something else */
	struct zc_str address;
	struct zc_str lines_from; /* where file and line come from, if not from this machine */
	struct zc_str site;       /* "leak_secret (src/victim.c:65)" or "cat+0x2752", shown */
	uint64_t line;
	bool inlined;
	bool own;             /* the program's own code, not a library's of the system */
	struct zc_str inside; /* file, relative to the workspace; at NULL: not inside */
};

struct zc_told_stack {
	struct zc_str status, why;
	const struct zc_frame_told *frame; /* innermost first */
	size_t frames;
	const struct zc_frame_told *place; /* whose code: the innermost of its own; may be NULL */
	const struct zc_frame_told
		*inside; /* the innermost with a line in the workspace; or NULL */
};

/* One event or finding, taken apart. Texts that are missing have at NULL. */
struct zc_story {
	const struct zc_item *item;
	struct zc_view event, object, args, argv;        /* args: of the system call */
	struct zc_str op, action, severity, class, what; /* what: "/etc/shadow", "192.0.2.1:80" */
	struct zc_str title;                             /* "denied open_read /etc/shadow", shown */
	struct zc_str rule, source, layer, reason, why;
	struct zc_str by; /* "by deny-read /etc (ci.zc:3)" or why without a rule, shown */
	struct zc_str hint, exe, program, time, fingerprint, errno_name, syscall, trust, seen_by;
	uint64_t count, seq, mono_ns, pid, tid, ppid;
	struct zc_str accepted,
		until; /* why a baseline accepts it, and until when; at NULL: it does not */
	bool dac_refuses;
	struct zc_told_stack stack;
};

/* Texts hold until zc_report_reset(). item may be NULL: an event by itself. */
void zc_story_tell(struct zc_report *report, const struct zc_item *item, struct zc_view event,
		   struct zc_story *ret);
/* The same for an event whose members are known already. */
void zc_story_tell_members(struct zc_report *report, const struct zc_item *item,
			   struct zc_view event, const struct zc_member *member, size_t members,
			   struct zc_story *ret);
/* What people call that frame; at NULL for NULL. */
struct zc_str zc_story_site(const struct zc_frame_told *frame);
/* Shorter, of the frame to look at first: in the workspace, else of the program's own code. No parameters. */
struct zc_str zc_story_where(struct zc_report *report, const struct zc_story *story);
/* Where a reader of code should look: in the workspace, else the rule's line, else the program. */
struct zc_location {
	struct zc_str path;
	uint64_t line;
	bool relative; /* to the workspace */
};
struct zc_location zc_story_location(struct zc_report *report, const struct zc_story *story);
/* The next violation of the run: tells its story. Starts with *index 0; false at the end. */
bool zc_story_next(struct zc_report *report, size_t *index, struct zc_story *ret);

void zc_report_as_text(struct zc_report *report);
void zc_report_as_markdown(struct zc_report *report);
void zc_report_as_html(struct zc_report *report);
void zc_report_as_sarif(struct zc_report *report);
void zc_report_as_junit(struct zc_report *report);
void zc_report_as_codequality(struct zc_report *report);
void zc_report_as_github(struct zc_report *report);
void zc_report_as_statement(struct zc_report *report);
void zc_report_as_predicate(struct zc_report *report);
void zc_report_as_ocsf(struct zc_report *report);
void zc_report_as_folded(struct zc_report *report);
void zc_report_as_speedscope(struct zc_report *report);
void zc_report_as_trace(struct zc_report *report);
void zc_report_as_attempts(struct zc_report *report);

/* Listed at most, in every format that lists findings: what people read, and what CI accepts. */
#define ZC_REPORT_FINDINGS 10000u

#endif
