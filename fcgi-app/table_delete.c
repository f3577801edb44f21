/*
 * POST /v1/table/delete: by name, or what the jobs that the filters find have
 * made. The file goes a moment later, when no living job can need it.
 */
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/core/ids.h"
#include "lib/store/catalogue.h"
#include "lib/store/data_view_query.h"
#include "lib/store/table_delete.h"

static cJSON *
describe(const char *name_space, const char *name)
{
	cJSON *row = cJSON_CreateObject();

	json_add_str(row, "namespace", name_space);
	json_add_str(row, "table_name", name);
	return row;
}

static void
add_deleted(const char *name_space, const char *name, void *ctx)
{
	reply_row(ctx, describe(name_space, name));
}

/* A table that is not there counts as deleted, as in FATE-Flow. */
static enum err
delete_named(struct app *app, const struct request *rq, struct reply *rp,
    struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct buf none = BUF_INIT;
	const char *name_space =
	    json_in_str(&in, "namespace", JSON_REQUIRED, ID_NAME_MAX);
	const char *name =
	    json_in_str(&in, "table_name", JSON_REQUIRED, ID_NAME_MAX);
	enum err rc = json_in_done(&in, err);

	if (rc)
		return rc;
	rc =
	    catalogue_delete(app->db, name_space, name, clock_wall_ms(), &none);
	if (rc && rc != ERR_NOTFOUND)
		buf_adds(err, none.ptr);
	else {
		reply_row(rp, describe(name_space, name));
		rc = reply_rows_end(rp);
	}
	buf_release(&none);
	return rc;
}

static enum err
delete_found(struct app *app, const struct request *rq, struct reply *rp,
    struct buf *err)
{
	const struct filter_column *columns;
	struct filter f;
	size_t n;
	enum err rc;

	columns = data_view_query_columns(&n);
	rc = filter_read(&f, columns, n, rq->body, err);
	if (!rc && (f.is_never || !f.n))
		rc = ERR_NOTFOUND;
	if (!rc)
		rc = table_delete(
		    app->db, &f, clock_wall_ms(), add_deleted, rp, err);
	filter_release(&f);
	if (rc == ERR_NOTFOUND)
		return reply_say(rp, 101, "no find table");
	if (rc)
		return rc;
	return rp->n_rows ? reply_rows_end(rp) : reply_say(rp, 101, "failed");
}

enum err
table_delete_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	bool has_names =
	    json_get(rq->body, "table_name") && json_get(rq->body, "namespace");
	enum err rc =
	    (has_names ? delete_named : delete_found)(app, rq, rp, err);

	if (!rc && rp->n_rows)
		create_ring(app->cfg);
	return rc;
}
