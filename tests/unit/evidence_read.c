/* SPDX-License-Identifier: MIT */
/*
 * evidence_read.c - JSON looked into in place, a log read line by line, and a run put together again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/journal/log_reader.h"
#include "evidence/read/run.h"
#include "text/text.h"
#include "t.h"

static int parse(const char *text, struct zc_view *ret)
{
	return zc_view_parse(ret, text, strlen(text));
}

static void takes_json_only(void)
{
	static const char *const good[] = {
		"0",
		"-0.5e+3",
		"\"\"",
		"[]",
		"{}",
		" [1 , 2] ",
		"{\"a\":{\"b\":[true,false,null]}}",
		"\"\\u00e9\\ud83d\\ude00\\n\"",
		"\"\xc3\xa9\"",
	};
	static const char *const bad[] = {
		"",
		" ",
		"01",
		"-",
		"1.",
		".5",
		"1e",
		"+1",
		"nul",
		"truex",
		"\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\n\"",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"[",
		"]",
		"[1,]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"{\"a\":1,}",
		"{} {}",
		"[}",
		"\"a",
		"{\"a\":1",
	};
	struct zc_view view;
	char deep[200];

	for (size_t i = 0; i < ZC_LEN(good); i++)
		T_OK(parse(good[i], &view) == 0, "'%s' is JSON", good[i]);
	for (size_t i = 0; i < ZC_LEN(bad); i++)
		T_OK(parse(bad[i], &view) == -EINVAL, "number %zu is not", i);
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	T_OK(zc_view_parse(&view, deep, 200) == -E2BIG, "a hundred levels are too many");
	T_OK(zc_view_parse(&view, deep + 40, 120) == 0, "sixty are not");
}

/* Every byte at every place of a text that is otherwise easy: the same as asking byte by byte. */
static void finds_easy_bytes(void)
{
	char text[48];
	unsigned wrong = 0;

	for (size_t len = 0; len <= sizeof(text); len++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			for (size_t at = 0; at < len; at++) {
				bool easy = byte >= 0x20 && byte < 0x7f && byte != '"' &&
					    byte != '\\';

				memset(text, 'x', sizeof(text));
				text[at] = (char)byte;
				wrong += zc_text_easy(text, len) != (easy ? len : at);
			}
		}
	}
	T_OK(!wrong, "easy bytes end where they should (%u do not)", wrong);
}

static void finds_members(void)
{
	static const char text[] =
		"{\"a\":{\"b\":\"x}]\\\"\",\"c\":[1,{\"d\":2}]},\"n\":18446744073709551615,"
		"\"m\":-5,\"h\":\"0x1f\",\"z\":\"AAEC/w==\",\"big\":18446744073709551616}";
	static const char *const names[] = { "m", "nothing", "h" };
	struct zc_view view, picked[3], key;
	struct zc_member member[2];
	struct zc_walk walk;
	size_t members = 2, len;
	char room[64];
	uint64_t hex = 0;

	T_OK(zc_view_parse_members(&view, text, strlen(text), member, &members) == 0 &&
		     members == 2,
	     "no more members are kept than there is room for");
	T_OK(zc_view_is(member[1].key, "n") && zc_view_kind(member[1].value) == '0', "in order");
	T_OK(zc_view_text(zc_view_get(view, "a.b"), room) == 4 && !memcmp(room, "x}]\"", 4),
	     "brackets and quotes inside a text do not end it");
	T_OK(zc_view_count(zc_view_get(view, "a.c")) == 2, "two elements");
	T_OK(!zc_view_get(view, "a.b.c").at && !zc_view_get(view, "x.y").at, "nothing is there");
	T_OK(zc_view_uint(zc_view_get(view, "n"), 0) == UINT64_MAX &&
		     zc_view_uint(zc_view_get(view, "big"), 7) == 7 &&
		     zc_view_uint(zc_view_get(view, "m"), 7) == 7 &&
		     zc_view_int(zc_view_get(view, "m"), 7) == -5 &&
		     zc_view_int(zc_view_get(view, "n"), 7) == 7,
	     "numbers that do not fit are not taken");
	zc_members_pick(member, members, names, 3, picked);
	T_OK(!picked[0].at, "a member that was not kept is not picked");
	zc_view_pick(view, names, 3, picked);
	T_OK(picked[0].at && !picked[1].at && zc_view_hex(picked[2], &hex) && hex == 0x1f,
	     "picked");
	T_OK(zc_view_base64(zc_view_get(view, "z"), room, &len) && len == 4 &&
		     !memcmp(room, "\0\1\2\xff", 4),
	     "base64");
	walk = zc_view_walk(zc_view_get(view, "n"));
	T_OK(!zc_walk_next(&walk, &key, &view), "a number has no members");
}

static void reads_lines(void)
{
	char dir[] = "/tmp/zc-lines-XXXXXX", path[64], *chunk = calloc(1, 1 << 20);
	struct zc_log_reader reader;
	struct zc_journal *journal;
	int fd;

	if (!mkdtemp(dir) || !chunk)
		abort();
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	memset(chunk, 'x', 1 << 20);
	if (write(fd, "one\n\n", 5) != 5)
		abort();
	for (unsigned i = 0; i < 6; i++) /* longer than a line may be */
		if (write(fd, chunk, 1 << 20) != 1 << 20)
			abort();
	if (write(fd, "\n", 1) != 1 || write(fd, chunk, 1 << 20) != 1 << 20 ||
	    write(fd, "\nlast", 5) != 5)
		abort();
	T_OK(zc_journal_open(&journal, dir) == 0, "a log is opened");
	zc_log_reader_init(&reader, journal, 0);
	T_OK(zc_log_reader_next(&reader) == 1 && reader.len == 3 && reader.number == 1, "a line");
	T_OK(zc_log_reader_next(&reader) == 1 && reader.len == 0 && reader.offset == 4,
	     "an empty one");
	T_OK(zc_log_reader_next(&reader) == 1 && reader.state == ZC_LINE_TOO_LONG &&
		     reader.len == ZC_LINE_MAX,
	     "the beginning of one that is too long");
	T_OK(zc_log_reader_next(&reader) == 1 && reader.state == ZC_LINE_WHOLE &&
		     reader.len == 1 << 20 && reader.offset == 5 + (6 << 20) + 1,
	     "the one behind it, at the right place");
	T_OK(zc_log_reader_next(&reader) == 1 && reader.state == ZC_LINE_CUT && reader.len == 4,
	     "what has no newline");
	T_OK(zc_log_reader_next(&reader) == 0, "the end");
	if (write(fd, "!\n", 2) != 2)
		abort();
	T_OK(zc_log_reader_next(&reader) == 1 && reader.len == 1, "and what was appended since");
	zc_log_reader_finish(&reader);
	zc_journal_free(journal);
	unlink(path);
	rmdir(dir);
	close(fd);
	free(chunk);
}

/* More findings than any table starts with, some of them listed in run.json. */
static void counts_findings(void)
{
	char dir[] = "/tmp/zc-read-XXXXXX", path[64], error[512];
	struct zc_run *run = NULL;
	const struct zc_item *item;
	FILE *log, *json;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	log = fopen(path, "w");
	for (unsigned i = 0; i < 30000; i++)
		fprintf(log,
			"{\"run\":\"r\",\"seq\":%u,\"mono_ns\":%u,\"type\":\"violation\","
			"\"fingerprint\":\"%016x\"}\n",
			i + 1, (i + 1) * 1000u, i % 5000 + 1);
	fprintf(log, "{\"type\":\"access\",\"fingerprint\":\"ff00000000000000\"}\nbroken\n");
	fclose(log);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	json = fopen(path, "w");
	fprintf(json, "{\"schema\":\"zencube.run/"
		      "1\",\"run\":\"r\",\"verdict\":\"violations\",\"findings\":["
		      "{\"fingerprint\":\"0000000000000007\",\"count\":99,\"first_seq\":7}]}");
	fclose(json);
	T_OK(zc_run_open(&run, dir, error) == 0 && zc_run_scan(run) == 0, "the run is read");
	T_OK(run->violations == 5000 && run->items == 5001 && run->events == 30001 &&
		     run->broken == 1 && run->lines == 30002,
	     "everything is counted");
	item = zc_run_item(run, 7);
	T_OK(item == run->item && item->count == 99 && item->events == 6 && item->first_seq == 7,
	     "run.json's count stands where it lists the finding, and its findings come first");
	item = zc_run_item(run, 8);
	T_OK(item && item->count == 6 && item->event_at > 0 && item->last_ns == 25008000,
	     "what it does not list is counted in the log");
	T_OK(zc_view_uint(zc_view_get(zc_run_event(run, item), "seq"), 0) == 8,
	     "the first event of it");
	T_OK(!zc_run_item(run, 123456), "there is no other");
	zc_run_free(run);
	unlink(path);
	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	takes_json_only();
	finds_easy_bytes();
	finds_members();
	reads_lines();
	counts_findings();
	T_DONE();
}
