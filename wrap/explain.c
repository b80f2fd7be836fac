/* SPDX-License-Identifier: MIT */
/*
 * explain.c - questions to a policy that run nothing: --check-policy, --explain-path, --explain-net.
 *
 * They exit with 0 when the answer is yes (sound; everything asked is allowed), 1 when it is no, and
 * 125 when there is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/decide/policy.h"
#include "policy/policy_set.h"
#include "text/json.h"
#include "wrap/wrap.h"

enum { ZC_ANSWER_YES, ZC_ANSWER_NO };

static const struct {
	const char *name;
	unsigned cls;
	bool path;
} kinds[] = {
	{ "read", ZC_CLASS_READ, true },      { "write", ZC_CLASS_WRITE, true },
	{ "run", ZC_CLASS_RUN, true },        { "net", ZC_CLASS_NET, false },
	{ "listen", ZC_CLASS_LISTEN, false },
};

/* What a word after the option asks for; -1 with job->trouble. */
static int kind_of(struct zc_job *job, const char *word, bool path)
{
	for (size_t i = 0; i < ZC_LEN(kinds); i++)
		if (kinds[i].path == path && strcmp(kinds[i].name, word) == 0)
			return (int)i;
	return zc_trouble(&job->trouble, -EINVAL, "'%s': expected %s", word,
			  path ? "read, write or run" : "net or listen");
}

/* Names that a terminal would obey are shown as escapes. */
static void put_text(const char *text, FILE *out)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
}

static const char *word_for(const struct zc_policy_answer *answer)
{
	if (answer->verdict.asks)
		return "asked";
	switch ((enum zc_action)answer->verdict.action) {
	case ZC_ALLOWED: return "allowed";
	case ZC_LOGGED: return "logged";
	case ZC_AUDITED: return "audited";
	case ZC_KILLED: return "killed";
	default: return "denied";
	}
}

static void put_json(const struct zc_policy_answer *answer, const char *asked, struct zc_json *json)
{
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "class", answer->cls);
	zc_json_string(json, "asked", asked);
	zc_json_string(json, "object", answer->object);
	zc_json_string(json, "answer", word_for(answer));
	if (answer->rule) {
		zc_json_open(json, "rule", '{');
		zc_json_string(json, "text", answer->rule);
		zc_json_string(json, "source", answer->source);
		zc_json_close(json, '}');
	} else {
		zc_json_null(json, "rule");
	}
	zc_json_string(json, "reason", zc_reason_name(answer->verdict.reason));
	zc_json_bool(json, "protected", answer->is_protected);
	zc_json_close(json, '}');
}

static void put_human(const struct zc_policy_answer *answer, const char *asked, FILE *out)
{
	fprintf(out, "%-6s  %-7s  ", answer->cls, word_for(answer));
	put_text(answer->object, out);
	fputs("\n                 ", out);
	if (answer->rule) {
		put_text(answer->rule, out);
		fputs("  (", out);
		put_text(answer->source, out);
		fputc(')', out);
	} else {
		fputs(zc_reason_text(answer->verdict.reason), out);
	}
	if (answer->is_protected) {
		fputs("; protected: only a rule that names it opens it", out);
	} else if (!answer->rule && answer->verdict.reason == ZC_WHY_NO_ALLOW &&
		   answer->verdict.action > ZC_LOGGED) {
		fprintf(out, "; --allow-%s=", answer->cls);
		put_text(asked, out);
		fputs(" would", out);
	}
	fputc('\n', out);
}

/* One class of one value. Returns ZC_ANSWER_* or -errno with job->trouble. */
static int ask(struct zc_job *job, unsigned cls, const char *value, struct zc_json *json)
{
	struct zc_policy_error error = { "" };
	struct zc_policy_answer *answers = NULL;
	size_t count = 0;
	int result = ZC_ANSWER_YES;

	if (zc_policy_explain(job->set, job->image, cls, value, &answers, &count, &error) < 0)
		return zc_trouble(&job->trouble, -EINVAL, "%s", error.text);
	for (size_t i = 0; i < count; i++) {
		if (job->options->json)
			put_json(&answers[i], value, json);
		else
			put_human(&answers[i], value, stdout);
		if (answers[i].verdict.action > ZC_LOGGED)
			result = ZC_ANSWER_NO;
	}
	free(answers);
	return result;
}

static int ask_all(struct zc_job *job, const char *value, bool path, struct zc_json *json)
{
	char *const *words = job->options->asked;
	int worst = ZC_ANSWER_YES, r;

	/* A path without a class is asked in all of its own; an endpoint is where one connects to. */
	for (size_t i = 0; !*words && i < ZC_LEN(kinds); i++) {
		if (kinds[i].path != path || kinds[i].cls == ZC_CLASS_LISTEN)
			continue;
		r = ask(job, kinds[i].cls, value, json);
		if (r < 0)
			return r;
		worst = r > worst ? r : worst;
	}
	for (; *words; words++) {
		int kind = kind_of(job, *words, path);

		r = kind < 0 ? kind : ask(job, kinds[kind].cls, value, json);
		if (r < 0)
			return r;
		worst = r > worst ? r : worst;
	}
	return worst;
}

/* Writes what was collected. Returns 0 or -errno with job->trouble. */
static int put_out(struct zc_job *job, const struct zc_json *json)
{
	if (json->failed)
		return zc_trouble(&job->trouble, -ENOMEM, "no memory for the answer");
	if (json->len)
		fwrite(json->bytes, 1, json->len, stdout);
	if (fflush(stdout) != 0)
		return zc_trouble(&job->trouble, -EIO, "cannot write to standard output");
	return 0;
}

static int check_json(struct zc_job *job, bool sound)
{
	struct zc_json json = { 0 };
	size_t rules, expects;
	int r;

	zc_json_open(&json, NULL, '{');
	zc_json_bool(&json, "sound", sound);
	if (sound) {
		zc_policy_count(job->set, &rules, &expects);
		zc_json_uint(&json, "rules", rules);
		zc_json_uint(&json, "expects", expects);
		zc_json_string(&json, "sha256", zc_policy_sha256(job->set));
	} else {
		zc_json_string(&json, "error", job->trouble.text);
	}
	zc_json_close(&json, '}');
	zc_json_newline(&json);
	r = put_out(job, &json);
	zc_json_free(&json);
	return r;
}

static int check(struct zc_job *job)
{
	size_t rules, expects;

	if (job->options->json)
		return check_json(job, true);
	zc_policy_count(job->set, &rules, &expects);
	printf("%s: sound; %zu rule%s, %zu expectation%s held, sha256:%s\n",
	       job->options->check_policy, rules, rules == 1 ? "" : "s", expects,
	       expects == 1 ? "" : "s", zc_policy_sha256(job->set));
	for (size_t i = 0; zc_policy_note(job->set, i); i++)
		printf("note: %s\n", zc_policy_note(job->set, i));
	return ZC_ANSWER_YES;
}

bool zc_explain_wanted(const struct zc_options *options)
{
	return options->check_policy || options->explain_path || options->explain_net;
}

int zc_explain_unsound(struct zc_job *job)
{
	if (!job->options->check_policy)
		return ZC_EXIT_TROUBLE;
	if (job->options->json && check_json(job, false) < 0)
		return ZC_EXIT_TROUBLE;
	return ZC_ANSWER_NO;
}

/* Returns ZC_ANSWER_*, the worst of all, or -errno with job->trouble. */
static int explain(struct zc_job *job, struct zc_json *json)
{
	const struct zc_options *options = job->options;
	int path = ZC_ANSWER_YES, net = ZC_ANSWER_YES;

	if (options->json)
		zc_json_open(json, NULL, '[');
	if (options->explain_path)
		path = ask_all(job, options->explain_path, true, json);
	if (path >= 0 && options->explain_net)
		net = ask_all(job, options->explain_net, false, json);
	if (options->json) {
		zc_json_close(json, ']');
		zc_json_newline(json);
	}
	if (path < 0 || net < 0)
		return path < 0 ? path : net;
	return path > net ? path : net;
}

int zc_explain(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	struct zc_json json = { .indent = 1 };
	int worst = options->check_policy ? check(job) : ZC_ANSWER_YES, r;

	if (worst >= 0 && (options->explain_path || options->explain_net))
		worst = explain(job, &json);
	/* Half an answer that a program takes for a whole one would be worse than none. */
	if (worst >= 0) {
		r = put_out(job, &json);
		worst = r < 0 ? r : worst;
	}
	zc_json_free(&json);
	if (worst < 0)
		zc_say("%s", job->trouble.text);
	return worst < 0 ? ZC_EXIT_TROUBLE : worst;
}
