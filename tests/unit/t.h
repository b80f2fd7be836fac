/* SPDX-License-Identifier: MIT */
/*
 * t.h - the whole unit-test framework: TAP on standard output.
 *
 * T_OK(condition, "sentence %d", n) is one test; T_SKIP("why") is one that cannot run here; T_DONE()
 * ends main and prints the plan, so a program that stops half-way is a failure for its runner.
 */
#ifndef ZC_TESTS_UNIT_T_H
#define ZC_TESTS_UNIT_T_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int t_count, t_failed;

__attribute__((format(printf, 5, 6))) static inline bool
t_line(bool held, const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", held ? "" : "not ", ++t_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!held) {
		printf("# %s:%d: does not hold: %s\n", file, line, condition);
		t_failed++;
	}
	fflush(stdout);
	return held;
}

/* True when it held, so that what depends on it can be left out: if (T_OK(p, "made")) use(p); */
#define T_OK(condition, ...) \
	t_line((condition) ? 1 : 0, __FILE__, __LINE__, #condition, __VA_ARGS__)
#define T_SKIP(why) ((void)printf("ok %d - # SKIP %s\n", ++t_count, (why)))
#define T_DONE() return printf("1..%d\n", t_count), t_failed ? 1 : 0

#endif
