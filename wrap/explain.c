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

#include "core/policy.h"
#include "policy/policy_set.h"
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

static void put_json_text(const char *text, FILE *out)
{
	if (!text) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
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
	switch ((enum zc_action)answer->verdict.action) {
	case ZC_ALLOWED: return "allowed";
	case ZC_LOGGED: return "logged";
	case ZC_AUDITED: return "audited";
	case ZC_KILLED: return "killed";
	default: return "denied";
	}
}

static void put_json(const struct zc_policy_answer *answer, const char *asked, bool first,
		     FILE *out)
{
	fprintf(out, "%s\n  {\"class\":\"%s\",\"asked\":", first ? "" : ",", answer->cls);
	put_json_text(asked, out);
	fputs(",\"object\":", out);
	put_json_text(answer->object, out);
	fprintf(out, ",\"answer\":\"%s\",\"rule\":", word_for(answer));
	if (answer->rule) {
		fputs("{\"text\":", out);
		put_json_text(answer->rule, out);
		fputs(",\"source\":", out);
		put_json_text(answer->source, out);
		fputc('}', out);
	} else {
		fputs("null", out);
	}
	fprintf(out, ",\"reason\":\"%s\",\"protected\":%s}", zc_reason_name(answer->verdict.reason),
		answer->is_protected ? "true" : "false");
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
static int ask(struct zc_job *job, unsigned cls, const char *value, bool *first)
{
	struct zc_policy_error error = { "" };
	struct zc_policy_answer *answers = NULL;
	size_t count = 0;
	int result = ZC_ANSWER_YES;

	if (zc_policy_explain(job->set, job->image, cls, value, &answers, &count, &error) < 0)
		return zc_trouble(&job->trouble, -EINVAL, "%s", error.text);
	for (size_t i = 0; i < count; i++) {
		if (job->options->json)
			put_json(&answers[i], value, *first, stdout);
		else
			put_human(&answers[i], value, stdout);
		*first = false;
		if (answers[i].verdict.action > ZC_LOGGED)
			result = ZC_ANSWER_NO;
	}
	free(answers);
	return result;
}

static int ask_all(struct zc_job *job, const char *value, bool path, bool *first)
{
	char *const *words = job->options->asked;
	int worst = ZC_ANSWER_YES, r;

	/* A path without a class is asked in all of its own; an endpoint is where one connects to. */
	for (size_t i = 0; !*words && i < ZC_LEN(kinds); i++) {
		if (kinds[i].path != path || kinds[i].cls == ZC_CLASS_LISTEN)
			continue;
		r = ask(job, kinds[i].cls, value, first);
		if (r < 0)
			return r;
		worst = r > worst ? r : worst;
	}
	for (; *words; words++) {
		int kind = kind_of(job, *words, path);

		r = kind < 0 ? kind : ask(job, kinds[kind].cls, value, first);
		if (r < 0)
			return r;
		worst = r > worst ? r : worst;
	}
	return worst;
}

static int check(struct zc_job *job)
{
	size_t rules, expects;

	zc_policy_count(job->set, &rules, &expects);
	if (job->options->json)
		printf("{\"sound\":true,\"rules\":%zu,\"expects\":%zu,\"sha256\":\"%s\"}\n", rules,
		       expects, zc_policy_sha256(job->set));
	else
		printf("%s: sound; %zu rule%s, %zu expectation%s held, sha256:%s\n",
		       job->options->check_policy, rules, rules == 1 ? "" : "s", expects,
		       expects == 1 ? "" : "s", zc_policy_sha256(job->set));
	for (size_t i = 0; zc_policy_note(job->set, i) && !job->options->json; i++)
		printf("note: %s\n", zc_policy_note(job->set, i));
	return ZC_ANSWER_YES;
}

bool zc_explain_wanted(const struct zc_options *options)
{
	return options->check_policy || options->explain_path || options->explain_net;
}

int zc_explain_unsound(const struct zc_job *job)
{
	if (!job->options->check_policy)
		return ZC_EXIT_TROUBLE;
	if (job->options->json) {
		fputs("{\"sound\":false,\"error\":", stdout);
		put_json_text(job->trouble.text, stdout);
		fputs("}\n", stdout);
	}
	return ZC_ANSWER_NO;
}

int zc_explain(struct zc_job *job)
{
	const struct zc_options *options = job->options;
	bool first = true;
	int worst = options->check_policy ? check(job) : ZC_ANSWER_YES, r;

	if (options->json && (options->explain_path || options->explain_net))
		fputc('[', stdout);
	if (options->explain_path) {
		r = ask_all(job, options->explain_path, true, &first);
		worst = r < 0 || r > worst ? r : worst;
	}
	if (worst >= 0 && options->explain_net) {
		r = ask_all(job, options->explain_net, false, &first);
		worst = r < 0 || r > worst ? r : worst;
	}
	if (options->json && (options->explain_path || options->explain_net))
		fputs("\n]\n", stdout);
	if (fflush(stdout) != 0 && worst >= 0)
		worst = zc_trouble(&job->trouble, -EIO, "cannot write to standard output");
	if (worst < 0)
		zc_say("%s", job->trouble.text);
	return worst < 0 ? ZC_EXIT_TROUBLE : worst;
}
