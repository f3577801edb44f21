/*
 * What a job asks of the limits: one component, or the most of each that any
 * of its components needs. A job begins when that most fits.
 */
#ifndef FF_CORE_QUOTA_DEMAND_H
#define FF_CORE_QUOTA_DEMAND_H

#include "lib/core/conf.h"
#include "lib/core/quota.h"

/* Tasks, cores, memory and parties of a component; no job. Added to `out`. */
void quota_demand_component(const struct conf *c, const struct dsl *d,
    size_t component, struct quota_use *out);

/* The most of each, and one job. `out` is zero-initialised. */
void quota_demand_job(
    const struct conf *c, const struct dsl *d, struct quota_use *out);

/* ERR_INVALID names the component and the limit that it can never keep. */
enum err quota_demand_check(const struct quota *q, const struct conf *c,
    const struct dsl *d, struct buf *err);

#endif
