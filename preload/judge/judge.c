/* SPDX-License-Identifier: MIT */
/*
 * judge.c - from a hook's arguments to a verdict, and from a verdict to the call.
 */
#include <emmintrin.h>
#include <sys/stat.h>

#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#define USER_END 0x7fffffffffffull

/* The kernel answers EFAULT for these; anything else is read as the program itself would read it. */
static bool cannot_be(uint64_t address)
{
	return address < 4096 || address > USER_END;
}

/* One bit for each. */
static unsigned zero_bytes(const __m128i *block)
{
	return (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_load_si128(block), _mm_setzero_si128()));
}

long zc_text_len(const char *text)
{
	const size_t skip = (uintptr_t)text % 16;
	const __m128i *block = (const void *)(text - skip);
	unsigned ends;

	if (cannot_be((uintptr_t)text))
		return -EFAULT;
	/* Aligned blocks never reach into a page that the text does not. */
	ends = zero_bytes(block) >> skip;
	if (ZC_LIKELY(ends))
		return __builtin_ctz(ends);
	for (size_t len = 16 - skip; len < ZC_PATH_CAP; len += 16) {
		ends = zero_bytes(++block);
		if (ends) {
			len += (size_t)__builtin_ctz(ends);
			return len < ZC_PATH_CAP ? (long)len : -ENAMETOOLONG;
		}
	}
	return -ENAMETOOLONG;
}

long zc_text_take(char *blocks, size_t cap, const char *text, const char **ret)
{
	const size_t skip = (uintptr_t)text % 16;
	const __m128i *from = (const void *)(text - skip);
	unsigned wanted = ~0u << skip;

	if (cannot_be((uintptr_t)text))
		return -EFAULT;
	for (size_t at = 0; at < cap; at += 16, from++, wanted = ~0u) {
		__m128i block = _mm_load_si128(from);
		unsigned ends;

		_mm_store_si128((void *)(blocks + at), block);
		ends = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_setzero_si128())) &
		       wanted;
		if (ends) {
			*ret = blocks + skip;
			return (long)(at + (size_t)__builtin_ctz(ends) - skip);
		}
	}
	return -ENAMETOOLONG;
}

static long own_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	if (cannot_be(address))
		return -EFAULT;
	zc_copy(buffer, (const void *)(uintptr_t)address, len);
	return (long)len;
}

static long own_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	long len = zc_text_len((const char *)(uintptr_t)address);

	if (len < 0)
		return len;
	if ((size_t)len >= cap)
		return -ENAMETOOLONG;
	zc_copy(buffer, (const char *)(uintptr_t)address, (size_t)len + 1);
	return len;
}

const struct zc_reader zc_own_memory = { own_bytes, own_text, NULL };

int zc_guard_fill(struct zc_guard *guard, unsigned call, const long args[6])
{
	uint64_t raw[6];

	for (unsigned i = 0; i < 6; i++)
		raw[i] = (uint64_t)args[i];
	return zc_event_fill(&guard->event, call, ZC_ABI_X86_64, raw, &zc_own_memory, &guard->text);
}

static long stat_entry(const struct zc_guard *guard, unsigned n, struct stat *st)
{
	const struct zc_pin *pin = &guard->pin[n];

	return zc_sys4(__NR_newfstatat, pin->dirfd, (long)pin->path, (long)st, AT_SYMLINK_NOFOLLOW);
}

/* What the kernel would have answered before asking for permission. 0: nothing. */
static int natural_error(const struct zc_guard *guard)
{
	const struct zc_event *event = &guard->event;
	struct stat st;

	if (zc_shim.passive || event->op == ZC_OP_BIND)
		return 0; /* a name that is taken is EADDRINUSE to bind, and comes from it */
	for (unsigned n = 0; n < event->objects; n++) {
		const struct zc_object *object = &event->object[n];
		long error;

		if (!guard->pin[n].path || object->flags & ZC_OBJ_BY_FD)
			continue;
		if (object->flags & ZC_OBJ_MUST_EXIST && !(object->flags & ZC_OBJ_EXISTS)) {
			error = stat_entry(guard, n, &st);
			if (error == -ENOENT || error == -ENOTDIR || error == -ENAMETOOLONG)
				return (int)error;
		}
		if (object->flags & ZC_OBJ_CREATES && stat_entry(guard, n, &st) == 0)
			return -EEXIST;
	}
	return 0;
}

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void ask(struct zc_guard *guard)
{
	guard->verdict.asked = (uint8_t)zc_ask_about(guard);
	guard->verdict.asks = 0;
	if (guard->verdict.asked != ZC_ASKED_YES && guard->verdict.asked != ZC_ASKED_ALWAYS)
		return;
	guard->verdict.action = ZC_LOGGED;
	guard->verdict.error = 0;
}

int zc_guard_decide(struct zc_guard *guard)
{
	struct zc_page *page = zc_shim.page;
	int error;

	if (zc_shim.hybrid)
		return zc_gate_decide(guard);
	count(&page->judged);
	if (ZC_UNLIKELY(!zc_shim.image)) {
		guard->verdict = (struct zc_verdict){ .action = ZC_REFUSED,
						      .reason = ZC_WHY_NO_IMAGE,
						      .rule = ZC_RULE_NONE,
						      .error = EACCES };
		if (guard->event.flags & ZC_EV_HARMLESS)
			return 0;
		if (zc_calls[guard->event.call].class >= ZC_CALL_NET)
			guard->verdict.error = EPERM;
		return -(int)guard->verdict.error;
	}
	if (zc_names_count(zc_shim.image))
		zc_name_peer(guard);
	guard->verdict = zc_policy_decide(zc_shim.image, &guard->event);
	if (guard->verdict.action == ZC_ALLOWED)
		return 0;
	error = natural_error(guard);
	if (error) {
		count(&page->probes);
		return error;
	}
	if (guard->verdict.asks)
		ask(guard);
	if (zc_refuses(guard->verdict))
		count(&page->refused);
	zc_name_peer(guard);
	zc_event_host(zc_shim.image, &guard->event, guard->verdict.rule);
	zc_report(guard);
	return zc_refuses(guard->verdict) ? -(int)guard->verdict.error : 0;
}

/* A missing thing under a rule that would refuse it is a probe: counted, not recorded. */
static void count_probe(struct zc_guard *guard, unsigned n)
{
	const struct zc_object *object = &guard->event.object[n];

	if (zc_shim.image && object->given &&
	    !zc_policy_allows_path(zc_shim.image, object->given, object->given_len, object->need))
		count(&zc_shim.page->probes);
}

static void look_at_move(struct zc_guard *guard)
{
	struct stat st;

	if (guard->event.op != ZC_OP_RENAME || zc_shim.passive)
		return;
	for (unsigned n = 0; n < 2; n++)
		if (stat_entry(guard, n, &st) == 0) {
			guard->event.object[n].flags |= ZC_OBJ_EXISTS;
			if (S_ISDIR(st.st_mode))
				guard->event.object[n].flags |= ZC_OBJ_DIRECTORY;
		}
}

int zc_guard_judge(struct zc_guard *guard)
{
	struct zc_event *event = &guard->event;

	for (unsigned n = 0; n < event->objects; n++) {
		bool queue = event->op == ZC_OP_MQ_OPEN || event->op == ZC_OP_MQ_UNLINK;
		int error;

		/* Message queues are not reached through their path, which may not even be mounted. */
		if (!event->object[n].need || queue) { /* named for the record only */
			long len = zc_absolute(
				guard->given[n], event->object[n].dirfd,
				event->object[n].requested ? event->object[n].requested : "",
				event->object[n].requested_len);

			if (len >= 0) {
				event->object[n].given = event->object[n].path = guard->given[n];
				event->object[n].given_len = event->object[n].path_len =
					(uint32_t)len;
			}
			continue;
		}
		error = zc_resolve(guard, n);
		if (error && zc_shim.hybrid)
			return zc_gate_natural(guard, n, error);
		if (error) {
			if (error == -ENOENT || error == -ENOTDIR)
				count_probe(guard, n);
			return error;
		}
	}
	look_at_move(guard);
	return zc_guard_decide(guard);
}

/* The row's own system call, with each judged path replaced by what it was pinned to. */
static long perform(const struct zc_guard *guard, unsigned call, const long args[6])
{
	const struct zc_call *row = &zc_calls[call];
	long pinned[6];
	int dirfd_at = -1;
	unsigned n = 0;
	bool through_proc = false;
	long result;

	for (unsigned i = 0; i < 6; i++)
		pinned[i] = args[i];
	for (unsigned i = 0; i < 6; i++) {
		unsigned role = row->role[i];

		if (role == ZC_ROLE_DIRFD)
			dirfd_at = (int)i;
		if (role != ZC_ROLE_PATH && role != ZC_ROLE_ENTRY)
			continue;
		if (n < guard->event.objects && guard->pin[n].fd >= 0) {
			bool by_dirfd = dirfd_at >= 0 && guard->pin[n].dirfd != AT_FDCWD;

			if (by_dirfd)
				pinned[dirfd_at] = guard->pin[n].dirfd;
			pinned[i] = (long)(by_dirfd ? guard->pin[n].path : guard->spelled[n]);
			through_proc |= !by_dirfd;
		} else if (n < guard->event.objects && guard->pin[n].path) {
			pinned[i] = (long)guard->pin[n].path; /* the copy that was judged */
		}
		n++;
		dirfd_at = -1;
	}
	result = zc_pass6(row->nr[0], pinned[0], pinned[1], pinned[2], pinned[3], pinned[4],
			  pinned[5]);
	/* Without /proc (a bare chroot) the spelling has to serve. */
	if (result == -ENOENT && through_proc &&
	    zc_sys4(__NR_faccessat, AT_FDCWD, (long)"/proc/self/fd", 0, 0) < 0)
		result = zc_shim.hybrid ? ZC_HAND_OVER
					: zc_sys6(row->nr[0], args[0], args[1], args[2], args[3],
						  args[4], args[5]);
	return result;
}

static long judge_and_perform(struct zc_guard *guard, unsigned call, const long args[6])
{
	int error = zc_guard_fill(guard, call, args);
	long result;

	if (error)
		return error;
	if (guard->event.flags & ZC_EV_HARMLESS)
		return zc_pass6(zc_calls[call].nr[0], args[0], args[1], args[2], args[3], args[4],
				args[5]);
	error = zc_guard_judge(guard);
	if (error)
		return error;
	if (call ==
	    ZC_ID_unshare) /* CLONE_FS, which a mount namespace implies: a directory a thread */
		zc_cwd_shared();
	result = perform(guard, call, args);
	/* The number of a removed directory is soon another's. */
	if ((guard->event.op == ZC_OP_RENAME || guard->event.op == ZC_OP_RMDIR) && result == 0)
		count(&zc_shim.page->renames);
	return result;
}

/* Only calls on files may be made from the gate. */
static long call_hybrid(const void *caller, unsigned call, const long args[6])
{
	unsigned op = zc_calls[call].op;
	/* The names of message queues are not judged as a copy. */
	bool may = zc_calls[call].class == ZC_CALL_FILE && op != ZC_OP_MQ_OPEN &&
		   op != ZC_OP_MQ_UNLINK && zc_gate_is_open();
	struct zc_guard *guard = may ? zc_guard_take(caller) : NULL;
	long result = guard ? judge_and_perform(guard, call, args) : ZC_HAND_OVER;

	zc_guard_give(guard);
	if (call == ZC_ID_unshare) /* as in judge_and_perform() */
		zc_cwd_shared();
	if (result == ZC_HAND_OVER)
		return zc_hand_over(caller, call, args);
	zc_gate_count();
	return result;
}

long zc_call(const void *caller, unsigned call, long a, long b, long c, long d, long e, long f)
{
	const long args[6] = { a, b, c, d, e, f };
	struct zc_guard *guard;
	long result;

	if (!zc_is_armed())
		return zc_sys6(zc_calls[call].nr[0], a, b, c, d, e, f);
	if (zc_shim.hybrid)
		return call_hybrid(caller, call, args);
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	result = judge_and_perform(guard, call, args);
	zc_guard_give(guard);
	return result;
}

int zc_ask(const void *caller, unsigned call, long a, long b, long c, long d, long e, long f)
{
	const long args[6] = { a, b, c, d, e, f };
	struct zc_guard *guard;
	int error;

	if (!zc_is_armed() || zc_shim.hybrid) /* what libc makes by itself is judged from outside */
		return 0;
	guard = zc_guard_take(caller);
	if (!guard)
		return -ENOMEM;
	error = zc_guard_fill(guard, call, args);
	if (!error && !(guard->event.flags & ZC_EV_HARMLESS))
		error = zc_guard_judge(guard);
	zc_guard_give(guard);
	return error;
}
