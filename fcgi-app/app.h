/*
 * What a handler has: the configuration, the database, the request and the
 * answer to fill in.
 */
#ifndef FF_FCGI_APP_H
#define FF_FCGI_APP_H

#include "fcgi-app/reply.h"
#include "fcgi-app/request.h"
#include "lib/store/db.h"

struct app {
	const struct cfg *cfg;
	struct db *db;
};

/*
 * Fills the reply in and returns ERR_OK, or returns an error whose text
 * becomes the answer by reply_error().
 */
typedef enum err
handler(struct app *app, struct request *rq, struct reply *rp, struct buf *err);

handler data_upload;
handler data_history;
handler data_download;
handler upload_session_create_handle;
handler upload_session_put_handle;
handler upload_session_query_handle;
handler upload_session_finish_handle;
handler upload_session_cancel_handle;
handler job_submit_handle;
handler job_query_handle;
handler job_stop_handle;
handler job_rerun_handle;
handler job_explain_handle;
handler job_update_handle;
handler job_config_handle;
handler job_log_handle;
handler job_clean_handle;
handler job_clean_queue_handle;
handler task_query_handle;
handler data_view_handle;
handler table_info_handle;
handler table_delete_handle;
handler tracking_data_view;
handler tracking_metrics;
handler tracking_metric_all;
handler tracking_metric_data;
handler tracking_parameters;
handler tracking_output_model;
handler tracking_output_data;
handler tracking_output_download;
handler tracking_output_table;
handler tracking_log;
handler metric_delete_handle;
handler metric_save_points;
handler metric_save_meta;
handler permission_grant;
handler permission_delete;
handler permission_query;
handler pipeline_dependency;
handler model_load;
handler model_load_do;
handler model_bind;
handler model_transfer;
handler model_export;
handler model_import;
handler model_store;
handler model_restore;
handler model_delete;
handler version_get;
handler health_get;

#endif
