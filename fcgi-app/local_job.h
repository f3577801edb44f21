/*
 * Jobs that the server makes by itself: one component at the party local 0,
 * named after what it does ("upload_0").
 */
#ifndef FF_FCGI_LOCAL_JOB_H
#define FF_FCGI_LOCAL_JOB_H

#include "fcgi-app/create.h"

struct local_job {
	const char *kind; /* "upload" */
	cJSON *dsl;
	cJSON *conf;	     /* may be given more members */
	cJSON *parameters;   /* of the component, within conf */
	struct token *token; /* as in struct create; NULL at first */
};

/* Refuses what create_job() would: asked before a file is received. */
enum err local_job_check(int64_t work_mode, struct buf *err);

void local_job_init(struct local_job *j, const char *kind, const char *module,
    int64_t work_mode);
/* One parameter: FATE has a list with one element per party. */
void local_job_add(struct local_job *j, const char *key, cJSON *value);
void local_job_add_int(struct local_job *j, const char *key, int64_t value);
void local_job_add_str(struct local_job *j, const char *key, const char *value);
/* create_job(); `upload_session` as in struct create. */
enum err local_job_create(struct app *app, const struct local_job *j,
    const char *upload_session, struct reply *rp, struct buf *err);
void local_job_release(struct local_job *j);

#endif
