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
	enum log_form form;
} state = {.ident = "fateflow", .level = LOG_LEVEL_INFO};

static const struct {
	const char *word;
	const char *fate_word;
	int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", "ERROR", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", "WARNING", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", "INFO", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", "DEBUG", LOG_DEBUG},
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

void
log_set_form(enum log_form form)
{
	state.form = form;
}

static void
escape_controls(struct buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (iscntrl((unsigned char)line->ptr[i]))
			line->ptr[i] = line->ptr[i] == '\n' ? '|' : '?';
}

void
log_add_head(enum log_level level, struct log_place at, int64_t pid,
    int64_t wall_ms, struct buf *out)
{
	const char *slash = strrchr(at.file, '/');
	char stamp[CLOCK_TEXT_LEN];

	clock_format_log(wall_ms, stamp);
	buf_addf(out,
	    "[%s] [%s] [%lld:%lld] - %s[line:%d]: ", levels[level].fate_word,
	    stamp, (long long)pid, (long long)pid, slash ? slash + 1 : at.file,
	    at.line);
}

static void
add_program_head(enum log_level level, struct buf *out)
{
	char stamp[CLOCK_TEXT_LEN];

	clock_format(clock_wall_ms(), stamp);
	buf_addf(out, "%s %s[%d] %s: ", stamp, state.ident, (int)getpid(),
	    levels[level].word);
}

__attribute__((format(printf, 3, 0))) static void
emit(enum log_level level, struct log_place at, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	int saved = errno;

	if (level > state.level)
		return;
	if (!state.to_syslog && state.form == LOG_FORM_TASK)
		log_add_head(level, at, getpid(), clock_wall_ms(), &line);
	else if (!state.to_syslog)
		add_program_head(level, &line);
	buf_vaddf(&line, fmt, ap);
	escape_controls(&line);
	if (state.to_syslog)
		syslog(levels[level].priority, "%s", line.ptr);
	else
		fprintf(stderr, "%s\n", line.ptr);
	buf_release(&line);
	errno = saved;
}

void
log_at(enum log_level level, struct log_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, at, fmt, ap);
	va_end(ap);
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_ERROR, LOG_HERE, fmt, ap);
	va_end(ap);
	exit(1);
}
