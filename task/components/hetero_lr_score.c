/*
 * Scores of rows. The guest learns the sum over the parties, as its output
 * demands; the arbiter sees sums under a mask 64 bits longer than they are,
 * so that what it decrypts tells it nothing (statistical distance 2^-64).
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "lib/crypto/random.h"
#include "task/components/hetero_lr.h"

static enum err
sum_hosts(struct lr *lr, size_t n, mpz_t **out, struct buf *err)
{
	mpz_t *more;
	enum err rc = ERR_OK;

	for (size_t h = 0; !rc && h < lr->n_hosts; h++) {
		rc = lr_receive_vector(
		    lr, lr_host(lr, h), "lr_host_score", &more, &n, err);
		if (rc)
			return rc;
		if (!*out) {
			*out = more;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			paillier_add(lr->pub, (*out)[i], (*out)[i], more[i]);
		lr_vector_free(more, n);
	}
	return rc;
}

/* c += u + 2^LR_SUM_BITS + mask; the second keeps the sum positive. */
static enum err
mask_scores(struct lr *lr, const double *u, mpz_t *masks, mpz_t *c, size_t n,
    struct buf *err)
{
	mpz_t plain, offset;
	enum err rc = ERR_OK;

	mpz_inits(plain, offset, NULL);
	mpz_setbit(offset, LR_SUM_BITS);
	for (size_t i = 0; !rc && i < n; i++) {
		random_bits(masks[i], LR_MASK_BITS);
		mpz_add(masks[i], masks[i], offset);
		rc = fixed_encode(
		    plain, u[i], LR_U_SCALE, LR_U_BITS, "a row's score", err);
		mpz_add(plain, plain, masks[i]);
		if (!rc)
			rc =
			    paillier_add_plain(lr->pub, c[i], c[i], plain, err);
		paillier_rerandomise(lr->pub, c[i]);
	}
	mpz_clears(plain, offset, NULL);
	return rc;
}

static enum err
unmask(struct lr *lr, mpz_t *masks, double *p, size_t n, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	mpz_t v;
	enum err rc;

	rc = mailbox_receive(lr->t->mail, lr_arbiter(lr), "lr_blinded_score",
	    MESSAGE_BLINDED, &bytes, NULL, err);
	if (!rc && bytes.len != n * LR_MASK_WIDTH)
		rc = err_set(err, ERR_INVALID,
		    "lr_blinded_score has %zu bytes, expected %zu", bytes.len,
		    n * LR_MASK_WIDTH);
	mpz_init(v);
	for (size_t i = 0; !rc && i < n; i++) {
		mpz_import(v, LR_MASK_WIDTH, 1, 1, 1, 0,
		    bytes.ptr + i * LR_MASK_WIDTH);
		mpz_sub(v, v, masks[i]);
		p[i] = sigmoid(fixed_decode(v, LR_U_SCALE));
	}
	mpz_clear(v);
	buf_release(&bytes);
	return rc;
}

enum err
lr_score_guest(
    struct lr *lr, const struct lr_data *data, double *p, struct buf *err)
{
	mpz_t *c = NULL, *masks = lr_vector_new(data->n);
	double *u = xcalloc(data->n, sizeof(*u));
	enum err rc;

	lr_data_scores(
	    data, lr->w, lr->has_intercept ? lr->w[data->d] : 0, 0, data->n, u);
	rc = sum_hosts(lr, data->n, &c, err);
	if (!rc)
		rc = mask_scores(lr, u, masks, c, data->n, err);
	if (!rc)
		rc = lr_send_vector(
		    lr, lr_arbiter(lr), "lr_masked_score", c, data->n, err);
	if (!rc)
		rc = unmask(lr, masks, p, data->n, err);
	lr_vector_free(c, c ? data->n : 0);
	lr_vector_free(masks, data->n);
	free(u);
	return rc;
}

enum err
lr_score_host(struct lr *lr, const struct lr_data *data, struct buf *err)
{
	mpz_t *c = lr_vector_new(data->n);
	double *u = xcalloc(data->n, sizeof(*u));
	enum err rc;

	lr_data_scores(data, lr->w, 0, 0, data->n, u);
	rc = lr_encrypt_scores(lr, u, c, data->n, err);
	if (!rc)
		rc = lr_send_vector(
		    lr, lr_guest(lr), "lr_host_score", c, data->n, err);
	lr_vector_free(c, data->n);
	free(u);
	return rc;
}

enum err
lr_score_arbiter(struct lr *lr, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	mpz_t *c = NULL;
	size_t n = 0, len;
	unsigned char fixed[LR_MASK_WIDTH];
	enum err rc;

	rc =
	    lr_receive_vector(lr, lr_guest(lr), "lr_masked_score", &c, &n, err);
	for (size_t i = 0; !rc && i < n; i++) {
		rc = paillier_decrypt(lr->secret, c[i], c[i], err);
		len = (mpz_sizeinbase(c[i], 2) + 7) / 8;
		if (!rc && (mpz_sgn(c[i]) < 0 || len > sizeof(fixed)))
			rc = err_set(err, ERR_INVALID,
			    "a masked score has %zu bytes, expected at most "
			    "%zu",
			    len, sizeof(fixed));
		if (rc)
			break;
		memset(fixed, 0, sizeof(fixed));
		mpz_export(fixed + sizeof(fixed) - len, NULL, 1, 1, 1, 0, c[i]);
		buf_add(&bytes, fixed, sizeof(fixed));
	}
	if (!rc)
		rc = mailbox_send(lr->t->mail, lr_guest(lr), "lr_blinded_score",
		    MESSAGE_BLINDED, (int64_t)n, bytes.ptr, bytes.len, err);
	lr_vector_free(c, n);
	buf_release(&bytes);
	return rc;
}
