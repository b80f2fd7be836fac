/* SPDX-License-Identifier: MIT */
/*
 * units.c - see units.h. Pure.
 */
#include <errno.h>
#include <string.h>

#include "text/units.h"

static int64_t unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "", 1000 },   { "ms", 1 },      { "s", 1000 },
		      { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

	for (size_t i = 0; i < ZC_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	return 0;
}

static int64_t unit_bytes(const char *unit)
{
	static const char units[] = "KMGT";
	const char *at = *unit ? strchr(units, *unit & ~0x20) : NULL;

	if (!*unit || !strcmp(unit, "B"))
		return 1;
	if (!at || (unit[1] && strcmp(unit + 1, "B") != 0 && strcmp(unit + 1, "iB") != 0))
		return 0;
	return (int64_t)1024 << 10 * (at - units);
}

/* Digits, maybe a point and up to three digits more, maybe a unit. Kept in thousandths. */
static int measure(const char *text, int64_t (*unit_of)(const char *unit), int64_t *ret)
{
	int64_t thousandths = 0, unit;
	int point = -1;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && point < 0); text++) {
		if (*text == '.') {
			point = 0;
			continue;
		}
		if (point >= 3)
			return -EINVAL;
		if (thousandths > 1000000000000000ll)
			return -ERANGE;
		thousandths = thousandths * 10 + (*text - '0');
		point += point >= 0;
	}
	if (point == 0)
		return -EINVAL;
	for (int i = point < 0 ? 0 : point; i < 3; i++)
		thousandths *= 10;
	unit = unit_of(text);
	if (!unit)
		return -EINVAL;
	if (thousandths > INT64_MAX / 4 / unit)
		return -ERANGE;
	*ret = thousandths * unit / 1000;
	return 0;
}

int zc_units_ms(const char *text, int64_t *ret)
{
	return measure(text, unit_ms, ret);
}

int zc_units_bytes(const char *text, int64_t *ret)
{
	return measure(text, unit_bytes, ret);
}
