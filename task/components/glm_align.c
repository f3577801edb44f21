/*
 * Who has which rows: guest and hosts compare theirs before anything else.
 */
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/crypto/random.h"
#include "task/components/glm_steps.h"

static void
ids_digest(const struct glm_data *data, const char *salt, char out[65])
{
	uint8_t hash[DIGEST_SHA256_LEN];
	struct digest *d = digest_new();

	digest_update(d, salt, strlen(salt));
	for (size_t i = 0; i < data->n; i++)
		digest_update(d, data->ids[i], strlen(data->ids[i]) + 1);
	digest_final(d, hash);
	digest_hex(hash, sizeof(hash), out);
}

static enum err
align_guest(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	char salt[65], digest[65];
	uint8_t random[32];
	struct task *t = glm->t;
	cJSON *obj = cJSON_CreateObject();
	enum err rc = ERR_OK;

	random_bytes(random, sizeof(random));
	digest_hex(random, sizeof(random), salt);
	ids_digest(data, salt, digest);
	json_add_int(obj, "rows", (int64_t)data->n);
	json_add_int(obj, "models", (int64_t)glm->n_models);
	rc = mailbox_send_json(
	    t->mail, glm_arbiter(glm), "glm_rows", MESSAGE_AGGREGATE, obj, err);
	json_add_str(obj, "salt", salt);
	json_add_str(obj, "digest", digest);
	for (size_t i = 0; !rc && i < glm->n_hosts; i++)
		rc = mailbox_send_json(t->mail, glm_host(glm, i), "glm_align",
		    MESSAGE_AGGREGATE, obj, err);
	cJSON_Delete(obj);
	return rc;
}

/* A party with a model of its own knows the number already. */
static enum err
take_models(struct glm *glm, const cJSON *obj, struct buf *err)
{
	int64_t n = json_int(obj, "models", 0);

	if (n < 1 || n > GLM_CLASSES_MAX)
		return err_set(err, ERR_INVALID,
		    "the guest's number of models is %lld", (long long)n);
	if (glm->fitted && (size_t)n != glm->n_models)
		return err_set(err, ERR_INVALID,
		    "the guest's model is of %lld classes and this party's "
		    "of %zu",
		    (long long)n, glm->n_models);
	glm->n_models = (size_t)n;
	return ERR_OK;
}

enum err
glm_align(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	char digest[65];
	cJSON *obj = NULL;
	int64_t rows;
	enum err rc;

	if (glm_is(glm, "guest"))
		return align_guest(glm, data, err);
	rc = mailbox_receive_json(glm->t->mail, glm_guest(glm), "glm_align",
	    MESSAGE_AGGREGATE, &obj, err);
	if (rc)
		return rc;
	ids_digest(data, json_str(obj, "salt", ""), digest);
	rows = json_int(obj, "rows", -1);
	if (rows != (int64_t)data->n)
		rc = err_set(err, ERR_INVALID,
		    "this party has %zu rows and the guest %lld; put "
		    "Intersection before %s",
		    data->n, (long long)rows, glm->t->module);
	else if (strcmp(digest, json_str(obj, "digest", "")) != 0)
		rc = err_set(err, ERR_INVALID,
		    "the ids of this party and the guest's differ; put "
		    "Intersection before %s",
		    glm->t->module);
	else
		rc = take_models(glm, obj, err);
	cJSON_Delete(obj);
	return rc;
}

enum err
glm_align_arbiter(struct glm *glm, size_t *n_out, struct buf *err)
{
	cJSON *obj = NULL;
	int64_t rows;
	enum err rc;

	rc = mailbox_receive_json(glm->t->mail, glm_guest(glm), "glm_rows",
	    MESSAGE_AGGREGATE, &obj, err);
	if (rc)
		return rc;
	rows = json_int(obj, "rows", 0);
	rc = take_models(glm, obj, err);
	cJSON_Delete(obj);
	if (rc)
		return rc;
	if (rows < 1 || rows > UINT32_MAX)
		return err_set(err, ERR_INVALID,
		    "the guest's number of rows is %lld", (long long)rows);
	*n_out = (size_t)rows;
	return ERR_OK;
}
