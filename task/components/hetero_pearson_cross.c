/*
 * What guest and host do alike: meet, open their shares. The guest's rows are
 * proven before any value is sent, so that nobody waits for another's rows.
 */
#include "lib/base/mem.h"
#include "task/components/hetero_pearson.h"

#include <stdlib.h>
#include <string.h>

#define SHARE_WIDTH (SHARED_DOT_OPEN_BITS / 8)

_Static_assert(SHARED_DOT_OPEN_BITS % 8 == 0, "shares are whole bytes");

size_t
pearson_packed(const struct pearson *p, size_t g)
{
	const struct pearson_cross *x = &p->cross;
	size_t at = g * x->dot.slots, left;

	left = at < x->n_guest ? x->n_guest - at : 0;
	return left < x->dot.slots ? left : x->dot.slots;
}

void
pearson_cross_release(struct pearson_cross *x)
{
	exchange_rows_release(&x->rows);
	cJSON_Delete(x->proof);
	paillier_secret_free(x->secret);
	paillier_public_free(x->pub);
	free(x->shares);
	exchange_vector_release(&x->c);
}

/* ---- to meet ---- */

static enum err
take_count(
    const struct pearson *p, const cJSON *o, size_t *out, struct buf *err)
{
	int64_t n = json_int(o, "count", 0);

	if (n < 1 || n > (int64_t)PEARSON_COLUMNS_MAX)
		return err_set(err, ERR_INVALID,
		    "%s %s has %lld columns, expected 1 to %zu",
		    p->cross.peer->role, p->cross.peer->party_id, (long long)n,
		    PEARSON_COLUMNS_MAX);
	*out = (size_t)n;
	return ERR_OK;
}

/* The host waits for the guest's rows: it reads its own beside them. */
static enum err
follow_guest(struct pearson *p, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	enum err rc = exchange_receive_key(
	    p->t, x->peer, "pearson_public_key", &x->pub, err);

	if (!rc)
		rc = mailbox_receive_json(p->t->mail, x->peer, "pearson_align",
		    MESSAGE_AGGREGATE, &x->proof, err);
	if (!rc)
		rc = exchange_rows_follow(
		    &x->rows, p->t, x->proof, p->own.n, err);
	return rc ? rc : take_count(p, x->proof, &x->n_guest, err);
}

enum err
pearson_cross_begin(struct pearson *p, struct buf *err)
{
	if (!p->is_guest)
		return follow_guest(p, err);
	exchange_rows_begin(&p->cross.rows);
	return ERR_OK;
}

static enum err
send_count(struct pearson *p, const char *tag, cJSON *o, struct buf *err)
{
	json_add_int(o, "count", (int64_t)p->d);
	return mailbox_send_json(
	    p->t->mail, p->cross.peer, tag, MESSAGE_AGGREGATE, o, err);
}

static enum err
meet_host(struct pearson *p, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	cJSON *o = exchange_rows_proof(&x->rows);
	enum err rc;

	x->n_guest = p->d;
	rc = exchange_make_key(p->t, PAILLIER_BITS_MIN, &x->secret, err);
	if (!rc)
		rc = exchange_send_key(
		    p->t, x->peer, "pearson_public_key", x->secret, err);
	if (!rc)
		rc = send_count(p, "pearson_align", o, err);
	cJSON_Delete(o);
	o = NULL;
	if (!rc)
		rc = mailbox_receive_json(p->t->mail, x->peer,
		    "pearson_columns", MESSAGE_AGGREGATE, &o, err);
	if (!rc)
		rc = take_count(p, o, &x->n_host, err);
	cJSON_Delete(o);
	return rc;
}

static enum err
meet_guest(struct pearson *p, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	cJSON *o;
	enum err rc = exchange_rows_check(&x->rows, p->t, x->proof, err);

	if (rc)
		return rc;
	x->n_host = p->d;
	o = cJSON_CreateObject();
	rc = send_count(p, "pearson_columns", o, err);
	cJSON_Delete(o);
	return rc;
}

/* Standardised columns have one equation of their own: they add up to 0. */
static void
warn_of_few_rows(const struct pearson *p)
{
	const struct pearson_cross *x = &p->cross;
	size_t rows = (size_t)p->own.n;

	if (x->n_guest + 1 < rows && x->n_host + 1 < rows)
		return;
	log_warn("%zu and %zu columns of guest and host have %zu rows: from "
		 "as many correlations as rows a party can compute the "
		 "other's standardised values",
	    x->n_guest, x->n_host, rows);
}

/* ---- to open ---- */

static enum err
send_shares(struct pearson *p, size_t n, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	uint8_t *bytes = xreallocarray(NULL, n, SHARE_WIDTH);
	enum err rc;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < SHARE_WIDTH; k++)
			bytes[i * SHARE_WIDTH + k] =
			    (uint8_t)(x->shares[i] >>
				      8 * (SHARE_WIDTH - 1 - k));
	rc = mailbox_send(p->t->mail, x->peer, "pearson_share", MESSAGE_BLINDED,
	    (int64_t)n, bytes, n * SHARE_WIDTH, err);
	free(bytes);
	return rc;
}

static void
open_share(struct pearson *p, size_t i, const uint8_t *bytes)
{
	struct pearson_cross *x = &p->cross;
	uint64_t own = x->shares[i], theirs = 0;

	for (size_t k = 0; k < SHARE_WIDTH; k++)
		theirs = theirs << 8 | bytes[k];
	p->corr[i] = correlation_clamp(
	    p->is_guest ? shared_dot_open(&x->dot, own, theirs)
			: shared_dot_open(&x->dot, theirs, own));
}

static enum err
open_shares(struct pearson *p, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	size_t n = x->n_guest * x->n_host;
	struct buf theirs = BUF_INIT;
	enum err rc = send_shares(p, n, err);

	if (!rc)
		rc = mailbox_receive(p->t->mail, x->peer, "pearson_share",
		    MESSAGE_BLINDED, &theirs, NULL, err);
	if (!rc && theirs.len != n * SHARE_WIDTH)
		rc = err_set(err, ERR_INVALID,
		    "%s %s opened %zu bytes of shares, expected %zu of %zu "
		    "correlations",
		    x->peer->role, x->peer->party_id, theirs.len,
		    n * SHARE_WIDTH, n);
	if (!rc)
		p->corr = xcalloc(n, sizeof(*p->corr));
	for (size_t i = 0; !rc && i < n; i++)
		open_share(p, i, (const uint8_t *)theirs.ptr + i * SHARE_WIDTH);
	buf_release(&theirs);
	return rc;
}

enum err
pearson_cross_finish(struct pearson *p, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	const struct paillier_public *pub;
	enum err rc = p->is_guest ? meet_host(p, err) : meet_guest(p, err);

	if (rc)
		return rc;
	warn_of_few_rows(p);
	pub = p->is_guest ? paillier_public_of(x->secret) : x->pub;
	rc = shared_dot_init(
	    &x->dot, (uint64_t)p->own.n, paillier_headroom(pub), err);
	if (rc)
		return rc;
	x->packed_rows =
	    (size_t)p->own.n * ((x->n_guest + x->dot.slots - 1) / x->dot.slots);
	x->shares = xcalloc(x->n_guest * x->n_host, sizeof(*x->shares));
	rc = p->is_guest ? pearson_share_guest(p, err)
			 : pearson_share_host(p, err);
	return rc ? rc : open_shares(p, err);
}
