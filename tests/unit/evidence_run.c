/* SPDX-License-Identifier: MIT */
/*
 * evidence_run.c - a whole run, from frames to run.json: counts, coverage, forgery, a full disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "evidence/evidence.h"
#include "evidence_frames.h"
#include "namer.h"
#include "t.h"

static char dir[64];
static struct frame_buffer frame;
static struct zc_page *page;
static FILE *human;
static char *said;
static size_t said_len;

/* ---- a run to put frames into ---- */

static struct zc_evidence *run_new(void)
{
	static const char *const command[] = { "victim", "--flag", NULL };
	struct zc_evidence_setup setup = { .dir = dir,
					   .run_id = "zc-test",
					   .command = command,
					   .mode_asked = "auto",
					   .mode_used = "shim",
					   .engine = "shim",
					   .page = page };
	struct zc_evidence *e;

	strcpy(dir, "/tmp/zc-run-XXXXXX");
	memset(page, 0, sizeof(*page));
	page->magic = ZC_PAGE_MAGIC;
	if (!mkdtemp(dir))
		abort();
	human = open_memstream(&said, &said_len);
	setup.human = human;
	if (zc_evidence_new(&e, &setup))
		abort();
	return e;
}

static void run_end(struct zc_evidence *e, struct zc_evidence_result *ret)
{
	struct zc_evidence_end end = { 0 };

	zc_evidence_settle(e, &end, ret);
	zc_evidence_finish(e, 0, "test");
	zc_evidence_print_end(e);
	zc_evidence_free(e);
	fclose(human);
}

static void clean(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	unlink(path);
	rmdir(dir);
	free(said);
	said = NULL;
}

static void put(struct zc_evidence *e)
{
	zc_evidence_put(e, frame.words, frame.size, frame.head->pid);
}

/* A frame of another process: type, pid, exec_id, and a path or program. */
static void other(struct zc_evidence *e, unsigned type, pid_t pid, uint64_t exec_id,
		  const char *text)
{
	frame_begin(&frame, type, exec_id);
	frame.head->pid = frame.head->tid = pid;
	frame.head->ppid = 1000;
	if (text)
		frame_put(&frame, type == ZC_FRAME_SIGN_IN ? ZC_FIELD_EXE : ZC_FIELD_PATH, text);
	frame_end(&frame);
	put(e);
}

static void refuse(struct zc_evidence *e, const char *path, uint64_t fingerprint, uint64_t repeat)
{
	frame_refusal(&frame, 7, path, fingerprint);
	frame.head->repeat = repeat;
	frame_put_stack(&frame, 4096);
	frame_end(&frame);
	put(e);
}

/* ---- what was written ---- */

static char *read_file(const char *name, size_t *ret_len)
{
	char path[128];
	struct stat st;
	char *text;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || !(text = malloc((size_t)st.st_size + 1)) ||
	    read(fd, text, (size_t)st.st_size) != st.st_size)
		abort();
	close(fd);
	text[st.st_size] = '\0';
	*ret_len = (size_t)st.st_size;
	return text;
}

static struct json_object *run_json(void)
{
	size_t len;
	char *text = read_file("run.json", &len);
	struct json_object *run = json_tokener_parse(text);

	free(text);
	return run;
}

/* "a.b" of an object. */
static struct json_object *get(struct json_object *object, const char *path)
{
	char key[64];
	const char *dot;

	for (; object && path; path = dot ? dot + 1 : NULL) {
		dot = strchr(path, '.');
		snprintf(key, sizeof(key), "%.*s", dot ? (int)(dot - path) : (int)strlen(path),
			 path);
		json_object_object_get_ex(object, key, &object);
	}
	return object;
}

static bool text_is(struct json_object *object, const char *path, const char *want)
{
	const char *have = json_object_get_string(get(object, path));
	bool same = have && !strcmp(have, want);

	if (!same)
		printf("# %s is %s\n", path, have ? have : "null");
	return same;
}

/* Follows the chain as docs/EVIDENCE.md defines it. Returns the number of lines, or -1. */
static int follow_chain(unsigned *ret_violations)
{
	unsigned char link[32], joined[131072];
	size_t len, at = 0;
	char *text = read_file("events.jsonl", &len), hex[65], before[65] = "";
	int lines = 0;
	bool good = true, ended = false;

	*ret_violations = 0;
	crypto_hash_sha256(link, (const unsigned char *)"zencube.chain/1\nzc-test", 23);
	for (; good && at < len; lines++) {
		char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : 0;
		struct json_object *event;

		if (!end || line < 80 || line > sizeof(joined))
			break;
		memcpy(joined, link, 32);
		memcpy(joined + 32, text + at, line - 76); /* ,"chain":"<64 digits>"} */
		joined[32 + line - 76] = '}';
		crypto_hash_sha256(link, joined, 32 + line - 75);
		sodium_bin2hex(hex, sizeof(hex), link, 32);
		*end = '\0';
		event = json_tokener_parse(text + at);
		good = event && text_is(event, "chain", hex);
		*ret_violations += good &&
				   !strcmp(json_object_get_string(get(event, "type")), "violation");
		if (good && !strcmp(json_object_get_string(get(event, "type")), "end")) {
			ended = text_is(event, "head", before) &&
				json_object_get_int(get(event, "count")) == lines;
			good = at + line + 1 == len;
		}
		strcpy(before, hex);
		json_object_put(event);
		at += line + 1;
	}
	free(text);
	return good && ended && at == len ? lines : -1;
}

/* ---- the tests ---- */

static void test_findings(void)
{
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;
	struct json_object *run, *findings;
	unsigned violations;

	frame_sign_in(&frame, 7);
	put(e);
	refuse(e, "/etc/shadow", 11, 1);
	refuse(e, "/etc/shadow", 11, 2);
	refuse(e, "/root/.ssh/id_rsa", 12, 1);
	page->records = 100000;
	page->findings[5].fingerprint = 11;
	page->findings[5].count = 100000;
	page->refused = 100001;
	page->probes = 4;
	run_end(e, &result);
	T_OK(result.violations == 100001 && result.findings == 2,
	     "counts are the page's where it has them");
	T_OK(follow_chain(&violations) == 5 && violations == 3,
	     "five lines, three violations, one unbroken chain");
	run = run_json();
	findings = get(run, "findings");
	T_OK(json_object_array_length(findings) == 2 &&
		     json_object_get_int64(get(json_object_array_get_idx(findings, 0), "count")) ==
			     100000,
	     "run.json has both findings and the exact count");
	T_OK(text_is(run, "verdict", "violations") && text_is(run, "counts.probes", "4"),
	     "the verdict is violations");
	T_OK(text_is(json_object_array_get_idx(findings, 1), "hint",
		     "--allow-read=/root/.ssh/id_rsa (inside evidence)"),
	     "the hint is the flag that would allow it");
	T_OK(strstr(said, "denied open_read /etc/shadow") && strstr(said, "100000 x"),
	     "people are told");
	json_object_put(run);
	clean();
}

static bool gap_of(struct json_object *run, pid_t pid, const char *exe, const char *want)
{
	struct json_object *processes = get(run, "coverage.processes");

	for (size_t i = 0; i < json_object_array_length(processes); i++) {
		struct json_object *process = json_object_array_get_idx(processes, i);
		const char *gap = json_object_get_string(get(process, "gap"));

		if (json_object_get_int(get(process, "pid")) == pid && text_is(process, "exe", exe))
			return want ? gap && !strcmp(gap, want)
				    : !gap && text_is(process, "watched_by", "shim");
	}
	printf("# %d %s is not listed\n", pid, exe);
	return false;
}

static void test_coverage(void)
{
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;
	struct json_object *run;

	zc_evidence_command(e, 1000, "/bin/sh", NULL);
	other(e, ZC_FRAME_SIGN_IN, 1000, 1, "/bin/sh");
	other(e, ZC_FRAME_FORK, 1001, 1, NULL);
	other(e, ZC_FRAME_EXEC, 1001, 1, "/bin/true");
	other(e, ZC_FRAME_SIGN_IN, 1001, 2, "/bin/true");
	other(e, ZC_FRAME_EXEC, 1002, 1, "/opt/vanished"); /* vfork: no FORK; nobody signs in */
	other(e, ZC_FRAME_EXEC, 1003, 1, "/bin/nothing");
	other(e, ZC_FRAME_EXEC_FAILED, 1003, 1, "/bin/nothing");
	other(e, ZC_FRAME_SIGN_IN, 1004, 4, "/bin/late"); /* spawned: the parent tells afterwards */
	other(e, ZC_FRAME_EXEC, 1004, 4, "/bin/later"); /* ... when it is already something else */
	other(e, ZC_FRAME_SIGN_IN, 1004, 5, "/bin/later");
	frame_begin(&frame, ZC_FRAME_EXEC, 1);
	frame.head->pid = 1000;
	frame.head->args[0] = 1004;
	frame_put(&frame, ZC_FIELD_PATH, "/bin/late");
	frame_end(&frame);
	put(e);
	run_end(e, &result);
	run = run_json();
	T_OK(gap_of(run, 1000, "/bin/sh", NULL), "the command signed in");
	T_OK(gap_of(run, 1001, "/bin/sh", NULL) && gap_of(run, 1001, "/bin/true", NULL),
	     "a fork and what it became");
	T_OK(gap_of(run, 1002, "/opt/vanished", "never signed in, and whatever it started"),
	     "an exec without a sign-in");
	T_OK(text_is(run, "coverage.count", "6") && text_is(run, "coverage.gaps", "1"),
	     "a failed exec and a spawn told late are not gaps");
	T_OK(text_is(run, "verdict", "pass-with-gaps") &&
		     text_is(run, "coverage.complete", "false"),
	     "a clean run without coverage is not a pass");
	json_object_put(run);
	clean();
}

static void test_forgery(void)
{
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;
	struct json_object *run;
	unsigned violations;

	frame_refusal(&frame, 7, "/forged", 1);
	frame_end(&frame);
	zc_evidence_put(e, frame.words, frame.size, frame.head->pid + 1);
	frame.head->source = ZC_SOURCE_PTRACE;
	put(e);
	for (unsigned i = 0; i < 100; i++)
		zc_evidence_put(e, "short", 5, 77);
	run_end(e, &result);
	run = run_json();
	T_OK(text_is(run, "counts.forged", "2") && text_is(run, "counts.malformed", "100"),
	     "who speaks for another, or as the tracer, is not believed");
	T_OK(!result.violations && result.verdict == ZC_RUN_GAPS, "and the run is not a pass");
	T_OK(follow_chain(&violations) == 24,
	     "a flood of broken frames makes twenty notes, not a hundred");
	json_object_put(run);
	clean();
}

static void test_page(void)
{
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;

	frame_refusal(&frame, 7, "/spooled", 21);
	frame_end(&frame);
	page->spool[3].state = 2;
	page->spool[3].size = (uint32_t)frame.size;
	memcpy(page->spooled[3].frame, frame.words, frame.size);
	page->spool[4].state = 1;
	page->spool[5].state = 2;
	page->spool[5].size = 0xffffffff;
	page->records = 7;
	page->findings[0].fingerprint = 99; /* refused, and no record of it arrived */
	page->findings[0].count = 6;
	page->refused = 7;
	run_end(e, &result);
	T_OK(result.findings == 1 && result.violations == 7,
	     "the spool is drained, and what was lost is still counted");
	T_OK(result.lost == 1, "a record that was never finished is lost");
	clean();
}

/* A file size limit stands for the full disk: writes come back short, then fail. */
static void test_full_disk(void)
{
	struct rlimit limit, before;
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;
	struct json_object *run;
	char path[64];
	unsigned violations;
	int lines;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){ 10000, before.rlim_max };
	frame_sign_in(&frame, 7);
	put(e);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "/etc/file-%u", i);
		refuse(e, path, 100 + i, 1);
	}
	setrlimit(RLIMIT_FSIZE, &before);
	refuse(e, "/etc/after", 500, 1);
	run_end(e, &result);
	lines = follow_chain(&violations);
	T_OK(result.not_kept > 0 && result.write_error == ENOSPC,
	     "%lu events could not be kept, and that is known", (unsigned long)result.not_kept);
	T_OK(lines > 3 && violations == 51 - result.not_kept,
	     "%d whole lines are left and their chain holds", lines);
	T_OK(result.violations == 51, "all 51 are counted");
	run = run_json();
	T_OK(json_object_get_uint64(get(run, "counts.not_kept")) == result.not_kept,
	     "run.json says so");
	T_OK(strstr(said, "could not be kept") != NULL, "and so does the end block");
	json_object_put(run);
	clean();
}

static void test_end_block(void)
{
	struct zc_evidence *e = run_new();
	struct zc_evidence_result result;
	unsigned lines = 0;
	char *block;

	for (unsigned i = 0; i < 40; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/tmp/\x1b[31m%u\n", i);
		refuse(e, path, 100 + i, 1);
		snprintf(path, sizeof(path), "/opt/program-%u", i);
		other(e, ZC_FRAME_EXEC, (pid_t)(2000 + i), 1, path);
	}
	zc_evidence_put(e, "short", 5, 77);
	page->lost = 3;
	fflush(human);
	for (const char *at = said; *at; at++)
		lines += *at == '\n';
	T_OK(lines == 21,
	     "twenty findings are shown as they come, then a word about the rest (%u lines)",
	     lines);
	block = said + said_len;
	lines = (unsigned)(block - said);
	run_end(e, &result);
	block = said + lines;
	lines = 0;
	for (const char *at = block; *at; at++)
		lines += *at == '\n';
	T_OK(lines > 5 && lines <= 12, "the end block has %u lines", lines);
	T_OK(!strchr(said, '\x1b'),
	     "and nothing that a program chose reaches the terminal as a control");
	clean();
}

static void test_reuse(void)
{
	struct zc_evidence_setup setup = { .dir = dir, .run_id = "x" };
	struct zc_evidence *e = run_new(), *again;
	struct zc_evidence_result result;

	T_OK(zc_evidence_new(&again, &setup) == -EEXIST, "a run directory is used once");
	setup.dir = "/nonexistent/dir";
	T_OK(zc_evidence_new(&again, &setup) == -ENOENT, "one that is not there is an error");
	run_end(e, &result);
	T_OK(result.verdict == ZC_RUN_PASS, "a run without findings is a pass");
	clean();
}

int main(void)
{
	use_built_namer();
	page = calloc(1, sizeof(*page));
	if (!page)
		return 1;
	test_findings();
	test_coverage();
	test_forgery();
	test_page();
	test_full_disk();
	test_end_block();
	test_reuse();
	free(page);
	T_DONE();
}
