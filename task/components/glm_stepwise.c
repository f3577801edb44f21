/* A party's side of stepwise selection, and what all report of it. */
#include "task/components/glm_stepwise.h"

#include "lib/base/mem.h"
#include "task/components/glm_steps.h"

/* ---- the metric ---- */

static int64_t
count_true(const cJSON *mask)
{
	const cJSON *it;
	int64_t n = 0;

	cJSON_ArrayForEach(it, mask)
	{
		n += cJSON_IsTrue(it) ? 1 : 0;
	}
	return n;
}

/* host_10000_0, host_10000_1, ... */
static cJSON *
anonymous(const struct glm *glm, const char *role, const cJSON *mask)
{
	const struct mailbox_party *p = task_peer(glm->t, role, 0);
	const char *id = p ? p->party_id : glm->t->party_id;
	cJSON *out = cJSON_CreateArray();
	struct buf name = BUF_INIT;

	for (int j = 0; j < cJSON_GetArraySize(mask); j++) {
		buf_reset(&name);
		buf_addf(&name, "%s_%s_%d", role, id, j);
		cJSON_AddItemToArray(out, cJSON_CreateString(name.ptr));
	}
	buf_release(&name);
	return out;
}

/* The party's columns: all, those left out, or those of the best model. */
enum pick { ALL, OUTSIDE, INSIDE };

static cJSON *
names(const struct glm_step *s, enum pick pick)
{
	cJSON *out = cJSON_CreateArray();
	bool in;

	for (size_t j = 0; s->schema && j < s->schema->n_header; j++) {
		in = cJSON_IsTrue(cJSON_GetArrayItem(s->own_mask, (int)j));
		if (pick == ALL || in == (pick == INSIDE))
			cJSON_AddItemToArray(
			    out, cJSON_CreateString(s->schema->header[j]));
	}
	return out;
}

static void
add_model(const struct glm *glm, const struct glm_step *s, cJSON *meta)
{
	cJSON *header = names(s, INSIDE), *weight = cJSON_CreateObject();
	const cJSON *it;
	size_t j = 0;

	json_add(meta, "header", header);
	json_add(meta, "weight", weight);
	cJSON_ArrayForEach(it, header)
	{
		if (s->best)
			json_add_double(weight, it->valuestring, s->best->w[j]);
		j++;
	}
	json_add_double(meta, "intercept",
	    s->best && glm->has_intercept ? s->best->w[j] : 0);
}

void
glm_step_report(struct glm *glm, const struct glm_step *s)
{
	cJSON *meta = cJSON_CreateObject();
	char name[40], key[44], value[32];

	json_add(meta, "host_mask", cJSON_Duplicate(s->host_mask, true));
	json_add(meta, "guest_mask", cJSON_Duplicate(s->guest_mask, true));
	json_add_str(meta, "score_name", glm->p.score_name);
	json_add_int(meta, "number_in",
	    count_true(s->host_mask) + count_true(s->guest_mask));
	json_add_str(meta, "direction", glm->p.direction);
	json_add_int(meta, "n_count", (int64_t)glm->n);
	json_add(
	    meta, "host_features_anonym", anonymous(glm, "host", s->host_mask));
	json_add(meta, "guest_features_anonym",
	    anonymous(glm, "guest", s->guest_mask));
	json_add(meta, "loss",
	    s->has_score ? json_new_double(s->loss) : cJSON_CreateNull());
	json_add(meta, "current_ic_val",
	    s->has_score ? json_new_double(s->ic) : cJSON_CreateNull());
	json_add_bool(meta, "fit_intercept",
	    glm->p.fit_intercept && !glm_is(glm, "host"));
	json_add(meta, "all_features", names(s, ALL));
	json_add(meta, "to_enter", names(s, OUTSIDE));
	add_model(glm, s, meta);
	snprintf(name, sizeof(name), "stepwise_%lld", (long long)s->step);
	snprintf(key, sizeof(key), "\"%s\"", name);
	snprintf(value, sizeof(value), "%lld", (long long)s->step);
	task_metric(glm->t, "train", name, key, value);
	task_metric_meta(glm->t, "train", name, name, "STEPWISE", meta);
}

/* ---- guest and host ---- */

struct walk {
	struct glm_data all;
	int64_t told;	 /* models that were reported */
	size_t *columns; /* of the last fit */
	size_t n;
	struct glm_fitted *best;
	size_t *best_columns;
	size_t n_best;
};

static enum err
announce(struct glm *glm, const struct walk *w, struct buf *err)
{
	cJSON *obj = cJSON_CreateObject();
	enum err rc;

	json_add_int(obj, "count", (int64_t)w->all.d);
	json_add_bool(
	    obj, "intercept", glm_is(glm, "guest") && glm->p.fit_intercept);
	rc = mailbox_send_json(glm->t->mail, glm_arbiter(glm), "glm_columns",
	    MESSAGE_AGGREGATE, obj, err);
	cJSON_Delete(obj);
	return rc;
}

/* The last fit is the best so far. */
static void
keep(struct glm *glm, struct walk *w)
{
	if (w->best)
		free(w->best->w);
	free(w->best);
	free(w->best_columns);
	w->best = glm->fitted;
	w->best_columns = w->columns;
	w->n_best = w->n;
	glm->fitted = NULL;
	w->columns = NULL;
}

static enum err
take_columns(struct walk *w, const cJSON *list, struct buf *err)
{
	const cJSON *it;

	free(w->columns);
	w->columns = xcalloc(w->all.d + 1, sizeof(*w->columns));
	w->n = 0;
	cJSON_ArrayForEach(it, list)
	{
		if (!cJSON_IsNumber(it) || it->valuedouble < 0 ||
		    it->valuedouble >= (double)w->all.d || w->n == w->all.d)
			return err_set(err, ERR_INVALID,
			    "the arbiter asks for a column that is not there");
		w->columns[w->n++] = (size_t)it->valuedouble;
	}
	return ERR_OK;
}

static void
report(struct glm *glm, struct walk *w, const cJSON *message)
{
	struct glm_step s = {
	    .guest_mask = json_get(message, "guest_mask"),
	    .host_mask = json_get(message, "host_mask"),
	    .schema = &w->all.schema,
	    .best = w->best,
	};

	s.own_mask = glm_is(glm, "guest") ? s.guest_mask : s.host_mask;
	for (; w->told < json_int(message, "step", 0); w->told++) {
		s.step = w->told;
		glm_step_report(glm, &s);
	}
}

static enum err
fit(struct glm *glm, struct walk *w, struct buf *err)
{
	glm_data_release(&glm->train);
	glm_data_pick(&w->all, w->columns, w->n, &glm->train);
	glm_forget(glm);
	return glm_fit(glm, err);
}

/* One message of the arbiter, and the fit that it asks for. */
static enum err
follow(struct glm *glm, struct walk *w, bool *end, struct buf *err)
{
	cJSON *message = NULL;
	enum err rc;

	rc = mailbox_receive_json(glm->t->mail, glm_arbiter(glm),
	    "glm_candidate", MESSAGE_AGGREGATE, &message, err);
	if (rc)
		return rc;
	if (json_bool(message, "keep", false) && glm->fitted)
		keep(glm, w);
	report(glm, w, message);
	*end = json_bool(message, "end", true);
	if (!*end)
		rc = take_columns(w, json_get(message, "columns"), err);
	cJSON_Delete(message);
	return rc || *end ? rc : fit(glm, w, err);
}

/* The best becomes the model, of a table of its columns alone. */
static enum err
finish(struct glm *glm, struct walk *w, struct buf *err)
{
	if (!w->best)
		return err_set(err, ERR_INVALID,
		    "stepwise selection found no model that is better than "
		    "none");
	glm_forget(glm);
	glm->fitted = w->best;
	w->best = NULL;
	glm_data_release(&glm->train);
	glm_data_pick(&w->all, w->best_columns, w->n_best, &glm->train);
	return ERR_OK;
}

enum err
glm_stepwise(struct glm *glm, struct buf *err)
{
	struct walk w = {.all = glm->train};
	bool end = false;
	enum err rc;

	glm->train = (struct glm_data){.n = 0};
	glm->rounds = 1 + glm->p.max_step * (int64_t)(w.all.d + 1);
	rc = announce(glm, &w, err);
	while (!rc && !end)
		rc = follow(glm, &w, &end, err);
	if (!rc)
		rc = finish(glm, &w, err);
	if (w.best)
		free(w.best->w);
	free(w.best);
	free(w.columns);
	free(w.best_columns);
	glm_data_release(&w.all);
	return rc;
}
