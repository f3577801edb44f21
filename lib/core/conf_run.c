/*
 * A wrong value is refused at submit: one that is passed over silently would
 * show only when a job waits behind others or is not tried again.
 */
#include "lib/core/conf_run.h"
#include "lib/base/num.h"

#include <string.h>

#define PRIORITY_MAX 100
#define CORES_MAX    1024
#define MEMORY_MAX   ((int64_t)1 << 50)
#define RETRIES_MAX  100
#define SECONDS_MAX  1e9

/* Seconds, also broken ones, as ms. `fallback` when the key is absent. */
static int64_t
read_seconds(
    struct json_in *in, const cJSON *v, const char *name, int64_t fallback)
{
	if (!v || cJSON_IsNull(v))
		return fallback;
	if (!cJSON_IsNumber(v) || v->valuedouble < 0 ||
	    v->valuedouble > SECONDS_MAX) {
		json_in_fault(in,
		    "job_parameters.%s must be a number of seconds from 0 to "
		    "%.0f",
		    name, SECONDS_MAX);
		return fallback;
	}
	return (int64_t)(v->valuedouble * 1000);
}

static int64_t
read_int(struct json_in *in, const char *key, int64_t min, int64_t max)
{
	const cJSON *v = json_get(in->obj, key);

	if (!v || cJSON_IsNull(v))
		return 0;
	if (!cJSON_IsNumber(v) || v->valuedouble < (double)min ||
	    v->valuedouble > (double)max ||
	    v->valuedouble != (double)(int64_t)v->valuedouble) {
		json_in_fault(in,
		    "job_parameters.%s must be an integer from %lld to %lld",
		    key, (long long)min, (long long)max);
		return 0;
	}
	return (int64_t)v->valuedouble;
}

static int64_t
read_memory(struct json_in *in)
{
	const cJSON *v = json_get(in->obj, "task_memory");
	struct buf why = BUF_INIT;
	int64_t bytes = 0;

	if (!cJSON_IsString(v))
		return read_int(in, "task_memory", 0, MEMORY_MAX);
	if (num_parse_size(
		v->valuestring, "job_parameters.task_memory", &bytes, &why))
		json_in_fault(in, "%s", why.ptr);
	else if (bytes > MEMORY_MAX)
		json_in_fault(in, "job_parameters.task_memory is too large");
	buf_release(&why);
	return bytes;
}

static void
read_component_timeout(struct json_in *in, struct conf_run *out)
{
	const cJSON *v = json_get(in->obj, "component_timeout"), *it;
	struct buf name = BUF_INIT;

	if (!cJSON_IsObject(v)) {
		out->component_timeout_ms =
		    read_seconds(in, v, "component_timeout", 0);
		return;
	}
	out->component_timeout = v;
	cJSON_ArrayForEach(it, v)
	{
		buf_reset(&name);
		buf_addf(&name, "component_timeout.%.128s", it->string);
		(void)read_seconds(in, it, name.ptr, 0);
	}
	buf_release(&name);
}

enum err
conf_run_read(
    const cJSON *job_parameters, struct conf_run *out, struct buf *err)
{
	struct json_in in = {.obj = job_parameters};

	memset(out, 0, sizeof(*out));
	out->priority = read_int(&in, "priority", -PRIORITY_MAX, PRIORITY_MAX);
	out->task_cores = read_int(&in, "task_cores", 0, CORES_MAX);
	out->task_memory = read_memory(&in);
	out->auto_retries = read_int(&in, "auto_retries", 0, RETRIES_MAX);
	out->retry_delay_ms =
	    read_seconds(&in, json_get(job_parameters, "auto_retry_delay"),
		"auto_retry_delay", -1);
	out->progress_timeout_ms =
	    read_seconds(&in, json_get(job_parameters, "progress_timeout"),
		"progress_timeout", 0);
	read_component_timeout(&in, out);
	return json_in_done(&in, err);
}

int64_t
conf_run_component_timeout(const struct conf_run *r, const char *component)
{
	const cJSON *v = json_get(r->component_timeout, component);

	if (!cJSON_IsNumber(v))
		return r->component_timeout_ms;
	return (int64_t)(v->valuedouble * 1000);
}

enum err
conf_run_check(const struct conf_run *r, const struct dsl *d, struct buf *err)
{
	struct json_in in = {.obj = r->component_timeout};
	const cJSON *it;

	cJSON_ArrayForEach(it, r->component_timeout)
	{
		if (dsl_find(d, it->string) < 0)
			json_in_fault(&in,
			    "job_parameters.component_timeout names '%.128s', "
			    "which the DSL does not have",
			    it->string);
	}
	return json_in_done(&in, err);
}
