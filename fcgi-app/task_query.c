/* POST /v1/job/task/query: without a filter, all tasks (as in FATE). */
#include "fcgi-app/rows.h"
#include "lib/store/task_query.h"

enum err
task_query_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct rows_query q = {
	    .stream = task_query_stream, .none = "find task failed"};

	q.columns = task_query_columns(&q.n_columns);
	return rows_answer(app, &q, rq, rp, err);
}
