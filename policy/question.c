/* SPDX-License-Identifier: MIT */
/*
 * question.c - "what would you say of this?", put to a finished image as the events that such calls are.
 *
 * One question may be several events: a port alone is asked on both families, a host name on each of
 * its addresses. `expect` lines (expect.c) and people (explain.c) ask the same way.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/net/names.h"
#include "policy/freeze/freeze.h"
#include "policy/language/argv.h"
#include "policy/language/language.h"
#include "policy/set.h"

static int check_path(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		      const char **ret_value, struct zc_policy_error *error)
{
	struct zc_path_value path;
	const char *wrong = zc_value_decode(value, &path);

	if (wrong == NULL &&
	    (path.wild || path.variable == ZC_VAR_OTHERS || path.variable == ZC_VAR_WRITABLE))
		wrong = "one path can be asked about, not a pattern";
	path.itself = false; /* what is asked about is the path */
	*ret_value = wrong ? NULL : zc_value_canonical(set, &path, at->base, &wrong);
	if (wrong != NULL)
		return zc_fail(error, at->origin, "'%.400s': %s", value, wrong);
	return *ret_value ? 0 : zc_fail_memory(error);
}

static int check_endpoint(struct zc_policy_set *set, const struct zc_statement *at, unsigned cls,
			  const char *value, const char **ret_value, struct zc_policy_error *error)
{
	struct zc_net_value net;
	const char *wrong = NULL;

	if (zc_net_parse(set, at->origin, value, cls == ZC_CLASS_LISTEN, &net, error))
		return -EINVAL;
	if (net.kind == ZC_NETV_ADDRESS && net.bits != (net.family == AF_INET ? 32 : 128))
		wrong = "one address can be asked about, not a network";
	else if (net.kind == ZC_NETV_WILD)
		wrong = "one host can be asked about, not a pattern";
	else if ((net.kind == ZC_NETV_ADDRESS || net.kind == ZC_NETV_HOST) && net.port == 0)
		wrong = "the port is missing";
	else if (net.kind == ZC_NETV_PORT && cls == ZC_CLASS_NET)
		wrong = "the address is missing";
	else if ((net.kind == ZC_NETV_UNIX || net.kind == ZC_NETV_ABSTRACT) &&
		 (net.path.wild || net.path.variable == ZC_VAR_WRITABLE))
		wrong = "one socket can be asked about, not a pattern";
	*ret_value = wrong ? NULL : zc_net_canonical(set, &net, at->base, &wrong);
	if (wrong != NULL)
		return zc_fail(error, at->origin, "'%.200s': %s", value, wrong);
	return *ret_value ? 0 : zc_fail_memory(error);
}

/* 'rm -rf /': what a rule on commands would be asked; the quotes are the question's own. */
static int check_line(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		      const char **ret_value, struct zc_policy_error *error)
{
	const char *words[ZC_ARGV_MAX];
	size_t len = strlen(value);
	const char *line =
		len > 2 && value[len - 1] == value[0] ? zc_set_copy(set, value + 1, len - 2) : NULL;
	int count = line ? zc_argv_split(set, line, words, ZC_ARGV_MAX) : -EINVAL;

	if (count <= 0)
		return zc_fail(error, at->origin, "%.400s: a command line between quotes is wanted",
			       value);
	*ret_value = zc_set_format(set, "'%s'", line);
	return *ret_value ? 0 : zc_fail_memory(error);
}

int zc_question_check(struct zc_policy_set *set, const struct zc_statement *at, unsigned cls,
		      const char *value, const char **ret_value, struct zc_policy_error *error)
{
	if (cls == ZC_CLASS_NET || cls == ZC_CLASS_LISTEN)
		return check_endpoint(set, at, cls, value, ret_value, error);
	if (cls == ZC_CLASS_RUN && (value[0] == '\'' || value[0] == '"'))
		return check_line(set, at, value, ret_value, error);
	if (cls != ZC_CLASS_SYS)
		return check_path(set, at, value, ret_value, error);
	if (zc_sys_find(value, strlen(value)) < 0)
		return zc_fail(error, at->origin, "unknown system name '%.80s'%s", value,
			       zc_hint(set, zc_sys_nearest(value, strlen(value))));
	*ret_value = zc_set_copy(set, value, strlen(value));
	return *ret_value ? 0 : zc_fail_memory(error);
}

/* The event that a call on this path would be. given and path outlive the event. */
static void path_event(struct zc_event *event, unsigned cls, const char *given, const char *path)
{
	static const struct {
		uint16_t call;
		uint8_t op;
	} rows[] = {
		[ZC_CLASS_READ] = { ZC_ID_openat, ZC_OP_OPEN_READ },
		[ZC_CLASS_WRITE] = { ZC_ID_openat, ZC_OP_OPEN_WRITE },
		[ZC_CLASS_RUN] = { ZC_ID_execve, ZC_OP_EXEC },
		[ZC_CLASS_UNIX] = { ZC_ID_connect, ZC_OP_CONNECT },
	};
	struct zc_object *object = &event->object[0];

	memset(event, 0, sizeof(*event));
	event->call = rows[cls].call;
	event->op = rows[cls].op;
	event->oflags = cls == ZC_CLASS_WRITE ? O_WRONLY : O_RDONLY;
	event->objects = 1;
	object->requested = object->given = given;
	object->requested_len = object->given_len = (uint32_t)strlen(given);
	object->path = path;
	object->path_len = (uint32_t)strlen(path);
	object->dirfd = AT_FDCWD;
	object->need = (uint8_t)(1u << cls);
	object->flags = ZC_OBJ_FOLLOW;
	if (cls == ZC_CLASS_UNIX) {
		event->domain = event->peer.family = AF_UNIX;
		event->type = SOCK_STREAM;
		event->flags = ZC_EV_HAS_PEER;
		event->peer.name_len = (uint16_t)(object->path_len < 108 ? object->path_len : 108);
		memcpy(event->peer.name, path, event->peer.name_len);
	}
}

static void inet_event(struct zc_event *event, bool listen, int family, const uint8_t addr[16],
		       unsigned port)
{
	memset(event, 0, sizeof(*event));
	event->call = listen ? ZC_ID_bind : ZC_ID_connect;
	event->op = listen ? ZC_OP_BIND : ZC_OP_CONNECT;
	event->flags = ZC_EV_HAS_PEER;
	event->domain = event->peer.family = (uint16_t)family;
	event->type = SOCK_STREAM;
	event->peer.port = (uint16_t)port;
	memcpy(event->peer.addr, addr, family == AF_INET ? 4 : 16);
}

bool zc_question_resolver(const struct zc_image *image, const struct zc_net_address *address)
{
	struct zc_event event;

	inet_event(&event, false, address->family, address->addr, 53);
	event.type = SOCK_DGRAM;
	event.flags |= ZC_EV_DATAGRAM;
	return zc_policy_decide(image, &event).action <= ZC_LOGGED;
}

/* The rule that allowed a path: of several the one that somebody wrote, not the profile's. */
static const struct zc_rule *allowed_by(const struct zc_policy_set *set, unsigned cls,
					const char *path)
{
	const struct zc_rule *found = NULL;

	for (size_t i = 0; i < set->rules_count && path != NULL; i++) {
		const struct zc_rule *rule = &set->rules[i];
		bool covers = rule->everything;

		if (rule->cls != cls || rule->says > ZC_SAYS_LOG ||
		    (found && found->layer >= rule->layer))
			continue;
		for (uint32_t n = 0; n < rule->patterns_count && !covers; n++)
			covers = zc_pattern_covers(rule->patterns[n], path, strlen(path));
		if (covers)
			found = rule;
	}
	return found;
}

void zc_question_rule(const struct zc_question *q, const struct zc_answer *answer,
		      const char **ret_text, const char **ret_source)
{
	bool allowed = answer->verdict.action <= ZC_LOGGED;
	const struct zc_rule *rule = allowed ? allowed_by(q->set, q->cls, answer->path) : NULL;
	const struct zc_image_rule *named = zc_image_rule(q->image, answer->verdict.rule);

	*ret_text = *ret_source = NULL;
	if (rule != NULL) {
		*ret_text = zc_rule_text(q->set, rule, true);
		*ret_source = zc_origin_text(q->set, rule->origin);
	} else if (named != NULL) {
		*ret_text = zc_image_text(q->image, named->text);
		*ret_source = zc_image_text(q->image, named->source);
	}
}

static int put(const struct zc_question *q, const struct zc_event *event, const char *path,
	       const char *shown)
{
	struct zc_answer answer = {
		.verdict = zc_policy_decide(q->image, event),
		.path = path,
		.shown = shown,
	};

	return q->answer(q, &answer);
}

static int ask_path(const struct zc_question *q, unsigned cls, const char *value)
{
	struct zc_path_value path;
	char real[ZC_PATH_CAP];
	const char *wrong = zc_value_decode(value, &path);
	const char *given = wrong ? NULL : zc_expand_value(q->set, &path, &wrong);
	struct zc_event event;

	if (wrong != NULL)
		return zc_fail(q->error, q->origin, "'%.400s': %s", value, wrong);
	if (given == NULL)
		return zc_fail_memory(q->error);
	if (zc_resolve(q->resolver, given, strlen(given), real, sizeof(real)) < 0)
		return zc_fail(q->error, q->origin, "'%.400s' leads to a path that is too long",
			       value);
	path_event(&event, cls, given, real);
	return put(q, &event, real, real);
}

/* A program without a '/' is looked for where systems have theirs; what is found nowhere is in /usr/bin. */
static const char *find_program(const struct zc_question *q, const char *name)
{
	static const char *const places[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",        "/sbin",          "/bin" };
	const char *path = NULL;

	if (name[0] == '/')
		return name;
	if (strchr(name, '/') != NULL)
		return zc_set_format(q->set, "%s/%s", q->set->project ? q->set->project : "", name);
	for (size_t i = 0; i < ZC_LEN(places); i++) {
		path = zc_set_format(q->set, "%s/%s", places[i], name);
		if (path == NULL || access(path, X_OK) == 0)
			return path;
	}
	return zc_set_format(q->set, "/usr/bin/%s", name);
}

static int ask_line(const struct zc_question *q)
{
	const char *words[ZC_ARGV_MAX], *line, *given;
	char real[ZC_PATH_CAP];
	struct zc_event event;
	struct zc_argv *argv = zc_set_alloc(q->set, sizeof(*argv));
	int count;

	line = zc_set_copy(q->set, q->value + 1, strlen(q->value) - 2);
	count = line ? zc_argv_split(q->set, line, words, ZC_ARGV_MAX) : -ENOMEM;
	given = count > 0 ? find_program(q, words[0]) : NULL;
	if (argv == NULL || given == NULL)
		return zc_fail_memory(q->error);
	if (zc_resolve(q->resolver, given, strlen(given), real, sizeof(real)) < 0)
		return zc_fail(q->error, q->origin, "'%.400s' leads to a path that is too long",
			       given);
	argv->cwd = q->set->project;
	argv->cwd_len = q->set->project ? (uint32_t)strlen(q->set->project) : 0;
	for (int i = 0; i < count; i++)
		zc_argv_add(argv, words[i], strlen(words[i]));
	path_event(&event, ZC_CLASS_RUN, given, real);
	event.argv = argv;
	return put(q, &event, real, q->value);
}

static int ask_abstract(const struct zc_question *q, const struct zc_net_value *net)
{
	struct zc_event event;

	path_event(&event, ZC_CLASS_UNIX, "@", "@");
	event.objects = 0;
	event.peer.name[0] = '\0';
	memcpy(event.peer.name + 1, net->path.text, net->path.len);
	event.peer.name_len = (uint16_t)(net->path.len + 1);
	return put(q, &event, NULL, q->value);
}

static int ask_inet(const struct zc_question *q, const struct zc_net_value *net)
{
	struct zc_net_address list[16] = { { AF_INET, { 0 } }, { AF_INET6, { 0 } } };
	struct zc_known_name name = { .source = ZC_HOST_POLICY };
	char shown[128];
	struct zc_event event;
	const char *why = "";
	int count = 2, r = 0; /* a port alone is asked on every address of both families */

	if (net->kind == ZC_NETV_HOST) {
		count = zc_net_resolve(net->host, list, ZC_LEN(list), &why);
		if (count < 0)
			return zc_fail(q->error, q->origin, "cannot resolve '%.200s': %s",
				       net->host, why);
	} else if (net->kind == ZC_NETV_ADDRESS) {
		list[0].family = net->family;
		memcpy(list[0].addr, net->addr, 16);
		count = 1;
	}
	for (int i = 0; i < count && r == 0; i++) {
		inet_event(&event, q->cls == ZC_CLASS_LISTEN, list[i].family, list[i].addr,
			   net->port);
		if (net->kind == ZC_NETV_HOST)
			name.len = (uint8_t)zc_name_spell(name.text, net->host, strlen(net->host));
		event.names = &name;
		event.names_count = name.len > 0;
		zc_endpoint_print(&event.peer, shown, sizeof(shown));
		r = put(q, &event, NULL, shown);
	}
	return r;
}

static int ask_sys(const struct zc_question *q)
{
	unsigned sys = (unsigned)zc_sys_find(q->value, strlen(q->value));
	struct zc_event event = { .op = (uint8_t)(ZC_OP_SYS_FIRST + sys), .call = ZC_CALL_NONE };

	for (unsigned i = 0; i < ZC_CALL_COUNT && event.call == ZC_CALL_NONE; i++)
		if (zc_calls[i].op == event.op)
			event.call = (uint16_t)i;
	if (sys == ZC_SYS_SIGNAL_SUPERVISOR)
		event.flags = ZC_EV_SUPERVISOR_TARGET;
	return put(q, &event, NULL, q->value);
}

int zc_question_ask(const struct zc_question *q)
{
	struct zc_net_value net;

	if (q->cls == ZC_CLASS_RUN && q->value[0] == '\'')
		return ask_line(q);
	if (q->cls < ZC_PATH_CLASSES)
		return ask_path(q, q->cls, q->value);
	if (q->cls == ZC_CLASS_SYS)
		return ask_sys(q);
	if (zc_net_parse(q->set, q->origin, q->value, q->cls == ZC_CLASS_LISTEN, &net, q->error))
		return -EINVAL;
	if (net.kind == ZC_NETV_UNIX)
		return ask_path(q, ZC_CLASS_UNIX, q->value + 5);
	return net.kind == ZC_NETV_ABSTRACT ? ask_abstract(q, &net) : ask_inet(q, &net);
}
