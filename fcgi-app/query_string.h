/* The part of a URL behind the question mark. */
#ifndef FF_FCGI_QUERY_STRING_H
#define FF_FCGI_QUERY_STRING_H

#include "lib/base/json.h"

#define QUERY_STRING_MAX 65536

/*
 * Parses "a=1&b=x%20y+z" into an object of strings, so that the getters of
 * JSON bodies read it too. Of equal names the first stands, as in FATE. The
 * caller deletes *out. ERR_INVALID for a broken escape, a NUL, or bytes that
 * are not UTF-8.
 */
enum err query_string_parse(const char *text, cJSON **out, struct buf *err);

#endif
