/* SPDX-License-Identifier: MIT */
/*
 * judgement.c - what is said about a verdict: how severe, by which rule, what would allow it.
 *
 * Nothing is judged here. The table of severities is documented in docs/EVIDENCE.md.
 */
#include <stdio.h>
#include <string.h>

#include "core/net/names.h"
#include "core/event.h"
#include "text/flags.h"
#include "evidence/state.h"
#include "text/text.h"

bool zc_action_violates(unsigned action)
{
	return action == ZC_REFUSED || action == ZC_KILLED || action == ZC_AUDITED ||
	       action == ZC_DETECTED;
}

/*
 * Libraries try io_uring and do without (libuv at each start of a Node program). Nobody spoke of it: that it was
 * answered ENOSYS, because what goes through a ring is unseen, says nothing of the program.
 */
static bool is_feature_probe(const struct zc_frame_head *head)
{
	return head->op == ZC_OP_SYS_IO_URING && head->action == ZC_REFUSED &&
	       head->reason == ZC_WHY_NO_ALLOW;
}

bool zc_record_violates(const struct zc_record *record)
{
	const struct zc_frame_head *head = &record->frame->head;

	return zc_action_violates(head->action) && !zc_rule_is_stricter(head->rule) &&
	       !is_feature_probe(head);
}

enum { INFO, LOW, MEDIUM, HIGH, CRITICAL };

const char *zc_severity_of(const struct zc_record *record)
{
	static const char *const names[] = { "info", "low", "medium", "high", "critical" };
	const struct zc_frame_head *head = &record->frame->head;
	bool ruled = head->reason == ZC_WHY_RULE;
	unsigned level = MEDIUM;

	if (!zc_action_violates(head->action) || is_feature_probe(head))
		return names[INFO];
	/* A rule on commands may say how bad it is; the risks are called as severities are. */
	if (ruled && record->rule && record->rule->risk)
		return zc_risk_name(record->rule->risk);
	switch (head->cls) {
	case ZC_CLASS_READ:
	case ZC_CLASS_WRITE:
	case ZC_CLASS_RUN: level = ruled ? HIGH : MEDIUM; break;
	case ZC_CLASS_LISTEN: level = MEDIUM; break;
	default: level = HIGH; break; /* network, unix sockets, sys */
	}
	if (head->reason == ZC_WHY_MOVE_LOSES || head->reason == ZC_WHY_NO_IMAGE)
		level = HIGH;
	if (head->action == ZC_AUDITED)
		level--;
	return names[level];
}

static const void *field_of(const struct zc_record *record, unsigned field, size_t *ret_len)
{
	*ret_len = record->frame->field[field].len;
	return record->frame->field[field].bytes;
}

/* The endpoint of a record, checked. */
static bool endpoint_of(const struct zc_record *record, struct zc_endpoint *ret)
{
	size_t len;
	const void *bytes = field_of(record, ZC_FIELD_ENDPOINT, &len);

	if (!bytes || len != sizeof(*ret))
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	return ret->name_len <= sizeof(ret->name);
}

/* What a hint names: a path, an address or a sys name. Empty when it cannot be pasted. */
static size_t hint_value(const struct zc_image *image, const struct zc_record *record, char *buffer,
			 size_t cap)
{
	const struct zc_frame_head *head = &record->frame->head;
	struct zc_endpoint endpoint;
	const char *text;
	size_t len;

	if (head->cls == ZC_CLASS_SYS)
		return (size_t)snprintf(buffer, cap, "%s", zc_op_name(head->op));
	if (head->op == ZC_OP_RESOLVE) {
		text = field_of(record, ZC_FIELD_HOST, &len);
	} else if (head->cls == ZC_CLASS_NET || head->cls == ZC_CLASS_LISTEN ||
		   head->cls == ZC_CLASS_UNIX) {
		if (!endpoint_of(record, &endpoint))
			return 0;
		text = field_of(record, ZC_FIELD_HOST, &len);
		if (text && image && zc_name_may_lead_to(image, &endpoint) &&
		    zc_text_plain(text, len))
			return (size_t)snprintf(buffer, cap, "%.*s:%u", (int)len, text,
						endpoint.port);
		len = zc_endpoint_print(&endpoint, buffer, cap);
		return zc_text_plain(buffer, len) ? len : 0;
	} else {
		text = field_of(record, head->object ? ZC_FIELD_PATH2 : ZC_FIELD_PATH, &len);
	}
	if (!text || !zc_text_plain(text, len) || len + 1 > cap)
		return 0;
	memcpy(buffer, text, len);
	return len;
}

static bool needs_quotes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,."
			    "/-[]",
			    text[i]))
			return true;
	return false;
}

static const char *flag_that_allows(const struct zc_image *image, struct zc_record *record)
{
	char value[ZC_PATH_CAP];
	size_t len = hint_value(image, record, value, sizeof(value));
	bool quote = needs_quotes(value, len);
	const char *what = zc_policy_class_name(record->frame->head.cls);

	if (!len || memchr(value, '\'', len) || memchr(value, '*', len))
		return NULL; /* could not be pasted as it is */
	snprintf(record->hint_text, sizeof(record->hint_text), "--allow-%s=%s%.*s%s%s", what,
		 quote ? "'" : "", (int)len, value, quote ? "'" : "",
		 record->frame->head.source == ZC_SOURCE_SHIM ? " (inside evidence)" : "");
	return record->hint_text;
}

const char *zc_hint_of(const struct zc_evidence *e, struct zc_record *record)
{
	const struct zc_frame_head *head = &record->frame->head;
	const struct zc_image_rule *rule = record->rule;
	const char *source;

	if (!zc_action_violates(head->action) || zc_rule_is_stricter(head->rule))
		return NULL; /* of a stricter policy: no flag of this run would change it */
	switch (head->reason) {
	case ZC_WHY_NO_ALLOW:
	case ZC_WHY_NO_RESOLVER: return flag_that_allows(e->setup.image, record);
	case ZC_WHY_NO_NET: return "remove --no-net";
	case ZC_WHY_RULE: break;
	default: return NULL;
	}
	if (!rule || rule->layer != ZC_LAYER_USER)
		return NULL; /* a protected path, or what nothing may allow */
	source = zc_image_text(e->setup.image, rule->source);
	snprintf(record->hint_text, sizeof(record->hint_text),
		 *source == '-' ? "change the flag %s" : "change the rule at %s", source);
	return record->hint_text;
}

static size_t append_shown(char *buffer, size_t cap, size_t at, const void *text, size_t len)
{
	return text && at + 8 < cap ? at + zc_text_show_in(buffer + at, cap - at, text, len) : at;
}

static size_t append_path(const struct zc_record *record, char *buffer, size_t cap, size_t at,
			  unsigned first_field)
{
	size_t len;
	const void *text = field_of(record, first_field, &len);

	for (unsigned field = first_field + 1; !text && field < first_field + 3; field++)
		text = field_of(record, field, &len);
	return append_shown(buffer, cap, at, text, len);
}

size_t zc_record_what(const struct zc_record *record, char *buffer, size_t cap)
{
	const struct zc_frame_head *head = &record->frame->head;
	size_t at = (size_t)snprintf(buffer, cap, "%s ", zc_op_name(head->op));
	struct zc_endpoint endpoint;
	char address[256];
	size_t len;
	const void *text;

	text = field_of(record, ZC_FIELD_HOST, &len);
	if (endpoint_of(record, &endpoint)) {
		at = append_shown(buffer, cap, at, address,
				  zc_endpoint_print(&endpoint, address, sizeof(address)));
		if (!text || at + 16 > cap)
			return at;
		at += (size_t)snprintf(buffer + at, cap - at, " (");
		at = append_shown(buffer, cap - 2, at, text, len);
		return at + (size_t)snprintf(buffer + at, cap - at, ")");
	}
	if (text)
		return append_shown(buffer, cap, at, text, len);
	if (head->op == ZC_OP_SOCKET) {
		const char *family = zc_family_name(record->detail->domain),
			   *type = zc_socket_type_name(record->detail->type);

		return at + (size_t)snprintf(buffer + at, cap - at, "%s %s",
					     family ? family : "of another family",
					     type ? type : "");
	}
	at = append_path(record, buffer, cap, at, ZC_FIELD_PATH);
	if (record->frame->field[ZC_FIELD_PATH2].bytes && at + 16 < cap) {
		at += (size_t)snprintf(buffer + at, cap - at, " -> ");
		at = append_path(record, buffer, cap, at, ZC_FIELD_PATH2);
	}
	if (record->detail->target_pid && at + 32 < cap)
		at += (size_t)snprintf(buffer + at, cap - at, "process %d",
				       record->detail->target_pid);
	while (at && buffer[at - 1] == ' ')
		buffer[--at] = '\0';
	return at;
}

size_t zc_record_by(const struct zc_evidence *e, const struct zc_record *record, char *buffer,
		    size_t cap)
{
	const struct zc_frame_head *head = &record->frame->head;
	const char *text, *source;
	size_t at;

	if (head->reason != ZC_WHY_RULE)
		return (size_t)snprintf(buffer, cap, "%s", zc_reason_text(head->reason));
	if (!record->rule && (head->rule == ZC_RULE_NONE || zc_rule_is_stricter(head->rule)))
		return (size_t)snprintf(buffer, cap, "by a built-in rule");
	if (!record->rule)
		return (size_t)snprintf(buffer, cap, "by rule %u", head->rule);
	text = zc_image_text(e->setup.image, record->rule->text);
	source = zc_image_text(e->setup.image, record->rule->source);
	at = (size_t)snprintf(buffer, cap, "by ");
	at = append_shown(buffer, cap, at, text, strlen(text));
	if (at + 16 < cap) {
		buffer[at++] = ' ', buffer[at++] = '(';
		at = append_shown(buffer, cap - 2, at, source, strlen(source));
		buffer[at++] = ')';
		buffer[at] = '\0';
	}
	return at;
}
