/*
 * POST /v1/tracking/component/output/data and output/data/table.
 */
#include "fcgi-app/output.h"
#include "lib/base/path.h"
#include "lib/store/data_view_query.h"

#define ROWS_SHOWN 100

static enum err
check_target(
    struct app *app, const struct target *t, bool *has_output, struct buf *err)
{
	struct target_job job;
	size_t i = 0;
	enum err rc = target_job_read(app, t, &job, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_INVALID,
		    "can not get dag parser, please check if the parameters "
		    "are correct");
	if (!rc)
		rc = target_component(&job, t, &i, err);
	/* An upload's table is its target, not its output. */
	*has_output = !rc && job.party &&
		      strcmp(job.dsl.components[i].module->name, "Upload") != 0;
	target_job_release(&job);
	return rc;
}

enum err
output_open(struct app *app, const struct target *t, struct table_reader **out,
    struct buf *err)
{
	struct data_view_key key = {
	    t->job_id, t->component, t->role, t->party_id};
	struct buf path = BUF_INIT;
	char *file = NULL;
	bool has_output = false;
	enum err rc = check_target(app, t, &has_output, err);

	*out = NULL;
	if (rc || !has_output)
		return rc;
	rc = data_view_query_file(app->db, &key, &file, err);
	if (!rc) {
		path_set(&path, "%s/tables/%s", app->cfg->site.work_dir, file);
		rc = table_reader_open(path.ptr, out, err);
		if (rc == ERR_NOTFOUND)
			rc = ERR_INTERNAL; /* in the catalogue, not on disk */
	} else if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	free(file);
	buf_release(&path);
	return rc;
}

static enum err
show(struct table_reader *r, struct reply *rp, struct buf *err)
{
	const struct table_schema *s = table_reader_schema(r);
	cJSON *data = cJSON_CreateArray();
	struct table_row row;
	bool has_label = false;
	enum err rc = ERR_OK;

	for (int i = 0; i < ROWS_SHOWN && !rc; i++) {
		rc = table_reader_next(r, &row, err);
		if (rc)
			break;
		cJSON_AddItemToArray(data, table_row_to_json(s, &row));
		has_label = row.label.type != TABLE_NO_LABEL;
	}
	if (rc && rc != ERR_NOTFOUND) {
		cJSON_Delete(data);
		return rc;
	}
	rp->meta = cJSON_CreateObject();
	json_add(rp->meta, "header", table_header_to_json(s, has_label));
	json_add_int(rp->meta, "total", table_reader_count(r));
	return reply_ok(rp, data);
}

enum err
tracking_output_data(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct table_reader *r = NULL;
	struct target t;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (!rc)
		rc = output_open(app, &t, &r, err);
	if (!rc)
		rc = r && table_reader_count(r) ? show(r, rp, err)
						: reply_say(rp, 0, "no data");
	table_reader_close(&r);
	return rc;
}

enum err
tracking_output_table(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	const struct filter_column *columns;
	struct db_rows *rows = NULL;
	struct filter f;
	cJSON *data = NULL;
	size_t n;
	enum err rc;

	columns = data_view_query_columns(&n);
	rc = filter_read(&f, columns, n, rq->body, err);
	if (!rc && f.n && !f.is_never) {
		rc = data_view_query_stream(app->db, &f, &rows, err);
		if (!rc)
			rc = db_next(rows, err);
		if (!rc) {
			data = cJSON_CreateObject();
			for (size_t i = 0; i < db_columns(rows); i++) {
				const char *name = db_column_name(rows, i);

				if (!strncmp(name, "f_table_name", 12))
					json_add_str(
					    data, name + 2, db_text(rows, i));
			}
		}
		db_end(&rows);
	}
	filter_release(&f);
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	if (data)
		return reply_ok(rp, data);
	return reply_say(rp, 100,
	    "No found table, please check if the parameters are correct");
}
