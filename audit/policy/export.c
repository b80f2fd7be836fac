/* SPDX-License-Identifier: MIT */
/*
 * export.c - a policy in the words of another tool, and what of it has none there.
 *
 * What is written stands by itself on standard output; every loss is said on standard error, because
 * a sandbox that is quietly weaker (or stricter) than the policy it came from is worse than none.
 */
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/policy/policy.h"
#include "core/decide/policy.h"
#include "text/text.h"

static const struct {
	const char *name, *what;
	void (*write)(struct zc_export *export);
} formats[] = {
	{ "bwrap", "arguments of bwrap(1), one a line, quoted for a shell", zc_export_bwrap },
	{ "systemd", "directives of systemd.exec(5) and systemd.resource-control(5)",
	  zc_export_systemd },
	{ "landlock", "Landlock-config JSON, ABI 5", zc_export_landlock },
};

bool zc_export_allows_all(const struct zc_export *export, unsigned cls)
{
	struct zc_policy_line line;

	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		bool plain;
		const char *path = zc_policy_line_path(export->policy->set, i - 1, 0, &plain);

		if (line.cls == cls && line.says <= ZC_SAYS_LOG &&
		    (line.everything || (path && strcmp(path, "/") == 0)))
			return true;
	}
	return false;
}

bool zc_export_next(const struct zc_export *export, size_t *index, struct zc_policy_line *ret)
{
	const struct zc_image *image = export->policy->image;

	while (zc_policy_line(export->policy->set, (*index)++, ret)) {
		bool allows = ret->says <= ZC_SAYS_LOG;

		/* What protects ZenCube's own files is of no use to others. */
		if (ret->layer == ZC_LAYER_IMPLICIT || ret->arguments)
			continue;
		if (ret->layer == ZC_LAYER_PROFILE && allows && image->user_allows >> ret->cls & 1)
			continue;
		return true;
	}
	return false;
}

/* Is the path there, and a directory? Never so for what is another place for each process. */
static bool is_there(const char *path, bool *ret_directory)
{
	static const char *const own[] = { "/proc/self", "/proc/thread-self", "/dev/fd",
					   "/dev/stdin", "/dev/stdout",       "/dev/stderr" };
	struct stat st;

	for (size_t i = 0; i < ZC_LEN(own); i++)
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return false;
	if (stat(path, &st) < 0)
		return false;
	*ret_directory = S_ISDIR(st.st_mode);
	return true;
}

/* glob(3) has two wildcards more than a policy, and an escape. */
static void find_matches(const char *pattern, glob_t *found)
{
	char escaped[2 * ZC_PATH_CAP], *to = escaped;

	for (; *pattern && to < escaped + sizeof(escaped) - 2; pattern++) {
		if (strchr("?[\\", *pattern))
			*to++ = '\\';
		*to++ = *pattern;
	}
	*to = '\0';
	if (glob(escaped, 0, NULL, found) != 0)
		found->gl_pathc = 0;
}

void zc_export_places(struct zc_export *export, const struct zc_policy_line *line, size_t index,
		      void (*each)(void *context, const char *path, bool directory), void *context)
{
	bool plain, directory, told = false;
	const char *path;

	for (size_t i = 0; (path = zc_policy_line_path(export->policy->set, index - 1, i, &plain));
	     i++) {
		glob_t found = { 0 };

		if (plain && is_there(path, &directory)) {
			each(context, path, directory);
			continue;
		}
		if (plain) {
			export->absent++;
			continue;
		}
		if (!told)
			export->lost(export, line->text,
				     strstr(path, "**") ? "there is no wildcard across directories"
							: "only what matches it now is said");
		told = true;
		if (!strstr(path, "**"))
			find_matches(path, &found);
		for (size_t k = 0; k < found.gl_pathc; k++)
			if (is_there(found.gl_pathv[k], &directory))
				each(context, found.gl_pathv[k], directory);
		globfree(&found);
	}
}

static void say_lost(struct zc_export *export, const char *rule, const char *why)
{
	char shown[2 * ZC_PATH_CAP];

	export->losses++;
	zc_text_show_in(shown, sizeof(shown), rule, strlen(rule));
	fprintf(stderr, "lost: %s: %s\n", shown, why);
}

static int find_format(const char *name)
{
	for (size_t i = 0; name && i < ZC_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return (int)i;
	return -1;
}

int zc_audit_policy_export(int argc, char **argv)
{
	struct zc_export export = { .out = stdout, .lost = say_lost };
	struct zc_audit_policy policy = { 0 };
	struct zc_policy_line line;
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "F"), format;

	if (status)
		return status;
	format = find_format(audit.format);
	if (format < 0 && audit.format && strcmp(audit.format, "help") != 0)
		return zc_audit_fail("policy-export: no format '%s'; --format=help lists them",
				     audit.format);
	if (!audit.format)
		return zc_audit_fail(
			"policy-export: --format=NAME is missing; --format=help lists them");
	if (format < 0) {
		for (size_t i = 0; i < ZC_LEN(formats); i++)
			printf("%-9s %s\n", formats[i].name, formats[i].what);
		return 0;
	}
	if (audit.argc != 1)
		return zc_audit_fail(
			"policy-export takes one policy: a file, or a profile like @dev");
	status = zc_audit_policy_load(&policy, audit.argv[0]);
	export.policy = &policy;
	if (!status) {
		formats[format].write(&export);
		for (size_t i = 0; zc_policy_line(policy.set, i, &line); i++)
			if (line.arguments)
				say_lost(&export, line.text, "there are no rules on arguments");
		if (policy.image->flags & ZC_IMAGE_AUDIT)
			say_lost(&export, "audit", "what is written refuses");
		if (export.absent)
			fprintf(stderr,
				"lost: %zu rules on places that are not there, or that "
				"are others for each process\n",
				export.absent);
		export.losses += export.absent;
		if (fflush(stdout) == EOF && errno != EPIPE)
			status = zc_audit_fail("cannot write standard output");
		else
			fprintf(stderr,
				"zcaudit: %zu of the policy's rules, or parts of them, could "
				"not be said in %s\n",
				export.losses, formats[format].name);
	}
	zc_audit_policy_free(&policy);
	return status;
}
