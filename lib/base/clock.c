#include "lib/base/clock.h"
#include "lib/base/err.h"

#include <stdio.h>
#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
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
	localtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm);
	snprintf(out, 21, "%.14s%06u", text,
	    (unsigned)(ts.tv_nsec / 1000) % 1000000u);
}
