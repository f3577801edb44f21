/*
 * Logistic regression on vertically split data, HeteroLR (contract:
 * components, sections 2.3, 2.4 and 6.2). Private to glm*.c.
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
 * Rows are encrypted, sent and summed GLM_CHUNK at a time, a message each, so
 * that memory does not grow with them and the parties work side by side.
 *
 * A score is found by masking: hosts send [[u_h]], the guest adds its own
 * part and a random mask, the arbiter decrypts, the guest takes the mask off.
 *
 * Fixed point: u has 40 fractional bits and must stay below 2^50, d has 42, a
 * column up to 60 of its own choice, brought to 60 under encryption; so
 * gradients have 102 and the loss 100, and no scale tells about the data.
 */
#ifndef FF_TASK_COMPONENTS_GLM_H
#define FF_TASK_COMPONENTS_GLM_H

#include "lib/crypto/paillier_many.h"
#include "lib/math/optimizer.h"
#include "task/task.h"

#define GLM_U_SCALE	   40U
#define GLM_U_BITS	   90U /* |u| < 2^50 */
#define GLM_FACTOR_SCALE   60U
#define GLM_COLUMN_BITS	   24U /* of a feature, sign apart */
#define GLM_CROSS_BITS	   53U /* of a factor in the loss */
#define GLM_D_SCALE	   (GLM_U_SCALE + 2)
#define GLM_GRADIENT_SCALE (GLM_D_SCALE + GLM_FACTOR_SCALE)
#define GLM_LOSS_SCALE	   (GLM_U_SCALE + GLM_FACTOR_SCALE)
#define GLM_WIDE_BITS	   260U /* of plaintexts at the last two scales */
#define GLM_SUM_BITS	   110U /* of a sum of u over 2^20 parties */
#define GLM_MASK_BITS	   (GLM_SUM_BITS + 64)
#define GLM_MASK_WIDTH	   24U		  /* bytes; 2^192 > 2^174 + 2^111 */
#define GLM_CHUNK	   ((size_t)4096) /* rows of a message */

struct glm_param {
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
glm_param_read(const struct task *t, struct glm_param *out, struct buf *err);
/* Is iteration k followed by a validation? */
bool glm_validates(const struct glm_param *p, int64_t k);

/* A party's rows: dense (columns NULL) or sparse by row. */
struct glm_data {
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

enum err glm_data_read(
    const struct task_data *input, struct glm_data *out, struct buf *err);
void glm_data_release(struct glm_data *data);
/* The guest's labels as -1 and 1; more than two classes are refused. */
enum err
glm_data_signs(const struct glm_data *data, double **out, struct buf *err);
/* u[i] = row i * w + b for rows lo..hi-1; u has hi-lo places. */
void glm_data_scores(const struct glm_data *data, const double *w, double b,
    size_t lo, size_t hi, double *u);

/* One column as integers for the encrypted sums. */
struct glm_column {
	int64_t *x;
	uint32_t *rows; /* sparse only, increasing */
	size_t n;
	unsigned scale;
};
enum err glm_columns_new(
    const struct glm_data *data, struct glm_column **out, struct buf *err);
void glm_columns_free(struct glm_column *columns, size_t d);

/* Numbers that are used again and again: v has room for n of them. */
struct glm_vector {
	mpz_t *v;
	size_t n;
};
void glm_vector_reserve(struct glm_vector *v, size_t n);
void glm_vector_release(struct glm_vector *v);

/* Everything of one party's run. */
struct glm {
	struct task *t;
	struct glm_param p;
	size_t n_hosts;
	struct paillier_public *pub;
	struct paillier_secret *secret; /* arbiter */
	struct glm_data train;
	struct glm_data eval;
	struct glm_column *columns;
	double *w; /* train.d coefficients, then the guest's intercept */
	size_t n_w;
	bool has_intercept;
	double *y;		     /* guest: -1 or 1 */
	size_t n;		     /* training rows */
	size_t n_eval;		     /* rows of the other set */
	struct glm_vector c;	     /* a chunk's ciphertexts */
	struct glm_vector other;     /* another party's, or plain numbers */
	struct paillier_sums *sums;  /* of the gradient */
	struct paillier_sums *cross; /* guest: of the loss */
	struct paillier_factors *factors; /* n_w */
	unsigned *shift;		  /* n_w: to GLM_FACTOR_SCALE */
	int64_t iters;
	bool converged;
	double *best_w;
	int64_t best_iteration;	     /* -1: none */
	struct glm_stopper *stopper; /* guest */
};

/* ---- messages (glm_wire.c) ---- */

enum err glm_make_key(struct glm *glm, struct buf *err);
enum err glm_receive_key(struct glm *glm, struct buf *err);

enum err glm_send_vector(struct glm *glm, const struct mailbox_party *to,
    const char *tag, mpz_t *c, size_t n, struct buf *err);
/* `n` ciphertexts are expected; n 0 takes any number and tells it. */
enum err glm_receive_vector(struct glm *glm, const struct mailbox_party *from,
    const char *tag, struct glm_vector *c, size_t *n, struct buf *err);
/* A chunk [[sum over the hosts]] into glm->c. */
enum err
glm_receive_hosts(struct glm *glm, const char *tag, size_t n, struct buf *err);
/* [[u[i]]] at GLM_U_SCALE to the guest, a message for each chunk. */
enum err glm_send_scores(struct glm *glm, const char *tag, const double *u,
    size_t n, struct buf *err);
/* Encodes at GLM_U_SCALE. */
enum err glm_encode_score(mpz_t out, double u, struct buf *err);
/* The length of the chunk at row `at` of `hi`. */
size_t glm_chunk(size_t at, size_t hi);

enum err glm_send_doubles(struct glm *glm, const struct mailbox_party *to,
    const char *tag, const double *v, size_t n, struct buf *err);
enum err glm_receive_doubles(struct glm *glm, const struct mailbox_party *from,
    const char *tag, double *v, size_t n, struct buf *err);
/* A flag or two to everybody: {"<key>": bool, ...}. */
enum err glm_send_flags(struct glm *glm, const char *tag, const char *first,
    bool first_value, const char *second, bool second_value, struct buf *err);
enum err glm_receive_flags(struct glm *glm, const char *from_role,
    const char *tag, const char *first, bool *first_out, const char *second,
    bool *second_out, struct buf *err);

/*
 * Guest and hosts compare their ids, by a salted digest: the rows must be the
 * same in the same order. The arbiter hears the number of rows alone.
 */
enum err
glm_align(struct glm *glm, const struct glm_data *data, struct buf *err);
enum err glm_align_arbiter(struct glm *glm, size_t *n_out, struct buf *err);

/* ---- steps (glm_gradient.c) ---- */

/* How many batches n rows make, and where the i-th lies. */
size_t glm_batches(const struct glm *glm);
void glm_batch(const struct glm *glm, size_t i, size_t *lo, size_t *hi);

/* Takes [[d]] of rows lo..hi-1, at most GLM_CHUNK, into the gradient. */
enum err glm_add_gradient(
    struct glm *glm, mpz_t *d, size_t lo, size_t hi, struct buf *err);
/* This party's encrypted gradient of `rows` rows to the arbiter. */
enum err glm_send_gradient(struct glm *glm, size_t rows, struct buf *err);
/* Takes the step that comes back. */
enum err glm_take_step(struct glm *glm, int64_t iter, struct buf *err);

/* Masks for one more batch of so many rows, made while others work. */
void glm_masks_ahead(const struct glm *glm, size_t rows);

/* Remembers or restores the weights of the best iteration. */
void glm_remember(struct glm *glm, int64_t iter);
void glm_restore(struct glm *glm);
enum err glm_init_weights(struct glm *glm, struct buf *err);

/* ---- scores (glm_score.c) ---- */

/* Guest: probabilities of all rows; p has data->n places. */
enum err glm_score_guest(
    struct glm *glm, const struct glm_data *data, double *p, struct buf *err);
enum err
glm_score_host(struct glm *glm, const struct glm_data *data, struct buf *err);
enum err glm_score_arbiter(struct glm *glm, size_t n, struct buf *err);

/* ---- validation at the guest (glm_validate.c) ---- */

enum err
glm_validate_guest(struct glm *glm, int64_t iter, bool *stop, struct buf *err);
enum err
glm_validate_other(struct glm *glm, int64_t iter, bool *stop, struct buf *err);
void glm_stopper_free(struct glm_stopper *s);

/* ---- output (glm_output.c) ---- */

enum err glm_write_model(struct glm *glm, struct buf *err);
enum err glm_read_model(struct glm *glm, struct buf *err);
/* Scores the sets of the task's mode; the guest writes the table. */
enum err glm_predict(struct glm *glm, struct buf *err);
/* The schema of a table of predictions for the rows of `data`. */
void glm_output_schema(const struct glm_data *data, struct table_schema *s);
/* A label as JSON. */
void glm_print_label(const struct table_label *label, struct buf *out);

/* ---- fitting, by role ---- */

enum err glm_fit_guest(struct glm *glm, struct buf *err);
enum err glm_fit_host(struct glm *glm, struct buf *err);
enum err glm_fit_arbiter(struct glm *glm, struct buf *err);

bool glm_is(const struct glm *glm, const char *role);
const struct mailbox_party *glm_arbiter(const struct glm *glm);
const struct mailbox_party *glm_guest(const struct glm *glm);
const struct mailbox_party *glm_host(const struct glm *glm, size_t i);

#endif
