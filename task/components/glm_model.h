/*
 * What makes one generalized linear model differ from another: glm_model.c has
 * the quadratic ones, glm_poisson.c Poisson's.
 */
#ifndef FF_TASK_COMPONENTS_GLM_MODEL_H
#define FF_TASK_COMPONENTS_GLM_MODEL_H

#include "lib/math/eval.h"
#include "task/components/glm_data.h"

struct glm;
struct glm_batch;

/* A model: its formulas, and how rows become residuals. */
struct glm_model {
	const char *module;
	const char *buffer; /* of the model, less "Meta" and "Param" */
	enum eval_type eval;
	bool is_one_host;
	bool has_exposure;
	double curvature; /* c */
	unsigned d_scale;
	unsigned d_bits; /* |d| < 2^d_bits at that scale */
	unsigned loss_scale;
	double loss_base; /* of a batch's loss, whatever its rows */
	enum err (*labels)(const struct glm *glm, const struct glm_data *data,
	    double **y_out, struct buf *err);
	double (*target)(double y);		 /* t */
	double (*row_loss)(double u, double y);	 /* n * loss of u = u_g alone */
	double (*link)(double u);		 /* what is predicted */
	double (*misfit)(double n, double loss); /* of an IC */
	/* guest: what the host needs before a batch's first time, or NULL */
	enum err (*begin)(
	    struct glm *glm, const struct glm_batch *b, struct buf *err);
	/* host: rows u of a batch to the guest */
	enum err (*send_rows)(
	    struct glm *glm, const struct glm_batch *b, struct buf *err);
	/*
	 * host: glm->c becomes what of the loss crosses, at loss_scale; NULL:
	 * the guest adds that up from the rows
	 */
	enum err (*cross)(
	    struct glm *glm, const struct glm_batch *b, struct buf *err);
	/*
	 * guest: receives n rows at `at` of a batch; glm->c becomes [[d]], and
	 * glm->other what of it the guest added
	 */
	enum err (*residuals)(struct glm *glm, const struct glm_batch *b,
	    size_t at, size_t n, struct buf *err);
	/* the model's buffers; glm->fitted is what they say */
	enum err (*write)(struct glm *glm, struct buf *err);
	enum err (*read)(struct glm *glm, struct buf *err);
};

extern const struct glm_model glm_logistic;
extern const struct glm_model glm_linear;
extern const struct glm_model glm_poisson;

/* v itself; 2 n loss. */
double glm_same(double v);
double glm_misfit(double n, double loss);

#endif
