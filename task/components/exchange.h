/*
 * What components exchange that compute under encryption: the key, arrays of
 * ciphertexts, and the proof that two parties hold the same rows.
 */
#ifndef FF_TASK_COMPONENTS_EXCHANGE_H
#define FF_TASK_COMPONENTS_EXCHANGE_H

#include "lib/base/digest.h"
#include "lib/crypto/paillier_many.h"
#include "task/task.h"

/*
 * A fresh key; it and a received one hide by exponents of the length that
 * the task asks for (mask_bits of docs/task-directory.md).
 */
enum err exchange_make_key(struct task *t, unsigned bits,
    struct paillier_secret **out, struct buf *err);
/* The public key of a secret one, as {"n": hex}. */
enum err exchange_send_key(struct task *t, const struct mailbox_party *to,
    const char *tag, const struct paillier_secret *secret, struct buf *err);
enum err exchange_receive_key(struct task *t, const struct mailbox_party *from,
    const char *tag, struct paillier_public **out, struct buf *err);

/* Numbers that are used again and again: v has room for n of them. */
struct exchange_vector {
	mpz_t *v;
	size_t n;
};
void exchange_vector_reserve(struct exchange_vector *v, size_t n);
void exchange_vector_release(struct exchange_vector *v);

/*
 * An array of ciphertexts under one key. Whoever expects 0 takes any number
 * but none, and is told it in n.
 */
struct exchange_ciphers {
	const char *tag;
	const struct paillier_public *pub;
	struct exchange_vector *v;
	size_t n; /* how many are sent, or expected */
};
enum err exchange_send_ciphers(struct task *t, const struct mailbox_party *to,
    const struct exchange_ciphers *c, struct buf *err);
enum err exchange_receive_ciphers(struct task *t,
    const struct mailbox_party *from, struct exchange_ciphers *c,
    struct buf *err);

/*
 * Are the rows of two parties the same, in the same order? One draws a salt,
 * both take the digest of salt and all ids.
 */
struct exchange_rows {
	char salt[DIGEST_HEX_LEN];
	struct digest *running;
	int64_t n;
};
void exchange_rows_begin(struct exchange_rows *r); /* with a fresh salt */
void exchange_rows_add(struct exchange_rows *r, const char *id, size_t len);
void exchange_rows_release(struct exchange_rows *r);
/* {"rows", "salt", "digest"}: what the others compare with. Once. */
cJSON *exchange_rows_proof(struct exchange_rows *r);

/*
 * The other side, of `own` rows, begins with the salt of a proof, and ends
 * with a verdict. Another number of rows is refused at once.
 */
enum err exchange_rows_follow(struct exchange_rows *r, const struct task *t,
    const cJSON *proof, int64_t own, struct buf *err);
enum err exchange_rows_check(struct exchange_rows *r, const struct task *t,
    const cJSON *proof, struct buf *err);

#endif
