/* The guest's table of predictions, and what the others do for it. */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/glm_steps.h"

#include <math.h>

void
glm_print_label(const struct table_label *label, struct buf *out)
{
	char real[32];

	if (label->type == TABLE_LABEL_INT) {
		buf_addf(out, "%lld", (long long)label->i);
	} else if (label->type == TABLE_LABEL_REAL) {
		num_format_double(label->r, real);
		buf_adds(out, real);
	} else if (label->type == TABLE_LABEL_TEXT) {
		json_print_str(label->s, false, out);
	} else {
		buf_adds(out, "null");
	}
}

/* A class as its label was; FATE's classes are whole numbers. */
static void
print_class(double v, struct buf *out)
{
	char text[32];

	if (v == floor(v) && fabs(v) < 1e15) {
		buf_addf(out, "%.0f", v);
	} else {
		num_format_double(v, text);
		buf_adds(out, text);
	}
}

typedef void print_row(const struct glm *glm, const double *p, size_t n,
    size_t i, struct buf *out);

static void
print_binary(
    const struct glm *glm, const double *p, size_t n, size_t i, struct buf *out)
{
	char one[32], zero[32];

	(void)n;
	num_format_double(p[i], one);
	num_format_double(1 - p[i], zero);
	buf_addf(out, "%d, %s, {\"0\": %s, \"1\": %s}",
	    p[i] > glm->p.threshold ? 1 : 0, one, zero, one);
}

static void
print_value(
    const struct glm *glm, const double *p, size_t n, size_t i, struct buf *out)
{
	char value[32];

	(void)glm;
	(void)n;
	num_format_double(p[i], value);
	buf_addf(out, "%s, %s, {\"label\": %s}", value, value, value);
}

static void
print_classes(
    const struct glm *glm, const double *p, size_t n, size_t i, struct buf *out)
{
	size_t best = glm_best_class(glm, p, n, i);
	char text[32];

	print_class(glm->classes[best], out);
	num_format_double(p[best * n + i], text);
	buf_addf(out, ", %s, {", text);
	for (size_t k = 0; k < glm->n_models; k++) {
		num_format_double(p[k * n + i], text);
		buf_adds(out, k ? ", \"" : "\"");
		print_class(glm->classes[k], out);
		buf_addf(out, "\": %s", text);
	}
	buf_addc(out, '}');
}

static enum err
add_rows(struct glm *glm, struct table_writer *w, const struct glm_data *data,
    const char *type, struct buf *err)
{
	struct buf line = BUF_INIT;
	double *p = xcalloc(data->n * glm->n_models + 1, sizeof(*p));
	print_row *print = glm->n_models > 1		     ? print_classes
			   : glm->model->eval == EVAL_BINARY ? print_binary
							     : print_value;
	enum err rc;

	rc = glm_score_all_guest(glm, data, p, err);
	for (size_t i = 0; !rc && i < data->n; i++) {
		buf_reset(&line);
		buf_addc(&line, '[');
		glm_print_label(&data->labels[i], &line);
		buf_adds(&line, ", ");
		print(glm, p, data->n, i, &line);
		buf_addf(&line, ", \"%s\"]", type);
		rc = glm_output_row(w, data->ids[i], &line, err);
	}
	buf_release(&line);
	free(p);
	return rc;
}

void
glm_output_schema(const struct glm_data *data, struct table_schema *s)
{
	static const char *const header[] = {"label", "predict_result",
	    "predict_score", "predict_detail", "type"};

	table_schema_init(s, TABLE_LIST);
	s->sid_name = xstrdup_null(data->schema.sid_name);
	for (size_t i = 0; i < ARRAY_LEN(header); i++)
		table_schema_add(s, header[i]);
}

enum err
glm_output_row(struct table_writer *w, const char *id, const struct buf *line,
    struct buf *err)
{
	struct table_row row = {
	    .id = id,
	    .id_len = strlen(id),
	    .label = {.type = TABLE_NO_LABEL},
	    .text = line->ptr,
	    .text_len = line->len,
	};

	return table_writer_add(w, &row, err);
}

/* The validation rows come first: of equal ids the last one wins. */
static enum err
predict_guest(struct glm *glm, struct buf *err)
{
	const struct glm_data *shown = glm->fits ? &glm->train : &glm->eval;
	struct table_writer *w = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	glm_output_schema(shown, &schema);
	rc = table_writer_open(
	    task_output_path(glm->t), &schema, TABLE_UNSORTED, &w, err);
	if (!rc && glm->has_eval)
		rc = add_rows(glm, w, &glm->eval,
		    glm->fits ? "validate" : "predict", err);
	if (!rc && glm->fits)
		rc = add_rows(glm, w, &glm->train, "train", err);
	if (!rc)
		rc = table_writer_finish(&w, &stats, err);
	if (!rc)
		task_output_table(glm->t, &stats, &schema, shown->partitions);
	table_writer_abort(&w);
	table_schema_release(&schema);
	return rc;
}

enum err
glm_predict(struct glm *glm, struct buf *err)
{
	enum err rc = ERR_OK;

	if (glm_is(glm, "guest"))
		return predict_guest(glm, err);
	if (glm->has_eval)
		rc = glm_score_all_other(glm, &glm->eval, glm->n_eval, err);
	if (!rc && glm->fits)
		rc = glm_score_all_other(glm, &glm->train, glm->n, err);
	return rc;
}
