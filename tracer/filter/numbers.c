/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - which row of the catalogue a system call number is, in each ABI.
 */
#include <stdlib.h>

#include "tracer/tracer.h"

#define X32_BIT 0x40000000u

/* Second numbers. x32 has calls of its own from 512 up; what they replace answers ENOSYS there. */
static const struct {
	uint8_t abi;
	uint16_t nr, row;
} second[] = {
	{ ZC_ABI_I386, 192, ZC_ID_mmap },     /* mmap2 */
	{ ZC_ABI_I386, 117, ZC_ID_shmat },    /* ipc: one of many */
	{ ZC_ABI_I386, 193, ZC_ID_truncate }, /* truncate64 */
	{ ZC_ABI_I386, 198, ZC_ID_lchown },   /* lchown32 */
	{ ZC_ABI_I386, 207, ZC_ID_fchown },   /* fchown32 */
	{ ZC_ABI_I386, 212, ZC_ID_chown },    /* chown32 */
	{ ZC_ABI_I386, 221, ZC_ID_fcntl },    /* fcntl64 */
	{ ZC_ABI_I386, 404, ZC_ID_clock_settime },
	{ ZC_ABI_I386, 405, ZC_ID_clock_adjtime },
	{ ZC_ABI_I386, 412, ZC_ID_utimensat },
	{ ZC_ABI_I386, 417, ZC_ID_recvmmsg },
	{ ZC_ABI_X32, 514, ZC_ID_ioctl },
	{ ZC_ABI_X32, 517, ZC_ID_recvfrom },
	{ ZC_ABI_X32, 518, ZC_ID_sendmsg },
	{ ZC_ABI_X32, 519, ZC_ID_recvmsg },
	{ ZC_ABI_X32, 520, ZC_ID_execve },
	{ ZC_ABI_X32, 521, ZC_ID_ptrace },
	{ ZC_ABI_X32, 524, ZC_ID_rt_sigqueueinfo },
	{ ZC_ABI_X32, 528, ZC_ID_kexec_load },
	{ ZC_ABI_X32, 536, ZC_ID_rt_tgsigqueueinfo },
	{ ZC_ABI_X32, 537, ZC_ID_recvmmsg },
	{ ZC_ABI_X32, 538, ZC_ID_sendmmsg },
	{ ZC_ABI_X32, 539, ZC_ID_process_vm_readv },
	{ ZC_ABI_X32, 540, ZC_ID_process_vm_writev },
	{ ZC_ABI_X32, 541, ZC_ID_setsockopt },
	{ ZC_ABI_X32, 545, ZC_ID_execveat },
};

unsigned zc_numbers_row(enum zc_abi abi, long nr)
{
	unsigned row = zc_call_by_number(abi, nr);

	if (row != ZC_CALL_NONE || abi == ZC_ABI_X86_64)
		return row;
	if (abi == ZC_ABI_X32)
		nr &= ~(long)X32_BIT;
	for (size_t i = 0; i < ZC_LEN(second); i++)
		if (second[i].abi == abi && second[i].nr == nr)
			return second[i].row;
	return ZC_CALL_NONE;
}

/* vfork; setuid, setgid, setreuid, setregid, setgroups, setresuid, setresgid, setfsuid, setfsgid, capset, ... */
static const uint16_t identity_64[] = { ZC_VFORK_64, 105, 106, 113, 114, 116,
					117,         119, 122, 123, 126, 446 };
/* ... each twice: with ids of 16 bits and of 32; landlock_restrict_self is the last. */
static const uint16_t identity_32[] = { ZC_VFORK_32, 23,  46,  70,  71,  81,  138,
					139,         164, 170, 185, 203, 204, 206,
					208,         210, 213, 214, 215, 216, 446 };

static size_t add_identity(enum zc_abi abi, struct zc_number *list)
{
	uint32_t bit = abi == ZC_ABI_X32 ? X32_BIT : 0;
	size_t count = abi == ZC_ABI_I386 ? ZC_LEN(identity_32) : ZC_LEN(identity_64);
	const uint16_t *nr = abi == ZC_ABI_I386 ? identity_32 : identity_64;

	for (size_t i = 0; i < count; i++)
		list[i] = (struct zc_number){ nr[i] | bit, ZC_ROW_IDENTITY };
	return count;
}

static int by_number(const void *a, const void *b)
{
	const struct zc_number *x = a, *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

size_t zc_numbers_list(enum zc_abi abi, bool identity, struct zc_number list[ZC_NUMBERS_CAP])
{
	uint32_t bit = abi == ZC_ABI_X32 ? X32_BIT : 0;
	size_t count = 0;

	_Static_assert(ZC_CALL_COUNT + ZC_LEN(second) + ZC_LEN(identity_32) <= ZC_NUMBERS_CAP,
		       "room for every number");
	for (unsigned row = 0; row < ZC_CALL_COUNT; row++) {
		int nr = zc_calls[row].nr[abi == ZC_ABI_I386];

		if (nr >= 0)
			list[count++] = (struct zc_number){ (uint32_t)nr | bit, (uint16_t)row };
	}
	for (size_t i = 0; i < ZC_LEN(second); i++)
		if (second[i].abi == abi)
			list[count++] = (struct zc_number){ second[i].nr | bit, second[i].row };
	if (identity)
		count += add_identity(abi, list + count);
	qsort(list, count, sizeof(list[0]), by_number);
	return count;
}
