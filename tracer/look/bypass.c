/* SPDX-License-Identifier: MIT */
/*
 * bypass.c - mode hybrid: who calls the kernel without the shim, though it is there.
 *
 * A file call of a process with a gate that came through neither of its doors was made by code that the
 * shim does not stand before: libc's own calls inside its functions, which are no news, or an instruction
 * of the program's own. It has been judged here like any other; the note says where it was made.
 */
#include <string.h>

#include "core/wire/gate.h"
#include "tracer/judge/judge.h"
#include "tracer/look/look.h"
#include "tracer/look/maps.h"

#define SITES 1024u /* a power of two: sites that were told; beyond that one may be told again */

bool zc_bypass_has_gate(const struct zc_tracer *tracer, pid_t pid)
{
	return tracer->image->gate &&
	       __atomic_load_n(&tracer->open_page->gated[(uint32_t)pid % ZC_PAGE_GATED],
			       __ATOMIC_RELAXED) == pid;
}

/* libc and the loader, by the names that they have in glibc and musl. */
static bool is_libc(const struct zc_mapped *map)
{
	static const char *const names[] = { "libc.so",       "libc-2.",   "libc.musl",
					     "ld-linux",      "ld-musl",   "ld-2.",
					     "libpthread.so", "libresolv", "libnss_" };
	const char *slash = map->name ? strrchr(map->name, '/') : NULL;

	for (size_t i = 0; slash && i < ZC_LEN(names); i++)
		if (!strncmp(slash + 1, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool is_told(uint64_t site)
{
	static uint64_t told[SITES];
	uint64_t *slot = &told[site & (SITES - 1)];

	if (*slot == site)
		return true;
	*slot = site;
	return false;
}

void zc_bypass_look(struct zc_tracer *tracer, struct zc_tracee *tracee,
		    const struct zc_call_stop *stop)
{
	const struct zc_mapped *map;

	if (!tracer->image->gate || stop->abi != ZC_ABI_X86_64 || stop->call >= ZC_CALL_COUNT ||
	    zc_calls[stop->call].class != ZC_CALL_FILE ||
	    zc_gate_is_side(tracer->image, stop->ip) || !zc_bypass_has_gate(tracer, tracee->tgid))
		return;
	map = zc_mapped_find(tracee, stop->ip);
	if (map && is_libc(map))
		return;
	__atomic_fetch_add(&tracer->page->bypassed, 1, __ATOMIC_RELAXED);
	if (!is_told(map ? map->hash ^ (stop->ip - map->bias) : stop->ip))
		zc_report_bypass(tracer, tracee, stop);
}

void zc_bypass_forget(struct zc_tracer *tracer, pid_t pid)
{
	int32_t *slot = &tracer->open_page->gated[(uint32_t)pid % ZC_PAGE_GATED], expected = pid;

	if (tracer->image->gate)
		__atomic_compare_exchange_n(slot, &expected, 0, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
}
