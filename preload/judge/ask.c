/* SPDX-License-Identifier: MIT */
/*
 * ask.c - a call that somebody has to be asked about: the question to zcwrap, the answer in the shared page.
 *
 * The thread waits on its slot; others go on. What the page says is believed here, where the shim itself
 * could be overwritten as well.
 */
#include <linux/futex.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "preload/judge/judge.h"
#include "preload/shim.h"

enum { FREE, WAITS, ANSWERED };

static struct zc_page_ask *claim(struct zc_page *page, unsigned *ret_slot)
{
	for (unsigned i = 0; i < ZC_PAGE_ASKS; i++) {
		uint32_t free = FREE;

		if (__atomic_compare_exchange_n(&page->asks[i].state, &free, WAITS, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			*ret_slot = i;
			return &page->asks[i];
		}
	}
	return NULL;
}

/* Is there still somebody who could answer? */
static bool is_listened_to(void)
{
	struct pollfd wait = { .fd = zc_shim.session.socket_fd, .events = 0 };

	return zc_sys3(__NR_poll, (long)&wait, 1, 0) >= 0 &&
	       !(wait.revents & (POLLHUP | POLLERR | POLLNVAL));
}

unsigned zc_ask_about(struct zc_guard *guard)
{
	const struct timespec second = { 1, 0 };
	struct zc_page *page = zc_shim.page;
	struct zc_page_ask *ask;
	unsigned slot, answer;

	if (zc_shim.passive || zc_shim.hybrid || page->magic != ZC_PAGE_MAGIC ||
	    zc_shim.log_fd >= 0)
		return ZC_ASKED_NO_TERMINAL;
	ask = claim(page, &slot);
	if (!ask)
		return ZC_ASKED_NO_TERMINAL;
	__atomic_store_n(&ask->answer, ZC_ASKED_NO_TERMINAL, __ATOMIC_RELEASE);
	if (zc_say_ask(guard, slot))
		while (__atomic_load_n(&ask->state, __ATOMIC_ACQUIRE) == WAITS && is_listened_to())
			zc_sys6(__NR_futex, (long)&ask->state, FUTEX_WAIT, WAITS, (long)&second, 0,
				0);
	answer = __atomic_load_n(&ask->answer, __ATOMIC_ACQUIRE);
	__atomic_store_n(&ask->state, FREE, __ATOMIC_RELEASE);
	return answer < ZC_ASKED_COUNT ? answer : ZC_ASKED_NO;
}
