/* SPDX-License-Identifier: MIT */
/*
 * wrap_mode.c - the ladder on hosts that only pretend: which mode is taken, and what is said against
 * the stronger ones. No probe runs: every fact is given.
 */
#include <errno.h>
#include <string.h>

#include "tests/unit/t.h"
#include "wrap/modes/layers.h"
#include "wrap/modes/probe.h"
#include "wrap/wrap.h"

static struct zc_mode_choice choice;
static struct zc_trouble trouble;

/* A host that can do all but what the list names, which ends with ZC_FACTS. */
static struct zc_host host_without(const enum zc_fact *missing)
{
	struct zc_host host = { .landlock_abi = 7 };

	for (int i = 0; i < ZC_FACTS; i++)
		host.fact[i] = (struct zc_tried){ .tried = true, .works = true };
	for (; missing && *missing != ZC_FACTS; missing++) {
		struct zc_tried *tried = &host.fact[*missing];

		tried->works = false;
		tried->error = EPERM;
		snprintf(tried->why, sizeof(tried->why), "fact %d is missing", (int)*missing);
	}
	return host;
}
#define HOST_WITHOUT(...) host_without((const enum zc_fact[]){ __VA_ARGS__, ZC_FACTS })

/* Chooses for a command line. The library is any file: it is only looked for. */
static int choose(struct zc_host host, const char *line)
{
	static struct zc_options options;
	static char text[512];
	char *argv[32];
	int argc = 0, r;

	snprintf(text, sizeof(text), "zcwrap --shim=/proc/self/exe %s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	trouble.text[0] = '\0';
	memset(&choice, 0, sizeof(choice));
	r = zc_options_parse(&options, argc, argv, &trouble);
	if (r == 0)
		r = zc_mode_choose(&choice, &options, &host, &trouble);
	zc_options_finish(&options);
	return r;
}

static bool takes(struct zc_host host, const char *line, const char *mode, const char *engine)
{
	return choose(host, line) == 0 && !strcmp(choice.used, mode) &&
	       !strcmp(choice.engine, engine);
}

static bool refuses(struct zc_host host, const char *line, const char *why)
{
	return choose(host, line) < 0 && strstr(trouble.text, why);
}

/* "sealed trace": who is stronger and not taken, in order. */
static bool says_why_not(const char *modes)
{
	char got[64] = "";

	for (size_t i = 0; i < choice.why_nots; i++) {
		if (!*choice.why_not[i].reason)
			return false;
		strcat(got, *got ? " " : "");
		strcat(got, choice.why_not[i].mode);
	}
	return strcmp(got, modes) == 0;
}

static void test_auto(void)
{
	T_OK(takes(host_without(NULL), "x", "sealed", "notify") && says_why_not("") &&
		     !*choice.engine_why,
	     "a host that can do all is sealed by notify");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_NOTIFY), "x", "sealed", "ptrace") &&
		     strstr(choice.engine_why, "missing"),
	     "without notifications sealed by ptrace, and it is said why");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_PTRACE), "x", "sealed", "notify"),
	     "without ptrace sealed by notify");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK), "x", "trace", "ptrace") &&
		     says_why_not("sealed") && strstr(choice.why_not[0].reason, "Landlock"),
	     "without Landlock it is traced");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK, ZC_FACT_PTRACE), "x", "hybrid", "notify") &&
		     says_why_not("sealed trace"),
	     "without Landlock and ptrace it is hybrid, by notifications");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_NOTIFY, ZC_FACT_PTRACE), "x", "shim", "shim") &&
		     says_why_not("sealed trace hybrid"),
	     "without any engine the shim is left");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--audit x", "sealed", "notify"),
	     "under --audit nothing is sealed, so nothing is missed");
	T_OK(takes(host_without(NULL), "--fast x", "hybrid", "notify") &&
		     says_why_not("sealed trace"),
	     "--fast takes hybrid first");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_NOTIFY, ZC_FACT_SECCOMP), "--fast x", "sealed", "ptrace"),
	     "... and goes on to sealed where no filter holds a gate");
	T_OK(takes(host_without(NULL), "-v x", "sealed", "notify"), "tracing options are traced");
	T_OK(refuses(HOST_WITHOUT(ZC_FACT_NOTIFY, ZC_FACT_PTRACE), "-v x", "--mode=auto"),
	     "... or refused");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_PTRACE), "-p 1", "trace", "ptrace"),
	     "attaching is mode trace, whose reasons come later");
}

static void test_asked(void)
{
	T_OK(takes(host_without(NULL), "--mode=shim x", "shim", "shim") &&
		     says_why_not("sealed trace hybrid"),
	     "a mode that is asked for is taken");
	T_OK(refuses(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--mode=sealed x", "fact 2 is missing"),
	     "... or refused, with the reason, never replaced");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--mode=sealed --best-effort x", "trace",
		   "ptrace"),
	     "... but with --best-effort");
	T_OK(refuses(host_without(NULL), "--mode=shimm x", "no such mode"),
	     "an unknown mode is an error");
	T_OK(refuses(host_without(NULL), "--require=shimm x", "no such mode"),
	     "... also as what is required");
	T_OK(refuses(host_without(NULL), "--mode=shim --fast x", "--fast goes with"),
	     "--fast is for auto");
	T_OK(takes(host_without(NULL), "--engine=ptrace x", "sealed", "ptrace") &&
		     strstr(choice.engine_why, "--engine"),
	     "an engine that is asked for is taken");
	T_OK(refuses(HOST_WITHOUT(ZC_FACT_NOTIFY), "--engine=notify x", "--engine=notify"),
	     "... or refused");
	T_OK(refuses(host_without(NULL), "--mode=trace --engine=notify x", "ptrace engine"),
	     "mode trace has one engine");
	T_OK(refuses(host_without(NULL), "--mode=shim --summary x", "--summary needs a tracer"),
	     "the shim traces nothing");
}

static void test_required(void)
{
	T_OK(takes(host_without(NULL), "--require=sealed x", "sealed", "notify"),
	     "what is required and there is used");
	T_OK(refuses(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--require=sealed x", "Landlock"),
	     "... and not there is refused");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--require=hybrid x", "trace", "ptrace"),
	     "a stronger mode than the required one will do");
	T_OK(refuses(host_without(NULL), "--mode=shim --require=trace x", "weaker"),
	     "a weaker one that is asked for is refused");
	T_OK(takes(host_without(NULL), "--fast --require=sealed x", "sealed", "notify"),
	     "--fast does not go below what is required");
	T_OK(takes(HOST_WITHOUT(ZC_FACT_LANDLOCK), "--require=sealed --best-effort x", "trace",
		   "ptrace"),
	     "--best-effort takes --require back");
}

static struct zc_kernel_wish wish_of(const char *kernel, bool best_effort, int *ret)
{
	struct zc_options options = { .kernel = kernel, .best_effort = best_effort };
	struct zc_kernel_wish wish = { 0 };

	trouble.text[0] = '\0';
	*ret = zc_kernel_parse(&options, &wish, &trouble);
	return wish;
}

#define LANDLOCK (1u << ZC_CONFINE_LANDLOCK)
#define MOUNTS (1u << ZC_CONFINE_MOUNTS)
static void test_kernel(void)
{
	struct zc_kernel_wish wish;
	int r;

	wish = wish_of(NULL, false, &r);
	T_OK(r == 0 && wish.take == ZC_KERNEL_AUTO && !wish.named && !wish.require &&
		     !(wish.take & 1u << ZC_CONFINE_USERNS),
	     "auto takes every layer but a user namespace");
	wish = wish_of("off", false, &r);
	T_OK(r == 0 && !wish.take, "off takes none");
	wish = wish_of("all", false, &r);
	T_OK(r == 0 && wish.named == ZC_KERNEL_ALL && !wish.require, "all names all");
	wish = wish_of("mounts,-landlock", false, &r);
	T_OK(r == 0 && wish.take == (ZC_KERNEL_AUTO & ~LANDLOCK) && wish.named == MOUNTS &&
		     wish.require == MOUNTS,
	     "a name adds to auto and is required, '-' takes out");
	wish = wish_of("off,landlock", false, &r);
	T_OK(r == 0 && wish.take == LANDLOCK && wish.require == LANDLOCK, "off,NAME is that alone");
	wish = wish_of("require", false, &r);
	T_OK(r == 0 && wish.require & LANDLOCK, "require requires Landlock");
	wish = wish_of("require,mounts", true, &r);
	T_OK(r == 0 && !wish.require && wish.named == MOUNTS, "--best-effort requires nothing");
	wish_of("landlok", false, &r);
	T_OK(r < 0 && strstr(trouble.text, "'landlok'") && strstr(trouble.text, "landlock"),
	     "an unknown name is an error that lists the names");
	wish_of("mounts,off", false, &r);
	T_OK(r < 0, "the word to begin with comes first");
	T_OK(refuses(host_without(NULL), "--mode=sealed --kernel=off x", "Landlock"),
	     "sealed without Landlock is not sealed");
	T_OK(takes(host_without(NULL), "--kernel=off x", "trace", "ptrace"),
	     "... so without layers auto takes trace");
	T_OK(refuses(host_without(NULL), "--mode=trace --kernel=landlock x", "no kernel layers"),
	     "trace has no layers to require");
}

int main(void)
{
	test_auto();
	test_asked();
	test_required();
	test_kernel();
	T_DONE();
}
