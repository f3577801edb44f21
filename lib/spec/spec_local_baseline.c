/* LocalBaseline: a model of one party's rows alone. */
#include "lib/spec/rows.h"

#include <string.h>

static const char *const names[] = {"LogisticRegression", NULL};
static const char *const penalties[] = {"l2", "l1", "elasticnet", "none", NULL};
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
	return cJSON_IsNull(v) || spec_is_word(v, penalties);
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
is_ratio(const cJSON *v)
{
	return cJSON_IsNull(v) || (cJSON_IsNumber(v) && v->valuedouble >= 0 &&
				      v->valuedouble <= 1);
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
    {"dual", is_bool},
    {"l1_ratio", is_ratio},
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
	    "an object of scikit-learn's options: penalty (\"l2\", \"l1\" "
	    "with liblinear and saga, \"elasticnet\" with saga, or \"none\", "
	    "not with liblinear), l1_ratio (0 to 1, for elasticnet), C, tol "
	    "and max_iter (above 0), fit_intercept (true or false), solver "
	    "(\"lbfgs\", \"newton-cg\", \"sag\", \"saga\" or "
	    "\"liblinear\"), dual (true or false; true for liblinear with l2 "
	    "alone), intercept_scaling (above 0, for liblinear), class_weight "
	    "(null, \"balanced\" or an object of labels and "
	    "weights), multi_class (\"auto\", \"ovr\" or \"multinomial\", "
	    "not with liblinear); random_state, verbose, warm_start and n_jobs "
	    "have no effect";
	const cJSON *it;

	if (!cJSON_IsObject(v))
		return legal;
	cJSON_ArrayForEach(it, v) if (!is_option(it)) return legal;
	return NULL;
}

/* ---- what scikit-learn refuses together ---- */

#define L2_OR_NONE(solver)                                               \
	"model_opts.solver \"" solver "\" has the penalties \"l2\" and " \
	"\"none\" alone"
#define L1_OR_L2                                                               \
	"model_opts.solver \"liblinear\" has the penalties \"l1\" and \"l2\" " \
	"alone"

static const struct refusal {
	const char *solver, *penalty, *complaint;
} refusals[] = {
    {"lbfgs", "l1", L2_OR_NONE("lbfgs")},
    {"lbfgs", "elasticnet", L2_OR_NONE("lbfgs")},
    {"newton-cg", "l1", L2_OR_NONE("newton-cg")},
    {"newton-cg", "elasticnet", L2_OR_NONE("newton-cg")},
    {"sag", "l1", L2_OR_NONE("sag")},
    {"sag", "elasticnet", L2_OR_NONE("sag")},
    {"liblinear", "elasticnet", L1_OR_L2},
    {"liblinear", "none", L1_OR_L2},
};

static const char *
check_together(const cJSON *param)
{
	const cJSON *opts = json_get(param, "model_opts");
	const char *solver = json_str(opts, "solver", "lbfgs");
	const char *penalty = cJSON_IsNull(json_get(opts, "penalty"))
				  ? "none"
				  : json_str(opts, "penalty", "l2");
	bool liblinear = !strcmp(solver, "liblinear");

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (!strcmp(refusals[i].solver, solver) &&
		    !strcmp(refusals[i].penalty, penalty))
			return refusals[i].complaint;
	if (!strcmp(penalty, "elasticnet") &&
	    !cJSON_IsNumber(json_get(opts, "l1_ratio")))
		return "model_opts.penalty \"elasticnet\" needs l1_ratio, a "
		       "number from 0 to 1";
	if (liblinear &&
	    !strcmp(json_str(opts, "multi_class", "auto"), "multinomial"))
		return "model_opts.solver \"liblinear\" has no multi_class "
		       "\"multinomial\"";
	if (json_bool(opts, "dual", false) &&
	    !(liblinear && !strcmp(penalty, "l2")))
		return "model_opts.dual is true, which solver \"liblinear\" "
		       "with penalty \"l2\" has alone";
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
	.meaning = "Its options; every solver that has the penalty finds the "
		   "same weights, but for liblinear, which punishes the "
		   "intercept too."},
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
    .check = check_together,
};
