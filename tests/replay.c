/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target once on each file of its corpus, so that every build repeats what
 * fuzzing once found, with any compiler. usage: NAME FILE-OR-DIRECTORY ...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/t.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0)
		data = malloc(size ? (size_t)size : 1); /* exact: a byte too far is seen */
	if (data) {
		rewind(file);
		size = (long)fread(data, 1, (size_t)size, file);
		LLVMFuzzerTestOneInput(data, (size_t)size);
	}
	T_OK(data, "%s", path);
	free(data);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *entry;
		char path[4096];

		if (!dir) {
			replay_file(argv[i]);
			continue;
		}
		while ((entry = readdir(dir))) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			replay_file(path);
		}
		closedir(dir);
	}
	T_OK(t_count > 0, "there is a corpus");
	T_DONE();
}
