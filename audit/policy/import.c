/* SPDX-License-Identifier: MIT */
/*
 * import.c - a configuration of another tool as a policy: the command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/policy/policy.h"

#define SIZE_CAP (4u << 20)

static int load(const char *name, char **ret, size_t *ret_len)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	int status = 0;

	*ret_len = 0;
	*ret = malloc(SIZE_CAP + 1);
	if (file && *ret)
		*ret_len = fread(*ret, 1, SIZE_CAP + 1, file);
	if (!file || !*ret || ferror(file))
		status = zc_audit_fail("cannot read '%s': %s", name, strerror(errno));
	else if (*ret_len > SIZE_CAP)
		status = zc_audit_fail("%s: larger than 4 MiB", name);
	if (file && file != stdin)
		fclose(file);
	return status;
}

int zc_audit_policy_import(int argc, char **argv)
{
	struct zc_audit audit;
	FILE *out;
	char *text = NULL, *made = NULL;
	size_t len = 0, made_len = 0;
	int status = zc_audit_options(&audit, argc, argv, "F");

	if (status)
		return status;
	if (audit.format && strcmp(audit.format, "landlock") != 0)
		return zc_audit_fail("policy-import: no format '%s'; it reads landlock",
				     audit.format);
	if (audit.argc != 1)
		return zc_audit_fail("policy-import takes one file, or -");
	status = load(audit.argv[0], &text, &len);
	out = open_memstream(&made, &made_len);
	if (!status)
		status = out ? zc_import_landlock(out, audit.argv[0], text, len)
			     : zc_audit_fail("out of memory");
	/* All or nothing: half a policy is another policy. */
	if (out && fclose(out) == 0 && !status &&
	    (fwrite(made, 1, made_len, stdout) != made_len || fflush(stdout) == EOF))
		status = zc_audit_fail("cannot write standard output");
	free(made);
	free(text);
	return status;
}
