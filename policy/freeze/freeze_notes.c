/* SPDX-License-Identifier: MIT */
/*
 * freeze_notes.c - what a run should say of its own rules: what they open, and where their names lead.
 */
#include <errno.h>
#include <string.h>

#include "core/net/names.h"
#include "policy/freeze/freeze_parts.h"

/* Is there a protected path that this allow names, or names something inside of? */
static const struct zc_rule *opens(const struct zc_rule *const *guarded, size_t count,
				   const struct zc_rule *allow)
{
	for (uint32_t p = 0; p < allow->patterns_count; p++) {
		const char *named = allow->patterns[p].text;
		size_t len = strlen(named);

		for (size_t i = 0; i < count && allow->patterns[p].literal; i++)
			for (uint32_t n = 0; n < guarded[i]->patterns_count; n++)
				if (guarded[i]->cls == allow->cls &&
				    zc_pattern_covers(guarded[i]->patterns[n], named, len))
					return guarded[i];
	}
	return NULL;
}

/* The run should say when somebody opened what is guarded on purpose. */
static int note_opened(struct zc_policy_set *set)
{
	const struct zc_rule **guarded = NULL, *opened;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < set->rules_count; i++)
		count += set->rules[i].layer == ZC_LAYER_PROFILE &&
			 set->rules[i].says >= ZC_SAYS_DENY;
	guarded = zc_set_alloc(set, (count + 1) * sizeof(void *));
	if (guarded == NULL)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < set->rules_count; i++)
		if (set->rules[i].layer == ZC_LAYER_PROFILE && set->rules[i].says >= ZC_SAYS_DENY &&
		    !set->rules[i].derived)
			guarded[count++] = &set->rules[i];
	for (size_t i = 0; i < set->rules_count && r == 0; i++) {
		const struct zc_rule *rule = &set->rules[i];

		if (rule->layer != ZC_LAYER_USER || rule->says > ZC_SAYS_LOG)
			continue;
		opened = opens(guarded, count, rule);
		if (opened != NULL)
			r = zc_texts_add(&set->notes,
					 zc_set_format(set, "%s (%s) opens a protected path: %s",
						       zc_rule_text(set, rule, true),
						       zc_origin_text(set, rule->origin),
						       zc_rule_text(set, opened, true)));
	}
	return r;
}

/*
 * Whoever answers for a name chooses where it leads. What it came to now holds, since it was named; that
 * it is no host of the Internet should not go unsaid.
 */
static int note_private(struct zc_policy_set *set)
{
	const struct zc_image flags = { .flags = set->flags };

	for (size_t i = 0; i < set->rules_count; i++) {
		const struct zc_rule *rule = &set->rules[i];

		for (uint32_t n = 0; n < rule->addresses_count && rule->says <= ZC_SAYS_LOG; n++) {
			const struct zc_net_address *address = &rule->addresses[n];
			struct zc_endpoint at = zc_freeze_endpoint(address);

			if (zc_name_may_lead_to(&flags, &at) || zc_hosts_answer(rule))
				continue;
			if (zc_texts_add(&set->notes,
					 zc_set_format(set,
						       "%s (%s) leads to %s, inside of a network",
						       zc_rule_text(set, rule, true),
						       zc_origin_text(set, rule->origin),
						       zc_net_print(set, address->family,
								    address->addr))))
				return -ENOMEM;
			break;
		}
	}
	return 0;
}

int zc_freeze_notes(struct zc_policy_set *set)
{
	return note_opened(set) < 0 || note_private(set) < 0 ? -ENOMEM : 0;
}
