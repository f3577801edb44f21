/*
 * A task.log as FATE's files by level. One file holds what a task printed and
 * what it logged; a line that begins with "[INFO] [" is a line of the log and
 * belongs to INFO.log, DEBUG.log, ...: to the file of its level and of all
 * below. Any other line is what was printed: std.log. A line may be of any
 * length.
 */
#ifndef FF_FCGI_LOG_VIEW_H
#define FF_FCGI_LOG_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_view_level {
	LOG_VIEW_STD, /* printed, not logged */
	LOG_VIEW_DEBUG,
	LOG_VIEW_INFO,
	LOG_VIEW_WARNING,
	LOG_VIEW_ERROR,
	LOG_VIEW__MAX
};

/* "INFO.log"; "std.log" for what was printed. */
const char *log_view_name(enum log_view_level level);

/* Of the file of `view`, is a line of that level a part? */
bool log_view_has(enum log_view_level view, enum log_view_level line);

/* A part of the file, all of one level; false ends the walk. */
typedef bool log_view_each(
    void *arg, enum log_view_level level, const char *bytes, size_t len);

/*
 * Walks over the first `size` bytes of the open file; false when `each` ended
 * it. What a shrunken file lacks is just not there.
 */
bool log_view_walk(int fd, int64_t size, log_view_each *each, void *arg);

#endif
