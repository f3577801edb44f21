/*
 * Strict readers of numbers in text: the whole text must be the number, or
 * the call fails and says what was expected. `what` names the value in the
 * message ("limit", "max_jobs").
 */
#ifndef FF_BASE_NUM_H
#define FF_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* 2^53: below it every integer is a double of its own. */
#define NUM_EXACT_MAX 9007199254740992.0

enum err num_parse_int(const char *text, const char *what, int64_t min,
    int64_t max, int64_t *out, struct buf *err);

/* A finite decimal number; accepts what strtod accepts except hex, inf, nan. */
bool num_parse_double(const char *text, double *out);

/* "64K", "8M", "2G", or plain bytes. Units are powers of 1024. */
enum err num_parse_size(
    const char *text, const char *what, int64_t *out, struct buf *err);

/* "500ms", "30s", "10m", "2h", "7d" to milliseconds. "0" alone needs no unit.
 */
enum err num_parse_duration(
    const char *text, const char *what, int64_t *out_ms, struct buf *err);

/*
 * The shortest of 15, 16, 17 significant digits that reads back as v, in
 * Python's form: 0.1, 1e-05, 1e+16, 5.0 (integral values keep ".0"). NaN and
 * infinities become "NaN", "Infinity", "-Infinity". out holds 32 bytes.
 */
void num_format_double(double v, char out[32]);

/* The same, but integers below 1e15 without a point: 5, not 5.0. */
void num_format_plain(double v, char out[32]);

#endif
