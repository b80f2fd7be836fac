/* SPDX-License-Identifier: MIT */
/*
 * option_rows.c - every option: name, letter, what it takes, where it goes, and what help says of it.
 *
 * A value that is optional takes only the "=" form, or "--allow-net ls" would swallow the command.
 */
#include "wrap/options/option_rows.h"

#define AT(member) offsetof(struct zc_options, member)

const char *const zc_option_groups[GROUPS] = {
	[POLICIES] = "Policy (no value: everything; repeat a flag for more; user rules over @dev)",
	[RUNNING] = "How it runs",
	[TRACING] = "Tracing (sealed, trace and hybrid; zctrace)",
	[ENVIRONMENT] = "Environment (default: all of it; set beats keep beats drop beats clear)",
	[EVIDENCE] = "Evidence and exit",
	[LOOKING] = "Looking without running",
};

/* clang-format off */
const struct zc_option_row zc_option_rows[] = {
	{ "allow-read", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "allow reading PATH and all below" },
	{ "allow-write", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "... making, changing, removing" },
	{ "allow-run", 0, POLICY, MAYBE, POLICIES, 0, "[=PATH]", "... running programs" },
	{ "allow-net", 0, POLICY, MAYBE, POLICIES, 0, "[=WHERE]", "HOST[:PORT], *.DOMAIN, CIDR, :PORT,\nunix:PATH, unix:@NAME" },
	{ "allow-listen", 0, POLICY, MAYBE, POLICIES, 0, "[=WHERE]", "[ADDRESS:]PORT" },
	{ "allow-sys", 0, POLICY, MAYBE, POLICIES, 0, "[=NAME]", "mount, bpf, ptrace and so on" },
	{ "deny-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "refuse and record; classes as above" },
	{ "log-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "allow and record" },
	{ "ask-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "ask on the terminal; refuse without one" },
	{ "quiet-deny-CLASS", 0, POLICY, MAYBE, POLICIES, 0, "[=...]", "refuse; not a finding" },
	{ "allow-all", 'A', POLICY, NEVER, POLICIES, 0, "", "allow everything that no rule denies" },
	{ "policy", 0, POLICY, ALWAYS, POLICIES, 0, "=FILE", "rules from a file, instead of @dev; - is stdin" },
	{ "project", 0, FLAG, NEVER, POLICIES, AT(project), "", "the file .zencube here or above, as --policy" },
	{ "include", 0, POLICY, ALWAYS, POLICIES, 0, "=WHAT", "@dev @ci @offline @guard @agent ..., or a file" },
	{ "security", 0, TEXT, ALWAYS, POLICIES, AT(security), "=LEVEL", "basic standard enhanced maximum: flags by one\nname, which it prints" },
	{ "no-base", 0, POLICY, NEVER, POLICIES, 0, "", "without @base: loader, locale, /dev/null ..." },
	{ "no-net", 0, POLICY, NEVER, POLICIES, 0, "", "no sockets but unix ones" },
	{ "no-dns", 0, POLICY, NEVER, POLICIES, 0, "", "ask nobody for names while it runs" },
	{ "private-names", 0, POLICY, NEVER, POLICIES, 0, "", "names in rules may come to private addresses" },
	{ "jail", 0, POLICY, ALWAYS, POLICIES, 0, "=DIR", "read, write and run below DIR, nothing else" },
	{ "audit", 0, POLICY, NEVER, POLICIES, 0, "", "refuse nothing, record what would be" },
	{ "audit-policy", 0, FILES, ALWAYS, POLICIES, AT(audit_policy), "=FILE", "a stricter policy: record what it would refuse,\nwhile the other one is enforced" },
	{ "learn", 0, TEXT, ALWAYS, POLICIES, AT(learn), "=FILE", "refuse nothing, and write the policy that\nallows what was done" },
	{ "kill", 0, POLICY, NEVER, POLICIES, 0, "", "end the run at the first refusal" },
	{ "expect", 0, POLICY, ALWAYS, POLICIES, 0, "=RULE", "fail unless it holds: 'deny read ~/.ssh/id_rsa'" },
	{ "gap", 0, POLICY, ALWAYS, POLICIES, 0, "=allow", "a shim that lost its policy refuses nothing" },

	{ "mode", 0, TEXT, ALWAYS, RUNNING, AT(mode), "=MODE", "auto (the strongest that works here), sealed,\ntrace, hybrid, shim or watch" },
	{ "fast", 0, FLAG, NEVER, RUNNING, AT(fast), "", "with auto: hybrid before sealed" },
	{ "require", 0, REQUIRE, ALWAYS, RUNNING, AT(require), "=MODE", "fail with 125 rather than use a weaker mode" },
	{ "best-effort", 0, BEST_EFFORT, NEVER, RUNNING, AT(best_effort), "", "rather a weaker mode than none (for auto that\nis so); takes back what --require says before" },
	{ "engine", 0, TEXT, ALWAYS, RUNNING, AT(engine), "=ENGINE", "of sealed and hybrid: auto, notify or ptrace" },
	{ "kernel", 0, TEXT, ALWAYS, RUNNING, AT(kernel), "=LAYER,...", "what the kernel refuses too: auto, off, all,\nrequire; names add layers, -NAME leaves one out" },
	{ "user", 0, TEXT, ALWAYS, RUNNING, AT(user), "=USER[:GROUP]", "as root: run the command as another user" },
	{ "cap-drop", 0, TEXT, ALWAYS, RUNNING, AT(cap_drop), "=CAP,...", "as root: without these capabilities, or all" },
	{ "cap-keep", 0, TEXT, ALWAYS, RUNNING, AT(cap_keep), "=CAP,...", "as root: with these and no others" },
	{ "timeout", 0, DURATION, ALWAYS, RUNNING, AT(timeout_ms), "=TIME", "end it after TIME: 10, 10s, 2m, 1h" },
	{ "ask-timeout", 0, DURATION, ALWAYS, RUNNING, AT(ask_ms), "=TIME", "how long ask- rules wait for an answer (60s)" },
	{ "grace", 0, DURATION, ALWAYS, RUNNING, AT(grace_ms), "=TIME", "between TERM and KILL (default 5s)" },
	{ "linger", 0, LINGER, ALWAYS, RUNNING, AT(linger_ms), "=TIME", "wait for what it left behind (2s), or forever" },
	{ "chdir", 0, TEXT, ALWAYS, RUNNING, AT(chdir), "=DIR", "start the command in DIR" },
	{ "new-session", 0, FLAG, NEVER, RUNNING, AT(new_session), "", "away from this terminal, setsid(2)" },
	{ "die-with-parent", 0, FLAG, NEVER, RUNNING, AT(die_with_parent), "", "end the run when zcwrap's parent ends" },
	{ "shim", 0, TEXT, ALWAYS, RUNNING, AT(shim), "=FILE", "libzcshim.so, where it is not beside zcwrap" },

	{ "verbose", 'v', FLAG, NEVER, TRACING, AT(verbose), "", "a line for every judged call" },
	{ "stacks", 'k', FLAG, NEVER, TRACING, AT(stacks), "", "... with the stack below it" },
	{ "classes", 'e', TEXT, ALWAYS, TRACING, AT(classes), "=CLASS,...", "... of these: file exec net sys" },
	{ "summary", 0, FLAG, NEVER, TRACING, AT(summary), "", "a table of the calls at the end" },
	{ "attach", 'p', LIST, ALWAYS, TRACING, AT(attach), "=PID", "trace a running process; only watch it" },
	{ "enforce", 0, FLAG, NEVER, TRACING, AT(enforce), "", "with --attach: refuse there too" },

	{ "clear-env", 0, FLAG, NEVER, ENVIRONMENT, AT(clear_env), "", "keep PATH HOME USER SHELL TERM LANG TZ ... only" },
	{ "keep-env", 0, LIST, ALWAYS, ENVIRONMENT, AT(keep_env), "=NAME", "keep NAME all the same; may hold *" },
	{ "set-env", 0, NAME_VALUE, ALWAYS, ENVIRONMENT, AT(set_env), "=NAME=VALUE", "set NAME" },
	{ "drop-env", 0, LIST, ALWAYS, ENVIRONMENT, AT(drop_env), "=NAME", "leave NAME out; may hold *: '*TOKEN*'" },

	{ "log-dir", 0, TEXT, ALWAYS, EVIDENCE, AT(log_dir), "=DIR", "where zc-RUN/ is made (default logs)" },
	{ "quiet", 'q', FLAG, NEVER, EVIDENCE, AT(quiet), "", "say nothing but errors" },
	{ "output", 'o', TEXT, ALWAYS, EVIDENCE, AT(output), "=FILE", "what would go to stderr goes to FILE" },
	{ "json", 0, SINK, MAYBE, EVIDENCE, AT(json), "[=FILE]", "events to FILE or a descriptor's number (2)" },
	{ "no-color", 0, FLAG, NEVER, EVIDENCE, AT(no_color), "", "plain text, as with NO_COLOR" },
	{ "report", 0, TEXT, ALWAYS, EVIDENCE, AT(report), "=FMT[:FILE],...", "at the end: text md html sarif junit github ..." },
	{ "sign-key", 0, TEXT, ALWAYS, EVIDENCE, AT(sign_key), "=FILE", "sign the run: an Ed25519 key, PEM" },
	{ "baseline", 0, TEXT, ALWAYS, EVIDENCE, AT(baseline), "=FILE", "findings that are accepted (zcaudit accept)" },
	{ "digest", 0, DIGEST, ALWAYS, EVIDENCE, AT(digest), "=read,exec", "SHA-256 of the files that log- rules tell of" },
	{ "debuginfod", 0, FLAG, NEVER, EVIDENCE, AT(debuginfod), "", "ask the servers of DEBUGINFOD_URLS for debug files\nthat are not here: they learn the build-ids" },
	{ "redact-home", 0, FLAG, NEVER, EVIDENCE, AT(redact_home), "", "home directories become ~ in the evidence" },
	{ "redact", 0, HIDDEN, ALWAYS, EVIDENCE, AT(redact), "=TEXT", "TEXT becomes *** in the evidence" },
	{ "rotate-size", 0, SIZE, ALWAYS, EVIDENCE, AT(rotate_size), "=SIZE", "begin a new events.jsonl every 64K, 16M, 1G; the\nold one goes to archive/, compressed" },
	{ "rotate-age", 0, AGE, ALWAYS, EVIDENCE, AT(rotate_ms), "=TIME", "... every 10m, 1h, 1d" },
	{ "status-fd", 0, DESCRIPTOR, ALWAYS, EVIDENCE, AT(status_fd), "=N", "JSON lines on descriptor N" },
	{ "violation-exit", 0, VIOLATION_EXIT, ALWAYS, EVIDENCE, 0, "=N", "exit N where success met violations (2);\nalways:N overrides a failure too" },

	{ "show-policy", 0, SHOW, MAYBE, LOOKING, 0, "[=json]", "what flags and files come to, with sources" },
	{ "check-policy", 0, TEXT, ALWAYS, LOOKING, AT(check_policy), "=FILE", "is it sound? exits with 0 or 1" },
	{ "explain-path", 0, TEXT, ALWAYS, LOOKING, AT(explain_path), "=PATH", "followed by read, write, run or nothing: what\nthe policy says, by which rule; exits with 0\n(allowed) or 1" },
	{ "explain-net", 0, TEXT, ALWAYS, LOOKING, AT(explain_net), "=HOST:PORT", "likewise; followed by net, listen or nothing" },
	{ "print-command", 0, FLAG, NEVER, LOOKING, AT(print_command), "", "program, environment and policy" },
	{ "freeze", 0, TEXT, ALWAYS, LOOKING, AT(freeze), "=FILE", "write the policy for ZENCUBE_IMAGE=FILE" },
	{ "doctor", 0, FLAG, NEVER, LOOKING, AT(doctor), "", "which modes and layers work here, why others do\nnot, what would help; with --json as JSON" },
	{ "help", 'h', FLAG, NEVER, LOOKING, AT(help), "", "this text" },
	{ "version", 0, FLAG, NEVER, LOOKING, AT(version), "", "the version" },

};
/* clang-format on */

const size_t zc_option_row_count = ZC_LEN(zc_option_rows);
