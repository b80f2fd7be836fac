/* SPDX-License-Identifier: MIT */
/*
 * maps.h - what a process had mapped, and places in it: the inside of the unwinder.
 *
 * Maps are shared by a process and its forks until one of them maps more (copy on write). Each set
 * of maps has its own libunwind address space, because libunwind caches by address; the least
 * recently used spaces are dropped, as each weighs some 100 KiB.
 */
#ifndef ZC_EVIDENCE_MAPS_H
#define ZC_EVIDENCE_MAPS_H

#include <libunwind-x86_64.h>

#include "evidence/stack/stack.h"

struct zc_sites;

struct zc_map {
	uint64_t start, end;      /* executable addresses */
	uint64_t bias;            /* address - bias = ELF virtual address */
	struct zc_module *module; /* NULL: could not be kept */
};

/* The executable map at address, or NULL. */
const struct zc_map *zc_maps_find(const struct zc_maps *maps, uint64_t address);
/* The address space that caches for these maps, made on first need; NULL without memory. */
unw_addr_space_t zc_maps_space(struct zc_unwinder *unwinder, struct zc_maps *maps);
/*
 * sites.c: the place, kept but not yet named; NULL without memory. Valid until zc_sites_trim().
 */
struct zc_sites *zc_sites_new(void);
struct zc_sites *zc_sites_free(struct zc_sites *sites); /* takes NULL */
struct zc_sites *zc_unwinder_sites(struct zc_unwinder *unwinder);
const struct zc_site *zc_site_get(struct zc_sites *sites, struct zc_module *module, uint64_t offset,
				  bool caller);
/* Names those places of a stack that have no names yet, all in as few questions as possible. */
void zc_sites_name(struct zc_sites *sites, const struct zc_stack *stack);
const struct zc_naming_report *zc_sites_naming(const struct zc_sites *sites);
/* Forgets all places when there are too many. */
void zc_sites_trim(struct zc_sites *sites);
/* Writes what the evidence says about a place (site->json); failure leaves it NULL. */
void zc_site_describe(struct zc_site *site);
/*
 * jit.c: a place in code that was made at run time, by the map that its maker has written for perf(1),
 * /tmp/perf-PID.map; NULL: not known. Valid until zc_sites_trim().
 */
const struct zc_site *zc_jit_site(struct zc_unwinder *unwinder, const struct zc_frame_head *who,
				  uint64_t ip, bool caller);
struct zc_jits;
struct zc_jits *zc_jits_free(struct zc_jits *jits); /* takes NULL */
struct zc_jits **zc_unwinder_jits(struct zc_unwinder *unwinder);
/* What stands for the file of code that is in none. */
struct zc_module *zc_unwinder_no_file(struct zc_unwinder *unwinder);
/* enum zc_site_kind, by the file's name. */
uint8_t zc_module_kind(const struct zc_module *module);

extern unw_accessors_t zc_stack_accessors; /* unwind.c */

#endif
