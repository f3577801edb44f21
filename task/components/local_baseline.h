/*
 * Private to LocalBaseline: a logistic regression of one party's rows, as
 * scikit-learn's with its defaults would be.
 *
 * Two classes have one vector of weights, for the second; more have one each.
 */
#ifndef FF_TASK_COMPONENTS_LOCAL_BASELINE_H
#define FF_TASK_COMPONENTS_LOCAL_BASELINE_H

#include "task/components/glm_steps.h"
#include "task/components/instances.h"

struct baseline {
	struct task *t;
	/* model_opts */
	char *penalty; /* as named: "l2", "l1", "elasticnet" or "none" */
	double l1, l2; /* its shares of |w| and of w^2 / 2: 0 to 1 */
	double c;      /* the inverse of its strength */
	double tol;
	int64_t max_iter;
	bool fit_intercept;
	bool is_ovr;		 /* of more than two classes, each on its own */
	bool is_multinomial;	 /* asked for by name */
	double intercept_column; /* liblinear: the intercept is punished as
				    the weight of a column of this; or 0 */
	char *solver;		 /* as named; the others find the same */
	const cJSON *class_weight;
	/* learnt */
	struct table_schema schema; /* of the data */
	int64_t *classes;	    /* rising */
	size_t n_classes;
	size_t n_vectors;
	double *w; /* n_vectors of schema.n_header + 1, intercept last */
	struct baseline_end {
		int64_t iters;
		bool is_converged;
	} * ends; /* n_vectors */
};

/*
 * What a score counts: 2 where multinomial was asked for and there are two
 * classes. Their vectors are each other's opposite, so the second is kept
 * alone, its penalty counts for both, and the odds are those of twice its
 * score. Else 1.
 */
double baseline_span(const struct baseline *b);

/* The vector of weights k. */
double *baseline_vector(const struct baseline *b, size_t k);

/* b's options and schema are set; the rest is learnt. */
enum err
baseline_fit(struct baseline *b, const struct glm_data *data, struct buf *err);
/* The probability of each class for each row: n_classes a row. */
void baseline_probabilities(
    const struct baseline *b, const struct glm_data *data, double *out);

enum err baseline_save(const struct baseline *b, struct buf *err);
/* b->schema is set; the model must have its columns. */
enum err baseline_load(struct baseline *b, struct buf *err);

#endif
