/* SPDX-License-Identifier: MIT */
/*
 * image.c - an image that zc_image_check() accepts never makes the decision read outside it.
 *
 * The first byte of the input chooses: 0, the rest is an image; 1, it is patches to a real one,
 * four bytes each: where (two), how, what; 2, it is lines of patterns to build one from; 3, patches to
 * one with a stricter one behind it. The image
 * lies in a block of exactly its size, so that the sanitizer sees any byte read beyond.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/decide/policy.h"
#include "policy/build/build.h"
#include "policy/policy_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_path(const struct zc_image *image, const char *path, const char *other)
{
	struct zc_event event;

	memset(&event, 0, sizeof(event));
	event.objects = 2;
	for (unsigned n = 0; n < 2; n++) {
		struct zc_object *object = &event.object[n];

		object->path = n ? other : path;
		object->given = n ? path : other;
		object->path_len = (uint32_t)strlen(object->path);
		object->given_len = (uint32_t)strlen(object->given);
		object->need = 15;
		object->flags = ZC_OBJ_EXISTS | ZC_OBJ_DIRECTORY;
	}
	event.op = ZC_OP_RENAME;
	event.flags = ZC_EV_EXCHANGE;
	zc_policy_decide(image, &event);
	event.op = ZC_OP_CONNECT;
	event.flags = ZC_EV_HAS_PEER | ZC_EV_MADE_IN_RUN;
	event.peer.family = AF_UNIX;
	event.peer.name_len = 2;
	event.peer.name[0] = '/';
	zc_policy_decide(image, &event);
	zc_policy_allows_path(image, path, strlen(path), 15);
}

static void ask_net(const struct zc_image *image, int family, const char *addr, const char *name)
{
	struct zc_event event;
	struct zc_verdict verdict;

	memset(&event, 0, sizeof(event));
	event.op = ZC_OP_CONNECT;
	event.flags = ZC_EV_HAS_PEER;
	event.peer.family = (uint16_t)family;
	event.peer.port = 443;
	if (family == AF_UNIX) {
		event.peer.name_len = (uint16_t)(1 + strlen(name));
		memcpy(event.peer.name + 1, name, strlen(name));
	} else if (inet_pton(family, addr, event.peer.addr) != 1) {
		abort();
	}
	verdict = zc_policy_decide(image, &event);
	event.op = ZC_OP_BIND;
	zc_policy_decide(image, &event);
	event.op = ZC_OP_RESOLVE;
	event.host = name;
	zc_policy_decide(image, &event);
	if (!zc_fingerprint(image, &event, verdict, 1, 2, 3))
		abort();
}

static void ask_all(const struct zc_image *image)
{
	static const char *const paths[] = {
		"/",
		"/a",
		"/a/b/c",
		"/a/ab/x.c",
		"/home/u/.ssh/id",
		"/p/x/.git/hooks/pre",
		"/a/a/a/a/a/a/a/a/a/b",
		"/aXbYc/aYb",
		"no/slash",
		"//a//b/",
	};

	for (size_t i = 0; i < ZC_LEN(paths); i++)
		ask_path(image, paths[i], paths[(i + 3) % ZC_LEN(paths)]);
	ask_net(image, AF_INET, "10.1.2.3", "localhost");
	ask_net(image, AF_INET, "0.0.0.0", "1.2.3.4");
	ask_net(image, AF_INET6, "2001:db8::1", "box");
	ask_net(image, AF_UNIX, "", "bus");
	for (unsigned op = ZC_OP_SYS_FIRST; op < ZC_OP_COUNT; op++) {
		struct zc_event event = { .op = (uint8_t)op };
		struct zc_verdict verdict = zc_policy_decide(image, &event);
		const struct zc_image_rule *rule = zc_image_rule(image, verdict.rule);

		if (rule && strlen(zc_image_text(image, rule->text)) > image->size)
			abort();
	}
	if (image->jail.count && strlen(zc_image_at(image, image->jail)) > image->size)
		abort();
}

static void ask_block(const void *bytes, size_t size)
{
	void *block = malloc(size ? size : 1);

	if (!block)
		return;
	memcpy(block, bytes, size);
	if (zc_image_check(block, size) == 0)
		ask_all(block);
	free(block);
}

static int add(struct zc_build *build, unsigned layer, unsigned says, const char *pattern)
{
	int rule = zc_build_rule(build, layer, says, 127, pattern, "fuzz:1", false);

	if (rule >= 0)
		(void)!zc_build_path(build, rule, 15, pattern);
	return rule;
}

static struct zc_image *real_image(size_t *ret_size)
{
	static const char *const patterns[] = {
		"/",          "/a/b",          "/a/*.c",
		"/a/a*b/x*c", "/home/*/.ssh",  "/p/**/.git/hooks",
		"/**/b",      "/a*b*c/**/aYb",
	};
	struct zc_build_options options = { .flags = ZC_IMAGE_DNS, .jail = "/jail" };
	static const uint8_t addr[16] = { 10, 1 };
	struct zc_build *build = zc_build_new();
	struct zc_image *image = NULL;
	int rule = -1;

	if (!build)
		abort();
	for (unsigned i = 0; i < ZC_LEN(patterns); i++)
		rule = add(build, i & 1 ? ZC_LAYER_USER : ZC_LAYER_PROFILE, i % ZC_SAYS_COUNT,
			   patterns[i]);
	if (zc_build_net(build, rule, 1u << ZC_CLASS_NET, AF_INET, addr, 16, 0) < 0 ||
	    zc_build_net_port(build, rule, 1u << ZC_CLASS_LISTEN, 443) < 0 ||
	    zc_build_abstract(build, rule, "bus", 3) < 0 || zc_build_unix_any(build, rule) < 0 ||
	    zc_build_sys(build, rule, ZC_SYS_COUNT) < 0 || zc_build_host(build, "localhost") < 0 ||
	    zc_build_finish(build, &options, &image, ret_size) < 0)
		abort();
	zc_build_free(build);
	return image;
}

static struct zc_image *joined_image(size_t *ret_size)
{
	size_t size;
	struct zc_image *image = real_image(ret_size), *stricter = real_image(&size);

	if (zc_policy_join(&image, ret_size, stricter, size) < 0)
		abort();
	free(stricter);
	return image;
}

static void patch(const uint8_t *data, size_t size, bool joined)
{
	static struct zc_image *originals[2];
	static size_t sizes[2];
	const struct zc_image *original = originals[joined];
	size_t original_size;
	uint8_t *block;

	if (!original)
		original = originals[joined] = joined ? joined_image(&sizes[1])
						      : real_image(&sizes[0]);
	original_size = sizes[joined];
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
	ask_block(block, original_size);
	free(block);
}

/* Whatever the patterns are, what is built from those that are accepted is sound. */
static void build_from(const uint8_t *data, size_t size)
{
	struct zc_build *build = zc_build_new();
	struct zc_build_options options = { .flags = 0 };
	char *text = malloc(size + 1), *line, *rest;
	struct zc_image *image;
	size_t image_size;

	if (!build || !text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned says = (unsigned char)line[0];

		add(build, says / 8 % 2 ? ZC_LAYER_USER : ZC_LAYER_PROFILE, says % ZC_SAYS_COUNT,
		    line + 1);
	}
	if (zc_build_finish(build, &options, &image, &image_size) < 0)
		abort();
	ask_block(image, image_size);
	free(image);
	free(text);
	zc_build_free(build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0: ask_block(data + 1, size - 1); break;
	case 1: patch(data + 1, size - 1, false); break;
	case 3: patch(data + 1, size - 1, true); break;
	default: build_from(data + 1, size - 1); break;
	}
	return 0;
}
