/* SPDX-License-Identifier: MIT */
/*
 * policy.c - loading a policy as zcwrap would in this directory, and comparing two of them.
 */
#include "audit/policy/policy.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/json.h"
#include "text/text.h"

static const char *home(void)
{
	const char *named = getenv("HOME");
	const struct passwd *user = named && *named == '/' ? NULL : getpwuid(getuid());

	return user ? user->pw_dir : named && *named == '/' ? named : "/";
}

int zc_audit_policy_load(struct zc_audit_policy *policy, const char *name)
{
	static char here[ZC_PATH_CAP];
	struct zc_policy_world world = { .home = home(), .tmpdir = getenv("TMPDIR") };
	struct zc_policy_error error = { "" };
	int r;

	*policy = (struct zc_audit_policy){ .name = name };
	if (!getcwd(here, sizeof(here)))
		return zc_audit_fail("cannot find out the working directory: %s", strerror(errno));
	world.project = here;
	policy->set = zc_policy_set_new(&world);
	if (!policy->set)
		return zc_audit_fail("out of memory");
	r = zc_policy_add_flag(policy->set, *name == '@' ? "include" : "policy", name, &error);
	if (r == 0)
		r = zc_policy_freeze(policy->set, &policy->image, &policy->size, &error);
	return r < 0 ? zc_audit_fail("%s", error.text) : 0;
}

void zc_audit_policy_free(struct zc_audit_policy *policy)
{
	policy->set = zc_policy_set_free(policy->set);
	free(policy->image);
	policy->image = NULL;
}

/* --- the rules of one, in order, without those that follow from others --- */

struct rules {
	struct zc_policy_line *line;
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	const struct zc_policy_line *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	return order ? order : left->layer - right->layer;
}

static bool take(const struct zc_audit_policy *policy, struct rules *rules)
{
	struct zc_policy_line line;
	size_t total = 0;

	while (zc_policy_line(policy->set, total, &line))
		total++;
	rules->count = 0;
	rules->line = calloc(total + 1, sizeof(line));
	for (size_t i = 0; rules->line && i < total; i++)
		if (zc_policy_line(policy->set, i, &line) && !line.derived &&
		    line.layer != ZC_LAYER_IMPLICIT)
			rules->line[rules->count++] = line;
	if (rules->line)
		qsort(rules->line, rules->count, sizeof(line), by_text);
	return rules->line;
}

/* --- what it comes to: the values of both, asked of both --- */

struct comparison {
	struct zc_audit_policy *side[2];
	struct zc_json *json; /* NULL: for people */
	size_t changes;
};

/* Allowed by all the meanings of the value? *ret_by: the rule, or why without one. */
static bool allowed(struct zc_audit_policy *policy, unsigned cls, const char *value,
		    const char **ret_by, bool *ret_known)
{
	struct zc_policy_answer *answer = NULL;
	struct zc_policy_error error;
	size_t count = 0;
	bool all = true;

	*ret_by = "";
	*ret_known = zc_policy_explain(policy->set, policy->image, cls, value, &answer, &count,
				       &error) == 0;
	for (size_t i = 0; i < count; i++) {
		all = all && answer[i].verdict.action <= ZC_LOGGED;
		*ret_by = answer[i].rule ? answer[i].rule
					 : zc_reason_text(answer[i].verdict.reason);
	}
	free(answer);
	return all;
}

static void put_change(struct comparison *c, unsigned cls, const char *value, const bool now[2],
		       const char *const by[2])
{
	char shown[2 * ZC_PATH_CAP];

	c->changes++;
	if (c->json) {
		zc_json_open(c->json, NULL, '{');
		zc_json_string(c->json, "class", zc_policy_class_name(cls));
		zc_json_string(c->json, "value", value);
		zc_json_string(c->json, "before", now[0] ? "allowed" : "denied");
		zc_json_string(c->json, "after", now[1] ? "allowed" : "denied");
		zc_json_string(c->json, "by", by[1]);
		zc_json_close(c->json, '}');
		return;
	}
	zc_text_show_in(shown, sizeof(shown), value, strlen(value));
	printf("  %-6s %s: %s -> %s", zc_policy_class_name(cls), shown,
	       now[0] ? "allowed" : "denied", now[1] ? "allowed" : "denied");
	zc_text_show_in(shown, sizeof(shown), by[1], strlen(by[1]));
	printf("  (%s)\n", shown);
}

static void compare_value(struct comparison *c, unsigned cls, const char *value)
{
	const char *by[2];
	bool now[2], known[2];

	for (int side = 0; side < 2; side++)
		now[side] = allowed(c->side[side], cls, value, &by[side], &known[side]);
	if (known[0] && known[1] && now[0] != now[1])
		put_change(c, cls, value, now, by);
}

/* Values that can be asked about as they are; of a network, or a pattern, the rules alone are told. */
static void compare_values(struct comparison *c, const struct rules *rules,
			   const struct rules *other)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct zc_policy_line *line = &rules->line[i];
		bool twice = i && rules->line[i - 1].cls == line->cls && rules->line[i - 1].value &&
			     line->value && !strcmp(rules->line[i - 1].value, line->value);

		for (size_t k = 0; other && k < other->count && line->value && !twice; k++)
			twice = other->line[k].cls == line->cls && other->line[k].value &&
				!strcmp(other->line[k].value, line->value);
		if (line->value && !twice)
			compare_value(c, line->cls, line->value);
	}
}

static void put_rule(struct comparison *c, const struct zc_policy_line *line, char sign)
{
	char shown[2 * ZC_PATH_CAP];

	if (c->json) {
		zc_json_open(c->json, NULL, '{');
		zc_json_string(c->json, "rule", line->text);
		zc_json_string(c->json, "source", line->source);
		zc_json_close(c->json, '}');
		return;
	}
	zc_text_show_in(shown, sizeof(shown), line->text, strlen(line->text));
	printf("%c %s", sign, shown);
	zc_text_show_in(shown, sizeof(shown), line->source, strlen(line->source));
	printf("  (%s)\n", shown);
}

/* Rules of one that the other has not. Both are in order. Returns how many. */
static size_t put_missing(struct comparison *c, const struct rules *of, const struct rules *in,
			  char sign)
{
	size_t count = 0, k = 0;

	for (size_t i = 0; i < of->count; i++) {
		if (i && !by_text(&of->line[i - 1], &of->line[i]))
			continue;
		while (k < in->count && by_text(&in->line[k], &of->line[i]) < 0)
			k++;
		if (k < in->count && !by_text(&in->line[k], &of->line[i]))
			continue;
		put_rule(c, &of->line[i], sign);
		count++;
	}
	return count;
}

static size_t compare(struct comparison *c, const struct rules rules[2])
{
	size_t differ;

	if (c->json) {
		zc_json_open(c->json, NULL, '{');
		zc_json_open(c->json, "removed", '[');
	}
	differ = put_missing(c, &rules[0], &rules[1], '-');
	if (c->json) {
		zc_json_close(c->json, ']');
		zc_json_open(c->json, "added", '[');
	}
	differ += put_missing(c, &rules[1], &rules[0], '+');
	if (c->json) {
		zc_json_close(c->json, ']');
		zc_json_open(c->json, "changes", '[');
	} else if (differ) {
		puts("what is allowed, of what either names:");
	}
	compare_values(c, &rules[0], NULL);
	compare_values(c, &rules[1], &rules[0]);
	if (c->json) {
		zc_json_close(c->json, ']');
		zc_json_close(c->json, '}');
		zc_json_newline(c->json);
		fwrite(c->json->bytes, 1, c->json->len, stdout);
	} else if (differ && !c->changes) {
		puts("  nothing changes");
	}
	if (c->side[0]->image->flags != c->side[1]->image->flags) {
		differ++;
		if (!c->json)
			puts("flags differ (no-net, audit, kill, gap): zcwrap --show-policy "
			     "lists them");
	}
	return differ;
}

int zc_audit_policy_diff(int argc, char **argv)
{
	struct zc_audit_policy policy[2] = { { 0 } };
	struct rules rules[2] = { { 0 } };
	struct zc_json json = { .indent = 2 };
	struct zc_audit audit;
	struct comparison c = { .side = { &policy[0], &policy[1] } };
	int status = zc_audit_options(&audit, argc, argv, "j");

	if (!status && audit.argc != 2)
		status = zc_audit_fail(
			"policy-diff takes two policies: files, or profiles like @dev");
	for (int i = 0; i < 2 && !status; i++)
		status = zc_audit_policy_load(&policy[i], audit.argv[i]);
	for (int i = 0; i < 2 && !status; i++)
		if (!take(&policy[i], &rules[i]))
			status = zc_audit_fail("out of memory");
	c.json = audit.json ? &json : NULL;
	if (!status)
		status = compare(&c, rules) ? 1 : 0;
	if (status != 125 && fflush(stdout) == EOF)
		status = zc_audit_fail("cannot write standard output");
	for (int i = 0; i < 2; i++) {
		free(rules[i].line);
		zc_audit_policy_free(&policy[i]);
	}
	zc_json_free(&json);
	return status;
}
