/* SPDX-License-Identifier: MIT */
/*
 * build.h - rules in, frozen image out (core/image.h says what the bytes mean).
 *
 * Theory of operation of build/. A rule is registered first and gets a number; then it is said where it holds:
 * paths become nodes and edges of a trie (build_trie.c), addresses entries by prefix length (build_net.c),
 * names and commands entries of their own (build_names.c, build.c). All of it grows in the form that the image
 * has (build_parts.h). build_freeze.c lays it out as one block without a pointer in it and has it checked by
 * zc_image_check() like any reader would. join.c puts a stricter image behind it where there is one, and
 * seal.c makes it a memfd that nobody can change, with the gate's page behind the image.
 *
 * Knows nothing of files, flags or profiles: patterns arrive absolute and expanded.
 * Memory: zc_build owns copies of all it is given. Fails: -ENOMEM, -EINVAL, -E2BIG.
 */
#ifndef ZC_POLICY_BUILD_H
#define ZC_POLICY_BUILD_H

#include "core/image.h"

struct zc_build;

struct zc_build *zc_build_new(void);
struct zc_build *zc_build_free(struct zc_build *build); /* takes NULL, returns NULL */

/*
 * Registers a rule; returns its number (>= 0), or -errno. text "deny-read ~/.ssh", source
 * "ci.zc:12".
 */
int zc_build_rule(struct zc_build *build, enum zc_layer layer, enum zc_says says, unsigned classes,
		  const char *text, const char *source, bool protects);
/*
 * Makes a rule hold for a path pattern and its subtree. classes: bits of enum zc_class below
 * ZC_PATH_CLASSES. The pattern is absolute and lexically clean, with '*' inside a component and
 * "**" as a whole component; a trailing "**" is dropped (a directory covers its subtree), and with a
 * trailing "." it holds for the directory alone. "\*" and
 * "\\" stand for the byte itself, but not in a component with a wildcard; any other backslash is
 * one. -EINVAL for anything else; -E2BIG when one directory has too many different globs to stay
 * quick. May be called several times for one rule (both spellings of a path).
 */
int zc_build_path(struct zc_build *build, int rule, unsigned classes, const char *pattern);
/*
 * Makes a rule hold for addresses (v4-mapped ones are IPv4); classes: ZC_CLASS_NET and/or
 * ZC_CLASS_LISTEN as bits. port 0: any.
 */
int zc_build_net(struct zc_build *build, int rule, unsigned classes, int family,
		 const uint8_t addr[16], unsigned prefix_bits, unsigned port);
/* ... for every address of both families on one port (port > 0). */
int zc_build_net_port(struct zc_build *build, int rule, unsigned classes, unsigned port);
/* ... for every address, every family; unix sockets are zc_build_unix_any()'s. */
int zc_build_net_any(struct zc_build *build, int rule, unsigned classes);
/* ... for every unix socket, named or not; for one abstract name ("*": every abstract one). */
int zc_build_unix_any(struct zc_build *build, int rule);
int zc_build_abstract(struct zc_build *build, int rule, const char *name, size_t len);
/* ... for a sys name; ZC_SYS_COUNT: all of them (but SYS_SIGNAL_SUPERVISOR), which names none. */
int zc_build_sys(struct zc_build *build, int rule, unsigned sys);
/*
 * Rules on commands (core/exec/argv.h): the rule first, then its words: all programs, all arguments, all feeders.
 * risk: enum zc_risk. -E2BIG: too many rules with feeders.
 */
int zc_build_argv(struct zc_build *build, int rule, unsigned groups, unsigned risk);
struct zc_build_word {
	unsigned part; /* 0: program, 1: argument, 2: feeder */
	unsigned kind; /* ZC_ARG_* */
	unsigned group;
	size_t prefix_len;
	const char *text;
};
int zc_build_argv_word(struct zc_build *build, const struct zc_build_word *word);
/* A host name that getaddrinfo answers without the network. */
int zc_build_host(struct zc_build *build, const char *name);

/*
 * Makes a rule of class NET hold for a host name (wild: for every name below it) whose addresses become
 * known later. name: lower case, without "*.". Its addresses so far are zc_build_net()'s.
 */
int zc_build_name(struct zc_build *build, int rule, const char *name, bool wild, unsigned port);
/* ... and says that an address is the name's. source: enum zc_host_source. */
int zc_build_found(struct zc_build *build, const char *name, int family, const uint8_t addr[16],
		   unsigned source);

struct zc_build_options {
	uint32_t flags; /* ZC_IMAGE_* */
	uint8_t sha256[32];
	uint64_t instance;
	const char *jail; /* absolute, or NULL */
	int32_t supervisor[4];
	int32_t supervisor_group;
};
/* Freezes. *ret_image is malloc'd, the caller frees it; it has passed zc_image_check(). */
int zc_build_finish(struct zc_build *build, const struct zc_build_options *options,
		    struct zc_image **ret_image, size_t *ret_size);

#endif
