/* SPDX-License-Identifier: MIT */
/*
 * pages.c - may somebody else change what a call's pointers lead to?
 *
 * A shared mapping anywhere in a tracee would make every open of its be looked at twice, and nearly
 * every program has one: libc maps a cache of character sets that way. What counts is whether the very
 * pages of the path are private and anonymous. That is known of present pages only; all others are
 * taken for shared.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/tracer.h"

#define PAGE 4096u
#define PRESENT (1ull << 63)
#define OF_FILE (1ull << 61) /* of a file, or shared anonymous memory */
#define KEPT 8u

/* A descriptor shows the memory that the process had when it was opened: exec_id says which. */
static struct {
	pid_t process;
	uint64_t exec_id;
	int fd; /* 0: none; ours are never below 3 */
} kept[KEPT];

/* A child has its parent's exec_id, and may have got the number of one that has ended. */
static void forget(const struct zc_tracee *tracee)
{
	kept[(unsigned)tracee->tgid % KEPT].exec_id = ~tracee->exec_id;
}

static int pagemap_of(const struct zc_tracee *tracee)
{
	unsigned at = (unsigned)tracee->tgid % KEPT;
	char path[32];

	if (kept[at].fd && kept[at].process == tracee->tgid && kept[at].exec_id == tracee->exec_id)
		return kept[at].fd;
	if (kept[at].fd)
		close(kept[at].fd);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", tracee->tid);
	kept[at].fd = open(path, O_RDONLY | O_CLOEXEC);
	if (kept[at].fd <= 0)
		return kept[at].fd = 0, -1;
	kept[at].process = tracee->tgid;
	kept[at].exec_id = tracee->exec_id;
	return kept[at].fd;
}

bool zc_pages_are_own_at(const struct zc_tracee *tracee, uint64_t address, size_t len)
{
	unsigned pages = 1 + (unsigned)((address % PAGE + len - 1) / PAGE);
	int fd = pagemap_of(tracee);
	uint64_t page[2] = { 0 };

	if (fd < 0 || pages > 2)
		return false;
	if (pread(fd, page, pages * sizeof(*page), (off_t)(address / PAGE * sizeof(*page))) !=
	    (ssize_t)(pages * sizeof(*page))) {
		forget(tracee);
		return false;
	}
	for (unsigned i = 0; i < pages; i++)
		if (!(page[i] & PRESENT) || page[i] & OF_FILE)
			return false;
	return true;
}

bool zc_pages_are_own(const struct zc_tracee *tracee, const struct zc_event *event)
{
	const uint8_t *role = zc_calls[event->call].role;

	for (unsigned i = 0; i < 6; i++) {
		uint64_t address = event->abi == ZC_ABI_I386 ? (uint32_t)event->args[i]
							     : event->args[i];

		if ((role[i] == ZC_ROLE_PATH || role[i] == ZC_ROLE_ENTRY) &&
		    !zc_pages_are_own_at(tracee, address, event->object[0].requested_len + 1u))
			return false;
		if (role[i] == ZC_ROLE_HOW && !zc_pages_are_own_at(tracee, address, 24))
			return false;
	}
	return true;
}
