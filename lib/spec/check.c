/*
 * Is a merged value legal, and what would be: both from the same row, so
 * that messages, checks and docs/modules.md cannot part.
 */
#include "lib/base/num.h"
#include "lib/spec/spec.h"
#include "lib/spec/rows.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static bool
is_bounded(const struct spec_param *p)
{
	return p->min != 0 || p->max != 0;
}

static bool
is_in_range(const struct spec_param *p, const cJSON *v)
{
	if (!cJSON_IsNumber(v))
		return false;
	if (p->type == SPEC_INT && (v->valuedouble != floor(v->valuedouble) ||
				       fabs(v->valuedouble) > NUM_EXACT_MAX))
		return false;
	return !is_bounded(p) ||
	       (v->valuedouble >= p->min && v->valuedouble <= p->max);
}

static bool
is_choice(const struct spec_param *p, const cJSON *v)
{
	if (!cJSON_IsString(v))
		return false;
	if (!p->choices)
		return true;
	return p->flags & SPEC_IGNORE_CASE ? spec_is_name(v, p->choices)
					   : spec_is_word(v, p->choices);
}

static bool
is_of_type(const struct spec_param *p, const cJSON *v)
{
	switch (p->type) {
	case SPEC_INT:
	case SPEC_NUMBER:
		return is_in_range(p, v);
	case SPEC_BOOL:
		return cJSON_IsBool(v);
	case SPEC_STRING:
		return is_choice(p, v);
	case SPEC_LIST:
		return cJSON_IsArray(v);
	case SPEC_OBJECT:
		return cJSON_IsObject(v);
	case SPEC_ANY:
		break;
	}
	return true;
}

static bool
is_legal(const struct spec_param *p, const cJSON *v)
{
	if (cJSON_IsNull(v) && (p->flags & SPEC_NULLABLE))
		return true;
	return v && is_of_type(p, v) && (!p->check || !p->check(v));
}

static void
print_range(const struct spec_param *p, struct buf *out)
{
	if (!is_bounded(p))
		return;
	if (isinf(p->max))
		buf_addf(out, " >= %.15g", p->min);
	else
		buf_addf(out, " from %.15g to %.15g", p->min, p->max);
}

static void
print_choices(const struct spec_param *p, struct buf *out)
{
	if (!p->choices) {
		buf_adds(out, "a text");
		return;
	}
	for (size_t i = 0; p->choices[i]; i++) {
		if (i)
			buf_adds(out, p->choices[i + 1] ? ", " : " or ");
		buf_addf(out, "\"%s\"", p->choices[i]);
	}
	if (p->flags & SPEC_IGNORE_CASE)
		buf_adds(out, " in any case");
}

void
spec_print_legal(const struct spec_param *p, struct buf *out)
{
	static const char *const words[] = {
	    [SPEC_INT] = "an integer",
	    [SPEC_NUMBER] = "a number",
	    [SPEC_BOOL] = "true or false",
	    [SPEC_STRING] = "",
	    [SPEC_LIST] = "a list",
	    [SPEC_ANY] = "anything",
	    [SPEC_OBJECT] = "an object",
	};
	const char *phrase = p->check ? p->check(NULL) : NULL;

	if (phrase) {
		buf_adds(out, phrase);
		return;
	}
	buf_adds(out, words[p->type]);
	if (p->type == SPEC_STRING)
		print_choices(p, out);
	print_range(p, out);
	if (p->flags & SPEC_NULLABLE)
		buf_adds(out, ", or null");
}

#define SHOWN_MAX 120

static void
add_value(const struct spec_param *p, const cJSON *v, struct buf *out)
{
	struct buf value = BUF_INIT;

	if (v && (p->flags & SPEC_SECRET) && !cJSON_IsNull(v))
		buf_adds(&value, SPEC_HIDDEN);
	else if (v)
		json_print(v, JSON_COMPACT, &value);
	if (value.len > SHOWN_MAX) {
		buf_truncate(&value, SHOWN_MAX);
		while (value.len && (value.ptr[value.len - 1] & 0x80))
			buf_truncate(&value, value.len - 1);
		buf_adds(&value, "...");
	}
	buf_adds(out, v ? value.ptr : "absent");
	buf_release(&value);
}

static void
begin_fault(const char *component, const struct spec_param *p, struct buf *out)
{
	buf_addf(out, "%scomponent '%s': parameter '%s' is ",
	    out->len ? "; " : "", component, p->name);
}

static void
add_fault(const char *component, const struct spec_param *p, const cJSON *v,
    struct buf *out)
{
	begin_fault(component, p, out);
	add_value(p, v, out);
	buf_adds(out, ", expected ");
	spec_print_legal(p, out);
}

static bool
is_same(const struct spec_param *p, const cJSON *a, const cJSON *b)
{
	if (p->flags & SPEC_IGNORE_CASE && cJSON_IsString(a) &&
	    cJSON_IsString(b))
		return strcasecmp(a->valuestring, b->valuestring) == 0;
	return cJSON_Compare(a, b, true);
}

enum err
spec_check_same(const struct spec_module *m, const char *component,
    const cJSON *const params[2], const char *const parties[2], struct buf *err)
{
	struct buf faults = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < m->n_params; i++) {
		const struct spec_param *p = &m->params[i];
		const cJSON *a = spec_value(params[0], p->name);
		const cJSON *b = spec_value(params[1], p->name);

		if (!(p->flags & SPEC_SAME) || is_same(p, a, b))
			continue;
		begin_fault(component, p, &faults);
		add_value(p, a, &faults);
		buf_addf(&faults, " at %s and ", parties[0]);
		add_value(p, b, &faults);
		buf_addf(&faults, " at %s, expected the same at all parties",
		    parties[1]);
	}
	if (faults.len)
		rc = err_set(err, ERR_INVALID, "%s", faults.ptr);
	buf_release(&faults);
	return rc;
}

enum err
spec_check(const struct spec_module *m, const char *component,
    const cJSON *params, struct buf *err)
{
	struct buf faults = BUF_INIT;
	const char *complaint;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < m->n_params; i++) {
		const struct spec_param *p = &m->params[i];
		const cJSON *v = spec_value(params, p->name);

		if (!is_legal(p, v))
			add_fault(component, p, v, &faults);
	}
	if (!faults.len && m->check && (complaint = m->check(params)))
		buf_addf(&faults, "component '%s': %s", component, complaint);
	if (faults.len)
		rc = err_set(err, ERR_INVALID, "%s", faults.ptr);
	buf_release(&faults);
	return rc;
}
