/* SPDX-License-Identifier: MIT */
/*
 * zcaudit.c - read, explain and check evidence: the program's options and subcommands.
 *
 * Theory of operation. Each subcommand is a row: a name, what it does, and a function that takes the
 * rest of the arguments and returns the exit status. What is not built yet says so and answers 125,
 * as every failure of zcaudit's own does; 0 is success.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base.h"
#include "evidence/zcaudit.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv); /* NULL: not built yet */
} commands[] = {
	{ "render", "print a file of raw frames (ZENCUBE_LOG) as event lines", zc_audit_render },
	{ "bypasses", "list who went around the shim in a hybrid run", zc_audit_bypasses },
	{ "verify", "check the chain of a run", NULL },
	{ "explain", "say what was refused, by which rule, from where", NULL },
	{ "report", "write SARIF, JUnit, Markdown, HTML or in-toto", NULL },
	{ "diff", "compare two runs", NULL },
	{ "export", "hand events to other systems", NULL },
};

static int usage(FILE *out)
{
	fprintf(out, "usage: zcaudit SUBCOMMAND [ARGUMENT ...]\n\n");
	for (size_t i = 0; i < ZC_LEN(commands); i++)
		fprintf(out, "  %-9s %s%s\n", commands[i].name, commands[i].what,
			commands[i].run ? "" : " (not built yet)");
	fprintf(out,
		"\n  zcaudit render FILE [--image=FILE] [--json|--text]\n"
		"      FILE is what a program wrote that ran with LD_PRELOAD=libzcshim.so,\n"
		"      ZENCUBE_IMAGE=IMAGE and ZENCUBE_LOG=FILE; - is standard input.\n"
		"      --image gives the rules their texts; --text prints lines for people.\n");
	return out == stdout ? 0 : 125;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write, which is looked at */
	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version")) {
		printf("zcaudit %s\n", ZC_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ZC_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].run)
			return commands[i].run(argc - 1, argv + 1);
		fprintf(stderr, "zcaudit: '%s' is not built yet\n", argv[1]);
		return 125;
	}
	fprintf(stderr, "zcaudit: unknown subcommand '%s'; zcaudit --help lists them\n", argv[1]);
	return 125;
}
