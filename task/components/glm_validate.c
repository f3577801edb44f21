/*
 * Validation during training and early stopping by metric. All parties know
 * from the parameters which iterations are validated; only the guest sees
 * the metrics, and tells the others whether to stop and what to remember.
 *
 * Of more than two classes each one's model is validated as it is trained: by
 * itself, its class against the rest, under its class's name. It stops early
 * by itself too.
 */
#include "lib/base/mem.h"
#include "task/components/glm_output.h"
#include "task/components/glm_steps.h"

/* By metric: one that an iteration does not define is not looked at then. */
struct glm_stopper {
	bool has[EVAL_METRIC__MAX];
	double best[EVAL_METRIC__MAX];
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
	return glm->p.stop_rounds > 0 && glm->has_eval;
}

/* Which class a label is; one that training did not see is one more. */
static size_t
class_of(const struct glm *glm, double label)
{
	size_t k;

	for (k = 0; k < glm->n_models && glm->classes[k] != label; k++)
		;
	return k;
}

/* Labels and predictions as numbers of classes; best has data->n places. */
static void
to_classes(const struct glm *glm, const double *p, double *best,
    struct eval_rows *rows, double *y)
{
	for (size_t i = 0; i < rows->n; i++) {
		y[i] = (double)class_of(glm, y[i]);
		best[i] = (double)glm_best_class(glm, p, rows->n, i);
	}
	rows->score = best;
	rows->n_classes = glm->n_models + 1;
}

/* Of a set's rows; EVAL_MULTI: by all classes' models, else by one. */
struct predictions {
	const struct glm_data *data;
	const double *p;
	enum eval_type type;
};

static enum err
report(struct glm *glm, const struct predictions *of, struct eval_where where,
    struct eval_summary *out, struct buf *err)
{
	size_t n = of->data->n;
	double *best = xcalloc(n, sizeof(*best)), *y = NULL;
	struct eval_rows rows = {.n = n, .score = of->p};
	enum err rc = glm_labels_real(of->data, &y, err);

	if (!rc && of->type == EVAL_MULTI)
		to_classes(glm, of->p, best, &rows, y);
	for (size_t i = 0; !rc && of->type == EVAL_BINARY && i < n; i++)
		y[i] = y[i] == glm->positive ? 1 : 0;
	rows.label = y;
	if (!rc)
		rc = eval_report_single(
		    glm->t, of->type, glm->p.metrics, &rows, where, out, err);
	free(best);
	free(y);
	return rc;
}

enum err
glm_evaluate(struct glm *glm, const struct glm_data *data, const double *p,
    struct eval_where where, struct buf *err)
{
	struct predictions of = {
	    data, p, glm->n_models > 1 ? EVAL_MULTI : glm->model->eval};

	return report(glm, &of, where, NULL, err);
}

/* "fold_2.class_7.iteration_4" */
static void
name_iteration(const struct glm *glm, int64_t iter, struct buf *out)
{
	char class[GLM_CLASS_TEXT];

	if (glm->fold >= 0)
		buf_addf(out, "fold_%lld.", (long long)glm->fold);
	if (glm->n_models > 1) {
		glm_class_text(glm->positive, class);
		buf_addf(out, "class_%s.", class);
	}
	buf_addf(out, "iteration_%lld", (long long)iter);
}

static enum err
evaluate(struct glm *glm, const struct glm_data *data, int64_t iter,
    struct eval_summary *out, struct buf *err)
{
	double *p = xcalloc(data->n, sizeof(*p));
	struct predictions of = {data, p, glm->model->eval};
	struct eval_where where = {
	    .name_space = data == &glm->train ? "train" : "validate"};
	struct buf name = BUF_INIT;
	enum err rc = glm_score_guest(glm, data, p, err);

	name_iteration(glm, iter, &name);
	where.name = name.ptr;
	if (!rc)
		rc = report(glm, &of, where, out, err);
	buf_release(&name);
	free(p);
	return rc;
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
	size_t n = glm->p.first_metric_only && now->n > 1 ? 1 : now->n;

	if (!s)
		s = glm->stopper = xcalloc(1, sizeof(*s));
	*best = n > 0;
	for (size_t i = 0; i < n; i++) {
		enum eval_metric m = now->at[i].metric;

		s->waiting[m]++;
		if (!s->has[m] || is_better(m, now->at[i].value, s->best[m])) {
			s->has[m] = true;
			s->best[m] = now->at[i].value;
			s->waiting[m] = 0;
		}
		*best = *best && s->waiting[m] == 0;
		*stop = *stop || s->waiting[m] >= glm->p.stop_rounds;
	}
}

enum err
glm_validate_guest(struct glm *glm, int64_t iter, bool *stop, struct buf *err)
{
	struct eval_summary now = {.n = 0};
	bool best = false;
	enum err rc;

	if (!glm_validates(glm, iter))
		return ERR_OK;
	rc = evaluate(glm, &glm->train, iter, NULL, err);
	if (!rc && glm->has_eval)
		rc = evaluate(glm, &glm->eval, iter, &now, err);
	if (rc || !stops_early(glm))
		return rc;
	judge(glm, &now, stop, &best);
	if (best)
		glm_remember(glm, iter);
	return glm_send_flags(
	    glm, "glm_validation", "stop", *stop, "best", best, err);
}

enum err
glm_validate_other(struct glm *glm, int64_t iter, bool *stop, struct buf *err)
{
	bool best = false;
	enum err rc;

	if (!glm_validates(glm, iter))
		return ERR_OK;
	rc = glm_score_other(glm, &glm->train, glm->n, err);
	if (!rc && glm->has_eval)
		rc = glm_score_other(glm, &glm->eval, glm->n_eval, err);
	if (rc || !stops_early(glm))
		return rc;
	rc = glm_receive_flags(
	    glm, "guest", "glm_validation", "stop", stop, "best", &best, err);
	if (!rc && best)
		glm_remember(glm, iter);
	return rc;
}
