/*
 * A job as its stored texts describe it.
 */
#ifndef FF_CORE_STORED_H
#define FF_CORE_STORED_H

#include "lib/core/conf.h"

/* JSON; train_conf is "{}" or NULL for a job that is no prediction. */
struct stored_job {
	const char *dsl;
	const char *conf;
	const char *train_conf;
};

/*
 * Parses all of it, which a submit found good. Both results are the caller's
 * to release, also on failure.
 */
enum err stored_parse(const struct stored_job *texts, struct conf *conf_out,
    struct dsl *dsl_out, struct buf *err);

#endif
