/* From a DSL and a configuration to a job that waits. */
#ifndef FF_FCGI_CREATE_H
#define FF_FCGI_CREATE_H

#include "fcgi-app/token.h"

/*
 * Checks everything that a submit must refuse, stores the job, writes its
 * two files, rings the scheduler, and fills `rp` in as job/submit answers.
 * `dsl` and `conf` are borrowed; `kind` is "train", "upload",
 * "store", "restore". A repeated token gets the first answer: token->is_repeat,
 * and nothing was made.
 */
struct create {
	const char *kind;
	const cJSON *dsl;
	const cJSON *conf;
	bool has_model_info;
	const char *upload_session; /* whose file the job takes, or NULL */
	struct token *token;	    /* with its digest, or NULL */
};
enum err create_job(
    struct app *app, const struct create *c, struct reply *rp, struct buf *err);

/* Where a job's files and its board are, as answers show them. */
cJSON *create_describe(const struct cfg *cfg, const char *job_id,
    const char *role, const char *party_id);

/* A job's folder, written to an emptied `out`. */
void create_dir(const struct cfg *cfg, const char *job_id, struct buf *out);

/* "Look now" to the scheduler; whether anybody hears does not matter. */
void create_ring(const struct cfg *cfg);

#endif
