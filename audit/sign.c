/* SPDX-License-Identifier: MIT */
/*
 * sign.c - signs a run that has ended.
 */
#include "evidence/read/verify.h"
#include "evidence/proof/sign.h"
#include "audit/audit.h"

int zc_audit_sign(int argc, char **argv)
{
	char dir[ZC_PATH_CAP], error[512] = "";
	struct zc_sign_key key;
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "lk"), r;

	if (status)
		return status;
	if (audit.argc > 1 || !audit.key)
		return zc_audit_fail("sign takes --key=FILE (a private one) and one run");
	r = zc_sign_load(&key, audit.key, error);
	if (r)
		return zc_audit_fail("%s", error);
	r = zc_run_find(audit.argc ? audit.argv[0] : "latest", audit.log_dir, dir, error);
	r = r ? r : zc_sign_run(&key, dir, error);
	zc_sign_forget(&key);
	if (r)
		return zc_audit_fail("%s", *error ? error : "the run cannot be signed");
	printf("%s/" ZC_SIGNATURE_FILE ": signed with key %s\n", dir, key.id);
	return fflush(stdout) == EOF ? zc_audit_fail("cannot write standard output") : 0;
}
