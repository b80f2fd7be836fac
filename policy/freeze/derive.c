/* SPDX-License-Identifier: MIT */
/*
 * derive.c - the rules that nobody wrote: what protects the run itself, the jail, the sockets that
 * follow from what may be written. Resolvers: derive_names.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/path.h"
#include "policy/freeze/freeze.h"
#include "policy/language/language.h"
#include "policy/set.h"

bool zc_set_user_allows(const struct zc_policy_set *set, unsigned cls)
{
	for (size_t i = 0; i < set->rules_count; i++)
		if (set->rules[i].layer == ZC_LAYER_USER && set->rules[i].cls == cls &&
		    set->rules[i].says <= ZC_SAYS_LOG && set->rules[i].argv == NULL)
			return true;
	return false;
}

struct zc_rule *zc_derive(struct zc_policy_set *set, struct zc_origin origin, unsigned layer,
			  unsigned says, unsigned cls, const char *value)
{
	struct zc_rule *rule = value != NULL ? zc_set_rule(set) : NULL;

	if (rule == NULL)
		return NULL;
	rule->origin = origin;
	rule->layer = (uint8_t)layer;
	rule->says = (uint8_t)says;
	rule->cls = (uint8_t)cls;
	rule->derived = true;
	rule->written = rule->value = value;
	return rule;
}

/* A path of ours as the command sees it: NULL when it lies outside of its root. */
static const char *seen_from_inside(const struct zc_policy_set *set, const char *path)
{
	const char *jail = set->world.jail;
	size_t len = jail && jail[1] ? strlen(jail) : 0;

	if (!len)
		return path;
	if (!zc_path_under(path, strlen(path), jail, len))
		return NULL;
	return path[len] ? path + len : "/";
}

/* Closes a path of ours to the classes whose bits are given. */
static int close_path(struct zc_policy_set *set, const char *why, const char *path,
		      unsigned classes, struct zc_policy_error *error)
{
	struct zc_origin origin = { why, 0 };
	const char *value;

	if (path == NULL || path[0] != '/')
		return path == NULL ? 0 : zc_fail(error, origin, "'%.400s' is not absolute", path);
	path = seen_from_inside(set, path);
	if (path == NULL)
		return 0;
	value = zc_value_encode(set, path, strlen(path), true);
	for (unsigned cls = ZC_CLASS_READ; cls <= ZC_CLASS_WRITE; cls++)
		if ((classes >> cls & 1) &&
		    !zc_derive(set, origin, ZC_LAYER_IMPLICIT, ZC_SAYS_DENY, cls, value))
			return zc_fail_memory(error);
	return 0;
}

/* Files below /proc/PID through which a process could be read, steered or ended. */
static const char *const process_files[] = {
	"mem",
	"fd",
	"fdinfo",
	"map_files",
	"root",
	"cwd",
	"environ",
	"auxv",
	"maps",
	"smaps",
	"pagemap",
	"attr",
	"uid_map",
	"gid_map",
	"projid_map",
	"setgroups",
	"oom_adj",
	"oom_score_adj",
	"coredump_filter",
	"clear_refs",
	"stack",
	"syscall",
	"timerslack_ns",
	"comm",
};

static int close_process(struct zc_policy_set *set, int32_t pid, unsigned cls,
			 struct zc_policy_error *error)
{
	struct zc_origin origin = { "ZenCube's own process", 0 };
	size_t count = ZC_LEN(process_files) * 2;
	struct zc_pattern *patterns = zc_set_alloc(set, count * sizeof(*patterns));
	struct zc_rule *rule = zc_derive(set, origin, ZC_LAYER_IMPLICIT, ZC_SAYS_DENY, cls,
					 zc_set_format(set, "/proc/%d/mem", pid));

	if (rule == NULL || patterns == NULL)
		return zc_fail_memory(error);
	for (size_t i = 0; i < count; i++) {
		patterns[i].text = zc_set_format(set, i & 1 ? "/proc/%d/task/*/%s" : "/proc/%d/%s",
						 pid, process_files[i / 2]);
		patterns[i].literal = !(i & 1);
		if (patterns[i].text == NULL)
			return zc_fail_memory(error);
	}
	rule->patterns = patterns;
	rule->patterns_count = (uint32_t)count;
	/* Without the number: the text is part of a finding's fingerprint. */
	rule->text = cls == ZC_CLASS_READ ? "deny-read /proc/ZENCUBE/mem, fd, environ ..."
					  : "deny-write /proc/ZENCUBE/mem, fd, oom_score_adj ...";
	return 0;
}

int zc_derive_implicit(struct zc_policy_set *set, struct zc_policy_error *error)
{
	const struct zc_policy_world *world = &set->world;
	const unsigned read = 1u << ZC_CLASS_READ, write = 1u << ZC_CLASS_WRITE;
	int r = close_path(set, "the log directory", world->log_dir, write, error);

	for (const char *const *p = world->ours_write; p != NULL && *p != NULL && r == 0; p++)
		r = close_path(set, "ZenCube's own files", *p, write, error);
	for (const char *const *p = world->ours_read; p != NULL && *p != NULL && r == 0; p++)
		r = close_path(set, "the signing key", *p, read | write, error);
	for (size_t i = 0; i < set->files.count && r == 0; i++)
		r = close_path(set, "a policy file", set->files.items[i], write, error);
	if (r == 0 &&
	    !zc_derive(set, (struct zc_origin){ "ZenCube's own process", 0 }, ZC_LAYER_IMPLICIT,
		       ZC_SAYS_DENY, ZC_CLASS_SYS, zc_sys_name(ZC_SYS_SIGNAL_SUPERVISOR)))
		return zc_fail_memory(error);
	for (size_t i = 0; i < ZC_LEN(world->supervisor) && r == 0; i++)
		for (unsigned cls = ZC_CLASS_READ; cls <= ZC_CLASS_WRITE && r == 0; cls++)
			if (world->supervisor[i] > 0)
				r = close_process(set, world->supervisor[i], cls, error);
	return r;
}

bool zc_derive_is_beyond_jail(const struct zc_policy_set *set, const char *value)
{
	static const char *const names[] = {
		"/etc/passwd",
		"/etc/group",
		"/etc/nsswitch.conf",
		"/etc/hosts",
		"/etc/host.conf",
		"/etc/resolv.conf",
		"/run/systemd/resolve",
		"/etc/gai.conf",
		"/etc/services",
		"/etc/protocols",
		"/etc/hostname",
		"/etc/machine-id",
		"/etc/os-release",
		"/etc/debian_version",
		"/etc/lsb-release",
		"/etc/mime.types",
		"/etc/magic",
		"/etc/inputrc",
		"/etc/mtab",
		"/proc/mounts",
	};

	if (set->jail == NULL || set->world.jail != NULL)
		return false;
	for (size_t i = 0; i < ZC_LEN(names); i++)
		if (strcmp(value, names[i]) == 0)
			return true;
	return false;
}

int zc_derive_jail(struct zc_policy_set *set, struct zc_policy_error *error)
{
	struct zc_origin origin = { "--jail", 0 };
	struct stat st;
	const char *value;
	char *real;
	int error_number;

	if (set->jail == NULL)
		return 0;
	real = realpath(set->jail, NULL);
	error_number = real == NULL          ? errno
		       : stat(real, &st) < 0 ? errno
		       : S_ISDIR(st.st_mode) ? 0
					     : ENOTDIR;
	if (real == NULL || error_number != 0) {
		free(real);
		return zc_fail(error, set->jail_origin, "cannot use '%.400s': %s", set->jail,
			       strerror(error_number));
	}
	set->jail = zc_set_copy(set, real, strlen(real));
	free(real);
	value = set->world.jail ? "/"
		: set->jail     ? zc_value_encode(set, set->jail, strlen(set->jail), true)
				: NULL;
	for (unsigned cls = ZC_CLASS_READ; cls <= ZC_CLASS_RUN; cls++)
		if (!zc_derive(set, origin, ZC_LAYER_PROFILE, ZC_SAYS_ALLOW, cls, value))
			return zc_fail_memory(error);
	value = value ? zc_set_format(set, "unix:%s", value) : NULL;
	if (!zc_derive(set, origin, ZC_LAYER_PROFILE, ZC_SAYS_ALLOW, ZC_CLASS_NET, value))
		return zc_fail_memory(error);
	return 0;
}

static bool is_writable_sockets(const struct zc_rule *rule)
{
	return rule->cls == ZC_CLASS_NET && rule->value != NULL &&
	       strcmp(rule->value, "unix:${WRITABLE}") == 0;
}

/* Is this write rule one whose allow counts? */
static bool allows_write(const struct zc_rule *rule, unsigned layer)
{
	return rule->cls == ZC_CLASS_WRITE && rule->layer == layer && rule->says <= ZC_SAYS_LOG;
}

static const struct zc_pattern whole[] = { { "/", true } };

static const struct zc_pattern *patterns_of(const struct zc_rule *rule, uint32_t *ret_count)
{
	*ret_count = rule->everything ? 1 : rule->patterns_count;
	return rule->everything ? whole : rule->patterns;
}

/* "Below what the whole policy lets the command write": the patterns of every write that counts. */
static int fill_writable(struct zc_policy_set *set, size_t which, struct zc_policy_error *error)
{
	unsigned layer = zc_set_user_allows(set, ZC_CLASS_WRITE) ? ZC_LAYER_USER : ZC_LAYER_PROFILE;
	struct zc_pattern *patterns;
	uint32_t total = 0, count;

	for (size_t i = 0; i < set->rules_count; i++)
		if (allows_write(&set->rules[i], layer))
			total += patterns_of(&set->rules[i], &count) ? count : 0;
	if (total == 0)
		return 0;
	patterns = zc_set_alloc(set, total * sizeof(*patterns));
	if (patterns == NULL)
		return zc_fail_memory(error);
	set->rules[which].patterns = patterns;
	set->rules[which].patterns_count = total;
	for (size_t i = 0; i < set->rules_count; i++) {
		const struct zc_pattern *from = patterns_of(&set->rules[i], &count);

		if (allows_write(&set->rules[i], layer) && from != NULL) {
			memcpy(patterns, from, count * sizeof(*patterns));
			patterns += count;
		}
	}
	return 0;
}

/* What may not be written is no socket to talk to either, unless the user's own rules say so. */
static int deny_unwritable(struct zc_policy_set *set, struct zc_policy_error *error)
{
	size_t count = set->rules_count;

	for (size_t i = 0; i < count; i++) {
		struct zc_rule from = set->rules[i], *rule;

		if (from.cls != ZC_CLASS_WRITE || from.says < ZC_SAYS_DENY ||
		    from.layer == ZC_LAYER_IMPLICIT)
			continue;
		rule = zc_derive(set, from.origin, ZC_LAYER_PROFILE, from.says, ZC_CLASS_NET,
				 "unix:${WRITABLE}");
		if (rule == NULL)
			return zc_fail_memory(error);
		rule->text = zc_rule_text(set, &from, true);
		rule->patterns = patterns_of(&from, &rule->patterns_count);
	}
	return 0;
}

int zc_derive_sockets(struct zc_policy_set *set, struct zc_policy_error *error)
{
	size_t count = set->rules_count;
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (is_writable_sockets(&set->rules[i])) {
			any = any || set->rules[i].layer == ZC_LAYER_PROFILE;
			r = fill_writable(set, i, error);
		}
	}
	if (r == 0 && any && !zc_set_user_allows(set, ZC_CLASS_NET))
		r = deny_unwritable(set, error);
	return r;
}
