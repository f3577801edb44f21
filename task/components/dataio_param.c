/* DataIO's parameters: read once, with FATE's defaults. */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/dataio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const default_texts[] = {"", "none", "null", "na"};

/* The text that a JSON scalar would have as a cell. */
static char *
scalar_text(const cJSON *v)
{
	char text[32];

	if (cJSON_IsString(v))
		return xstrdup(v->valuestring);
	if (cJSON_IsBool(v))
		return xstrdup(cJSON_IsTrue(v) ? "True" : "False");
	if (!cJSON_IsNumber(v))
		return xstrdup("0");
	if (v->valuedouble == floor(v->valuedouble) &&
	    fabs(v->valuedouble) < 1e15)
		snprintf(text, sizeof(text), "%lld", (long long)v->valuedouble);
	else
		num_format_double(v->valuedouble, text);
	return xstrdup(text);
}

static void
add_text(struct dataio_fill *f, char *text)
{
	f->texts = xreallocarray(f->texts, f->n_texts + 1, sizeof(*f->texts));
	f->texts[f->n_texts++] = text;
}

static enum err
read_texts(
    struct dataio_fill *f, const cJSON *list, const char *what, struct buf *err)
{
	const cJSON *it;

	if (!list || cJSON_IsNull(list)) {
		for (size_t i = 0; i < ARRAY_LEN(default_texts); i++)
			add_text(f, xstrdup(default_texts[i]));
		return ERR_OK;
	}
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_INVALID,
		    "%s is not null or a list of texts", what);
	cJSON_ArrayForEach(it, list) add_text(f, scalar_text(it));
	return ERR_OK;
}

/* The names of one feature's four parameters. */
struct fill_names {
	const char *on, *method, *texts, *value;
};

static enum err
read_fill(struct dataio_fill *f, const cJSON *param,
    const struct fill_names *names, struct buf *err)
{
	static const char *const legal[] = {
	    "", "min", "max", "mean", "designated"};
	const char *method = json_str(param, names->method, "");

	f->is_on = json_bool(param, names->on, false);
	f->strategy = xstrdup(f->is_on ? method : "");
	f->value = scalar_text(json_get(param, names->value));
	if (!f->is_on)
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(legal); i++)
		if (!strcmp(legal[i], method))
			return read_texts(f, json_get(param, names->texts),
			    names->texts, err);
	return err_set(err, ERR_INVALID,
	    "%s is '%.40s', expected null, min, max, mean or designated",
	    names->method, method);
}

static enum err
check_words(struct dataio *d, const char *format, struct buf *err)
{
	enum dataio_type ignored;
	enum err rc;

	if (!d->format)
		return err_set(err, ERR_INVALID,
		    "input_format is '%.40s', expected dense, sparse or tag",
		    format);
	if (strcmp(d->output_format, "dense") &&
	    strcmp(d->output_format, "sparse"))
		return err_set(err, ERR_INVALID,
		    "output_format is '%.40s', expected dense or sparse",
		    d->output_format);
	if (!*d->delimiter || !*d->tag_value_delimiter)
		return err_set(err, ERR_INVALID,
		    "delimitor and tag_value_delimitor must not be empty");
	rc = dataio_type_parse(d->data_type, "data_type", &ignored, err);
	if (!rc)
		rc = dataio_type_parse(
		    d->label_type, "label_type", &ignored, err);
	d->schema.kind =
	    strcmp(d->output_format, "dense") ? TABLE_SPARSE : TABLE_DENSE;
	return rc;
}

enum err
dataio_configure(struct dataio *d, const cJSON *param, struct buf *err)
{
	static const struct fill_names missing = {"missing_fill",
	    "missing_fill_method", "missing_impute", "default_value"};
	static const struct fill_names outlier = {"outlier_replace",
	    "outlier_replace_method", "outlier_impute",
	    "outlier_replace_value"};
	const char *format = json_str(param, "input_format", "dense");
	const cJSON *exclusive = json_get(param, "exclusive_data_type");
	enum err rc;

	memset(d, 0, sizeof(*d));
	d->format = dataio_format_find(format);
	d->delimiter = xstrdup(json_str(param, "delimitor", ","));
	d->data_type = xstrdup(json_str(param, "data_type", "float64"));
	d->label_name = xstrdup(json_str(param, "label_name", "y"));
	d->label_type = xstrdup(json_str(param, "label_type", "int"));
	d->output_format = xstrdup(json_str(param, "output_format", "dense"));
	d->tag_value_delimiter =
	    xstrdup(json_str(param, "tag_value_delimitor", ":"));
	d->tag_with_value = json_bool(param, "tag_with_value", false);
	d->with_label = json_bool(param, "with_label", true);
	if (cJSON_IsObject(exclusive))
		d->exclusive = cJSON_Duplicate(exclusive, 1);
	rc = check_words(d, format, err);
	if (!rc)
		rc = read_fill(&d->missing, param, &missing, err);
	if (!rc)
		rc = read_fill(&d->outlier, param, &outlier, err);
	return rc;
}
