/*
 * FederatedSample: fewer rows (without replacement) or more (with), of all
 * rows alike or with a rate for each label. In a hetero task the guest draws
 * and the hosts take the same ids; in a homo task each draws for itself.
 *
 * Eight bytes a row are kept for the draw.
 */
#include "task/components/federated_sample.h"
#include "task/components/instances.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/crypto/random.h"

static void
release(struct sample *s)
{
	for (size_t i = 0; i < s->n_groups; i++)
		free(s->groups[i].rows);
	free(s->groups);
	free(s->picks);
	table_reader_close(&s->in);
}

/* ---- parameters ---- */

static enum err
add_group(
    struct sample *s, const cJSON *label, const cJSON *rate, struct buf *err)
{
	double v = cJSON_IsNumber(rate) ? rate->valuedouble : -1;
	struct sample_group *g;

	if (!(v > 0) || (!s->is_up && v > 1))
		return err_set(err, ERR_INVALID,
		    "fractions has a rate of %.15g, expected a number above 0"
		    "%s",
		    v, s->is_up ? "" : " and at most 1 to downsample");
	s->groups =
	    xreallocarray(s->groups, s->n_groups + 1, sizeof(*s->groups));
	g = &s->groups[s->n_groups++];
	*g = (struct sample_group){.label = label, .rate = v};
	return ERR_OK;
}

static enum err
read_fractions(struct sample *s, const cJSON *fractions, struct buf *err)
{
	const cJSON *it;
	enum err rc = ERR_OK;

	if (!s->is_stratified)
		return add_group(s, NULL, fractions, err);
	if (!cJSON_IsArray(fractions) || !fractions->child)
		return err_set(err, ERR_INVALID,
		    "fractions must be a list of [label, rate] in mode "
		    "stratified");
	for (it = fractions->child; !rc && it; it = it->next) {
		const cJSON *label = cJSON_GetArrayItem(it, 0);

		if (!cJSON_IsString(label) && !cJSON_IsNumber(label))
			return err_set(err, ERR_INVALID,
			    "fractions holds something that is no [label, "
			    "rate]");
		rc = add_group(s, label, cJSON_GetArrayItem(it, 1), err);
	}
	return rc;
}

/* A word of two; ERR_INVALID names the parameter and both. */
static enum err
choose(const cJSON *param, const char *key, const char *const words[2],
    bool *is_second, struct buf *err)
{
	const char *word = json_str(param, key, words[0]);

	*is_second = !strcmp(word, words[1]);
	if (*is_second || !strcmp(word, words[0]))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s is \"%.64s\", expected \"%s\" or \"%s\"", key, word, words[0],
	    words[1]);
}

static enum err
configure(struct sample *s, bool *is_homo, struct buf *err)
{
	static const char *const modes[] = {"random", "stratified"};
	static const char *const methods[] = {"downsample", "upsample"};
	static const char *const types[] = {"hetero", "homo"};
	const cJSON *param = s->t->param;
	const cJSON *seed = json_get(param, "random_state");
	enum err rc = choose(param, "mode", modes, &s->is_stratified, err);

	if (!rc)
		rc = choose(param, "method", methods, &s->is_up, err);
	if (!rc)
		rc = choose(param, "task_type", types, is_homo, err);
	if (cJSON_IsNumber(seed))
		s->seed = (uint64_t)(int64_t)seed->valuedouble;
	else
		random_bytes(&s->seed, sizeof(s->seed));
	return rc;
}

/* ---- groups ---- */

static bool
is_label(const cJSON *wanted, const struct table_label *label)
{
	double v;

	if (label->type == TABLE_LABEL_TEXT && cJSON_IsString(wanted))
		return !strcmp(wanted->valuestring, label->s);
	if (!cJSON_IsNumber(wanted) &&
	    !num_parse_double(wanted->valuestring, &v))
		return false;
	if (cJSON_IsNumber(wanted))
		v = wanted->valuedouble;
	return (label->type == TABLE_LABEL_INT && v == (double)label->i) ||
	       (label->type == TABLE_LABEL_REAL && v == label->r);
}

static enum err
find_group(struct sample *s, const struct table_row *row,
    struct sample_group **out, struct buf *err)
{
	const struct table_label *l = &row->label;

	for (size_t i = 0; i < s->n_groups; i++)
		if (!s->is_stratified || is_label(s->groups[i].label, l)) {
			*out = &s->groups[i];
			return ERR_OK;
		}
	if (l->type == TABLE_NO_LABEL)
		return err_set(err, ERR_INVALID,
		    "row '%.*s' has no label to be sampled by",
		    (int)row->id_len, row->id);
	if (l->type == TABLE_LABEL_TEXT)
		return err_set(err, ERR_INVALID,
		    "label '%.64s' is not in fractions", l->s);
	return err_set(err, ERR_INVALID, "label %.15g is not in fractions",
	    l->type == TABLE_LABEL_INT ? (double)l->i : l->r);
}

static enum err
group_rows(struct sample *s, struct buf *err)
{
	struct sample_group *g = NULL;
	struct table_row row;
	enum err rc = ERR_OK;

	for (int64_t i = 0;; i++) {
		rc = table_reader_next(s->in, &row, err);
		if (!rc)
			rc = find_group(s, &row, &g, err);
		if (rc)
			return rc == ERR_NOTFOUND ? ERR_OK : rc;
		if (g->n == g->cap) {
			g->cap = g->cap ? 2 * g->cap : 1024;
			g->rows = xreallocarray(
			    g->rows, (size_t)g->cap, sizeof(*g->rows));
		}
		g->rows[g->n++] = i;
	}
}

/* ---- metrics (namespace and name stand as in FATE) ---- */

static void
count_metric(struct task *t, const char *name_space, const char *name,
    const char *key, int64_t n)
{
	char value[24];

	snprintf(value, sizeof(value), "%lld", (long long)n);
	task_metric(t, name_space, name, key, value);
}

static void
report_random(struct task *t, int64_t n)
{
	count_metric(t, "sample_count", "random", "\"count\"", n);
	task_metric_meta(
	    t, "sample_count", "random", "sample_count", "SAMPLE_TEXT", NULL);
}

static void
report_stratified(const struct sample *s)
{
	static const char *const spaces[] = {"sample_count", "original_count"};

	for (size_t k = 0; k < ARRAY_LEN(spaces); k++) {
		for (size_t i = 0; i < s->n_groups; i++) {
			const struct sample_group *g = &s->groups[i];
			struct buf key = BUF_INIT;

			json_print(g->label, JSON_COMPACT, &key);
			count_metric(s->t, spaces[k], "stratified", key.ptr,
			    k == 0 ? g->n_drawn : g->n);
			buf_release(&key);
		}
		task_metric_meta(s->t, spaces[k], "stratified", spaces[k],
		    "SAMPLE_TABLE", NULL);
	}
}

/* ---- the parties ---- */

static enum err
run_drawing(struct sample *s, bool tells_hosts, struct buf *err)
{
	enum err rc =
	    read_fractions(s, json_get(s->t->param, "fractions"), err);

	if (!rc)
		rc = group_rows(s, err);
	if (!rc)
		rc = sample_draw(s, err);
	if (!rc)
		rc = sample_write_picks(s, tells_hosts, err);
	if (!rc && s->is_stratified)
		report_stratified(s);
	else if (!rc)
		report_random(s->t, s->n_picks);
	return rc;
}

enum err
federated_sample_run(struct task *t, struct buf *err)
{
	struct sample s = {.t = t};
	bool is_homo = false, is_guest = !strcmp(t->role, "guest");
	enum err rc = configure(&s, &is_homo, err);

	if (!rc)
		rc = instances_open_table(t, &s.in, err);
	if (!rc && (is_homo || is_guest)) {
		rc = run_drawing(&s, is_guest && !is_homo, err);
	} else if (!rc) {
		rc = sample_write_told(&s, err);
		if (!rc && !s.is_stratified)
			report_random(t, s.n_picks);
	}
	release(&s);
	return rc;
}
