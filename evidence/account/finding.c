/* SPDX-License-Identifier: MIT */
/*
 * finding.c - the table of findings: by fingerprint, and in order.
 */
#include <stdlib.h>

#include "evidence/account/finding.h"

#define BLOCK 1024u /* findings are allocated in blocks, so that pointers stay */

struct zc_findings {
	struct zc_finding **block;
	size_t count, blocks;
	uint32_t *slot; /* index + 1; open addressing */
	size_t cap;
};

struct zc_findings *zc_findings_new(void)
{
	return calloc(1, sizeof(struct zc_findings));
}

struct zc_findings *zc_findings_free(struct zc_findings *findings)
{
	if (!findings)
		return NULL;
	for (size_t i = 0; i < findings->count; i++) {
		struct zc_finding *finding = zc_findings_at(findings, i);

		free(finding->members);
		free(finding->what);
		free(finding->by);
		free(finding->who);
		free(finding->hint);
	}
	for (size_t i = 0; i < findings->blocks; i++)
		free(findings->block[i]);
	free(findings->block);
	free(findings->slot);
	free(findings);
	return NULL;
}

size_t zc_findings_count(const struct zc_findings *findings)
{
	return findings->count;
}

struct zc_finding *zc_findings_at(struct zc_findings *findings, size_t index)
{
	return &findings->block[index / BLOCK][index % BLOCK];
}

static size_t slot_of(const struct zc_findings *findings, uint64_t fingerprint)
{
	size_t at = (size_t)((fingerprint * 0x9e3779b97f4a7c15ull) >> 17) & (findings->cap - 1);

	while (findings->slot[at] &&
	       findings->block[(findings->slot[at] - 1) / BLOCK][(findings->slot[at] - 1) % BLOCK]
			       .fingerprint != fingerprint)
		at = (at + 1) & (findings->cap - 1);
	return at;
}

static bool grow(struct zc_findings *findings)
{
	size_t cap = findings->cap ? findings->cap * 2 : 1024;
	uint32_t *old = findings->slot, *slot;

	if (findings->count * 2 < findings->cap)
		return true;
	slot = calloc(cap, sizeof(*slot));
	if (!slot)
		return false;
	findings->slot = slot;
	findings->cap = cap;
	for (size_t i = 0; i < findings->count; i++)
		slot[slot_of(findings, zc_findings_at(findings, i)->fingerprint)] = (uint32_t)i + 1;
	free(old);
	return true;
}

static struct zc_finding *append(struct zc_findings *findings)
{
	if (findings->count == findings->blocks * BLOCK) {
		struct zc_finding **block =
			realloc(findings->block, (findings->blocks + 1) * sizeof(void *));

		if (!block)
			return NULL;
		findings->block = block;
		block[findings->blocks] = calloc(BLOCK, sizeof(**block));
		if (!block[findings->blocks])
			return NULL;
		findings->blocks++;
	}
	return zc_findings_at(findings, findings->count++);
}

struct zc_finding *zc_finding_find(struct zc_findings *findings, uint64_t fingerprint)
{
	uint32_t index = findings->cap ? findings->slot[slot_of(findings, fingerprint)] : 0;

	return index ? zc_findings_at(findings, index - 1) : NULL;
}

struct zc_finding *zc_finding_get(struct zc_findings *findings, uint64_t fingerprint, bool *ret_new)
{
	struct zc_finding *finding = zc_finding_find(findings, fingerprint);
	size_t at;

	*ret_new = !finding;
	if (finding)
		return finding;
	if (findings->count >= UINT32_MAX - 1 || !grow(findings))
		return NULL;
	at = slot_of(findings, fingerprint);
	finding = append(findings);
	if (!finding)
		return NULL;
	finding->fingerprint = fingerprint;
	findings->slot[at] = (uint32_t)findings->count;
	return finding;
}
