/* SPDX-License-Identifier: MIT */
/*
 * base.h - attributes, sizes and the smallest helpers, for every folder.
 *
 * Theory of operation of core/. Everything here is compiled twice: into the programs, and into the shim
 * inside a stranger's process. So there is no call of libc, no memory of its own but constant tables, no lock and
 * no stream, and every function may run in a signal handler or in a vfork child. Facts are said once and read by
 * everybody: calls.def has a row for each system call, call.h makes enums and tables of the rows, and event.c
 * turns raw arguments into an event by the roles that a row names. image.h is the form that a policy has
 * once it is frozen; nobody reads a byte of it before zc_image_check() has accepted it.
 *
 *   decide/  an event and an image come to a verdict    exec/  what an exec would run
 *   net/     addresses and host names                   wire/  what processes of a run leave for each other
 *   lang/    frames of interpreters
 *
 * Whoever observes (shim, tracer, /proc) resolves paths and names for the event as the caller sees them;
 * core/ never asks the system anything.
 *
 * Context: anywhere, including the shim inside a stranger's process.
 */
#ifndef ZC_CORE_BASE_H
#define ZC_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZC_VERSION "0.1.0"

#define ZC_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define ZC_LIKELY(x) __builtin_expect(!!(x), 1)
#define ZC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ZC_CLEANUP(fn) __attribute__((cleanup(fn), unused))
#define ZC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define ZC_MUST_CHECK __attribute__((warn_unused_result))

/* The kernel's PATH_MAX counts the NUL; so does this. */
#define ZC_PATH_CAP 4096u

#define ZC_STRINGIFY_(x) #x
#define ZC_STRINGIFY(x) ZC_STRINGIFY_(x)
#define ZC_CONCAT_(a, b) a##b
#define ZC_CONCAT(a, b) ZC_CONCAT_(a, b)

#endif
