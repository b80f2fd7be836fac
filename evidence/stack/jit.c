/* SPDX-License-Identifier: MIT */
/*
 * jit.c - names for code that was made at run time.
 *
 * Who makes such code may say what it is in /tmp/perf-PID.map, as perf(1) reads it: address and size in
 * hexadecimal, and a name, one a line. The file is the watched program's, so it is believed only when it
 * belongs to that program's user, only about that program's own code, and only up to a size. It is read
 * again when it has grown.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "evidence/stack/maps.h"

#define TEXT_MAX (16u << 20)
#define SYMBOLS_MAX (1u << 18)
#define SITES_MAX 4096u /* places of one process that are named */
#define NAME_MAX_BYTES 512u
#define PROCESSES 8u
#define PAUSE_MS 50

struct symbol {
	uint64_t start, size;
	const char *name; /* in text */
};

struct process {
	pid_t pid;
	uint64_t exec_id;
	off_t size;   /* of the file when it was read */
	long next_ms; /* when it may be looked at again: a compiler adds to it all the time */
	char *text;
	struct symbol *symbol; /* in rising order */
	size_t count, sites;
	struct zc_site **site;
};

struct zc_jits {
	struct process process[PROCESSES];
};

static void forget_sites(struct process *process)
{
	for (size_t i = 0; i < process->sites; i++) {
		free(process->site[i]->json);
		free((char *)process->site[i]->function.function);
		free(process->site[i]);
	}
	free(process->site);
	process->site = NULL;
	process->sites = 0;
}

static void forget_text(struct process *process)
{
	free(process->text);
	free(process->symbol);
	process->text = NULL;
	process->symbol = NULL;
	process->count = 0;
}

struct zc_jits *zc_jits_free(struct zc_jits *jits)
{
	for (unsigned i = 0; jits && i < PROCESSES; i++) {
		forget_sites(&jits->process[i]);
		forget_text(&jits->process[i]);
	}
	free(jits);
	return NULL;
}

/* ---- the file ---- */

/* What the process is called where it lives; its own number as we know it when that is not known. */
static pid_t inner_pid(pid_t pid)
{
	char path[32], line[256];
	pid_t inner = pid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6)) {
			const char *last = strrchr(line, '\t');

			inner = last ? atoi(last + 1) : pid;
			break;
		}
	if (file)
		fclose(file);
	return inner > 0 ? inner : pid;
}

/* In the process's own root while it lives; afterwards in ours. */
static int open_map(pid_t pid)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	char path[48];
	int root, fd;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", root < 0 ? pid : inner_pid(pid));
	if (root < 0)
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	return fd;
}

static bool read_text(struct process *process, int fd, size_t size)
{
	size_t have = 0;
	ssize_t got = 1;

	process->text = malloc(size + 1);
	while (process->text && have < size && got > 0) {
		got = pread(fd, process->text + have, size - have, (off_t)have);
		have += got > 0 ? (size_t)got : 0;
	}
	if (process->text)
		process->text[have] = '\0';
	return process->text != NULL;
}

static bool parse_line(char *line, struct symbol *ret)
{
	char *at, *end;

	if (*line < '0' || *line > 'f')
		return false;
	ret->start = strtoull(line, &at, 16);
	if (at == line || *at != ' ')
		return false;
	ret->size = strtoull(at + 1, &end, 16);
	if (end == at + 1 || *end != ' ' || !ret->size || ret->start + ret->size < ret->start)
		return false;
	ret->name = end + 1;
	end[1 + strnlen(end + 1, NAME_MAX_BYTES)] = '\0';
	return *ret->name != '\0';
}

/* Later lines come first among equals: a place is used again when old code was thrown away. */
static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name > y->name ? -1 : x->name < y->name;
}

static void parse(struct process *process)
{
	size_t cap = 0;

	for (char *line = process->text, *next; *line && process->count < SYMBOLS_MAX;
	     line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		line[len] = '\0';
		if (process->count == cap) {
			struct symbol *more;

			cap = cap ? cap * 2 : 256;
			more = realloc(process->symbol, cap * sizeof(*more));
			if (!more)
				break;
			process->symbol = more;
		}
		process->count += parse_line(line, &process->symbol[process->count]);
	}
	if (process->count)
		qsort(process->symbol, process->count, sizeof(*process->symbol), by_start);
}

static long now_ms(void)
{
	struct timespec t = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void load(struct process *process, const struct zc_frame_head *who)
{
	struct stat st;
	int fd;

	if (now_ms() < process->next_ms)
		return;
	process->next_ms = now_ms() + PAUSE_MS;
	fd = open_map(who->pid);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == (uid_t)who->uid &&
	    st.st_size != process->size) {
		forget_text(process);
		process->size = st.st_size;
		if (read_text(process, fd,
			      st.st_size < (off_t)TEXT_MAX ? (size_t)st.st_size : TEXT_MAX))
			parse(process);
	}
	close(fd);
}

/* ---- places ---- */

static const struct symbol *find(const struct process *process, uint64_t address)
{
	size_t low = 0, high = process->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (process->symbol[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* The first of those that start there was written last. */
	while (low > 1 && process->symbol[low - 2].start == process->symbol[low - 1].start)
		low--;
	if (!low || address - process->symbol[low - 1].start >= process->symbol[low - 1].size)
		return NULL;
	return &process->symbol[low - 1];
}

static struct process *process_of(struct zc_jits *jits, const struct zc_frame_head *who)
{
	struct process *process = &jits->process[(unsigned)who->pid % PROCESSES];

	if (process->pid != who->pid || process->exec_id != who->exec_id) {
		forget_sites(process);
		forget_text(process);
		*process = (struct process){ .pid = who->pid, .exec_id = who->exec_id, .size = -1 };
	}
	return process;
}

static const struct zc_site *make_site(struct process *process, struct zc_module *module,
				       uint64_t ip, bool caller, const struct symbol *symbol)
{
	struct zc_site **more = realloc(process->site, (process->sites + 1) * sizeof(*more));
	struct zc_site *site = more ? calloc(1, sizeof(*site)) : NULL;

	if (more)
		process->site = more;
	if (!site)
		return NULL;
	*site = (struct zc_site){ .module = module,
				  .offset = ip,
				  .caller = caller,
				  .kind = ZC_SITE_PROGRAM,
				  .function = { .function = strdup(symbol->name) },
				  .named = true,
				  .function_offset = ip - symbol->start };
	if (site->function.function)
		zc_site_describe(site);
	if (!site->json) {
		free((char *)site->function.function);
		free(site);
		return NULL;
	}
	return process->site[process->sites++] = site;
}

const struct zc_site *zc_jit_site(struct zc_unwinder *unwinder, const struct zc_frame_head *who,
				  uint64_t ip, bool caller)
{
	struct zc_jits **jits = zc_unwinder_jits(unwinder);
	struct zc_module *module;
	const struct symbol *symbol;
	struct process *process;

	if (who->pid <= 0)
		return NULL;
	if (!*jits)
		*jits = calloc(1, sizeof(**jits));
	if (!*jits)
		return NULL;
	process = process_of(*jits, who);
	for (size_t i = 0; i < process->sites; i++)
		if (process->site[i]->offset == ip && process->site[i]->caller == caller)
			return process->site[i];
	symbol = find(process, ip - caller);
	if (!symbol) {
		load(process, who);
		symbol = find(process, ip - caller);
	}
	module = symbol && process->sites < SITES_MAX ? zc_unwinder_no_file(unwinder) : NULL;
	return module ? make_site(process, module, ip, caller, symbol) : NULL;
}
