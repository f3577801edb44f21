/*
 * The log: one line, one fact, with `key=value` ids (req, job, task, pid).
 * To stderr in the foreground, to syslog otherwise. errno is preserved;
 * control characters are escaped. No secrets, no request bodies.
 */
#ifndef FF_BASE_LOG_H
#define FF_BASE_LOG_H

#include "lib/base/err.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* `ident` (the program's name) is kept, not copied. */
void log_open(const char *ident, int to_syslog);
void log_set_level(enum log_level level);

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))
void log_error(const char *fmt, ...) LOG_PRINTF;
void log_warn(const char *fmt, ...) LOG_PRINTF;
void log_info(const char *fmt, ...) LOG_PRINTF;
void log_debug(const char *fmt, ...) LOG_PRINTF;

/* For main() and start-up code only: logs and exits with 1. */
_Noreturn void log_fatal(const char *fmt, ...) LOG_PRINTF;

#endif
