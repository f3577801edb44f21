/*
 * LocalBaseline's model is an LRModel: weights of its own for two classes,
 * one model a class for more. FATE stores no names of two classes, which are
 * 0 and 1 when it reads them back; others stand in one_vs_rest_classes here.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lr_model.pb-c.h"
#include "task/components/local_baseline.h"

#define META  "LocalBaselineMeta"
#define PARAM "LocalBaselineParam"

typedef Model__LRModelParam__WeightEntry weight_entry;
typedef Model__SingleModel__WeightEntry single_entry;
/* Both maps have entries of this shape. */
_Static_assert(
    sizeof(weight_entry) == sizeof(single_entry) &&
	offsetof(weight_entry, key) == offsetof(single_entry, key) &&
	offsetof(weight_entry, value) == offsetof(single_entry, value),
    "map entries are base, key, value");

static bool
has_usual_classes(const struct baseline *b)
{
	return b->n_classes == 2 && b->classes[0] == 0 && b->classes[1] == 1;
}

/* ---- packing ---- */

static enum err
save_meta(const struct baseline *b, struct buf *err)
{
	Model__LRModelMeta m = MODEL__LRMODEL_META__INIT;

	m.penalty = b->penalty;
	m.tol = b->tol;
	m.optimizer = b->solver;
	m.max_iter = b->max_iter;
	m.fit_intercept = b->fit_intercept;
	m.need_one_vs_rest = b->n_vectors > 1;
	return instances_save(b->t, META, "LRModelMeta", &m.base, err);
}

/* The entries of a vector, in one block behind their pointers. */
static weight_entry **
entries_new(const struct baseline *b, size_t k)
{
	size_t d = b->schema.n_header;
	weight_entry **list = xcalloc(d, sizeof(*list) + sizeof(**list));
	weight_entry *entries = (weight_entry *)(void *)(list + d);
	const double *w = baseline_vector(b, k);

	for (size_t j = 0; j < d; j++) {
		if (b->n_vectors == 1)
			model__lrmodel_param__weight_entry__init(&entries[j]);
		else
			model__single_model__weight_entry__init(
			    (single_entry *)&entries[j]);
		entries[j].key = b->schema.header[j];
		entries[j].value = w[j];
		list[j] = &entries[j];
	}
	return list;
}

static void
fill_single(const struct baseline *b, size_t k, Model__SingleModel *m)
{
	model__single_model__init(m);
	m->iters = (int32_t)b->ends[k].iters;
	m->is_converged = b->ends[k].is_converged;
	m->weight = (single_entry **)(void *)entries_new(b, k);
	m->n_weight = b->schema.n_header;
	m->intercept = baseline_vector(b, k)[b->schema.n_header];
	m->header = b->schema.header;
	m->n_header = b->schema.n_header;
	m->best_iteration = -1;
}

static char **
class_texts(const struct baseline *b)
{
	char **texts = xcalloc(b->n_classes, sizeof(*texts)), text[24];

	for (size_t k = 0; k < b->n_classes; k++) {
		snprintf(text, sizeof(text), "%lld", (long long)b->classes[k]);
		texts[k] = xstrdup(text);
	}
	return texts;
}

static enum err
save_param(const struct baseline *b, struct buf *err)
{
	Model__LRModelParam p = MODEL__LRMODEL_PARAM__INIT;
	Model__OneVsRestResult rest = MODEL__ONE_VS_REST_RESULT__INIT;
	Model__SingleModel *models = xcalloc(b->n_vectors, sizeof(*models)),
			   **list = xcalloc(b->n_vectors, sizeof(*list));
	enum err rc;

	rest.one_vs_rest_classes = class_texts(b);
	rest.n_one_vs_rest_classes = b->n_classes;
	if (b->n_vectors == 1) {
		fill_single(b, 0, &models[0]);
		p.iters = models[0].iters;
		p.is_converged = models[0].is_converged;
		p.weight = (weight_entry **)(void *)models[0].weight;
		p.n_weight = models[0].n_weight;
		p.intercept = models[0].intercept;
		p.header = models[0].header;
		p.n_header = models[0].n_header;
		p.best_iteration = -1;
	}
	for (size_t k = 0; b->n_vectors > 1 && k < b->n_vectors; k++) {
		fill_single(b, k, &models[k]);
		list[k] = &models[k];
		p.need_one_vs_rest = true;
		rest.completed_models = list;
		rest.n_completed_models = b->n_vectors;
	}
	if (!has_usual_classes(b))
		p.one_vs_rest_result = &rest;
	rc = instances_save(b->t, PARAM, "LRModelParam", &p.base, err);
	for (size_t k = 0; k < b->n_vectors; k++)
		free(models[k].weight);
	for (size_t k = 0; k < b->n_classes; k++)
		free(rest.one_vs_rest_classes[k]);
	free(rest.one_vs_rest_classes);
	free(models);
	free(list);
	return rc;
}

enum err
baseline_save(const struct baseline *b, struct buf *err)
{
	enum err rc = save_meta(b, err);

	return rc ? rc : save_param(b, err);
}

/* ---- unpacking ---- */

static void
take_meta(struct baseline *b, const Model__LRModelMeta *m)
{
	free(b->solver);
	b->solver = xstrdup(m->optimizer);
	free(b->penalty);
	b->penalty = xstrdup(m->penalty);
	b->tol = m->tol;
	b->max_iter = m->max_iter;
	b->fit_intercept = m->fit_intercept;
}

/* `list` has n entries of either map. */
static enum err
take_vector(struct baseline *b, size_t k, void *list, size_t n, struct buf *err)
{
	weight_entry *const *entries = list;
	double *w = baseline_vector(b, k);

	if (n != b->schema.n_header)
		return err_set(err, ERR_INVALID,
		    "the model has %zu columns and the data %zu", n,
		    b->schema.n_header);
	for (size_t i = 0; i < n; i++) {
		int64_t at = instances_column(&b->schema, entries[i]->key);

		if (at < 0)
			return err_set(err, ERR_INVALID,
			    "the model has column '%s', which the input "
			    "lacks",
			    entries[i]->key);
		w[at] = entries[i]->value;
	}
	return ERR_OK;
}

static enum err
take_classes(struct baseline *b, const Model__LRModelParam *p, struct buf *err)
{
	const Model__OneVsRestResult *rest = p->one_vs_rest_result;
	enum err rc = ERR_OK;

	b->n_classes = rest ? rest->n_one_vs_rest_classes : 2;
	b->n_vectors = p->need_one_vs_rest ? b->n_classes : 1;
	if (b->n_classes < 2 || (b->n_vectors == 1 && b->n_classes != 2) ||
	    (b->n_vectors > 1 && rest->n_completed_models != b->n_vectors))
		return err_set(err, ERR_INVALID,
		    "the model's classes and weights do not fit together");
	b->classes = xcalloc(b->n_classes, sizeof(*b->classes));
	for (size_t k = 0; k < b->n_classes; k++)
		b->classes[k] = (int64_t)k;
	for (size_t k = 0; rest && !rc && k < b->n_classes; k++)
		rc = num_parse_int(rest->one_vs_rest_classes[k],
		    "a class of the model", INT64_MIN, INT64_MAX,
		    &b->classes[k], err);
	return rc;
}

static enum err
take_param(struct baseline *b, const Model__LRModelParam *p, struct buf *err)
{
	size_t d = b->schema.n_header;
	enum err rc = take_classes(b, p, err);

	if (rc)
		return rc;
	b->w = xcalloc(b->n_vectors * (d + 1), sizeof(*b->w));
	b->ends = xcalloc(b->n_vectors, sizeof(*b->ends));
	if (b->n_vectors == 1) {
		baseline_vector(b, 0)[d] = p->intercept;
		b->ends[0].iters = p->iters;
		b->ends[0].is_converged = p->is_converged;
		return take_vector(b, 0, p->weight, p->n_weight, err);
	}
	for (size_t k = 0; !rc && k < b->n_vectors; k++) {
		const Model__SingleModel *m =
		    p->one_vs_rest_result->completed_models[k];

		baseline_vector(b, k)[d] = m->intercept;
		b->ends[k].iters = m->iters;
		b->ends[k].is_converged = m->is_converged;
		rc = take_vector(b, k, m->weight, m->n_weight, err);
	}
	return rc;
}

enum err
baseline_load(struct baseline *b, struct buf *err)
{
	ProtobufCMessage *m = NULL, *p = NULL;
	enum err rc = instances_load(b->t, META, "LRModelMeta", &m, err);

	if (!rc)
		rc = instances_load(b->t, PARAM, "LRModelParam", &p, err);
	if (!rc)
		take_meta(b, (Model__LRModelMeta *)m);
	if (!rc)
		rc = take_param(b, (Model__LRModelParam *)p, err);
	if (m)
		protobuf_c_message_free_unpacked(m, NULL);
	if (p)
		protobuf_c_message_free_unpacked(p, NULL);
	return rc;
}
