/* From a DSL and a configuration to a job that waits. */
#ifndef FF_FCGI_CREATE_H
#define FF_FCGI_CREATE_H

#include "fcgi-app/app.h"

/*
 * Checks everything that a submit must refuse, stores the job, writes its
 * two files, rings the scheduler, and fills `rp` in as job/submit answers.
 * `dsl` and `conf` are borrowed; `kind` is "train", "upload".
 */
struct create {
	const char *kind;
	const cJSON *dsl;
	const cJSON *conf;
	bool has_model_info;
};
enum err create_job(
    struct app *app, const struct create *c, struct reply *rp, struct buf *err);

/* "Look now" to the scheduler; whether anybody hears does not matter. */
void create_ring(const struct cfg *cfg);

#endif
