/* SPDX-License-Identifier: MIT */
/*
 * report.c - a run in another format, and the schemas of ours.
 */
#include <string.h>

#include "text/embed.h"
#include "audit/audit.h"

ZC_EMBED(zc_schema_event, "docs/schema/event.json");
ZC_EMBED(zc_schema_run, "docs/schema/run.json");

static int list_formats(void)
{
	for (size_t i = 0; zc_report_formats[i].name; i++)
		printf("%-12s %s (usually %s)\n", zc_report_formats[i].name,
		       zc_report_formats[i].what, zc_report_formats[i].file);
	return fflush(stdout) == EOF ? zc_audit_fail("cannot write standard output") : 0;
}

int zc_audit_report(int argc, char **argv)
{
	const struct zc_report_format *format = NULL;
	struct zc_audit audit;
	struct zc_run *run = NULL;
	int status = zc_audit_options(&audit, argc, argv, "lcrowFd");

	if (status)
		return status;
	if (!audit.format)
		return zc_audit_fail("report: --format=NAME is needed; --format=help lists them");
	if (!strcmp(audit.format, "help"))
		return list_formats();
	format = zc_report_find(audit.format);
	if (!format)
		return zc_audit_fail("report: there is no format '%s'; --format=help lists them",
				     audit.format);
	if (audit.argc > 1)
		return zc_audit_fail("report takes one run");
	status = zc_audit_open(&audit, audit.argv[0], !format->events, &run);
	if (!status)
		status = zc_audit_write(&audit, run, format->write, NULL);
	zc_run_free(run);
	return status;
}

int zc_audit_schema(int argc, char **argv)
{
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "");
	const char *name;

	if (status)
		return status;
	name = audit.argc ? audit.argv[0] : "event";
	if (audit.argc > 1 || (strcmp(name, "event") != 0 && strcmp(name, "run") != 0))
		return zc_audit_fail("schema takes 'event' or 'run'");
	fputs(*name == 'e' ? zc_schema_event : zc_schema_run, stdout);
	return fflush(stdout) == EOF ? zc_audit_fail("cannot write standard output") : 0;
}
