/* SPDX-License-Identifier: MIT */
/*
 * report.c - frames: records of verdicts, sign-ins, execs and notes, and their way out.
 *
 * A sender waits at most a second for the collector; what was not taken is counted in the shared
 * page. A finding that repeats is counted there too and sent only the first few times.
 */
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "preload/shim.h"

#define WAIT_MS 1000

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static uint64_t now(long clock)
{
	struct timespec t = { 0, 0 };

	if (!zc_shim.passive)
		zc_sys2(__NR_clock_gettime, clock, (long)&t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- the way out ---- */

static bool is_our_socket(int fd)
{
	struct stat st;

	return fd >= 0 && zc_sys2(__NR_fstat, fd, (long)&st) == 0 &&
	       st.st_ino == zc_shim.session.socket_ino;
}

static bool send_frame(const void *frame, size_t size)
{
	const int fd = zc_shim.session.socket_fd;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	if (zc_shim.log_fd >= 0)
		return zc_sys3(__NR_write, zc_shim.log_fd, (long)frame, (long)size) == (long)size;
	if (!is_our_socket(fd))
		return false;
	for (unsigned tries = 0; tries < 64; tries++) {
		long sent = zc_sys6(__NR_sendto, fd, (long)frame, (long)size,
				    MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);

		if (sent >= 0) {
			count(&zc_shim.page->sent);
			return true;
		}
		if (sent != -EAGAIN && sent != -EINTR)
			return false;
		if (sent == -EAGAIN && zc_sys3(__NR_poll, (long)&wait, 1, WAIT_MS) == 0)
			return false;
	}
	return false;
}

/* For a process that may make no call of its own: a slot in the shared page. */
static bool spool_frame(const void *frame, size_t size)
{
	struct zc_page *page = zc_shim.page;

	if (page->magic != ZC_PAGE_MAGIC || size > sizeof(page->spooled[0].frame))
		return false;
	for (unsigned i = 0; i < ZC_PAGE_SPOOL; i++) {
		uint32_t free = 0;

		if (!__atomic_compare_exchange_n(&page->spool[i].state, &free, 1, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		zc_copy(page->spooled[i].frame, frame, size);
		page->spool[i].size = (uint32_t)size;
		__atomic_store_n(&page->spool[i].state, 2, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

static struct zc_frame_head *begin(struct zc_frame_writer *writer, void *buffer, unsigned type)
{
	struct zc_frame_head *head = zc_frame_begin(writer, buffer, ZC_FRAME_MAX, type);

	head->real_ns = now(CLOCK_REALTIME);
	head->mono_ns = now(CLOCK_MONOTONIC);
	head->exec_id = zc_shim.exec_id;
	head->source = ZC_SOURCE_SHIM;
	if (zc_shim.passive) {
		head->pid = head->tid = zc_shim.pid;
		head->flags |= ZC_FRAME_NO_STACK;
		return head;
	}
	head->pid = zc_sys_getpid();
	head->tid = (int32_t)zc_sys0(__NR_gettid);
	head->ppid = (int32_t)zc_sys0(__NR_getppid);
	head->uid = (uint32_t)zc_sys0(__NR_getuid);
	if (head->tid != head->pid)
		head->flags |= ZC_FRAME_THREADED;
	return head;
}

static void finish(struct zc_frame_writer *writer, bool is_record)
{
	size_t size = zc_frame_end(writer);
	bool kept = zc_shim.passive ? spool_frame(writer->buffer, size)
				    : send_frame(writer->buffer, size);

	if (!kept && is_record)
		count(&zc_shim.page->lost);
}

static void put_text(struct zc_frame_writer *writer, unsigned field, const char *text)
{
	if (text)
		zc_frame_put(writer, field, text, zc_len(text));
}

/* ---- records ---- */

/* Registers here; the walk leads out through our own frames, whose unwind tables the collector has. */
static __attribute__((always_inline)) inline void take_registers(struct zc_wire_regs *regs)
{
	__asm__ volatile("leaq 0f(%%rip), %%rax\n0:\n\t"
			 "movq %%rax, 0(%0)\n\tmovq %%rsp, 8(%0)\n\tmovq %%rbp, 16(%0)\n\tmovq "
			 "%%rbx, 24(%0)\n\t"
			 "movq %%r12, 32(%0)\n\tmovq %%r13, 40(%0)\n\tmovq %%r14, 48(%0)\n\tmovq "
			 "%%r15, 56(%0)\n\t"
			 :
			 : "r"(regs)
			 : "rax", "memory");
}

/*
 * The stack from here up, as far as it is mapped: the kernel stops at the end, we never fault. Returns
 * its copy, and how long that is.
 */
static const void *put_stack(struct zc_frame_writer *writer, uint64_t sp, size_t *ret_len)
{
	const size_t room = writer->cap - writer->len > 64 ? writer->cap - writer->len - 64 : 0;
	size_t want = room < ZC_STACK_MAX ? room : ZC_STACK_MAX;
	struct iovec local, remote[6];
	uint64_t at = sp;
	unsigned n = 0;
	long got;
	char *field;

	field = zc_frame_reserve(writer, ZC_FIELD_STACK, 8 + want);
	*ret_len = 0;
	if (!field)
		return NULL;
	zc_copy(field, &sp, 8);
	local = (struct iovec){ field + 8, want };
	while (want && n < ZC_LEN(remote)) {
		size_t step = 4096 - (at & 4095);

		if (step > want)
			step = want;
		remote[n++] = (struct iovec){ (void *)(uintptr_t)at, step };
		at += step;
		want -= step;
	}
	got = zc_sys6(__NR_process_vm_readv, zc_sys_getpid(), (long)&local, 1, (long)remote, n, 0);
	if (got < 0) { /* forbidden here: the page we stand on can be read without asking */
		got = (long)(4096 - (sp & 4095));
		zc_copy(field + 8, (const void *)(uintptr_t)sp, (size_t)got);
	}
	zc_frame_shrink(writer, field, 8 + (size_t)got);
	*ret_len = (size_t)got;
	return field + 8;
}

/* Would plain permissions refuse it too? Asked of the kernel for the pinned thing. */
static bool permissions_refuse(const struct zc_guard *guard)
{
	const struct zc_object *object = &guard->event.object[guard->verdict.object];
	const struct zc_pin *pin = &guard->pin[guard->verdict.object];
	long want = (object->need & ZC_NEED_READ ? 4 : 0) | (object->need & ZC_NEED_WRITE ? 2 : 0) |
		    (object->need & ZC_NEED_RUN ? 1 : 0);
	long result;

	if (zc_shim.passive || pin->fd < 0 || guard->verdict.object >= guard->event.objects ||
	    !want)
		return false;
	if (pin->dirfd == pin->fd) /* an entry: changing it is writing its directory */
		want = 2 | 1;
	result = zc_sys4(439 /* faccessat2 */, pin->fd, (long)"", want, AT_EMPTY_PATH | AT_EACCESS);
	return result == -EACCES || result == -EPERM || result == -EROFS;
}

/* Then who asked does not matter: each thing is told once, and without a stack. */
static bool learns(void)
{
	return zc_shim.image && zc_shim.image->flags & ZC_IMAGE_LEARN;
}

static __attribute__((noinline)) void send_record(const struct zc_guard *guard,
						  uint64_t fingerprint, uint64_t repeat)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	struct zc_wire_regs regs;
	const void *stack;
	size_t stack_len;
	uint32_t slot;
	void *frame = zc_frame_take(&slot);

	if (!frame) {
		count(&zc_shim.page->lost);
		return;
	}
	head = begin(&writer, frame, ZC_FRAME_RECORD);
	head->fingerprint = fingerprint;
	head->repeat = repeat ? repeat : 1;
	if (repeat >= ZC_SEND_REPEATS)
		head->flags |= ZC_FRAME_REPEATS;
	zc_record_put(&writer, head, &guard->event, guard->verdict);
	if (permissions_refuse(guard))
		head->flags |= ZC_FRAME_DAC_REFUSES;
	if (!zc_shim.passive && !learns()) {
		take_registers(&regs);
		zc_frame_put(&writer, ZC_FIELD_REGS, &regs, sizeof(regs));
		stack = put_stack(&writer, regs.sp, &stack_len);
		zc_lang_put_own(&writer, head->pid, head->tid, stack, stack_len, regs.sp);
	}
	finish(&writer, true);
	zc_frame_give(frame, slot);
}

bool zc_say_ask(const struct zc_guard *guard, unsigned slot)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	uint32_t frame_slot;
	void *frame = zc_frame_take(&frame_slot);
	bool sent;

	if (!frame)
		return false;
	head = begin(&writer, frame, ZC_FRAME_ASK);
	head->fingerprint =
		zc_ask_key(zc_shim.image, &guard->event, guard->verdict, zc_shim.image->instance);
	head->code = (uint16_t)(slot + 1);
	zc_record_put(&writer, head, &guard->event, guard->verdict);
	sent = send_frame(frame, zc_frame_end(&writer));
	zc_frame_give(frame, frame_slot);
	return sent;
}

void zc_report(struct zc_guard *guard)
{
	struct zc_page *page = zc_shim.page;
	uint64_t offset, module, fingerprint, repeat;

	if (guard->verdict.action == ZC_REFUSED_QUIET) {
		count(&page->quiet);
		return;
	}
	module = zc_module_of(guard->caller, &offset);
	fingerprint = learns() ? zc_fingerprint_learnt(&guard->event)
			       : zc_fingerprint(zc_shim.image, &guard->event, guard->verdict,
						zc_shim.program_hash, module, offset);
	count(&page->records);
	repeat = page->magic == ZC_PAGE_MAGIC ? zc_page_count(page, fingerprint) : 1;
	if (repeat <= (learns() ? 1 : ZC_SEND_REPEATS))
		send_record(guard, fingerprint, repeat);
	if (guard->verdict.action == ZC_KILLED) {
		__atomic_store_n(&page->kill, 1, __ATOMIC_RELEASE);
		zc_sys2(__NR_kill, zc_sys_getpid(), 9);
	}
}

/* ---- everything that is not a verdict ---- */

void zc_note(enum zc_note note, const char *text, uint64_t number)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	uint32_t slot;
	void *frame = zc_shim.hybrid ? NULL : zc_frame_take(&slot);

	if (!frame)
		return;
	head = begin(&writer, frame, ZC_FRAME_NOTE);
	head->code = (uint16_t)note;
	head->args[0] = number;
	put_text(&writer, ZC_FIELD_TEXT, text);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}

static void put_argv(struct zc_frame_writer *writer, char *const *argv)
{
	const size_t most = 8192;
	size_t len = 0, n = 0;
	char *field = argv ? zc_frame_reserve(writer, ZC_FIELD_ARGV, most) : NULL;

	for (; field && argv[n]; n++) {
		size_t part = zc_len(argv[n]) + 1;

		if (part > most - len)
			break;
		zc_copy(field + len, argv[n], part);
		len += part;
	}
	if (field)
		zc_frame_shrink(writer, field, len);
}

static void put_cwd(struct zc_frame_writer *writer)
{
	char *at = zc_frame_reserve(writer, ZC_FIELD_CWD, ZC_PATH_CAP);
	long len = at ? zc_sys2(__NR_getcwd, (long)at, ZC_PATH_CAP) : -1;

	if (at)
		zc_frame_shrink(writer, at, len > 0 ? (size_t)len - 1 : 0);
}

void zc_sign_in(char **argv)
{
	static char program[512]; /* the loader leaves its own name for the program empty */
	struct zc_frame_writer writer;
	uint32_t slot;
	char *frame = zc_frame_take(&slot);
	char *exe;
	long len;

	if (!frame)
		return;
	begin(&writer, frame, ZC_FRAME_SIGN_IN);
	if (zc_shim.passive) { /* who it is the kernel says */
		put_argv(&writer, argv);
		finish(&writer, false);
		zc_frame_give(frame, slot);
		return;
	}
	exe = zc_frame_reserve(&writer, ZC_FIELD_EXE, ZC_PATH_CAP);
	len = zc_sys_readlinkat(AT_FDCWD, "/proc/self/exe", exe, ZC_PATH_CAP - 1);
	if (len > 0 && len < (long)sizeof(program))
		zc_copy(program, exe, (size_t)len);
	zc_shim.program_hash = zc_hash_bytes(exe, len > 0 ? (size_t)len : 0, 3);
	zc_frame_shrink(&writer, exe, len > 0 ? (size_t)len : 0);
	put_argv(&writer, argv);
	put_cwd(&writer);
	if (zc_modules_start())
		zc_modules_put(&writer, program, 0);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}

void zc_say_exec(const char *path, char *const *argv, int child_pid)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	uint32_t slot;
	void *frame;

	if (zc_shim.hybrid)
		return;
	count(&zc_shim.page->execs);
	if (zc_shim.passive || !(frame = zc_frame_take(&slot)))
		return;
	head = begin(&writer, frame, ZC_FRAME_EXEC);
	head->args[0] = (uint64_t)child_pid;
	put_text(&writer, ZC_FIELD_PATH, path);
	put_argv(&writer, argv);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}

void zc_say_exec_failed(const char *path, int error)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	uint32_t slot;
	void *frame;

	if (zc_shim.hybrid || zc_shim.passive || !(frame = zc_frame_take(&slot)))
		return;
	head = begin(&writer, frame, ZC_FRAME_EXEC_FAILED);
	head->error = (uint16_t)error;
	put_text(&writer, ZC_FIELD_PATH, path);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}

void zc_say_fork(void)
{
	struct zc_frame_writer writer;
	uint32_t slot;
	void *frame;

	if (zc_shim.hybrid)
		return;
	count(&zc_shim.page->forks);
	if (zc_shim.passive || !(frame = zc_frame_take(&slot)))
		return;
	begin(&writer, frame, ZC_FRAME_FORK);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}

void zc_say_modules(uint32_t from)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	uint32_t slot;
	void *frame = zc_frame_take(&slot);

	if (!frame)
		return;
	head = begin(&writer, frame, ZC_FRAME_NOTE);
	head->code = ZC_NOTE_MAPS;
	zc_modules_put(&writer, "", from);
	finish(&writer, false);
	zc_frame_give(frame, slot);
}
