/*
 * The log: one line, one fact, with `key=value` ids (req, job, task, pid).
 * To stderr in the foreground, to syslog otherwise. errno is preserved;
 * control characters are escaped. No secrets, no request bodies.
 */
#ifndef FF_BASE_LOG_H
#define FF_BASE_LOG_H

#include <stdint.h>

#include "lib/base/buf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* How a line on stderr begins; what follows is the same. */
enum log_form {
	LOG_FORM_PROGRAM, /* time, program and pid: for operators */
	/*
	 * "[INFO] [2026-11-23 15:04:05,678] [pid:pid] - upload.c[line:74]: ",
	 * as FATE's jobs log and its tools read: for users
	 */
	LOG_FORM_TASK,
};

/* `ident` (the program's name) is kept, not copied. */
void log_open(const char *ident, int to_syslog);
void log_set_level(enum log_level level);
void log_set_form(enum log_form form);

/* Where a line comes from: LOG_HERE. */
struct log_place {
	const char *file;
	int line;
};
#define LOG_HERE ((struct log_place){__FILE__, __LINE__})

#define log_error(...) log_at(LOG_LEVEL_ERROR, LOG_HERE, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, LOG_HERE, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, LOG_HERE, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, LOG_HERE, __VA_ARGS__)
void log_at(enum log_level level, struct log_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* For main() and start-up code only: logs and exits with 1. */
_Noreturn void log_fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* The head of a LOG_FORM_TASK line, appended to `out`. */
void log_add_head(enum log_level level, struct log_place at, int64_t pid,
    int64_t wall_ms, struct buf *out);

#endif
