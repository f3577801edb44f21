/*
 * How a job wants to be run, out of its job_parameters. FATE's names where
 * FATE has them (timeout, auto_retries, auto_retry_delay, task_cores):
 *
 *	priority           -100..100, default 0; a higher one starts earlier
 *	task_cores         0..1024, what each task counts for; 0: nothing
 *	task_memory        "512M" or bytes, the same
 *	auto_retries       0..100, for failures that are not the job's own
 *	auto_retry_delay   seconds before the first of them; doubles
 *	component_timeout  seconds for each component, or {component: seconds}
 *	progress_timeout   seconds that a task may stay without progress
 */
#ifndef FF_CORE_CONF_RUN_H
#define FF_CORE_CONF_RUN_H

#include <stdint.h>

#include "lib/base/json.h"
#include "lib/core/dsl.h"

struct conf_run {
	int64_t priority;
	int64_t task_cores;
	int64_t task_memory; /* bytes */
	int64_t auto_retries;
	int64_t retry_delay_ms;		/* -1: the site's default */
	int64_t component_timeout_ms;	/* of those not named; 0: none */
	int64_t progress_timeout_ms;	/* 0: the site's default */
	const cJSON *component_timeout; /* {component: seconds}, or NULL */
};

/* All faults at once. The tree is borrowed and outlives `out`. */
enum err conf_run_read(
    const cJSON *job_parameters, struct conf_run *out, struct buf *err);

/* The budget of one component in ms; 0: it has none of its own. */
int64_t
conf_run_component_timeout(const struct conf_run *r, const char *component);

/* component_timeout may only name components that there are. */
enum err
conf_run_check(const struct conf_run *r, const struct dsl *d, struct buf *err);

#endif
