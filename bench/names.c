/* SPDX-License-Identifier: MIT */
/*
 * names.c - what it costs to name places: zcname, packages and all, from nothing.
 *
 * usage: names ZCNAME PLACES { FILE START END } ... Prints seconds, how many places there were, and how many of
 * them got a function, a line, and an inlined frame. Places are spread from START to END (hex) of each file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence/naming/naming.h"
#include "evidence/naming/packages.h"
#include "evidence/stack/module_file.h"

#define BATCH 18u /* a stack */

static unsigned functions, lines, inlined;

static void told(void *context, unsigned index, const struct zc_naming_place *place)
{
	(void)context, (void)index;
	functions += place->frames && place->frame[place->frames - 1].function.at;
	lines += place->frames && place->frame[0].file.at;
	inlined += place->frames > 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned files = argc > 5 ? (unsigned)(argc - 3) / 3 : 0;
	unsigned places = files ? (unsigned)atoi(argv[2]) / files : 0;
	double begun = now();
	struct zc_modules *modules = zc_modules_new();
	struct zc_naming *naming = zc_naming_new();
	struct zc_packages *packages = zc_packages_new("");
	struct zc_package package = { 0 };

	if (!files)
		return 2;
	zc_naming_use(argv[1]);
	for (unsigned done = 0; done < places; done += BATCH)
		for (int i = 3; i + 2 < argc; i += 3) {
			struct zc_module *module = zc_module_get(modules, argv[i], strlen(argv[i]),
								 (const uint8_t *)"", 0);
			uint64_t address[BATCH], start = strtoull(argv[i + 1], NULL, 16),
						 end = strtoull(argv[i + 2], NULL, 16);
			unsigned count = places - done < BATCH ? places - done : BATCH;

			if (!module)
				return 1;
			if (!done && zc_packages_find(packages, argv[i], &package))
				zc_package_finish(&package);
			for (unsigned k = 0; k < count; k++)
				address[k] = start + (end - start) * (done + k) / places;
			zc_naming_name(naming, module, true, address, count, told, NULL);
		}
	printf("%.3f %u %u %u %u\n", now() - begun, places * files, functions, lines, inlined);
	zc_naming_free(naming);
	zc_naming_finish();
	zc_packages_free(packages);
	zc_modules_free(modules);
	return 0;
}
