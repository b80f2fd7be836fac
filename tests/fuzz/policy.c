/* SPDX-License-Identifier: MIT */
/*
 * policy.c - any bytes as a policy: they load or they do not, and what loads is a sound image, prints,
 * and has a twin that is the same policy. A '{' at the start makes them JSON.
 */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No name leaves the machine from here: libc's are replaced. Even lengths resolve. */
int getaddrinfo(const char *restrict name, const char *restrict service,
		const struct addrinfo *restrict want, struct addrinfo **restrict ret)
{
	static struct sockaddr_in address = { .sin_family = AF_INET };
	static struct addrinfo found = { .ai_family = AF_INET,
					 .ai_addr = (struct sockaddr *)&address };

	address.sin_addr.s_addr = (in_addr_t)strlen(name) * 0x01010101u;
	if (strlen(name) & 1)
		return EAI_NONAME;
	*ret = &found;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
}

static struct zc_policy_set *new_set(void)
{
	static const char *const ours[] = { "/opt/zc/zcwrap", NULL };
	const struct zc_policy_world world = {
		.home = "/home/u",
		.project = "/home/u/p",
		.tmpdir = "/tmp",
		.log_dir = "/home/u/p/logs",
		.ours_write = ours,
		.ours_read = ours,
		.supervisor = { 1 },
		.shim_path = "/opt/zc/libzcshim.so",
	};

	return zc_policy_set_new(&world);
}

/* In JSON an include can be spelled in escapes, and its list go on: any is left out. */
static bool reads_files_json(const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;

	while ((at = memmem(at, (size_t)(end - at), "\\u00", 4)) != NULL) {
		at += 4;
		if (at == end || (*at >= '4' && *at <= '7'))
			return true;
	}
	return memmem(data, size, "include", 7) != NULL;
}

/* Reading other files would make a run depend on the machine, and some files never end. */
static bool reads_files(const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;

	while ((at = memmem(at, (size_t)(end - at), "include", 7)) != NULL) {
		at += 7;
		while (at < end && strchr(" \t\r\v\f", *at) != NULL && *at != '\0')
			at++;
		if (at == end || *at != '@')
			return true;
	}
	return false;
}

/* Freezes and prints; the twin's text, malloc'd, or NULL. */
static char *freeze(struct zc_policy_set *set)
{
	struct zc_policy_error error;
	struct zc_image *image = NULL;
	char *text = NULL;
	size_t image_size = 0, len = 0;
	FILE *out;

	if (zc_policy_freeze(set, &image, &image_size, &error) != 0) {
		assert(error.text[0] != '\0');
		return NULL;
	}
	assert(zc_image_check(image, image_size) == 0);
	free(image);
	out = open_memstream(&text, &len);
	assert(out != NULL && zc_policy_print(set, out, false) == 0);
	fclose(out);
	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	assert(out != NULL && zc_policy_print(set, out, true) == 0);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zc_policy_error error = { "" };
	struct zc_policy_set *set, *twin;
	bool json = size > 0 && data[0] == '{';
	char *text;
	int r;

	if (size == 0 || (json ? reads_files_json(data, size) : reads_files(data, size)))
		return 0;
	set = new_set();
	assert(set != NULL);
	if (json)
		r = zc_policy_add_json(set, "f.json", (const char *)data, size, &error);
	else
		r = zc_policy_add_text(set, "f.zc", (const char *)data, size, &error);
	assert(r == 0 || (r == -EINVAL && strncmp(error.text, "f.", 2) == 0));
	text = r == 0 ? freeze(set) : NULL;
	if (text != NULL) {
		twin = new_set();
		r = zc_policy_add_json(twin, "twin.json", text, strlen(text), &error);
		if (r != 0)
			fprintf(stderr, "%s\n%s\n", error.text, text);
		assert(r == 0);
		free(freeze(twin));
		assert(strcmp(zc_policy_sha256(set), zc_policy_sha256(twin)) == 0);
		zc_policy_set_free(twin);
	}
	free(text);
	zc_policy_set_free(set);
	return 0;
}
