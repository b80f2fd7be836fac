/* SPDX-License-Identifier: MIT */
/*
 * evidence_redact.c - home directories and texts are taken out of lines, and nothing else is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/view.h"
#include "evidence/redact.h"
#include "t.h"

static void becomes(struct zc_redaction *redaction, const char *text, const char *expected)
{
	struct zc_json json = { 0 };
	struct zc_view view;

	zc_json_append(&json, text, strlen(text));
	zc_redact_json(redaction, &json);
	if (!T_OK(json.len == strlen(expected) && !memcmp(json.bytes, expected, json.len), "%s",
		  text))
		printf("# became %.*s\n", (int)json.len, json.bytes);
	T_OK(zc_view_parse(&view, json.bytes, json.len) == 0, "... is still JSON");
	zc_json_free(&json);
}

static void hides_homes(void)
{
	struct zc_redaction *r = zc_redaction_new();

	T_OK(!zc_redaction_add_home(r, "/home/u") && !zc_redaction_add_home(r, "/home/u/") &&
		     !zc_redaction_add_home(r, "/root") && !zc_redaction_add_home(r, "/") &&
		     !zc_redaction_add_home(r, "") && !zc_redaction_add_home(r, NULL) &&
		     !zc_redaction_add_home(r, "home/u"),
	     "homes are taken, and what is none is left out");
	becomes(r, "{\"path\":\"/home/u/.ssh/id\"}", "{\"path\":\"~/.ssh/id\"}");
	becomes(r, "{\"path\":\"/home/u\"}", "{\"path\":\"~\"}");
	becomes(r, "{\"path\":\"/home/ursula/x\"}", "{\"path\":\"/home/ursula/x\"}");
	becomes(r, "{\"path\":\"/home/u.old/x\"}", "{\"path\":\"/home/u.old/x\"}");
	becomes(r, "{\"text\":\"in /home/u.\"}", "{\"text\":\"in ~.\"}");
	becomes(r, "{\"path\":\"/proc/9/root/home/u/x\"}", "{\"path\":\"/proc/9/root~/x\"}");
	becomes(r, "{\"path\":\"/root/x\"}", "{\"path\":\"~/x\"}");
	becomes(r, "{\"path\":\"/proc/9/root/x\"}", "{\"path\":\"/proc/9/root/x\"}");
	becomes(r, "{\"argv\":[\"-I/home/u/i\",\"a=/home/u:/home/u/b\"]}",
		"{\"argv\":[\"-I~/i\",\"a=~:~/b\"]}");
	becomes(r, "{\"path\":\"/home/u\\u202e/x\"}", "{\"path\":\"~\\u202e/x\"}");
	becomes(r, "{\"path\":\"\\\\/home/u/\\\"/home/u\"}", "{\"path\":\"\\\\~/\\\"~\"}");
	/* the bytes beside a text: "/home/u/\xff" */
	becomes(r, "{\"path\":\"x\",\"path_base64\":\"L2hvbWUvdS//\"}",
		"{\"path\":\"x\",\"path_base64\":\"fi//\"}");
	becomes(r, "{\"argv_base64\":[\"L2hvbWUvdS//\",\"eA==\"]}",
		"{\"argv_base64\":[\"fi//\",\"eA==\"]}");
	becomes(r, "{\"path_base64\":\"/home/u\"}", "{\"path_base64\":\"/home/u\"}");
	becomes(r, "{}", "{}");
	becomes(r, "[1,true,null]", "[1,true,null]");
	zc_redaction_free(r);
}

static void hides_texts(void)
{
	struct zc_redaction *r = zc_redaction_new();

	T_OK(zc_redaction_add_text(r, "ab") == -EINVAL, "two bytes are too few");
	T_OK(!zc_redaction_add_text(r, "acme") && !zc_redaction_add_text(r, "path") &&
		     !zc_redaction_add_text(r, "acme-corp") &&
		     !zc_redaction_add_text(r, "violation") && !zc_redaction_add_text(r, "q\"q"),
	     "texts are taken");
	becomes(r, "{\"path\":\"/srv/acme-corp/acme\"}", "{\"path\":\"/srv/***/***\"}");
	becomes(r, "{\"path\":\"path\",\"type\":\"violation\"}",
		"{\"path\":\"***\",\"type\":\"violation\"}");
	becomes(r, "{\"path\":\"q\\\"q\"}", "{\"path\":\"***\"}");
	becomes(r, "{\n\t\"command\": [\n\t\t\"acme\"\n\t]\n}",
		"{\n\t\"command\": [\n\t\t\"***\"\n\t]\n}");
	zc_redaction_free(r);
	T_OK(!zc_redaction_free(NULL), "nothing is freed");
}

/* Whatever a program chose: a line stays JSON, of the same members. */
static void keeps_json(void)
{
	static const char alphabet[] = "/homeu\\\"{}[]:,~\x01\xff\xe2\x80\xae .";
	struct zc_redaction *r = zc_redaction_new();
	unsigned seed = 11;
	size_t wrong = 0, seen = 0;

	zc_redaction_add_home(r, "/home/u");
	zc_redaction_add_text(r, "\\\"u");
	zc_redaction_add_text(r, "uuu");
	for (unsigned i = 0; i < 20000; i++) {
		struct zc_json json = { 0 };
		struct zc_view view;
		char text[64];
		size_t len = (size_t)rand_r(&seed) % sizeof(text);

		for (size_t j = 0; j < len; j++)
			text[j] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		if (len > 20)
			memcpy(text + (size_t)rand_r(&seed) % 12, "/home/u", 7);
		zc_json_open(&json, NULL, '{');
		zc_json_text(&json, "path", text, len);
		zc_json_string(&json, "after", "kept");
		zc_json_close(&json, '}');
		zc_redact_json(r, &json);
		wrong += zc_view_parse(&view, json.bytes, json.len) != 0 ||
			 !zc_view_is(zc_view_get(view, "after"), "kept");
		seen += memmem(json.bytes, json.len, "/home/u/", 8) != NULL;
		zc_json_free(&json);
	}
	T_OK(!wrong, "20,000 random texts stay JSON (%zu do not)", wrong);
	T_OK(!seen, "and none of them shows the home's contents (%zu do)", seen);
	zc_redaction_free(r);
}

int main(void)
{
	hides_homes();
	hides_texts();
	keeps_json();
	T_DONE();
}
