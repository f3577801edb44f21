/*
 * The steps that the parties of a generalized linear model go through, by the
 * file that has them.
 */
#ifndef FF_TASK_COMPONENTS_GLM_STEPS_H
#define FF_TASK_COMPONENTS_GLM_STEPS_H

#include "task/components/eval_report.h"
#include "task/components/glm.h"

/* ---- messages (glm_wire.c) ---- */

enum err glm_make_key(struct glm *glm, struct buf *err);
enum err glm_receive_key(struct glm *glm, struct buf *err);

/* n of glm->c, under the arbiter's key. */
enum err glm_send_ciphers(struct glm *glm, const struct mailbox_party *to,
    const char *tag, size_t n, struct buf *err);
/* n of them into glm->c or glm->other. */
enum err glm_receive_ciphers(struct glm *glm, const struct mailbox_party *from,
    const char *tag, struct exchange_vector *v, size_t n, struct buf *err);
/* A chunk [[sum over the hosts]] into glm->c. */
enum err
glm_receive_hosts(struct glm *glm, const char *tag, size_t n, struct buf *err);
/* [[u[i]]] at GLM_U_SCALE to the guest, n at most a chunk. */
enum err glm_send_chunk(struct glm *glm, const char *tag, const double *u,
    size_t n, struct buf *err);
/* The same of any number of rows, a message for each chunk. */
enum err glm_send_scores(struct glm *glm, const char *tag, const double *u,
    size_t n, struct buf *err);
/* Returns rc; a number that grew too large gets the likely reason. */
enum err glm_grown(enum err rc, struct buf *err);
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
 * same in the same order. The arbiter hears the number of rows alone. All
 * hear from the guest how many models there are, one or one per class.
 */
enum err
glm_align(struct glm *glm, const struct glm_data *data, struct buf *err);
enum err glm_align_arbiter(struct glm *glm, size_t *n_out, struct buf *err);

/* ---- a batch (glm_gradient.c) ---- */

/* How many batches n rows make, and where the i-th lies. */
size_t glm_batches(const struct glm *glm);
void glm_batch_at(const struct glm *glm, size_t i, size_t *lo, size_t *hi);

enum err
glm_set_init(struct glm_set *set, const struct glm_data *data, struct buf *err);
void glm_set_release(struct glm_set *set);

/* This party's scores of a batch's rows, in b->u; glm_batch_end() frees. */
void glm_batch_score(struct glm *glm, struct glm_batch *b);
void glm_batch_end(struct glm_batch *b);

/* Makes [[d]] of n rows of the batch, at most a chunk, ready for sums. */
enum err glm_take_rows(struct glm *glm, const struct glm_batch *b, mpz_t *d,
    size_t n, struct buf *err);
/* These rows, which are at `at` of the batch, into the gradient's sums. */
void glm_add_gradient(
    struct glm *glm, const struct glm_batch *b, size_t at, size_t n);
/* The same of all rows of the batch, as the guest sends them. */
enum err glm_sum_rows(struct glm *glm, const struct glm_batch *b,
    const char *tag, struct buf *err);
/*
 * glm->c, of n rows, += the guest's own part of d, made random; glm->other
 * has that part.
 */
enum err
glm_add_own(struct glm *glm, const double *d, size_t n, struct buf *err);
/* This party's encrypted gradient of the batch to the arbiter. */
enum err
glm_send_gradient(struct glm *glm, const struct glm_batch *b, struct buf *err);
/* Takes the step that comes back. */
enum err glm_take_step(struct glm *glm, int64_t iter, struct buf *err);

/* Masks for one more batch of so many rows, made while others work. */
void glm_masks_ahead(const struct glm *glm, size_t rows);

/* Rows and residuals of a batch cross, and gradients leave. */
enum err glm_batch_guest(struct glm *glm, struct glm_batch *b, struct buf *err);
enum err glm_batch_host(struct glm *glm, struct glm_batch *b, struct buf *err);

/* What makes a guest's iterations or a host's. */
struct glm_side {
	enum err (*batch)(
	    struct glm *glm, struct glm_batch *b, struct buf *err);
	enum err (*validate)(
	    struct glm *glm, int64_t iter, bool *stop, struct buf *err);
};
/* Until nothing more is to be gained, or max_iter (glm_iterate.c). */
enum err
glm_iterate(struct glm *glm, const struct glm_side *side, struct buf *err);

/* ---- curvature for sqn (glm_sqn.c) ---- */

void glm_sqn_init(struct glm *glm);
void glm_sqn_release(struct glm *glm);
/* How many rows the curvature is taken of. */
size_t glm_sqn_rows(const struct glm *glm);
/* Guest and host: a step is done; answers the arbiter when it asks. */
enum err glm_sqn_answer(struct glm *glm, struct buf *err);

/* Remembers the weights of the best iteration. */
void glm_remember(struct glm *glm, int64_t iter);

/* ---- scores (glm_score.c) ---- */

/* Guest: predictions by glm->w of all rows; p has data->n places. */
enum err glm_score_guest(
    struct glm *glm, const struct glm_data *data, double *p, struct buf *err);
/* The others' part in it; n is the arbiter's number of rows. */
enum err glm_score_other(
    struct glm *glm, const struct glm_data *data, size_t n, struct buf *err);
/* The same by every fitted model, p[k * data->n + i]. */
enum err glm_score_all_guest(
    struct glm *glm, const struct glm_data *data, double *p, struct buf *err);
enum err glm_score_all_other(
    struct glm *glm, const struct glm_data *data, size_t n, struct buf *err);
/* Of row i, the model of the highest score. */
size_t
glm_best_class(const struct glm *glm, const double *p, size_t n, size_t i);

/* ---- validation at the guest (glm_validate.c) ---- */

enum err
glm_validate_guest(struct glm *glm, int64_t iter, bool *stop, struct buf *err);
enum err
glm_validate_other(struct glm *glm, int64_t iter, bool *stop, struct buf *err);
void glm_stopper_free(struct glm_stopper *s);
/* Reports how n_models predictions p of the rows do. */
enum err glm_evaluate(struct glm *glm, const struct glm_data *data,
    const double *p, struct eval_where where, struct buf *err);

/* ---- predictions (glm_predict.c) ---- */

/* Scores the sets of the task's mode; the guest writes the table. */
enum err glm_predict(struct glm *glm, struct buf *err);
/* The schema of a table of predictions for the rows of `data`. */
void glm_output_schema(const struct glm_data *data, struct table_schema *s);
/* A row of it, a list as JSON. */
enum err glm_output_row(struct table_writer *w, const char *id,
    const struct buf *line, struct buf *err);
/* A label as JSON. */
void glm_print_label(const struct table_label *label, struct buf *out);

#endif
