/* SPDX-License-Identifier: MIT */
/*
 * stack_walk.c - snapshots of this process's own stack, unwound and named as a record's would be.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/stack/rows.h"
#include "evidence/stack/stack.h"
#include "evidence_frames.h"
#include "namer.h"
#include "t.h"

static struct frame_buffer record, sign_in;
static size_t most = ZC_STACK_MAX;
static unsigned leak_line;

#ifdef __clang__
#define NEVER_INLINE __attribute__((noinline))
#else
#define NEVER_INLINE __attribute__((noinline, noclone)) /* a clone would have another name */
#endif

NEVER_INLINE static void leak_secret(void)
{
	frame_begin(&record, ZC_FRAME_RECORD, 7);
	frame_put_stack(&record, most);
	frame_end(&record);
}

NEVER_INLINE static int middle(volatile int *depth)
{
	volatile char *room =
		__builtin_alloca(*depth > 3 ? 4000 : 100); /* a size only the tables know */

	room[0] = 1;
	leak_line = __LINE__ + 1;
	leak_secret();
	return room[0];
}

NEVER_INLINE static int outer(int depth)
{
	volatile int d = depth;

	return middle(&d) + 1;
}

static volatile int called;

static void on_signal(int number)
{
	called += outer(number);
}

static void *in_thread(void *unused)
{
	called += outer(1);
	return NULL;
}

NEVER_INLINE static int recurse(int depth)
{
	return depth ? recurse(depth - 1) + called : outer(1);
}

/* Walks the last record with the given maps. */
static void walk(struct zc_unwinder *unwinder, struct zc_maps *maps, struct zc_stack *ret)
{
	struct zc_frame frame;

	if (zc_frame_decode(&frame, record.words, record.size) != (long)record.size)
		abort();
	zc_stack_walk(unwinder, maps, &frame, ret);
}

static struct zc_maps *own_maps(struct zc_unwinder *unwinder)
{
	struct zc_frame frame;

	if (zc_frame_decode(&frame, sign_in.words, sign_in.size) != (long)sign_in.size)
		abort();
	return zc_maps_new(unwinder, frame.field[ZC_FIELD_MAPS].bytes,
			   frame.field[ZC_FIELD_MAPS].len, "/");
}

/* Position of a function among the frames, or -1. */
static int find(const struct zc_stack *stack, const char *function)
{
	for (unsigned i = 0; i < stack->count; i++)
		if (stack->frame[i].site && stack->frame[i].site->function.function &&
		    !strcmp(stack->frame[i].site->function.function, function))
			return (int)i;
	return -1;
}

static void show(const struct zc_stack *stack)
{
	printf("# %s%s%s\n", stack->status, stack->why ? ": " : "", stack->why ? stack->why : "");
	for (unsigned i = 0; i < stack->count; i++) {
		const struct zc_site *site = stack->frame[i].site;

		printf("#   %s+%#lx %s\n", site ? zc_module_base(site->module) : "?",
		       site ? site->offset : 0,
		       site && site->function.function ? site->function.function : "");
	}
}

static bool in_order(const struct zc_stack *stack)
{
	bool held = find(stack, "leak_secret") == 0 && find(stack, "middle") == 1 &&
		    find(stack, "outer") == 2;

	if (!held)
		show(stack);
	return held;
}

static bool complete(const struct zc_stack *stack)
{
	if (strcmp(stack->status, "complete"))
		show(stack);
	return !strcmp(stack->status, "complete") && !stack->why;
}

static void test_plain(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	struct zc_stack stack;

	outer(1);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack), "functions are named, innermost first");
	T_OK(find(&stack, "main") > 2, "main is among them");
	T_OK(stack.count > 1 && stack.frame[1].site->function.file &&
		     strstr(stack.frame[1].site->function.file, "stack_walk.c") &&
		     stack.frame[1].site->function.line == leak_line,
	     "file and line are those of the call (%u, expected %u)",
	     stack.frame[1].site->function.line, leak_line);
	T_OK(complete(&stack), "the walk reaches the program's entry");
	outer(5);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && complete(&stack), "a frame of variable size is crossed");
	recurse(20);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && complete(&stack) && stack.count > 23,
	     "recursion keeps its frames");
	recurse(200);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && stack.count == ZC_STACK_FRAMES &&
		     !strcmp(stack.status, "truncated") && stack.why,
	     "a deep stack ends at %u frames and says so", ZC_STACK_FRAMES);
}

static void test_thread_and_signal(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	static char alternate[65536];
	stack_t stack_at = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_handler = on_signal };
	struct zc_stack stack;
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, NULL) || pthread_join(thread, NULL))
		abort();
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && complete(&stack), "a thread's stack is complete");
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && find(&stack, "on_signal") == 3 && find(&stack, "main") > 3 &&
		     complete(&stack),
	     "a signal handler's stack leads to what was interrupted");
	sigaltstack(&stack_at, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && find(&stack, "on_signal") == 3,
	     "so does one on an alternate stack, as far as copied");
}

/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret: what a just-in-time compiler makes. */
static const unsigned char trampoline[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

NEVER_INLINE static int through(void (*code)(void (*)(void)))
{
	code(leak_secret);
	return called + 1;
}

static void test_no_tables(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct zc_stack stack;

	if (page == MAP_FAILED) {
		T_SKIP("no memory may be written and run here");
		return;
	}
	memcpy(page, trampoline, sizeof(trampoline));
	called += through((void (*)(void (*)(void)))(void *)page);
	walk(unwinder, maps, &stack);
	T_OK(stack.count > 2 && find(&stack, "leak_secret") == 0 && !stack.frame[1].site &&
		     stack.frame[1].ip == (uint64_t)(uintptr_t)page + 6 &&
		     find(&stack, "through") == 2,
	     "made-up code is crossed by its frame pointer");
	T_OK(!strcmp(stack.status, "truncated") && stack.why, "and the stack says so (%s)",
	     stack.why);
	munmap(page, 4096);
}

static void test_short_copy(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	struct zc_stack stack;

	most = 512;
	recurse(20);
	walk(unwinder, maps, &stack);
	T_OK(find(&stack, "leak_secret") == 0 && !strcmp(stack.status, "truncated") && stack.why,
	     "a short copy gives the inner frames and says why there are no more (%s)", stack.why);
	most = ZC_STACK_MAX;
	record.size = 0;
	frame_begin(&record, ZC_FRAME_RECORD, 7);
	frame_end(&record);
	walk(unwinder, maps, &stack);
	T_OK(!stack.count && !strcmp(stack.status, "unavailable") && stack.why,
	     "no copy: unavailable (%s)", stack.why);
	outer(1);
	walk(unwinder, NULL, &stack);
	T_OK(!stack.count && !strcmp(stack.status, "unavailable") && stack.why,
	     "no maps: unavailable (%s)", stack.why);
}

/* Flips a bit in every build-id. */
static void test_other_file(struct zc_unwinder *unwinder)
{
	struct zc_maps *maps;
	struct zc_frame frame;
	struct zc_stack stack;
	struct zc_wire_map map;
	const char *name;
	size_t at = 0, here = 0;

	zc_frame_decode(&frame, sign_in.words, sign_in.size);
	while (zc_frame_next_map(frame.field[ZC_FIELD_MAPS].bytes, frame.field[ZC_FIELD_MAPS].len,
				 &at, &map, &name)) {
		((struct zc_wire_map *)((char *)frame.field[ZC_FIELD_MAPS].bytes + here))
			->build_id[3] ^= 1;
		here = at;
	}
	maps = own_maps(unwinder);
	outer(1);
	walk(unwinder, maps, &stack);
	T_OK(stack.count && stack.frame[0].site && !stack.frame[0].site->function.function &&
		     strcmp(stack.status, "complete"),
	     "a file with another build-id gives module and offset, no names (%s)", stack.why);
	zc_maps_unref(unwinder, maps);
	frame_sign_in(&sign_in, 7);
}

/* A copy of the program whose header does not say where the search table is, as in a static program. */
static int without_table(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	    to = memfd_create("static", MFD_CLOEXEC);
	struct stat st;
	ElfW(Ehdr) head;
	ElfW(Phdr) phdr;

	if (from < 0 || to < 0 || fstat(from, &st) < 0 ||
	    sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size ||
	    pread(to, &head, sizeof(head), 0) != sizeof(head))
		abort();
	close(from);
	for (unsigned i = 0; i < head.e_phnum; i++) {
		off_t at = (off_t)(head.e_phoff + i * sizeof(phdr));

		if (pread(to, &phdr, sizeof(phdr), at) != sizeof(phdr))
			abort();
		if (phdr.p_type != PT_GNU_EH_FRAME)
			continue;
		phdr.p_type = PT_NULL;
		if (pwrite(to, &phdr, sizeof(phdr), at) != sizeof(phdr))
			abort();
	}
	return to;
}

static void test_no_search_table(struct zc_unwinder *unwinder)
{
	struct {
		struct zc_wire_map map;
		char name[32];
	} one = { 0 };
	struct zc_maps *maps = own_maps(unwinder);
	int fd = without_table();
	struct zc_frame frame;
	struct zc_stack stack;
	const char *name;
	size_t at = 0;

	zc_frame_decode(&frame, sign_in.words, sign_in.size);
	if (!zc_frame_next_map(frame.field[ZC_FIELD_MAPS].bytes, frame.field[ZC_FIELD_MAPS].len,
			       &at, &one.map, &name))
		abort();
	one.map.name_len = (uint32_t)snprintf(one.name, sizeof(one.name), "/proc/self/fd/%d", fd);
	maps = zc_maps_add(unwinder, maps, &one, sizeof(one.map) + ((one.map.name_len + 7u) & ~7u),
			   NULL);
	recurse(20);
	walk(unwinder, maps, &stack);
	T_OK(in_order(&stack) && complete(&stack) && stack.count > 23,
	     "a program without a search table is unwound by its rows");
	zc_maps_unref(unwinder, maps);
	close(fd);
}

static void test_hostile_stack(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	struct zc_stack stack;
	struct zc_frame frame;
	uint64_t *words;
	size_t count;
	unsigned seed = 1, worst = 0;

	for (unsigned round = 0; round < 300; round++) {
		outer(1);
		zc_frame_decode(&frame, record.words, record.size);
		words = (uint64_t *)((char *)frame.field[ZC_FIELD_STACK].bytes + 8);
		count = (frame.field[ZC_FIELD_STACK].len - 8) / 8;
		for (size_t i = 0; i < count;
		     i++) /* every third word somewhere else in code or stack */
			if (rand_r(&seed) % 3 == 0)
				words[i] = words[(unsigned)rand_r(&seed) % count];
		walk(unwinder, maps, &stack);
		worst = stack.count > worst ? stack.count : worst;
	}
	T_OK(worst <= ZC_STACK_FRAMES, "300 shuffled stacks end, with at most %u frames", worst);
}

static void test_forks_share_maps(struct zc_unwinder *unwinder, struct zc_maps *maps)
{
	struct zc_maps *child = zc_maps_ref(maps), *grown;
	struct zc_wire_map one = { .start = 0x1000, .end = 0x2000, .name_len = 0 };
	struct zc_stack stack;

	grown = zc_maps_add(unwinder, child, &one, sizeof(one), NULL);
	T_OK(grown != maps, "what one fork maps later does not touch the other's maps");
	outer(1);
	walk(unwinder, grown, &stack);
	T_OK(in_order(&stack) && complete(&stack), "and the copy still has all that was there");
	zc_maps_unref(unwinder, grown);
}

/* A CFA at rsp+8, then one change after LEN bytes; no expression, whatever the bytes happen to be. */
static void numbers_are_not_divisions(void)
{
	static const unsigned char length[] = { 0x0c, 7, 8, 0x90, 1, 0x02, 0x1b, 0x0e, 0x10, 0 };
	static const unsigned char plt[] = { 0x0f, 3, 0x77, 8, 0x22, 0x02, 0x1b, 0x0e, 0x10 };
	static const unsigned char divides[] = { 0x0f, 3, 0x77, 8, 0x1b };
	static const unsigned char jumps[] = { 0x02, 0x1b, 0x0f, 3, 0x2f, 0xf0, 0xff };
	static const unsigned char odd[] = { 0x3f, 0x1b, 0x0f }, cut[] = { 0x0f, 9, 0x1b };

	T_OK(!zc_rows_may_divide(zc_rows_look(length, sizeof(length))),
	     "a length in unwind rows is not taken for a division");
	T_OK(!zc_rows_may_divide(zc_rows_look(plt, sizeof(plt))), "nor one beside an expression");
	T_OK(zc_rows_may_divide(zc_rows_look(divides, sizeof(divides))), "a division is found");
	T_OK(zc_rows_may_divide(zc_rows_look(jumps, sizeof(jumps))),
	     "one that an expression could jump to as well");
	T_OK(zc_rows_may_divide(zc_rows_look(odd, sizeof(odd))) &&
		     zc_rows_may_divide(zc_rows_look(cut, sizeof(cut))),
	     "and where rows are not understood");
}

int main(void)
{
	struct zc_unwinder *unwinder = zc_unwinder_new();
	struct zc_maps *maps;

	use_built_namer();
	frame_sign_in(&sign_in, 7);
	maps = own_maps(unwinder);
	numbers_are_not_divisions();
	test_plain(unwinder, maps);
	test_thread_and_signal(unwinder, maps);
	test_no_tables(unwinder, maps);
	test_short_copy(unwinder, maps);
	test_hostile_stack(unwinder, maps);
	test_forks_share_maps(unwinder, maps);
	test_no_search_table(unwinder);
	test_other_file(unwinder);
	zc_maps_unref(unwinder, maps);
	zc_unwinder_free(unwinder);
	T_DONE();
}
