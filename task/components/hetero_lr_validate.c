/*
 * Validation during training and early stopping by metric. All parties know
 * from the parameters which iterations are validated; only the guest sees
 * the metrics, and tells the others whether to stop and what to remember.
 */
#include "lib/base/mem.h"
#include "task/components/eval_report.h"
#include "task/components/hetero_lr.h"

struct lr_stopper {
	struct eval_summary best;
	int64_t waiting[EVAL_METRIC__MAX]; /* rounds without a better value */
};

void
lr_stopper_free(struct lr_stopper *s)
{
	free(s);
}

static bool
stops_early(const struct lr *lr)
{
	return lr->p.stop_rounds > 0 && lr->t->mode == TASK_FIT_EVAL;
}

static enum err
evaluate(struct lr *lr, const struct lr_data *data, const char *name_space,
    int64_t iter, struct eval_summary *out, struct buf *err)
{
	double *p = xcalloc(data->n, sizeof(*p)), *y = NULL;
	struct eval_rows rows = {.n = data->n, .score = p};
	char name[48];
	enum err rc;

	snprintf(name, sizeof(name), "iteration_%lld", (long long)iter);
	rc = lr_score_guest(lr, data, p, err);
	if (!rc)
		rc = lr_data_signs(data, &y, err);
	for (size_t i = 0; !rc && i < data->n; i++)
		y[i] = y[i] > 0 ? 1 : 0;
	rows.label = y;
	if (!rc)
		rc = eval_report_single(lr->t, EVAL_BINARY, &rows,
		    (struct eval_where){name_space, name}, out, err);
	free(p);
	free(y);
	return rc;
}

/* Does early stopping look at the i-th metric of the summary? */
static bool
is_watched(const struct lr *lr, const struct eval_summary *s, size_t i)
{
	const char *name = eval_metric_name(s->at[i].metric);
	const cJSON *it;

	if (lr->p.first_metric_only)
		return i == 0;
	if (cJSON_GetArraySize(lr->p.metrics) == 0)
		return true;
	cJSON_ArrayForEach(it, lr->p.metrics)
	{
		if (cJSON_IsString(it) && strcmp(it->valuestring, name) == 0)
			return true;
	}
	return false;
}

static bool
is_better(enum eval_metric m, double a, double b)
{
	return eval_metric_is_gain(m) ? a > b : a < b;
}

/* Keeps the bests; says whether to stop and whether all are fresh. */
static void
judge(struct lr *lr, const struct eval_summary *now, bool *stop, bool *best)
{
	struct lr_stopper *s = lr->stopper;
	bool first = !s;

	if (first)
		s = lr->stopper = xcalloc(1, sizeof(*s));
	if (first)
		s->best = *now;
	*best = true;
	for (size_t i = 0; i < now->n && i < s->best.n; i++) {
		if (!is_watched(lr, now, i))
			continue;
		if (first || is_better(now->at[i].metric, now->at[i].value,
				 s->best.at[i].value)) {
			s->best.at[i] = now->at[i];
			s->waiting[i] = 0;
		} else {
			s->waiting[i]++;
		}
		*best = *best && s->waiting[i] == 0;
		*stop = *stop || s->waiting[i] >= lr->p.stop_rounds;
	}
}

enum err
lr_validate_guest(struct lr *lr, int64_t iter, bool *stop, struct buf *err)
{
	struct eval_summary now = {.n = 0};
	bool best = false;
	enum err rc;

	if (!lr_validates(&lr->p, iter))
		return ERR_OK;
	rc = evaluate(lr, &lr->train, "train", iter, NULL, err);
	if (!rc && lr->t->mode == TASK_FIT_EVAL)
		rc = evaluate(lr, &lr->eval, "validate", iter, &now, err);
	if (rc || !stops_early(lr))
		return rc;
	judge(lr, &now, stop, &best);
	if (best)
		lr_remember(lr, iter);
	return lr_send_flags(
	    lr, "lr_validation", "stop", *stop, "best", best, err);
}

static enum err
serve(struct lr *lr, const struct lr_data *data, size_t n, struct buf *err)
{
	return lr_is(lr, "arbiter") ? lr_score_arbiter(lr, n, err)
				    : lr_score_host(lr, data, err);
}

enum err
lr_validate_other(struct lr *lr, int64_t iter, bool *stop, struct buf *err)
{
	bool best = false;
	enum err rc;

	if (!lr_validates(&lr->p, iter))
		return ERR_OK;
	rc = serve(lr, &lr->train, lr->n, err);
	if (!rc && lr->t->mode == TASK_FIT_EVAL)
		rc = serve(lr, &lr->eval, lr->n_eval, err);
	if (rc || !stops_early(lr))
		return rc;
	rc = lr_receive_flags(
	    lr, "guest", "lr_validation", "stop", stop, "best", &best, err);
	if (!rc && best)
		lr_remember(lr, iter);
	return rc;
}
