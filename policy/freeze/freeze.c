/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - everything the user and the profiles said, resolved and built into the image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "core/wire/gate.h"
#include "core/net/names.h"
#include "core/decide/policy.h"
#include "policy/freeze/freeze.h"
#include "policy/language/argv.h"
#include "policy/language/language.h"
#include "policy/set.h"

#define HOST_ADDRESSES_CAP 64
#define MOST_UNANSWERED 2u /* names that nobody answers for, before no more are asked for */

/* What one freeze needs from hand to hand. */
struct freeze {
	struct zc_policy_set *set;
	struct zc_policy_error *error;
	struct zc_resolver *resolver;
	struct zc_build *build;
	struct asked *asked; /* names so far */
	unsigned unanswered;
};

static int add_row(void *context, unsigned profile, const struct zc_row *row)
{
	struct freeze *f = context;
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
static int add_profiles(struct freeze *f)
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

/* The same name in many rules is asked for once. */
struct asked {
	struct asked *next;
	const char *host, *why;
	const struct zc_net_address *addresses;
	int count; /* of addresses, or -errno */
};

static struct asked *ask(struct freeze *f, const char *host)
{
	struct zc_net_address found[HOST_ADDRESSES_CAP], *copy;
	struct asked *asked = f->asked;

	while (asked != NULL && strcmp(asked->host, host) != 0)
		asked = asked->next;
	if (asked != NULL)
		return asked;
	asked = zc_set_alloc(f->set, sizeof(*asked));
	if (asked == NULL)
		return NULL;
	asked->next = f->asked;
	asked->host = zc_set_copy(f->set, host, strlen(host));
	asked->why = "the resolver does not answer";
	asked->count = -EAGAIN;
	if (f->unanswered < MOST_UNANSWERED || zc_hosts_have(host))
		asked->count = zc_net_resolve(host, found, ZC_LEN(found), &asked->why);
	f->unanswered += asked->count == -EAGAIN;
	if (asked->count > 0) {
		copy = zc_set_alloc(f->set, (size_t)asked->count * sizeof(*copy));
		if (copy != NULL)
			memcpy(copy, found, (size_t)asked->count * sizeof(*copy));
		asked->addresses = copy;
	}
	f->asked = asked;
	return asked->host != NULL && (asked->count <= 0 || asked->addresses != NULL) ? asked
										      : NULL;
}

static struct zc_endpoint endpoint_of(const struct zc_net_address *address)
{
	struct zc_endpoint at = { .family = (uint16_t)address->family };

	memcpy(at.addr, address->addr, sizeof(at.addr));
	return at;
}

/* Whoever answers for a name chooses where it leads: never to where a cloud gives away its keys. */
static int take_addresses(struct freeze *f, struct zc_rule *rule, const struct asked *asked)
{
	struct zc_net_address *kept;
	uint32_t count = 0;

	rule->addresses = asked->addresses;
	rule->addresses_count = (uint32_t)asked->count;
	if (rule->says > ZC_SAYS_ASK || zc_hosts_have(asked->host))
		return 0;
	kept = zc_set_alloc(f->set, (size_t)asked->count * sizeof(*kept));
	if (kept == NULL)
		return zc_fail_memory(f->error);
	for (int i = 0; i < asked->count; i++) {
		struct zc_endpoint at = endpoint_of(&asked->addresses[i]);

		if (!zc_name_is_link_local(&at))
			kept[count++] = asked->addresses[i];
		else if (zc_texts_add(&f->set->notes,
				      zc_set_format(f->set,
						    "%s (%s): %s is link-local, and left out",
						    zc_rule_text(f->set, rule, true),
						    zc_origin_text(f->set, rule->origin),
						    zc_net_print(f->set, at.family, at.addr))))
			return zc_fail_memory(f->error);
	}
	rule->addresses = kept;
	rule->addresses_count = count;
	return 0;
}

/*
 * A name that somebody wrote here and that does not exist is a mistake. Where nobody answers, or a
 * profile has named it, the rule stays, and holds for what the name comes to while the command runs.
 */
static int resolve_host(struct freeze *f, struct zc_rule *rule)
{
	struct zc_policy_set *set = f->set;
	struct zc_net_value net;
	const struct asked *asked;

	if (rule->cls != ZC_CLASS_NET || rule->everything || strncmp(rule->value, "unix:", 5) == 0)
		return 0;
	if (zc_net_parse(set, rule->origin, rule->value, false, &net, f->error))
		return -EINVAL;
	if (net.kind != ZC_NETV_HOST && net.kind != ZC_NETV_WILD)
		return 0;
	if (net.kind == ZC_NETV_WILD || !zc_hosts_have(net.host))
		set->flags |= ZC_IMAGE_NAMES;
	if (net.kind == ZC_NETV_WILD)
		return 0;
	asked = ask(f, net.host);
	if (asked == NULL)
		return zc_fail_memory(f->error);
	if (asked->count == -ENOENT && rule->layer == ZC_LAYER_USER)
		return zc_fail(f->error, rule->origin, "cannot resolve '%.200s': %s", net.host,
			       asked->why);
	if (asked->count <= 0) {
		const char *note = zc_set_format(set, "%s (%s): no address is known yet: %s",
						 zc_rule_text(set, rule, true),
						 zc_origin_text(set, rule->origin), asked->why);

		return zc_texts_add(&set->notes, note) ? zc_fail_memory(f->error) : 0;
	}
	return take_addresses(f, rule, asked);
}

/* From the rules that were written to all the rules there are, each with what it holds for. */
static int resolve_rules(struct freeze *f)
{
	struct zc_policy_set *set = f->set;
	size_t expanded = 0;
	int r = zc_derive_jail(set, f->error);

	if (r == 0)
		r = zc_derive_implicit(set, f->error);
	for (; expanded < set->rules_count && r == 0; expanded++) {
		r = zc_expand_rule(set, f->resolver, &set->rules[expanded], f->error);
		if (r == 0)
			r = resolve_host(f, &set->rules[expanded]);
	}
	if (r == 0)
		r = zc_derive_sockets(set, f->error);
	if (r == 0)
		r = zc_derive_resolvers(set, f->error);
	for (; expanded < set->rules_count && r == 0; expanded++)
		r = zc_expand_rule(set, f->resolver, &set->rules[expanded], f->error);
	return r;
}

/* zc_build_path()'s spelling: a backslash before every '*' and '\' that stands for itself. */
static int build_pattern(struct zc_build *build, int number, unsigned classes,
			 struct zc_pattern pattern)
{
	char escaped[2 * ZC_PATH_CAP], *to = escaped;

	if (strpbrk(pattern.text, pattern.literal ? "*\\" : "\\") == NULL)
		return zc_build_path(build, number, classes, pattern.text);
	for (const char *c = pattern.text; *c != '\0'; c++) {
		if (*c == '\\' || (*c == '*' && pattern.literal))
			*to++ = '\\';
		*to++ = *c;
	}
	*to = '\0';
	return zc_build_path(build, number, classes, escaped);
}

static int build_endpoints(struct freeze *f, const struct zc_rule *rule, int number,
			   unsigned classes)
{
	struct zc_net_value net;

	if (zc_net_parse(f->set, rule->origin, rule->value, rule->cls == ZC_CLASS_LISTEN, &net,
			 f->error))
		return -EINVAL;
	switch ((enum zc_net_kind)net.kind) {
	case ZC_NETV_ADDRESS:
		return zc_build_net(f->build, number, classes, net.family, net.addr, net.bits,
				    net.port);
	case ZC_NETV_PORT: return zc_build_net_port(f->build, number, classes, net.port);
	case ZC_NETV_ABSTRACT:
		return zc_build_abstract(f->build, number, net.path.text, net.path.len);
	case ZC_NETV_HOST:
	case ZC_NETV_WILD: return zc_hosts_build(f->build, rule, number, &net);
	case ZC_NETV_UNIX: return 0; /* a variable that means nothing here */
	}
	return -EINVAL;
}

static int build_everything(struct zc_build *build, const struct zc_rule *rule, int number)
{
	int r;

	if (rule->cls < ZC_PATH_CLASSES)
		return zc_build_path(build, number, 1u << rule->cls, "/");
	if (rule->cls == ZC_CLASS_SYS)
		return zc_build_sys(build, number, ZC_SYS_COUNT);
	r = zc_build_net_any(build, number, 1u << rule->cls);
	return r == 0 && rule->cls == ZC_CLASS_NET ? zc_build_unix_any(build, number) : r;
}

static unsigned classes_of(const struct zc_rule *rule)
{
	unsigned unix_bit = 1u << ZC_CLASS_UNIX;

	if (rule->cls != ZC_CLASS_NET)
		return 1u << rule->cls;
	if (rule->everything)
		return 1u << ZC_CLASS_NET | unix_bit;
	return strncmp(rule->value, "unix:", 5) == 0 ? unix_bit : 1u << ZC_CLASS_NET;
}

static int build_rule(struct freeze *f, const struct zc_rule *rule)
{
	const char *text = rule->text ? rule->text : zc_rule_text(f->set, rule, true);
	const char *source = zc_origin_text(f->set, rule->origin);
	unsigned classes = classes_of(rule);
	int number, r = 0;

	if (text == NULL || source == NULL)
		return -ENOMEM;
	/* A rule on commands speaks of some of them: it puts no allow of the profile's aside. */
	number = zc_build_rule(f->build, rule->layer, rule->says, rule->argv ? 0 : classes, text,
			       source,
			       rule->layer == ZC_LAYER_PROFILE && rule->says >= ZC_SAYS_DENY);
	if (number < 0)
		return number;
	if (rule->argv)
		return zc_argv_build(f->set, f->resolver, f->build, rule, number, f->error);
	if (rule->everything)
		return build_everything(f->build, rule, number);
	if (rule->cls == ZC_CLASS_SYS)
		return zc_build_sys(f->build, number,
				    (unsigned)zc_sys_find(rule->value, strlen(rule->value)));
	if (rule->cls >= ZC_CLASS_NET && rule->patterns == NULL)
		return build_endpoints(f, rule, number, classes);
	for (uint32_t i = 0; i < rule->patterns_count && r == 0; i++)
		r = build_pattern(f->build, number, classes, rule->patterns[i]);
	return r;
}

static int build_rules(struct freeze *f)
{
	for (size_t i = 0; i < f->set->rules_count; i++) {
		const struct zc_rule *rule = &f->set->rules[i];
		int r = build_rule(f, rule);

		if (r == -ENOMEM)
			return zc_fail_memory(f->error);
		if (r < 0 && f->error->text[0] != '\0')
			return r;
		if (r < 0)
			return zc_fail(f->error, rule->origin, "'%.400s' cannot be expressed%s",
				       rule->written ? rule->written : "this",
				       r == -E2BIG
					       ? ": too many different wildcards in one directory"
					       : ": a '\\' beside a wildcard");
	}
	if (zc_net_add_hosts(f->build) < 0)
		return zc_fail_memory(f->error);
	return 0;
}

static int build_image(struct freeze *f, struct zc_image **ret_image, size_t *ret_size)
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
	r = build_rules(f);
	if (r < 0)
		return r;
	r = zc_build_finish(f->build, &options, ret_image, ret_size);
	if (r < 0)
		return zc_fail(f->error, (struct zc_origin){ 0 }, "cannot build the image: %s",
			       strerror(-r));
	return 0;
}

/* Another page in each run, so that nobody can be built to know it. */
static int place_gate(struct freeze *f, struct zc_image *image)
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
			struct zc_endpoint at = endpoint_of(address);

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

static int freeze_all(struct freeze *f, struct zc_image **ret_image, size_t *ret_size)
{
	struct zc_image *image = NULL;
	int r;

	if (f->resolver == NULL || f->build == NULL)
		return zc_fail_memory(f->error);
	r = add_profiles(f);
	if (r == 0)
		r = resolve_rules(f);
	if (r == 0 && (note_opened(f->set) < 0 || note_private(f->set) < 0))
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
	struct freeze f = { .set = set, .error = ret_error };
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
