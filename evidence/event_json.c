/* SPDX-License-Identifier: MIT */
/*
 * event_json.c - one record as one line of events.jsonl (docs/EVIDENCE.md has the schema).
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/event.h"
#include "text/flags.h"
#include "evidence/secret.h"
#include "evidence/state.h"

#define EVENT_ARGS 64u
#define EVENT_ARG_BYTES 2048u

/* Appends a number with leading zeros. */
static char *digits(char *to, unsigned value, unsigned count)
{
	for (unsigned i = count; i--; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + count;
}

/* RFC 3339 in UTC with nanoseconds. The second is spelled once and kept. */
static void write_time(struct zc_evidence *e, uint64_t real_ns)
{
	time_t second = (time_t)(real_ns / 1000000000u);
	char text[40];
	struct tm tm;
	char *at;

	if (second != e->stamped || !*e->stamp) {
		if (!gmtime_r(&second, &tm) ||
		    !strftime(e->stamp, sizeof(e->stamp), "%Y-%m-%dT%H:%M:%S", &tm))
			snprintf(e->stamp, sizeof(e->stamp), "1970-01-01T00:00:00");
		e->stamped = second;
	}
	at = text + strlen(e->stamp);
	memcpy(text, e->stamp, (size_t)(at - text));
	*at++ = '.';
	at = digits(at, (unsigned)(real_ns % 1000000000u), 9);
	*at++ = 'Z';
	zc_json_text(&e->line, "time", text, (size_t)(at - text));
}

void zc_event_begin(struct zc_evidence *e, uint64_t real_ns, uint64_t mono_ns, const char *type)
{
	zc_json_reset(&e->line);
	zc_json_open(&e->line, NULL, '{');
	zc_json_string(&e->line, "schema", ZC_EVENT_SCHEMA);
	zc_json_string(&e->line, "run", e->setup.run_id);
	zc_json_uint(&e->line, "seq", ++e->seq);
	write_time(e, real_ns);
	zc_json_uint(&e->line, "mono_ns", mono_ns);
	zc_json_string(&e->line, "type", type);
}

void zc_rule_write(const struct zc_evidence *e, struct zc_json *json,
		   const struct zc_record *record)
{
	static const char *const layers[] = { "base", "profile", "user", "implicit" };
	const struct zc_image_rule *rule = record->rule;
	const struct zc_frame_head *head = &record->frame->head;

	zc_json_open(json, "rule", '{');
	zc_json_string(json, "source", rule ? zc_image_text(e->setup.image, rule->source) : NULL);
	zc_json_string(json, "text", rule ? zc_image_text(e->setup.image, rule->text) : NULL);
	zc_json_string(json, "layer",
		       rule && rule->layer < ZC_LEN(layers) ? layers[rule->layer] : NULL);
	if (zc_rule_is_stricter(head->rule))
		zc_json_string(json, "policy", "audit");
	else if (!rule && head->rule != ZC_RULE_NONE)
		zc_json_uint(json, "number", head->rule);
	zc_json_string(json, "class", zc_policy_class_name(head->cls));
	zc_json_string(json, "reason", zc_reason_name(head->reason));
	if (head->reason != ZC_WHY_RULE)
		zc_json_string(json, "why", zc_reason_text(head->reason));
	zc_json_close(json, '}');
}

static void write_field(struct zc_json *json, const char *key, const struct zc_frame *frame,
			unsigned field)
{
	if (frame->field[field].bytes)
		zc_json_text(json, key, frame->field[field].bytes, frame->field[field].len);
}

/* The spellings of one path. With no resolved path, what the program asked for is all there is. */
static void write_paths(struct zc_json *json, const struct zc_record *record, unsigned index)
{
	const struct zc_frame *frame = record->frame;
	unsigned path = index ? ZC_FIELD_PATH2 : ZC_FIELD_PATH;

	if (!frame->field[path].bytes && frame->field[path + 1].bytes)
		write_field(json, "path", frame, path + 1);
	else
		write_field(json, "path", frame, path);
	write_field(json, "requested", frame, path + 2);
	write_field(json, "given", frame, path + 1);
	if (record->detail->object_flags[index] & ZC_OBJ_BY_FD)
		zc_json_int(json, "fd", record->detail->dirfd[index]);
}

static void write_address(struct zc_json *json, const struct zc_endpoint *endpoint)
{
	const char *family = zc_family_name(endpoint->family);
	char text[160];
	size_t len;

	if (family)
		zc_json_string(json, "family", family);
	else
		zc_json_uint(json, "family", endpoint->family);
	if (endpoint->family == AF_UNIX) {
		bool abstract = endpoint->name_len && !endpoint->name[0];

		zc_json_text(json, abstract ? "abstract" : "path", endpoint->name + abstract,
			     endpoint->name_len - (size_t)abstract);
	} else if (endpoint->family == AF_INET || endpoint->family == AF_INET6) {
		len = zc_endpoint_print(endpoint, text, sizeof(text));
		while (len && text[len] != ':') /* the port comes as a number of its own */
			len--;
		zc_json_text(json, "address", text + (*text == '['), len - 2 * (*text == '['));
		zc_json_uint(json, "port", endpoint->port);
	}
}

static void write_socket(struct zc_json *json, const struct zc_wire_detail *detail)
{
	const char *family = zc_family_name(detail->domain),
		   *type = zc_socket_type_name(detail->type);

	if (family)
		zc_json_string(json, "family", family);
	else
		zc_json_int(json, "family", detail->domain);
	if (type)
		zc_json_string(json, "socket_type", type);
	else
		zc_json_int(json, "socket_type", detail->type);
	zc_json_int(json, "protocol", detail->protocol);
}

/* What the call needs of an object, in the policy's words, and whether that is a directory. */
static void write_needs(struct zc_json *json, const struct zc_record *record, unsigned index)
{
	const struct zc_wire_detail *detail = record->detail;
	unsigned need = zc_object_need(record->frame->head.op, detail->oflags, detail->need[index],
				       detail->object_flags[index]);

	if (need) {
		zc_json_open(json, "needs", '[');
		for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
			if (need >> cls & 1)
				zc_json_string(json, NULL, zc_policy_class_name(cls));
		zc_json_close(json, ']');
	}
	if (detail->object_flags[index] & ZC_OBJ_DIRECTORY)
		zc_json_bool(json, "directory", true);
}

static bool holds(const struct zc_frame *frame, unsigned field, const char *text, size_t len)
{
	return frame->field[field].bytes && frame->field[field].len == len &&
	       !memcmp(frame->field[field].bytes, text, len);
}

static bool is_open(unsigned op)
{
	return op == ZC_OP_OPEN || op == ZC_OP_OPEN_READ || op == ZC_OP_OPEN_WRITE ||
	       op == ZC_OP_OPEN_RDWR;
}

/* The name that was asked for, or that is known for the address, and then how. */
static void write_host(struct zc_json *json, const struct zc_frame *frame)
{
	const uint8_t *source = frame->field[ZC_FIELD_HOST_SOURCE].bytes;
	const char *known = source && frame->field[ZC_FIELD_HOST_SOURCE].len
				    ? zc_host_source_name(*source)
				    : NULL;

	write_field(json, "host", frame, ZC_FIELD_HOST);
	if (frame->field[ZC_FIELD_HOST].bytes && known)
		zc_json_string(json, "host_source", known);
}

static void write_digest(struct zc_json *json, const struct zc_wire_digest *digest)
{
	const char *error = digest->error == EFBIG ? "too large" : zc_errno_name(digest->error);
	char hex[2 * sizeof(digest->sha256) + 1];

	zc_json_open(json, "digest", '{');
	if (digest->error) {
		zc_json_string(json, "unavailable", error ? error : "unknown");
	} else {
		sodium_bin2hex(hex, sizeof(hex), digest->sha256, sizeof(digest->sha256));
		zc_json_string(json, "sha256", hex);
		zc_json_uint(json, "size", digest->size);
		zc_json_string(json, "when", digest->after ? "after" : "before");
	}
	zc_json_close(json, '}');
}

void zc_object_write(struct zc_json *json, const struct zc_record *record)
{
	const struct zc_frame *frame = record->frame;
	const struct zc_wire_detail *detail = record->detail;
	unsigned op = frame->head.op;
	struct zc_endpoint endpoint = { 0 };

	zc_json_open(json, "object", '{');
	if (op >= ZC_OP_SYS_FIRST)
		zc_json_string(json, "name", zc_op_name(op));
	if (frame->field[ZC_FIELD_ENDPOINT].len == sizeof(endpoint)) {
		memcpy(&endpoint, frame->field[ZC_FIELD_ENDPOINT].bytes, sizeof(endpoint));
		if (endpoint.name_len <= sizeof(endpoint.name))
			write_address(json, &endpoint);
	} else if (op == ZC_OP_SOCKET) {
		write_socket(json, detail);
	}
	write_host(json, frame);
	if (endpoint.family != AF_UNIX)
		write_paths(json, record, 0);
	else if (!holds(frame, ZC_FIELD_PATH, endpoint.name, endpoint.name_len))
		write_field(json, "resolved", frame, ZC_FIELD_PATH);
	write_needs(json, record, 0);
	if (is_open(op))
		zc_flags_write_open(json, detail->oflags);
	if (detail->target_pid)
		zc_json_int(json, "pid", detail->target_pid);
	if (op == ZC_OP_EXEC && frame->field[ZC_FIELD_ARGV].bytes)
		zc_secret_list(json, "argv", frame->field[ZC_FIELD_ARGV].bytes,
			       frame->field[ZC_FIELD_ARGV].len, EVENT_ARGS, EVENT_ARG_BYTES);
	if (detail->event_flags & ZC_EV_UNREADABLE)
		zc_json_bool(json, "unreadable", true);
	if (record->has_digest)
		write_digest(json, &record->digest);
	zc_json_close(json, '}');
	if (!frame->field[ZC_FIELD_PATH2].bytes && !frame->field[ZC_FIELD_REQUESTED2].bytes)
		return;
	zc_json_open(json, "object2", '{');
	write_paths(json, record, 1);
	write_needs(json, record, 1);
	zc_json_close(json, '}');
}

/* One argument as text, by its role; paths as the program gave them. */
static void write_argument(struct zc_json *json, const struct zc_record *record, unsigned role,
			   uint64_t value, unsigned *paths)
{
	const struct zc_frame *frame = record->frame;
	struct zc_endpoint endpoint;
	char text[512];

	if (role == ZC_ROLE_PATH || role == ZC_ROLE_ENTRY) {
		unsigned field = (*paths)++ ? ZC_FIELD_REQUESTED2 : ZC_FIELD_REQUESTED;

		if (frame->field[field].bytes) {
			zc_json_text(json, NULL, frame->field[field].bytes,
				     frame->field[field].len);
			return;
		}
	}
	if (role == ZC_ROLE_SOCKADDR && frame->field[ZC_FIELD_ENDPOINT].len == sizeof(endpoint)) {
		memcpy(&endpoint, frame->field[ZC_FIELD_ENDPOINT].bytes, sizeof(endpoint));
		if (endpoint.name_len <= sizeof(endpoint.name)) {
			zc_json_text(json, NULL, text,
				     zc_endpoint_print(&endpoint, text, sizeof(text)));
			return;
		}
	}
	if (role == ZC_ROLE_HOW)
		zc_flags_text(ZC_ROLE_OFLAGS, record->detail->oflags, text, sizeof(text));
	else
		zc_argument_text(role, value, text, sizeof(text));
	zc_json_string(json, NULL, text);
}

static void write_syscall(struct zc_json *json, const struct zc_record *record)
{
	const struct zc_frame_head *head = &record->frame->head;
	const struct zc_call *call = head->call < ZC_CALL_COUNT ? &zc_calls[head->call] : NULL;
	const char *error = zc_errno_name(head->error);
	unsigned paths = 0;

	zc_json_open(json, "syscall", '{');
	zc_json_string(json, "name", call ? call->name : NULL);
	zc_json_string(json, "abi", zc_abi_name(head->abi));
	zc_json_open(json, "args", '[');
	for (unsigned i = 0; call && i < 6 && call->role[i] != ZC_ROLE_NONE; i++)
		write_argument(json, record, call->role[i], head->args[i], &paths);
	zc_json_close(json, ']');
	if (head->error && !error)
		zc_json_uint(json, "errno", head->error);
	else
		zc_json_string(json, "errno", head->error ? error : NULL);
	zc_json_close(json, '}');
}

void zc_event_write_process(struct zc_evidence *e, const struct zc_frame *frame,
			    const struct zc_process *process)
{
	struct zc_json *json = &e->line;

	zc_json_open(json, "process", '{');
	zc_json_int(json, "pid", frame->head.pid);
	zc_json_int(json, "tid", frame->head.tid);
	zc_json_int(json, "ppid", frame->head.ppid);
	zc_json_uint(json, "uid", frame->head.uid);
	if (process && process->program && process->program->members)
		zc_json_members(json, process->program->members, process->program->members_len);
	else
		zc_json_null(json, "exe");
	zc_process_write_ancestry(e->processes, process, json);
	zc_json_close(json, '}');
}

void zc_event_write_trust(struct zc_evidence *e, uint32_t source)
{
	static const char *const sources[] = { "shim", "ptrace", "notify", "supervisor", "proc" };

	zc_json_open(&e->line, "evidence", '{');
	zc_json_string(&e->line, "source", source < ZC_LEN(sources) ? sources[source] : NULL);
	zc_json_string(&e->line, "trust", source == ZC_SOURCE_SHIM ? "inside" : "outside");
	if (source == ZC_SOURCE_PROC)
		zc_json_bool(&e->line, "sampled", true);
	zc_json_close(&e->line, '}');
}

/* Whole, or where it stands already. One without frames is shorter than a reference. */
static void write_stack(struct zc_evidence *e, bool is_new)
{
	struct zc_json *json = &e->line, before = *json;
	uint64_t seq;

	zc_stack_write(&e->stack, json);
	if (!e->stack.count || json->failed)
		return;
	seq = zc_stacks_once(e->once, json->bytes + before.len, json->len - before.len, e->seq,
			     is_new);
	if (!seq)
		return;
	json->len = before.len;
	json->comma = before.comma;
	zc_json_open(json, "stack", '{');
	zc_json_string(json, "status", e->stack.status);
	zc_json_uint(json, "ref", seq);
	zc_json_close(json, '}');
}

void zc_accepted_write(struct zc_json *json, const struct zc_accepted *accepted)
{
	zc_json_open(json, "accepted", '{');
	zc_json_string(json, "why", accepted->why);
	zc_json_string(json, "until", accepted->until);
	zc_json_string(json, "by", accepted->by);
	zc_json_close(json, '}');
}

void zc_event_write(struct zc_evidence *e, const struct zc_record *record,
		    const struct zc_finding *finding, uint64_t fingerprint, bool is_new)
{
	const struct zc_frame_head *head = &record->frame->head;
	struct zc_json *json = &e->line;
	char hex[17];

	zc_event_begin(e, head->real_ns, head->mono_ns,
		       zc_record_violates(record) ? "violation" : "access");
	zc_json_string(json, "op", zc_op_name(head->op));
	zc_json_string(json, "action", zc_action_name(head->action));
	zc_json_string(json, "severity", record->severity);
	if (head->asked)
		zc_json_string(json, "asked", zc_asked_name(head->asked));
	zc_rule_write(e, json, record);
	zc_object_write(json, record);
	write_syscall(json, record);
	zc_event_write_process(e, record->frame, record->process);
	zc_event_write_trust(e, head->source);
	write_stack(e, is_new);
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)fingerprint);
	zc_json_string(json, "fingerprint", hex);
	zc_json_uint(json, "count", head->repeat ? head->repeat : 1);
	if (head->flags & ZC_FRAME_REPEATS)
		zc_json_bool(json, "repeats_only_counted", true);
	if (head->flags & ZC_FRAME_DAC_REFUSES)
		zc_json_bool(json, "dac_refuses", true);
	if (head->flags & ZC_FRAME_TRUNCATED)
		zc_json_bool(json, "truncated", true);
	if (finding->accepted)
		zc_accepted_write(json, finding->accepted);
	zc_json_string(json, "hint", record->hint);
	zc_log_write(&e->log, json);
}
