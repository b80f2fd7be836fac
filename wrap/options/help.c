/* SPDX-License-Identifier: MIT */
/*
 * help.c - --help, of zcwrap and of zctrace: the rows of the table, and examples.
 */
#include <string.h>

#include "wrap/options/option_rows.h"
#include "wrap/wrap.h"

static void help_row(const struct zc_option_row *row, FILE *out)
{
	enum { COLUMN = 27 };
	const char *text = row->help, *end;
	int width = fprintf(out, "  --%s%s", row->name, row->value);

	if (row->letter)
		width += fprintf(out, ", -%c", row->letter);
	while (*text) {
		end = strchrnul(text, '\n');
		fprintf(out, "%*s%.*s\n", width < COLUMN ? COLUMN - width : 1, "",
			(int)(end - text), text);
		text = *end ? end + 1 : end;
		width = 0;
	}
}

static void help_tracer(FILE *out)
{
	fputs("usage: zctrace [OPTION ...] [--] COMMAND [ARGUMENT ...]\n"
	      "       zctrace [OPTION ...] -p PID ...\n\n"
	      "Traces COMMAND from outside, whatever it is made of, refuses what the policy\n"
	      "does not allow, and leaves the evidence in a directory of its own. Attached to\n"
	      "a process it only watches, unless --enforce says otherwise. It is zcwrap\n"
	      "--mode=trace by another name and takes all of its options; 'zcwrap --help'\n"
	      "lists them.\n\n",
	      out);
	for (size_t i = 0; i < zc_option_row_count; i++)
		if (zc_option_rows[i].group == TRACING || zc_option_rows[i].group == EVIDENCE)
			help_row(&zc_option_rows[i], out);
	fputs("\nExamples:\n"
	      "  zctrace -- ./static-binary              what it does that @dev does not allow\n"
	      "  zctrace -v -e net -A -- ./updater       every network call it makes\n"
	      "  zctrace --summary -A -o calls -- make   which calls, how often\n"
	      "  zctrace -k -v -p 4711                   watch a suspect, with stacks\n",
	      out);
}

void zc_options_help(const struct zc_options *options, FILE *out)
{
	if (strcmp(zc_say_name, "zctrace") == 0) {
		help_tracer(out);
		return;
	}
	fputs("usage: zcwrap [OPTION ...] [--] COMMAND [ARGUMENT ...]\n\n"
	      "Runs COMMAND, refuses what the policy does not allow, says which code did it,\n"
	      "and leaves the evidence in a directory of its own.\n",
	      out);
	for (int group = 0; group < GROUPS; group++) {
		fprintf(out, "\n%s:\n", zc_option_groups[group]);
		for (size_t i = 0; i < zc_option_row_count; i++)
			if (zc_option_rows[i].group == group)
				help_row(&zc_option_rows[i], out);
	}
	fputs("\nExit: the command's own; 2 success with violations; 124 timeout or kill;\n"
	      "125 zcwrap failed; 126 cannot run or may not; 127 not found; 128+N signal N.\n\n"
	      "Examples:\n"
	      "  zcwrap -- npm test                          what @dev allows, and nothing else\n"
	      "  zcwrap --no-net -- make                     a build that must not phone home\n"
	      "  zcwrap --allow-net=github.com:443 -- git fetch\n"
	      "  zcwrap --deny-read=~/.config -- ./tool      one more secret\n"
	      "  zcwrap --audit -- ./installer               only look\n"
	      "  zcwrap --require=sealed -- ./suspect        or not at all\n"
	      "  zcwrap --doctor                             what works on this host\n"
	      "  zcwrap --policy=ci.zc --timeout=10m -- ./build.sh\n",
	      out);
}
