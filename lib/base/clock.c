#include "lib/base/clock.h"
#include "lib/base/err.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Read anew each time, so that a test can move a program's clock. */
static int64_t
test_offset_ms(void)
{
	static const char *path;
	static bool is_asked;
	char text[32] = "";
	ssize_t n;
	int fd;

	if (!is_asked)
		path = getenv("FATEFLOW_TEST_CLOCK_FILE");
	is_asked = true;
	if (!path || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtoll(text, NULL, 10) : 0;
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME) + test_offset_ms();
}

int64_t
clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_span_ms(int64_t from, int64_t to)
{
	return to > from ? to - from : 0;
}

void
clock_format(int64_t wall_ms, char out[CLOCK_TEXT_LEN])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	size_t len;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	len = strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(
	    out + len, CLOCK_TEXT_LEN - len, ".%03dZ", (int)(wall_ms % 1000));
}

void
clock_format_log(int64_t wall_ms, char out[CLOCK_TEXT_LEN])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	size_t len;
	struct tm tm;

	localtime_r(&seconds, &tm);
	len = strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(
	    out + len, CLOCK_TEXT_LEN - len, ",%03d", (int)(wall_ms % 1000));
}

void
clock_job_stamp(char out[21])
{
	struct timespec ts;
	struct tm tm;
	char text[16];

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += test_offset_ms() / 1000;
	localtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm);
	snprintf(out, 21, "%.14s%06u", text,
	    (unsigned)(ts.tv_nsec / 1000) % 1000000u);
}
