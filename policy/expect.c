/* SPDX-License-Identifier: MIT */
/*
 * expect.c - questions put to the finished image: what the policy's own tests expect of it.
 *
 *   expect allow|deny  read|write|run PATH | net VALUE:PORT | net unix:... | listen VALUE | sys NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/policy.h"
#include "policy/set.h"

/* Cuts the next word off *text; "" at the end. */
static size_t next_word(const char **text, const char **ret_word)
{
	size_t len;

	*text += strspn(*text, " \t");
	*ret_word = *text;
	len = strcspn(*text, " \t");
	*text += len;
	return len;
}

static bool is_word(const char *word, size_t len, const char *is)
{
	return strlen(is) == len && memcmp(word, is, len) == 0;
}

static int check_path(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		      const char **ret_value, struct zc_policy_error *error)
{
	struct zc_path_value path;
	const char *wrong = zc_value_decode(value, &path);

	if (wrong == NULL &&
	    (path.wild || path.variable == ZC_VAR_OTHERS || path.variable == ZC_VAR_WRITABLE))
		wrong = "one path can be asked about, not a pattern";
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

int zc_expect_add(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_policy_error *error)
{
	const char *rest = value, *verb, *noun;
	size_t verb_len = next_word(&rest, &verb), noun_len = next_word(&rest, &noun);
	int cls = zc_class_find(noun, noun_len), r;
	struct zc_expect expect = { .origin = at->origin };

	expect.allow = is_word(verb, verb_len, "allow");
	rest += strspn(rest, " \t");
	if ((!expect.allow && !is_word(verb, verb_len, "deny")) || cls < 0 || rest[0] == '\0')
		return zc_fail(error, at->origin,
			       "write 'expect allow|deny read|write|run|net|listen|sys VALUE'");
	expect.cls = (uint8_t)cls;
	if (cls == ZC_CLASS_NET || cls == ZC_CLASS_LISTEN)
		r = check_endpoint(set, at, expect.cls, rest, &expect.value, error);
	else if (cls != ZC_CLASS_SYS)
		r = check_path(set, at, rest, &expect.value, error);
	else if (zc_sys_find(rest, strlen(rest)) < 0)
		r = zc_fail(error, at->origin, "unknown system name '%.80s'%s", rest,
			    zc_hint(set, zc_sys_nearest(rest, strlen(rest))));
	else
		r = (expect.value = zc_set_copy(set, rest, strlen(rest))) ? 0
									  : zc_fail_memory(error);
	if (r != 0)
		return r;
	expect.written = zc_set_format(set, "%s %.*s %s", expect.allow ? "allow" : "deny",
				       (int)noun_len, noun, rest);
	if (set->expects_count == set->expects_cap) {
		size_t cap = set->expects_cap ? set->expects_cap * 2 : 16;
		struct zc_expect *more = reallocarray(set->expects, cap, sizeof(*more));

		if (more == NULL)
			return zc_fail_memory(error);
		set->expects = more;
		set->expects_cap = cap;
	}
	set->expects[set->expects_count++] = expect;
	return expect.written ? 0 : zc_fail_memory(error);
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

bool zc_expect_resolver(const struct zc_image *image, const struct zc_net_address *address)
{
	struct zc_event event;

	inet_event(&event, false, address->family, address->addr, 53);
	event.type = SOCK_DGRAM;
	event.flags |= ZC_EV_DATAGRAM;
	return zc_policy_decide(image, &event).action <= ZC_LOGGED;
}

/* One expectation being asked. */
struct question {
	struct zc_policy_set *set;
	const struct zc_image *image;
	struct zc_resolver *resolver;
	const struct zc_expect *expect;
	struct zc_policy_error *error;
};

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

static const char *whose(struct question *q, struct zc_verdict verdict, const char *path)
{
	const struct zc_rule *rule;
	const struct zc_image_rule *named;

	rule = verdict.action <= ZC_LOGGED ? allowed_by(q->set, q->expect->cls, path) : NULL;
	if (rule != NULL)
		return zc_set_format(q->set, "%s (%s)", zc_rule_text(q->set, rule, true),
				     zc_origin_text(q->set, rule->origin));
	if (verdict.rule != ZC_RULE_NONE) {
		named = zc_image_rule(q->image, verdict.rule);
		return zc_set_format(q->set, "%s (%s)", zc_image_text(q->image, named->text),
				     zc_image_text(q->image, named->source));
	}
	return verdict.action > ZC_LOGGED ? zc_reason_text(verdict.reason) : NULL;
}

/* Audited is what would be refused. */
static int ask(struct question *q, const struct zc_event *event, const char *path)
{
	struct zc_verdict verdict = zc_policy_decide(q->image, event);
	bool allowed = verdict.action <= ZC_LOGGED;
	const char *by;

	if (allowed == q->expect->allow)
		return 0;
	by = whose(q, verdict, path);
	if (by != NULL && (allowed || verdict.rule != ZC_RULE_NONE))
		return zc_fail(q->error, q->expect->origin, "expected %.300s, but %.300s %s it",
			       q->expect->written, by, allowed ? "allows" : "denies");
	return zc_fail(q->error, q->expect->origin, "expected %.300s, but it is %s%s%.200s",
		       q->expect->written, allowed ? "allowed" : "refused", by ? ": " : "",
		       by ? by : "");
}

static int ask_path(struct question *q, unsigned cls, const char *value)
{
	struct zc_path_value path;
	char real[ZC_PATH_CAP];
	const char *wrong = zc_value_decode(value, &path);
	const char *given = wrong ? NULL : zc_expand_value(q->set, &path, &wrong);
	struct zc_event event;

	if (wrong != NULL)
		return zc_fail(q->error, q->expect->origin, "'%.400s': %s", value, wrong);
	if (given == NULL)
		return zc_fail_memory(q->error);
	if (zc_resolve(q->resolver, given, strlen(given), real, sizeof(real)) < 0)
		return zc_fail(q->error, q->expect->origin,
			       "'%.400s' leads to a path that is too long", value);
	path_event(&event, cls, given, real);
	return ask(q, &event, real);
}

static int ask_abstract(struct question *q, const struct zc_net_value *net)
{
	struct zc_event event;

	path_event(&event, ZC_CLASS_UNIX, "@", "@");
	event.objects = 0;
	event.peer.name[0] = '\0';
	memcpy(event.peer.name + 1, net->path.text, net->path.len);
	event.peer.name_len = (uint16_t)(net->path.len + 1);
	return ask(q, &event, NULL);
}

static int ask_inet(struct question *q, const struct zc_net_value *net)
{
	struct zc_net_address list[16] = { { AF_INET, { 0 } }, { AF_INET6, { 0 } } };
	struct zc_event event;
	const char *why = "";
	int count = 2, r = 0; /* a port alone is asked on every address of both families */

	if (net->kind == ZC_NETV_HOST) {
		count = zc_net_resolve(net->host, list, ZC_LEN(list), &why);
		if (count < 0)
			return zc_fail(q->error, q->expect->origin, "cannot resolve '%.200s': %s",
				       net->host, why);
	} else if (net->kind == ZC_NETV_ADDRESS) {
		list[0].family = net->family;
		memcpy(list[0].addr, net->addr, 16);
		count = 1;
	}
	for (int i = 0; i < count && r == 0; i++) {
		inet_event(&event, q->expect->cls == ZC_CLASS_LISTEN, list[i].family, list[i].addr,
			   net->port);
		r = ask(q, &event, NULL);
	}
	return r;
}

static int ask_sys(struct question *q)
{
	unsigned sys = (unsigned)zc_sys_find(q->expect->value, strlen(q->expect->value));
	struct zc_event event = { .op = (uint8_t)(ZC_OP_SYS_FIRST + sys), .call = ZC_CALL_NONE };

	for (unsigned i = 0; i < ZC_CALL_COUNT && event.call == ZC_CALL_NONE; i++)
		if (zc_calls[i].op == event.op)
			event.call = (uint16_t)i;
	if (sys == ZC_SYS_SIGNAL_SUPERVISOR)
		event.flags = ZC_EV_SUPERVISOR_TARGET;
	return ask(q, &event, NULL);
}

int zc_expect_check(struct zc_policy_set *set, const struct zc_image *image,
		    struct zc_resolver *resolver, struct zc_policy_error *error)
{
	int r = 0;

	for (size_t i = 0; i < set->expects_count && r == 0; i++) {
		struct question q = { set, image, resolver, &set->expects[i], error };
		struct zc_net_value net;

		if (q.expect->cls < ZC_PATH_CLASSES)
			r = ask_path(&q, q.expect->cls, q.expect->value);
		else if (q.expect->cls == ZC_CLASS_SYS)
			r = ask_sys(&q);
		else if (zc_net_parse(set, q.expect->origin, q.expect->value,
				      q.expect->cls == ZC_CLASS_LISTEN, &net, error))
			r = -EINVAL;
		else if (net.kind == ZC_NETV_UNIX)
			r = ask_path(&q, ZC_CLASS_UNIX, q.expect->value + 5);
		else
			r = net.kind == ZC_NETV_ABSTRACT ? ask_abstract(&q, &net)
							 : ask_inet(&q, &net);
	}
	return r;
}
