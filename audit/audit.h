/* SPDX-License-Identifier: MIT */
/*
 * audit.h - the subcommands of zcaudit: argv[0] is the subcommand, the result the exit status.
 */
#ifndef ZC_AUDIT_AUDIT_H
#define ZC_AUDIT_AUDIT_H

#include "evidence/report/report.h"

int zc_audit_bypasses(int argc, char **argv);
int zc_audit_accept(int argc, char **argv);
int zc_audit_policy_diff(int argc, char **argv);
int zc_audit_policy_export(int argc, char **argv);
int zc_audit_policy_import(int argc, char **argv);
int zc_audit_render(int argc, char **argv);
int zc_audit_list(int argc, char **argv);
int zc_audit_show(int argc, char **argv);
int zc_audit_findings(int argc, char **argv);
int zc_audit_tree(int argc, char **argv);
int zc_audit_explain(int argc, char **argv);
int zc_audit_learn(int argc, char **argv);
int zc_audit_tail(int argc, char **argv);
int zc_audit_verify(int argc, char **argv);
int zc_audit_rotate(int argc, char **argv);
int zc_audit_sign(int argc, char **argv);
int zc_audit_diff(int argc, char **argv);
int zc_audit_report(int argc, char **argv);
int zc_audit_schema(int argc, char **argv);

/* What subcommands have in common (common.c). */
struct zc_audit {
	const char *name;    /* of the subcommand */
	const char *log_dir; /* NULL: the default ones */
	const char *format, *output, *head, *key, *merge;
	bool json, follow, debuginfod;
	size_t count; /* -n */
	struct zc_report_options report;
	int argc; /* what is left: names of runs, ... */
	char **argv;
};

/* letters: which options of the table it takes. Returns 0, or 125 and has said why. */
int zc_audit_options(struct zc_audit *audit, int argc, char **argv, const char *letters);
/* Opens and scans the run of that name, or the latest one. Returns 0, or 125 and has said why. */
int zc_audit_open(const struct zc_audit *audit, const char *name, bool scan, struct zc_run **ret);
/* Writes it to standard output, or where --output says. Returns 0, or 125 and has said why. */
int zc_audit_write(const struct zc_audit *audit, struct zc_run *run,
		   void (*write)(struct zc_report *report), void *context);
int zc_audit_fail(const char *format, ...) ZC_PRINTF(1, 2); /* says it; always 125 */

#endif
