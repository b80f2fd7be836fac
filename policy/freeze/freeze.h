/* SPDX-License-Identifier: MIT */
/*
 * freeze.h - everything that was said, resolved on this host, and the rules that nobody wrote.
 *
 * Theory of operation. freeze.c keeps the order: which profiles are in, what the user's allows put aside, then
 * the rules that follow from the others (derive.c: what protects the run itself, the jail, sockets below what may
 * be written; derive_names.c: who may be asked for names). Each rule's value becomes patterns (expand.c):
 * variables are put in, and links are followed, so that an allow holds for what the kernel opens and a deny also
 * for the name that was given. Host names become rows and addresses (hosts.c), commands words (argv_freeze.c).
 * Then build/ makes the image of it, and the policy's own expectations are put to that image.
 *
 * Here the host is looked at, once. After it nothing is resolved again for a rule: what a link leads to later is
 * the business of who observes.
 *
 * Memory: the set's. Fails: -EINVAL, -ENOMEM and what the system says, with the error filled.
 */
#ifndef ZC_POLICY_FREEZE_H
#define ZC_POLICY_FREEZE_H

#include "policy/language/language.h"

/* hosts.c: each (address, name) of /etc/hosts, names as written. Stops at, and returns, what is not 0. */
int zc_hosts_each(int (*each)(void *context, const struct zc_net_address *address,
			      const char *name),
		  void *context);
/* Is the name answered from /etc/hosts? */
bool zc_hosts_have(const char *host);
/* Is it a rule on a name that is? */
bool zc_hosts_answer(const struct zc_rule *rule);
/* hosts.c, for freeze.c: gives a rule on names, exact or "*.", its row, and what is known already. */
int zc_hosts_build(struct zc_build *build, const struct zc_rule *rule, int number,
		   const struct zc_net_value *net);

/* resolver.c */
struct zc_resolver;
/* root: where paths begin, a directory that stays readable text as long as the resolver; NULL: "/". */
struct zc_resolver *zc_resolver_new(const char *root);
struct zc_resolver *zc_resolver_free(struct zc_resolver *resolver); /* takes NULL, returns NULL */
/* Where an absolute clean path leads; what is missing is appended. Returns its length or -errno. */
long zc_resolve(struct zc_resolver *resolver, const char *path, size_t len, char *ret, size_t cap);

/* expand.c */
/* Fills rule->patterns from its value. Rules whose variable has no meaning here get none. */
int zc_expand_rule(struct zc_policy_set *set, struct zc_resolver *resolver, struct zc_rule *rule,
		   struct zc_policy_error *error);
/* The absolute clean path that a decoded value stands for; NULL with *ret_wrong. */
const char *zc_expand_value(struct zc_policy_set *set, const struct zc_path_value *value,
			    const char **ret_wrong);
/* Does the pattern hold for path (the pattern's subtree counts)? */
bool zc_pattern_covers(struct zc_pattern pattern, const char *path, size_t len);

/* derive.c: each adds rules to the set. 0, or fails. */
/* One such rule; NULL: out of memory, or value was NULL. */
struct zc_rule *zc_derive(struct zc_policy_set *set, struct zc_origin origin, unsigned layer,
			  unsigned says, unsigned cls, const char *value);
int zc_derive_implicit(struct zc_policy_set *set, struct zc_policy_error *error);
/* Rows of @base that tell of the host, not of the jail: they do not hold where policy alone confines. */
bool zc_derive_is_beyond_jail(const struct zc_policy_set *set, const char *value);
int zc_derive_jail(struct zc_policy_set *set, struct zc_policy_error *error);
int zc_derive_sockets(struct zc_policy_set *set, struct zc_policy_error *error);
/* derive_names.c. Names may be resolved when the policy lets the command out by name: sets ZC_IMAGE_DNS. */
int zc_derive_resolvers(struct zc_policy_set *set, struct zc_policy_error *error);
/* Do the user's rules allow or log something in cls, so that the profile's allows do not count? */
bool zc_set_user_allows(const struct zc_policy_set *set, unsigned cls);

#endif
