/* SPDX-License-Identifier: MIT */
/*
 * confine_random.h - small random trees and policies on them, from one seed.
 *
 * Few names and little depth, so that rules, entries and acts meet often. The tree can be made again as
 * it was: it depends on its own seed only.
 */
#ifndef ZC_TESTS_UNIT_CONFINE_RANDOM_H
#define ZC_TESTS_UNIT_CONFINE_RANDOM_H

#include <dirent.h>

#include "tests/unit/confine.h"

struct rolls {
	uint64_t state;
};

static inline unsigned roll(struct rolls *r, unsigned below)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (unsigned)(r->state >> 33) % below;
}

static inline struct rolls rolls_from(uint64_t seed)
{
	struct rolls r = { (seed + 1) * 0x9e3779b97f4a7c15ull };

	for (unsigned i = 0; i < 8; i++)
		roll(&r, 2);
	return r;
}

#define TEXT_CAP 256
static char world_top[48];  /* made anew for each tree */
static char world_root[64]; /* in it: what rules and acts speak of, itself included */

/* x86-64: exits with 0 and asks for nothing else. */
static const unsigned char tiny_program[] = {
	0x7f, 'E',  'L',  'F', 2,  1,    1,    0,    0,    0, 0, 0, 0, 0, 0, 0,
	2,    0,    62,   0,   1,  0,    0,    0, /**/
	0x78, 0,    0x40, 0,   0,  0,    0,    0,    64,   0, 0, 0, 0, 0, 0, 0,
	0,    0,    0,    0,   0,  0,    0,    0,                               /**/
	0,    0,    0,    0,   64, 0,    56,   0,    1,    0, 0, 0, 0, 0, 0, 0, /**/
	1,    0,    0,    0,   5,  0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0,
	0,    0,    0x40, 0,   0,  0,    0,    0, /**/
	0,    0,    0x40, 0,   0,  0,    0,    0,    0x81, 0, 0, 0, 0, 0, 0, 0,
	0x81, 0,    0,    0,   0,  0,    0,    0, /**/
	0,    0x10, 0,    0,   0,  0,    0,    0, /**/
	0xb8, 60,   0,    0,   0,  0x31, 0xff, 0x0f, 0x05,
};

/* "/tmp/.../r/a/b": one to four components below root, or now and then root itself. */
static inline void random_path(struct rolls *r, char text[TEXT_CAP])
{
	static const char *const names[] = { "a", "b", "ab" };
	unsigned depth = roll(r, 20) ? 1 + roll(r, 3) : 0;
	size_t len = (size_t)snprintf(text, TEXT_CAP, "%s", world_root);

	for (unsigned i = 0; i < depth; i++)
		len += (size_t)snprintf(text + len, TEXT_CAP - len, "/%s",
					names[roll(r, ZC_LEN(names))]);
}

static inline void put_file(const char *path, bool program)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, program ? 0755 : 0644);

	if (fd < 0)
		return;
	if (program && write(fd, tiny_program, sizeof(tiny_program)) < 0)
		abort();
	close(fd);
}

static inline void grow_tree(uint64_t seed)
{
	struct rolls r = rolls_from(seed);
	unsigned entries = 12 + roll(&r, 24);

	mkdir(world_top, 0755);
	mkdir(world_root, 0755);
	for (unsigned i = 0; i < entries; i++) {
		char path[TEXT_CAP], target[TEXT_CAP];

		random_path(&r, path);
		random_path(&r, target);
		switch (roll(&r, 8)) {
		case 0:
		case 1: put_file(path, false); break;
		case 2: put_file(path, true); break;
		case 3:
			if (symlink(roll(&r, 2) ? target : strrchr(target, '/') + 1, path) < 0)
				continue;
			break;
		default: mkdir(path, 0755);
		}
	}
}

static inline void fell_tree(const char *path)
{
	struct dirent *entry;
	DIR *dir;

	if (unlink(path) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	if (chmod(path, 0755) == 0 && (dir = opendir(path))) {
		while ((entry = readdir(dir))) {
			char child[2 * TEXT_CAP];

			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
			    (int)sizeof(child))
				fell_tree(child);
		}
		closedir(dir);
	}
	rmdir(path);
}

/* A path as a rule has it: now and then with a wildcard in place of a component, or behind it. */
static inline void random_pattern(struct rolls *r, char text[TEXT_CAP])
{
	char *last;

	random_path(r, text);
	last = strrchr(text, '/');
	switch (strlen(text) > strlen(world_root) ? roll(r, 12) : 11) {
	case 0: strcpy(last, "/*"); break;
	case 1: strcpy(last, "/a*"); break;
	case 2: strcpy(last, "/**/b"); break;
	case 3: strcat(text, "/*/b"); break;
	default: break;
	}
}

static inline const char *random_verb(struct rolls *r)
{
	static const char *const verbs[] = { "allow", "allow", "allow", "allow",      "allow",
					     "log",   "deny",  "deny",  "quiet-deny", "ask" };

	return verbs[roll(r, ZC_LEN(verbs))];
}

/* Writes the rules, one a line. ports: two that somebody listens on. */
static inline void random_policy(struct rolls *r, char *text, size_t cap, const uint16_t ports[2])
{
	static const char *const profiles[] = { "@dev", "@ci", "@readonly" };
	static const char *const classes[] = { "read", "write", "write", "write", "write", "run" };
	unsigned rules = 2 + roll(r, 7);
	size_t len = 0;

	text[0] = '\0';
	if (roll(r, 4) == 0)
		len += (size_t)snprintf(text, cap, "include %s\n", profiles[roll(r, 3)]);
	if (roll(r, 3) == 0)
		len += (size_t)snprintf(text + len, cap - len, "allow-read\n");
	if (roll(r, 3) == 0)
		len += (size_t)snprintf(text + len, cap - len, "allow-run\n");
	if (roll(r, 16) == 0)
		len += (size_t)snprintf(text + len, cap - len, "allow-write\n");
	if (roll(r, 3) == 0)
		len += (size_t)snprintf(text + len, cap - len, "allow-write %s\n", world_root);
	for (unsigned i = 0; i < rules; i++) {
		const char *verb = random_verb(r);
		char pattern[TEXT_CAP + 2];

		random_pattern(r, pattern);
		/* A directory alone can only be allowed, and not for running. */
		if ((!strcmp(verb, "allow") || !strcmp(verb, "log")) && roll(r, 6) == 0) {
			len += (size_t)snprintf(text + len, cap - len, "%s-%s %s/.\n", verb,
						roll(r, 2) ? "read" : "write", pattern);
			continue;
		}
		len += (size_t)snprintf(text + len, cap - len, "%s-%s %s\n", verb,
					classes[roll(r, ZC_LEN(classes))], pattern);
	}
	for (unsigned i = 0; i < 2; i++)
		if (roll(r, 3) == 0)
			len += (size_t)snprintf(text + len, cap - len, "%s-%s %s%u\n",
						random_verb(r), roll(r, 2) ? "net" : "listen",
						roll(r, 2) ? ":" : "127.0.0.1:", ports[i]);
	if (roll(r, 6) == 0)
		len += (size_t)snprintf(text + len, cap - len, "%s",
					roll(r, 2) ? "no-net\n" : "allow-net 127.0.0.0/8\n");
	if (roll(r, 4) == 0)
		snprintf(text + len, cap - len, "allow-net unix:@%s\n",
			 roll(r, 2) ? "*" : "zc-property");
}

#endif
