/* SPDX-License-Identifier: MIT */
/*
 * join.c - two images in one block: the one that is enforced, and behind it a stricter one that is only
 * held against what the first allows (core/image.h, "stricter").
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_set.h"

/* The texts of its rules are looked for from the first image's strings on. */
static void move_texts(struct zc_image *stricter, uint32_t behind)
{
	struct zc_image_rule *rules =
		(struct zc_image_rule *)((char *)stricter + stricter->rules.offset);

	for (uint32_t i = 0; i < stricter->rules.count; i++) {
		rules[i].text += behind;
		rules[i].source += behind;
	}
}

int zc_policy_join(struct zc_image **image, size_t *size, const struct zc_image *stricter,
		   size_t stricter_size)
{
	size_t at = (*size + 7) & ~(size_t)7, total = at + stricter_size;
	struct zc_image *joined, *second;

	if ((*image)->stricter.count || stricter->stricter.count)
		return -EINVAL;
	if (total > UINT32_MAX)
		return -E2BIG;
	joined = aligned_alloc(8, (total + 7) & ~(size_t)7);
	if (joined == NULL)
		return -ENOMEM;
	memset(joined, 0, (total + 7) & ~(size_t)7);
	memcpy(joined, *image, *size);
	second = (struct zc_image *)((char *)joined + at);
	memcpy(second, stricter, stricter_size);
	second->gate = 0;
	joined->size = (uint32_t)total;
	joined->stricter = (struct zc_image_table){ (uint32_t)at, (uint32_t)stricter_size };
	move_texts(second, (uint32_t)at + second->strings.offset - joined->strings.offset);
	if (zc_image_check(joined, total) < 0) {
		free(joined);
		return -EINVAL;
	}
	free(*image);
	*image = joined;
	*size = total;
	return 0;
}
