#include "lib/base/num.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

enum err
num_parse_int(const char *text, const char *what, int64_t min, int64_t max,
    int64_t *out, struct buf *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max ||
	    strchr(" \t\n\v\f\r", text[0]))
		return err_set(err, ERR_INVALID,
		    "%s is '%.64s', expected an integer %lld..%lld", what, text,
		    (long long)min, (long long)max);
	*out = v;
	return ERR_OK;
}

bool
num_parse_double(const char *text, double *out)
{
	char *end;
	double v;

	if (!*text || text[strspn(text, "+-.0123456789eE")])
		return false;
	v = strtod(text, &end);
	if (*end || !isfinite(v))
		return false;
	*out = v;
	return true;
}

static enum err
parse_with_unit(const char *text, const char *what, const struct unit *units,
    int64_t *out, struct buf *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || v < 0)
		goto bad;
	for (; units->name; units++)
		if (strcmp(end, units->name) == 0) {
			if (v > INT64_MAX / units->factor)
				goto bad;
			*out = v * units->factor;
			return ERR_OK;
		}
bad:
	return err_set(err, ERR_INVALID,
	    "%s is '%.64s', expected a number with a unit", what, text);
}

enum err
num_parse_size(
    const char *text, const char *what, int64_t *out, struct buf *err)
{
	static const struct unit units[] = {{"", 1}, {"K", 1 << 10},
	    {"M", 1 << 20}, {"G", 1 << 30}, {"T", (int64_t)1 << 40}, {0}};

	return parse_with_unit(text, what, units, out, err);
}

enum err
num_parse_duration(
    const char *text, const char *what, int64_t *out_ms, struct buf *err)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000},
	    {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {0}};

	if (!strcmp(text, "0")) {
		*out_ms = 0;
		return ERR_OK;
	}
	return parse_with_unit(text, what, units, out_ms, err);
}

/*
 * "%.17g" prints an exponent from 1e+17 on for 17 digits but from 1e+15 on for
 * 15; Python's repr switches at 1e16 whatever the digits. So the digits come
 * from %e and are laid out here.
 */
static void
lay_out(const char *sci, char out[32])
{
	char digits[20];
	size_t n = 0;
	const char *e = strchr(sci, 'e');
	int exponent = (int)strtol(e + 1, NULL, 10);
	bool negative = sci[0] == '-';
	char *p = out;

	for (const char *s = sci; s < e; s++)
		if (*s >= '0' && *s <= '9')
			digits[n++] = *s;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (negative)
		*p++ = '-';
	if (exponent < -4 || exponent >= 16) {
		*p++ = digits[0];
		if (n > 1) {
			*p++ = '.';
			memcpy(p, digits + 1, n - 1);
			p += n - 1;
		}
		snprintf(p, 8, "e%c%02d", exponent < 0 ? '-' : '+',
		    abs(exponent) % 1000);
		return;
	}
	if (exponent < 0) {
		memcpy(p, "0.", 2);
		p += 2;
		for (int i = -1; i > exponent; i--)
			*p++ = '0';
		memcpy(p, digits, n);
		p[n] = '\0';
		return;
	}
	for (int i = 0; i <= exponent; i++)
		*p++ = (size_t)i < n ? digits[i] : '0';
	*p++ = '.';
	if (n > (size_t)exponent + 1) {
		memcpy(p, digits + exponent + 1, n - (size_t)exponent - 1);
		p += n - (size_t)exponent - 1;
	} else {
		*p++ = '0';
	}
	*p = '\0';
}

void
num_format_double(double v, char out[32])
{
	char sci[32];

	if (isnan(v) || isinf(v)) {
		snprintf(out, 32, "%s",
		    isnan(v) ? "NaN"
		    : v > 0  ? "Infinity"
			     : "-Infinity");
		return;
	}
	for (int precision = 14; precision <= 16; precision++) {
		snprintf(sci, sizeof(sci), "%.*e", precision, v);
		if (strtod(sci, NULL) == v)
			break;
	}
	lay_out(sci, out);
}

void
num_format_plain(double v, char out[32])
{
	if (v == floor(v) && fabs(v) < 1e15)
		snprintf(out, 32, "%.0f", v);
	else
		num_format_double(v, out);
}
