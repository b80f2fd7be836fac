/* SPDX-License-Identifier: MIT */
/*
 * argv.c - the arguments themselves: which are looked at, what they are of a script, where a script
 * is read from.
 */
#include "core/exec/argv.h"
#include "core/keyed.h"
#include "core/mem.h"
#include "core/path.h"

static bool has_prefix(const char *text, size_t len, const char *prefix)
{
	size_t n = zc_len(prefix);

	return len >= n && zc_equal(text, prefix, n);
}

/* "-c", "-lc": the text of a program follows. */
static bool precedes_script(const struct zc_argument *argument)
{
	if (argument->len < 2 || argument->len > 8 || argument->text[0] != '-')
		return false;
	for (uint32_t i = 1; i < argument->len; i++)
		if (argument->text[i] == '-')
			return false;
	return argument->text[argument->len - 1] == 'c';
}

size_t zc_argv_room(const struct zc_argv *argv)
{
	if (argv->count >= ZC_ARGV_MAX)
		return 0;
	return argv->count > 1 && precedes_script(&argv->at[argv->count - 1]) ? ZC_ARGV_SCRIPT
									      : ZC_ARGV_BYTES;
}

void zc_argv_add(struct zc_argv *argv, const char *text, size_t len)
{
	size_t room = zc_argv_room(argv);

	if (!room)
		return;
	argv->at[argv->count].text = text;
	argv->at[argv->count].len = (uint32_t)(len < room ? len : room);
	argv->count++;
}

void zc_argv_interpret(struct zc_argv *argv, const char *interpreter, const char *option,
		       const char *script)
{
	const char *front[3] = { interpreter, option ? option : script, option ? script : NULL };
	uint32_t more = option ? 3 : 2, rest = argv->count > 1 ? argv->count - 1 : 0;

	if (rest > ZC_ARGV_MAX - more)
		rest = ZC_ARGV_MAX - more;
	for (uint32_t i = rest; i--;)
		argv->at[more + i] = argv->at[1 + i];
	for (uint32_t i = 0; i < more; i++) {
		size_t len = zc_len(front[i]);

		argv->at[i].text = front[i];
		argv->at[i].len = (uint32_t)(len < ZC_ARGV_BYTES ? len : ZC_ARGV_BYTES);
	}
	argv->count = more + rest;
}

uint64_t zc_argv_hash(const struct zc_argv *argv, uint64_t key)
{
	uint64_t h = argv->count;

	for (uint32_t i = 1; i < argv->count; i++)
		h = zc_keyed_hash(argv->at[i].text, argv->at[i].len, key, h + 1);
	return h;
}

static int decimal(const char *text, size_t len)
{
	int value = 0;

	if (len == 0 || len > 9)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* Behind "/proc/self/", "/proc/thread-self/" or "/proc/NUMBER/", 0: it is none of these. */
static size_t behind_process(const char *text, size_t len)
{
	size_t at = zc_len("/proc/"), end;

	if (!has_prefix(text, len, "/proc/"))
		return 0;
	for (end = at; end < len && text[end] != '/';)
		end++;
	if (!has_prefix(text + at, len - at, "self/") &&
	    !has_prefix(text + at, len - at, "thread-self/") && decimal(text + at, end - at) < 0)
		return 0;
	return end < len ? end + 1 : 0;
}

int zc_argv_names_fd(const struct zc_argument *argument)
{
	char text[64];
	size_t at;
	long len;

	if (!argument->len || argument->text[0] != '/')
		return -1;
	len = zc_path_join(text, sizeof(text), "/", 1, argument->text, argument->len);
	if (len <= 0)
		return -1;
	if (len == 10 && zc_equal(text, "/dev/stdin", 10))
		return 0;
	if (has_prefix(text, (size_t)len, "/dev/fd/"))
		return decimal(text + 8, (size_t)len - 8);
	at = behind_process(text, (size_t)len);
	return at && has_prefix(text + at, (size_t)len - at, "fd/")
		       ? decimal(text + at + 3, (size_t)len - at - 3)
		       : -1;
}

/* ---- where a script comes from ---- */

bool zc_argv_is_shell(const char *name, size_t len)
{
	/* sh bash dash ash zsh ksh mksh fish tcsh ... */
	return len >= 2 && len <= 8 && name[len - 2] == 's' && name[len - 1] == 'h' &&
	       !(len == 3 && name[0] == 's'); /* ssh */
}

void zc_source_begin(struct zc_script_source *source, bool is_shell)
{
	*source = (struct zc_script_source){ .fd = 0, .shell = is_shell };
}

static void settle(struct zc_script_source *source, int fd)
{
	source->fd = fd;
	source->settled = true;
}

/* Long options that take the next word. */
static bool takes_word(const char *text, size_t len)
{
	static const char *const names[] = { "--rcfile", "--init-file", "--require", "--import",
					     "--loader" };

	for (size_t i = 0; i < ZC_LEN(names); i++)
		if (len == zc_len(names[i]) && zc_equal(text, names[i], len))
			return true;
	return false;
}

static void long_option(struct zc_script_source *source, const char *text, size_t len)
{
	if (has_prefix(text, len, "--command") || has_prefix(text, len, "--eval") ||
	    has_prefix(text, len, "--print"))
		settle(source, -1);
	else
		source->skip = takes_word(text, len);
}

/* A cluster of a shell's: only 'c' brings a text of its own; of others 'e' does as well, and '-m'. */
static void short_option(struct zc_script_source *source, const char *text, size_t len)
{
	const char *code = source->shell ? "c" : "ceEmp", *valued = source->shell ? "oO" : "WXr";
	char last = text[len - 1];

	for (size_t i = 1; i < len; i++) {
		for (const char *c = code; *c; c++)
			if (text[i] == *c && text[0] == '-') {
				settle(source, -1);
				return;
			}
		/* From here on the words are the script's arguments. */
		if (source->shell && text[0] == '-' && text[i] == 's')
			settle(source, 0);
	}
	for (const char *c = valued; *c; c++)
		source->skip |= last == *c;
}

void zc_source_word(struct zc_script_source *source, const char *text, size_t len)
{
	struct zc_argument word = { text, (uint32_t)len };
	int fd = zc_argv_names_fd(&word);

	if (source->settled)
		return;
	if (source->skip) {
		source->skip = false;
	} else if (len == 0) {
		settle(source, -1);
	} else if (fd >= 0) {
		settle(source, fd);
	} else if (len == 1 && text[0] == '-') {
		settle(source, 0);
	} else if (source->operands || (text[0] != '-' && text[0] != '+')) {
		settle(source, -1);
	} else if (len == 2 && text[1] == '-') {
		source->operands = true;
	} else if (text[1] == '-') {
		long_option(source, text, len);
	} else {
		short_option(source, text, len);
	}
}

int zc_argv_script_fd(const struct zc_argv *argv, unsigned first, bool is_shell)
{
	struct zc_script_source source;

	zc_source_begin(&source, is_shell);
	for (unsigned i = first; i < argv->count && !source.settled; i++)
		zc_source_word(&source, argv->at[i].text, argv->at[i].len);
	return source.fd;
}
