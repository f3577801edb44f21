/* POST /v1/job/query, /v1/job/data/view/query */
#include "fcgi-app/rows.h"
#include "lib/store/data_view_query.h"
#include "lib/store/job_query.h"

enum err
job_query_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct rows_query q = {.stream = job_query_stream,
	    .needs_filter = true,
	    .none = "find job failed"};

	q.columns = job_query_columns(&q.n_columns);
	return rows_answer(app, &q, rq, rp, err);
}

enum err
data_view_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct rows_query q = {.stream = data_view_query_stream,
	    .needs_filter = true,
	    .none = "find data view failed"};

	q.columns = data_view_query_columns(&q.n_columns);
	return rows_answer(app, &q, rq, rp, err);
}
