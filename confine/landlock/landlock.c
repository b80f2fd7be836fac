/* SPDX-License-Identifier: MIT */
/*
 * landlock.c - the plan for Landlock, and its three system calls.
 *
 * landlock(7), Documentation/userspace-api/landlock.rst. By ABI: 1 files, 2 moving between
 * directories (REFER), 3 truncation, 4 TCP ports, 5 ioctl of devices (not judged, so not used), 6
 * abstract sockets and signals (the policy lets signals out, so only the former), 7 logging, 8
 * threads (not needed between fork and exec), 9 sockets with a path. The three errata known (1: which
 * sockets are TCP; 2: signals among threads; 3: directories moved out of a bind mount) make nothing
 * stricter that is used here: 1 and 3 concern what the policy judges in the same way, 2 is unused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/landlock/landlock.h"
#include "core/decide/policy.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define RULE_PATH 1 /* LANDLOCK_RULE_* */
#define RULE_PORT 2

#define LAYER ZC_CONFINE_LANDLOCK

struct ruleset_attr {
	uint64_t handled_fs, handled_net, scoped;
};
struct path_attr {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));
struct port_attr {
	uint64_t access, port;
};

static const struct {
	uint64_t rights;
	unsigned cls;
	const char *what;
} groups[] = {
	{ ZC_LL_OF_READ, ZC_CLASS_READ, "reading" },
	{ ZC_LL_OF_WRITE & ~ZC_LL_REFER, ZC_CLASS_WRITE, "writing" },
	{ ZC_LL_EXECUTE, ZC_CLASS_RUN, "running" },
	{ ZC_LL_OF_UNIX, ZC_CLASS_UNIX, "unix sockets" },
};

/* --- whether at all ------------------------------------------------------------------------------ */

static bool may_sys(const struct zc_image *image, unsigned sys)
{
	struct zc_event event;

	memset(&event, 0, sizeof(event));
	event.op = (uint8_t)(ZC_OP_SYS_FIRST + sys);
	return !zc_forbids(zc_policy_decide(image, &event));
}

struct allowance {
	unsigned sys;
	const char *name;
};

/* Names the first of these that the policy allows; NULL: none. */
static const char *first_allowed(const struct zc_image *image, const struct allowance *known,
				 size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (may_sys(image, known[i].sys))
			return known[i].name;
	return NULL;
}

/* What a Landlock domain of any kind would refuse though the policy allows it. */
static const char *forbids_any(const struct zc_image *image)
{
	static const struct allowance known[] = {
		{ ZC_SYS_PTRACE, "allow-sys ptrace" },
		{ ZC_SYS_PROCESS_MEMORY, "allow-sys process-memory" },
		{ ZC_SYS_PIDFD_GETFD, "allow-sys pidfd-getfd" },
		{ ZC_SYS_PERF, "allow-sys perf" },
	};

	return first_allowed(image, known, ZC_LEN(known));
}

/* ... and what one that handles files would: they open files that no path rule was asked about. */
static const char *forbids_files(const struct zc_image *image)
{
	static const struct allowance known[] = {
		{ ZC_SYS_MOUNT, "allow-sys mount" },
		{ ZC_SYS_OPEN_BY_HANDLE, "allow-sys open-by-handle" },
		{ ZC_SYS_SWAP, "allow-sys swap" },
		{ ZC_SYS_ACCOUNTING, "allow-sys accounting" },
	};

	return first_allowed(image, known, ZC_LEN(known));
}

/* --- files ------------------------------------------------------------------------------------ */

static uint64_t known_fs(int abi)
{
	uint64_t known = (ZC_LL_OF_READ | ZC_LL_OF_WRITE | ZC_LL_OF_RUN) &
			 ~(ZC_LL_REFER | ZC_LL_TRUNCATE);

	if (abi >= 2)
		known |= ZC_LL_REFER;
	if (abi >= 3)
		known |= ZC_LL_TRUNCATE;
	if (abi >= 9)
		known |= ZC_LL_RESOLVE_UNIX;
	return known;
}

static bool moves_entries(const struct zc_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct zc_place *place = &places->place[i];

		if (place->directory && (place->exact | place->wide) & ZC_LL_REFER &&
		    !zc_stay_below(place->path, "/proc") && !zc_stay_device(place->path))
			return true;
	}
	return false;
}

/* What is given at "/" need not be handled. Moving is refused by every ruleset, so that is kept. */
static uint64_t what_to_handle(const struct zc_places *places, uint64_t known)
{
	uint64_t handled = known & ~zc_places_give(places, "/");

	return handled & ~ZC_LL_REFER ? handled | (known & ZC_LL_REFER) : 0;
}

static void add_rules(struct zc_plan_maker *maker, const struct zc_places *places, uint64_t handled)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct zc_place *place = &places->place[i];
		struct zc_plan_path rule = { .access = (place->exact | place->wide) & handled };

		if (!place->directory)
			rule.access &= ZC_LL_OF_FILE;
		if (!rule.access)
			continue;
		rule.path = zc_plan_text(maker, place->path);
		zc_plan_add(maker, ZC_PLAN_PATHS, &rule);
	}
}

static uint64_t rights_of(unsigned cls)
{
	for (size_t i = 0; i < ZC_LEN(groups); i++)
		if (groups[i].cls == cls)
			return groups[i].rights;
	return 0;
}

static void tell_of(struct zc_plan_maker *maker, const struct zc_places *places,
		    const struct zc_place_note *note, const char *text, uint64_t handled)
{
	uint64_t rights = rights_of(note->cls) & known_fs(maker->wish->host->landlock_abi);

	if (!note->path || !rights)
		return;
	if (note->to) {
		/* What another rule gives there anyway is no surplus. */
		if (rights & handled & ~zc_places_give_exactly(places, note->to))
			zc_account_widened(maker, LAYER, "%s: to %s (%s)", text, note->to,
					   note->why);
	} else if (rights & ~handled || rights & zc_places_give(places, note->path)) {
		zc_account_lacks(maker, LAYER, "%s: Landlock cannot take away below what it gives",
				 text);
	}
}

/* Says which rules were widened and which denies are not to be had: the user's own come first. */
static void tell(struct zc_plan_maker *maker, const struct zc_places *places, uint64_t handled)
{
	const struct zc_image *image = maker->wish->image;

	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < places->note_count; i++) {
			const struct zc_place_note *note = &places->note[i];
			const struct zc_image_rule *rule = zc_image_rule(image, note->rule);

			if (rule && (rule->layer == ZC_LAYER_USER) == (pass == 0))
				tell_of(maker, places, note, zc_image_text(image, rule->text),
					handled);
		}
	}
}

/* "ABI 7; writing in 3 places, running in 2" */
static void describe(struct zc_plan_maker *maker, const struct zc_places *places, bool files)
{
	uint64_t handled = maker->head.handled_fs;
	char text[512];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ZC_LEN(groups) && at < sizeof(text); i++) {
		unsigned count = 0;

		if (!(groups[i].rights & handled))
			continue;
		for (size_t n = 0; n < places->count; n++)
			count += ((places->place[n].exact | places->place[n].wide) &
				  groups[i].rights & handled) != 0;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "; %s below %u place%s",
				       groups[i].what, count, count == 1 ? "" : "s");
	}
	if (at < sizeof(text) && maker->head.handled_net)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "; TCP%s%s ports",
				       maker->head.handled_net & ZC_LL_CONNECT_TCP ? " connecting"
										   : "",
				       maker->head.handled_net & ZC_LL_BIND_TCP ? " binding" : "");
	if (at < sizeof(text) && maker->head.scoped)
		snprintf(text + at, sizeof(text) - at, "; abstract sockets");
	zc_account_detail(maker, LAYER, "ABI %d%s%s", maker->wish->host->landlock_abi, text,
			  files && !handled ? "; files are left to the policy" : "");
}

static int plan_files(struct zc_plan_maker *maker, struct zc_places *places)
{
	const struct zc_image *image = maker->wish->image;
	uint64_t known = known_fs(maker->wish->host->landlock_abi), handled;
	const char *forbidden = forbids_files(image);
	int error;

	if (forbidden) {
		zc_account_lacks(maker, LAYER, "files: %s would be refused by any rule on them",
				 forbidden);
		return 0;
	}
	error = zc_places_collect(places, maker);
	zc_places_settle(places);
	handled = what_to_handle(places, known);
	if (handled & ZC_LL_EXECUTE) {
		zc_places_add_loaders(places, image);
		zc_places_settle(places);
	}
	if (maker->wish->host->landlock_abi < 2 && moves_entries(places)) {
		zc_account_lacks(maker, LAYER,
				 "files: this kernel's Landlock refuses every move "
				 "between directories (Linux 5.19 does not)");
		return error;
	}
	zc_places_even(places, handled);
	zc_places_settle(places);
	handled = what_to_handle(places, known);
	maker->head.handled_fs = handled;
	add_rules(maker, places, handled);
	if (error || places->error)
		return error ? error : places->error;
	tell(maker, places, handled);
	if (!(known & ZC_LL_RESOLVE_UNIX))
		zc_account_lacks(maker, LAYER,
				 "unix sockets with a path: this kernel's Landlock does "
				 "not know them (ABI 9 does)");
	if (handled & ZC_LL_OF_WRITE && !(known & ZC_LL_TRUNCATE))
		zc_account_lacks(
			maker, LAYER,
			"truncate(2): this kernel's Landlock does not know it (Linux 6.2 does)");
	return 0;
}

int zc_landlock_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	const char *forbidden = forbids_any(wish->image);
	struct zc_places places = { 0 };
	int error;

	if (wish->image->flags & ZC_IMAGE_AUDIT)
		zc_account_detail(maker, LAYER, "--audit refuses nothing");
	else if (wish->host->landlock_abi <= 0)
		zc_account_detail(maker, LAYER, "the kernel has no Landlock, or it is disabled");
	else if (forbidden)
		zc_account_detail(maker, LAYER, "%s: Landlock refuses that in every form",
				  forbidden);
	if (maker->account[LAYER].detail)
		return 0;
	error = plan_files(maker, &places);
	if (!error) {
		zc_landlock_net(maker);
		if (maker->head.handled_fs | maker->head.handled_net | maker->head.scoped) {
			zc_plan_take(maker, LAYER);
			describe(maker, &places, true);
		} else {
			zc_account_detail(maker, LAYER, "the policy leaves nothing to it");
		}
	}
	zc_places_finish(&places);
	return error;
}

/* --- in the child -------------------------------------------------------------------------------- */

static int add_path(int ruleset, const char *path, uint64_t access)
{
	struct path_attr attr = { .access = access };
	int error = 0;

	attr.fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (attr.fd < 0)
		return 0; /* gone since, or out of this user's reach: then for the command too */
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0) < 0) {
		error = errno;
		/* It has become something that is no directory. */
		attr.access &= ZC_LL_OF_FILE;
		if (error == EINVAL && attr.access &&
		    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0) == 0)
			error = 0;
	}
	close(attr.fd);
	return error;
}

static int add_all(const struct zc_confine_plan *plan, int ruleset)
{
	const struct zc_plan_path *paths = zc_plan_at(plan, ZC_PLAN_PATHS);
	const struct zc_plan_port *ports = zc_plan_at(plan, ZC_PLAN_PORTS);
	int error = 0;

	for (uint32_t i = 0; i < plan->table[ZC_PLAN_PATHS].count && !error; i++)
		error = add_path(ruleset, zc_plan_string(plan, paths[i].path), paths[i].access);
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_PORTS].count && !error; i++) {
		const struct port_attr attr = { ports[i].access, ports[i].port };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &attr, 0) < 0)
			error = errno;
	}
	return error;
}

/* Before any other layer, so that masks, another root or another user do not change what is opened. */
void zc_landlock_prepare(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	const struct ruleset_attr attr = { plan->handled_fs, plan->handled_net, plan->scoped };

	state->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	state->ruleset_error = state->ruleset < 0 ? errno : add_all(plan, state->ruleset);
}

int zc_landlock_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	int error = state->ruleset_error;

	if (!error && syscall(SYS_landlock_restrict_self, state->ruleset, 0) < 0)
		error = errno;
	return -error;
}
