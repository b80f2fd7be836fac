/* SPDX-License-Identifier: MIT */
/*
 * main.c - read, explain and check evidence: the program's options and subcommands.
 *
 * Theory of operation. Each subcommand is a row: a name, what it does, and a function that takes the
 * rest of the arguments and returns the exit status: 0; 1 for an answer that is no (verify, diff);
 * 125 when zcaudit itself failed. Those that read a run look into evidence/read/, those that write
 * one in other words into evidence/report/; here is only what to say about a command line.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base.h"
#include "audit/audit.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", "the runs there are, newest last", zc_audit_list },
	{ "show", "one run: verdict, command, mode, coverage, findings", zc_audit_show },
	{ "findings", "its findings, one a line", zc_audit_findings },
	{ "explain", "what was refused, by which rule, from whose code, how to allow it",
	  zc_audit_explain },
	{ "tree", "its processes, and what watched each of them", zc_audit_tree },
	{ "bypasses", "list who went around the shim in a hybrid run", zc_audit_bypasses },
	{ "tail", "its last events; -f waits for more", zc_audit_tail },
	{ "verify", "compute its chain again and hold run.json against it", zc_audit_verify },
	{ "sign", "sign it with an Ed25519 key", zc_audit_sign },
	{ "accept", "put findings into a baseline, with a reason and an end", zc_audit_accept },
	{ "rotate", "remove or compress old runs", zc_audit_rotate },
	{ "diff", "two runs: findings that are new, gone, changed", zc_audit_diff },
	{ "learn", "a policy from what runs did: the smallest that allows it", zc_audit_learn },
	{ "report", "write it as HTML, SARIF, JUnit, in-toto, ...", zc_audit_report },
	{ "policy-diff", "two policies: rules, and what is allowed no more or now",
	  zc_audit_policy_diff },
	{ "policy-export", "a policy for bwrap, systemd or Landlock-config",
	  zc_audit_policy_export },
	{ "policy-import", "a Landlock-config as a policy", zc_audit_policy_import },
	{ "schema", "print the JSON Schema of events, or of run.json", zc_audit_schema },
	{ "render", "print a file of raw frames (ZENCUBE_LOG) as event lines", zc_audit_render },
};

static int usage(FILE *out)
{
	fprintf(out, "usage: zcaudit SUBCOMMAND [OPTION ...] [RUN ...]\n\n");
	for (size_t i = 0; i < ZC_LEN(commands); i++)
		fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].what);
	fputs("\nRUN is the path of a run's directory, the beginning of its id, or 'latest' (also "
	      "when\n"
	      "none is named), below --log-dir=DIR (else logs/, then $XDG_STATE_HOME/zencube).\n\n"
	      "  all         --json  --color=auto|always|never  -o FILE  --redact-home[=DIR]\n"
	      "  show findings explain tail diff report\n"
	      "              --debuginfod: lines of stripped code by the servers of "
	      "DEBUGINFOD_URLS,\n"
	      "              which learn its build-ids\n"
	      "  explain     [RUN] [N]: only the finding of that number\n"
	      "  tail        -n COUNT  -f\n"
	      "  verify      --head=HEX: the head of the chain, as it was noted elsewhere\n"
	      "              --key=FILE: the public key that the run was signed for\n"
	      "  sign        --key=FILE: the private key (openssl genpkey -algorithm ed25519)\n"
	      "  accept      RUN FINDING ... --why=TEXT --until=YYYY-MM-DD [--any-caller]\n"
	      "              [--by=NAME] [--baseline=FILE]\n"
	      "  diff        BEFORE AFTER: exit 1 when there are new findings\n"
	      "  learn       RUN ... [-o FILE] [--merge=FILE]: of zcwrap --learn or --audit, all "
	      "in "
	      "one\n"
	      "              directory; --merge adds to FILE, whoever wrote it\n"
	      "  rotate      --keep=N|AGE  --max-total=SIZE  --compress  --dry-run\n"
	      "  policy-diff    BEFORE AFTER: files, or profiles like @dev; exit 1 when rules "
	      "differ\n"
	      "  policy-export  --format=bwrap|systemd|landlock POLICY\n"
	      "  policy-import  FILE (Landlock-config JSON)\n"
	      "  report      --format=NAME (--format=help lists them)  --workspace=DIR\n"
	      "  schema      event | run\n"
	      "  render      FILE [--image=FILE] [--json|--text]: FILE is what a program wrote "
	      "that ran\n"
	      "              with LD_PRELOAD=libzcshim.so, ZENCUBE_IMAGE=IMAGE and "
	      "ZENCUBE_LOG=FILE\n\n"
	      "Exit status: 0; 1 when verify finds something wrong, or diff something new; 125 "
	      "when\n"
	      "zcaudit itself fails.\n",
	      out);
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
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "zcaudit: unknown subcommand '%s'; zcaudit --help lists them\n", argv[1]);
	return 125;
}
