/* Waiting for the end of a job, with its progress on a terminal. */
#ifndef FF_CLI_WAIT_H
#define FF_CLI_WAIT_H

#include "cli/commands.h"

/*
 * Asks until the job has ended. *job_out is a fresh object {"job_id",
 * "status", "progress", "elapsed", "reason"} of its initiator's row; of its id
 * alone when it has not ended in time. Returns CLI_OK for success,
 * CLI_JOB_FAILED or CLI_TIMEOUT; otherwise *job_out stays NULL, `err` says why
 * nothing is known of the job, and nothing was printed.
 */
enum cli_exit wait_for_job(const struct call *call, const char *job_id,
    cJSON **job_out, struct buf *err);

#endif
