/* SPDX-License-Identifier: MIT */
/*
 * evidence_frames.h - frames as the shim would send them, made about the test's own process.
 */
#ifndef ZC_TESTS_UNIT_EVIDENCE_FRAMES_H
#define ZC_TESTS_UNIT_EVIDENCE_FRAMES_H

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/decide/policy.h"
#include "core/wire/wire.h"

struct frame_buffer {
	uint64_t words[ZC_FRAME_MAX / 8];
	size_t size;
	struct zc_frame_writer writer;
	struct zc_frame_head *head;
};

static inline void frame_begin(struct frame_buffer *frame, unsigned type, uint64_t exec_id)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	frame->head = zc_frame_begin(&frame->writer, frame->words, sizeof(frame->words), type);
	frame->head->real_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	frame->head->mono_ns = 42;
	frame->head->pid = frame->head->tid = getpid();
	frame->head->ppid = getppid();
	frame->head->exec_id = exec_id;
}

static inline void frame_put(struct frame_buffer *frame, unsigned field, const char *text)
{
	zc_frame_put(&frame->writer, field, text, strlen(text));
}

static inline void frame_end(struct frame_buffer *frame)
{
	frame->size = zc_frame_end(&frame->writer);
}

static inline void frame_take_id(struct zc_wire_map *map, const char *note, size_t len)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *head = (const void *)note;
		size_t name = (head->n_namesz + 3) & ~3u, desc = (head->n_descsz + 3) & ~3u;

		if (sizeof(*head) + name + desc > len)
			return;
		if (head->n_type == NT_GNU_BUILD_ID && head->n_descsz <= sizeof(map->build_id)) {
			map->build_id_len = (uint8_t)head->n_descsz;
			memcpy(map->build_id, note + sizeof(*head) + name, head->n_descsz);
		}
		note += sizeof(*head) + name + desc;
		len -= sizeof(*head) + name + desc;
	}
}

struct frame_maps {
	char *at, *end, *exe;
};

static inline int frame_one_map(struct dl_phdr_info *info, size_t size, void *context)
{
	struct frame_maps *maps = context;
	const char *name = *info->dlpi_name ? info->dlpi_name : maps->exe;
	struct zc_wire_map map = { .bias = info->dlpi_addr, .name_len = (uint32_t)strlen(name) };

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];

		if (phdr->p_type == PT_LOAD && phdr->p_flags & PF_X)
			map.start = info->dlpi_addr + phdr->p_vaddr,
			map.end = map.start + phdr->p_memsz;
		else if (phdr->p_type == PT_NOTE)
			frame_take_id(&map, (const char *)(info->dlpi_addr + phdr->p_vaddr),
				      phdr->p_memsz);
	}
	if (maps->at + sizeof(map) + map.name_len + 8 > maps->end)
		return 0;
	memcpy(maps->at, &map, sizeof(map));
	memset(maps->at + sizeof(map), 0, (map.name_len + 7u) & ~7u);
	memcpy(maps->at + sizeof(map), name, map.name_len);
	maps->at += sizeof(map) + ((map.name_len + 7u) & ~7u);
	return 0;
}

/* All mappings of this process, as a MAPS field. */
static inline size_t frame_maps(char *buffer, size_t cap)
{
	static char exe[4096];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct frame_maps maps = { buffer, buffer + cap, exe };

	exe[len < 0 ? 0 : len] = '\0';
	dl_iterate_phdr(frame_one_map, &maps);
	return (size_t)(maps.at - buffer);
}

static inline void frame_sign_in(struct frame_buffer *frame, uint64_t exec_id)
{
	static char maps[32768];
	char text[4096];
	ssize_t len = readlink("/proc/self/exe", text, sizeof(text) - 1);

	frame_begin(frame, ZC_FRAME_SIGN_IN, exec_id);
	zc_frame_put(&frame->writer, ZC_FIELD_EXE, text, len < 0 ? 0 : (size_t)len);
	zc_frame_put(&frame->writer, ZC_FIELD_ARGV, "victim\0--flag", 14);
	if (getcwd(text, sizeof(text)))
		frame_put(frame, ZC_FIELD_CWD, text);
	zc_frame_put(&frame->writer, ZC_FIELD_MAPS, maps, frame_maps(maps, sizeof(maps)));
	frame_end(frame);
}

/* Registers and a copy of the stack, from where it is called: inlined, so that no frame is added. */
static inline __attribute__((always_inline)) void frame_put_stack(struct frame_buffer *frame,
								  size_t most)
{
	struct zc_wire_regs regs;
	struct iovec local, remote;
	ssize_t got;
	char *field;

	__asm__ volatile("leaq 0f(%%rip), %%rax\n0:\n\t"
			 "movq %%rax, 0(%0)\n\tmovq %%rsp, 8(%0)\n\tmovq %%rbp, 16(%0)\n\tmovq "
			 "%%rbx, 24(%0)\n\t"
			 "movq %%r12, 32(%0)\n\tmovq %%r13, 40(%0)\n\tmovq %%r14, 48(%0)\n\tmovq "
			 "%%r15, 56(%0)\n\t"
			 :
			 : "r"(&regs)
			 : "rax", "memory");
	zc_frame_put(&frame->writer, ZC_FIELD_REGS, &regs, sizeof(regs));
	field = zc_frame_reserve(&frame->writer, ZC_FIELD_STACK, 8 + most);
	memcpy(field, &regs.sp, 8);
	local = (struct iovec){ field + 8, most };
	for (got = -1; got < 0 && most; most -= 512) {
		remote = (struct iovec){ (void *)regs.sp, most };
		got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	}
	zc_frame_shrink(&frame->writer, field, got < 0 ? 8 : 8 + (size_t)got);
}

/* A refused read of path, up to its stack. */
static inline void frame_refusal(struct frame_buffer *frame, uint64_t exec_id, const char *path,
				 uint64_t fingerprint)
{
	struct zc_wire_detail detail = { .dirfd = { -100, -100 }, .need = { 1 } };

	frame_begin(frame, ZC_FRAME_RECORD, exec_id);
	frame->head->call = ZC_ID_openat;
	frame->head->op = ZC_OP_OPEN_READ;
	frame->head->action = ZC_REFUSED;
	frame->head->reason = ZC_WHY_NO_ALLOW;
	frame->head->cls = ZC_CLASS_READ;
	frame->head->error = 13;
	frame->head->fingerprint = fingerprint;
	frame->head->repeat = 1;
	frame->head->args[0] = (uint64_t)-100;
	zc_frame_put(&frame->writer, ZC_FIELD_DETAIL, &detail, sizeof(detail));
	frame_put(frame, ZC_FIELD_PATH, path);
	frame_put(frame, ZC_FIELD_REQUESTED, path);
}

#endif
