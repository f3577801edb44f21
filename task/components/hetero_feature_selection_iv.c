/*
 * The filters by information value. The guest has the values of all parties'
 * columns from binning and judges for the hosts, whose columns it knows by
 * number: a host sends which it still has, the guest which of them are left.
 */
#include "lib/base/mem.h"
#include "task/components/feature_selection.h"

#include <math.h>
#include <stdlib.h>

#define COLUMNS_TAG "selection_columns"
#define LEFT_TAG    "selection_left"
#define COLUMNS_MAX 1000000

typedef Model__FeatureBinningResult__BinningResultEntry iv_entry;

enum err
selection_load_binning(struct selection *s, struct buf *err)
{
	static const struct instances_buffer binning = {
	    "FeatureBinningParam", "FeatureBinningParam"};
	struct task *t = s->t;
	const struct task_model *model = NULL;
	ProtobufCMessage *m = NULL;
	enum err rc;

	for (size_t i = 0; i < t->n_models; i++)
		if (t->models[i].is_isometric)
			model = &t->models[i];
	if (!model)
		return err_set(err, ERR_INVALID,
		    "the iv filters need an isometric_model (isomatric_model) "
		    "of HeteroFeatureBinning");
	rc = instances_load_from(t, model, &binning, &m, err);
	s->binning = (Model__FeatureBinningParam *)m;
	return rc;
}

/* ---- information values ---- */

static enum err
find_iv(const Model__FeatureBinningResult *result, const char *name,
    double *out, struct buf *err)
{
	for (size_t i = 0; result && i < result->n_binning_result; i++) {
		const iv_entry *e = result->binning_result[i];

		if (strcmp(e->key, name) == 0 && e->value) {
			*out = e->value->iv;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_INVALID,
	    "the isometric_model has no iv of column '%s'; bin it, or leave "
	    "it out of select_col_indexes",
	    name);
}

static const Model__FeatureBinningResult *
host_binning(const struct selection *s, size_t h)
{
	const struct mailbox_party *host = task_peer(s->t, "host", h);

	for (size_t i = 0; i < s->binning->n_host_results; i++)
		if (strcmp(s->binning->host_results[i]->party_id,
			host->party_id) == 0)
			return s->binning->host_results[i];
	return NULL;
}

static enum err
fill_host(
    struct selection *s, struct selection_result *r, size_t h, struct buf *err)
{
	struct selection_columns *c = &r->hosts[h];
	char name[32];
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < c->n; i++) {
		snprintf(name, sizeof(name), "host.%zu", i);
		if (c->seen[i])
			rc = find_iv(
			    host_binning(s, h), name, &c->value[i], err);
	}
	r->knows_hosts = rc == ERR_OK;
	if (rc)
		err_set(err, rc, " (host %s)",
		    task_peer(s->t, "host", h)->party_id);
	return rc;
}

/* local_only: what is not known of the hosts is not needed. */
static enum err
fill_values(struct selection *s, struct selection_result *r, bool local_only,
    struct buf *err)
{
	struct buf ignored = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < r->own.n; i++)
		if (r->own.seen[i])
			rc = find_iv(s->binning->binning_result,
			    s->schema.header[i], &r->own.value[i], err);
	r->knows_hosts = true;
	for (size_t h = 0; !rc && r->knows_hosts && h < r->n_hosts; h++) {
		rc = fill_host(s, r, h, local_only ? &ignored : err);
		rc = local_only ? ERR_OK : rc;
	}
	buf_release(&ignored);
	return rc;
}

/* ---- judging, at the guest ---- */

static void
keep_above(struct selection_columns *c, double threshold)
{
	for (size_t i = 0; i < c->n; i++)
		c->left[i] = c->seen[i] && c->value[i] > threshold;
	selection_keep_one(c, true);
}

static void
keep_all(struct selection_columns *c)
{
	memcpy(c->left, c->seen, c->n * sizeof(*c->left));
}

static int
compare_falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

static void
collect(const struct selection_columns *c, double *list, size_t *n)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->seen[i])
			list[(*n)++] = c->value[i];
}

/* All values that the filter compares, falling; the caller frees them. */
static double *
all_values(const struct selection_result *r, bool local_only, size_t *n_out)
{
	size_t room = r->own.n + 1;
	double *list;

	for (size_t h = 0; !local_only && h < r->n_hosts; h++)
		room += r->hosts[h].n;
	list = xcalloc(room, sizeof(*list));
	*n_out = 0;
	collect(&r->own, list, n_out);
	for (size_t h = 0; !local_only && h < r->n_hosts; h++)
		collect(&r->hosts[h], list, n_out);
	qsort(list, *n_out, sizeof(*list), compare_falling);
	return list;
}

static void
keep_everywhere(struct selection_result *r, double threshold, bool local_only)
{
	keep_above(&r->own, threshold);
	for (size_t h = 0; h < r->n_hosts; h++)
		if (local_only)
			keep_all(&r->hosts[h]);
		else
			keep_above(&r->hosts[h], threshold);
}

static enum err
check_thresholds(const struct selection *s, const cJSON *hosts, struct buf *err)
{
	int n = cJSON_GetArraySize(hosts);

	if (!cJSON_IsArray(hosts) || (size_t)n == s->n_hosts)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "iv_value_param.host_thresholds has %d values, expected one for "
	    "each of %zu hosts",
	    n, s->n_hosts);
}

enum err
selection_iv_value(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	const cJSON *p = json_get(s->param, "iv_value_param");
	const cJSON *hosts = json_get(p, "host_thresholds");
	double threshold = json_double(p, "value_threshold", 0);
	bool local_only = json_bool(p, "local_only", false);
	enum err rc = check_thresholds(s, hosts, err);

	if (!rc)
		rc = fill_values(s, r, local_only, err);
	if (rc)
		return rc;
	keep_everywhere(r, threshold, local_only);
	for (size_t h = 0; !local_only && h < r->n_hosts; h++) {
		const cJSON *own = cJSON_GetArrayItem(hosts, (int)h);

		if (cJSON_IsNumber(own))
			keep_above(&r->hosts[h], own->valuedouble);
	}
	return ERR_OK;
}

enum err
selection_iv_percentile(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	const cJSON *p = json_get(s->param, "iv_percentile_param");
	double share = json_double(p, "percentile_threshold", 1);
	bool local_only = json_bool(p, "local_only", false);
	double *values, at;
	size_t n;
	enum err rc = fill_values(s, r, local_only, err);

	if (rc)
		return rc;
	values = all_values(r, local_only, &n);
	at = fmax(0, floor(share * (double)n - 1e-6));
	if (n)
		keep_everywhere(
		    r, values[(size_t)fmin(at, (double)n - 1)], local_only);
	free(values);
	return ERR_OK;
}

/* Of equal values at the edge, the guest's come first, then by place. */
static void
keep_top(struct selection_columns *c, double edge, size_t *room)
{
	for (size_t i = 0; i < c->n; i++) {
		c->left[i] = c->seen[i] && c->value[i] > edge;
		if (c->seen[i] && c->value[i] == edge && *room) {
			c->left[i] = true;
			--*room;
		}
	}
	selection_keep_one(c, true);
}

enum err
selection_iv_top_k(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	const cJSON *p = json_get(s->param, "iv_top_k_param");
	size_t k = (size_t)json_int(p, "k", 10), n, room = 0;
	bool local_only = json_bool(p, "local_only", false);
	double *values, edge = -INFINITY;
	enum err rc = fill_values(s, r, local_only, err);

	if (rc)
		return rc;
	values = all_values(r, local_only, &n);
	if (k < n) {
		edge = values[k - 1];
		for (size_t i = k; i-- > 0 && values[i] == edge;)
			room++;
	}
	keep_top(&r->own, edge, &room);
	for (size_t h = 0; h < r->n_hosts; h++)
		if (local_only)
			keep_all(&r->hosts[h]);
		else
			keep_top(&r->hosts[h], edge, &room);
	free(values);
	return ERR_OK;
}

/* ---- between the parties ---- */

static enum err
send_numbers(struct selection *s, const struct mailbox_party *to,
    const char *tag, const bool *set, size_t n, struct buf *err)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
	enum err rc;

	json_add(o, "columns", list);
	for (size_t i = 0; i < n; i++)
		if (set[i])
			cJSON_AddItemToArray(
			    list, cJSON_CreateNumber((double)i));
	rc = mailbox_send_json(s->t->mail, to, tag, MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	return rc;
}

/* A fresh array of *n flags; with *n 0, of as many as the numbers need. */
static enum err
receive_numbers(struct selection *s, const struct mailbox_party *from,
    const char *tag, bool **set_out, size_t *n, struct buf *err)
{
	double limit = *n ? (double)*n : COLUMNS_MAX, most = (double)*n;
	cJSON *o = NULL;
	const cJSON *list, *it;
	enum err rc = mailbox_receive_json(
	    s->t->mail, from, tag, MESSAGE_AGGREGATE, &o, err);

	if (rc)
		return rc;
	list = json_get(o, "columns");
	cJSON_ArrayForEach(it, list)
	{
		double v = cJSON_IsNumber(it) ? it->valuedouble : -1;

		most = fmax(most, v + 1);
		if (v < 0 || v >= limit || v != floor(v))
			rc = ERR_INVALID;
	}
	if (rc) {
		err_set(err, rc, "%s %s named a column that it does not have",
		    from->role, from->party_id);
		goto out;
	}
	*n = (size_t)most;
	*set_out = xcalloc(*n + 1, sizeof(**set_out));
	cJSON_ArrayForEach(it, list)(*set_out)[(size_t)it->valuedouble] = true;
out:
	cJSON_Delete(o);
	return rc;
}

/* The first such filter tells which columns the host has. */
static enum err
meet_host(
    struct selection *s, struct selection_result *r, size_t h, struct buf *err)
{
	struct selection_columns *known = &s->hosts[h], *c = &r->hosts[h];
	size_t n = known->n;
	bool *set = NULL;
	enum err rc = receive_numbers(
	    s, task_peer(s->t, "host", h), COLUMNS_TAG, &set, &n, err);

	if (rc)
		return rc;
	if (!known->seen) { /* it may have none */
		selection_columns_init(known, n);
		memcpy(known->seen, set, n * sizeof(*set));
	}
	selection_columns_init(c, n);
	memcpy(c->seen, set, n * sizeof(*set));
	free(set);
	return ERR_OK;
}

enum err
selection_iv_begin(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	enum err rc = ERR_OK;

	if (!s->is_guest)
		return send_numbers(s, task_peer(s->t, "guest", 0), COLUMNS_TAG,
		    r->own.seen, r->own.n, err);
	r->n_hosts = s->n_hosts;
	r->hosts = xcalloc(r->n_hosts + 1, sizeof(*r->hosts));
	for (size_t h = 0; !rc && h < r->n_hosts; h++)
		rc = meet_host(s, r, h, err);
	return rc;
}

static enum err
take_left(struct selection *s, struct selection_result *r, struct buf *err)
{
	size_t n = r->own.n;
	bool *set = NULL;
	enum err rc = receive_numbers(
	    s, task_peer(s->t, "guest", 0), LEFT_TAG, &set, &n, err);

	for (size_t i = 0; !rc && i < r->own.n; i++)
		r->own.left[i] = r->own.seen[i] && set[i];
	free(set);
	return rc;
}

enum err
selection_iv_end(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	enum err rc = ERR_OK;

	if (!s->is_guest)
		return take_left(s, r, err);
	for (size_t h = 0; !rc && h < r->n_hosts; h++) {
		struct selection_columns *c = &r->hosts[h];

		rc = send_numbers(s, task_peer(s->t, "host", h), LEFT_TAG,
		    c->left, c->n, err);
		for (size_t i = 0; i < c->n; i++)
			s->hosts[h].passed[i] += c->left[i];
	}
	return rc;
}
