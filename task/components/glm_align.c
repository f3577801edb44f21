/*
 * Who has which rows: guest and hosts compare theirs before anything else.
 */
#include "task/components/glm_steps.h"

static void
add_ids(struct exchange_rows *r, const struct glm_data *data)
{
	for (size_t i = 0; i < data->n; i++)
		exchange_rows_add(r, data->ids[i], strlen(data->ids[i]));
}

static enum err
align_guest(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	struct exchange_rows ids = {.n = 0};
	struct task *t = glm->t;
	cJSON *rows = cJSON_CreateObject(), *proof;
	enum err rc;

	json_add_int(rows, "rows", (int64_t)data->n);
	json_add_int(rows, "models", (int64_t)glm->n_models);
	exchange_rows_begin(&ids);
	add_ids(&ids, data);
	proof = exchange_rows_proof(&ids);
	json_add_int(proof, "models", (int64_t)glm->n_models);
	rc = mailbox_send_json(t->mail, glm_arbiter(glm), "glm_rows",
	    MESSAGE_AGGREGATE, rows, err);
	for (size_t i = 0; !rc && i < glm->n_hosts; i++)
		rc = mailbox_send_json(t->mail, glm_host(glm, i), "glm_align",
		    MESSAGE_AGGREGATE, proof, err);
	cJSON_Delete(rows);
	cJSON_Delete(proof);
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

static enum err
align_host(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	struct exchange_rows ids = {.n = 0};
	cJSON *proof = NULL;
	enum err rc;

	rc = mailbox_receive_json(glm->t->mail, glm_guest(glm), "glm_align",
	    MESSAGE_AGGREGATE, &proof, err);
	if (rc)
		return rc;
	rc = exchange_rows_follow(&ids, glm->t, proof, (int64_t)data->n, err);
	if (!rc) {
		add_ids(&ids, data);
		rc = exchange_rows_check(&ids, glm->t, proof, err);
	}
	if (!rc)
		rc = take_models(glm, proof, err);
	cJSON_Delete(proof);
	return rc;
}

enum err
glm_align(struct glm *glm, const struct glm_data *data, struct buf *err)
{
	return glm_is(glm, "guest") ? align_guest(glm, data, err)
				    : align_host(glm, data, err);
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
