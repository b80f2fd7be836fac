/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - everything the user and the profiles said, resolved and built into the image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/wire/gate.h"
#include "policy/freeze/freeze.h"
#include "policy/freeze/freeze_parts.h"

static int add_row(void *context, unsigned profile, const struct zc_row *row)
{
	struct zc_freeze *f = context;
	struct zc_statement at = {
		.origin = { zc_profile_name(profile), 0 },
		.base = "/",
		.layer = profile == ZC_PROFILE_BASE ? ZC_LAYER_BASE : ZC_LAYER_PROFILE,
		.from_file = true,
	};

	if (profile == ZC_PROFILE_BASE && zc_derive_is_beyond_jail(f->set, row->value))
		return 0;
	return zc_set_state(f->set, &at, row->word, strlen(row->word), row->value, f->error);
}

/* Which profiles hold, their rules, and the list of sources that run.json names. */
static int add_profiles(struct zc_freeze *f)
{
	struct zc_policy_set *set = f->set;
	struct zc_texts files = set->sources;

	if (!set->named && set->jail == NULL)
		set->profiles |= 1u << ZC_PROFILE_DEV;
	if (!set->no_base)
		set->profiles |= 1u << ZC_PROFILE_BASE;
	set->sources = (struct zc_texts){ 0 };
	for (unsigned i = 0; i < ZC_PROFILE_COUNT; i++)
		if ((set->profiles >> i & 1) && zc_texts_add(&set->sources, zc_profile_name(i)))
			return zc_fail_memory(f->error);
	for (size_t i = 0; i < files.count; i++)
		if (zc_texts_add(&set->sources, files.items[i]))
			return zc_fail_memory(f->error);
	free(files.items);
	return zc_profile_rows(set->profiles, add_row, f);
}

/* From the rules that were written to all the rules there are, each with what it holds for. */
static int resolve_rules(struct zc_freeze *f)
{
	struct zc_policy_set *set = f->set;
	size_t expanded = 0;
	int r = zc_derive_jail(set, f->error);

	if (r == 0)
		r = zc_derive_implicit(set, f->error);
	for (; expanded < set->rules_count && r == 0; expanded++) {
		r = zc_expand_rule(set, f->resolver, &set->rules[expanded], f->error);
		if (r == 0)
			r = zc_freeze_host(f, &set->rules[expanded]);
	}
	if (r == 0)
		r = zc_derive_sockets(set, f->error);
	if (r == 0)
		r = zc_derive_resolvers(set, f->error);
	for (; expanded < set->rules_count && r == 0; expanded++)
		r = zc_expand_rule(set, f->resolver, &set->rules[expanded], f->error);
	return r;
}

static int build_image(struct zc_freeze *f, struct zc_image **ret_image, size_t *ret_size)
{
	const struct zc_policy_world *world = &f->set->world;
	struct zc_build_options options = {
		.flags = f->set->flags | (world->learn ? ZC_IMAGE_LEARN : 0),
		.instance = world->instance,
		.jail = world->jail,
		.supervisor_group = world->supervisor_group,
	};
	int r;

	memcpy(options.supervisor, world->supervisor, sizeof(options.supervisor));
	if (zc_print_digest(f->set, options.sha256) < 0)
		return zc_fail_memory(f->error);
	for (size_t i = 0; i < sizeof(options.sha256); i++)
		snprintf(f->set->sha256 + 2 * i, 3, "%02x", options.sha256[i]);
	r = zc_freeze_rules(f);
	if (r < 0)
		return r;
	r = zc_build_finish(f->build, &options, ret_image, ret_size);
	if (r < 0)
		return zc_fail(f->error, (struct zc_origin){ 0 }, "cannot build the image: %s",
			       strerror(-r));
	return 0;
}

/* Another page in each run, so that nobody can be built to know it. */
static int place_gate(struct zc_freeze *f, struct zc_image *image)
{
	const uint32_t pages = (ZC_GATE_END - ZC_GATE_FIRST) / ZC_GATE_PAGE;
	uint64_t random;

	if (!f->set->world.gate)
		return 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return zc_fail(f->error, (struct zc_origin){ 0 }, "no random numbers: %s",
			       strerror(errno));
	image->gate = ZC_GATE_FIRST + (uint32_t)(random % pages) * ZC_GATE_PAGE;
	return 0;
}

/* Addresses alone may cover a resolver too: then names can be resolved, and the image says so. */
static void allow_names(struct zc_policy_set *set, struct zc_image *image)
{
	struct zc_net_address servers[3];
	size_t count = zc_net_nameservers(servers);

	for (size_t i = 0; i < count && !(image->flags & (ZC_IMAGE_DNS | ZC_IMAGE_NO_DNS)); i++)
		if (!zc_net_is_loopback(servers[i].family, servers[i].addr) &&
		    zc_question_resolver(image, &servers[i]))
			image->flags |= ZC_IMAGE_DNS;
	set->flags |= image->flags & ZC_IMAGE_DNS;
	/* Where nobody may be asked, no answer comes. */
	if (!(image->flags & ZC_IMAGE_DNS))
		image->flags &= ~(uint32_t)ZC_IMAGE_NAMES;
	if (set->world.names)
		image->flags |= ZC_IMAGE_NAMES;
}

static int freeze_all(struct zc_freeze *f, struct zc_image **ret_image, size_t *ret_size)
{
	struct zc_image *image = NULL;
	int r;

	if (f->resolver == NULL || f->build == NULL)
		return zc_fail_memory(f->error);
	r = add_profiles(f);
	if (r == 0)
		r = resolve_rules(f);
	if (r == 0 && zc_freeze_notes(f->set) < 0)
		r = zc_fail_memory(f->error);
	if (r == 0)
		r = build_image(f, &image, ret_size);
	if (r != 0 || image == NULL)
		return -EINVAL;
	allow_names(f->set, image);
	r = place_gate(f, image);
	if (r == 0)
		r = zc_expect_check(f->set, image, f->resolver, f->error);
	if (r == 0)
		*ret_image = image;
	else
		free(image);
	return r;
}

int zc_policy_freeze(struct zc_policy_set *set, struct zc_image **ret_image, size_t *ret_size,
		     struct zc_policy_error *ret_error)
{
	struct zc_freeze f = { .set = set, .error = ret_error };
	int r;

	ret_error->text[0] = '\0';
	if (set->frozen)
		return zc_fail(ret_error, (struct zc_origin){ 0 }, "it is frozen already");
	set->frozen = true;
	f.resolver = zc_resolver_new(set->world.jail);
	f.build = zc_build_new();
	r = freeze_all(&f, ret_image, ret_size);
	zc_resolver_free(f.resolver);
	zc_build_free(f.build);
	return r < 0 ? -EINVAL : 0;
}
