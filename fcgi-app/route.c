/*
 * Methods are FATE-Flow's; where it says GET with a body, POST is answered
 * too, because many clients cannot send the former.
 */
#include "fcgi-app/route.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define GET  REQUEST_GET
#define POST REQUEST_POST
#define BOTH (REQUEST_GET | REQUEST_POST)

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
    {POST, "/v1/job/query", job_query_handle, 0},
    {POST, "/v1/job/task/query", task_query_handle, 0},
    {POST, "/v1/job/data/view/query", data_view_handle, 0},
    {POST, "/v1/job/update", NULL, 0},
    {POST, "/v1/job/config", NULL, 0},
    {BOTH, "/v1/job/log", NULL, 0},
    {POST, "/v1/job/clean", NULL, 0},
    {POST, "/v1/job/clean/queue", NULL, 0},
    {POST, "/v1/tracking/job/data_view", tracking_data_view, 0},
    {POST, "/v1/tracking/component/metrics", tracking_metrics, 0},
    {POST, "/v1/tracking/component/metric/all", tracking_metric_all, 0},
    {POST, "/v1/tracking/component/metric_data", tracking_metric_data, 0},
    {POST, "/v1/tracking/component/metric/delete", NULL, 0},
    {POST, "/v1/tracking/component/parameters", tracking_parameters, 0},
    {POST, "/v1/tracking/component/output/model", tracking_output_model, 0},
    {POST, "/v1/tracking/component/output/data", tracking_output_data, 0},
    {BOTH, "/v1/tracking/component/output/data/download",
	tracking_output_download, 0},
    {POST, "/v1/tracking/component/output/data/table", tracking_output_table,
	0},
    {POST, "/v1/tracking/component/log", NULL, 0},
    {POST, "/v1/pipeline/dag/dependency", pipeline_dependency, 0},
    {POST, "/v1/model/load", model_load, 0},
    {POST, "/v1/model/load/do", model_load_do, 0},
    {POST, "/v1/model/bind", model_bind, 0},
    {POST, "/v1/model/transfer", model_transfer, 0},
    {BOTH, "/v1/model/export", model_export, ROUTE_RAW},
    {BOTH, "/v1/model/import", model_import, ROUTE_RAW},
    {BOTH, "/v1/model/store", model_store, ROUTE_RAW},
    {BOTH, "/v1/model/restore", model_restore, ROUTE_RAW},
    {POST, "/v1/table/table_info", table_info_handle, 0},
    {POST, "/v1/table/delete", table_delete_handle, 0},
    {POST, "/v1/permission/grant/privilege", NULL, 0},
    {POST, "/v1/permission/delete/privilege", NULL, 0},
    {POST, "/v1/permission/query/privilege", NULL, 0},
    {POST, "/v1/version/get", version_get, 0},
    {POST, "/v1/version/set", NULL, 0},
    {GET, "/v1/health", health_get, 0},
};

const struct route *
route_all(size_t *n_out)
{
	*n_out = ARRAY_LEN(routes);
	return routes;
}

const struct route *
route_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}

const char *
route_allow(const struct route *r)
{
	static const char *const names[] = {
	    [0] = "", [GET] = "GET", [POST] = "POST", [BOTH] = "GET, POST"};

	return names[r->methods & BOTH];
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
call(const struct route *r, struct app *app, struct request *rq,
    struct reply *rp)
{
	struct buf err = BUF_INIT;
	enum err rc = ERR_OK;

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
		say_http(rp, 501,
		    "%1 is a FATE-Flow endpoint that this server does not "
		    "offer yet",
		    r->path, "");
	else
		call(r, app, rq, rp);
	reply_send(rp);
	log_debug("%s %s status=%d retcode=%d ms=%lld client=%s",
	    rq->method_name, r ? r->path : "-", rp->status, rp->retcode,
	    (long long)(clock_mono_ms() - begun_at), rq->client);
}
