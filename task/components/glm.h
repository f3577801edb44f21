/*
 * Generalized linear models on vertically split data: HeteroLR, HeteroLinR,
 * HeteroPoisson (contract: components, sections 2.3 to 2.6 and 6.2). Private
 * to glm*.c. What makes the three differ is a row of functions and numbers
 * (struct glm_model, glm_model.h).
 *
 * The arbiter makes the Paillier key and is the only one to decrypt. Per
 * batch:
 *
 *	host    -> guest    [[u_h]] per row, u_h = X_h w_h
 *			    [[n * penalty_h + sum c u_h^2 / 2]] (one host only)
 *	guest   -> host     [[d]] per row, made random afresh:
 *			    d = c (u_g + sum u_h) - t
 *	guest   -> arbiter  [[n * loss]] (one host only)
 *	both    -> arbiter  [[n_b * gradient]] of their own columns
 *	arbiter -> both     the step of their own columns
 *
 * with c = 1/4, t = y/2 and y = -1, 1 for LR; c = 1, t = y for LinR. Poisson's
 * host sends [[exp(u_h)]] and, for the loss, [[u_h]]; its d is
 * exp(u_g) exp(u_h) - y.
 *
 * Rows are encrypted, sent and summed GLM_CHUNK at a time, a message each, so
 * that memory does not grow with them and the parties work side by side.
 *
 * A score is found by masking: hosts send [[u_h]], the guest adds its own
 * part and a random mask, the arbiter decrypts, the guest takes the mask off.
 *
 * Fixed point: u and exp(u) have 40 fractional bits and must stay below 2^50,
 * d has the model's d_scale, a column up to 60 of its own choice (below 0 of
 * huge values), brought to 60 under encryption; so gradients have d_scale + 60
 * and the loss 100, and no scale tells about the data.
 */
#ifndef FF_TASK_COMPONENTS_GLM_H
#define FF_TASK_COMPONENTS_GLM_H

#include "lib/math/eval.h"
#include "lib/math/optimizer.h"
#include "task/components/exchange.h"
#include "task/components/glm_data.h"
#include "task/components/glm_model.h"
#include "task/components/glm_param.h"
#include "task/task.h"

#define GLM_U_SCALE    40U
#define GLM_WHOLE_BITS 50U /* |u| < 2^50 */
#define GLM_U_BITS     (GLM_U_SCALE + GLM_WHOLE_BITS)
#define GLM_CROSS_BITS 53U /* of a weight in the loss */
#define GLM_CROSS_FORM \
	(&(const struct fixed_form){GLM_CROSS_BITS, 0, GLM_FACTOR_SCALE})
#define GLM_LOSS_BITS 31U /* of a residual in the loss: to 10^-9 of it */
#define GLM_LOSS_FORM                              \
	(&(const struct fixed_form){GLM_LOSS_BITS, \
	    (int)GLM_LOSS_BITS - 1 - (int)GLM_WHOLE_BITS, GLM_FACTOR_SCALE})
#define GLM_LOSS_SCALE (GLM_U_SCALE + GLM_FACTOR_SCALE)
#define GLM_WIDE_BITS  260U /* of plaintexts at the last two scales */
#define GLM_SUM_BITS   110U /* of a sum of u over 2^20 parties */
#define GLM_MASK_BITS  (GLM_SUM_BITS + 64)
#define GLM_MASK_WIDTH 24U	      /* bytes; 2^192 > 2^174 + 2^111 */
#define GLM_CHUNK      ((size_t)4096) /* rows of a message */

struct glm;

/* A party's rows as what encrypted sums over batches of them need. */
struct glm_set {
	const struct glm_data *data;
	struct glm_column *columns;
	struct paillier_rows *rows;	  /* of a chunk; made when used */
	struct paillier_sums *sums;	  /* of the gradient; likewise */
	struct paillier_factors *factors; /* n_w */
	unsigned *shift;		  /* n_w: to GLM_FACTOR_SCALE */
};

/* Rows lo..hi-1 of a set at weights w, on their way to a gradient. */
struct glm_batch {
	struct glm_set *set;
	const double *w;
	size_t lo;
	size_t hi;
	const char *tag; /* under which the gradient is sent */
	size_t index;	 /* among the batches */
	bool is_first;	 /* of this batch, in this fit */
	bool has_loss;
	const double *y; /* guest: of all the set's rows */
	double *u;	 /* this party's scores */
	double *d;	 /* guest: its own part of the residuals */
	int64_t *k;	 /* guest: factors of d in the loss, at k_scale */
	int k_scale;
};

/* What came of one fit. */
struct glm_fitted {
	double *w; /* coefficients, then the guest's intercept */
	int64_t iters;
	bool converged;
	int64_t best_iteration; /* -1: none */
};

/* Everything of one party's run. */
struct glm {
	struct task *t;
	const struct glm_model *model;
	struct glm_param p;
	size_t n_hosts;
	struct paillier_public *pub;
	struct paillier_secret *secret; /* arbiter */
	struct glm_data train;
	struct glm_data eval;
	size_t n;      /* training rows */
	size_t n_eval; /* rows of the other set */
	bool fits;
	bool has_eval;
	struct exchange_vector c;     /* a chunk's ciphertexts */
	struct exchange_vector other; /* another party's, or plain numbers */
	/* one for all, or one for each class when there are more than two */
	struct glm_fitted *fitted;
	size_t n_models;
	double *classes; /* n_models; of the guest's labels, or 0, 1, ... */
	int64_t fold;	 /* of the cross validation, or -1 */
	bool is_quiet;	 /* no losses and validations are told */
	int64_t round;	 /* fits so far, of so many */
	int64_t rounds;
	/* of the fit that runs; glm_fit() starts and ends it */
	struct glm_set set;
	double *w; /* train.d coefficients, then the guest's intercept */
	size_t n_w;
	bool has_intercept;
	double positive;	     /* the label that is 1; others are -1 */
	double *y;		     /* guest: labels as the model takes them */
	struct paillier_sums *cross; /* Poisson's host: of its loss */
	struct paillier_sums *total; /* guest: of k d, or of d, for the loss */
	struct exchange_vector own;  /* guest: one number, its part of k d */
	struct exchange_vector
	    *label_sums;    /* Poisson's host: [[X^T y]] by batch */
	int64_t steps;	    /* of all batches so far */
	uint64_t sqn_state; /* guest: of the samples' seeds */
	struct glm_data sqn_sample;
	struct glm_set sqn_set;
	double loss;	      /* arbiter: of the last iteration */
	const size_t *widths; /* arbiter: of a stepwise fit, or NULL */
	int64_t iters;
	bool converged;
	double *best_w;
	int64_t best_iteration;	     /* -1: none */
	struct glm_stopper *stopper; /* guest */
};

bool glm_is(const struct glm *glm, const char *role);
const struct mailbox_party *glm_arbiter(const struct glm *glm);
const struct mailbox_party *glm_guest(const struct glm *glm);
const struct mailbox_party *glm_host(const struct glm *glm, size_t i);

/* All models, to the train set as it is: glm->fitted. */
enum err glm_fit(struct glm *glm, struct buf *err);
void glm_forget(struct glm *glm);
enum err glm_fit_guest(struct glm *glm, struct buf *err);
enum err glm_fit_host(struct glm *glm, struct buf *err);
enum err glm_fit_arbiter(struct glm *glm, struct buf *err);
/* One more iteration is done. */
void glm_count(struct glm *glm, int64_t iter);

/* Fits of fewer or more columns; the best is fitted[0] (glm_stepwise.c). */
enum err glm_stepwise(struct glm *glm, struct buf *err);
enum err glm_stepwise_arbiter(struct glm *glm, struct buf *err);
/* A fit and an evaluation for each fold (glm_folds.c). */
enum err glm_cross_validate(struct glm *glm, struct buf *err);

#endif
