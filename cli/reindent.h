/*
 * Lays JSON text out anew without reading its numbers, so that what the
 * server wrote (1.0, 9007199254740993) is what the user sees.
 */
#ifndef FF_CLI_REINDENT_H
#define FF_CLI_REINDENT_H

#include "lib/base/buf.h"

/*
 * Appends `text` (valid JSON) indented by 4, order kept, escapes of non-ASCII
 * undone. Object members named in `drop` (NULL-ended, or NULL) are left out.
 */
void reindent(const char *text, const char *const *drop, struct buf *out);

/*
 * Where in `text` (an object, valid JSON) the value of that member begins, for
 * reindent(); NULL if there is none.
 */
const char *reindent_member(const char *text, const char *key);

#endif
