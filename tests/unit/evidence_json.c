/* SPDX-License-Identifier: MIT */
/*
 * evidence_json.c - every byte a program can choose is safe in JSON and on a terminal.
 */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "text/json.h"
#include "text/text.h"
#include "t.h"

static struct zc_json json;

static bool wrote(const char *want)
{
	bool same = json.len == strlen(want) && !memcmp(json.bytes, want, json.len);

	if (!same)
		printf("# wrote %.*s\n", (int)json.len, json.bytes);
	return same;
}

static void one_text(const char *text, size_t len)
{
	zc_json_reset(&json);
	zc_json_open(&json, NULL, '{');
	zc_json_text(&json, "k", text, len);
	zc_json_close(&json, '}');
}

static void test_texts(void)
{
	one_text("plain", 5);
	T_OK(wrote("{\"k\":\"plain\"}"), "plain text stays");
	one_text("a\"b\\c\nd\x1b[31m\0z", 14);
	T_OK(wrote("{\"k\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u0000z\"}"),
	     "quotes and controls are escaped");
	one_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15);
	T_OK(wrote("{\"k\":\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"}"),
	     "visible UTF-8 stays");
	one_text("\xe2\x80\xae\xc2\x9b\xe2\x80\xa8", 8);
	T_OK(wrote("{\"k\":\"\\u202e\\u009b\\u2028\"}"),
	     "overrides, C1 controls and separators are escaped");
	one_text("\xf3\xa0\x80\x81", 4);
	T_OK(wrote("{\"k\":\"\\udb40\\udc01\"}"),
	     "hidden astral characters become a pair of surrogates");
	one_text("a\xff\xc0\xaf"
		 "b",
		 5);
	T_OK(wrote("{\"k\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		   "b\",\"k_base64\":\"Yf/Ar2I=\"}"),
	     "bytes that are not UTF-8 are lossy, and exact beside");
	one_text("\xed\xa0\x80", 3);
	T_OK(strstr(json.bytes, "k_base64") != NULL, "a surrogate is not UTF-8");
}

static void test_shapes(void)
{
	zc_json_reset(&json);
	zc_json_open(&json, NULL, '{');
	zc_json_int(&json, "a", INT64_MIN);
	zc_json_uint(&json, "b", UINT64_MAX);
	zc_json_hex(&json, "c", 0xabc);
	zc_json_bool(&json, "d", true);
	zc_json_null(&json, "e");
	zc_json_open(&json, "f", '[');
	zc_json_string(&json, NULL, "x");
	zc_json_int(&json, NULL, -7);
	zc_json_close(&json, ']');
	zc_json_open(&json, "g", '{');
	zc_json_close(&json, '}');
	zc_json_members(&json, "\"h\":1", 5);
	zc_json_members(&json, "", 0);
	zc_json_close(&json, '}');
	T_OK(wrote("{\"a\":-9223372036854775808,\"b\":18446744073709551615,\"c\":\"0xabc\",\"d\":"
		   "true,\"e\":null,"
		   "\"f\":[\"x\",-7],\"g\":{},\"h\":1}"),
	     "commas and brackets fall into place");
	zc_json_reset(&json);
	zc_json_open(&json, NULL, '{');
	zc_json_list(&json, "argv", "one\0\xff\0three", 11, 2, 100);
	zc_json_close(&json, '}');
	T_OK(wrote("{\"argv\":[\"one\",\"\xef\xbf\xbd\"],\"argv_truncated\":true,\"argv_base64\":["
		   "\"b25l\",\"/w==\"]}"),
	     "a list says what it left out and keeps exact bytes beside");
}

/* Every text of two bytes, and many longer ones, parse back to what went in. */
static void test_against_parser(void)
{
	unsigned wrong = 0, seed = 3, lines = 0;
	char text[64];

	for (unsigned i = 0; i < 65536 + 20000; i++) {
		size_t len = i < 65536 ? 2 : (size_t)rand_r(&seed) % sizeof(text);
		struct json_object *object, *member;
		char *line;

		for (size_t k = 0; k < len; k++)
			text[k] = i < 65536 ? (char)(k ? i >> 8 : i) : (char)rand_r(&seed);
		one_text(text, len);
		lines += memchr(json.bytes, '\n', json.len) != NULL;
		line = strndup(json.bytes, json.len);
		object = line ? json_tokener_parse(line) : NULL;
		free(line);
		if (!object || !json_object_object_get_ex(object, "k", &member))
			wrong++;
		else if (!json_object_object_get_ex(object, "k_base64", NULL) &&
			 ((size_t)json_object_get_string_len(member) != len ||
			  memcmp(json_object_get_string(member), text, len)))
			wrong++;
		json_object_put(object);
	}
	T_OK(!wrong, "json-c reads back what was written (%u differ)", wrong);
	T_OK(!lines, "no text breaks a line");
}

static void test_terminal(void)
{
	static const char hostile[] = "a\x1b]0;x\x07\n\\\xc2\x9b\xff\xe2\x80\xae\xc3\xa9";
	char shown[200], little[12];
	unsigned wrong = 0;

	zc_text_show_in(shown, sizeof(shown), hostile, sizeof(hostile) - 1);
	T_OK(!strcmp(shown, "a\\x1b]0;x\\a\\n\\\\\\x9b\\xff\\u202e\xc3\xa9"), "a terminal sees %s",
	     shown);
	for (unsigned byte = 0; byte < 256; byte++) {
		char one = (char)byte;

		zc_text_show_in(shown, sizeof(shown), &one, 1);
		for (const char *at = shown; *at; at++)
			wrong += (unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f;
	}
	T_OK(!wrong, "no single byte reaches a terminal as a control");
	T_OK(zc_text_show_in(little, sizeof(little), "0123456789abcdef", 16) < sizeof(little) &&
		     !strcmp(little + strlen(little) - 3, "..."),
	     "what does not fit ends in dots: %s", little);
}

/* The bar stands where the parameters begin. */
static void test_functions(void)
{
	static const char *const names[] = {
		"main|",
		"ns::open|(char const*)",
		"ns::F::open|(std::string const&, int (*)(int)) const",
		"(anonymous namespace)::hidden|(int)",
		"(anonymous namespace)|",
		"A::operator()|(int)",
		"core::fmt::Write::write_fmt|",
		"broken)|",
		" const|",
		"|",
		"f|()",
	};

	for (size_t i = 0; i < ZC_LEN(names); i++) {
		size_t want = strcspn(names[i], "|"), len = strlen(names[i]) - 1;
		char name[128];

		memcpy(name, names[i], want);
		memcpy(name + want, names[i] + want + 1, len - want);
		T_OK(zc_text_function_len(name, len) == want, "%s", names[i]);
	}
}

int main(void)
{
	test_functions();
	test_texts();
	test_shapes();
	test_against_parser();
	test_terminal();
	zc_json_free(&json);
	T_DONE();
}
