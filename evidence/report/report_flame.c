/* SPDX-License-Identifier: MIT */
/*
 * report_flame.c - who causes violations, as a flame graph: folded stacks, and speedscope's format.
 *
 * A finding is a stack (program, frames from the outermost in, what was attempted) and its count a
 * weight. speedscope wants each frame once, in a table: it is written behind the samples.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "evidence/story/escape.h"

/* ';' ends a frame, and the last blank of a line starts the count. */
static void put_folded(struct zc_report *report, struct zc_str text)
{
	for (size_t i = 0; i < text.len; i++)
		fputc(text.at[i] == ';' ? ',' : text.at[i], report->out);
}

void zc_report_as_folded(struct zc_report *report)
{
	struct zc_str unknown = { "unknown", 7 };
	struct zc_story story;
	size_t index = 0;

	while (zc_story_next(report, &index, &story)) {
		put_folded(report,
			   zc_report_shown(report, story.program.len ? story.program : unknown));
		for (unsigned i = story.stack.frames; i--;) {
			fputc(';', report->out);
			put_folded(report, zc_story_site(&story.stack.frame[i]));
		}
		fputc(';', report->out);
		put_folded(report, story.title);
		fprintf(report->out, " %" PRIu64 "\n", story.count);
	}
}

/* --- speedscope ----------------------------------------------------------------------------------- */

struct flame_frame {
	char *name, *file;
	uint64_t line;
};

struct flame {
	struct zc_report *report;
	struct flame_frame *frame;
	uint32_t *slot; /* index + 1 */
	size_t count, slots;
	uint64_t *weight; /* of each sample */
	size_t samples;
};

static uint64_t hash_of(const char *name, const char *file, uint64_t line)
{
	return zc_hash_bytes(file, strlen(file), zc_hash_bytes(name, strlen(name), line));
}

static size_t find(const struct flame *flame, const char *name, const char *file, uint64_t line)
{
	size_t at = hash_of(name, file, line) & (flame->slots - 1);

	for (; flame->slot[at]; at = (at + 1) & (flame->slots - 1)) {
		const struct flame_frame *frame = &flame->frame[flame->slot[at] - 1];

		if (frame->line == line && !strcmp(frame->name, name) && !strcmp(frame->file, file))
			break;
	}
	return at;
}

static bool grow(struct flame *flame)
{
	size_t slots = flame->slots ? flame->slots * 2 : 1024;
	struct flame_frame *frame;

	if (flame->count * 2 < flame->slots)
		return true;
	frame = realloc(flame->frame, slots * sizeof(*frame));
	if (!frame)
		return false;
	flame->frame = frame;
	free(flame->slot);
	flame->slot = calloc(slots, sizeof(*flame->slot));
	if (!flame->slot)
		return false;
	flame->slots = slots;
	for (size_t i = 0; i < flame->count; i++)
		flame->slot[find(flame, frame[i].name, frame[i].file, frame[i].line)] =
			(uint32_t)i + 1;
	return true;
}

/* The number of a frame in the table, where it is put when it is new. */
static size_t frame_index(struct flame *flame, struct zc_str name, struct zc_str file,
			  uint64_t line)
{
	const char *file_text = file.at ? file.at : "";
	size_t at;

	if (!grow(flame)) {
		flame->report->failed = true;
		return 0;
	}
	at = find(flame, name.at, file_text, line);
	if (!flame->slot[at]) {
		struct flame_frame *frame = &flame->frame[flame->count];

		*frame = (struct flame_frame){ strdup(name.at), strdup(file_text), line };
		if (!frame->name || !frame->file) {
			free(frame->name);
			free(frame->file);
			flame->report->failed = true;
			return 0;
		}
		flame->slot[at] = (uint32_t)++flame->count;
	}
	return flame->slot[at] - 1;
}

static void put_sample(struct flame *flame, const struct zc_story *story)
{
	struct zc_report *report = flame->report;
	struct zc_str none = { NULL, 0 }, unknown = { "unknown", 7 };
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '[');
	zc_json_uint(
		json, NULL,
		frame_index(flame,
			    zc_report_shown(report, story->program.len ? story->program : unknown),
			    none, 0));
	for (size_t i = story->stack.frames; i--;) {
		const struct zc_frame_told *frame = &story->stack.frame[i];

		zc_json_uint(json, NULL,
			     frame_index(flame, zc_story_site(frame),
					 zc_report_shown(report, frame->file.at ? frame->file
										: frame->module),
					 frame->line));
	}
	zc_json_uint(json, NULL, frame_index(flame, story->title, none, 0));
	zc_json_close(json, ']');
	zc_report_flush(report);
}

static void put_frames(struct flame *flame)
{
	struct zc_json *json = &flame->report->json;

	zc_json_open(json, "shared", '{');
	zc_json_open(json, "frames", '[');
	for (size_t i = 0; i < flame->count; i++) {
		const struct flame_frame *frame = &flame->frame[i];

		zc_json_open(json, NULL, '{');
		zc_json_string(json, "name", frame->name);
		if (*frame->file)
			zc_json_string(json, "file", frame->file);
		if (frame->line)
			zc_json_uint(json, "line", frame->line);
		zc_json_close(json, '}');
		zc_report_flush(flame->report);
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

static void put_profile(struct flame *flame)
{
	struct zc_report *report = flame->report;
	struct zc_json *json = &report->json;
	struct zc_story story;
	uint64_t total = 0;
	size_t index = 0;

	zc_json_open(json, NULL, '{');
	zc_json_string(json, "type", "sampled");
	zc_json_string(json, "name", "violations");
	zc_json_string(json, "unit", "none");
	zc_json_open(json, "samples", '[');
	while (zc_story_next(report, &index, &story)) {
		uint64_t *weight = realloc(flame->weight, (flame->samples + 1) * sizeof(*weight));

		if (!weight) {
			report->failed = true;
			break;
		}
		flame->weight = weight;
		weight[flame->samples++] = story.count;
		total += story.count;
		put_sample(flame, &story);
	}
	zc_json_close(json, ']');
	zc_json_open(json, "weights", '[');
	for (size_t i = 0; i < flame->samples; i++)
		zc_json_uint(json, NULL, flame->weight[i]);
	zc_json_close(json, ']');
	zc_json_uint(json, "startValue", 0);
	zc_json_uint(json, "endValue", total);
	zc_json_close(json, '}');
}

void zc_report_as_speedscope(struct zc_report *report)
{
	struct flame flame = { .report = report };
	struct zc_json *json = &report->json;

	json->indent = 2;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "$schema", "https://www.speedscope.app/file-format-schema.json");
	zc_json_string(json, "exporter", "zencube " ZC_VERSION);
	zc_report_json(report, "name", zc_report_printf(report, "zencube %s", report->run->id));
	zc_json_uint(json, "activeProfileIndex", 0);
	zc_json_open(json, "profiles", '[');
	put_profile(&flame);
	zc_json_close(json, ']');
	put_frames(&flame);
	zc_json_close(json, '}');
	zc_json_newline(json);
	for (size_t i = 0; i < flame.count; i++) {
		free(flame.frame[i].name);
		free(flame.frame[i].file);
	}
	free(flame.frame);
	free(flame.slot);
	free(flame.weight);
}
