/* SPDX-License-Identifier: MIT */
/*
 * zcaudit.h - the subcommands of zcaudit: argv[0] is the subcommand, the result the exit status.
 */
#ifndef ZC_EVIDENCE_ZCAUDIT_H
#define ZC_EVIDENCE_ZCAUDIT_H

int zc_audit_bypasses(int argc, char **argv);
int zc_audit_render(int argc, char **argv);

#endif
