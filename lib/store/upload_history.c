/* What the table's schema was then: the version that the upload made. */
#include "lib/store/upload_history.h"

enum { UPLOAD_ALL, UPLOAD_OF_JOB, UPLOAD__MAX };

#define HEAD                                                              \
	"SELECT t.f_job_id, v.f_table_name, v.f_table_namespace,"         \
	" v.f_partition, v.f_table_count_upload, v.f_table_count_actual," \
	" j.f_description, d.schema_json, d.ledger_json FROM t_task t"    \
	" JOIN t_data_view v ON v.f_job_id = t.f_job_id"                  \
	" AND v.f_task_id = t.f_task_id AND v.f_role = t.f_role"          \
	" AND v.f_party_id = t.f_party_id"                                \
	" JOIN t_job j ON j.f_job_id = t.f_job_id"                        \
	" AND j.f_role = t.f_role AND j.f_party_id = t.f_party_id"        \
	" LEFT JOIN data_table d ON d.id = v.f_table_id"                  \
	" WHERE t.f_component_name = 'upload_0' AND t.f_status = 'success'"
#define TAIL " ORDER BY t.f_create_time DESC, t.f_job_id DESC LIMIT ?"

static const char *const stmts[UPLOAD__MAX] = {
    [UPLOAD_ALL] = HEAD TAIL,
    [UPLOAD_OF_JOB] = HEAD " AND t.f_job_id = ?" TAIL,
};
DB_STATEMENTS(stmts);

enum err
upload_history_stream(struct db *db, const char *job_id, int64_t limit,
    struct db_rows **out, struct buf *err)
{
	if (!job_id)
		return db_stream(
		    db, stmts[UPLOAD_ALL], DB_BINDS(DB_INT(limit)), out, err);
	return db_stream(db, stmts[UPLOAD_OF_JOB],
	    DB_BINDS(DB_TEXT(job_id), DB_INT(limit)), out, err);
}
