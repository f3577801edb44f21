/*
 * Evaluation: reads prediction tables, splits their rows by type (train,
 * validate, predict) and reports the metrics of each part under the name of
 * the component that predicted.
 *
 * Rows are [label, predict_result, predict_score, predict_detail, type]; two
 * doubles a row are kept. In a multi evaluation these are class numbers; the
 * classes are numbered as they come and put in order at the end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/eval_report.h"
#include "task/task.h"

enum column { LABEL, RESULT, SCORE, DETAIL, TYPE, N_COLUMNS };

/* In the order in which they are reported; psi compares two of them. */
enum part { TRAIN, VALIDATE, PREDICT, N_PARTS };

static const char *const part_names[N_PARTS] = {
    [TRAIN] = "train",
    [VALIDATE] = "validate",
    [PREDICT] = "predict",
};

#define CLASSES_MAX 10000

struct part_rows {
	double *label;
	double *score;
	size_t n;
	size_t cap;
};

struct evaluation {
	struct task *t;
	enum eval_type type;
	struct eval_metrics metrics;
	const cJSON *pos_label;
	struct part_rows parts[N_PARTS];
	char **classes; /* JSON texts */
	size_t n_classes;
	size_t n_unlabelled; /* rows of a prediction, left out */
};

/* ---- parameters ---- */

static enum err
read_metrics(struct evaluation *e, const cJSON *list, struct buf *err)
{
	const cJSON *item;
	enum err rc = ERR_OK;

	if (cJSON_IsString(list))
		return eval_metrics_add(
		    &e->metrics, e->type, list->valuestring, err);
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item))
			return err_set(err, ERR_INVALID,
			    "metrics: expected a list of names");
		rc = eval_metrics_add(
		    &e->metrics, e->type, item->valuestring, err);
		if (rc != ERR_OK)
			return rc;
	}
	if (e->metrics.n == 0)
		eval_metrics_default(e->type, &e->metrics);
	return rc;
}

static enum err
read_parameters(struct evaluation *e, struct buf *err)
{
	const char *type = json_str(e->t->param, "eval_type", "binary");

	if (!eval_type_parse(type, &e->type))
		return err_set(err, ERR_INVALID,
		    "eval_type is \"%s\"; legal: binary, multi, regression",
		    type);
	e->pos_label = json_get(e->t->param, "pos_label");
	return read_metrics(e, json_get(e->t->param, "metrics"), err);
}

/* ---- cells ---- */

/* A number, or a text that holds one. */
static bool
cell_number(const cJSON *cell, double *out)
{
	if (cJSON_IsNumber(cell)) {
		*out = cell->valuedouble;
		return true;
	}
	return cJSON_IsString(cell) && num_parse_double(cell->valuestring, out);
}

static bool
cells_equal(const cJSON *a, const cJSON *b)
{
	double x, y;

	if (cell_number(a, &x) && cell_number(b, &y))
		return x == y;
	return cJSON_IsString(a) && cJSON_IsString(b) &&
	       strcmp(a->valuestring, b->valuestring) == 0;
}

/* pos_label is 1 unless the job says otherwise. */
static bool
is_positive(const struct evaluation *e, const cJSON *label)
{
	double v;

	if (e->pos_label != NULL && !cJSON_IsNull(e->pos_label))
		return cells_equal(label, e->pos_label);
	return cell_number(label, &v) && v == 1;
}

/* The number of a class; a new one is added. 2 and 2.0 are one class. */
static bool
class_number(struct evaluation *e, const cJSON *cell, double *out)
{
	struct buf text = BUF_INIT;
	size_t i;
	double v;

	if (cell_number(cell, &v) && v == floor(v) && fabs(v) < 1e15)
		buf_addf(&text, "%.0f", v);
	else
		json_print(cell, JSON_COMPACT, &text);
	for (i = 0; i < e->n_classes; i++) {
		if (strcmp(e->classes[i], text.ptr) == 0)
			break;
	}
	if (i == e->n_classes && i < CLASSES_MAX) {
		e->classes = xreallocarray(
		    e->classes, e->n_classes + 1, sizeof(*e->classes));
		e->classes[e->n_classes++] = buf_detach(&text);
	}
	buf_release(&text);
	*out = (double)i;
	return i < CLASSES_MAX;
}

/* ---- rows ---- */

static void
part_add(struct part_rows *p, double label, double score)
{
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 1024;
		p->label = xreallocarray(p->label, p->cap, sizeof(double));
		p->score = xreallocarray(p->score, p->cap, sizeof(double));
	}
	p->label[p->n] = label;
	p->score[p->n++] = score;
}

static bool
find_part(const char *name, enum part *out)
{
	unsigned i;

	for (i = 0; i < N_PARTS; i++) {
		if (strcmp(part_names[i], name) == 0) {
			*out = (enum part)i;
			return true;
		}
	}
	return false;
}

/* What a type of evaluation takes from a row; false with a reason. */
static bool
take_binary(struct evaluation *e, const cJSON *const *cells, double *label,
    double *score)
{
	*label = is_positive(e, cells[LABEL]);
	return cell_number(cells[SCORE], score);
}

static bool
take_multi(struct evaluation *e, const cJSON *const *cells, double *label,
    double *score)
{
	return !cJSON_IsNull(cells[RESULT]) &&
	       class_number(e, cells[LABEL], label) &&
	       class_number(e, cells[RESULT], score);
}

static bool
take_regression(struct evaluation *e, const cJSON *const *cells, double *label,
    double *score)
{
	(void)e;
	return cell_number(cells[LABEL], label) &&
	       cell_number(cells[SCORE], score);
}

static const struct {
	bool (*take)(struct evaluation *e, const cJSON *const *cells,
	    double *label, double *score);
	const char *needs;
} takes[EVAL_TYPE__MAX] = {
    [EVAL_BINARY] = {take_binary, "a number as predict_score"},
    [EVAL_MULTI] = {take_multi,
	"a class as predict_result (of at most 10000 classes)"},
    [EVAL_REGRESSION] = {take_regression, "numbers as label and predict_score"},
};

static enum err
add_cells(struct evaluation *e, const cJSON *const *cells, const char *id,
    struct buf *err)
{
	double label, score;
	enum part part;

	if (!cJSON_IsString(cells[TYPE]) ||
	    !find_part(cells[TYPE]->valuestring, &part))
		return err_set(err, ERR_INVALID,
		    "row %s: type is not train, validate or predict", id);
	if (cJSON_IsNull(cells[LABEL]) && part == PREDICT) {
		e->n_unlabelled++;
		return ERR_OK;
	}
	if (cJSON_IsNull(cells[LABEL]))
		return err_set(err, ERR_INVALID,
		    "row %s has no label: only labelled rows can be evaluated",
		    id);
	if (!takes[e->type].take(e, cells, &label, &score))
		return err_set(err, ERR_INVALID,
		    "row %s: a %s evaluation needs %s", id,
		    eval_type_name(e->type), takes[e->type].needs);
	part_add(&e->parts[part], label, score);
	return ERR_OK;
}

static enum err
add_row(struct evaluation *e, const struct table_row *row, struct buf *err)
{
	const cJSON *cells[N_COLUMNS] = {NULL}, *cell;
	struct buf id = BUF_INIT;
	cJSON *list = NULL;
	size_t n = 0;
	enum err rc;

	buf_add(&id, row->id, row->id_len);
	rc = json_parse(row->text, row->text_len, "prediction", &list, err);
	if (rc != ERR_OK)
		goto out;
	cJSON_ArrayForEach(cell, list)
	{
		if (n < N_COLUMNS)
			cells[n] = cell;
		n++;
	}
	if (n == N_COLUMNS)
		rc = add_cells(e, cells, id.ptr, err);
	else
		rc = err_set(err, ERR_INVALID,
		    "row %s has %zu columns, a prediction has %d", id.ptr, n,
		    (int)N_COLUMNS);
out:
	cJSON_Delete(list);
	buf_release(&id);
	return rc;
}

static enum err
read_table(struct evaluation *e, const struct task_data *data, struct buf *err)
{
	struct table_reader *reader = NULL;
	struct table_row row;
	enum err rc;

	rc = table_reader_open(data->path, &reader, err);
	if (rc != ERR_OK)
		return rc;
	if (table_reader_schema(reader)->kind != TABLE_LIST)
		rc = err_set(err, ERR_INVALID,
		    "the input from %s is no prediction table: Evaluation "
		    "reads the output of a model",
		    data->component != NULL ? data->component : data->key);
	while (rc == ERR_OK) {
		rc = table_reader_next(reader, &row, err);
		if (rc == ERR_OK)
			rc = add_row(e, &row, err);
		else if (rc == ERR_NOTFOUND)
			break;
	}
	table_reader_close(&reader);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- classes in order ---- */

struct class_place {
	char *text;
	size_t number;
};

/* Numbers by value, before texts by their bytes. */
static int
by_class(const void *a, const void *b)
{
	const char *s = ((const struct class_place *)a)->text;
	const char *t = ((const struct class_place *)b)->text;
	double x, y;
	bool s_is_number = num_parse_double(s, &x);
	bool t_is_number = num_parse_double(t, &y);

	if (s_is_number && t_is_number)
		return (x > y) - (x < y);
	if (s_is_number != t_is_number)
		return s_is_number ? -1 : 1;
	return strcmp(s, t);
}

static void
renumber(struct part_rows *p, const double *number)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		p->label[i] = number[(size_t)p->label[i]];
		p->score[i] = number[(size_t)p->score[i]];
	}
}

static void
order_classes(struct evaluation *e)
{
	struct class_place *places;
	double *number;
	size_t i;

	if (e->n_classes == 0)
		return;
	places = xreallocarray(NULL, e->n_classes, sizeof(*places));
	number = xreallocarray(NULL, e->n_classes, sizeof(*number));
	for (i = 0; i < e->n_classes; i++)
		places[i] = (struct class_place){e->classes[i], i};
	qsort(places, e->n_classes, sizeof(*places), by_class);
	for (i = 0; i < e->n_classes; i++) {
		e->classes[i] = places[i].text;
		number[places[i].number] = (double)i;
	}
	for (i = 0; i < N_PARTS; i++)
		renumber(&e->parts[i], number);
	free(number);
	free(places);
}

/* ---- a component's predictions ---- */

static void
forget_rows(struct evaluation *e)
{
	size_t i;

	for (i = 0; i < N_PARTS; i++) {
		free(e->parts[i].label);
		free(e->parts[i].score);
		e->parts[i] = (struct part_rows){0};
	}
	for (i = 0; i < e->n_classes; i++)
		free(e->classes[i]);
	free(e->classes);
	e->classes = NULL;
	e->n_classes = 0;
}

static struct eval_rows
rows_of(const struct evaluation *e, enum part part)
{
	return (struct eval_rows){.label = e->parts[part].label,
	    .score = e->parts[part].score,
	    .n = e->parts[part].n,
	    .n_classes = e->n_classes};
}

static enum err
report(struct evaluation *e, const char *name, struct buf *err)
{
	struct eval_rows rows, train = rows_of(e, TRAIN);
	enum err rc = ERR_OK;
	unsigned i;

	for (i = 0; rc == ERR_OK && i < N_PARTS; i++) {
		struct eval_request request = {
		    .type = e->type,
		    .metrics = &e->metrics,
		    .rows = &rows,
		    .classes = e->classes,
		};
		struct eval_where where = {part_names[i], name};

		rows = rows_of(e, (enum part)i);
		if (rows.n == 0)
			continue;
		if (i == VALIDATE && train.n > 0)
			request.expected = &train;
		task_log(
		    e->t, "%s: %zu rows of %s", name, rows.n, part_names[i]);
		rc = eval_report_all(e->t, &request, where, NULL, err);
	}
	return rc;
}

static const char *
metric_base(const struct task_data *data)
{
	return data->component != NULL ? data->component : data->key;
}

/* All inputs that one component made; the first of them starts the group. */
static enum err
evaluate_group(struct evaluation *e, size_t first, struct buf *err)
{
	const struct task *t = e->t;
	const char *name = metric_base(&t->data[first]);
	enum err rc = ERR_OK;
	size_t i;

	for (i = first; rc == ERR_OK && i < t->n_data; i++) {
		if (t->data[i].path != NULL &&
		    strcmp(metric_base(&t->data[i]), name) == 0)
			rc = read_table(e, &t->data[i], err);
	}
	if (rc == ERR_OK) {
		order_classes(e);
		rc = report(e, name, err);
	}
	forget_rows(e);
	return rc;
}

static bool
is_first_of_group(const struct task *t, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (t->data[i].path != NULL &&
		    strcmp(metric_base(&t->data[i]),
			metric_base(&t->data[at])) == 0)
			return false;
	}
	return true;
}

enum err
evaluation_run(struct task *t, struct buf *err)
{
	struct evaluation e = {.t = t};
	size_t i, n_tables = 0;
	enum err rc;

	if (t->mode == TASK_SKIP)
		return ERR_OK;
	rc = read_parameters(&e, err);
	for (i = 0; rc == ERR_OK && i < t->n_data; i++) {
		task_progress(t, (int)(100 * i / t->n_data), "evaluating %s",
		    metric_base(&t->data[i]));
		if (t->data[i].path == NULL)
			continue;
		n_tables++;
		if (is_first_of_group(t, i))
			rc = evaluate_group(&e, i, err);
	}
	if (rc == ERR_OK && e.n_unlabelled > 0)
		task_log(t,
		    "%zu rows of predictions have no label and were "
		    "left out",
		    e.n_unlabelled);
	if (rc == ERR_OK && n_tables == 0)
		task_log(t, "no predictions at this party: nothing to "
			    "evaluate");
	return rc;
}
