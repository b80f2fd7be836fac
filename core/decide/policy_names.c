/* SPDX-License-Identifier: MIT */
/*
 * policy_names.c - what verdicts are called, and the fingerprint that names a finding.
 */
#include "core/exec/argv.h"
#include "core/keyed.h"
#include "core/mem.h"
#include "core/decide/policy.h"

const char *zc_action_name(unsigned action)
{
	static const char *const names[] = {
		[ZC_ALLOWED] = "allowed",   [ZC_LOGGED] = "allowed",       [ZC_AUDITED] = "audited",
		[ZC_REFUSED] = "denied",    [ZC_REFUSED_QUIET] = "denied", [ZC_KILLED] = "killed",
		[ZC_DETECTED] = "detected",
	};

	return action < ZC_LEN(names) ? names[action] : "?";
}

static const struct {
	const char *name, *text;
} reasons[] = {
	[ZC_WHY_RULE] = { "rule", "a rule says so" },
	[ZC_WHY_NO_ALLOW] = { "no-allow", "nothing in the policy allows it" },
	[ZC_WHY_UNREADABLE] = { "unreadable", "an argument of the call could not be read" },
	[ZC_WHY_MOVE_LOSES] = { "move-loses", "moving it would take something out of a deny rule" },
	[ZC_WHY_MOVE_GAINS] = { "move-gains",
				"at its new place it would have rights that it has not" },
	[ZC_WHY_NO_NET] = { "no-net", "--no-net leaves only unix sockets" },
	[ZC_WHY_NO_RESOLVER] = { "no-resolver", "the policy allows no name server" },
	[ZC_WHY_COMPLEX] = { "complex", "more wildcards apply to it than are followed at once" },
	[ZC_WHY_NO_IMAGE] = { "no-image", "the policy could not be found in this process" },
	[ZC_WHY_CHANGED] = { "changed-after-check",
			     "it was changed after the check: what was opened is something else" },
	[ZC_WHY_UNSEEN] = { "unseen", "whatever followed would go on unseen" },
};

const char *zc_reason_name(unsigned reason)
{
	return reason < ZC_LEN(reasons) ? reasons[reason].name : "?";
}

const char *zc_reason_text(unsigned reason)
{
	return reason < ZC_LEN(reasons) ? reasons[reason].text : "?";
}

const char *zc_asked_name(unsigned asked)
{
	static const char *const names[] = { "", "yes", "always", "no", "no-terminal", "timeout" };

	return asked < ZC_LEN(names) ? names[asked] : "?";
}

const char *zc_risk_name(unsigned risk)
{
	static const char *const names[] = { "", "low", "medium", "high", "critical" };

	return risk < ZC_LEN(names) ? names[risk] : "?";
}

const char *zc_policy_class_name(unsigned cls)
{
	static const char *const names[] = {
		[ZC_CLASS_READ] = "read", [ZC_CLASS_WRITE] = "write", [ZC_CLASS_RUN] = "run",
		[ZC_CLASS_UNIX] = "net",  [ZC_CLASS_NET] = "net",     [ZC_CLASS_LISTEN] = "listen",
		[ZC_CLASS_SYS] = "sys",
	};

	return cls < ZC_LEN(names) ? names[cls] : "?";
}

static uint64_t mix_number(uint64_t seed, uint64_t number)
{
	return zc_hash_bytes(&number, sizeof(number), seed);
}

static uint64_t mix_endpoint(uint64_t h, const struct zc_endpoint *peer)
{
	size_t len = peer->name_len > sizeof(peer->name) ? sizeof(peer->name) : peer->name_len;

	h = mix_number(h, (uint64_t)peer->family << 16 | peer->port);
	h = zc_hash_bytes(peer->addr, sizeof(peer->addr), h);
	return zc_hash_bytes(peer->name, len, h);
}

static uint64_t mix_object(uint64_t h, const struct zc_object *object)
{
	if (object->path)
		return zc_hash_bytes(object->path, object->path_len, h);
	if (object->given)
		return zc_hash_bytes(object->given, object->given_len, h);
	if (object->requested)
		return zc_hash_bytes(object->requested, object->requested_len, h);
	return h;
}

uint64_t zc_fingerprint(const struct zc_image *image, const struct zc_event *event,
			struct zc_verdict verdict, uint64_t program_hash,
			uint64_t caller_module_hash, uint64_t caller_offset)
{
	const struct zc_image_rule *rule = image ? zc_image_rule(image, verdict.rule) : NULL;
	uint64_t h = mix_number(event->op, rule ? rule->text_hash : verdict.reason);

	h = mix_number(h, (uint64_t)verdict.cls << 8 | verdict.action);
	if (event->objects && verdict.object < ZC_LEN(event->object))
		h = mix_object(h, &event->object[verdict.object]);
	if (event->flags & ZC_EV_HAS_PEER)
		h = mix_endpoint(h, &event->peer);
	else if (event->op == ZC_OP_SOCKET)
		h = mix_number(h, (uint64_t)(uint32_t)event->domain << 32 | (uint32_t)event->type);
	if (event->op == ZC_OP_RESOLVE && event->host)
		h = zc_hash_bytes(event->host, zc_len(event->host), h);
	h = mix_number(mix_number(mix_number(h, program_hash), caller_module_hash), caller_offset);
	return h ? h : 1;
}

uint64_t zc_fingerprint_learnt(const struct zc_event *event)
{
	uint64_t h = mix_number(event->op, event->domain);

	for (unsigned i = 0; i < event->objects && i < ZC_LEN(event->object); i++) {
		const struct zc_object *object = &event->object[i];
		unsigned need =
			zc_object_need(event->op, event->oflags, object->need, object->flags);

		h = mix_object(mix_number(h, need), object);
	}
	if (event->flags & ZC_EV_HAS_PEER)
		h = mix_endpoint(h, &event->peer);
	if (event->host)
		h = zc_hash_bytes(event->host, zc_len(event->host), h);
	return h ? h : 1;
}

uint64_t zc_ask_key(const struct zc_image *image, const struct zc_event *event,
		    struct zc_verdict verdict, uint64_t key)
{
	uint64_t h = zc_fingerprint(image, event, verdict, 0, 0, 0);

	for (unsigned i = 0; i < event->objects && i < ZC_LEN(event->object); i++)
		if (event->object[i].path)
			h = zc_keyed_hash(event->object[i].path, event->object[i].path_len, key, h);
	return event->argv ? mix_number(h, zc_argv_hash(event->argv, key)) : h;
}
