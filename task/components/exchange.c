/* Ciphertexts travel as big-endian numbers of equal width, one message. */
#include "task/components/exchange.h"
#include "lib/base/mem.h"
#include "lib/crypto/random.h"

#include <stdlib.h>
#include <string.h>

static enum err
set_mask_bits(
    const struct task *t, const struct paillier_public *pub, struct buf *err)
{
	int64_t bits = json_int(t->root, "mask_bits", PAILLIER_MASK_BITS);

	if (bits < PAILLIER_MASK_BITS_MIN || bits > pub->bits)
		return err_set(err, ERR_INVALID,
		    "mask_bits is %lld, expected %d to %u "
		    "(federation.mask_bits)",
		    (long long)bits, PAILLIER_MASK_BITS_MIN, pub->bits);
	bits = (bits + 7) / 8 * 8;
	paillier_set_mask_bits(
	    (struct paillier_public *)(uintptr_t)pub, (unsigned)bits);
	log_info(
	    "Paillier key of %u bits, ciphertexts hidden by exponents of %lld",
	    pub->bits, (long long)bits);
	return ERR_OK;
}

enum err
exchange_make_key(struct task *t, unsigned bits, struct paillier_secret **out,
    struct buf *err)
{
	enum err rc = paillier_generate(bits, out, err);

	return rc ? rc : set_mask_bits(t, paillier_public_of(*out), err);
}

enum err
exchange_send_key(struct task *t, const struct mailbox_party *to,
    const char *tag, const struct paillier_secret *secret, struct buf *err)
{
	struct buf hex = BUF_INIT;
	cJSON *key = cJSON_CreateObject();
	enum err rc;

	paillier_public_print(paillier_public_of(secret), &hex);
	json_add_str(key, "n", hex.ptr);
	rc = mailbox_send_json(t->mail, to, tag, MESSAGE_KEY, key, err);
	cJSON_Delete(key);
	buf_release(&hex);
	return rc;
}

enum err
exchange_receive_key(struct task *t, const struct mailbox_party *from,
    const char *tag, struct paillier_public **out, struct buf *err)
{
	cJSON *key = NULL;
	enum err rc =
	    mailbox_receive_json(t->mail, from, tag, MESSAGE_KEY, &key, err);

	if (!rc)
		rc = paillier_public_parse(json_str(key, "n", ""), out, err);
	if (!rc)
		rc = set_mask_bits(t, *out, err);
	cJSON_Delete(key);
	return rc;
}

/* ---- ciphertexts ---- */

void
exchange_vector_reserve(struct exchange_vector *v, size_t n)
{
	if (n <= v->n)
		return;
	v->v = xreallocarray(v->v, n, sizeof(*v->v));
	for (size_t i = v->n; i < n; i++)
		mpz_init(v->v[i]);
	v->n = n;
}

void
exchange_vector_release(struct exchange_vector *v)
{
	for (size_t i = 0; i < v->n; i++)
		mpz_clear(v->v[i]);
	free(v->v);
	*v = (struct exchange_vector){NULL, 0};
}

enum err
exchange_send_ciphers(struct task *t, const struct mailbox_party *to,
    const struct exchange_ciphers *c, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	enum err rc;

	buf_reserve(&bytes, c->n * c->pub->width);
	for (size_t i = 0; i < c->n; i++)
		paillier_put(c->pub, c->v->v[i], &bytes);
	rc = mailbox_send(t->mail, to, c->tag, MESSAGE_CIPHERTEXT,
	    (int64_t)c->n, bytes.ptr, bytes.len, err);
	buf_release(&bytes);
	return rc;
}

enum err
exchange_receive_ciphers(struct task *t, const struct mailbox_party *from,
    struct exchange_ciphers *c, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	size_t width = c->pub->width, got;
	enum err rc = mailbox_receive(
	    t->mail, from, c->tag, MESSAGE_CIPHERTEXT, &bytes, NULL, err);

	got = bytes.len / width;
	if (!rc && (bytes.len % width || !got || (c->n && got != c->n)))
		rc = err_set(err, ERR_INVALID,
		    "%s from %s-%s has %zu bytes, expected %zu ciphertexts of "
		    "%zu bytes",
		    c->tag, from->role, from->party_id, bytes.len, c->n, width);
	if (!rc)
		exchange_vector_reserve(c->v, got);
	for (size_t i = 0; !rc && i < got; i++)
		rc = paillier_get(
		    c->pub, bytes.ptr + i * width, c->v->v[i], err);
	if (!rc)
		c->n = got;
	buf_release(&bytes);
	return rc;
}

/* ---- the same rows ---- */

static void
begin(struct exchange_rows *r)
{
	r->running = digest_new();
	digest_update(r->running, r->salt, strlen(r->salt));
}

void
exchange_rows_begin(struct exchange_rows *r)
{
	uint8_t random[DIGEST_SHA256_LEN];

	random_bytes(random, sizeof(random));
	digest_hex(random, sizeof(random), r->salt);
	begin(r);
}

void
exchange_rows_add(struct exchange_rows *r, const char *id, size_t len)
{
	digest_update(r->running, id, len);
	digest_update(r->running, "", 1);
	r->n++;
}

void
exchange_rows_release(struct exchange_rows *r)
{
	digest_free(r->running);
	r->running = NULL;
}

static void
end(struct exchange_rows *r, char out[DIGEST_HEX_LEN])
{
	uint8_t hash[DIGEST_SHA256_LEN];

	digest_final(r->running, hash);
	r->running = NULL;
	digest_hex(hash, sizeof(hash), out);
}

cJSON *
exchange_rows_proof(struct exchange_rows *r)
{
	char digest[DIGEST_HEX_LEN];
	cJSON *proof = cJSON_CreateObject();

	end(r, digest);
	json_add_int(proof, "rows", r->n);
	json_add_str(proof, "salt", r->salt);
	json_add_str(proof, "digest", digest);
	return proof;
}

enum err
exchange_rows_follow(struct exchange_rows *r, const struct task *t,
    const cJSON *proof, int64_t own, struct buf *err)
{
	const char *salt = json_str(proof, "salt", "");
	int64_t rows = json_int(proof, "rows", -1);

	if (rows != own)
		return err_set(err, ERR_INVALID,
		    "this party has %lld rows and the guest %lld; put "
		    "Intersection before %s",
		    (long long)own, (long long)rows, t->module);
	if (strlen(salt) + 1 != sizeof(r->salt))
		return err_set(
		    err, ERR_INVALID, "the guest's salt is no digest");
	memcpy(r->salt, salt, sizeof(r->salt));
	begin(r);
	return ERR_OK;
}

enum err
exchange_rows_check(struct exchange_rows *r, const struct task *t,
    const cJSON *proof, struct buf *err)
{
	char digest[DIGEST_HEX_LEN];

	end(r, digest);
	if (strcmp(digest, json_str(proof, "digest", "")) != 0)
		return err_set(err, ERR_INVALID,
		    "the ids of this party and the guest's differ; put "
		    "Intersection before %s",
		    t->module);
	return ERR_OK;
}
