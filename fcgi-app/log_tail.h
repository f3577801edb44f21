/* The end of a task's log, for people. */
#ifndef FF_FCGI_LOG_TAIL_H
#define FF_FCGI_LOG_TAIL_H

#include "lib/base/json.h"

#define LOG_TAIL_LINES 20
#define LOG_TAIL_BYTES 4096

/*
 * A fresh list with the last lines of that file, the oldest first: at most
 * LOG_TAIL_LINES and LOG_TAIL_BYTES, a line that is cut begins with "...".
 * Control characters and what is not UTF-8 stand as \xNN. Empty when there is
 * no such file.
 */
cJSON *log_tail_read(const char *path);

#endif
