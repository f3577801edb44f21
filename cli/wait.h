/* Waiting for the end of a job, with its progress on a terminal. */
#ifndef FF_CLI_WAIT_H
#define FF_CLI_WAIT_H

#include "cli/commands.h"

/*
 * Asks until the job has ended; on a terminal a line tells why it waits, and
 * when it is tried again. *job_out is a fresh object {"job_id", "status",
 * "progress", "elapsed", "retries", "reason"} of its initiator's row; of
 * {"job_id", "status", "pending_reason"} when it has not ended in time. Returns
 * CLI_OK for success, CLI_JOB_FAILED or CLI_TIMEOUT; otherwise *job_out stays
 * NULL, `err` says why nothing is known of the job, and nothing was printed.
 */
enum cli_exit wait_for_job(const struct call *call, const char *job_id,
    cJSON **job_out, struct buf *err);

#endif
