/*
 * Scorecard: the probability of a prediction as a credit score, which rises by
 * `factor` whenever the odds against it grow by factor_base.
 */
#include <math.h>

#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/task.h"

#define CERTAIN 1e-8 /* as near to 0 or 1 there are no odds */

struct card {
	double offset, factor, base;
	double upper, lower;
};

static enum err
configure(struct card *c, const cJSON *param, struct buf *err)
{
	c->offset = json_double(param, "offset", 500);
	c->factor = json_double(param, "factor", 20);
	c->base = json_double(param, "factor_base", 2);
	c->upper = json_double(param, "upper_limit_ratio", 3) * c->offset;
	c->lower = json_double(param, "lower_limit_value", 0);
	if (c->base <= 0 || c->base == 1)
		return err_set(err, ERR_INVALID,
		    "factor_base is %.15g, expected a number above 0 other "
		    "than 1",
		    c->base);
	if (c->lower > c->upper)
		return err_set(err, ERR_INVALID,
		    "lower_limit_value %.15g is above upper_limit_ratio times "
		    "offset, which is %.15g",
		    c->lower, c->upper);
	return ERR_OK;
}

static double
credit_of(const struct card *c, double p)
{
	double score;
	char text[64];

	if (p <= CERTAIN)
		score = c->upper;
	else if (p >= 1 - CERTAIN)
		score = c->lower;
	else
		score = c->offset + c->factor / log(c->base) * log((1 - p) / p);
	score = fmax(c->lower, fmin(c->upper, score));
	/* Two decimals as Python rounds: of the exact value, half to even. */
	if (fabs(score) < 1e15) {
		snprintf(text, sizeof(text), "%.2f", score);
		num_parse_double(text, &score);
	}
	return score;
}

/* ---- rows ---- */

/*
 * The length of a JSON array's text up to its third comma at the top level:
 * the label, the result and the score keep the form they have.
 */
static size_t
three_cells(const char *text)
{
	int depth = 0, commas = 0;
	const char *s = text;

	for (; *s; s++) {
		if (*s == '"') {
			for (s++; *s && *s != '"'; s++)
				if (*s == '\\' && s[1])
					s++;
			if (!*s)
				break;
		} else if (*s == '[' || *s == '{') {
			depth++;
		} else if (*s == ']' || *s == '}') {
			depth--;
		} else if (*s == ',' && depth == 1 && ++commas == 3) {
			break;
		}
	}
	return (size_t)(s - text);
}

static enum err
read_score(const struct table_row *row, double *out, struct buf *err)
{
	cJSON *list = NULL;
	const cJSON *cell;
	enum err rc = json_parse(
	    row->text, row->text_len, "a row of the prediction", &list, err);

	if (rc)
		return rc;
	cell = cJSON_GetArrayItem(list, 2);
	*out = cJSON_IsNumber(cell) ? cell->valuedouble : NAN;
	if (cJSON_GetArraySize(list) < 4 || !(*out >= 0 && *out <= 1))
		rc = err_set(err, ERR_INVALID,
		    "row '%.*s' has no predict_score from 0 to 1; Scorecard "
		    "takes the predictions of a binary classification",
		    (int)row->id_len, row->id);
	cJSON_Delete(list);
	return rc;
}

static enum err
write_row(const struct card *c, struct table_row *row, struct table_writer *out,
    struct buf *err)
{
	struct buf line = BUF_INIT, text = BUF_INIT;
	char credit[32];
	double p = 0;
	enum err rc = read_score(row, &p, err);

	if (rc)
		return rc;
	buf_add(&text, row->text, row->text_len);
	num_format_double(credit_of(c, p), credit);
	buf_add(&line, text.ptr, three_cells(text.ptr));
	buf_addf(&line, ", %s]", credit);
	row->text = line.ptr;
	row->text_len = line.len;
	rc = table_writer_add(out, row, err);
	buf_release(&line);
	buf_release(&text);
	return rc;
}

static enum err
write_rows(const struct card *c, struct table_reader *in,
    struct table_writer *out, struct buf *err)
{
	struct table_row row;
	enum err rc = ERR_OK;

	while (!rc && !(rc = table_reader_next(in, &row, err)))
		rc = write_row(c, &row, out, err);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
write_output(struct task *t, const struct card *c, struct table_reader *in,
    struct buf *err)
{
	static const char *const header[] = {
	    "label", "predict_result", "predict_score", "credit_score"};
	struct table_writer *out = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	table_schema_init(&schema, TABLE_LIST);
	schema.sid_name = xstrdup_null(table_reader_schema(in)->sid_name);
	for (size_t i = 0; i < ARRAY_LEN(header); i++)
		table_schema_add(&schema, header[i]);
	rc = table_writer_open(
	    task_output_path(t), &schema, TABLE_SORTED, &out, err);
	if (!rc)
		rc = write_rows(c, in, out, err);
	if (!rc)
		rc = table_writer_finish(&out, &stats, err);
	if (!rc)
		task_output_table(
		    t, &stats, &schema, task_any_input(t)->partitions);
	table_writer_abort(&out);
	table_schema_release(&schema);
	return rc;
}

static void
report(struct task *t, const struct card *c)
{
	cJSON *extras = cJSON_CreateObject();
	struct buf formula = BUF_INIT;

	buf_addf(&formula, "Score = %.15g + %.15g / ln(%.15g) * ln(Odds)",
	    c->offset, c->factor, c->base);
	json_add_str(extras, "scorecard_compute_formula", formula.ptr);
	task_metric_meta(
	    t, "train", "scorecard", "scorecard", "SCORECARD", extras);
	buf_release(&formula);
}

enum err
scorecard_run(struct task *t, struct buf *err)
{
	const struct task_data *input = task_any_input(t);
	struct table_reader *in = NULL;
	struct card c;
	enum err rc = configure(&c, t->param, err);

	if (!rc && (!input || !input->path))
		rc = err_set(
		    err, ERR_INVALID, "Scorecard has no input predictions");
	if (!rc)
		rc = table_reader_open(input->path, &in, err);
	if (!rc && table_reader_schema(in)->kind != TABLE_LIST)
		rc = err_set(err, ERR_INVALID,
		    "the input of Scorecard is no table of predictions; give "
		    "it the output of a model");
	if (!rc)
		rc = write_output(t, &c, in, err);
	if (!rc)
		report(t, &c);
	table_reader_close(&in);
	return rc;
}
