/*
 * Methods are FATE-Flow's; where it says GET with a body, POST is answered
 * too, because many clients cannot send the former.
 */
#include "fcgi-app/route.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <assert.h>

#define GET  REQUEST_GET
#define POST REQUEST_POST
#define BOTH (REQUEST_GET | REQUEST_POST)

#define TASK_PATH "/v1/tracking/{job}/{component}/{task}/{role}/{party}"

static const struct route routes[] = {
    {POST, "/v1/data/upload", data_upload, ROUTE_RAW},
    {POST, "/v1/data/upload/history", data_history, 0},
    {POST, "/v1/data/upload/session/create", upload_session_create_handle, 0},
    {POST, "/v1/data/upload/session/put", upload_session_put_handle, ROUTE_RAW},
    {POST, "/v1/data/upload/session/query", upload_session_query_handle, 0},
    {POST, "/v1/data/upload/session/finish", upload_session_finish_handle, 0},
    {POST, "/v1/data/upload/session/cancel", upload_session_cancel_handle, 0},
    {POST, "/v1/data/download", data_download, 0},
    {POST, "/v1/job/submit", job_submit_handle, 0},
    {POST, "/v1/job/stop", job_stop_handle, 0},
    {POST, "/v1/job/stop/do", job_stop_handle, 0},
    {POST, "/v1/job/rerun", job_rerun_handle, 0},
    {POST, "/v1/job/explain", job_explain_handle, 0},
    {POST, "/v1/job/query", job_query_handle, 0},
    {POST, "/v1/job/task/query", task_query_handle, 0},
    {POST, "/v1/job/data/view/query", data_view_handle, 0},
    {POST, "/v1/job/update", job_update_handle, 0},
    {POST, "/v1/job/config", job_config_handle, 0},
    {BOTH, "/v1/job/log", job_log_handle, 0},
    {POST, "/v1/job/clean", job_clean_handle, 0},
    {POST, "/v1/job/clean/queue", job_clean_queue_handle, 0},
    {POST, "/v1/tracking/job/data_view", tracking_data_view, 0},
    {POST, "/v1/tracking/component/metrics", tracking_metrics, 0},
    {POST, "/v1/tracking/component/metric/all", tracking_metric_all, 0},
    {POST, "/v1/tracking/component/metric_data", tracking_metric_data, 0},
    {POST, "/v1/tracking/component/metric/delete", metric_delete_handle, 0},
    {POST, "/v1/tracking/component/parameters", tracking_parameters, 0},
    {POST, "/v1/tracking/component/output/model", tracking_output_model, 0},
    {POST, "/v1/tracking/component/output/data", tracking_output_data, 0},
    {BOTH, "/v1/tracking/component/output/data/download",
	tracking_output_download, 0},
    {POST, "/v1/tracking/component/output/data/table", tracking_output_table,
	0},
    {POST, "/v1/tracking/component/log", tracking_log, 0},
    {POST, TASK_PATH "/metric_data/save", metric_save_points, 0},
    {POST, TASK_PATH "/metric_meta/save", metric_save_meta, 0},
    {POST, "/v1/pipeline/dag/dependency", pipeline_dependency, 0},
    {POST, "/v1/model/load", model_load, 0},
    {POST, "/v1/model/load/do", model_load_do, 0},
    {POST, "/v1/model/bind", model_bind, 0},
    {POST, "/v1/model/transfer", model_transfer, 0},
    {BOTH, "/v1/model/export", model_export, ROUTE_RAW},
    {BOTH, "/v1/model/import", model_import, ROUTE_RAW},
    {BOTH, "/v1/model/store", model_store, ROUTE_RAW},
    {BOTH, "/v1/model/restore", model_restore, ROUTE_RAW},
    {POST, "/v1/model/delete", model_delete, ROUTE_RAW},
    {POST, "/v1/table/table_info", table_info_handle, 0},
    {POST, "/v1/table/delete", table_delete_handle, 0},
    {POST, "/v1/permission/grant/privilege", permission_grant, 0},
    {POST, "/v1/permission/delete/privilege", permission_delete, 0},
    {POST, "/v1/permission/query/privilege", permission_query, 0},
    {POST, "/v1/version/get", version_get, 0},
    {BOTH, "/v1/version/set", NULL, 0},
    {BOTH, "/v1/schedule/*", NULL, 0},
    {BOTH, "/v1/forward/*", NULL, 0},
    {GET, "/v1/health", health_get, 0},
};

/* Why a route has no handler, and what to do instead. */
static const struct {
	const char *path;
	const char *why;
} refusals[] = {
    {"/v1/version/set",
	"version/set stores a site's id of FATE-Manager, which this server "
	"does not use: nothing needs to be set"},
    {"/v1/schedule/*",
	"/v1/schedule is how FATE-Flow servers command one another, and this "
	"site runs every party of its jobs itself: use job/submit, job/stop "
	"and job/clean"},
    {"/v1/forward/*",
	"forward sends a request through FATE's proxy, which this server does "
	"not have: send it to the web server of the other party"},
};

const struct route *
route_all(size_t *n_out)
{
	*n_out = ARRAY_LEN(routes);
	return routes;
}

/* Behind the "{name}" that the pattern begins with. */
static const char *
behind_name(const char *pattern)
{
	return pattern + strcspn(pattern, "}") + 1;
}

static bool
fits(const char *pattern, const char *path)
{
	while (*pattern && *path) {
		size_t len = strcspn(path, "/");

		if (*pattern == '*')
			return true;
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		if (!len)
			return false;
		path += len;
		pattern = behind_name(pattern);
	}
	return !*pattern && !*path;
}

const struct route *
route_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (fits(routes[i].path, path))
			return &routes[i];
	return NULL;
}

/* What stands for each "{name}" of the route's path. */
static void
take_args(const struct route *r, struct request *rq)
{
	const char *pattern = r->path, *path = rq->path.ptr;

	while (*pattern && *path) {
		size_t len = strcspn(path, "/");

		if (*pattern != '{') {
			pattern++;
			path++;
			continue;
		}
		assert(rq->n_args < ARRAY_LEN(rq->args));
		rq->args[rq->n_args++] = xstrndup(path, len);
		path += len;
		pattern = behind_name(pattern);
	}
}

const char *
route_allow(const struct route *r)
{
	static const char *const names[] = {
	    [0] = "", [GET] = "GET", [POST] = "POST", [BOTH] = "GET, POST"};

	return names[r->methods & BOTH];
}

void
route_print(FILE *out)
{
	static const struct {
		unsigned method;
		const char *name;
	} methods[] = {{GET, "GET"}, {POST, "POST"}};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		for (size_t j = 0; j < ARRAY_LEN(methods); j++)
			if (routes[i].methods & methods[j].method)
				fprintf(out, "%s %s%s\n", methods[j].name,
				    routes[i].path,
				    routes[i].handle ? "" : " -");
}

static void
say_http(
    struct reply *rp, int status, const char *fmt, const char *a, const char *b)
{
	struct buf text = BUF_INIT;

	for (const char *p = fmt; *p; p++)
		if (p[0] == '%' && p[1] == '1')
			buf_addf(&text, "%.200s", a), p++;
		else if (p[0] == '%' && p[1] == '2')
			buf_addf(&text, "%.200s", b), p++;
		else
			buf_addc(&text, *p);
	reply_http(rp, status, 100, text.ptr);
	buf_release(&text);
}

static void
refuse(const struct route *r, struct reply *rp)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (!strcmp(refusals[i].path, r->path))
			buf_adds(&text, refusals[i].why);
	if (!text.len)
		buf_addf(&text,
		    "%s is a FATE-Flow endpoint that this server does not "
		    "offer",
		    r->path);
	reply_http(rp, 501, 100, text.ptr);
	buf_release(&text);
}

static void
call(const struct route *r, struct app *app, struct request *rq,
    struct reply *rp)
{
	struct buf err = BUF_INIT;
	enum err rc = ERR_OK;

	take_args(r, rq);
	if (!(r->flags & ROUTE_RAW))
		rc = request_read_json(
		    rq, (size_t)app->cfg->api.body_limit, &err);
	if (rc) {
		int status = rq->is_too_large ? 413 : 400;

		reply_http(rp, status, 100, err.ptr);
	} else {
		rc = r->handle(app, rq, rp, &err);
		if (rc)
			reply_error(rp, rc, err.ptr);
		if (rp->status >= 500)
			log_error("%s %s status=%d error=%s: %s",
			    rq->method_name, r->path, rp->status, err_name(rc),
			    rp->retmsg.ptr);
	}
	buf_release(&err);
}

void
route_serve(struct app *app, struct request *rq, struct reply *rp)
{
	int64_t begun_at = clock_mono_ms();
	const struct route *r = route_find(rq->path.ptr);

	if (!r)
		say_http(rp, 404, "there is no endpoint %1", rq->path.ptr, "");
	else if (!(r->methods & rq->method)) {
		rp->allow = route_allow(r);
		say_http(rp, 405, "%1 is not allowed here, expected %2",
		    rq->method_name, rp->allow);
	} else if (!r->handle)
		refuse(r, rp);
	else
		call(r, app, rq, rp);
	reply_send(rp);
	log_debug("%s %s status=%d retcode=%d ms=%lld client=%s",
	    rq->method_name, r ? r->path : "-", rp->status, rp->retcode,
	    (long long)(clock_mono_ms() - begun_at), rq->client);
}
