/* SPDX-License-Identifier: MIT */
/*
 * export_landlock.c - a policy as Landlock-config JSON (schema of landlock-lsm/landlockconfig).
 *
 * Landlock only adds rights below places: a deny inside an allowed tree has no counterpart there.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/policy/policy.h"
#include "text/json.h"

static const char *const reads[] = { "read_file", "read_dir", NULL };
static const char *const writes[] = { "write_file", "remove_dir", "remove_file", "make_dir",
				      "make_reg",   "make_sock",  "make_fifo",   "make_sym",
				      "make_char",  "make_block", "refer",       "truncate",
				      NULL };
static const char *const runs[] = { "execute", NULL };
static const struct {
	unsigned cls;
	const char *const *rights;
} classes[] = { { ZC_CLASS_READ, reads }, { ZC_CLASS_WRITE, writes }, { ZC_CLASS_RUN, runs } };

static void put_rights(struct zc_json *json, const char *const *rights, bool file)
{
	/* Rights on a directory's entries cannot be given on a file. */
	for (; *rights; rights++)
		if (!file || !strcmp(*rights, "read_file") || !strcmp(*rights, "write_file") ||
		    !strcmp(*rights, "execute") || !strcmp(*rights, "truncate"))
			zc_json_string(json, NULL, *rights);
}

struct beneath {
	struct zc_export *export;
	struct zc_json *json;
	const char *const *rights;
	const char *rule;
};

static void put_beneath(void *context, const char *path, bool directory)
{
	const struct beneath *beneath = context;
	struct zc_json *json = beneath->json;

	if (strstr(path, "${")) { /* would begin a variable there */
		beneath->export->lost(beneath->export, beneath->rule, "a path with '${' in it");
		return;
	}
	zc_json_open(json, NULL, '{');
	zc_json_open(json, "allowedAccess", '[');
	put_rights(json, beneath->rights, !directory);
	zc_json_close(json, ']');
	zc_json_open(json, "parent", '[');
	zc_json_string(json, NULL, path);
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

static void put_paths(struct zc_export *export, struct zc_json *json,
		      const struct zc_policy_line *line, size_t index, const char *const *rights)
{
	struct beneath beneath = { export, json, rights, line->text };

	if (line->says > ZC_SAYS_LOG)
		export->lost(export, line->text,
			     "Landlock takes nothing away below what it allows");
	else
		zc_export_places(export, line, index, put_beneath, &beneath);
}

/* The port of ":443", "443" and of an address. 0: none. */
static unsigned port_of(const char *value)
{
	const char *colon = strrchr(value, ':');
	const char *digits = colon ? colon + 1 : value;

	return strspn(digits, "0123456789") == strlen(digits) ? (unsigned)atoi(digits) : 0;
}

static void put_port(struct zc_export *export, struct zc_json *json,
		     const struct zc_policy_line *line)
{
	bool listens = line->cls == ZC_CLASS_LISTEN;
	unsigned port;

	if (line->value && strncmp(line->value, "unix:", 5) == 0) {
		export->lost(export, line->text, "Landlock has no rules on single sockets");
		return;
	}
	if (line->says > ZC_SAYS_LOG) {
		export->lost(export, line->text, "Landlock takes nothing away");
		return;
	}
	if (line->everything)
		return;
	port = port_of(line->value);
	if (!port) {
		export->lost(export, line->text, "Landlock knows ports only; the rule names none");
		return;
	}
	if (*line->value != ':' && strchr(line->value, ':'))
		export->lost(export, line->text, "the port is open on every address");
	zc_json_open(json, NULL, '{');
	zc_json_open(json, "allowedAccess", '[');
	zc_json_string(json, NULL, listens ? "bind_tcp" : "connect_tcp");
	zc_json_close(json, ']');
	zc_json_open(json, "port", '[');
	zc_json_uint(json, NULL, port);
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

/* What is handled is refused where no rule gives it; what all may do is not handled. */
static unsigned put_ruleset(const struct zc_export *export, struct zc_json *json)
{
	unsigned handled = 0;

	zc_json_open(json, "ruleset", '[');
	zc_json_open(json, NULL, '{');
	for (size_t i = 0; i < ZC_LEN(classes); i++)
		if (!zc_export_allows_all(export, classes[i].cls))
			handled |= 1u << classes[i].cls;
	if (handled) {
		zc_json_open(json, "handledAccessFs", '[');
		for (size_t i = 0; i < ZC_LEN(classes); i++)
			if (handled >> classes[i].cls & 1)
				put_rights(json, classes[i].rights, false);
		zc_json_close(json, ']');
	}
	for (unsigned cls = ZC_CLASS_NET; cls <= ZC_CLASS_LISTEN; cls++)
		if (!zc_export_allows_all(export, cls))
			handled |= 1u << cls;
	if (handled >> ZC_CLASS_NET) {
		zc_json_open(json, "handledAccessNet", '[');
		if (handled >> ZC_CLASS_NET & 1)
			zc_json_string(json, NULL, "connect_tcp");
		if (handled >> ZC_CLASS_LISTEN & 1)
			zc_json_string(json, NULL, "bind_tcp");
		zc_json_close(json, ']');
	}
	if (!handled) {
		zc_json_open(json, "scoped", '[');
		zc_json_string(json, NULL, "abstract_unix_socket");
		zc_json_close(json, ']');
	}
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	return handled;
}

/* Lists must not be empty there, so each is begun by its first entry. */
static void put_list(struct zc_export *export, struct zc_json *json, const char *name, bool net,
		     unsigned handled)
{
	struct zc_json list = { .indent = 0 };
	struct zc_policy_line line;

	zc_json_open(&list, NULL, '[');
	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		bool is_net = line.cls == ZC_CLASS_NET || line.cls == ZC_CLASS_LISTEN;

		if (line.cls == ZC_CLASS_SYS && net)
			export->lost(export, line.text, "Landlock has no rules on system calls");
		if (line.says == ZC_SAYS_LOG && line.cls != ZC_CLASS_SYS && is_net == net)
			export->lost(export, line.text, "Landlock keeps no record for it");
		if (net && is_net && (handled >> line.cls & 1))
			put_port(export, &list, &line);
		for (size_t k = 0; !net && k < ZC_LEN(classes); k++)
			if (classes[k].cls == line.cls && (handled >> line.cls & 1))
				put_paths(export, &list, &line, i, classes[k].rights);
			else if (classes[k].cls == line.cls && line.says > ZC_SAYS_LOG)
				export->lost(
					export, line.text,
					"everything else is allowed, and Landlock takes nothing "
					"away");
	}
	zc_json_close(&list, ']');
	if (list.len > 2)
		zc_json_raw(json, name, list.bytes, list.len);
	zc_json_free(&list);
}

void zc_export_landlock(struct zc_export *export)
{
	struct zc_json json = { .indent = 2 };
	unsigned handled;

	zc_json_open(&json, NULL, '{');
	zc_json_uint(&json, "abi", 5);
	handled = put_ruleset(export, &json);
	put_list(export, &json, "pathBeneath", false, handled);
	put_list(export, &json, "netPort", true, handled);
	zc_json_close(&json, '}');
	zc_json_newline(&json);
	fwrite(json.bytes, 1, json.len, export->out);
	export->lost(export, "net, listen",
		     "Landlock refuses TCP only: UDP and other families stay open");
	zc_json_free(&json);
}
