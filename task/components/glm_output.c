/*
 * The models' buffers, in and out. The messages of linear and Poisson
 * regression have the fields of SingleModel, number by number, and those of
 * PoissonModelMeta but for the exposure: they are packed and unpacked as these.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lr_model.pb-c.h"
#include "regression.pb-c.h"
#include "task/components/glm_output.h"
#include "task/components/glm_steps.h"
#include "task/components/instances.h"

#define NAME_MAX_LEN 64

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static enum err
save(struct glm *glm, const char *suffix, const char *message,
    const ProtobufCMessage *m, struct buf *err)
{
	char buffer[NAME_MAX_LEN];

	snprintf(buffer, sizeof(buffer), "%s%s", glm->model->buffer, suffix);
	return instances_save(glm->t, buffer, message, m, err);
}

/* ---- out ---- */

/* A model and what its map of weights lies in. */
struct record {
	Model__SingleModel m;
	Model__SingleModel__WeightEntry *entries;
};

/* A cross validation leaves all at its default, as FATE's does. */
static bool
is_empty(const struct glm *glm)
{
	return !glm->fitted || glm_is(glm, "arbiter");
}

static void
record_init(const struct glm *glm, size_t k, struct record *r)
{
	const struct glm_fitted *f = glm->fitted ? &glm->fitted[k] : NULL;
	size_t d = glm->train.d;

	model__single_model__init(&r->m);
	r->entries = NULL;
	if (is_empty(glm))
		return;
	r->entries = xcalloc(d + 1, sizeof(*r->entries));
	r->m.weight = xcalloc(d + 1, sizeof(*r->m.weight));
	for (size_t j = 0; j < d; j++) {
		model__single_model__weight_entry__init(&r->entries[j]);
		r->entries[j].key = glm->train.schema.header[j];
		r->entries[j].value = f->w[j];
		r->m.weight[j] = &r->entries[j];
	}
	r->m.n_weight = d;
	r->m.iters = (int32_t)f->iters;
	r->m.is_converged = f->converged;
	r->m.intercept = glm->has_intercept ? f->w[d] : 0;
	r->m.header = glm->train.schema.header;
	r->m.n_header = d;
	r->m.best_iteration = (int32_t)f->best_iteration;
}

static void
record_release(struct record *r)
{
	free(r->entries);
	free(r->m.weight);
}

/* What all metas tell, by the same names in messages of different types. */
#define SET_META(meta, glm)                                               \
	do {                                                              \
		(meta)->penalty = text((glm)->p.penalty_name);            \
		(meta)->tol = (glm)->p.tol;                               \
		(meta)->alpha = (glm)->p.alpha;                           \
		(meta)->optimizer = text((glm)->p.optimizer.name);        \
		(meta)->batch_size = (glm)->p.batch_size;                 \
		(meta)->learning_rate = (glm)->p.optimizer.learning_rate; \
		(meta)->max_iter = (glm)->p.max_iter;                     \
		(meta)->early_stop = text((glm)->p.early_stop_name);      \
		(meta)->fit_intercept =                                   \
		    (glm)->p.fit_intercept && !glm_is(glm, "host");       \
	} while (0)

static enum err
write_lr_meta(struct glm *glm, struct buf *err)
{
	Model__LRModelMeta meta = MODEL__LRMODEL_META__INIT;

	if (glm->fitted) {
		SET_META(&meta, glm);
		meta.need_one_vs_rest = glm->n_models > 1;
	}
	return save(glm, "Meta", "LRModelMeta", &meta.base, err);
}

static enum err
write_lr_single(struct glm *glm, struct buf *err)
{
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	struct record r;
	enum err rc;

	record_init(glm, 0, &r);
	param.iters = r.m.iters;
	param.is_converged = r.m.is_converged;
	/* the entries of both maps are laid out alike, but typed apart */
	param.n_weight = r.m.n_weight;
	param.weight = xcalloc(param.n_weight + 1, sizeof(*param.weight));
	for (size_t j = 0; j < param.n_weight; j++) {
		param.weight[j] = xcalloc(1, sizeof(**param.weight));
		model__lrmodel_param__weight_entry__init(param.weight[j]);
		param.weight[j]->key = r.entries[j].key;
		param.weight[j]->value = r.entries[j].value;
	}
	param.intercept = r.m.intercept;
	param.header = r.m.header;
	param.n_header = r.m.n_header;
	param.best_iteration = r.m.best_iteration;
	rc = save(glm, "Param", "LRModelParam", &param.base, err);
	for (size_t j = 0; j < param.n_weight; j++)
		free(param.weight[j]);
	free(param.weight);
	record_release(&r);
	return rc;
}

void
glm_class_text(double class, char out[GLM_CLASS_TEXT])
{
	num_format_double(class, out);
	/* "2", where a double would be "2.0" */
	if (class == (double)(int64_t) class)
		snprintf(out, GLM_CLASS_TEXT, "%lld", (long long)class);
}

static enum err
write_lr_classes(struct glm *glm, struct buf *err)
{
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	Model__OneVsRestResult result = MODEL__ONE_VS_REST_RESULT__INIT;
	size_t n = glm->n_models;
	struct record *r = xcalloc(n, sizeof(*r));
	Model__SingleModel **models = xcalloc(n, sizeof(*models));
	char **names = xcalloc(n, sizeof(*names)), class[GLM_CLASS_TEXT];
	enum err rc;

	for (size_t k = 0; k < n; k++) {
		record_init(glm, k, &r[k]);
		models[k] = &r[k].m;
		glm_class_text(glm->classes[k], class);
		names[k] = xstrdup(class);
	}
	result.completed_models = models;
	result.n_completed_models = n;
	result.one_vs_rest_classes = names;
	result.n_one_vs_rest_classes = n;
	param.one_vs_rest_result = &result;
	param.need_one_vs_rest = true;
	param.header = glm->train.schema.header;
	param.n_header = glm->train.d;
	param.best_iteration = -1;
	rc = save(glm, "Param", "LRModelParam", &param.base, err);
	for (size_t k = 0; k < n; k++) {
		record_release(&r[k]);
		free(names[k]);
	}
	free(r);
	free(models);
	free(names);
	return rc;
}

/* The arbiter's message is empty, as FATE's is. */
enum err
glm_write_logistic(struct glm *glm, struct buf *err)
{
	enum err rc = write_lr_meta(glm, err);

	if (rc)
		return rc;
	return glm->n_models > 1 && !is_empty(glm) ? write_lr_classes(glm, err)
						   : write_lr_single(glm, err);
}

static enum err
write_regression(struct glm *glm, const char *meta_name, const char *param_name,
    struct buf *err)
{
	Model__PoissonModelMeta meta = MODEL__POISSON_MODEL_META__INIT;
	struct record r;
	enum err rc;

	if (glm->fitted) {
		SET_META(&meta, glm);
		meta.exposure_colname = text(glm->p.exposure);
	}
	rc = save(glm, "Meta", meta_name, &meta.base, err);
	if (rc)
		return rc;
	record_init(glm, 0, &r);
	rc = save(glm, "Param", param_name, &r.m.base, err);
	record_release(&r);
	return rc;
}

enum err
glm_write_linear(struct glm *glm, struct buf *err)
{
	return write_regression(glm, "LinRModelMeta", "LinRModelParam", err);
}

enum err
glm_write_poisson(struct glm *glm, struct buf *err)
{
	return write_regression(
	    glm, "PoissonModelMeta", "PoissonModelParam", err);
}

/* ---- in ---- */

static const double *
find_weight(const Model__SingleModel *m, const char *name)
{
	for (size_t k = 0; k < m->n_weight; k++)
		if (strcmp(m->weight[k]->key, name) == 0)
			return &m->weight[k]->value;
	return NULL;
}

/* Weights in the order of the data's columns; stepwise left some out. */
static enum err
take_weights(
    struct glm *glm, const Model__SingleModel *m, size_t k, struct buf *err)
{
	const struct glm_data *data = &glm->eval;
	const double *found;
	size_t used = 0;
	double *w = xcalloc(data->d + 1, sizeof(*w));

	glm->fitted[k].w = w;
	for (size_t j = 0; j < data->d; j++) {
		found = find_weight(m, data->schema.header[j]);
		used += found ? 1 : 0;
		if (!found && glm->p.need_stepwise)
			continue;
		if (!found)
			return err_set(err, ERR_INVALID,
			    "the model has no weight for column \"%s\"",
			    data->schema.header[j]);
		w[j] = *found;
	}
	if (m->n_weight != used)
		return err_set(err, ERR_INVALID,
		    "the model has %zu columns and the data %zu of them",
		    m->n_weight, used);
	w[data->d] = m->intercept;
	return ERR_OK;
}

static enum err
load(struct glm *glm, const ProtobufCMessageDescriptor *type,
    const char *suffix, ProtobufCMessage **out, struct buf *err)
{
	char buffer[NAME_MAX_LEN];
	struct buf bytes = BUF_INIT;
	enum err rc;

	if (!task_model(glm->t))
		return err_set(err, ERR_INVALID,
		    "there is no model to predict with; give %s an input "
		    "model or train_data",
		    glm->t->module);
	snprintf(buffer, sizeof(buffer), "%s%s", glm->model->buffer, suffix);
	rc = task_input_model(glm->t, task_model(glm->t), buffer, &bytes, err);
	if (!rc)
		rc = model_unpack(type, bytes.ptr, bytes.len, out, err);
	buf_release(&bytes);
	return rc;
}

static void
make_room(struct glm *glm, size_t n)
{
	glm->n_models = n;
	glm->fitted = xcalloc(n, sizeof(*glm->fitted));
	glm->classes = xcalloc(n, sizeof(*glm->classes));
	glm->has_intercept = glm_is(glm, "guest");
}

static enum err
read_classes(
    struct glm *glm, const Model__OneVsRestResult *result, struct buf *err)
{
	size_t n = result->n_completed_models;
	enum err rc = ERR_OK;

	if (n < 2 || n != result->n_one_vs_rest_classes || n > GLM_CLASSES_MAX)
		return err_set(err, ERR_INVALID,
		    "the model has %zu classes and %zu models of them",
		    result->n_one_vs_rest_classes, n);
	make_room(glm, n);
	for (size_t k = 0; !rc && k < n; k++) {
		rc = take_weights(glm, result->completed_models[k], k, err);
		if (!rc && !num_parse_double(result->one_vs_rest_classes[k],
			       &glm->classes[k]))
			rc = err_set(err, ERR_INVALID,
			    "the model's class \"%s\" is no number",
			    result->one_vs_rest_classes[k]);
	}
	return rc;
}

/* As a SingleModel, of the same fields. */
static enum err
read_single(struct glm *glm, const Model__LRModelParam *p, struct buf *err)
{
	Model__SingleModel m = MODEL__SINGLE_MODEL__INIT;
	Model__SingleModel__WeightEntry *entries =
	    xcalloc(p->n_weight + 1, sizeof(*entries));
	enum err rc;

	m.n_weight = p->n_weight;
	m.weight = xcalloc(p->n_weight + 1, sizeof(*m.weight));
	for (size_t j = 0; j < p->n_weight; j++) {
		entries[j].key = p->weight[j]->key;
		entries[j].value = p->weight[j]->value;
		m.weight[j] = &entries[j];
	}
	m.intercept = p->intercept;
	make_room(glm, 1);
	rc = take_weights(glm, &m, 0, err);
	free(m.weight);
	free(entries);
	return rc;
}

enum err
glm_read_logistic(struct glm *glm, struct buf *err)
{
	const Model__LRModelParam *p;
	ProtobufCMessage *m = NULL;
	enum err rc =
	    load(glm, &model__lrmodel_param__descriptor, "Param", &m, err);

	if (rc)
		return rc;
	p = (const Model__LRModelParam *)m;
	rc = p->need_one_vs_rest && p->one_vs_rest_result
		 ? read_classes(glm, p->one_vs_rest_result, err)
		 : read_single(glm, p, err);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}

enum err
glm_read_regression(struct glm *glm, struct buf *err)
{
	ProtobufCMessage *m = NULL;
	enum err rc =
	    load(glm, &model__single_model__descriptor, "Param", &m, err);

	if (rc)
		return rc;
	make_room(glm, 1);
	rc = take_weights(glm, (const Model__SingleModel *)m, 0, err);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}
