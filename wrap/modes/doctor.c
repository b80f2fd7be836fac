/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - --doctor: every mode and layer, whether it works here, why not, what would help.
 *
 * Everything is tried, in children that end. The modes are asked by the same rows that choose one for
 * a run, so what is said here is what `auto` would do.
 */
#include <stdio.h>
#include <string.h>

#include "text/json.h"
#include "wrap/modes/doctor.h"

#define DOCTOR_SCHEMA "zencube.doctor/1"

/* --- rows ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *what, *lost;
} mode_words[ZC_MODES] = {
	{ "a tracer refuses and records; the kernel refuses below it",
	  "a second wall: what changes between check and use gets past a tracer alone" },
	{ "a tracer (ptrace) refuses and records",
	  "refusals that nothing in the process can go around" },
	{ "a tracer, and a shim that makes allowed calls cheap; the kernel below",
	  "nearly the speed of the bare command, with refusals from outside" },
	{ "a library in dynamic programs refuses and records; the kernel below",
	  "any refusal that is recorded" },
	{ "looks into /proc now and then; refuses nothing", "any record at all" },
};

static void set_reason(struct zc_doctor_row *row, const char *why)
{
	snprintf(row->why_not, sizeof(row->why_not), "%s", why);
}

/* The first of what it needs that does not work names the help. */
static void fill_mode(struct zc_doctor *doctor, size_t at)
{
	static const enum zc_fact needs[] = { ZC_FACT_LANDLOCK, ZC_FACT_NOTIFY, ZC_FACT_PTRACE };
	struct zc_doctor_row *row = &doctor->mode[at];

	row->name = zc_mode_name(at);
	row->available = doctor->survey.fits[at];
	row->what = mode_words[at].what;
	row->lost = mode_words[at].lost;
	if (row->available) {
		row->note = doctor->survey.engines[at];
		if (!doctor->automatic)
			doctor->automatic = row->name;
		return;
	}
	set_reason(row, doctor->survey.reason[at]);
	for (size_t i = strcmp(row->name, "trace") ? 0 : 2; i < ZC_LEN(needs) && !*row->help; i++)
		if (i || strcmp(row->name, "sealed") == 0)
			zc_doctor_help(row, doctor, needs[i]);
}

static void fill_fact(struct zc_doctor *doctor, struct zc_doctor_row *row, enum zc_fact fact)
{
	row->available = zc_host_can(&doctor->host, fact);
	if (row->available)
		return;
	set_reason(row, doctor->host.fact[fact].why);
	zc_doctor_help(row, doctor, fact);
}

static void fill_engines(struct zc_doctor *doctor)
{
	struct zc_doctor_row *notify = &doctor->engine[0], *ptrace = &doctor->engine[1];

	*notify = (struct zc_doctor_row){
		.name = "notify",
		.what = "seccomp user notification",
		.lost = "cheap stops; gdb, strace and LeakSanitizer inside",
	};
	*ptrace = (struct zc_doctor_row){
		.name = "ptrace",
		.what = "system call stops",
		.lost = "mode trace and -p; the way out where notify does not work",
	};
	fill_fact(doctor, notify, ZC_FACT_NOTIFY);
	fill_fact(doctor, ptrace, ZC_FACT_PTRACE);
	if (notify->available && !doctor->host.sync_wake_up)
		notify->note = "slower: without SYNC_WAKE_UP (Linux 6.6)";
}

static const struct layer_words {
	const char *what, *lost;
	enum zc_fact fact;    /* ZC_FACTS: none is needed */
	enum zc_fact instead; /* works too, when asked for by name; ZC_FACTS: nothing */
} layer_words[ZC_DOCTOR_LAYERS] = {
	[ZC_CONFINE_USERNS] = { "user namespace, for mounts and netns without root",
				"mounts and netns without root", ZC_FACT_USERNS, ZC_FACTS },
	[ZC_CONFINE_NETNS] = { "no network but a loopback of its own",
			       "the kernel's word that nothing was sent", ZC_FACT_NETNS,
			       ZC_FACT_USER_NETNS },
	[ZC_CONFINE_MOUNTS] = { "masks and read-only binds over what is denied",
				"deny rules below allowed directories, in the kernel",
				ZC_FACT_MOUNTNS, ZC_FACT_USERNS },
	[ZC_CONFINE_CHROOT] = { "--jail as a root directory of its own",
				"--jail by more than policy", ZC_FACT_CHROOT, ZC_FACTS },
	[ZC_CONFINE_CREDENTIALS] = { "--user, --cap-drop, --cap-keep",
				     "running a command with fewer rights than root", ZC_FACTS,
				     ZC_FACTS },
	[ZC_CONFINE_NNP] = { "set-user-ID programs gain nothing", "Landlock and filters for users",
			     ZC_FACTS, ZC_FACTS },
	[ZC_CONFINE_LANDLOCK] = { "files, TCP ports and abstract sockets, by path and port",
				  "mode sealed: the wall below the tracer", ZC_FACT_LANDLOCK,
				  ZC_FACTS },
	[ZC_CONFINE_SECCOMP] = { "refuses calls that Landlock does not know",
				 "what goes around Landlock: fast open, MPTCP, io_uring",
				 ZC_FACT_SECCOMP, ZC_FACTS },
	[ZC_CONFINE_LAYERS] = { "a group of one's own, for limits", "limits for the whole tree",
				ZC_FACT_CGROUP, ZC_FACTS },
};

static void fill_layer(struct zc_doctor *doctor, size_t at)
{
	const struct layer_words *words = &layer_words[at];
	struct zc_doctor_row *row = &doctor->layer[at];

	row->name = at < ZC_CONFINE_LAYERS ? zc_confine_name((unsigned)at) : "cgroup";
	row->what = words->what;
	row->lost = words->lost;
	row->available = true;
	if (words->fact != ZC_FACTS)
		fill_fact(doctor, row, words->fact);
	if (!row->available && words->instead != ZC_FACTS &&
	    zc_host_can(&doctor->host, words->instead)) {
		row->available = true;
		row->note = at == ZC_CONFINE_NETNS ? "in a user namespace: --kernel=netns"
						   : "in a user namespace: --kernel=mounts";
		*row->why_not = *row->help = '\0';
	} else if (!row->available && words->instead != ZC_FACTS && doctor->facts.uid != 0) {
		set_reason(row, doctor->host.fact[words->instead].why);
		zc_doctor_help(row, doctor, words->instead);
	}
	if (at == ZC_CONFINE_USERNS && row->available)
		row->note = "only when asked for: it changes what the command sees";
	if (at == ZC_CONFINE_CREDENTIALS && doctor->facts.uid != 0) {
		row->available = false;
		set_reason(row, "only root can");
		snprintf(row->help, sizeof(row->help), "root");
	}
}

static void examine(struct zc_doctor *doctor, const struct zc_options *options)
{
	zc_doctor_look(&doctor->facts);
	for (int fact = 0; fact < ZC_FACTS; fact++)
		zc_host_can(&doctor->host, (enum zc_fact)fact);
	zc_mode_survey(&doctor->survey, options, &doctor->host);
	for (size_t i = 0; i < ZC_MODES; i++)
		fill_mode(doctor, i);
	fill_engines(doctor);
	for (size_t i = 0; i < ZC_DOCTOR_LAYERS; i++)
		fill_layer(doctor, i);
}

/* --- for people ---------------------------------------------------------------------------------------------- */

static void print_rows(const char *title, const struct zc_doctor_row *rows, size_t count)
{
	printf("\n%s\n", title);
	for (size_t i = 0; i < count; i++) {
		const struct zc_doctor_row *row = &rows[i];

		printf("  %-13s %-4s %s%s%s%s\n", row->name, row->available ? "yes" : "NO",
		       row->what, row->note ? " (" : "", row->note ? row->note : "",
		       row->note ? ")" : "");
		if (row->available)
			continue;
		printf("  %18s why not:    %s\n", "", row->why_not);
		if (*row->help)
			printf("  %18s would help: %s\n", "", row->help);
		printf("  %18s lost:       %s\n", "", row->lost);
	}
}

static void print_setting(const char *name, long value)
{
	if (value >= 0)
		printf("  %-42s %ld\n", name, value);
}

static void print_host(const struct zc_doctor *doctor)
{
	const struct zc_doctor_facts *facts = &doctor->facts;

	printf("\nHost\n  %s, %s, uid %d%s\n", facts->kernel, facts->machine, facts->uid,
	       facts->container ? ", in a container" : "");
	if (doctor->host.landlock_abi)
		printf("  Landlock ABI %d, errata 0x%x\n", doctor->host.landlock_abi,
		       (unsigned)doctor->host.landlock_errata);
	print_setting("kernel.yama.ptrace_scope", facts->yama);
	print_setting("kernel.apparmor_restrict_unprivileged_userns", facts->apparmor);
	print_setting("kernel.unprivileged_userns_clone", facts->userns_clone);
	print_setting("user.max_user_namespaces", facts->userns_max);
	if (facts->seccomp == 2)
		printf("  a seccomp filter is around us%s\n",
		       doctor->host.outer_listener ? ", and a supervisor that answers calls" : "");
	if (facts->no_new_privs)
		printf("  no_new_privs is set around us\n");
	if (facts->tracer)
		printf("  traced by process %d\n", facts->tracer);
}

static void print_people(const struct zc_doctor *doctor)
{
	printf("zcwrap takes mode %s here.\n", doctor->automatic ? doctor->automatic : "none");
	print_rows("Modes, strongest first", doctor->mode, ZC_MODES);
	print_rows("Engines of sealed and hybrid", doctor->engine, ZC_LEN(doctor->engine));
	print_rows("Layers of the kernel", doctor->layer, ZC_DOCTOR_LAYERS);
	print_host(doctor);
}

/* --- for programs ----------------------------------------------------------------------------------------- */

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void write_rows(struct zc_json *json, const char *key, const struct zc_doctor_row *rows,
		       size_t count)
{
	zc_json_open(json, key, '[');
	for (size_t i = 0; i < count; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "name", rows[i].name);
		zc_json_bool(json, "available", rows[i].available);
		zc_json_string(json, "why_not", or_null(rows[i].why_not));
		zc_json_string(json, "help", or_null(rows[i].help));
		zc_json_string(json, "lost", rows[i].lost);
		zc_json_string(json, "note", or_null(rows[i].note));
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
}

static void write_setting(struct zc_json *json, const char *key, long value)
{
	if (value < 0)
		zc_json_null(json, key);
	else
		zc_json_int(json, key, value);
}

static void write_host(struct zc_json *json, const struct zc_doctor *doctor)
{
	const struct zc_doctor_facts *facts = &doctor->facts;

	zc_json_open(json, "host", '{');
	zc_json_string(json, "kernel", facts->kernel);
	zc_json_string(json, "machine", facts->machine);
	zc_json_int(json, "uid", facts->uid);
	zc_json_bool(json, "container", facts->container);
	zc_json_int(json, "landlock_abi", doctor->host.landlock_abi);
	zc_json_int(json, "landlock_errata", doctor->host.landlock_errata);
	write_setting(json, "yama_ptrace_scope", facts->yama);
	write_setting(json, "apparmor_restrict_unprivileged_userns", facts->apparmor);
	write_setting(json, "unprivileged_userns_clone", facts->userns_clone);
	write_setting(json, "max_user_namespaces", facts->userns_max);
	zc_json_bool(json, "seccomp_filter_around", facts->seccomp == 2);
	zc_json_bool(json, "supervisor_around", doctor->host.outer_listener);
	zc_json_bool(json, "no_new_privs_around", facts->no_new_privs);
	write_setting(json, "tracer", facts->tracer ? facts->tracer : -1);
	zc_json_close(json, '}');
}

static int print_json(const struct zc_doctor *doctor)
{
	struct zc_json json = { .indent = 2 };
	bool failed;

	zc_json_open(&json, NULL, '{');
	zc_json_string(&json, "schema", DOCTOR_SCHEMA);
	zc_json_string(&json, "version", ZC_VERSION);
	zc_json_string(&json, "auto", doctor->automatic);
	write_rows(&json, "modes", doctor->mode, ZC_MODES);
	write_rows(&json, "engines", doctor->engine, ZC_LEN(doctor->engine));
	write_rows(&json, "layers", doctor->layer, ZC_DOCTOR_LAYERS);
	write_host(&json, doctor);
	zc_json_close(&json, '}');
	zc_json_newline(&json);
	failed = json.failed || fwrite(json.bytes, 1, json.len, stdout) != json.len;
	zc_json_free(&json);
	return failed ? -1 : 0;
}

int zc_doctor_run(const struct zc_options *options)
{
	struct zc_doctor doctor = { .automatic = NULL };
	int r = 0;

	examine(&doctor, options);
	if (options->json)
		r = print_json(&doctor);
	else
		print_people(&doctor);
	if (r == 0 && fflush(stdout) == 0)
		return 0;
	zc_say("cannot write to standard output");
	return ZC_EXIT_TROUBLE;
}
