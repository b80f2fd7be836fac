/* SPDX-License-Identifier: MIT */
/*
 * who.h - what /proc says of a caller. Only life.c needs it.
 */
#ifndef ZC_TRACER_NOTIFY_WHO_H
#define ZC_TRACER_NOTIFY_WHO_H

#include "tracer/notify/notify.h"

struct zc_caller_status {
	pid_t tgid, ppid;
	uint64_t identity;
};
/* Reads /proc/TID/NAME as text. Returns its length or -errno. */
long zc_caller_read(pid_t tid, const char *name, char *buffer, size_t cap);
/* 0, or -errno: nobody is there any more, or it cannot be read. */
int zc_caller_status(pid_t tid, struct zc_caller_status *ret);
/* The file that it runs, as /proc calls it. Returns its length, or -1: nobody is there any more. */
ssize_t zc_caller_exe(pid_t pid, char name[ZC_PATH_CAP]);
/*
 * What an exec makes anew: the file, and, asked for where that may be the same before and after, where the
 * kernel has put things for the program.
 */
uint64_t zc_caller_image(pid_t pid, const char *exe, bool deep);

#endif
