/*
 * HeteroLR: logistic regression on vertically split data (contract:
 * components, sections 2.3, 2.4 and 6.2). Private to hetero_lr*.c.
 *
 * The arbiter makes the Paillier key and is the only one to decrypt. Per
 * batch:
 *
 *	host    -> guest    [[u_h]] per row, u_h = X_h w_h
 *			    [[n * penalty_h + sum u_h^2 / 8]] (one host only)
 *	guest   -> host     [[d]] per row, d = (u_g + sum u_h) / 4 - y / 2,
 *			    made random afresh
 *	guest   -> arbiter  [[n * loss]] (one host only)
 *	both    -> arbiter  [[n_b * gradient]] of their own columns
 *	arbiter -> both     the step of their own columns
 *
 * Rows are encrypted, sent and summed LR_CHUNK at a time, a message each, so
 * that memory does not grow with them and the parties work side by side.
 *
 * A score is found by masking: hosts send [[u_h]], the guest adds its own
 * part and a random mask, the arbiter decrypts, the guest takes the mask off.
 *
 * Fixed point: u has 40 fractional bits and must stay below 2^50, d has 42, a
 * column up to 60 of its own choice, brought to 60 under encryption; so
 * gradients have 102 and the loss 100, and no scale tells about the data.
 */
#ifndef FF_TASK_COMPONENTS_HETERO_LR_H
#define FF_TASK_COMPONENTS_HETERO_LR_H

#include "lib/crypto/paillier_many.h"
#include "lib/math/optimizer.h"
#include "task/task.h"

#define LR_U_SCALE	  40U
#define LR_U_BITS	  90U /* |u| < 2^50 */
#define LR_FACTOR_SCALE	  60U
#define LR_COLUMN_BITS	  24U /* of a feature, sign apart */
#define LR_CROSS_BITS	  53U /* of a factor in the loss */
#define LR_D_SCALE	  (LR_U_SCALE + 2)
#define LR_GRADIENT_SCALE (LR_D_SCALE + LR_FACTOR_SCALE)
#define LR_LOSS_SCALE	  (LR_U_SCALE + LR_FACTOR_SCALE)
#define LR_WIDE_BITS	  260U /* of plaintexts at the last two scales */
#define LR_SUM_BITS	  110U /* of a sum of u over 2^20 parties */
#define LR_MASK_BITS	  (LR_SUM_BITS + 64)
#define LR_MASK_WIDTH	  24U		 /* bytes; 2^192 > 2^174 + 2^111 */
#define LR_CHUNK	  ((size_t)4096) /* rows of a message */

struct lr_param {
	const char *penalty_name;
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
	bool has_seed;
	uint64_t seed;
	bool fit_intercept;
	unsigned key_bits;
	double threshold;
	const cJSON *freqs;  /* null, a number or a list */
	int64_t stop_rounds; /* 0: no early stopping by metric */
	const cJSON *metrics;
	bool first_metric_only;
};

enum err
lr_param_read(const struct task *t, struct lr_param *out, struct buf *err);
/* Is iteration k followed by a validation? */
bool lr_validates(const struct lr_param *p, int64_t k);

/* A party's rows: dense (columns NULL) or sparse by row. */
struct lr_data {
	struct table_schema schema;
	size_t n;		    /* rows */
	size_t d;		    /* columns */
	char **ids;		    /* n */
	struct table_label *labels; /* n; texts are owned */
	double *values;		    /* n*d, or all stored ones */
	uint32_t *columns;	    /* sparse only */
	size_t *start;		    /* sparse only: n+1 offsets */
	int partitions;
};

enum err lr_data_read(
    const struct task_data *input, struct lr_data *out, struct buf *err);
void lr_data_release(struct lr_data *data);
/* The guest's labels as -1 and 1; more than two classes are refused. */
enum err
lr_data_signs(const struct lr_data *data, double **out, struct buf *err);
/* u[i] = row i * w + b for rows lo..hi-1; u has hi-lo places. */
void lr_data_scores(const struct lr_data *data, const double *w, double b,
    size_t lo, size_t hi, double *u);

/* One column as integers for the encrypted sums. */
struct lr_column {
	int64_t *x;
	uint32_t *rows; /* sparse only, increasing */
	size_t n;
	unsigned scale;
};
enum err lr_columns_new(
    const struct lr_data *data, struct lr_column **out, struct buf *err);
void lr_columns_free(struct lr_column *columns, size_t d);

/* Numbers that are used again and again: v has room for n of them. */
struct lr_vector {
	mpz_t *v;
	size_t n;
};
void lr_vector_reserve(struct lr_vector *v, size_t n);
void lr_vector_release(struct lr_vector *v);

/* Everything of one party's run. */
struct lr {
	struct task *t;
	struct lr_param p;
	size_t n_hosts;
	struct paillier_public *pub;
	struct paillier_secret *secret; /* arbiter */
	struct lr_data train;
	struct lr_data eval;
	struct lr_column *columns;
	double *w; /* train.d coefficients, then the guest's intercept */
	size_t n_w;
	bool has_intercept;
	double *y;		     /* guest: -1 or 1 */
	size_t n;		     /* training rows */
	size_t n_eval;		     /* rows of the other set */
	struct lr_vector c;	     /* a chunk's ciphertexts */
	struct lr_vector other;	     /* another party's, or plain numbers */
	struct paillier_sums *sums;  /* of the gradient */
	struct paillier_sums *cross; /* guest: of the loss */
	struct paillier_factors *factors; /* n_w */
	unsigned *shift;		  /* n_w: to LR_FACTOR_SCALE */
	int64_t iters;
	bool converged;
	double *best_w;
	int64_t best_iteration;	    /* -1: none */
	struct lr_stopper *stopper; /* guest */
};

/* ---- messages (hetero_lr_wire.c) ---- */

enum err lr_make_key(struct lr *lr, struct buf *err);
enum err lr_receive_key(struct lr *lr, struct buf *err);

enum err lr_send_vector(struct lr *lr, const struct mailbox_party *to,
    const char *tag, mpz_t *c, size_t n, struct buf *err);
/* `n` ciphertexts are expected; n 0 takes any number and tells it. */
enum err lr_receive_vector(struct lr *lr, const struct mailbox_party *from,
    const char *tag, struct lr_vector *c, size_t *n, struct buf *err);
/* A chunk [[sum over the hosts]] into lr->c. */
enum err
lr_receive_hosts(struct lr *lr, const char *tag, size_t n, struct buf *err);
/* [[u[i]]] at LR_U_SCALE to the guest, a message for each chunk. */
enum err lr_send_scores(
    struct lr *lr, const char *tag, const double *u, size_t n, struct buf *err);
/* Encodes at LR_U_SCALE. */
enum err lr_encode_score(mpz_t out, double u, struct buf *err);
/* The length of the chunk at row `at` of `hi`. */
size_t lr_chunk(size_t at, size_t hi);

enum err lr_send_doubles(struct lr *lr, const struct mailbox_party *to,
    const char *tag, const double *v, size_t n, struct buf *err);
enum err lr_receive_doubles(struct lr *lr, const struct mailbox_party *from,
    const char *tag, double *v, size_t n, struct buf *err);
/* A flag or two to everybody: {"<key>": bool, ...}. */
enum err lr_send_flags(struct lr *lr, const char *tag, const char *first,
    bool first_value, const char *second, bool second_value, struct buf *err);
enum err lr_receive_flags(struct lr *lr, const char *from_role, const char *tag,
    const char *first, bool *first_out, const char *second, bool *second_out,
    struct buf *err);

/*
 * Guest and hosts compare their ids, by a salted digest: the rows must be the
 * same in the same order. The arbiter hears the number of rows alone.
 */
enum err lr_align(struct lr *lr, const struct lr_data *data, struct buf *err);
enum err lr_align_arbiter(struct lr *lr, size_t *n_out, struct buf *err);

/* ---- steps (hetero_lr_gradient.c) ---- */

/* How many batches n rows make, and where the i-th lies. */
size_t lr_batches(const struct lr *lr);
void lr_batch(const struct lr *lr, size_t i, size_t *lo, size_t *hi);

/* Takes [[d]] of rows lo..hi-1, at most LR_CHUNK, into the gradient. */
enum err
lr_add_gradient(struct lr *lr, mpz_t *d, size_t lo, size_t hi, struct buf *err);
/* This party's encrypted gradient of `rows` rows to the arbiter. */
enum err lr_send_gradient(struct lr *lr, size_t rows, struct buf *err);
/* Takes the step that comes back. */
enum err lr_take_step(struct lr *lr, int64_t iter, struct buf *err);

/* Masks for one more batch of so many rows, made while others work. */
void lr_masks_ahead(const struct lr *lr, size_t rows);

/* Remembers or restores the weights of the best iteration. */
void lr_remember(struct lr *lr, int64_t iter);
void lr_restore(struct lr *lr);
enum err lr_init_weights(struct lr *lr, struct buf *err);

/* ---- scores (hetero_lr_score.c) ---- */

/* Guest: probabilities of all rows; p has data->n places. */
enum err lr_score_guest(
    struct lr *lr, const struct lr_data *data, double *p, struct buf *err);
enum err
lr_score_host(struct lr *lr, const struct lr_data *data, struct buf *err);
enum err lr_score_arbiter(struct lr *lr, size_t n, struct buf *err);

/* ---- validation at the guest (hetero_lr_validate.c) ---- */

enum err
lr_validate_guest(struct lr *lr, int64_t iter, bool *stop, struct buf *err);
enum err
lr_validate_other(struct lr *lr, int64_t iter, bool *stop, struct buf *err);
void lr_stopper_free(struct lr_stopper *s);

/* ---- output (hetero_lr_output.c) ---- */

enum err lr_write_model(struct lr *lr, struct buf *err);
enum err lr_read_model(struct lr *lr, struct buf *err);
/* Scores the sets of the task's mode; the guest writes the table. */
enum err lr_predict(struct lr *lr, struct buf *err);
/* The schema of a table of predictions for the rows of `data`. */
void lr_output_schema(const struct lr_data *data, struct table_schema *s);
/* A label as JSON. */
void lr_print_label(const struct table_label *label, struct buf *out);

/* ---- fitting, by role ---- */

enum err lr_fit_guest(struct lr *lr, struct buf *err);
enum err lr_fit_host(struct lr *lr, struct buf *err);
enum err lr_fit_arbiter(struct lr *lr, struct buf *err);

bool lr_is(const struct lr *lr, const char *role);
const struct mailbox_party *lr_arbiter(const struct lr *lr);
const struct mailbox_party *lr_guest(const struct lr *lr);
const struct mailbox_party *lr_host(const struct lr *lr, size_t i);

#endif
