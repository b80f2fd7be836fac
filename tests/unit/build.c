/* SPDX-License-Identifier: MIT */
/*
 * build.c - what the builder accepts, what it makes of it, and that a damaged image is not
 * accepted.
 */
#include "tests/unit/decide.h"
#include "tests/unit/t.h"

#define USER ZC_LAYER_USER
#define ALLOW ZC_SAYS_ALLOW

static int try_path(const char *pattern)
{
	struct lab lab = lab_new(0);
	int rule = lab_rule(&lab, USER, ALLOW, R, pattern),
	    error = zc_build_path(lab.build, rule, R, pattern);

	lab_free(&lab);
	return error;
}

static void test_patterns(void)
{
	static const char *const good[] = { "/",           "/a",    "/a/*", "/a/**",  "/**/x",
					    "/a*b*c/**/d", "/.a",   "/...", "/a/\\*", "/.",
					    "/a/.",        "/**/.", "/a*/." };
	static const char *const bad[] = { "",      "a",    "./a",    "/a/",     "//a",
					   "/a//b", "/./a", "/..",    "/a/./b",  "/a/..",
					   "/a**",  "/**b", "/a/***", "/a/*\\*", "/a/**/" };
	static char huge[5000];

	for (size_t i = 0; i < ZC_LEN(good); i++)
		T_OK(try_path(good[i]) == 0, "'%s' is a pattern", good[i]);
	for (size_t i = 0; i < ZC_LEN(bad); i++)
		T_OK(try_path(bad[i]) == -EINVAL, "'%s' is not", bad[i]);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[0] = '/';
	T_OK(try_path(huge) == -EINVAL, "one that no path can match for its length is not");
	huge[300] = '*';
	huge[400] = '\0';
	T_OK(try_path(huge) == -EINVAL, "nor a wildcard behind 299 bytes, which no name has");
	huge[300] = 'a';
	T_OK(try_path(huge) == 0, "a long plain name is");
}

static void test_arguments(void)
{
	struct zc_build *build = zc_build_new();
	static const uint8_t addr[16];
	static const char longest[108];
	int rule = zc_build_rule(build, USER, ALLOW, ALL, "t", "s", false);

	T_OK(rule == 0 && zc_build_rule(build, USER, ALLOW, ALL, "t", "s", false) == 1,
	     "rules are numbered from 0");
	T_OK(zc_build_rule(build, ZC_LAYER_BASE, ZC_SAYS_DENY, R, "t", "s", false) == -EINVAL,
	     "@base only allows");
	T_OK(zc_build_rule(build, ZC_LAYER_IMPLICIT, ALLOW, R, "t", "s", false) == -EINVAL,
	     "implicit rules only deny");
	T_OK(zc_build_path(build, 7, R, "/a") == -EINVAL &&
		     zc_build_path(build, -1, R, "/a") == -EINVAL,
	     "a rule that is not there cannot be given a path");
	T_OK(zc_build_path(build, rule, 0, "/a") == -EINVAL &&
		     zc_build_path(build, rule, NET, "/a") == -EINVAL,
	     "a path needs a class that paths have");
	T_OK(zc_build_net(build, rule, NET, AF_INET, addr, 33, 0) == -EINVAL &&
		     zc_build_net(build, rule, NET, AF_INET6, addr, 129, 0) == -EINVAL &&
		     zc_build_net(build, rule, NET, AF_INET, addr, 8, 65536) == -EINVAL &&
		     zc_build_net(build, rule, NET, AF_UNIX, addr, 8, 0) == -EINVAL &&
		     zc_build_net(build, rule, R, AF_INET, addr, 8, 0) == -EINVAL,
	     "addresses are checked");
	T_OK(zc_build_net_port(build, rule, NET, 0) == -EINVAL, "port 0 is not a port");
	T_OK(zc_build_sys(build, rule, ZC_SYS_COUNT + 1) == -EINVAL,
	     "nor is there a sys name behind the last");
	T_OK(zc_build_abstract(build, rule, longest, 107) == 0 &&
		     zc_build_abstract(build, rule, longest, 108) == -EINVAL,
	     "an abstract name has at most 107 bytes");
	T_OK(zc_build_host(build, "") == -EINVAL && zc_build_host(build, ".") == -EINVAL,
	     "a host has a name");
	zc_build_free(build);
	T_OK(zc_build_free(NULL) == NULL, "free takes NULL");
}

static void test_limits(void)
{
	struct zc_build *build = zc_build_new();
	int rule = zc_build_rule(build, USER, ALLOW, R, "t", "s", false), error = 0, n = 0;
	char pattern[600];

	for (; n < 100000 && !error; n++) {
		snprintf(pattern, sizeof(pattern), "/a/x*%d*y", n);
		error = zc_build_path(build, rule, R, pattern);
	}
	T_OK(error == -E2BIG && n == 65,
	     "one directory takes 64 globs that differ only between their stars");
	error = 0;
	for (n = 0; n < 250 * 250 && !error; n++) {
		snprintf(pattern, sizeof(pattern), "/b/%0*d*%0*d", 1 + n % 250, 0, 1 + n / 250, 0);
		error = zc_build_path(build, rule, R, pattern);
	}
	T_OK(error == -E2BIG && n == 1025, "and 1024 shapes of globs");
	error = 0;
	for (n = 0; n < 50000 && !error; n++) {
		snprintf(pattern, sizeof(pattern), "/c/%05d*.log", n);
		error = zc_build_path(build, rule, R, pattern);
	}
	T_OK(!error, "globs of one shape are many as you like");
	zc_build_free(build);
}

static void test_contents(void)
{
	struct lab lab = lab_new(ZC_IMAGE_KILL);
	const struct zc_image_node *root;
	const struct zc_image *image;
	int first;

	lab.options.instance = 7;
	lab.options.jail = "/jail";
	lab.options.supervisor[1] = 42;
	first = lab_path(&lab, USER, ZC_SAYS_DENY, R, "/a/b");
	lab_path(&lab, USER, ZC_SAYS_DENY, R, "/a/b");
	lab_path(&lab, ZC_LAYER_PROFILE, ALLOW, W, "/a/**/c");
	image = lab_image(&lab);
	root = zc_image_at(image, image->nodes);
	T_OK(image->flags == ZC_IMAGE_KILL && image->instance == 7 && image->supervisor[1] == 42,
	     "options are carried over");
	T_OK(!strcmp(zc_image_at(image, image->jail), "/jail") && image->jail.count == 5,
	     "so is the jail's prefix");
	T_OK(!strcmp(zc_image_text(image, zc_image_rule(image, (uint32_t)first)->text), "/a/b") &&
		     !strcmp(zc_image_text(image, zc_image_rule(image, (uint32_t)first)->source),
			     "test:1"),
	     "a rule has its text and source");
	T_OK(ask_read(&lab, "/a/b").rule == (uint32_t)first,
	     "of two that say the same, the first is named");
	T_OK(root->mask == 0 && root->below == (ZC_MASK_USER(ZC_CLASS_READ, ZC_SAYS_DENY) |
						ZC_MASK_PROFILE(ZC_CLASS_WRITE, ALLOW)),
	     "the root knows what is said below it");
	T_OK(root->below_rule == (uint32_t)first, "and which deny that is");
	T_OK(image->user_allows == 0, "a user's deny replaces nothing");
	T_OK(zc_image_rule(image, ZC_RULE_NONE) == NULL && zc_image_rule(image, 3) == NULL,
	     "no rule is behind the last");
	T_OK(!strcmp(zc_image_text(image, UINT32_MAX), ""), "and no text behind the strings");
	lab_free(&lab);

	lab = lab_new(0);
	lab_rule(&lab, USER, ALLOW, NET, "allow-net nowhere");
	T_OK(lab_image(&lab)->user_allows == (NET | U),
	     "a user's allow in the network counts for unix sockets too");
	lab_free(&lab);
	lab = lab_new(0);
	lab.options.jail = "relative";
	T_OK(zc_build_finish(lab.build, &lab.options, &lab.image, &lab.size) == -EINVAL,
	     "a jail is absolute");
	lab_free(&lab);
}

/* Writes value over the 32 bits at offset of a copy; does the check still accept it? */
static bool accepts_with(const struct lab *lab, size_t offset, uint32_t value)
{
	char *copy = malloc(lab->size);
	bool accepted;

	memcpy(copy, lab->image, lab->size);
	memcpy(copy + offset, &value, sizeof(value));
	accepted = zc_image_check(copy, lab->size) == 0;
	free(copy);
	return accepted;
}

#define FIELD(table, type, field) (image->table.offset + offsetof(struct type, field))

static void test_damage(void)
{
	struct lab lab = lab_new(0);
	const struct zc_image *image;
	static const uint8_t addr[16] = { 10 };
	size_t edge = 0, net = 0;
	int rule;

	lab.options.jail = "/jail";
	rule = lab_path(&lab, USER, ALLOW, R, "/a/*.c");
	if (zc_build_net(lab.build, rule, NET, AF_INET, addr, 8, 0) < 0 ||
	    zc_build_host(lab.build, "localhost") < 0)
		abort();
	image = lab_image(&lab);
	while (((const struct zc_image_edge *)zc_image_at(image, image->edges))[edge].kind ==
	       ZC_EDGE_EMPTY)
		edge++;
	while (((const struct zc_image_net *)zc_image_at(image, image->nets))[net].kind ==
	       ZC_NET_EMPTY)
		net++;
	edge *= sizeof(struct zc_image_edge);
	net *= sizeof(struct zc_image_net);

	struct {
		size_t offset;
		uint32_t value;
		const char *what;
	} damages[] = {
		{ offsetof(struct zc_image, magic), 1, "another magic" },
		{ offsetof(struct zc_image, version), 2, "another version" },
		{ offsetof(struct zc_image, size), (uint32_t)lab.size + 1,
		  "a size beyond the block" },
		{ offsetof(struct zc_image, size), 8, "a size below the header's" },
		{ offsetof(struct zc_image, nodes.offset), (uint32_t)lab.size - 8,
		  "nodes that reach beyond the end" },
		{ offsetof(struct zc_image, nodes.offset), image->nodes.offset + 4,
		  "nodes that are not aligned" },
		{ offsetof(struct zc_image, nodes.offset), 0, "nodes inside the header" },
		{ offsetof(struct zc_image, nodes.count), 0, "no root" },
		{ offsetof(struct zc_image, edges.count), 3, "edges that are no power of two" },
		{ offsetof(struct zc_image, edges.count), 1u << 31, "more edges than there are" },
		{ offsetof(struct zc_image, nets.count), 0, "no table of addresses" },
		{ offsetof(struct zc_image, strings.count), 0, "no strings" },
		{ offsetof(struct zc_image, strings.count), image->strings.count - 1,
		  "strings without an end" },
		{ offsetof(struct zc_image, jail.offset), 8, "a jail outside the strings" },
		{ offsetof(struct zc_image, jail.count), 4,
		  "a jail that does not end where it says" },
		{ offsetof(struct zc_image, prefixes4) + 4, 1u << 31,
		  "a prefix length of 63 bits" },
		{ offsetof(struct zc_image, sys_rule), 1, "a sys rule that is not there" },
		{ offsetof(struct zc_image, any_net_grants_count), 1,
		  "grants of every address that are not there" },
		{ FIELD(nodes, zc_image_node, grants_first), UINT32_MAX,
		  "a node's grants beyond the end" },
		{ FIELD(nodes, zc_image_node, dstar), 77, "a ** child that is not there" },
		{ FIELD(nodes, zc_image_node, dstar), 2, "a ** child that is deeper" },
		{ FIELD(nodes, zc_image_node, shapes_first), 2, "shapes beyond the end" },
		{ FIELD(nodes, zc_image_node, below_rule), 5, "a rule below that is not there" },
		{ FIELD(nodes, zc_image_node, depth), 1, "a root that is not at depth 0" },
		{ FIELD(edges, zc_image_edge, parent) + edge, 3, "an edge from nowhere" },
		{ FIELD(edges, zc_image_edge, child) + edge, 3, "an edge to nowhere" },
		{ FIELD(edges, zc_image_edge, child) + edge, 0, "an edge back to the root" },
		{ FIELD(edges, zc_image_edge, name) + edge, image->strings.count,
		  "an edge without a name" },
		{ FIELD(grants, zc_image_grant, rule), 1, "a grant of a rule that is not there" },
		{ FIELD(rules, zc_image_rule, text), image->strings.count,
		  "a rule's text outside the strings" },
		{ FIELD(rules, zc_image_rule, layer), 4, "a layer that is none" },
		{ FIELD(nets, zc_image_net, grants_first) + net, UINT32_MAX,
		  "an address's grants beyond the end" },
		{ FIELD(nets, zc_image_net, name_len) + net, UINT32_MAX,
		  "a name beyond the strings" },
		{ FIELD(hosts, zc_image_host, len), UINT32_MAX, "a host beyond the strings" },
	};

	if (image->shapes.count == 1)
		T_OK(accepts_with(&lab, FIELD(nodes, zc_image_node, pad), 1),
		     "an image is accepted as built");
	for (size_t i = 0; i < ZC_LEN(damages); i++)
		T_OK(!accepts_with(&lab, damages[i].offset, damages[i].value), "%s is found",
		     damages[i].what);
	T_OK(zc_image_check(NULL, 0) == -EINVAL && zc_image_check(image, 100) == -EINVAL,
	     "a piece is no image");
	T_OK(zc_image_check(image, lab.size + 4096) == 0,
	     "what lies behind the image is not its own");
	T_OK(zc_image_check_head(image, lab.size) == 0 &&
		     zc_image_check_head(image, lab.size - 1) == -EINVAL,
	     "the quick check looks at the same bounds");
	lab_free(&lab);
}

static void test_full_table(void)
{
	struct lab lab = lab_new(0);
	struct zc_image_edge *edges;

	lab_path(&lab, USER, ALLOW, R, "/a");
	edges = (struct zc_image_edge *)((char *)(uintptr_t)lab_image(&lab) +
					 lab.image->edges.offset);
	for (uint32_t i = 0, full = 0; i < lab.image->edges.count; i++)
		if (edges[i].kind != ZC_EDGE_EMPTY)
			for (full = 0; full < lab.image->edges.count; full++)
				edges[full] = edges[i];
	T_OK(zc_image_check(lab.image, lab.size) == -EINVAL,
	     "a table without a free slot, where a search never ends, is found");
	lab_free(&lab);
}

/* A large policy answers as a small one does, wherever its tables had to grow. */
static void test_many(void)
{
	struct lab lab = lab_new(0);
	unsigned long wrong = 0;
	char path[128];
	const int many = 100000;

	for (int i = 0; i < many; i++) {
		snprintf(path, sizeof(path), "/srv/d%d/s%d/f%d", i % 1000, i % 77, i);
		lab_path(&lab, USER, i % 2 ? ALLOW : ZC_SAYS_DENY, R, path);
		if (i % 10 == 0) {
			uint8_t addr[16] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
					     (uint8_t)i };

			if (zc_build_net(lab.build, i, NET, AF_INET, addr, 32, 0) < 0)
				abort();
		}
	}
	for (int i = 0; i < many; i++) {
		struct zc_verdict verdict;

		snprintf(path, sizeof(path), "/srv/d%d/s%d/f%d", i % 1000, i % 77, i);
		verdict = ask_read(&lab, path);
		wrong += verdict.rule != (uint32_t)i ||
			 verdict.action != (i % 2 ? ZC_ALLOWED : ZC_REFUSED);
		strcat(path, "x");
		wrong += ask_read(&lab, path).reason != ZC_WHY_NO_ALLOW;
	}
	T_OK(wrong == 0, "with 100,000 rules each path finds its own");
	lab_free(&lab);
}

static void test_hash(void)
{
	unsigned char text[64];
	uint64_t seen[65];
	unsigned long same = 0, bits = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len <= 64; len++) {
		seen[len] = zc_hash_bytes(text, len, 0);
		for (size_t other = 0; other < len; other++)
			same += seen[len] == seen[other];
	}
	T_OK(same == 0, "every length hashes differently");
	same = 0;
	for (size_t len = 1; len <= 64; len++)
		for (size_t bit = 0; bit < len * 8; bit++) {
			uint64_t hash;

			text[bit / 8] ^= (unsigned char)(1u << bit % 8);
			hash = zc_hash_bytes(text, len, 0);
			text[bit / 8] ^= (unsigned char)(1u << bit % 8);
			same += hash == seen[len];
			bits += (unsigned)__builtin_popcountll(hash ^ seen[len]);
		}
	T_OK(same == 0, "and every bit of the text counts");
	T_OK(bits > 16640ul * 31 && bits < 16640ul * 33,
	     "by half of the hash's bits: %lu of 64 over 16640 flips", bits / 16640);
}

int main(void)
{
	test_patterns();
	test_arguments();
	test_limits();
	test_contents();
	test_damage();
	test_full_table();
	test_many();
	test_hash();
	T_DONE();
}
