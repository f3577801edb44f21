/* The words and checks behind the shared rows. */
#include "lib/spec/rows.h"

#include <string.h>
#include <strings.h>

const char *const spec_init_methods[] = {
    "random_normal", "random_uniform", "ones", "zeros", "const", NULL};
const char *const spec_paillier[] = {"Paillier", NULL};
const char *const spec_encrypt_modes[] = {"strict", "fast", "balance",
    "confusion_opt", "confusion_opt_balance", NULL};
const char *const spec_score_names[] = {"AIC", "BIC", NULL};
const char *const spec_directions[] = {"forward", "backward", "both", NULL};

/* Evaluation's metrics by eval_type, and what they are called for short. */
const char *const spec_binary_metrics[] = {"auc", "ks", "lift", "gain",
    "accuracy", "acc", "precision", "recall", "roc", "confusion_mat", "psi",
    "f1_score", "quantile_pr", NULL};
const char *const spec_multi_metrics[] = {
    "accuracy", "acc", "precision", "recall", NULL};
const char *const spec_regression_metrics[] = {"explained_variance",
    "mean_absolute_error", "mae", "l1", "mean_squared_error", "mse", "l2",
    "regression", "mean_squared_log_error", "msle", "median_absolute_error",
    "r2_score", "r2", "root_mean_squared_error", "rmse", "l2_root", NULL};

static bool
is_integer(const cJSON *v)
{
	return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble);
}

static bool
is_integer_list(const cJSON *v)
{
	const cJSON *it;

	cJSON_ArrayForEach(
	    it, v) if (!is_integer(it) || it->valuedouble < 0) return false;
	return cJSON_IsArray(v);
}

bool
spec_is_numbers(const cJSON *v)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, v)
	{
		if (!cJSON_IsNumber(it) && !cJSON_IsNull(it))
			return false;
	}
	return cJSON_IsArray(v);
}

const char *
spec_check_positive(const cJSON *v)
{
	if (cJSON_IsNumber(v) && v->valuedouble > 0)
		return NULL;
	return "a number greater than 0";
}

const char *
spec_check_key_length(const cJSON *v)
{
	static const int sizes[] = {1024, 2048, 3072, 4096};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (cJSON_IsNumber(v) && v->valuedouble == sizes[i])
			return NULL;
	return "1024, 2048, 3072 or 4096";
}

const char *
spec_check_batch_size(const cJSON *v)
{
	if (is_integer(v) && (v->valuedouble == -1 || v->valuedouble >= 10) &&
	    v->valuedouble <= INT32_MAX)
		return NULL;
	return "-1 (all rows at once) or an integer >= 10";
}

const char *
spec_check_freqs(const cJSON *v)
{
	if ((is_integer(v) && v->valuedouble >= 1) || is_integer_list(v))
		return NULL;
	return "an integer >= 1, a list of iterations >= 0, or null";
}

const char *
spec_check_texts(const cJSON *v)
{
	static const char legal[] = "a list of texts or numbers, or null";
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return legal;
	cJSON_ArrayForEach(
	    it, v) if (!cJSON_IsString(it) && !cJSON_IsNumber(it)) return legal;
	return NULL;
}

const char *
spec_check_not_empty(const cJSON *v)
{
	if (cJSON_IsString(v) && v->valuestring[0])
		return NULL;
	return "a text that is not empty";
}

const char *
spec_check_text_or_number(const cJSON *v)
{
	if (cJSON_IsNumber(v) || cJSON_IsString(v))
		return NULL;
	return "a number or a text";
}

const char *
spec_check_columns(const cJSON *v)
{
	if ((is_integer(v) && v->valuedouble == -1) || is_integer_list(v))
		return NULL;
	return "-1 (all columns), a list of integers >= 0, or null";
}

const char *
spec_check_names(const cJSON *v)
{
	static const char legal[] = "a list of columns' names, or null";
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return legal;
	cJSON_ArrayForEach(it, v) if (!cJSON_IsString(it)) return legal;
	return NULL;
}

bool
spec_is_word(const cJSON *v, const char *const *words)
{
	if (!cJSON_IsString(v))
		return false;
	for (; *words; words++)
		if (!strcmp(*words, v->valuestring))
			return true;
	return false;
}

bool
spec_is_name(const cJSON *v, const char *const *names)
{
	if (!cJSON_IsString(v))
		return false;
	for (; *names; names++)
		if (!strcasecmp(*names, v->valuestring))
			return true;
	return false;
}

bool
spec_are_names(const cJSON *v, const char *const *names)
{
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return false;
	cJSON_ArrayForEach(it, v) if (!spec_is_name(it, names)) return false;
	return true;
}

bool
spec_are_words(const cJSON *v, const char *const *words)
{
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return false;
	cJSON_ArrayForEach(it, v) if (!spec_is_word(it, words)) return false;
	return true;
}
