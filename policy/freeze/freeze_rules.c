/* SPDX-License-Identifier: MIT */
/*
 * freeze_rules.c - each rule, and everything that it holds for, into the build.
 */
#include <errno.h>
#include <string.h>

#include "policy/freeze/freeze_parts.h"
#include "policy/language/argv.h"

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

static int build_endpoints(struct zc_freeze *f, const struct zc_rule *rule, int number,
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

static int build_rule(struct zc_freeze *f, const struct zc_rule *rule)
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

int zc_freeze_rules(struct zc_freeze *f)
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
