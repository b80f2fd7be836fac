/* SPDX-License-Identifier: MIT */
/*
 * baseline.c - the findings that somebody accepted: kept, and asked for. The file: baseline_file.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/account/baseline.h"
#include "text/array.h"

struct zc_baseline {
	struct zc_accepted *entry;
	size_t count, cap;
};

struct zc_baseline *zc_baseline_new(void)
{
	return calloc(1, sizeof(struct zc_baseline));
}

static void forget(struct zc_accepted *entry)
{
	free((char *)(uintptr_t)entry->what);
	free((char *)(uintptr_t)entry->why);
	free((char *)(uintptr_t)entry->until);
	free((char *)(uintptr_t)entry->by);
}

struct zc_baseline *zc_baseline_free(struct zc_baseline *baseline)
{
	if (baseline == NULL)
		return NULL;
	for (size_t i = 0; i < baseline->count; i++)
		forget(&baseline->entry[i]);
	free(baseline->entry);
	free(baseline);
	return NULL;
}

size_t zc_baseline_count(const struct zc_baseline *baseline)
{
	return baseline->count;
}

const struct zc_accepted *zc_baseline_at(const struct zc_baseline *baseline, size_t index)
{
	return index < baseline->count ? &baseline->entry[index] : NULL;
}

static bool digits(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

int zc_baseline_day(const char *text, int64_t *ret_ends)
{
	struct tm day = { 0 }, same;
	time_t at;

	if (strlen(text) != 10 || !digits(text, 4) || text[4] != '-' || !digits(text + 5, 2) ||
	    text[7] != '-' || !digits(text + 8, 2))
		return -EINVAL;
	day.tm_year = atoi(text) - 1900;
	day.tm_mon = atoi(text + 5) - 1;
	day.tm_mday = atoi(text + 8);
	same = day;
	at = timegm(&same);
	/* The 31st of April comes back as the 1st of May. */
	if (same.tm_mday != day.tm_mday || same.tm_mon != day.tm_mon || day.tm_year < 70)
		return -EINVAL;
	*ret_ends = (int64_t)at + 86400;
	return 0;
}

bool zc_baseline_is_same(const struct zc_accepted *a, const struct zc_accepted *b)
{
	return a->fingerprint == b->fingerprint && a->similar == b->similar;
}

static const char *copy(const char *text, bool *failed)
{
	char *made = text ? strdup(text) : NULL;

	*failed |= text && !made;
	return made;
}

int zc_baseline_add(struct zc_baseline *baseline, const struct zc_accepted *entry)
{
	struct zc_accepted made = *entry, *more;
	bool failed = false;
	size_t i = 0;

	if (!entry->why || !entry->until || !(entry->fingerprint || entry->similar) ||
	    zc_baseline_day(entry->until, &made.ends) < 0)
		return -EINVAL;
	while (i < baseline->count && !zc_baseline_is_same(&baseline->entry[i], entry))
		i++;
	more = zc_array_grow(baseline->entry, i, &baseline->cap, sizeof(*more), 16);
	if (!more)
		return -ENOMEM;
	baseline->entry = more;
	made.what = copy(entry->what, &failed);
	made.why = copy(entry->why, &failed);
	made.until = copy(entry->until, &failed);
	made.by = copy(entry->by, &failed);
	if (failed) {
		forget(&made);
		return -ENOMEM;
	}
	if (i < baseline->count)
		forget(&baseline->entry[i]);
	else
		baseline->count++;
	baseline->entry[i] = made;
	return 0;
}

/* A hundred entries and a thousand findings: no table is worth its lines. */
const struct zc_accepted *zc_baseline_find(struct zc_baseline *baseline, uint64_t fingerprint,
					   uint64_t similar, time_t now,
					   const struct zc_accepted **ret_expired)
{
	*ret_expired = NULL;
	for (size_t i = 0; i < baseline->count; i++) {
		struct zc_accepted *entry = &baseline->entry[i];

		if (!(entry->fingerprint && entry->fingerprint == fingerprint) &&
		    !(entry->similar && entry->similar == similar))
			continue;
		entry->used = true;
		if ((int64_t)now < entry->ends)
			return entry;
		*ret_expired = entry;
	}
	return NULL;
}
