/*
 * Evaluation results as a task's metrics: names, types, metas and rounding of
 * the contract (components, sections 2.3 and 10).
 */
#ifndef FF_TASK_COMPONENTS_EVAL_REPORT_H
#define FF_TASK_COMPONENTS_EVAL_REPORT_H

#include "lib/math/eval.h"
#include "task/task.h"

/* Where results are reported: namespace "train", name "hetero_lr_0". */
struct eval_where {
	const char *name_space;
	const char *name;
};

/*
 * For validation while a model trains: the single-valued metrics among
 * `asked`, a list of names, in its order, or all of the type when it has
 * none of them; with ks its curves. Under {"train" or "validate",
 * "iteration_<k>"}. `out` (may be NULL) has the values for early stopping. A
 * metric that the rows do not define is left out with a line in task.log.
 */
enum err eval_report_single(struct task *t, enum eval_type type,
    const cJSON *asked, const struct eval_rows *rows, struct eval_where where,
    struct eval_summary *out, struct buf *err);

/*
 * All metrics of the list. `classes` names the classes of a multi
 * evaluation as JSON texts ("2", "\"b\""), else NULL.
 */
struct eval_request {
	enum eval_type type;
	const struct eval_metrics *metrics;
	const struct eval_rows *rows;
	char *const *classes;
	/* set: psi against these earlier rows, binary only */
	const struct eval_rows *expected;
};
enum err eval_report_all(struct task *t, const struct eval_request *request,
    struct eval_where where, struct eval_summary *out, struct buf *err);

#endif
