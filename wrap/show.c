/* SPDX-License-Identifier: MIT */
/*
 * show.c - looking without running: --print-command and --freeze.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "wrap/wrap.h"

/* As a shell would take it back. Control bytes go into $'...', which no terminal obeys. */
static void put_quoted(const char *text, FILE *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=:,./@%";
	bool control = false;

	if (*text && strspn(text, plain) == strlen(text)) {
		fputs(text, out);
		return;
	}
	for (const char *at = text; *at; at++)
		control |= (unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f;
	fputs(control ? "$'" : "'", out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (control && (byte < 0x20 || byte >= 0x7f))
			fprintf(out, "\\x%02x", byte);
		else if (byte == '\'')
			fputs(control ? "\\'" : "'\\''", out);
		else if (control && byte == '\\')
			fputs("\\\\", out);
		else
			fputc(byte, out);
	}
	fputc('\'', out);
}

static bool has_entry(char *const *env, const char *entry)
{
	for (; *env; env++)
		if (strcmp(*env, entry) == 0)
			return true;
	return false;
}

static bool has_name(char *const *env, const char *entry)
{
	size_t len = strcspn(entry, "=");

	for (; *env; env++)
		if (strncmp(*env, entry, len) == 0 && (*env)[len] == '=')
			return true;
	return false;
}

void zc_show_command(const struct zc_command *command, char *const *before, char *const *after,
		     FILE *out)
{
	fputs("command:", out);
	for (char *const *argument = command->argv; *argument; argument++) {
		fputc(' ', out);
		put_quoted(*argument, out);
	}
	fputs("\nprogram: ", out);
	if (command->error)
		fprintf(out, "none: %s", strerror(command->error));
	else
		put_quoted(command->program[0].path, out);
	fputs("\ndirectory: ", out);
	put_quoted(command->cwd, out);
	fputs("\nenvironment, as changed:\n", out);
	for (char *const *entry = before; *entry; entry++)
		if (!has_name(after, *entry))
			fprintf(out, "  without %.*s\n", (int)strcspn(*entry, "="), *entry);
	for (char *const *entry = after; *entry; entry++) {
		if (has_entry(before, *entry))
			continue;
		fputs("  with ", out);
		put_quoted(*entry, out);
		fputc('\n', out);
	}
}

int zc_show_freeze(const char *file, const struct zc_image *image, size_t size)
{
	const char *bytes = (const char *)image;
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR) {
			int error = errno;

			close(fd);
			return -error;
		}
		if (n > 0)
			bytes += n, size -= (size_t)n;
	}
	return close(fd) < 0 ? -errno : 0;
}
