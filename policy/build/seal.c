/* SPDX-License-Identifier: MIT */
/*
 * seal.c - the image as everybody of the run finds it: a memfd that nobody can change, and behind the
 * image, where there is a gate, its page of code (core/wire/gate.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/wire/gate.h"
#include "policy/policy_set.h"

static void write_door(unsigned char *at)
{
	static const unsigned char door[] = {
		0xf3, 0x0f, 0x1e, 0xfa, /* endbr64 */
		0x0f, 0x05,             /* syscall */
		0xc3                    /* ret */
	};

	_Static_assert(ZC_GATE_BEHIND == 6, "the instruction pointer behind `syscall`");
	memcpy(at, door, sizeof(door));
}

static int write_all(int fd, const void *bytes, size_t size, off_t offset)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t n = pwrite(fd, at, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_gate(int fd, const struct zc_image *image)
{
	unsigned char page[ZC_GATE_PAGE];

	if (!image->gate)
		return 0;
	memset(page, 0xcc, sizeof(page)); /* int3: whoever jumps elsewhere does not get far */
	write_door(page + ZC_GATE_PASS);
	write_door(page + ZC_GATE_SIDE);
	return write_all(fd, page, sizeof(page), (off_t)zc_gate_offset(image));
}

int zc_policy_seal(const struct zc_image *image, size_t size)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = memfd_create("zencube-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, image, size, 0);
	if (!error)
		error = write_gate(fd, image);
	if (!error && fcntl(fd, F_ADD_SEALS, seals) < 0)
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}
