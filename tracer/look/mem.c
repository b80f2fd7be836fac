/* SPDX-License-Identifier: MIT */
/*
 * mem.c - reading a tracee's memory: bounded, all or nothing, and never believed.
 *
 * process_vm_readv() first. Where that is not to be had (a container's filter), /proc/PID/mem, opened
 * anew each time: a kept descriptor would go on showing the memory from before an exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/tracer.h"

#define PAGE 4096u
#define MOST_LINES 4096u /* of maps, that are looked through */
#define FIRST_LOOK 256u  /* bytes: most paths end within */

static long read_file(pid_t tid, uint64_t address, void *buffer, size_t len)
{
	char name[32];
	ssize_t n;
	int fd;

	if (address > INT64_MAX)
		return -EFAULT;
	snprintf(name, sizeof(name), "/proc/%d/mem", tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -EFAULT;
	n = pread(fd, buffer, len, (off_t)address);
	close(fd);
	return n < 0 ? -EFAULT : n;
}

/*
 * Is there memory that the kernel reads and we may not: of memfd_secret(2), or only for writing? Behind
 * the end of a mapped file there is none for either.
 */
static bool is_hidden(pid_t tid, uint64_t address)
{
	char name[32], line[512];
	unsigned long long start, end;
	bool hidden = false;
	char access[5];
	FILE *file;

	if (address < PAGE)
		return false;
	snprintf(name, sizeof(name), "/proc/%d/maps", tid);
	file = fopen(name, "re");
	for (unsigned i = 0; file && i < MOST_LINES && fgets(line, sizeof(line), file); i++) {
		if (sscanf(line, "%llx-%llx %4s", &start, &end, access) != 3 || address >= end)
			continue;
		hidden = address >= start &&
			 (access[0] == 'r' ? strstr(line, "/secretmem") != NULL : access[1] == 'w');
		break;
	}
	if (file)
		fclose(file);
	return hidden;
}

/* As many bytes as there are, at most len. */
static long read_some(struct zc_tracee *tracee, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };
	long n;

	n = process_vm_readv(tracee->tid, &local, 1, &remote, 1, 0);
	if (n >= 0)
		return n;
	n = -errno;
	if (n == -ENOSYS || n == -EPERM)
		n = read_file(tracee->tid, address, buffer, len);
	if (n == -ESRCH)
		tracee->dying = true;
	else if (n == -EFAULT)
		tracee->hides = is_hidden(tracee->tid, address);
	return n < 0 ? -EFAULT : n;
}

/* What the kernel does with the upper half of a 32-bit program's pointer. */
static uint64_t own_address(const struct zc_tracee *tracee, uint64_t address)
{
	return tracee->abi == ZC_ABI_I386 ? (uint32_t)address : address;
}

static long read_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	struct zc_tracee *tracee = context;
	size_t got = 0;

	address = own_address(tracee, address);
	while (got < len) {
		long n = read_some(tracee, address + got, (char *)buffer + got, len - got);

		if (n <= 0)
			return -EFAULT;
		got += (size_t)n;
	}
	return (long)len;
}

/* What was looked at before anything else, once in a stop. */
static struct {
	const struct zc_tracee *of; /* NULL: nothing */
	uint64_t address;
	size_t len;
	char text[FIRST_LOOK];
} peeked;

const char *zc_tracee_peek(struct zc_tracee *tracee, uint64_t address, size_t *ret_len)
{
	size_t len = PAGE - address % PAGE < FIRST_LOOK ? PAGE - address % PAGE : FIRST_LOOK;
	struct iovec local = { peeked.text, len }, remote = { (void *)(uintptr_t)address, len };
	ssize_t got = process_vm_readv(tracee->tid, &local, 1, &remote, 1, 0);
	const char *end = got > 0 ? memchr(peeked.text, '\0', (size_t)got) : NULL;

	peeked.of = end ? tracee : NULL;
	peeked.address = address;
	peeked.len = end ? (size_t)(end - peeked.text) : 0;
	*ret_len = peeked.len;
	return end ? peeked.text : NULL;
}

void zc_tracee_unpeek(void)
{
	peeked.of = NULL;
}

/* Used up by it: what is read again is what is there then. */
static bool take_peeked(const struct zc_tracee *tracee, uint64_t address, char *buffer, size_t cap)
{
	bool is_it = peeked.of == tracee && peeked.address == address && peeked.len < cap;

	peeked.of = NULL;
	if (is_it)
		memcpy(buffer, peeked.text, peeked.len + 1);
	return is_it;
}

/* Page by page: the next page may not be there, and need not when the text ends before it. */
static long read_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	struct zc_tracee *tracee = context;
	size_t got = 0;

	address = own_address(tracee, address);
	if (take_peeked(tracee, address, buffer, cap))
		return (long)peeked.len;
	while (got < cap) {
		size_t want = PAGE - (address + got) % PAGE;
		const char *end;
		long n;

		if (got == 0 && want > FIRST_LOOK)
			want = FIRST_LOOK;
		if (want > cap - got)
			want = cap - got;
		n = read_some(tracee, address + got, buffer + got, want);
		if (n <= 0)
			return -EFAULT;
		end = memchr(buffer + got, '\0', (size_t)n);
		if (end)
			return end - buffer;
		got += (size_t)n;
	}
	return -ENAMETOOLONG;
}

const struct zc_reader zc_tracee_memory_template = { .bytes = read_bytes, .text = read_text };

struct zc_reader zc_tracee_reader(struct zc_tracee *tracee)
{
	struct zc_reader reader = zc_tracee_memory_template;

	tracee->hides = false;
	reader.context = tracee;
	return reader;
}
