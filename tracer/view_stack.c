/* SPDX-License-Identifier: MIT */
/*
 * view_stack.c - -k: where a call came from, named at once.
 *
 * The way that evidence goes: registers, a copy of the stack and the maps make a record, and its
 * unwinder reads nothing else. Names cost time, so this is for who asked for it.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/stack/stack.h"
#include "text/text.h"
#include "tracer/engine.h"
#include "tracer/look/look.h"
#include "tracer/view.h"

static struct zc_unwinder *unwinder; /* one tracer a process; its caches are worth keeping */

/* The stack from sp up, page by page: the last pages may not be there. */
static size_t copy_stack(struct zc_tracee *tracee, uint64_t from, unsigned char *to, size_t cap)
{
	struct zc_reader reader = zc_tracee_reader(tracee);
	size_t done = 0;

	while (done < cap) {
		size_t step = 4096 - (from + done) % 4096;

		if (step > cap - done)
			step = cap - done;
		if (reader.bytes(reader.context, from + done, to + done, step) != (long)step)
			break;
		done += step;
	}
	return done;
}

static bool make_record(struct zc_tracer *tracer, struct zc_tracee *tracee, void *buffer,
			struct zc_frame *ret)
{
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
	struct zc_wire_regs regs;
	unsigned char *stack;
	size_t size;

	if (tracer->engine->registers(tracer, tracee, &regs) < 0)
		return false;
	head = zc_frame_begin(&writer, buffer, ZC_FRAME_MAX, ZC_FRAME_RECORD);
	head->pid = tracee->tgid;
	head->uid = tracee->uid;
	head->exec_id = tracee->exec_id;
	zc_frame_put(&writer, ZC_FIELD_REGS, &regs, sizeof(regs));
	stack = zc_frame_reserve(&writer, ZC_FIELD_STACK, 8 + ZC_STACK_MAX);
	if (!stack)
		return false;
	memcpy(stack, &regs.sp, 8);
	size = copy_stack(tracee, regs.sp, stack + 8, ZC_STACK_MAX);
	zc_frame_shrink(&writer, stack, 8 + size);
	return zc_frame_decode(ret, buffer, zc_frame_end(&writer)) > 0;
}

static void print_frame(const struct zc_told_frame *frame, uint64_t offset, FILE *out)
{
	const char *name = frame->shown ? frame->shown : frame->function;

	fputs(" ", out);
	zc_text_show(out, name, strlen(name));
	if (offset)
		fprintf(out, "+0x%" PRIx64, offset);
	if (!frame->file)
		return;
	fputs(" (", out);
	zc_text_show(out, frame->file, strlen(frame->file));
	fprintf(out, ":%u)", frame->line);
}

static void print_site(const struct zc_site *site, uint64_t ip, FILE *out)
{
	const char *module = site ? zc_module_base(site->module) : NULL;

	fputs("    ", out);
	if (!site) {
		fprintf(out, "0x%" PRIx64 "\n", ip);
		return;
	}
	for (unsigned i = 0; i < site->inlines; i++) {
		if (!site->inlined[i].function)
			continue;
		fputs("inlined:", out);
		print_frame(&site->inlined[i], 0, out);
		fputs("\n    ", out);
	}
	zc_text_show(out, module, strlen(module));
	fprintf(out, "+0x%" PRIx64, site->offset);
	if (site->function.function)
		print_frame(&site->function, site->function_offset, out);
	fputc('\n', out);
}

void zc_view_stack(struct zc_tracer *tracer, struct zc_tracee *tracee, FILE *out)
{
	static _Alignas(8) unsigned char buffer[ZC_FRAME_MAX], map_field[ZC_FRAME_MAX];
	static struct zc_stack stack;
	struct zc_frame record;
	struct zc_maps *maps;
	size_t len;

	if (!unwinder)
		unwinder = zc_unwinder_new();
	if (!unwinder || !make_record(tracer, tracee, buffer, &record)) {
		fputs("    (no stack: it is dying)\n", out);
		return;
	}
	len = zc_maps_wire_all(tracee, map_field, sizeof(map_field));
	maps = zc_maps_new(unwinder, map_field, len, NULL);
	zc_stack_walk(unwinder, maps, &record, &stack);
	for (unsigned i = 0; i < stack.count; i++)
		print_site(stack.frame[i].site, stack.frame[i].ip, out);
	if (stack.why)
		fprintf(out, "    (%s: %s)\n", stack.status, stack.why);
	zc_maps_unref(unwinder, maps);
}

void zc_view_stack_finish(void)
{
	unwinder = zc_unwinder_free(unwinder);
}
