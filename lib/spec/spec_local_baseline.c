/* LocalBaseline: a model of one party's rows alone. */
#include "lib/spec/rows.h"

#include <string.h>

static const char *const names[] = {"LogisticRegression", NULL};
static const char *const penalties[] = {"l2", "none", NULL};
static const char *const solvers[] = {
    "lbfgs", "newton-cg", "sag", "saga", "liblinear", NULL};
static const char *const multi[] = {"auto", "ovr", "multinomial", NULL};

static bool
is_above_zero(const cJSON *v)
{
	return !spec_check_positive(v);
}

static bool
is_count(const cJSON *v)
{
	return is_above_zero(v) && v->valuedouble == floor(v->valuedouble) &&
	       v->valuedouble <= 1e9;
}

static bool
is_bool(const cJSON *v)
{
	return cJSON_IsBool(v);
}

static bool
is_penalty(const cJSON *v)
{
	return spec_is_word(v, penalties);
}

static bool
is_solver(const cJSON *v)
{
	return spec_is_word(v, solvers);
}

static bool
is_multi(const cJSON *v)
{
	return spec_is_word(v, multi);
}

static bool
is_false(const cJSON *v)
{
	return cJSON_IsFalse(v);
}

static bool
is_null(const cJSON *v)
{
	return cJSON_IsNull(v);
}

static bool
is_anything(const cJSON *v)
{
	return v != NULL;
}

static bool
is_class_weight(const cJSON *v)
{
	static const char *const balanced[] = {"balanced", NULL};
	const cJSON *it;

	if (cJSON_IsNull(v) || spec_is_word(v, balanced))
		return true;
	if (!cJSON_IsObject(v))
		return false;
	cJSON_ArrayForEach(it, v) if (!is_above_zero(it)) return false;
	return true;
}

/* scikit-learn's options; those of is_anything do not change the result. */
static const struct option {
	const char *name;
	bool (*is_legal)(const cJSON *v);
} options[] = {
    {"penalty", is_penalty},
    {"C", is_above_zero},
    {"tol", is_above_zero},
    {"max_iter", is_count},
    {"fit_intercept", is_bool},
    {"solver", is_solver},
    {"class_weight", is_class_weight},
    {"multi_class", is_multi},
    {"dual", is_false},
    {"l1_ratio", is_null},
    {"intercept_scaling", is_above_zero},
    {"random_state", is_anything},
    {"verbose", is_anything},
    {"warm_start", is_anything},
    {"n_jobs", is_anything},
};

static bool
is_option(const cJSON *v)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (!strcmp(options[i].name, v->string))
			return options[i].is_legal(v);
	return false;
}

static const char *
check_options(const cJSON *v)
{
	static const char legal[] =
	    "an object of scikit-learn's options: penalty (\"l2\" or "
	    "\"none\"), C, tol and max_iter (above 0), fit_intercept (true or "
	    "false), solver (\"lbfgs\", \"newton-cg\", \"sag\", \"saga\" or "
	    "\"liblinear\"), intercept_scaling (above 0, for liblinear), "
	    "class_weight (null, \"balanced\" or an object of labels and "
	    "weights), multi_class (\"auto\", \"ovr\" or \"multinomial\"); "
	    "random_state, verbose, warm_start and n_jobs have no effect";
	const cJSON *it;

	if (!cJSON_IsObject(v))
		return legal;
	cJSON_ArrayForEach(it, v) if (!is_option(it)) return legal;
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "model_name",
	.type = SPEC_STRING,
	.fallback = "\"LogisticRegression\"",
	.choices = names,
	.meaning = "The kind of model."},
    {.name = "model_opts",
	.type = SPEC_OBJECT,
	.fallback = "{}",
	.check = check_options,
	.meaning = "Its options; every solver but liblinear, which punishes "
		   "the intercept too, finds the same weights."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_local_baseline = {
    .name = "LocalBaseline",
    .param_class = "LocalBaselineParam",
    .code_path = "federatedml/local_baseline/local_baseline.py/"
		 "LocalBaseline",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
