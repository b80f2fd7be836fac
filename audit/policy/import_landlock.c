/* SPDX-License-Identifier: MIT */
/*
 * import_landlock.c - a Landlock-config in JSON (schema of landlock-lsm/landlockconfig) as a policy.
 *
 * Landlock refuses only the rights that a ruleset handles, so every class that is not handled comes
 * out as "allow-CLASS": the policy allows what the configuration allows. Where one of our words
 * covers several of its rights and only some are given, the line says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "audit/policy/policy.h"
#include "text/text.h"

enum { READ = 1, WRITE = 2, RUN = 4, CONNECT = 8, BIND = 16, ABSTRACT = 32 };

static const struct {
	const char *name;
	uint32_t bit, word; /* word: READ, ... */
} rights[] = {
	{ "execute", 1, RUN },
	{ "write_file", 2, WRITE },
	{ "read_file", 4, READ },
	{ "read_dir", 8, READ },
	{ "remove_dir", 16, WRITE },
	{ "remove_file", 32, WRITE },
	{ "make_char", 64, WRITE },
	{ "make_dir", 128, WRITE },
	{ "make_reg", 256, WRITE },
	{ "make_sock", 512, WRITE },
	{ "make_fifo", 1024, WRITE },
	{ "make_block", 2048, WRITE },
	{ "make_sym", 4096, WRITE },
	{ "refer", 8192, WRITE },
	{ "truncate", 16384, WRITE },
	{ "ioctl_dev", 32768, 0 },
	{ "bind_tcp", 65536, BIND },
	{ "connect_tcp", 131072, CONNECT },
	{ "abstract_unix_socket", 1u << 18, ABSTRACT },
	{ "signal", 1u << 19, 0 },
};
#define FS 0xffffu
#define NET 0x30000u
#define SCOPES 0xc0000u
#define OF_READ 0xcu
/* What makes writing a file: the rest is about entries, devices and moving between directories. */
#define OF_WRITE (2u | 32 | 256)

struct import {
	FILE *out;
	const char *file;
	json_object *variables;
	uint32_t handled;
	bool failed;
};

static bool wrong(struct import *in, const char *what, const char *text)
{
	if (!in->failed)
		zc_audit_fail("%s: %s%s%s%s", in->file, what, text ? " '" : "", text ? text : "",
			      text ? "'" : "");
	in->failed = true;
	return false;
}

static uint32_t one_right(struct import *in, const char *name, uint32_t all)
{
	if (strcmp(name, "abi.all") == 0)
		return all;
	if (all == FS && strcmp(name, "abi.read_execute") == 0)
		return 1 | OF_READ;
	if (all == FS && strcmp(name, "abi.read_write") == 0)
		return FS & ~1u;
	for (size_t i = 0; i < ZC_LEN(rights); i++)
		if (strcmp(rights[i].name, name) == 0 && rights[i].bit & all)
			return rights[i].bit;
	wrong(in, "unknown access right", name);
	return 0;
}

/* A list of texts of which each is a right. Missing: none. */
static uint32_t take_rights(struct import *in, json_object *object, const char *key, uint32_t all)
{
	json_object *list;
	uint32_t found = 0;

	if (!json_object_object_get_ex(object, key, &list))
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return (uint32_t)wrong(in, "expected a list for", key);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_string))
			return (uint32_t)wrong(in, "expected texts in", key);
		found |= one_right(in, json_object_get_string(item), all);
	}
	return found;
}

static void check_keys(struct import *in, json_object *object, const char *known)
{
	if (!json_object_is_type(object, json_type_object)) {
		wrong(in, "expected an object with", known);
		return;
	}
	json_object_object_foreach(object, key, value)
	{
		const char *at = strstr(known, key);

		(void)value;
		if (!at || !*key || (at > known && at[-1] != ' ') ||
		    (at[strlen(key)] && at[strlen(key)] != ' '))
			wrong(in, "unknown member", key);
	}
}

/* Calls each for the objects of a list that may be missing. */
static void each_of(struct import *in, json_object *root, const char *name,
		    void (*each)(struct import *in, json_object *object))
{
	json_object *list;

	if (!json_object_object_get_ex(root, name, &list))
		return;
	if (!json_object_is_type(list, json_type_array)) {
		wrong(in, "expected a list for", name);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list) && !in->failed; i++)
		each(in, json_object_array_get_idx(list, i));
}

static void take_ruleset(struct import *in, json_object *object)
{
	check_keys(in, object, "handledAccessFs handledAccessNet scoped");
	if (in->failed)
		return;
	in->handled |= take_rights(in, object, "handledAccessFs", FS) |
		       take_rights(in, object, "handledAccessNet", NET) |
		       take_rights(in, object, "scoped", SCOPES);
}

/* --- paths --- */

/*
 * As a policy spells it: blanks and what else has a meaning get a backslash. "DIR/." would be the directory
 * without what is below.
 */
static void put_path(FILE *out, const char *path)
{
	size_t len = strlen(path);

	while (len > 2 && path[len - 1] == '.' && path[len - 2] == '/')
		for (len--; len > 1 && path[len - 1] == '/'; len--)
			;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fprintf(out, "%s%c", strchr(" *\\#$~", c) ? "\\" : "", c);
	}
}

static void put_rule(struct import *in, const char *word, const char *path, const char *remark)
{
	fprintf(in->out, "%s ", word);
	put_path(in->out, path);
	if (remark)
		fprintf(in->out, "    # %s", remark);
	fputc('\n', in->out);
}

static void put_beneath(struct import *in, uint32_t given, const char *path)
{
	/* A class that is not handled anywhere is open already. */
	if (given & OF_READ && in->handled & OF_READ)
		put_rule(in, "allow-read", path,
			 (given & OF_READ) != (in->handled & OF_READ)
				 ? "it gives files or listing only"
				 : NULL);
	if (given & FS & ~(1u | OF_READ | 32768) && in->handled & FS & ~(1u | OF_READ | 32768))
		put_rule(in, "allow-write", path,
			 (given & OF_WRITE & in->handled) != (OF_WRITE & in->handled)
				 ? "it gives only some of making, writing and removing"
				 : NULL);
	if (given & 1 && in->handled & 1)
		put_rule(in, "allow-run", path, NULL);
}

static json_object *variable(struct import *in, const char *name, size_t len)
{
	for (size_t i = 0; i < json_object_array_length(in->variables); i++) {
		json_object *object = json_object_array_get_idx(in->variables, i), *is, *literal;

		if (json_object_object_get_ex(object, "name", &is) &&
		    strlen(json_object_get_string(is)) == len &&
		    memcmp(json_object_get_string(is), name, len) == 0 &&
		    json_object_object_get_ex(object, "literal", &literal))
			return literal;
	}
	return NULL;
}

/* Every value of every variable in it, the first one first. depth bounds what a file can ask for. */
static void expand(struct import *in, uint32_t given, const char *path, unsigned depth)
{
	const char *begin = strstr(path, "${"), *end = begin ? strchr(begin, '}') : NULL;
	char made[ZC_PATH_CAP];
	json_object *values;

	if (!end) {
		put_beneath(in, given, path);
		return;
	}
	values = in->variables ? variable(in, begin + 2, (size_t)(end - begin - 2)) : NULL;
	if (!values || depth > 4) {
		wrong(in, values ? "variables inside variables in" : "unknown variable in", path);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(values) && !in->failed; i++) {
		int n = snprintf(made, sizeof(made), "%.*s%s%s", (int)(begin - path), path,
				 json_object_get_string(json_object_array_get_idx(values, i)),
				 end + 1);

		if (n < 0 || n >= (int)sizeof(made))
			wrong(in, "too long a path", path);
		else
			expand(in, given, made, depth + 1);
	}
}

static void take_beneath(struct import *in, json_object *object)
{
	json_object *parents, *parent;
	uint32_t given;

	check_keys(in, object, "allowedAccess parent");
	if (in->failed)
		return;
	given = take_rights(in, object, "allowedAccess", FS);
	if (!json_object_object_get_ex(object, "parent", &parents) ||
	    !json_object_is_type(parents, json_type_array)) {
		wrong(in, "expected a list for", "parent");
		return;
	}
	for (size_t i = 0; i < json_object_array_length(parents) && !in->failed; i++) {
		parent = json_object_array_get_idx(parents, i);
		if (!json_object_is_type(parent, json_type_string) ||
		    !*json_object_get_string(parent) ||
		    strlen(json_object_get_string(parent)) !=
			    (size_t)json_object_get_string_len(parent))
			wrong(in, "expected paths in", "parent");
		else
			expand(in, given, json_object_get_string(parent), 0);
	}
}

/* --- network --- */

static void take_port(struct import *in, json_object *object)
{
	json_object *ports;
	uint32_t given;

	check_keys(in, object, "allowedAccess port");
	if (in->failed)
		return;
	given = take_rights(in, object, "allowedAccess", NET) & in->handled;
	if (!json_object_object_get_ex(object, "port", &ports) ||
	    !json_object_is_type(ports, json_type_array)) {
		wrong(in, "expected a list for", "port");
		return;
	}
	for (size_t i = 0; i < json_object_array_length(ports) && !in->failed; i++) {
		json_object *item = json_object_array_get_idx(ports, i);
		int64_t port = json_object_get_int64(item);

		if (!json_object_is_type(item, json_type_int) || port < 0 || port > 65535) {
			wrong(in, "not a port:", json_object_to_json_string(item));
			return;
		}
		if (port == 0 && given & 65536)
			fputs("# port 0 (one that the kernel picks) has no word of its own\n",
			      in->out);
		if (port && given & 131072)
			fprintf(in->out, "allow-net :%d\n", (int)port);
		if (port && given & 65536)
			fprintf(in->out, "allow-listen %d\n", (int)port);
	}
}

/* What is not handled is not refused. */
static void put_open_classes(struct import *in)
{
	uint32_t handled = in->handled;

	if (!(handled & OF_READ))
		fputs("allow-read\n", in->out);
	if (!(handled & FS & ~(1u | OF_READ | 32768)))
		fputs("allow-write\n", in->out);
	if (!(handled & 1))
		fputs("allow-run\n", in->out);
	if (!(handled & 131072)) {
		fputs("allow-net\n", in->out);
	} else {
		fputs("allow-net unix:/    # Landlock refuses no socket that has a path\n",
		      in->out);
		if (!(handled & 1u << 18))
			fputs("allow-net unix:@*\n", in->out);
		fputs("# Landlock refuses TCP alone; UDP, which it leaves open, is refused here\n",
		      in->out);
	}
	if (!(handled & 65536))
		fputs("allow-listen\n", in->out);
	if (handled & 32768)
		fputs("# ioctl_dev: ZenCube has no rule on ioctl(2) of devices\n", in->out);
	if (handled & 1u << 19)
		fputs("# scoped signal: ZenCube guards only itself against signals\n", in->out);
}

static void put_all(struct import *in, json_object *root)
{
	json_object *abi;

	check_keys(in, root, "abi variable ruleset pathBeneath netPort");
	if (in->failed)
		return;
	if (json_object_object_get_ex(root, "abi", &abi) &&
	    !json_object_is_type(abi, json_type_int)) {
		wrong(in, "expected a number for", "abi");
		return;
	}
	if (json_object_object_get_ex(root, "variable", &in->variables) &&
	    !json_object_is_type(in->variables, json_type_array)) {
		wrong(in, "expected a list for", "variable");
		return;
	}
	each_of(in, root, "ruleset", take_ruleset);
	if (!in->failed && !in->handled)
		wrong(in, "no ruleset handles anything: nothing would be refused", NULL);
	if (in->failed)
		return;
	fputs("version 1\nno-base    # the configuration says all of it itself\n", in->out);
	put_open_classes(in);
	each_of(in, root, "pathBeneath", take_beneath);
	each_of(in, root, "netPort", take_port);
}

static json_object *parse(const char *name, const char *text, size_t len)
{
	json_tokener *tokener = json_tokener_new_ex(16);
	json_object *root = NULL;
	size_t line = 1, end;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	end = json_tokener_get_parse_end(tokener);
	for (size_t i = 0; i < end && i < len; i++)
		line += text[i] == '\n';
	if (!root)
		zc_audit_fail("%s:%zu: not JSON: %s", name, line,
			      json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_tokener_free(tokener);
	return root;
}

int zc_import_landlock(FILE *out, const char *name, const char *text, size_t len)
{
	struct import in = { .out = out, .file = name };
	json_object *root = parse(name, text, len);

	if (root)
		put_all(&in, root);
	json_object_put(root);
	return root && !in.failed ? 0 : 125;
}
