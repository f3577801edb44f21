/* UTF-8: is a text well formed, and what is the next character. */
#ifndef FF_BASE_UTF8_H
#define FF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* Refuses overlong forms, surrogates and what lies beyond U+10FFFF. */
bool utf8_is_valid(const char *s, size_t len);

/*
 * The code point at *s, which moves behind it. Malformed bytes come back one
 * at a time as U+FFFD. Not to be called on the terminating NUL.
 */
unsigned utf8_next(const char **s);

/* Bytes of a well-formed text, at most max, cut between characters. */
size_t utf8_cut(const char *s, size_t max);

#endif
