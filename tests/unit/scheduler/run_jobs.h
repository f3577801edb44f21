/* Jobs of the scheduler's tests, out of rows that no store has. */
#ifndef FF_TESTS_RUN_JOBS_H
#define FF_TESTS_RUN_JOBS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheduler/job.h"

/* The caller frees it with job_free(). */
static inline struct run_job *
run_job_of(const struct job_run *row)
{
	struct run_job *j = NULL;
	struct buf err = BUF_INIT;

	if (job_new(row, &j, &err))
		fail_msg("%s", err.ptr);
	buf_release(&err);
	return j;
}

#endif
