/*
 * Scores of rows. The guest learns the sum over the parties, as its output
 * demands; the arbiter sees sums under a mask 64 bits longer than they are,
 * so that what it decrypts tells it nothing (statistical distance 2^-64).
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "lib/crypto/random.h"
#include "task/components/glm_steps.h"

/* v >= 0 in GLM_MASK_WIDTH big-endian bytes, which it fits. */
static void
put_fixed(unsigned char *to, const mpz_t v)
{
	size_t len = (mpz_sizeinbase(v, 2) + 7) / 8;

	memset(to, 0, GLM_MASK_WIDTH);
	mpz_export(to + GLM_MASK_WIDTH - len, NULL, 1, 1, 1, 0, v);
}

/* c += u + 2^GLM_SUM_BITS + mask; the second keeps the sum positive. */
static enum err
mask_scores(struct glm *glm, const double *u, unsigned char *masks, size_t n,
    struct buf *err)
{
	mpz_t *plain, mask, offset;
	enum err rc = ERR_OK;

	exchange_vector_reserve(&glm->other, n);
	plain = glm->other.v;
	mpz_inits(mask, offset, NULL);
	mpz_setbit(offset, GLM_SUM_BITS);
	for (size_t i = 0; !rc && i < n; i++) {
		random_bits(mask, GLM_MASK_BITS);
		mpz_add(mask, mask, offset);
		put_fixed(masks + i * GLM_MASK_WIDTH, mask);
		rc = glm_encode_score(plain[i], u[i], err);
		mpz_add(plain[i], plain[i], mask);
	}
	mpz_clears(mask, offset, NULL);
	if (rc)
		return rc;
	return paillier_add_blind_many(glm->pub, glm->c.v, plain, n, err);
}

static enum err
send_masked(struct glm *glm, const double *u, unsigned char *masks, size_t n,
    struct buf *err)
{
	size_t len;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < n; at += len) {
		len = glm_chunk(at, n);
		rc = glm_receive_hosts(glm, "glm_host_score", len, err);
		if (!rc)
			rc = mask_scores(
			    glm, u + at, masks + at * GLM_MASK_WIDTH, len, err);
		if (!rc)
			rc = glm_send_ciphers(glm, glm_arbiter(glm),
			    "glm_masked_score", len, err);
	}
	return rc;
}

static void
unmask_chunk(const struct glm *glm, const char *bytes,
    const unsigned char *masks, size_t n, double *p)
{
	mpz_t v, mask;

	mpz_inits(v, mask, NULL);
	for (size_t i = 0; i < n; i++) {
		mpz_import(
		    v, GLM_MASK_WIDTH, 1, 1, 1, 0, bytes + i * GLM_MASK_WIDTH);
		mpz_import(mask, GLM_MASK_WIDTH, 1, 1, 1, 0,
		    masks + i * GLM_MASK_WIDTH);
		mpz_sub(v, v, mask);
		p[i] = glm->model->link(fixed_decode(v, GLM_U_SCALE));
	}
	mpz_clears(v, mask, NULL);
}

static enum err
unmask(struct glm *glm, const unsigned char *masks, double *p, size_t n,
    struct buf *err)
{
	struct buf bytes = BUF_INIT;
	size_t len;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < n; at += len) {
		len = glm_chunk(at, n);
		buf_reset(&bytes);
		rc = mailbox_receive(glm->t->mail, glm_arbiter(glm),
		    "glm_blinded_score", MESSAGE_BLINDED, &bytes, NULL, err);
		if (!rc && bytes.len != len * GLM_MASK_WIDTH)
			rc = err_set(err, ERR_INVALID,
			    "glm_blinded_score has %zu bytes, expected %zu",
			    bytes.len, len * GLM_MASK_WIDTH);
		if (!rc)
			unmask_chunk(glm, bytes.ptr,
			    masks + at * GLM_MASK_WIDTH, len, p + at);
	}
	buf_release(&bytes);
	return rc;
}

/* The guest's own scores wait in p for the others'. */
enum err
glm_score_guest(
    struct glm *glm, const struct glm_data *data, double *p, struct buf *err)
{
	unsigned char *masks = xcalloc(data->n, GLM_MASK_WIDTH);
	enum err rc;

	glm_data_scores(data, glm->w, glm->has_intercept ? glm->w[data->d] : 0,
	    0, data->n, p);
	rc = send_masked(glm, p, masks, data->n, err);
	if (!rc)
		rc = unmask(glm, masks, p, data->n, err);
	free(masks);
	return rc;
}

static enum err
score_host(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	double *u = xcalloc(data->n, sizeof(*u));
	enum err rc;

	glm_data_scores(data, glm->w, 0, 0, data->n, u);
	rc = glm_send_scores(glm, "glm_host_score", u, data->n, err);
	free(u);
	return rc;
}

static enum err
unblind_chunk(struct glm *glm, size_t n, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	unsigned char fixed[GLM_MASK_WIDTH];
	size_t len;
	mpz_t *c = glm->c.v;
	enum err rc;

	rc = paillier_decrypt_many(glm->secret, c, n, err);
	for (size_t i = 0; !rc && i < n; i++) {
		len = (mpz_sizeinbase(c[i], 2) + 7) / 8;
		if (mpz_sgn(c[i]) < 0 || len > sizeof(fixed)) {
			rc = err_set(err, ERR_INVALID,
			    "a masked score has %zu bytes, expected at most "
			    "%zu",
			    len, sizeof(fixed));
			break;
		}
		put_fixed(fixed, c[i]);
		buf_add(&bytes, fixed, sizeof(fixed));
	}
	if (!rc)
		rc = mailbox_send(glm->t->mail, glm_guest(glm),
		    "glm_blinded_score", MESSAGE_BLINDED, (int64_t)n, bytes.ptr,
		    bytes.len, err);
	buf_release(&bytes);
	return rc;
}

static enum err
score_arbiter(struct glm *glm, size_t n, struct buf *err)
{
	size_t len;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < n; at += len) {
		len = glm_chunk(at, n);
		rc = glm_receive_ciphers(
		    glm, glm_guest(glm), "glm_masked_score", &glm->c, len, err);
		if (!rc)
			rc = unblind_chunk(glm, len, err);
	}
	return rc;
}

enum err
glm_score_other(
    struct glm *glm, const struct glm_data *data, size_t n, struct buf *err)
{
	return glm_is(glm, "arbiter") ? score_arbiter(glm, n, err)
				      : score_host(glm, data, err);
}

enum err
glm_score_all_guest(
    struct glm *glm, const struct glm_data *data, double *p, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t k = 0; !rc && k < glm->n_models; k++) {
		glm->w = glm->fitted[k].w;
		rc = glm_score_guest(glm, data, p + k * data->n, err);
	}
	glm->w = NULL;
	return rc;
}

enum err
glm_score_all_other(
    struct glm *glm, const struct glm_data *data, size_t n, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t k = 0; !rc && k < glm->n_models; k++) {
		glm->w = glm->fitted ? glm->fitted[k].w : NULL;
		rc = glm_score_other(glm, data, n, err);
	}
	glm->w = NULL;
	return rc;
}

size_t
glm_best_class(const struct glm *glm, const double *p, size_t n, size_t i)
{
	size_t best = 0;

	for (size_t k = 1; k < glm->n_models; k++)
		if (p[k * n + i] > p[best * n + i])
			best = k;
	return best;
}
