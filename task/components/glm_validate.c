/*
 * Validation during training and early stopping by metric. All parties know
 * from the parameters which iterations are validated; only the guest sees
 * the metrics, and tells the others whether to stop and what to remember.
 */
#include "lib/base/mem.h"
#include "task/components/eval_report.h"
#include "task/components/glm.h"

struct glm_stopper {
	struct eval_summary best;
	int64_t waiting[EVAL_METRIC__MAX]; /* rounds without a better value */
};

void
glm_stopper_free(struct glm_stopper *s)
{
	free(s);
}

static bool
stops_early(const struct glm *glm)
{
	return glm->p.stop_rounds > 0 && glm->t->mode == TASK_FIT_EVAL;
}

static enum err
evaluate(struct glm *glm, const struct glm_data *data, const char *name_space,
    int64_t iter, struct eval_summary *out, struct buf *err)
{
	double *p = xcalloc(data->n, sizeof(*p)), *y = NULL;
	struct eval_rows rows = {.n = data->n, .score = p};
	char name[48];
	enum err rc;

	snprintf(name, sizeof(name), "iteration_%lld", (long long)iter);
	rc = glm_score_guest(glm, data, p, err);
	if (!rc)
		rc = glm_data_signs(data, &y, err);
	for (size_t i = 0; !rc && i < data->n; i++)
		y[i] = y[i] > 0 ? 1 : 0;
	rows.label = y;
	if (!rc)
		rc = eval_report_single(glm->t, EVAL_BINARY, &rows,
		    (struct eval_where){name_space, name}, out, err);
	free(p);
	free(y);
	return rc;
}

/* Does early stopping look at the i-th metric of the summary? */
static bool
is_watched(const struct glm *glm, const struct eval_summary *s, size_t i)
{
	const char *name = eval_metric_name(s->at[i].metric);
	const cJSON *it;

	if (glm->p.first_metric_only)
		return i == 0;
	if (cJSON_GetArraySize(glm->p.metrics) == 0)
		return true;
	cJSON_ArrayForEach(it, glm->p.metrics)
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
judge(struct glm *glm, const struct eval_summary *now, bool *stop, bool *best)
{
	struct glm_stopper *s = glm->stopper;
	bool first = !s;

	if (first)
		s = glm->stopper = xcalloc(1, sizeof(*s));
	if (first)
		s->best = *now;
	*best = true;
	for (size_t i = 0; i < now->n && i < s->best.n; i++) {
		if (!is_watched(glm, now, i))
			continue;
		if (first || is_better(now->at[i].metric, now->at[i].value,
				 s->best.at[i].value)) {
			s->best.at[i] = now->at[i];
			s->waiting[i] = 0;
		} else {
			s->waiting[i]++;
		}
		*best = *best && s->waiting[i] == 0;
		*stop = *stop || s->waiting[i] >= glm->p.stop_rounds;
	}
}

enum err
glm_validate_guest(struct glm *glm, int64_t iter, bool *stop, struct buf *err)
{
	struct eval_summary now = {.n = 0};
	bool best = false;
	enum err rc;

	if (!glm_validates(&glm->p, iter))
		return ERR_OK;
	rc = evaluate(glm, &glm->train, "train", iter, NULL, err);
	if (!rc && glm->t->mode == TASK_FIT_EVAL)
		rc = evaluate(glm, &glm->eval, "validate", iter, &now, err);
	if (rc || !stops_early(glm))
		return rc;
	judge(glm, &now, stop, &best);
	if (best)
		glm_remember(glm, iter);
	return glm_send_flags(
	    glm, "glm_validation", "stop", *stop, "best", best, err);
}

static enum err
serve(struct glm *glm, const struct glm_data *data, size_t n, struct buf *err)
{
	return glm_is(glm, "arbiter") ? glm_score_arbiter(glm, n, err)
				      : glm_score_host(glm, data, err);
}

enum err
glm_validate_other(struct glm *glm, int64_t iter, bool *stop, struct buf *err)
{
	bool best = false;
	enum err rc;

	if (!glm_validates(&glm->p, iter))
		return ERR_OK;
	rc = serve(glm, &glm->train, glm->n, err);
	if (!rc && glm->t->mode == TASK_FIT_EVAL)
		rc = serve(glm, &glm->eval, glm->n_eval, err);
	if (rc || !stops_early(glm))
		return rc;
	rc = glm_receive_flags(
	    glm, "guest", "glm_validation", "stop", stop, "best", &best, err);
	if (!rc && best)
		glm_remember(glm, iter);
	return rc;
}
