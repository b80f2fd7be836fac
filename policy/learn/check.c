/* SPDX-License-Identifier: MIT */
/*
 * check.c - what images say of that which was seen: before the rules are made, and of the rules.
 *
 * The learner has no opinion of its own on what a rule covers. Whatever it writes is built and asked,
 * by the same code that will judge the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/decide/policy.h"
#include "policy/learn/parts.h"

/* What reaches past everything else is never let through because it happened once. */
#define SYS_LOCKED \
	(1ull << ZC_SYS_MODULE | 1ull << ZC_SYS_KEXEC | 1ull << ZC_SYS_REBOOT | \
	 1ull << ZC_SYS_RAW_IO)

enum answer { ALLOWED, OPEN, PROTECTED, DENIED };

static int build(struct zc_learn *learn, const struct zc_learn_list *rules, struct zc_image **ret,
		 struct zc_policy_error *error)
{
	struct zc_policy_set *set = zc_policy_set_new(&learn->world);
	size_t len, size;
	char *text = zc_learn_draft(learn, rules, &len);
	int r = set && text ? 0 : zc_fail_memory(error);

	if (r == 0)
		r = zc_policy_add_text(set, learn->name ? learn->name : "learnt", text, len, error);
	if (r == 0)
		r = zc_policy_freeze(set, ret, &size, error);
	free(text);
	zc_policy_set_free(set);
	return r;
}

static enum answer answer_of(const struct zc_image *image, struct zc_verdict verdict)
{
	const struct zc_image_rule *rule = zc_image_rule(image, verdict.rule);

	if (verdict.action <= ZC_LOGGED)
		return ALLOWED;
	if (verdict.reason != ZC_WHY_RULE || rule == NULL)
		return OPEN;
	return rule->layer == ZC_LAYER_PROFILE ? PROTECTED : DENIED;
}

static void object_of(struct zc_object *object, const char *path, uint32_t len, unsigned need,
		      bool directory)
{
	*object = (struct zc_object){ .path = path,
				      .path_len = len,
				      .dirfd = AT_FDCWD,
				      .need = (uint8_t)need,
				      .flags = ZC_OBJ_EXISTS | (directory ? ZC_OBJ_DIRECTORY : 0) };
}

static enum answer ask_path(const struct zc_image *image, const char *path, uint32_t len,
			    unsigned cls)
{
	static const uint8_t ops[] = { ZC_OP_OPEN_READ, ZC_OP_OPEN_WRITE, ZC_OP_EXEC,
				       ZC_OP_CONNECT };
	struct zc_event event = { .op = ops[cls], .objects = 1 };

	event.oflags = cls == ZC_CLASS_WRITE ? O_WRONLY : O_RDONLY;
	object_of(&event.object[0], path, len, 1u << cls, false);
	if (cls == ZC_CLASS_UNIX) {
		event.flags = ZC_EV_HAS_PEER;
		event.domain = event.peer.family = AF_UNIX;
		event.peer.name_len = (uint16_t)(len < 108 ? len : 108);
		memcpy(event.peer.name, path, event.peer.name_len);
	}
	return answer_of(image, zc_policy_decide(image, &event));
}

static enum answer ask_address(const struct zc_image *image, const struct zc_learn_address *address)
{
	struct zc_event event = { .op = address->listen ? ZC_OP_BIND : ZC_OP_CONNECT,
				  .flags = ZC_EV_HAS_PEER,
				  .domain = address->family,
				  .type = SOCK_STREAM };

	event.peer.family = address->family;
	event.peer.port = address->port;
	memcpy(event.peer.addr, address->addr, sizeof(address->addr));
	return answer_of(image, zc_policy_decide(image, &event));
}

static enum answer ask_sys(const struct zc_image *image, unsigned sys)
{
	struct zc_event event = { .op = (uint8_t)(ZC_OP_SYS_FIRST + sys) };

	return answer_of(image, zc_policy_decide(image, &event));
}

/* --- before ------------------------------------------------------------------------------------------- */

/* A rule that is only listed: people may copy it. */
static int lock(struct zc_learn *learn, const char *word, const char *value)
{
	return value ? zc_learn_add(&learn->locked,
				    zc_set_format(learn->memory, "%s %s", word, value))
		     : -ENOMEM;
}

static const char *const words[] = { "allow-read", "allow-write", "allow-run", "allow-net" };

static int lock_path(struct zc_learn *learn, const struct zc_learn_seen *seen, unsigned cls)
{
	const char *value = zc_learn_spell(learn, seen->path, seen->len, false);

	if (value && cls == ZC_CLASS_UNIX)
		value = zc_set_format(learn->memory, "unix:%s", value);
	return lock(learn, words[cls], value);
}

static int sort_paths(struct zc_learn *learn, const struct zc_image *image)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < learn->seen_count; i++) {
		struct zc_learn_seen *seen = &learn->seen[i];

		for (unsigned cls = 0; r == 0 && cls < ZC_PATH_CLASSES; cls++) {
			enum answer answer;

			if (!(seen->need >> cls & 1))
				continue;
			answer = ask_path(image, seen->path, seen->len, cls);
			if (answer == OPEN)
				seen->open |= (uint8_t)(1u << cls);
			if (answer <= OPEN)
				continue;
			seen->denied |= (uint8_t)(1u << cls);
			r = lock_path(learn, seen, cls);
		}
	}
	return r;
}

static int sort_addresses(struct zc_learn *learn, const struct zc_image *image)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < learn->address_count; i++) {
		struct zc_learn_address *address = &learn->address[i];
		enum answer answer = address->family ? ask_address(image, address) : OPEN;
		char text[160];

		address->open = answer == OPEN;
		if (answer <= OPEN)
			continue;
		zc_learn_address_text(learn, address, text, sizeof(text));
		r = lock(learn, address->listen ? "allow-listen" : "allow-net", text);
	}
	return r;
}

static int sort_sys(struct zc_learn *learn, const struct zc_image *image)
{
	int r = 0;

	for (unsigned sys = 0; r == 0 && sys < ZC_SYS_COUNT; sys++) {
		uint64_t bit = 1ull << sys;
		enum answer answer = ask_sys(image, sys);

		if (answer != OPEN)
			learn->sys_refused &= ~bit;
		if (!(learn->sys & bit))
			continue;
		if (answer == OPEN && bit & SYS_LOCKED)
			answer = PROTECTED;
		if (answer != OPEN)
			learn->sys &= ~bit;
		if (answer > OPEN)
			r = lock(learn, "allow-sys", zc_sys_name(sys));
	}
	return r;
}

int zc_learn_sort_out(struct zc_learn *learn, struct zc_policy_error *error)
{
	struct zc_image *image = NULL;
	int r = build(learn, &learn->kept, &image, error);

	if (r == 0 && (sort_paths(learn, image) < 0 || sort_addresses(learn, image) < 0 ||
		       sort_sys(learn, image) < 0))
		r = zc_fail_memory(error);
	free(image);
	return r;
}

bool zc_learn_sys_is_locked(unsigned sys)
{
	return SYS_LOCKED >> sys & 1;
}

bool zc_learn_is_locked(const struct zc_image *image, const char *path, uint32_t len, unsigned cls)
{
	return ask_path(image, path, len, cls) == PROTECTED;
}

int zc_learn_protected(struct zc_learn *learn, struct zc_image **ret, struct zc_policy_error *error)
{
	static const char text[] = "include @protected\n";
	struct zc_policy_set *set = zc_policy_set_new(&learn->world);
	size_t size;
	int r = set ? zc_policy_add_text(set, "learnt", text, sizeof(text) - 1, error)
		    : zc_fail_memory(error);

	if (r == 0)
		r = zc_policy_freeze(set, ret, &size, error);
	zc_policy_set_free(set);
	return r;
}

/* --- after ------------------------------------------------------------------------------------------- */

static int need_more(struct zc_learn *learn, const char *path, uint32_t len, unsigned needs,
		     bool tree)
{
	struct zc_learn_node *node = zc_learn_node(learn, path, len, false);

	if (node == NULL)
		return -ENOMEM;
	if (tree && !zc_learn_is_container(learn, path, len))
		node->tree |= (uint8_t)needs;
	else
		node->seen |= (uint8_t)needs;
	return 1;
}

static int give_up(struct zc_learn *learn, const char *what, const char *path, uint32_t len)
{
	const char *value = zc_learn_spell(learn, path, len, false);

	return value ? zc_learn_add(&learn->unsaid,
				    zc_set_format(learn->memory, "%s %s", what, value))
		     : -ENOMEM;
}

static int recheck_paths(struct zc_learn *learn, const struct zc_image *image, bool last)
{
	int added = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < learn->seen_count; i++) {
		const struct zc_learn_seen *seen = &learn->seen[i];

		if (seen->flags & ZC_LEARN_REFUSED)
			continue;
		for (unsigned cls = 0; r >= 0 && cls < ZC_PATH_CLASSES; cls++) {
			if (!(seen->open >> cls & 1) ||
			    ask_path(image, seen->path, seen->len, cls) == ALLOWED)
				continue;
			r = last ? give_up(learn, words[cls], seen->path, seen->len)
				 : need_more(learn, seen->path, seen->len, 1u << cls, false);
			added++;
		}
	}
	return r < 0 ? r : added;
}

static struct zc_verdict judge_move(const struct zc_image *image,
				    const struct zc_learn_moved *moved)
{
	struct zc_event event = { .op = moved->link ? ZC_OP_LINK : ZC_OP_RENAME, .objects = 2 };
	unsigned from = ZC_NEED_WRITE | (moved->link ? ZC_NEED_READ : 0u);

	object_of(&event.object[0], moved->from, moved->from_len, from, moved->directory);
	object_of(&event.object[1], moved->to, moved->to_len, ZC_NEED_WRITE, moved->directory);
	return zc_policy_decide(image, &event);
}

/* What the thing may be used for at its new place it must be allowed where it comes from. */
static int even_out(struct zc_learn *learn, const struct zc_image *image,
		    const struct zc_learn_moved *moved, unsigned refused_cls)
{
	unsigned needs = 0;
	int r = 0;

	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		if (ask_path(image, moved->to, moved->to_len, cls) == ALLOWED &&
		    ask_path(image, moved->from, moved->from_len, cls) == OPEN)
			needs |= 1u << cls;
	/* It is something below the new place then. */
	if (needs == 0 && refused_cls < ZC_PATH_CLASSES &&
	    ask_path(image, moved->from, moved->from_len, refused_cls) == OPEN)
		needs = 1u << refused_cls;
	if (needs)
		r = need_more(learn, moved->from, moved->from_len, needs, moved->directory);
	return r;
}

static int recheck_moves(struct zc_learn *learn, const struct zc_image *image, bool last)
{
	int added = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < learn->moved_count; i++) {
		const struct zc_learn_moved *moved = &learn->moved[i];
		struct zc_verdict verdict = judge_move(image, moved);
		int more = 0;

		if (verdict.action <= ZC_LOGGED || verdict.reason == ZC_WHY_RULE ||
		    verdict.reason == ZC_WHY_NO_ALLOW)
			continue; /* an end of it is denied, and listed */
		if (verdict.reason == ZC_WHY_MOVE_GAINS && !last)
			r = more = even_out(learn, image, moved, verdict.cls);
		if (r >= 0 && more == 0)
			r = give_up(learn, "moving or linking", moved->from, moved->from_len);
		added += more > 0;
	}
	return r < 0 ? r : added;
}

int zc_learn_recheck(struct zc_learn *learn, bool last, struct zc_policy_error *error)
{
	struct zc_image *image = NULL;
	int r = build(learn, &learn->rules, &image, error), moves;

	if (r < 0)
		return r;
	r = recheck_paths(learn, image, last);
	moves = r < 0 ? r : recheck_moves(learn, image, last);
	free(image);
	return moves < 0 ? zc_fail_memory(error) : r + moves;
}
