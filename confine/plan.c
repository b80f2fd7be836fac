/* SPDX-License-Identifier: MIT */
/*
 * plan.c - the ordered table of layers: planning them, checking a plan, applying it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "confine/plan.h"

/* A command that keeps what it was to lose is worse than one that does not start. */
#define ALWAYS_REQUIRED (1u << ZC_CONFINE_CHROOT | 1u << ZC_CONFINE_CREDENTIALS)

static int nnp_plan(struct zc_plan_maker *maker);
static int nnp_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state);

/* In the order of application. No plan: the layer is not built. */
const struct zc_confine_row zc_confine_rows[ZC_CONFINE_LAYERS] = {
	[ZC_CONFINE_USERNS] = { "userns", zc_userns_plan, NULL, zc_userns_apply },
	[ZC_CONFINE_NETNS] = { "netns", zc_netns_plan, NULL, zc_netns_apply },
	[ZC_CONFINE_MOUNTS] = { "mounts", zc_mounts_plan, NULL, zc_mounts_apply },
	[ZC_CONFINE_CHROOT] = { "chroot", zc_chroot_plan, NULL, zc_chroot_apply },
	[ZC_CONFINE_CREDENTIALS] = { "credentials", zc_credentials_plan, NULL,
				     zc_credentials_apply },
	[ZC_CONFINE_NNP] = { "no_new_privs", nnp_plan, NULL, nnp_apply },
	[ZC_CONFINE_LANDLOCK] = { "landlock", zc_landlock_plan, zc_landlock_prepare,
				  zc_landlock_apply },
	[ZC_CONFINE_SECCOMP] = { "seccomp", zc_companion_plan, NULL, zc_companion_apply },
};

/* A user namespace is there for others; no_new_privs too. */
static const uint8_t plan_order[ZC_CONFINE_LAYERS] = {
	ZC_CONFINE_NETNS,       ZC_CONFINE_MOUNTS,   ZC_CONFINE_CHROOT,  ZC_CONFINE_USERNS,
	ZC_CONFINE_CREDENTIALS, ZC_CONFINE_LANDLOCK, ZC_CONFINE_SECCOMP, ZC_CONFINE_NNP,
};

const char *zc_confine_name(unsigned layer)
{
	return layer < ZC_CONFINE_LAYERS ? zc_confine_rows[layer].name : "?";
}

int zc_confine_find(const char *name)
{
	for (int layer = 0; layer < ZC_CONFINE_LAYERS; layer++)
		if (!strcmp(name, zc_confine_rows[layer].name))
			return layer;
	return -1;
}

bool zc_confine_plans(const struct zc_confine_plan *plan, unsigned layer)
{
	return layer < ZC_CONFINE_LAYERS && plan->planned >> layer & 1;
}

/*
 * Landlock and filters need it, but of who has CAP_SYS_ADMIN (which credentials.c leaves until the
 * exec): there it is left out, since it would stop programs from gaining what no rule forbids.
 */
static int nnp_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	bool privileged = wish->host->root && wish->host->mountns;
	bool needed = !privileged && (zc_plan_taken(maker, ZC_CONFINE_LANDLOCK) ||
				      zc_plan_taken(maker, ZC_CONFINE_SECCOMP));

	if (wish->no_new_privs || needed || (wish->named | wish->require) >> ZC_CONFINE_NNP & 1) {
		zc_plan_take(maker, ZC_CONFINE_NNP);
		zc_account_detail(maker, ZC_CONFINE_NNP, "setuid programs gain nothing");
	} else {
		zc_account_detail(maker, ZC_CONFINE_NNP, "no other layer needs it here");
	}
	return 0;
}

static int nnp_apply(const struct zc_confine_plan *plan, struct zc_confine_state *state)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static bool is_wanted(const struct zc_plan_maker *maker, unsigned layer)
{
	const struct zc_confine_wish *wish = maker->wish;

	if (layer == ZC_CONFINE_USERNS && maker->wants_userns)
		return true;
	if (layer == ZC_CONFINE_NNP)
		return true;
	return (wish->take | wish->named | wish->require) >> layer & 1;
}

static int plan_layers(struct zc_plan_maker *maker)
{
	for (unsigned i = 0; i < ZC_CONFINE_LAYERS; i++) {
		unsigned layer = plan_order[i];
		int error;

		if (!is_wanted(maker, layer)) {
			zc_account_detail(maker, layer, "not asked for");
			continue;
		}
		if (!zc_confine_rows[layer].plan) {
			zc_account_detail(maker, layer, "not part of this build");
			continue;
		}
		error = zc_confine_rows[layer].plan(maker);
		if (error)
			return error;
	}
	zc_account_close(maker);
	return maker->error;
}

static size_t aligned(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static int assemble(struct zc_plan_maker *maker, struct zc_confine_plan **ret_plan,
		    size_t *ret_size)
{
	size_t size = aligned(sizeof(maker->head));
	unsigned char *block;

	for (unsigned list = 0; list < ZC_PLAN_LISTS; list++) {
		maker->head.table[list].offset = (uint32_t)size;
		maker->head.table[list].count =
			(uint32_t)(maker->list[list].len / zc_plan_entry_size(list));
		size += aligned(maker->list[list].len);
		if (size > INT32_MAX)
			return -ENOMEM;
	}
	block = calloc(1, size);
	if (!block)
		return -ENOMEM;
	maker->head.magic = ZC_PLAN_MAGIC;
	maker->head.version = ZC_PLAN_VERSION;
	maker->head.size = (uint32_t)size;
	memcpy(block, &maker->head, sizeof(maker->head));
	for (unsigned list = 0; list < ZC_PLAN_LISTS; list++)
		if (maker->list[list].len)
			memcpy(block + maker->head.table[list].offset, maker->list[list].data,
			       maker->list[list].len);
	*ret_plan = (struct zc_confine_plan *)block;
	*ret_size = size;
	return 0;
}

int zc_confine_make(const struct zc_confine_wish *wish, struct zc_confine_plan **ret_plan,
		    size_t *ret_size, struct zc_confine_account account[ZC_CONFINE_LAYERS])
{
	struct zc_plan_maker maker = { .wish = wish, .account = account };
	int error;

	memset(account, 0, ZC_CONFINE_LAYERS * sizeof(*account));
	zc_plan_text(&maker, "");
	error = plan_layers(&maker);
	maker.head.require = wish->require | (ALWAYS_REQUIRED & maker.head.planned);
	if (!error && wish->require & ~maker.head.planned)
		error = -ENOTSUP;
	if (!error)
		error = assemble(&maker, ret_plan, ret_size);
	for (unsigned list = 0; list < ZC_PLAN_LISTS; list++)
		free(maker.list[list].data);
	return error;
}

static bool tables_hold(const struct zc_confine_plan *plan)
{
	for (unsigned list = 0; list < ZC_PLAN_LISTS; list++) {
		const struct zc_plan_table *table = &plan->table[list];
		uint64_t end = table->offset + (uint64_t)table->count * zc_plan_entry_size(list);

		if (table->offset % 8 || table->offset < sizeof(*plan) || end > plan->size)
			return false;
	}
	return true;
}

static bool texts_hold(const struct zc_confine_plan *plan)
{
	const struct zc_plan_mount *mounts = zc_plan_at(plan, ZC_PLAN_MOUNTS);
	const struct zc_plan_path *paths = zc_plan_at(plan, ZC_PLAN_PATHS);
	const char *strings = zc_plan_at(plan, ZC_PLAN_STRINGS);
	uint32_t count = plan->table[ZC_PLAN_STRINGS].count;

	if (!count || strings[0] || strings[count - 1] || plan->jail >= count || plan->cwd >= count)
		return false;
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_MOUNTS].count; i++)
		if (mounts[i].kind >= ZC_PLAN_MOUNT_KINDS || mounts[i].path >= count)
			return false;
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_PATHS].count; i++)
		if (paths[i].path >= count)
			return false;
	return true;
}

int zc_confine_check(const void *block, size_t size)
{
	const struct zc_confine_plan *plan = block;
	const uint32_t all = (1u << ZC_CONFINE_LAYERS) - 1;

	if (size < sizeof(*plan) || (uintptr_t)block % 8 || plan->magic != ZC_PLAN_MAGIC ||
	    plan->version != ZC_PLAN_VERSION || plan->size > size || plan->size < sizeof(*plan))
		return -EINVAL;
	if ((plan->planned | plan->require) & ~all || plan->require & ~plan->planned)
		return -EINVAL;
	if (!tables_hold(plan) || !texts_hold(plan))
		return -EINVAL;
	if (plan->table[ZC_PLAN_FILTER].count > BPF_MAXINSNS)
		return -EINVAL;
	return 0;
}

int zc_confine_apply(const struct zc_confine_plan *plan, int ret_error[ZC_CONFINE_LAYERS])
{
	struct zc_confine_state state = { .ruleset = -1 };
	int ended = 0;

	for (unsigned layer = 0; layer < ZC_CONFINE_LAYERS; layer++) {
		ret_error[layer] = -1;
		if (zc_confine_plans(plan, layer) && zc_confine_rows[layer].prepare)
			zc_confine_rows[layer].prepare(plan, &state);
	}
	for (unsigned layer = 0; layer < ZC_CONFINE_LAYERS && !ended; layer++) {
		int error;

		if (!zc_confine_plans(plan, layer) || !zc_confine_rows[layer].apply)
			continue;
		error = zc_confine_rows[layer].apply(plan, &state);
		ret_error[layer] = -error;
		if (error && plan->require >> layer & 1)
			ended = error;
	}
	if (state.ruleset >= 0)
		close(state.ruleset);
	return ended;
}
