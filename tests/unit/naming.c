/* SPDX-License-Identifier: MIT */
/*
 * naming.c - the asking side, with namers that end, lie and are not there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/naming/packages.h"
#include "evidence/stack/module_file.h"
#include "namer.h"
#include "t.h"

static char script[] = "/tmp/zc-naming-XXXXXX";
static struct zc_modules *modules;

static void write_script(const char *body)
{
	FILE *file = fopen(script, "w");

	if (!file)
		abort();
	fprintf(file, "#!/bin/sh\n%s\n", body);
	fclose(file);
	chmod(script, 0755);
	zc_naming_use(script);
}

/* This program under different names: each is a module of its own. */
static struct zc_module *module_number(unsigned i)
{
	char path[PATH_MAX], self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int n;

	self[len > 0 ? len : 0] = '\0';
	n = snprintf(path, sizeof(path), "%.*s%s", (int)(i % 40),
		     "////////////////////////////////////////", self);
	return zc_module_get(modules, path, (size_t)n, (const uint8_t *)"", 0);
}

static void count_told(void *context, unsigned index, const struct zc_naming_place *place)
{
	++*(unsigned *)context;
}

static unsigned name_modules(struct zc_naming *naming, unsigned count)
{
	static const uint64_t address[2] = { 0x1000, 0x2000 };
	unsigned told = 0;

	for (unsigned i = 0; i < count; i++)
		zc_naming_name(naming, module_number(i), true, address, 2, count_told, &told);
	return told;
}

static void test_ends(void)
{
	struct zc_naming *naming = zc_naming_new();
	const struct zc_naming_report *report = zc_naming_report(naming);

	write_script("exit 7");
	T_OK(name_modules(naming, 1) == 0 && report->ended == 1 && !report->unavailable &&
		     report->failures == 1 && strstr(report->failure[0].why, "status 7"),
	     "a namer that ends is told, with its status");
	T_OK(name_modules(naming, 1) == 0 && report->ended == 1,
	     "the file that ended it is not asked about again");
	write_script("kill -SEGV $$");
	name_modules(naming, 2);
	T_OK(report->failures == 2 && strstr(report->failure[1].why, "crashed (SIGSEGV)"),
	     "one that crashes is told with its signal (%s)", report->failure[1].why);
	name_modules(naming, 40);
	T_OK(report->ended == ZC_NAMING_RESTARTS + 1 && report->unavailable,
	     "after %u restarts there are no more (%u)", ZC_NAMING_RESTARTS, report->ended);
	zc_naming_free(naming);
}

static void test_lies(void)
{
	struct zc_naming *naming = zc_naming_new();
	const struct zc_naming_report *report = zc_naming_report(naming);

	modules = zc_modules_free(modules);
	modules = zc_modules_new();
	write_script("printf nonsense >&3; sleep 60");
	name_modules(naming, 1);
	T_OK(report->failures == 1 && strstr(report->failure[0].why, "did not hold together"),
	     "one that answers nonsense is ended (%s)", report->failure[0].why);
	zc_naming_free(naming);
}

static void test_missing(void)
{
	struct zc_naming *naming = zc_naming_new();
	const struct zc_naming_report *report = zc_naming_report(naming);

	modules = zc_modules_free(modules);
	modules = zc_modules_new();
	zc_naming_use("/nonexistent/zcname");
	name_modules(naming, 2);
	T_OK(report->unavailable && !report->failures,
	     "one that cannot be executed is nobody's fault (%s)", report->unavailable);
	zc_naming_free(naming);
}

static void test_sound(void)
{
	struct zc_naming *naming = zc_naming_new();
	const struct zc_naming_report *report = zc_naming_report(naming);

	modules = zc_modules_free(modules);
	modules = zc_modules_new();
	use_built_namer();
	T_OK(name_modules(naming, 40) == 80 && !report->ended && !report->unavailable,
	     "one that is sound answers for every file");
	T_OK(zc_naming_helper() > 0, "the helper is a child that can be told from the run's");
	zc_naming_free(naming);
	zc_naming_finish();
	T_OK(zc_naming_helper() == 0 && waitpid(-1, NULL, WNOHANG | __WALL) < 0,
	     "and nothing of it is left");
}

static void write_file(const char *root, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
}

static bool owned(struct zc_packages *packages, const char *path, const char *name,
		  const char *version)
{
	struct zc_package found = { 0 };
	bool is = zc_packages_find(packages, path, &found);

	is = name ? is && !strcmp(found.name, name) && !strcmp(found.type, "deb") &&
			     (version ? found.version && !strcmp(found.version, version)
				      : !found.version)
		  : !is;
	zc_package_finish(&found);
	return is;
}

static void test_packages(void)
{
	char root[] = "/tmp/zc-packages-XXXXXX", command[128];
	struct zc_packages *packages;

	if (!mkdtemp(root))
		abort();
	snprintf(command, sizeof(command), "mkdir -p %s/var/lib/dpkg/info", root);
	if (system(command))
		abort();
	write_file(root, "var/lib/dpkg/info/libx1:amd64.list", "/.\n/lib\n/lib/libx.so.1.2");
	write_file(root, "var/lib/dpkg/info/tool.list",
		   "/.\n/usr\n/usr/bin/tool\n\n/opt/tool/x y\n");
	write_file(root, "var/lib/dpkg/info/tool.md5sums", "/usr/bin/other\n");
	write_file(root, "var/lib/dpkg/info/lost.list", "/usr/bin/lost\n");
	write_file(
		root, "var/lib/dpkg/status",
		"Package: libx1\nStatus: install ok installed\nArchitecture: i386\nVersion: 9\n\n"
		"Package: libx1\nArchitecture: amd64\nVersion: 1.2-3\n\n"
		"Package: tools\nVersion: 7\n\nPackage: tool\nVersion: 2:0.1+b1\n");
	packages = zc_packages_new(root);
	T_OK(owned(packages, "/lib/libx.so.1.2", "libx1", "1.2-3") &&
		     owned(packages, "/usr/lib/libx.so.1.2", "libx1", "1.2-3"),
	     "a path is found with and without /usr, with the version of its architecture");
	T_OK(owned(packages, "/usr/bin/tool", "tool", "2:0.1+b1") &&
		     owned(packages, "/bin/tool", "tool", "2:0.1+b1") &&
		     owned(packages, "/opt/tool/x y", "tool", "2:0.1+b1"),
	     "lists and status may end without a newline");
	T_OK(owned(packages, "/usr/bin/lost", "lost", NULL), "one without status has no version");
	T_OK(owned(packages, "/usr/bin/other", NULL, NULL) && owned(packages, "", NULL, NULL) &&
		     owned(packages, "/usr/bin/too", NULL, NULL),
	     "what is in no list is nobody's");
	zc_packages_free(packages);
	packages = zc_packages_new("/nonexistent");
	T_OK(owned(packages, "/usr/bin/tool", NULL, NULL), "without dpkg everything is nobody's");
	zc_packages_free(packages);
	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		abort();
}

int main(void)
{
	close(mkstemp(script));
	modules = zc_modules_new();
	test_ends();
	test_lies();
	test_missing();
	test_sound();
	test_packages();
	zc_modules_free(modules);
	unlink(script);
	T_DONE();
}
