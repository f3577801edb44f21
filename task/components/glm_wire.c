/* What crosses between the parties of HeteroLR, one function per shape. */
#include "lib/crypto/fixed.h"
#include "task/components/glm_steps.h"

enum err
glm_make_key(struct glm *glm, struct buf *err)
{
	struct task *t = glm->t;
	enum err rc;

	rc = exchange_make_key(t, glm->p.key_bits, &glm->secret, err);
	if (rc)
		return rc;
	/* borrowed: release() frees the secret alone */
	glm->pub = (struct paillier_public *)(uintptr_t)paillier_public_of(
	    glm->secret);
	for (size_t i = 0; !rc && i < t->n_peers; i++)
		rc = exchange_send_key(
		    t, &t->peers[i], "glm_public_key", glm->secret, err);
	return rc;
}

enum err
glm_receive_key(struct glm *glm, struct buf *err)
{
	enum err rc = exchange_receive_key(
	    glm->t, glm_arbiter(glm), "glm_public_key", &glm->pub, err);

	if (!rc && glm->pub->bits != glm->p.key_bits)
		rc = err_set(err, ERR_INVALID,
		    "the arbiter's key has %u bits, expected %u",
		    glm->pub->bits, glm->p.key_bits);
	return rc;
}

size_t
glm_chunk(size_t at, size_t hi)
{
	return hi - at < GLM_CHUNK ? hi - at : GLM_CHUNK;
}

enum err
glm_send_ciphers(struct glm *glm, const struct mailbox_party *to,
    const char *tag, size_t n, struct buf *err)
{
	struct exchange_ciphers c = {
	    .tag = tag, .pub = glm->pub, .v = &glm->c, .n = n};

	return exchange_send_ciphers(glm->t, to, &c, err);
}

enum err
glm_receive_ciphers(struct glm *glm, const struct mailbox_party *from,
    const char *tag, struct exchange_vector *v, size_t n, struct buf *err)
{
	struct exchange_ciphers c = {
	    .tag = tag, .pub = glm->pub, .v = v, .n = n};

	return exchange_receive_ciphers(glm->t, from, &c, err);
}

enum err
glm_receive_hosts(struct glm *glm, const char *tag, size_t n, struct buf *err)
{
	enum err rc;

	rc = glm_receive_ciphers(glm, glm_host(glm, 0), tag, &glm->c, n, err);
	for (size_t h = 1; !rc && h < glm->n_hosts; h++) {
		rc = glm_receive_ciphers(
		    glm, glm_host(glm, h), tag, &glm->other, n, err);
		if (!rc)
			paillier_add_many(glm->pub, glm->c.v, glm->other.v, n);
	}
	return rc;
}

enum err
glm_grown(enum err rc, struct buf *err)
{
	if (rc && err)
		buf_adds(err, "; does training diverge, lower learning_rate");
	return rc;
}

enum err
glm_encode_score(mpz_t out, double u, struct buf *err)
{
	return glm_grown(
	    fixed_encode(out, u, GLM_U_SCALE, GLM_U_BITS, "a row's score", err),
	    err);
}

enum err
glm_send_chunk(struct glm *glm, const char *tag, const double *u, size_t n,
    struct buf *err)
{
	enum err rc = ERR_OK;

	exchange_vector_reserve(&glm->c, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = glm_encode_score(glm->c.v[i], u[i], err);
	if (!rc)
		rc = paillier_encrypt_many(glm->pub, glm->c.v, n, err);
	if (!rc)
		rc = glm_send_ciphers(glm, glm_guest(glm), tag, n, err);
	return rc;
}

enum err
glm_send_scores(struct glm *glm, const char *tag, const double *u, size_t n,
    struct buf *err)
{
	size_t len;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < n; at += len) {
		len = glm_chunk(at, n);
		rc = glm_send_chunk(glm, tag, u + at, len, err);
	}
	return rc;
}

enum err
glm_send_doubles(struct glm *glm, const struct mailbox_party *to,
    const char *tag, const double *v, size_t n, struct buf *err)
{
	cJSON *obj = cJSON_CreateObject(), *list = cJSON_CreateArray();
	enum err rc;

	json_add(obj, "delta", list);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, json_new_double(v[i]));
	rc = mailbox_send_json(
	    glm->t->mail, to, tag, MESSAGE_AGGREGATE, obj, err);
	cJSON_Delete(obj);
	return rc;
}

enum err
glm_receive_doubles(struct glm *glm, const struct mailbox_party *from,
    const char *tag, double *v, size_t n, struct buf *err)
{
	cJSON *obj = NULL;
	const cJSON *it;
	size_t i = 0;
	enum err rc;

	rc = mailbox_receive_json(
	    glm->t->mail, from, tag, MESSAGE_AGGREGATE, &obj, err);
	if (rc)
		return rc;
	cJSON_ArrayForEach(it, json_get(obj, "delta"))
	{
		if (i < n && cJSON_IsNumber(it))
			v[i] = it->valuedouble;
		i += cJSON_IsNumber(it) ? 1 : n + 1;
	}
	if (i != n)
		rc = err_set(err, ERR_INVALID,
		    "%s from %s-%s does not hold %zu numbers", tag, from->role,
		    from->party_id, n);
	cJSON_Delete(obj);
	return rc;
}

enum err
glm_send_flags(struct glm *glm, const char *tag, const char *first,
    bool first_value, const char *second, bool second_value, struct buf *err)
{
	struct task *t = glm->t;
	cJSON *obj = cJSON_CreateObject();
	enum err rc = ERR_OK;

	json_add_bool(obj, first, first_value);
	if (second)
		json_add_bool(obj, second, second_value);
	for (size_t i = 0; !rc && i < t->n_peers; i++)
		rc = mailbox_send_json(
		    t->mail, &t->peers[i], tag, MESSAGE_AGGREGATE, obj, err);
	cJSON_Delete(obj);
	return rc;
}

enum err
glm_receive_flags(struct glm *glm, const char *from_role, const char *tag,
    const char *first, bool *first_out, const char *second, bool *second_out,
    struct buf *err)
{
	cJSON *obj = NULL;
	enum err rc;

	rc = mailbox_receive_json(glm->t->mail, task_peer(glm->t, from_role, 0),
	    tag, MESSAGE_AGGREGATE, &obj, err);
	if (rc)
		return rc;
	*first_out = json_bool(obj, first, false);
	if (second)
		*second_out = json_bool(obj, second, false);
	cJSON_Delete(obj);
	return ERR_OK;
}
