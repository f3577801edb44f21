/* FederatedSample: fewer rows, or more, the same at all parties. */
#include "lib/spec/rows.h"

#include <string.h>

static const char *const modes[] = {"random", "stratified", NULL};
static const char *const methods[] = {"downsample", "upsample", NULL};
static const char *const task_types[] = {"hetero", "homo", NULL};

static bool
is_pair(const cJSON *v)
{
	return cJSON_IsArray(v) && cJSON_GetArraySize(v) == 2 &&
	       !spec_check_text_or_number(v->child) &&
	       !spec_check_positive(v->child->next);
}

static const char *
check_fractions(const cJSON *v)
{
	static const char legal[] =
	    "a number above 0, or a list of [label, rate]";
	const cJSON *it;

	if (!spec_check_positive(v))
		return NULL;
	if (!cJSON_IsArray(v) || !v->child)
		return legal;
	cJSON_ArrayForEach(it, v) if (!is_pair(it)) return legal;
	return NULL;
}

static bool
is_above_one(const cJSON *fractions)
{
	const cJSON *it;

	if (cJSON_IsNumber(fractions))
		return fractions->valuedouble > 1;
	cJSON_ArrayForEach(
	    it, fractions) if (is_above_one(it->child->next)) return true;
	return false;
}

static const char *
check(const cJSON *p)
{
	const cJSON *fractions = json_get(p, "fractions");
	bool is_stratified = !strcmp(json_str(p, "mode", ""), "stratified");

	if (is_stratified != cJSON_IsArray(fractions))
		return is_stratified
			   ? "fractions must be a list of [label, rate] in "
			     "mode stratified"
			   : "fractions must be a number in mode random";
	if (!strcmp(json_str(p, "method", ""), "downsample") &&
	    is_above_one(fractions))
		return "fractions must be at most 1 to downsample";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "mode",
	.type = SPEC_STRING,
	.fallback = "\"random\"",
	.choices = modes,
	.meaning = "All rows alike, or a rate for each label."},
    {.name = "method",
	.type = SPEC_STRING,
	.fallback = "\"downsample\"",
	.choices = methods,
	.meaning = "Without replacement, keeping ids; or with it, and new "
		   "ids from 0."},
    {.name = "fractions",
	.type = SPEC_ANY,
	.fallback = "0.9",
	.check = check_fractions,
	.meaning = "Rows of the sample by rows of the table; stratified: for "
		   "each label, which hosts can guess from the sample when "
		   "rates differ."},
    SPEC_SEED_ROW("random_state"),
    {.name = "task_type",
	.type = SPEC_STRING,
	.fallback = "\"hetero\"",
	.choices = task_types,
	.meaning = "The guest draws for all, or each party for itself."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_federated_sample = {
    .name = "FederatedSample",
    .param_class = "SampleParam",
    .code_path = "federatedml/feature/sampler.py/Sampler",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = false,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
