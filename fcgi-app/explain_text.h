/*
 * Why a job is where it is, in plain words. Pure: facts in, sentences out.
 */
#ifndef FF_FCGI_EXPLAIN_TEXT_H
#define FF_FCGI_EXPLAIN_TEXT_H

#include "lib/base/json.h"
#include "lib/store/job_explain.h"

/* What is known beside the rows. */
struct explain_facts {
	const struct job_explain *job;
	const struct job_explain_task *failed; /* first, or NULL */
	int64_t now;			       /* wall ms */
	int64_t max_jobs;		       /* of this site */
	size_t n_log_lines;		       /* of `failed`, shown beside */
	bool has_folder;
	const char *no_rerun; /* why it cannot run again, or NULL */
};

/* Adds the sentences to a list, what matters most first. */
void explain_text(const struct explain_facts *f, cJSON *sentences);

/* "3 min 5 s" appended; of nothing and less "0 s". */
void explain_duration(int64_t ms, struct buf *out);

#endif
