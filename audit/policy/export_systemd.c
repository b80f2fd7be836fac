/* SPDX-License-Identifier: MIT */
/*
 * export_systemd.c - a policy as directives for a systemd service.
 */
#include <string.h>
#include <sys/socket.h>

#include "audit/policy/policy.h"

/* systemd.syntax(7): specifiers begin with '%', words end at blanks. */
static void put_path(FILE *out, const char *directive, const char *path)
{
	fprintf(out, "%s=\"-", directive);
	for (; *path; path++) {
		if (*path == '%')
			fputc('%', out);
		if (*path == '"' || *path == '\\')
			fputc('\\', out);
		if ((unsigned char)*path < 0x20 || *path == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*path);
		else
			fputc(*path, out);
	}
	fputs("\"\n", out);
}

static const char *directive_of(const struct zc_policy_line *line)
{
	bool allows = line->says <= ZC_SAYS_LOG;

	switch (line->cls) {
	case ZC_CLASS_WRITE: return allows ? "ReadWritePaths" : "ReadOnlyPaths";
	case ZC_CLASS_RUN: return allows ? "ExecPaths" : "NoExecPaths";
	case ZC_CLASS_READ: return allows ? "ReadOnlyPaths" : "InaccessiblePaths";
	default: return NULL;
	}
}

struct words {
	FILE *out;
	const char *directive;
};

static void put_place(void *context, const char *path, bool directory)
{
	const struct words *words = context;

	put_path(words->out, words->directive, path);
}

static void put_paths(struct zc_export *export, const struct zc_policy_line *line, size_t index)
{
	const char *directive = directive_of(line);
	struct words words = { .out = export->out };

	/* The root is read-only and readable to begin with; single places to read need no word then. */
	if (line->cls == ZC_CLASS_READ && line->says <= ZC_SAYS_LOG &&
	    zc_export_allows_all(export, ZC_CLASS_READ))
		return;
	if (line->cls == ZC_CLASS_READ && line->says <= ZC_SAYS_LOG) {
		export->lost(export, line->text,
			     "systemd hides places; it does not hide all but some");
		return;
	}
	if (line->everything) {
		fprintf(export->out, "%s=/\n", directive);
		return;
	}
	words.directive = directive;
	zc_export_places(export, line, index, put_place, &words);
}

/* "192.0.2.0/24" of "192.0.2.0/24:443", "[2001:db8::1]" without its brackets. */
static bool address_of(const char *value, char *ret, size_t cap, const char **ret_port)
{
	const char *end = value, *colon = strrchr(value, ':');
	size_t len;

	*ret_port = "";
	if (*value == '[') {
		value++;
		end = strchr(value, ']');
		colon = end && end[1] == ':' ? end + 1 : NULL;
	} else {
		end = colon ? colon : value + strlen(value);
	}
	if (!end || end == value)
		return false;
	if (colon)
		*ret_port = colon + 1;
	len = (size_t)(end - value);
	if (len >= cap || strspn(value, "0123456789abcdefABCDEF.:/") < len)
		return false; /* a host name */
	memcpy(ret, value, len);
	ret[len] = '\0';
	return true;
}

static void put_net(struct zc_export *export, const struct zc_policy_line *line)
{
	bool allows = line->says <= ZC_SAYS_LOG;
	char address[128];
	const char *port;

	if (line->value && strncmp(line->value, "unix:", 5) == 0) {
		export->lost(export, line->text, "systemd has no rules on single sockets");
		return;
	}
	if (line->everything) {
		fprintf(export->out, "IPAddress%s=any\n", allows ? "Allow" : "Deny");
		return;
	}
	if (!address_of(line->value, address, sizeof(address), &port)) {
		export->lost(export, line->text,
			     *line->value == ':'
				     ? "systemd filters addresses, not the ports of peers"
				     : "systemd filters addresses, not names");
		return;
	}
	if (*port && !allows) {
		export->lost(export, line->text,
			     "systemd filters addresses, not the ports of peers");
		return;
	}
	fprintf(export->out, "IPAddress%s=%s\n", allows ? "Allow" : "Deny", address);
	if (*port)
		export->lost(export, line->text, "all ports of the address are open");
}

static void put_listen(struct zc_export *export, const struct zc_policy_line *line)
{
	bool allows = line->says <= ZC_SAYS_LOG;
	const char *colon = line->value ? strrchr(line->value, ':') : NULL;
	const char *port = colon ? colon + 1 : line->value;

	if (line->everything) {
		fprintf(export->out, "SocketBind%s=any\n", allows ? "Allow" : "Deny");
	} else if (*port && strspn(port, "0123456789") == strlen(port)) {
		fprintf(export->out, "SocketBind%s=%s\n", allows ? "Allow" : "Deny", port);
		if (colon && colon != line->value)
			export->lost(export, line->text, "the port counts on every address");
	} else {
		export->lost(export, line->text,
			     "systemd filters ports, not addresses, of listeners");
	}
}

static void put_frame(struct zc_export *export)
{
	bool net = false, listens = false;
	struct zc_policy_line line;

	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		bool inet = !(line.value && strncmp(line.value, "unix:", 5) == 0);

		net |= line.cls == ZC_CLASS_NET && line.says <= ZC_SAYS_LOG && inet;
		listens |= line.cls == ZC_CLASS_LISTEN && line.says <= ZC_SAYS_LOG;
	}
	net = net && !(export->policy->image->flags & ZC_IMAGE_NO_NET);
	fputs("[Service]\nNoNewPrivileges=yes\n", export->out);
	if (!zc_export_allows_all(export, ZC_CLASS_WRITE))
		fputs("ReadOnlyPaths=/\n", export->out);
	if (!zc_export_allows_all(export, ZC_CLASS_RUN))
		fputs("NoExecPaths=/\n", export->out);
	fprintf(export->out, "RestrictAddressFamilies=AF_UNIX AF_NETLINK%s\n",
		net || listens ? " AF_INET AF_INET6" : "");
	if (!zc_export_allows_all(export, ZC_CLASS_NET))
		fputs("IPAddressDeny=any\n", export->out);
	if (!zc_export_allows_all(export, ZC_CLASS_LISTEN))
		fputs("SocketBindDeny=any\n", export->out);
	fputs("RestrictNamespaces=yes\nSystemCallFilter=~@mount @module @reboot @swap @obsolete "
	      "io_uring_setup\n",
	      export->out);
}

void zc_export_systemd(struct zc_export *export)
{
	struct zc_policy_line line;

	put_frame(export);
	for (size_t i = 0; zc_export_next(export, &i, &line);) {
		if (line.says == ZC_SAYS_LOG || line.says == ZC_SAYS_ASK)
			export->lost(export, line.text, "systemd keeps no record and asks nobody");
		if (line.cls < ZC_CLASS_UNIX)
			put_paths(export, &line, i);
		else if (line.cls == ZC_CLASS_NET)
			put_net(export, &line);
		else if (line.cls == ZC_CLASS_LISTEN)
			put_listen(export, &line);
		else if (line.cls == ZC_CLASS_SYS)
			export->lost(export, line.text, "SystemCallFilter= above is fixed");
	}
}
