/* Lines of an answer's head, as libcurl gives them out; within lib/http. */
#ifndef FF_HTTP_HEADER_H
#define FF_HTTP_HEADER_H

#include <stddef.h>

/*
 * The value of the header `name` (any case) when the line is one, or NULL;
 * *len is the line's length on the way in and the value's, without white
 * space around it, on the way out.
 */
const char *header_value(const char *line, size_t *len, const char *name);

#endif
