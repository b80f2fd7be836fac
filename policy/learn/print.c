/* SPDX-License-Identifier: MIT */
/*
 * print.c - the file: rules under headings, and what is to be said around them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/language/language.h"
#include "policy/learn/parts.h"

struct section {
	const char *begins, *title;
};

static const struct section sections[] = {
	{ "allow-read ", "What it reads. DIR/. is a directory's listing and nothing in it." },
	{ "allow-write ", "What it makes, changes and removes." },
	{ "allow-run ", "The programs it runs." },
	{ "allow-net ", "Whom it talks to." },
	{ "allow-listen ", "Where it listens." },
	{ "allow-sys ", "What of it reaches outside of the run." },
	{ "quiet-deny-", "It tries these and goes on without them: no need to allow them." },
	{ "", "Other rules that were found here." },
};

static size_t section_of(const char *rule)
{
	size_t i = 0;

	while (strncmp(rule, sections[i].begins, strlen(sections[i].begins)) != 0)
		i++;
	return i;
}

static void print_rules(const struct zc_learn_list *rules, FILE *out)
{
	for (size_t s = 0; s < ZC_LEN(sections); s++) {
		bool any = false;

		for (size_t i = 0; i < rules->count; i++) {
			if (section_of(rules->item[i]) != s)
				continue;
			if (!any)
				fprintf(out, "\n# %s\n", sections[s].title);
			any = true;
			fprintf(out, "%s\n", rules->item[i]);
		}
	}
}

char *zc_learn_draft(const struct zc_learn *learn, const struct zc_learn_list *rules,
		     size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	if (out == NULL)
		return NULL;
	fwrite(learn->head, 1, learn->head_len, out);
	fputs("include @protected\n", out);
	print_rules(rules, out);
	fwrite(learn->tail, 1, learn->tail_len, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_header(const struct zc_learn *learn, FILE *out)
{
	const struct zc_learn_account *account = &learn->account;

	/* One line for all that is another each time. */
	fprintf(out,
		"# %s, mode %s: read %zu files, on disk the rules cover %zu%s; wrote %zu, they "
		"cover %zu%s\n",
		learn->when ? learn->when : "some day", learn->mode ? learn->mode : "unknown",
		account->read_seen, account->read_granted, account->more ? "+" : "",
		account->write_seen, account->write_granted, account->more ? "+" : "");
	for (size_t i = 0; i < learn->commands.count; i++)
		fprintf(out, "# command: %s\n", learn->commands.item[i]);
	for (size_t i = 0; i < learn->said.count; i++)
		fprintf(out, "# %s\n", learn->said.item[i]);
}

static void print_locked(const struct zc_learn *learn, FILE *out)
{
	if (learn->locked.count)
		fputs("\n# Used, and not allowed: protected, or denied by a rule of yours. To "
		      "allow one, write\n"
		      "# it outside of the marks, without the '#'.\n",
		      out);
	for (size_t i = 0; i < learn->locked.count; i++)
		fprintf(out, "#%s\n", learn->locked.item[i]);
	if (learn->unsaid.count)
		fputs("\n# Used, and more than a rule can say, or is written for:\n", out);
	for (size_t i = 0; i < learn->unsaid.count; i++)
		fprintf(out, "#: %s\n", learn->unsaid.item[i]);
}

static void print_part(const struct zc_learn *learn, const struct zc_learn_list *rules, FILE *out)
{
	fputs(ZC_LEARN_BEGIN "\n", out);
	print_header(learn, out);
	fprintf(out,
		"# %u files of a directory stand for all of it when read, %u when written; / ~ and "
		"the\n"
		"# working directory never do. /etc, /proc, /sys, /dev: one by one. Missing files: "
		"left out.\n"
		"\ninclude @protected\n",
		ZC_LEARN_READS, ZC_LEARN_WRITES);
	print_rules(rules, out);
	print_locked(learn, out);
	fputs("\n" ZC_LEARN_END "\n", out);
}

static void print_file(const struct zc_learn *learn, const struct zc_learn_list *rules, FILE *out)
{
	if (learn->head_len == 0 && !learn->had_part)
		fputs("# What a command may do. Write rules of your own above or below the marks: "
		      "between them\n"
		      "# 'zcwrap --learn' and 'zcaudit learn' write, and only add.\n"
		      "version 1\n\n",
		      out);
	fwrite(learn->head, 1, learn->head_len, out);
	if (learn->head_len && learn->head[learn->head_len - 1] != '\n')
		fputc('\n', out);
	print_part(learn, rules, out);
	fwrite(learn->tail, 1, learn->tail_len, out);
}

static void settle_account(struct zc_learn *learn, const struct zc_learn_list *rules)
{
	struct zc_learn_account *account = &learn->account;

	zc_learn_sort(&learn->before);
	account->rules = rules->count;
	for (size_t i = 0; i < rules->count; i++) {
		account->added += !zc_learn_has(&learn->before, rules->item[i]);
		account->patterns += strchr(rules->item[i], '*') != NULL &&
				     strstr(rules->item[i], "\\*") == NULL;
	}
	account->locked = learn->locked.count;
	account->unsaid = learn->unsaid.count;
}

/* Rules with names were kept apart: nobody asks for an address to check a draft. */
static int all_rules(struct zc_learn *learn)
{
	for (size_t i = 0; i < learn->hosts.count; i++)
		if (zc_learn_add(&learn->rules, learn->hosts.item[i]) < 0)
			return -ENOMEM;
	zc_learn_sort(&learn->rules);
	return 0;
}

int zc_learn_print(struct zc_learn *learn)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (all_rules(learn) < 0 || zc_learn_count_granted(learn) < 0)
		return -ENOMEM;
	zc_learn_sort(&learn->locked);
	zc_learn_sort(&learn->unsaid);
	zc_learn_sort(&learn->commands);
	settle_account(learn, &learn->rules);
	out = open_memstream(&text, &len);
	if (out == NULL)
		return -ENOMEM;
	print_file(learn, &learn->rules, out);
	if (fclose(out) != 0 || text == NULL) {
		free(text);
		return -ENOMEM;
	}
	learn->result = zc_set_copy(learn->memory, text, len);
	learn->result_len = len;
	free(text);
	return learn->result ? 0 : -ENOMEM;
}
