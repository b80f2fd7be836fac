/* SPDX-License-Identifier: MIT */
/*
 * free.c - of which classes does a frozen policy say nothing but a plain allow, everywhere?
 *
 * Calls of such a class need no stop. Most policies have few: an implicit deny on our own files is
 * already something to say about writing.
 */
#include <string.h>

#include "core/exec/argv.h"
#include "core/net/names.h"
#include "tracer/filter/filter.h"

/* The four bits above ALLOW in each layer's five, and the implicit denies. */
static uint64_t refusals_of(unsigned cls)
{
	return ZC_MASK_IMPLICIT(cls) | ZC_MASK_PROFILE(cls, ZC_SAYS_ALLOW) * 30 |
	       ZC_MASK_USER(cls, ZC_SAYS_ALLOW) * 30;
}

static uint64_t grants_of(unsigned cls, bool replaced)
{
	return ZC_MASK_BASE(cls) | ZC_MASK_USER(cls, ZC_SAYS_ALLOW) |
	       (replaced ? 0 : ZC_MASK_PROFILE(cls, ZC_SAYS_ALLOW));
}

static bool nets_refuse(const struct zc_image *image, bool abstract, unsigned mask_class)
{
	const struct zc_image_net *nets = zc_image_at(image, image->nets);

	for (uint32_t i = 0; i < image->nets.count; i++)
		if (nets[i].kind != ZC_NET_EMPTY && (nets[i].kind == ZC_NET_ABSTRACT) == abstract &&
		    nets[i].mask & refusals_of(mask_class))
			return true;
	return false;
}

/* Names have rules for one class: NET. */
static bool names_refuse(const struct zc_image *image, unsigned mask_class)
{
	const struct zc_image_name *names = zc_image_at(image, image->names);

	for (uint32_t i = 0; i < image->names.count && mask_class == 0; i++)
		if (names[i].mask & refusals_of(mask_class))
			return true;
	return false;
}

static bool path_class_free(const struct zc_image *image, unsigned cls)
{
	const struct zc_image_node *root = zc_image_at(image, image->nodes);
	uint64_t everywhere = root->mask | (cls == ZC_CLASS_UNIX ? image->any_unix : 0);

	if ((everywhere | root->below) & refusals_of(cls))
		return false;
	if (cls == ZC_CLASS_UNIX) {
		/* Abstract names are not below any directory. */
		if (nets_refuse(image, true, 0))
			return false;
		everywhere = image->any_unix;
		return everywhere & grants_of(cls, image->user_allows >> cls & 1);
	}
	return everywhere & grants_of(cls, image->user_allows >> cls & 1);
}

static bool net_class_free(const struct zc_image *image, unsigned cls)
{
	unsigned mask_class = cls - ZC_CLASS_NET;

	return !(image->flags & ZC_IMAGE_NO_NET) && !(image->any_net & refusals_of(mask_class)) &&
	       !nets_refuse(image, false, mask_class) && !names_refuse(image, mask_class) &&
	       image->any_net & grants_of(mask_class, image->user_allows >> cls & 1);
}

static void free_of(const struct zc_image *image, struct zc_filter_free *ret)
{
	*ret = (struct zc_filter_free){ .hybrid = image->gate,
					.no_net = image->flags & ZC_IMAGE_NO_NET };
	if (!image->nodes.count)
		return;
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		ret->path[cls] = path_class_free(image, cls);
	if (zc_argv_matters(image))
		ret->path[ZC_CLASS_RUN] = false; /* it is the arguments that matter */
	ret->net = net_class_free(image, ZC_CLASS_NET);
	ret->listen = net_class_free(image, ZC_CLASS_LISTEN);
	memcpy(ret->ours, image->supervisor, sizeof(image->supervisor));
}

/* Of two policies nothing is free that either has something to say about. */
void zc_filter_free_of(const struct zc_image *image, struct zc_filter_free *ret)
{
	const struct zc_image *stricter = zc_image_stricter(image);
	struct zc_filter_free other;

	free_of(image, ret);
	ret->names = zc_names_wanted(image);
	if (!stricter)
		return;
	free_of(stricter, &other);
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		ret->path[cls] &= other.path[cls];
	ret->no_net |= other.no_net;
	ret->net &= other.net;
	ret->listen &= other.listen;
}
