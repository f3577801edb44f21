#include "lib/base/log.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

static struct {
	const char *ident;
	int to_syslog;
	enum log_level level;
} state = {.ident = "fateflow", .level = LOG_LEVEL_INFO};

static const struct {
	const char *word;
	int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

void
log_open(const char *ident, int to_syslog)
{
	state.ident = ident;
	state.to_syslog = to_syslog;
	if (to_syslog)
		openlog(ident, LOG_PID, LOG_DAEMON);
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

static void
escape_controls(struct buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (iscntrl((unsigned char)line->ptr[i]))
			line->ptr[i] = line->ptr[i] == '\n' ? '|' : '?';
}

__attribute__((format(printf, 2, 0))) static void
emit(enum log_level level, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	char stamp[CLOCK_TEXT_LEN];
	int saved = errno;

	if (level > state.level)
		return;
	buf_vaddf(&line, fmt, ap);
	escape_controls(&line);
	if (state.to_syslog) {
		syslog(levels[level].priority, "%s", line.ptr);
	} else {
		clock_format(clock_wall_ms(), stamp);
		fprintf(stderr, "%s %s[%d] %s: %s\n", stamp, state.ident,
		    (int)getpid(), levels[level].word, line.ptr);
	}
	buf_release(&line);
	errno = saved;
}

#define LOG_VERB(name, level)           \
	void name(const char *fmt, ...) \
	{                               \
		va_list ap;             \
                                        \
		va_start(ap, fmt);      \
		emit(level, fmt, ap);   \
		va_end(ap);             \
	}

LOG_VERB(log_error, LOG_LEVEL_ERROR)
LOG_VERB(log_warn, LOG_LEVEL_WARN)
LOG_VERB(log_info, LOG_LEVEL_INFO)
LOG_VERB(log_debug, LOG_LEVEL_DEBUG)

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(1);
}
