/* SPDX-License-Identifier: MIT */
/*
 * print.c - rules from the tree and the rest, and the file around them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/language/language.h"
#include "policy/learn/parts.h"

#define LINE_CAP 8000u /* what a policy's line can hold */
#define EPHEMERAL 32768u

/* --- paths ------------------------------------------------------------------------------------------ */

static const char *const nouns[] = { "read", "write", "run", "net" };

static int add_rule(struct zc_learn *learn, const char *verb, unsigned cls, const char *value,
		    const char *end)
{
	const char *rule;

	if (value == NULL)
		return -ENOMEM;
	if (strlen(value) > LINE_CAP)
		return zc_learn_cannot(learn, "a name too long for a line of a policy");
	rule = zc_set_format(learn->memory, "%s-%s %s%s%s", verb, nouns[cls],
			     cls == ZC_CLASS_UNIX ? "unix:" : "", value, end);
	return zc_learn_add(&learn->rules, rule);
}

/* Is something of that class used below? Then a deny for node would take that away. */
static bool used_below(const struct zc_learn_node *node, unsigned need)
{
	for (const struct zc_learn_node *child = node->child; child; child = child->next)
		if ((child->seen | child->tree | child->alone) & need || used_below(child, need))
			return true;
	return false;
}

static bool has_used_children(const struct zc_learn_node *node)
{
	return used_below(node, ZC_NEED_READ | ZC_NEED_WRITE | ZC_NEED_RUN | ZC_NEED_UNIX);
}

static int rules_of_class(struct zc_learn *learn, const struct zc_learn_node *node, unsigned cls,
			  const char *value, bool directory)
{
	unsigned need = 1u << cls;

	directory = directory || node->directory || node->alone & need || has_used_children(node);
	if (node->tree & need)
		return add_rule(learn, "allow", cls, value, "");
	/* The others are in tree, but for directories, which are not run or connected to. */
	if ((node->seen | node->alone) & need && cls <= ZC_CLASS_WRITE)
		return add_rule(learn, "allow", cls, value,
				!directory                ? ""
				: strcmp(value, "/") == 0 ? "."
							  : "/.");
	if (node->refused & need && !used_below(node, need))
		return add_rule(learn, "quiet-deny", cls, value, "");
	return 0;
}

static int rules_of(struct zc_learn *learn, const struct zc_learn_node *node)
{
	int r = 0;

	if (node->seen | node->tree | node->alone | node->refused) {
		char path[ZC_PATH_CAP];
		bool wild;
		size_t len = zc_learn_node_path(node, path, &wild);
		const char *value = zc_learn_spell(learn, path, len, wild);

		for (unsigned cls = 0; r == 0 && cls < ZC_PATH_CLASSES; cls++)
			r = value ? rules_of_class(learn, node, cls, value,
						   zc_learn_is_container(learn, path, len))
				  : -ENOMEM;
	}
	for (const struct zc_learn_node *child = node->child; r == 0 && child; child = child->next)
		r = rules_of(learn, child);
	return r;
}

/* --- addresses -------------------------------------------------------------------------------------- */

void zc_learn_address_text(struct zc_learn *learn, const struct zc_learn_address *address,
			   char *text, size_t cap)
{
	char plain[INET6_ADDRSTRLEN] = "", port[8] = "";
	bool v6 = address->family == AF_INET6;

	if (address->port)
		snprintf(port, sizeof(port), ":%u", address->port);
	if (address->host) {
		snprintf(text, cap, "%.255s%s", address->host, port);
		return;
	}
	inet_ntop(address->family, address->addr, plain, sizeof(plain));
	snprintf(text, cap, v6 ? "[%s]%s" : "%s%s", plain, port);
}

static bool is_unspecified(const struct zc_learn_address *address)
{
	static const uint8_t zeros[16];

	return memcmp(address->addr, zeros, address->family == AF_INET ? 4 : 16) == 0;
}

static bool same_place(const struct zc_learn_address *a, const struct zc_learn_address *b)
{
	if (a->listen != b->listen || !a->host != !b->host)
		return false;
	if (a->host)
		return strcmp(a->host, b->host) == 0;
	return a->family == b->family && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* Did the command listen on a port that the kernel chose? Then it may connect to such a one, too. */
static bool listens_anywhere(const struct zc_learn *learn, unsigned family)
{
	for (size_t i = 0; i < learn->address_count; i++) {
		const struct zc_learn_address *at = &learn->address[i];

		if (at->listen && at->family == family && at->port == 0 &&
		    (is_unspecified(at) || zc_net_is_loopback((int)family, at->addr)))
			return true;
	}
	return false;
}

/* Is it the port that changes? */
static bool any_port(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	uint16_t ports[ZC_LEARN_PORTS];
	unsigned count = 0;

	if (address->port == 0)
		return true;
	if (!address->listen && !address->host && address->port >= EPHEMERAL &&
	    zc_net_is_loopback(address->family, address->addr) &&
	    listens_anywhere(learn, address->family))
		return true;
	for (size_t i = 0; i < learn->address_count; i++) {
		const struct zc_learn_address *other = &learn->address[i];
		unsigned at = 0;

		if (!other->open || !same_place(other, address))
			continue;
		if (other->port == 0)
			return true;
		while (at < count && ports[at] != other->port)
			at++;
		if (at < count)
			continue;
		ports[count++] = other->port;
		if (count == ZC_LEARN_PORTS)
			return true;
	}
	return false;
}

static bool has_name(const struct zc_learn *learn)
{
	for (size_t i = 0; i < learn->address_count; i++)
		if (learn->address[i].host && learn->address[i].open)
			return true;
	return false;
}

/* A rule on a name brings the configured name servers with it. */
static bool comes_with_names(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	struct zc_net_address servers[3];
	size_t count = address->port == 53 && !address->listen ? zc_net_nameservers(servers) : 0;

	for (size_t i = 0; i < count; i++)
		if (servers[i].family == address->family &&
		    memcmp(servers[i].addr, address->addr, address->family == AF_INET ? 4 : 16) ==
			    0)
			return has_name(learn);
	return false;
}

/* A name that was only asked for is no news where something is known of it. */
static bool is_only_asked(const struct zc_learn *learn, const struct zc_learn_address *address)
{
	for (size_t i = 0; address->host && !address->family && i < learn->address_count; i++)
		if (learn->address[i].family && learn->address[i].host &&
		    strcmp(learn->address[i].host, address->host) == 0)
			return true;
	return false;
}

static int rules_of_addresses(struct zc_learn *learn)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < learn->address_count; i++) {
		struct zc_learn_address address = learn->address[i];
		char text[300];

		if (!address.open || comes_with_names(learn, &address) ||
		    is_only_asked(learn, &address))
			continue;
		if (any_port(learn, &address))
			address.port = 0;
		zc_learn_address_text(learn, &address, text, sizeof(text));
		r = zc_learn_add(address.host ? &learn->hosts : &learn->rules,
				 zc_set_format(learn->memory, "%s %s",
					       address.listen ? "allow-listen" : "allow-net",
					       text));
	}
	for (size_t i = 0; r == 0 && i < learn->abstract.count; i++)
		r = zc_learn_add(&learn->rules, zc_set_format(learn->memory, "allow-net unix:@%s",
							      learn->abstract.item[i]));
	return r;
}

static int rules_of_sys(struct zc_learn *learn)
{
	int r = 0;

	for (unsigned sys = 0; r == 0 && sys < ZC_SYS_COUNT; sys++) {
		const char *verb = learn->sys >> sys & 1           ? "allow"
				   : learn->sys_refused >> sys & 1 ? "quiet-deny"
								   : NULL;

		if (verb)
			r = zc_learn_add(&learn->rules, zc_set_format(learn->memory, "%s-sys %s",
								      verb, zc_sys_name(sys)));
	}
	return r;
}

int zc_learn_rules(struct zc_learn *learn)
{
	int r;

	learn->rules.count = learn->hosts.count = 0;
	r = rules_of(learn, learn->root);
	if (r == 0)
		r = rules_of_addresses(learn);
	if (r == 0)
		r = rules_of_sys(learn);
	for (size_t i = 0; r == 0 && i < learn->kept.count; i++)
		r = zc_learn_add(&learn->rules, learn->kept.item[i]);
	zc_learn_sort(&learn->rules);
	zc_learn_sort(&learn->hosts);
	return r;
}

/* --- the file ----------------------------------------------------------------------------------------- */

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
