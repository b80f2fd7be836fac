/* SPDX-License-Identifier: MIT */
/*
 * elf.c - a hostile ELF file: what it is, and a stack unwound by its tables.
 *
 * The first 128 bytes of the input are the place in the file's text, registers and a bit of stack;
 * the rest is the file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/exec/carry.h"
#include "evidence/stack/stack.h"

#define HEAD 128u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *bytes;
	size_t size;
};

static long read_input(void *context, void *buffer, size_t len, uint64_t offset)
{
	const struct input *input = context;

	if (offset >= input->size)
		return 0;
	if (len > input->size - offset)
		len = input->size - offset;
	memcpy(buffer, input->bytes + offset, len);
	return (long)len;
}

struct wire {
	struct zc_wire_map map;
	char name[32];
};

static void walk(struct zc_unwinder *unwinder, struct zc_maps *maps, const uint8_t *head)
{
	static uint64_t buffer[512];
	struct zc_frame_writer writer;
	struct zc_wire_regs regs = { 0 };
	struct zc_stack stack;
	struct zc_frame frame;
	uint64_t copy[257];
	struct zc_json json = { 0 };

	regs.ip = (uint64_t)head[0] + 256u * head[1];
	regs.sp = 0x7ff000000000;
	regs.bp = regs.sp + 8u * head[2];
	regs.bx = head[3];
	copy[0] = regs.sp;
	for (unsigned i = 1; i < 257;
	     i++) { /* small words are places in the text, others on the stack */
		uint64_t word = head[4 + i % 124] + 256u * head[4 + (i * 7) % 124];

		copy[i] = head[4 + (i * 3) % 124] & 1 ? word : regs.sp + word % 2048;
	}
	zc_frame_begin(&writer, buffer, sizeof(buffer), ZC_FRAME_RECORD);
	zc_frame_put(&writer, ZC_FIELD_REGS, &regs, sizeof(regs));
	zc_frame_put(&writer, ZC_FIELD_STACK, copy, sizeof(copy));
	zc_frame_end(&writer);
	if (zc_frame_decode(&frame, buffer, writer.len) != (long)writer.len)
		abort();
	zc_stack_walk(unwinder, maps, &frame, &stack);
	zc_stack_write(&stack, &json);
	zc_json_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zc_unwinder *unwinder;
	struct zc_maps *maps;
	struct wire wire = { 0 };
	struct input input = { data + HEAD, size - HEAD };
	struct zc_elf_look look;
	uint8_t rotated[HEAD];
	int fd;

	if (size < HEAD)
		return 0;
	zc_elf_look(&look, read_input, &input);
	fd = memfd_create("elf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + HEAD, size - HEAD) != (ssize_t)(size - HEAD))
		abort();
	snprintf(wire.name, sizeof(wire.name), "/proc/self/fd/%d", fd);
	wire.map.name_len = (uint32_t)strlen(wire.name);
	wire.map.end = 0x100000; /* a shared object at 0 */
	zc_naming_use("");       /* zcname reads such files in a process of its own (e2e/naming) */
	unwinder = zc_unwinder_new();
	maps = zc_maps_new(unwinder, &wire, sizeof(wire), NULL);
	if (!maps)
		abort();
	walk(unwinder, maps, data);
	memcpy(rotated, data + 1, HEAD - 1);
	rotated[HEAD - 1] = data[0];
	walk(unwinder, maps, rotated); /* another place, with what the first has warmed */
	zc_maps_unref(unwinder, maps);
	zc_unwinder_free(unwinder);
	close(fd);
	return 0;
}
