/* SPDX-License-Identifier: MIT */
/*
 * base.h - attributes, sizes and the smallest helpers, for every folder.
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
