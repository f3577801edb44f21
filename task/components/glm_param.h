/* The parameters of a generalized linear model (glm_param.c). */
#ifndef FF_TASK_COMPONENTS_GLM_PARAM_H
#define FF_TASK_COMPONENTS_GLM_PARAM_H

#include "lib/math/optimizer.h"
#include "task/task.h"

struct glm_param {
	const char *penalty_name; /* "L1", "L2", "NONE", "" for null */
	enum penalty penalty;
	double alpha;
	double tol;
	struct optimizer_param optimizer;
	int64_t batch_size;
	int64_t max_iter;
	const char *early_stop_name;
	enum converge early_stop;
	const char *init_method;
	double init_const;
	uint64_t seed;
	bool fit_intercept;
	unsigned key_bits;
	double threshold;
	const cJSON *freqs;  /* null, a number or a list */
	int64_t stop_rounds; /* 0: no early stopping by metric */
	const cJSON *metrics;
	bool first_metric_only;
	const char *exposure; /* column, "" for none */
	bool need_cv;
	int64_t cv_splits;
	bool cv_shuffle;
	int64_t cv_seed; /* -1: a fresh one */
	bool is_sqn;
	int64_t sqn_interval; /* steps between two pairs */
	int64_t sqn_memory;   /* pairs */
	int64_t sqn_sample;   /* rows */
	int64_t sqn_seed;     /* -1: a fresh one */
	bool need_stepwise;
	const char *score_name; /* "aic", "bic" */
	const char *direction;	/* "forward", "backward", "both" */
	int64_t max_step;
	int64_t nvmin; /* fewest columns, of all parties */
	int64_t nvmax; /* most of them, or INT64_MAX */
};

struct glm;
enum err glm_param_read(struct glm *glm, struct buf *err);
/* Is iteration k followed by a validation? */
bool glm_validates(const struct glm *glm, int64_t k);

#endif
