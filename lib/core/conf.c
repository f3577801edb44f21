/*
 * The checks run in the contract's order with its texts; what FATE-Flow would
 * let through and stumble over later (a role that does not exist, a party
 * listed twice) is refused here with a text of our own.
 */
#include "lib/core/conf.h"
#include "lib/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define PARTIES_MAX   1024
#define VERSION_MAX   128
#define MODEL_ID_MAX  (ID_NAME_MAX - 32) /* room for "<role>#<party>#" */
#define TIMEOUT_MAX_S 1e9

static const char bad_work_mode[] =
    "the following arguments are required:  work_mode=(<WorkMode.CLUSTER: 1>, "
    "<WorkMode.STANDALONE: 0>)";

static enum err
require_object(const cJSON *root, const char *key, struct buf *err)
{
	const cJSON *v = json_get(root, key);

	if (!v || cJSON_IsObject(v))
		return ERR_OK;
	return err_set(err, ERR_INVALID, "%s must be an object", key);
}

static enum err
read_work_mode(struct conf *c, struct buf *err)
{
	const cJSON *mode = json_get(c->job_parameters, "work_mode");
	enum err rc = require_object(c->root, "job_parameters", err);

	if (rc)
		return rc;
	if (!cJSON_IsNumber(mode) ||
	    (mode->valuedouble != 0 && mode->valuedouble != 1))
		return err_set(err, ERR_INVALID, "%s", bad_work_mode);
	if (mode->valuedouble == 1)
		return err_set(err, ERR_INVALID,
		    "server run on standalone can not support cluster mode "
		    "job");
	c->work_mode = 0;
	return ERR_OK;
}

/* FATE-Flow's text: the missing names, comma between them, a space behind. */
static enum err
require(const cJSON *object, const char *const *keys, struct buf *err)
{
	struct buf missing = BUF_INIT;
	enum err rc = ERR_OK;

	for (; *keys; keys++)
		if (!json_get(object, *keys))
			buf_addf(
			    &missing, "%s%s", missing.len ? "," : "", *keys);
	if (missing.len)
		rc = err_set(err, ERR_INVALID,
		    "the following arguments are required: %s ", missing.ptr);
	buf_release(&missing);
	return rc;
}

static enum err
check_shape(const struct conf *c, struct buf *err)
{
	static const char *const top[] = {
	    "initiator", "job_parameters", "role", NULL};
	static const char *const initiator[] = {"role", "party_id", NULL};
	static const char *const objects[] = {"initiator", "job_parameters",
	    "role", "role_parameters", "algorithm_parameters"};
	enum err rc = require(c->root, top, err);

	for (size_t i = 0; !rc && i < ARRAY_LEN(objects); i++)
		rc = require_object(c->root, objects[i], err);
	if (!rc)
		rc = require(json_get(c->root, "initiator"), initiator, err);
	return rc;
}

static enum err
bad_party(const cJSON *v, const char *where, struct buf *err)
{
	struct buf text = BUF_INIT;

	json_print(v, JSON_COMPACT, &text);
	err_set(err, ERR_INVALID,
	    "invalid literal for int() with base 10: %.64s in %s; a party id "
	    "is "
	    "an integer >= 0 of at most %d digits",
	    text.ptr, where, ID_PARTY_MAX);
	buf_release(&text);
	return ERR_INVALID;
}

const struct conf_party *
conf_find_party(const struct conf *c, const char *role, const char *party_id)
{
	for (size_t i = 0; i < c->n_parties; i++)
		if (!strcmp(c->parties[i].role, role) &&
		    !strcmp(c->parties[i].party_id, party_id))
			return &c->parties[i];
	return NULL;
}

static enum err
read_role(struct conf *c, const cJSON *role, struct buf *err)
{
	struct conf_party *p;
	const cJSON *it;
	int index = 0;

	if (!spec_role_bit(role->string))
		return err_set(err, ERR_INVALID,
		    "role '%.64s' is unknown, there are guest, host, arbiter "
		    "and "
		    "local",
		    role->string);
	if (!cJSON_IsArray(role))
		return err_set(err, ERR_INVALID,
		    "role.%s must be a list of party ids", role->string);
	cJSON_ArrayForEach(it, role)
	{
		p = &c->parties[c->n_parties];
		*p = (struct conf_party){.role = role->string, .index = index};
		if (!ids_party(it, p->party_id))
			return bad_party(it, "role", err);
		if (conf_find_party(c, p->role, p->party_id))
			return err_set(err, ERR_INVALID,
			    "role.%s lists party %s twice", p->role,
			    p->party_id);
		c->n_parties++;
		index++;
	}
	return ERR_OK;
}

static enum err
read_roles(struct conf *c, struct buf *err)
{
	struct buf id = BUF_INIT;
	const cJSON *it;
	size_t n = 0;
	enum err rc = ERR_OK;

	c->roles = json_get(c->root, "role");
	cJSON_ArrayForEach(it, c->roles) n += (size_t)cJSON_GetArraySize(it);
	if (n > PARTIES_MAX)
		return err_set(err, ERR_INVALID,
		    "role lists %zu parties, at most %d are possible", n,
		    PARTIES_MAX);
	c->parties = xcalloc(n + 1, sizeof(*c->parties));
	cJSON_ArrayForEach(it, c->roles)
	{
		rc = read_role(c, it, err);
		if (rc)
			return rc;
	}
	ids_model(c->roles, &id);
	if (id.len > MODEL_ID_MAX)
		rc = err_set(err, ERR_INVALID,
		    "role lists so many parties that the model's name has %zu "
		    "bytes, at most %d are possible",
		    id.len, MODEL_ID_MAX);
	buf_release(&id);
	return rc;
}

static enum err
read_initiator_id(struct conf *c, struct buf *err)
{
	const cJSON *initiator = json_get(c->root, "initiator");
	const cJSON *id = json_get(initiator, "party_id");

	c->initiator_role = json_str(initiator, "role", NULL);
	if (!c->initiator_role)
		return err_set(
		    err, ERR_INVALID, "initiator.role must be a text");
	if (!ids_party(id, c->initiator_party_id))
		return bad_party(id, "initiator.party_id", err);
	return ERR_OK;
}

static enum err
find_initiator(struct conf *c, struct buf *err)
{
	const struct conf_party *p;

	if (!json_get(c->roles, c->initiator_role))
		return err_set(err, ERR_INVALID,
		    "initiator.role is '%.64s', which is not in role",
		    c->initiator_role);
	p = conf_find_party(c, c->initiator_role, c->initiator_party_id);
	if (p) {
		c->parties[p - c->parties].is_initiator = true;
		return ERR_OK;
	}
	return err_set(err, ERR_INVALID, "initiator party id error %s",
	    c->initiator_party_id);
}

static enum err
read_job_type(struct conf *c, struct buf *err)
{
	static const char *const model[] = {"model_id", "model_version", NULL};
	const cJSON *given = json_get(c->job_parameters, "job_type");
	const char *type = json_str(c->job_parameters, "job_type", "train");
	struct json_in in = {.obj = c->job_parameters};
	enum err rc;

	if (given && !cJSON_IsNull(given) && !cJSON_IsString(given))
		return err_set(err, ERR_INVALID,
		    "job_parameters.job_type must be a text, train or predict");
	c->is_predict = strcmp(type, "train") != 0;
	if (!c->is_predict)
		return ERR_OK;
	rc = require(c->job_parameters, model, err);
	if (rc)
		return rc;
	(void)json_in_str(&in, "model_id", JSON_REQUIRED, MODEL_ID_MAX);
	(void)json_in_str(&in, "model_version", JSON_REQUIRED, VERSION_MAX);
	return json_in_done(&in, err);
}

static int64_t
read_timeout(const struct conf *c)
{
	double s = json_double(c->job_parameters, "timeout", 0);

	if (!(s > 0))
		return 0;
	return (int64_t)((s < TIMEOUT_MAX_S ? s : TIMEOUT_MAX_S) * 1000);
}

/* Takes an object's copy; all but how its job is to be run is checked. */
static enum err
parse(const cJSON *object, struct conf *out, bool runs, struct buf *err)
{
	enum err rc = ERR_OK;

	memset(out, 0, sizeof(*out));
	out->root = cJSON_IsObject(object) ? cJSON_Duplicate(object, true)
					   : cJSON_CreateObject();
	out->job_parameters = json_get(out->root, "job_parameters");
	if (runs)
		rc = read_work_mode(out, err);
	if (!rc)
		rc = check_shape(out, err);
	if (!rc)
		rc = read_initiator_id(out, err);
	if (!rc)
		rc = read_roles(out, err);
	if (!rc)
		rc = read_job_type(out, err);
	if (!rc)
		rc = find_initiator(out, err);
	if (!rc)
		rc = conf_run_read(out->job_parameters, &out->run, err);
	if (rc)
		conf_release(out);
	else
		out->timeout_ms = read_timeout(out);
	return rc;
}

enum err
conf_parse(const cJSON *object, struct conf *out, struct buf *err)
{
	return parse(object, out, true, err);
}

/* Adds "<role> <party>, ..." of those that `c` has and `other` lacks. */
static void
list_missing(const struct conf *c, const struct conf *other, struct buf *out)
{
	for (size_t i = 0; i < c->n_parties; i++) {
		const struct conf_party *p = &c->parties[i];

		if (!conf_find_party(other, p->role, p->party_id))
			buf_addf(out, "%s%s %s", out->len ? ", " : "", p->role,
			    p->party_id);
	}
}

static enum err
check_same_parties(const struct conf *c, struct buf *err)
{
	struct buf more = BUF_INIT, less = BUF_INIT;
	enum err rc = ERR_OK;

	list_missing(c, c->train, &more);
	list_missing(c->train, c, &less);
	if (more.len)
		rc = err_set(err, ERR_INVALID,
		    "role has %s, who had no part in the training of the "
		    "model",
		    more.ptr);
	if (less.len)
		rc = err_set(err, ERR_INVALID,
		    "%srole lacks %s of the training of the model",
		    more.len ? "; " : "", less.ptr);
	buf_release(&more);
	buf_release(&less);
	return rc;
}

enum err
conf_set_train(struct conf *c, const cJSON *train, struct buf *err)
{
	struct buf fault = BUF_INIT;
	enum err rc;

	c->train = xcalloc(1, sizeof(*c->train));
	rc = parse(train, c->train, false, &fault);
	if (rc)
		err_set(err, rc, "the training's configuration: %s", fault.ptr);
	else
		rc = check_same_parties(c, err);
	buf_release(&fault);
	return rc;
}

void
conf_release(struct conf *c)
{
	if (c->train)
		conf_release(c->train);
	free(c->train);
	cJSON_Delete(c->root);
	free(c->parties);
	memset(c, 0, sizeof(*c));
}
