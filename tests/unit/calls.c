/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the catalogue agrees with the kernel's own numbers and with itself.
 *
 * Numbers are compared with <asm/unistd_64.h> and <asm/unistd_32.h>, for every call these headers
 * know. They define the same names for two ABIs, so both are read as text.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/call.h"
#include "tests/unit/t.h"

struct hook_row {
	const char *symbol, *call;
};

static const struct hook_row hooks[] = {
#define ZC_HOOK(symbol, call, style) { #symbol, #call },
#include "core/calls.def"
};

static const struct hook_row aliases[] = {
#define ZC_ALIAS(symbol, hook) { #symbol, #hook },
#include "core/calls.def"
};

/* The kernel's number for name in a header of "#define __NR_name 123" lines; LONG_MIN: none. */
static long header_number(const char *header, const char *name)
{
	char line[256], macro[128], defined[128];
	long number, found = LONG_MIN;
	FILE *file = fopen(header, "r");

	if (!file)
		return LONG_MIN;
	snprintf(macro, sizeof(macro), "__NR_%s", name);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "#define %127s %ld", defined, &number) == 2 &&
		    !strcmp(defined, macro))
			found = number;
	fclose(file);
	return found;
}

static const char *find_header(const char *const *candidates)
{
	for (; *candidates; candidates++) {
		FILE *file = fopen(*candidates, "r");

		if (file) {
			fclose(file);
			return *candidates;
		}
	}
	return NULL;
}

static void check_numbers(enum zc_abi abi, const char *const *headers)
{
	const char *header = find_header(headers);
	unsigned known = 0;

	if (!header) {
		T_SKIP("the kernel's header is not installed");
		return;
	}
	for (unsigned i = 0; i < ZC_CALL_COUNT; i++) {
		long number = header_number(header, zc_calls[i].name);

		if (number == LONG_MIN)
			continue; /* newer than this header, or not on this ABI */
		known++;
		T_OK(zc_calls[i].nr[abi] == number, "%s is %ld on %s", zc_calls[i].name, number,
		     zc_abi_name(abi));
	}
	T_OK(known > 100, "the header knows most calls of the catalogue (%u)", known);
}

static void check_lookups(void)
{
	for (unsigned i = 0; i < ZC_CALL_COUNT; i++) {
		const struct zc_call *call = &zc_calls[i];

		T_OK(zc_call_by_name(call->name, strlen(call->name)) == i, "%s is found by name",
		     call->name);
		for (unsigned abi = 0; abi < 2; abi++)
			if (call->nr[abi] >= 0)
				T_OK(zc_call_by_number(abi, call->nr[abi]) == i,
				     "%s is found by its number on %s", call->name,
				     zc_abi_name(abi));
		if (call->nr[0] >= 0)
			T_OK(zc_call_by_number(ZC_ABI_X32, 0x40000000L | call->nr[0]) == i ||
				     zc_call_by_number(ZC_ABI_X32, call->nr[0]) == i,
			     "%s is found on x32", call->name);
	}
	T_OK(zc_call_by_number(ZC_ABI_X86_64, SYS_getpid) == ZC_CALL_NONE,
	     "a call outside is not found");
	T_OK(zc_call_by_number(ZC_ABI_X86_64, -1) == ZC_CALL_NONE, "number -1 is not found");
	T_OK(zc_call_by_number(ZC_ABI_I386, 1 << 20) == ZC_CALL_NONE, "a huge number is not found");
	T_OK(zc_call_by_name("opena", 5) == ZC_CALL_NONE,
	     "a name that is only a beginning is not found");
}

/* A directory descriptor without a path to start, or an address without a length, is a slip in a row. */
static void check_roles(const struct zc_call *call)
{
	bool ended = false, whole = true, starts = true, measured = true;

	for (unsigned i = 0; i < ZC_LEN(call->role); i++) {
		unsigned role = call->role[i],
			 next = i + 1 < ZC_LEN(call->role) ? call->role[i + 1] : ZC_ROLE_NONE;

		if (ended && role != ZC_ROLE_NONE)
			whole = false;
		ended |= role == ZC_ROLE_NONE;
		if (role == ZC_ROLE_DIRFD && next != ZC_ROLE_PATH && next != ZC_ROLE_ENTRY)
			starts = false;
		if (role == ZC_ROLE_SOCKADDR && next != ZC_ROLE_LEN)
			measured = false;
	}
	T_OK(whole, "%s: roles have no hole", call->name);
	T_OK(starts, "%s: each DIRFD is followed by its path", call->name);
	T_OK(measured, "%s: each SOCKADDR is followed by its length", call->name);
	T_OK(call->op < ZC_OP_COUNT && zc_op_name(call->op) && *zc_op_name(call->op),
	     "%s: its op has a name", call->name);
	T_OK(call->nr[0] >= 0 || call->nr[1] >= 0, "%s: exists on some ABI", call->name);
}

static void check_hooks(void)
{
	for (unsigned i = 0; i < ZC_LEN(hooks); i++) {
		unsigned same = 0;

		for (unsigned j = 0; j < ZC_LEN(hooks); j++)
			same += !strcmp(hooks[i].symbol, hooks[j].symbol);
		for (unsigned j = 0; j < ZC_LEN(aliases); j++)
			same += !strcmp(hooks[i].symbol, aliases[j].symbol);
		T_OK(same == 1, "hook %s is there once", hooks[i].symbol);
		T_OK(zc_call_by_name(hooks[i].call, strlen(hooks[i].call)) != ZC_CALL_NONE,
		     "hook %s has a row, %s", hooks[i].symbol, hooks[i].call);
	}
	for (unsigned i = 0; i < ZC_LEN(aliases); i++) {
		bool found = false;

		for (unsigned j = 0; j < ZC_LEN(hooks); j++)
			found |= !strcmp(aliases[i].call, hooks[j].symbol);
		T_OK(found, "alias %s is of a hook, %s", aliases[i].symbol, aliases[i].call);
	}
}

static void check_names(void)
{
	for (unsigned i = 0; i < ZC_ROLE_COUNT; i++)
		T_OK(zc_role_name(i) && *zc_role_name(i), "role %u has a name, %s", i,
		     zc_role_name(i));
	for (unsigned i = 0; i < ZC_SYS_COUNT; i++) {
		T_OK(zc_sys_name(i) && *zc_sys_name(i), "sys %u has a name, %s", i, zc_sys_name(i));
		T_OK(zc_sys_what(i) && *zc_sys_what(i), "sys %s says what it covers",
		     zc_sys_name(i));
	}
	T_OK(!strcmp(zc_errno_name(13), "EACCES"), "errno 13 is EACCES");
	T_OK(!strcmp(zc_errno_name(1), "EPERM"), "errno 1 is EPERM");
}

int main(void)
{
	static const char *const headers64[] = { "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
						 "/usr/include/asm/unistd_64.h", NULL };
	static const char *const headers32[] = { "/usr/include/x86_64-linux-gnu/asm/unistd_32.h",
						 "/usr/include/asm/unistd_32.h", NULL };

	check_numbers(ZC_ABI_X86_64, headers64);
	check_numbers(ZC_ABI_I386, headers32);
	check_lookups();
	for (unsigned i = 0; i < ZC_CALL_COUNT; i++)
		check_roles(&zc_calls[i]);
	check_hooks();
	check_names();
	T_DONE();
}
