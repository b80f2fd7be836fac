/* SPDX-License-Identifier: MIT */
/*
 * main.c - zcwrap: run a command under a policy and keep the evidence.
 *
 * Theory of operation. zcwrap parses options, finds the strongest mode that works on this host by
 * trying what each needs (mode.c, probe.c), lets policy/ freeze the rules into an image and confine/
 * plan the kernel's layers from it (layers.c), makes a directory for the run, and an image, a page
 * that the whole tree shares and a socket (channel.c). It judges the command's own exec, and then
 * the command begins by the way that its mode goes (begin.c):
 *
 *   sealed, trace   zcwrap runs zctrace, zctrace runs the command (trace.c); frames come from it alone
 *   hybrid          the same, and the command finds image and page: the shim is inside as well
 *   shim            the child becomes the command with LD_PRELOAD and ZENCUBE set (spawn.c)
 *   watch           the command runs as it is, and a thread of ours looks into /proc (watch.c)
 *
 * From there on everything is decided elsewhere; zcwrap never judges and never makes anybody wait.
 *
 * Three threads remain. The receiver takes frames off the socket into a queue; the clerk takes them
 * from there to evidence/, which may block on a disk or a terminal (collect.c). The main thread
 * waits for signals, children and deadlines until the whole tree is gone (run.c): zcwrap is the
 * subreaper, so nobody of the tree escapes it by losing a parent. Then the queue is drained, the
 * evidence settled, and the facts become an exit code (exitcode.c).
 *
 * Everything that the command gets - streams, descriptor numbers, signals, process group, terminal -
 * is what zcwrap got. Results below main level are 0 or -errno with a struct zc_trouble; wrap.c and
 * this file print. --help and --version go to standard output, everything else to standard error.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "wrap/modes/doctor.h"
#include "wrap/wrap.h"

static int show(const struct zc_options *options)
{
	if (options->version)
		printf("%s (ZenCube) " ZC_VERSION "\n", zc_say_name);
	else
		zc_options_help(options, stdout);
	if (fflush(stdout) != 0) {
		zc_say("cannot write to standard output");
		return ZC_EXIT_TROUBLE;
	}
	return 0;
}

/* zctrace becomes zcwrap by exec and keeps its name, and by that its options. */
static bool is_tracer(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strcmp(slash ? slash + 1 : name, "zctrace") == 0;
}

int main(int argc, char **argv)
{
	struct zc_inherited inherited = { 0 };
	struct zc_trouble trouble;
	struct zc_options options;
	int code;

	/* One heap for all threads: that of a second one grows by a page and an mprotect(2) at a time. */
	mallopt(M_ARENA_MAX, 1);
	zc_spawn_guard_streams();
	zc_spawn_outlive_limits(&inherited);
	if (argc > 0 && is_tracer(argv[0]))
		zc_say_name = "zctrace";
	if (zc_options_parse(&options, argc, argv, &trouble) < 0) {
		zc_say("%s", trouble.text);
		code = ZC_EXIT_TROUBLE;
	} else if (options.help || options.version) {
		code = show(&options);
	} else if (options.doctor) {
		code = zc_doctor_run(&options);
	} else {
		code = zc_wrap(&options, &inherited);
	}
	zc_options_finish(&options);
	return code;
}
