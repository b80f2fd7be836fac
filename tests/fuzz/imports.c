/* SPDX-License-Identifier: MIT */
/*
 * imports.c - files that come from elsewhere: whatever a Landlock-config says, what is made of it is a
 * policy; whatever a baseline says, what is accepted has a reason and an end, and is read back the same.
 * The first byte chooses: 'b' a baseline, else a Landlock-config.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/policy/policy.h"
#include "evidence/account/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void import(const char *text, size_t len)
{
	const struct zc_policy_world world = { .home = "/home/u",
					       .project = "/home/u/p",
					       .tmpdir = "/tmp" };
	struct zc_policy_set *set;
	struct zc_policy_error error;
	char *made = NULL;
	size_t made_len = 0;
	FILE *out = open_memstream(&made, &made_len);

	if (!out)
		abort();
	if (zc_import_landlock(out, "fuzz.json", text, len) == 0) {
		if (fflush(out) != 0)
			abort();
		set = zc_policy_set_new(&world);
		if (set && zc_policy_add_text(set, "made.zc", made, made_len, &error) != 0) {
			fprintf(stdout, "%s\n%.*s", error.text, (int)made_len, made);
			abort();
		}
		zc_policy_set_free(set);
	}
	fclose(out);
	free(made);
}

static void baseline(const char *text, size_t len)
{
	struct zc_baseline *baseline;
	const struct zc_accepted *expired, *entry;
	char error[512];

	if (zc_baseline_parse(&baseline, "fuzz.json", text, len, error, sizeof(error)) < 0) {
		if (!*error || strpbrk(error, "\n\x1b"))
			abort();
		return;
	}
	for (size_t i = 0; (entry = zc_baseline_at(baseline, i)); i++) {
		if (!entry->why || !*entry->why || !entry->until || entry->ends <= 0 ||
		    !(entry->fingerprint || entry->similar))
			abort();
		if (zc_baseline_find(baseline, entry->fingerprint, entry->similar, 0, &expired) ==
		    NULL)
			abort();
	}
	zc_baseline_free(baseline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;

	if (!quiet && !getenv("ZC_FUZZ_LOUD"))
		quiet = freopen("/dev/null", "w", stderr);
	if (size && data[0] == 'b')
		baseline((const char *)data + 1, size - 1);
	else if (size)
		import((const char *)data + 1, size - 1);
	return 0;
}
