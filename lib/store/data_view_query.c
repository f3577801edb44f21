/* One row per task; the table it names may have been deleted since. */
#include "lib/store/data_view_query.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"

enum { DATA_VIEW_STREAM, DATA_VIEW_FILE, DATA_VIEW__MAX };

static const char *const stmts[DATA_VIEW__MAX] = {
    [DATA_VIEW_STREAM] =
	"SELECT f_job_id, f_role, f_party_id, f_component_name, f_task_id,"
	" f_table_name, f_table_namespace, f_partition, f_table_count_actual,"
	" f_table_count_upload, f_party_model_id, f_model_version, f_size,"
	" f_ttl, f_tag, COALESCE(f_description, '') AS f_description, f_type,"
	" f_create_time, f_update_time"
	" FROM t_data_view",
    [DATA_VIEW_FILE] =
	"SELECT d.file FROM t_data_view v"
	" JOIN data_table d ON d.id = v.f_table_id"
	" WHERE v.f_job_id = ? AND v.f_task_id = ? AND v.f_role = ?"
	" AND v.f_party_id = ? AND d.deleted = 0",
};
DB_STATEMENTS(stmts);

static const struct filter_column columns[] = {
    {"job_id", "f_job_id", ID_JOB_MAX},
    {"role", "f_role", 50},
    {"party_id", "f_party_id", 50},
    {"table_name", "f_table_name", ID_NAME_MAX},
    {"table_namespace", "f_table_namespace", ID_NAME_MAX},
    {"component_name", "f_component_name", 128},
    {"task_id", "f_task_id", 160},
    {"tag", "f_tag", 50},
    {"type", "f_type", 50},
    {"ttl", "f_ttl", 0},
    {"party_model_id", "f_party_model_id", ID_NAME_MAX},
    {"model_version", "f_model_version", ID_NAME_MAX},
    {"size", "f_size", 0},
    {"description", "f_description", 65535},
    {"partition", "f_partition", 0},
    {"table_count_upload", "f_table_count_upload", 0},
    {"table_count_actual", "f_table_count_actual", 0},
    {"create_time", "f_create_time", 0},
    {"update_time", "f_update_time", 0},
};

const struct filter_column *
data_view_query_columns(size_t *n_out)
{
	*n_out = ARRAY_LEN(columns);
	return columns;
}

enum err
data_view_query_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[DATA_VIEW_STREAM],
	    /* of one job: as its tasks ended */
	    .tail = f->has_job_id ? " ORDER BY f_create_time, f_task_id,"
				    " f_role, f_party_id"
				  : " ORDER BY f_create_time",
	    .filter = f,
	};

	return filter_stream(db, &q, out, err);
}

enum err
data_view_query_file(struct db *db, const struct data_view_key *k,
    char **file_out, struct buf *err)
{
	struct db_rows *rows = NULL;
	struct buf task_id = BUF_INIT;
	enum err rc;

	ids_task(k->job_id, k->component, &task_id);
	rc = db_one(db, stmts[DATA_VIEW_FILE],
	    DB_BINDS(DB_TEXT(k->job_id), DB_TEXT(task_id.ptr), DB_TEXT(k->role),
		DB_TEXT(k->party_id)),
	    &rows, err);
	if (!rc)
		*file_out = xstrdup(db_text(rows, 0));
	db_end(&rows);
	buf_release(&task_id);
	return rc;
}
