/* SPDX-License-Identifier: MIT */
/*
 * loops.c - the loops that bench/run times. For each byte on standard input it makes TURNS turns and
 * prints the nanoseconds that one took, so that two of these processes can be run piece by piece in turn.
 *
 * usage: loops LOOP TURNS ARGUMENT
 *   open     open and close ARGUMENT
 *   refuse   open ARGUMENT, which must fail; fails the bench when it does not
 *   create   open ARGUMENT/N for writing with O_CREAT, another N each turn: must fail each time
 *   connect  connect to loopback port ARGUMENT and close
 *   spawn    posix_spawn ARGUMENT and wait for it
 *   start    vfork, a raw execve of ARGUMENT with this environment, wait for it
 *   stripped likewise, without LD_PRELOAD and ZENCUBE in the environment
 *   free     read, getppid and fstat, which no policy refuses; ARGUMENT is a file
 *   memory   prints the KiB of private memory that ARGUMENT (part of a mapping's name) and anonymous
 *            mappings hold; TURNS is ignored
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what)
{
	fprintf(stderr, "loops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void turn_open(const char *path, long turn)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	close(fd);
}

static void turn_refuse(const char *path, long turn)
{
	if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
		fail("was not refused");
}

static void turn_create(const char *dir, long turn)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%ld", dir, turn);
	if (open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0)
		fail("was not refused");
}

static void turn_connect(const char *port, long turn)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	/* Closed with a reset: thousands of sockets in TIME_WAIT would be what is measured. */
	struct linger at_once = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((unsigned short)atoi(port));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static void turn_spawn(const char *program, long turn)
{
	char *argv[] = { (char *)program, NULL };
	pid_t pid;

	errno = posix_spawn(&pid, program, NULL, NULL, argv, environ);
	if (errno || waitpid(pid, NULL, 0) != pid)
		fail(program);
}

/* Private_Dirty of the named mappings and of anonymous ones without a name, from smaps. */
static void print_memory(const char *part)
{
	char line[4400], name[4200] = "";
	long sum = 0, kib;
	FILE *file = fopen("/proc/self/smaps", "r");

	if (!file)
		fail("/proc/self/smaps");
	while (fgets(line, sizeof(line), file)) {
		if (strchr("0123456789abcdef", line[0]) && strchr(line, '-')) {
			name[0] = '\0';
			sscanf(line, "%*s %*s %*s %*s %*s %4199[^\n]", name);
		} else if (sscanf(line, "Private_Dirty: %ld kB", &kib) == 1 &&
			   (!name[0] || strstr(name, part)))
			sum += kib;
	}
	fclose(file);
	printf("%ld\n", sum);
}

/* The instruction itself, so that no hook stands between: what is timed is the new program's start. */
static void turn_start(const char *program, long turn)
{
	char *argv[] = { (char *)program, NULL };
	pid_t pid = vfork();
	long result;
	int status;

	if (pid == 0) {
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "a"(SYS_execve), "D"(program), "S"(argv), "d"(environ)
				 : "rcx", "r11", "memory");
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail(program);
}

static void turn_stripped(const char *program, long turn)
{
	char **kept = environ;

	for (char **each = environ; turn == 0 && *each; each++)
		if (strncmp(*each, "LD_PRELOAD=", 11) && strncmp(*each, "ZENCUBE", 7))
			*kept++ = *each;
	if (turn == 0)
		*kept = NULL;
	turn_start(program, turn);
}

static void turn_free(const char *path, long turn)
{
	static int fd = -1;
	struct stat st;
	char byte;

	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &byte, 1, 0) != 1 || getppid() < 0 || fstat(fd, &st) < 0)
		fail(path);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void time_pieces(void (*turn)(const char *, long), long turns, const char *argument)
{
	long done = 0;
	char go;

	while (read(STDIN_FILENO, &go, 1) == 1) {
		double from = now_ns();

		for (long end = done + turns; done < end; done++)
			turn(argument, done);
		printf("%.1f\n", (now_ns() - from) / (double)turns);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*turn)(const char *, long);
	} loops[] = { { "open", turn_open },         { "refuse", turn_refuse },
		      { "create", turn_create },     { "connect", turn_connect },
		      { "spawn", turn_spawn },       { "start", turn_start },
		      { "stripped", turn_stripped }, { "free", turn_free } };
	long turns;

	if (argc != 4)
		return 64;
	turns = atol(argv[2]);
	if (!strcmp(argv[1], "memory"))
		return getchar(), print_memory(argv[3]), 0;
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (!strcmp(argv[1], loops[i].name))
			return time_pieces(loops[i].turn, turns, argv[3]), 0;
	return 64;
}
