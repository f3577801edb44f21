/* Whether a job can run again: job/rerun does it, job/explain says it. */
#ifndef FF_FCGI_JOB_RERUN_H
#define FF_FCGI_JOB_RERUN_H

#include "fcgi-app/app.h"

/* ERR_OK, or why it cannot; of a job that ended without success. */
enum err
job_rerun_possible(struct app *app, const char *job_id, struct buf *err);

#endif
