/* SPDX-License-Identifier: MIT */
/*
 * evidence_secret.c - secrets in arguments are masked; what only looks like one is not.
 */
#include <string.h>

#include "evidence/secret.h"
#include "t.h"

static void masks(const char *text, const char *expected)
{
	char buffer[512];
	size_t len = zc_secret_mask(buffer, sizeof(buffer), text, strlen(text));

	if (!T_OK(len == strlen(expected) && !memcmp(buffer, expected, len), "%s", text))
		printf("# became %.*s\n", (int)len, buffer);
}

static void masks_values(void)
{
	masks("--password=hunter2", "--password=***");
	masks("--db-passwd=a b", "--db-passwd=*** b");
	masks("GITHUB_TOKEN=abc", "GITHUB_TOKEN=***");
	masks("AWS_SECRET_ACCESS_KEY=abc/def+x", "AWS_SECRET_ACCESS_KEY=***");
	masks("API_KEY='abc' make", "API_KEY='***' make");
	masks("TOKEN=abc curl x; SECRET=def", "TOKEN=*** curl x; SECRET=***");
	masks("https://h/p?access_token=abc&x=1", "https://h/p?access_token=***&x=1");
	masks("https://user:pa55@host/x", "https://user:***@host/x");
	masks("Authorization: Bearer abc.def", "Authorization: Bearer ***");
	masks("proxy-authorization:Basic Zm9v", "proxy-authorization:Basic ***");
	masks("curl -H 'X-Api-Key: abc def' x", "curl -H 'X-Api-Key: ***' x");
	masks("Cookie: a=b; c=d", "Cookie: ***");
}

static void masks_forms(void)
{
	masks("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "ghp_***");
	masks("x ghp_0123456789abcdefghijklmnopqrstuvwxyz y", "x ghp_*** y");
	masks("AKIAIOSFODNN7EXAMPLE", "AKIA***");
	masks("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijk", "eyJ***");
	masks("-----BEGIN RSA PRIVATE KEY-----\nabc", "-----BEGIN ***");
	masks("https://ghp_0123456789abcdefghijklmnopqrstuvwxyz@github.com/x",
	      "https://ghp_***@github.com/x");
}

static void leaves_alone(void)
{
	static const char *const harmless[] = {
		"",
		"-",
		"=",
		":",
		"://",
		"://@",
		"--token-file=/run/secrets/x",
		"--secret-name=db",
		"--password-stdin",
		"--max-tokens=100",
		"https://host:8080/a@b",
		"/home/u/token=",
		"-----BEGIN CERTIFICATE-----",
		"ghp_short",
		"sk-learn",
		"task-0123456789abcdefghijklmnop",
		"x=1",
		"a:b",
		"-----BEGIN ",
	};

	for (size_t i = 0; i < ZC_LEN(harmless); i++)
		masks(harmless[i], harmless[i]);
}

static void lists(void)
{
	static const char argv[] = "mysql\0--password\0hunter2\0--token\0--quiet\0--token\0x\0db";
	struct zc_json json = { 0 };
	static const char expected[] = "\"argv\":[\"mysql\",\"--password\",\"***\",\"--token\",\"--"
				       "quiet\",\"--token\",\"***\",\"db\"]";

	zc_secret_list(&json, "argv", argv, sizeof(argv), 64, 2048);
	T_OK(json.len == sizeof(expected) - 1 && !memcmp(json.bytes, expected, json.len),
	     "the argument behind --password is masked, an option behind --token is not");
	zc_json_free(&json);
}

/* Nothing a program can put into its arguments makes this slow: its time is that of the length. */
static void is_not_held_up(void)
{
	static char text[48 << 10], out[96 << 10];
	static const char *const parts[] = { "-----BEGIN ", "://", "a:", "token=",
					     "=",           "sk-", "'",  "a" };
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < ZC_LEN(parts); i++) {
		size_t len = 0;

		while (len + 16 < sizeof(text))
			len += (size_t)sprintf(text + len, "%s", parts[i]);
		least = zc_secret_mask(out, sizeof(out), text, len) < least ? len : least;
	}
	T_OK(least > 0, "48 KiB of what secrets begin with, over and over");
}

int main(void)
{
	is_not_held_up();
	char small[4];

	masks_values();
	masks_forms();
	leaves_alone();
	lists();
	T_OK(zc_secret_mask(small, sizeof(small), "--password=x", 12) == 4, "a full buffer cuts");
	T_DONE();
}
