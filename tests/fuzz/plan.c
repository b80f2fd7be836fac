/* SPDX-License-Identifier: MIT */
/*
 * plan.c - a plan that zc_confine_check() accepts never makes who applies it read outside it.
 *
 * The first byte of the input chooses: 0, the rest is a plan; 1, it is patches to a real one, four
 * bytes each: where (two), how, what. Nothing is applied: all that an application would look at is
 * read. The plan lies in a block of exactly its size, so that the sanitizer sees any byte read beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "confine/plan.h"
#include "policy/build/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t seen; /* keeps the reads */

static void look_at_text(const struct zc_confine_plan *plan, uint32_t offset)
{
	size_t len = strlen(zc_plan_string(plan, offset));

	if (len > plan->size)
		abort();
	seen += len;
}

static void look_at_list(const struct zc_confine_plan *plan, enum zc_plan_list list)
{
	size_t bytes = plan->table[list].count * zc_plan_entry_size(list);
	const unsigned char *at = zc_plan_at(plan, list);

	for (size_t i = 0; i < bytes; i++)
		seen += at[i];
}

static void look_at_all(const struct zc_confine_plan *plan)
{
	const struct zc_plan_mount *mounts = zc_plan_at(plan, ZC_PLAN_MOUNTS);
	const struct zc_plan_path *paths = zc_plan_at(plan, ZC_PLAN_PATHS);

	for (unsigned list = 0; list < ZC_PLAN_LISTS; list++)
		look_at_list(plan, list);
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_MOUNTS].count; i++)
		look_at_text(plan, mounts[i].path);
	for (uint32_t i = 0; i < plan->table[ZC_PLAN_PATHS].count; i++)
		look_at_text(plan, paths[i].path);
	look_at_text(plan, plan->jail);
	look_at_text(plan, plan->cwd);
	for (unsigned layer = 0; layer <= ZC_CONFINE_LAYERS; layer++)
		seen += zc_confine_plans(plan, layer);
}

static void look(const void *bytes, size_t size)
{
	void *block = malloc(size ? size : 1);

	if (!block)
		return;
	memcpy(block, bytes, size);
	if (zc_confine_check(block, size) == 0)
		look_at_all(block);
	free(block);
}

static struct zc_image *some_image(void)
{
	struct zc_build *build = zc_build_new();
	struct zc_build_options options = { .flags = 0 };
	const uint8_t addr[16] = { 10, 1 };
	struct zc_image *image;
	size_t size;
	int allow, deny;

	allow = zc_build_rule(build, ZC_LAYER_USER, ZC_SAYS_ALLOW, 127, "allow", "fuzz:1", false);
	deny = zc_build_rule(build, ZC_LAYER_USER, ZC_SAYS_DENY, 127, "deny", "fuzz:2", false);
	if (zc_build_path(build, allow, 2, "/usr/share") < 0 ||
	    zc_build_path(build, allow, 2, "/nonexistent/*") < 0 ||
	    zc_build_path(build, allow, 5, "/") < 0 || zc_build_path(build, deny, 3, "/etc") < 0 ||
	    zc_build_net(build, allow, 1u << ZC_CLASS_NET, 2, addr, 16, 443) < 0 ||
	    zc_build_finish(build, &options, &image, &size) < 0)
		abort();
	zc_build_free(build);
	return image;
}

static struct zc_confine_plan *real_plan(size_t *ret_size)
{
	const struct zc_confine_host host = {
		.landlock_abi = 7, .seccomp = true, .mountns = true, .netns = true, .root = true
	};
	const gid_t groups[] = { 1, 2, 3 };
	struct zc_confine_account account[ZC_CONFINE_LAYERS];
	struct zc_image *image = some_image();
	const struct zc_confine_wish wish = {
		.image = image,
		.host = &host,
		.take = ~0u,
		.cwd = "/",
		.set_user = true,
		.uid = 65534,
		.gid = 65534,
		.groups = groups,
		.group_count = 3,
		.caps_keep = 1,
	};
	struct zc_confine_plan *plan;

	if (zc_confine_make(&wish, &plan, ret_size, account) < 0 ||
	    zc_confine_check(plan, *ret_size) < 0)
		abort();
	zc_confine_account_finish(account);
	free(image);
	return plan;
}

static void patch(const uint8_t *data, size_t size)
{
	static struct zc_confine_plan *original;
	static size_t original_size;
	uint8_t *block;

	if (!original)
		original = real_plan(&original_size);
	block = malloc(original_size);
	if (!block)
		return;
	memcpy(block, original, original_size);
	for (; size >= 4; data += 4, size -= 4) {
		uint8_t *at = block + ((size_t)data[0] << 8 | data[1]) % original_size;

		switch (data[2] % 3) {
		case 0: *at = data[3]; break;
		case 1: *at = (uint8_t)(*at + data[3]); break;
		default: *at ^= (uint8_t)(1u << data[3] % 8); break;
		}
	}
	look(block, original_size);
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] % 2)
		patch(data + 1, size - 1);
	else if (size)
		look(data + 1, size - 1);
	return 0;
}
