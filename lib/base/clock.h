/*
 * Time. Order is never taken from here (that is a row's sequence number) and
 * a timeout never compares wall times: budgets add monotonic differences.
 */
#ifndef FF_BASE_CLOCK_H
#define FF_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_LEN 32

/*
 * Milliseconds since 1970, UTC: what FATE's *_time fields hold. For tests,
 * the file that FATEFLOW_TEST_CLOCK_FILE names at a program's start holds
 * milliseconds to be added (negative ones too), read again at each call.
 */
int64_t clock_wall_ms(void);

/* Milliseconds that only grow, from an arbitrary start. */
int64_t clock_mono_ms(void);

/* Milliseconds since the boot, sleep included. */
int64_t clock_boot_ms(void);

/* From one wall time to a later one; 0 when the clock was set back since. */
int64_t clock_span_ms(int64_t from, int64_t to);

/* "2026-11-23T15:04:05.678Z" */
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_LEN]);

/* Local time as FATE's logs have it: "2026-11-23 15:04:05,678" */
void clock_format_log(int64_t wall_ms, char out[CLOCK_TEXT_LEN]);

/*
 * Local time as FATE writes it at the head of a job id: YYYYMMDDhhmmss and
 * six digits of microseconds, 20 characters and a NUL.
 */
void clock_job_stamp(char out[21]);

#endif
