/*
 * For the tables of the modules only: the groups of parameters that several
 * modules share, as rows to be pasted into a table, and their checks.
 */
#ifndef FF_SPEC_ROWS_H
#define FF_SPEC_ROWS_H

#include "lib/base/mem.h"
#include "lib/spec/spec.h"

#include <math.h>

#define SPEC_ABOVE(n) .min = (n), .max = INFINITY

extern const struct spec_module spec_dataio;
extern const struct spec_module spec_intersection;
extern const struct spec_module spec_federated_sample;
extern const struct spec_module spec_union;
extern const struct spec_module spec_column_expand;
extern const struct spec_module spec_feature_scale;
extern const struct spec_module spec_one_hot_encoder;
extern const struct spec_module spec_hetero_feature_binning;
extern const struct spec_module spec_hetero_feature_selection;
extern const struct spec_module spec_hetero_lr;
extern const struct spec_module spec_hetero_linr;
extern const struct spec_module spec_hetero_poisson;
extern const struct spec_module spec_local_baseline;
extern const struct spec_module spec_scorecard;
extern const struct spec_module spec_rsa;
extern const struct spec_module spec_hetero_pearson;
extern const struct spec_module spec_evaluation;
extern const struct spec_module spec_secure_add_example;
extern const struct spec_module spec_upload;
extern const struct spec_module spec_download;
extern const struct spec_module spec_model_store;
extern const struct spec_module spec_model_restore;

/* Words that rows choose from. */
extern const char *const spec_init_methods[];
extern const char *const spec_paillier[];
extern const char *const spec_encrypt_modes[];
extern const char *const spec_score_names[];
extern const char *const spec_directions[];
extern const char *const spec_binary_metrics[];
extern const char *const spec_multi_metrics[];
extern const char *const spec_regression_metrics[];

/* Is `v` a list of numbers and nulls? */
bool spec_is_numbers(const cJSON *v);

/* Checks: what is legal, when it is not `v`; check(NULL) always says it. */
const char *spec_check_positive(const cJSON *v);
const char *spec_check_key_length(const cJSON *v);
const char *spec_check_batch_size(const cJSON *v);
const char *spec_check_freqs(const cJSON *v);
const char *spec_check_texts(const cJSON *v);
const char *spec_check_not_empty(const cJSON *v);
const char *spec_check_text_or_number(const cJSON *v);
const char *spec_check_columns(const cJSON *v);
const char *spec_check_names(const cJSON *v);

/* Is `v` a string that stands in `words` (NULL-ended)? */
bool spec_is_word(const cJSON *v, const char *const *words);
/* Is it a list of nothing but such strings? */
bool spec_are_words(const cJSON *v, const char *const *words);
/* The same in any case. */
bool spec_is_name(const cJSON *v, const char *const *names);
bool spec_are_names(const cJSON *v, const char *const *names);

#define SPEC_SEED_ROW(path)                                                 \
	{                                                                   \
		.name = path, .type = SPEC_INT, .flags = SPEC_NULLABLE,     \
		.fallback = "null",                                         \
		.meaning = "Seed of the random numbers; null draws afresh." \
	}

#define SPEC_NAMES_ROW(path, value, text)                                     \
	{                                                                     \
		.name = path, .type = SPEC_LIST, .flags = SPEC_NULLABLE,      \
		.fallback = value, .check = spec_check_names, .meaning = text \
	}

#define SPEC_NEED_RUN_ROW                                                  \
	{                                                                  \
		.name = "need_run", .type = SPEC_BOOL, .fallback = "true", \
		.meaning = "False passes the input on unchanged."          \
	}

#define SPEC_INIT_ROWS(method)                                      \
	{.name = "init_param.init_method",                          \
	    .type = SPEC_STRING,                                    \
	    .flags = SPEC_IGNORE_CASE,                              \
	    .fallback = "\"" method "\"",                           \
	    .choices = spec_init_methods,                           \
	    .meaning = "How the weights start."},                   \
	    {.name = "init_param.init_const",                       \
		.type = SPEC_NUMBER,                                \
		.fallback = "1",                                    \
		.meaning = "The weight that const uses."},          \
	    {.name = "init_param.fit_intercept",                    \
		.type = SPEC_BOOL,                                  \
		.fallback = "true",                                 \
		.meaning = "Whether the guest fits an intercept."}, \
	    SPEC_SEED_ROW("init_param.random_seed")

#define SPEC_ENCRYPT_ROWS                                                    \
	{.name = "encrypt_param.method",                                     \
	    .type = SPEC_STRING,                                             \
	    .flags = SPEC_IGNORE_CASE,                                       \
	    .fallback = "\"Paillier\"",                                      \
	    .choices = spec_paillier,                                        \
	    .meaning = "The cipher."},                                       \
	    {.name = "encrypt_param.key_length",                             \
		.type = SPEC_ANY,                                            \
		.flags = SPEC_SAME,                                          \
		.fallback = "1024",                                          \
		.check = spec_check_key_length,                              \
		.meaning = "Bits of the modulus."},                          \
	    {.name = "encrypted_mode_calculator_param.mode",                 \
		.type = SPEC_STRING,                                         \
		.flags = SPEC_IGNORE_CASE,                                   \
		.fallback = "\"strict\"",                                    \
		.choices = spec_encrypt_modes,                               \
		.meaning = "How eagerly values are encrypted afresh; every " \
			   "mode re-randomises what goes back to a party."}, \
	{                                                                    \
		.name = "encrypted_mode_calculator_param.re_encrypted_rate", \
		.type = SPEC_NUMBER, .fallback = "1", .min = 0, .max = 1,    \
		.meaning = "Share of values that balance renews."            \
	}

#define SPEC_PREDICT_ROWS                                               \
	{                                                               \
		.name = "predict_param.threshold", .type = SPEC_NUMBER, \
		.fallback = "0.5",                                      \
		.meaning = "A score above it is predicted as class 1."  \
	}

#define SPEC_CV_ROWS(is_shuffled)                                          \
	{.name = "cv_param.n_splits",                                      \
	    .type = SPEC_INT,                                              \
	    .fallback = "5",                                               \
	    SPEC_ABOVE(2),                                                 \
	    .meaning = "Folds of the cross validation."},                  \
	    {.name = "cv_param.mode",                                      \
		.type = SPEC_STRING,                                       \
		.fallback = "\"hetero\"",                                  \
		.meaning = "Kept for FATE's configurations, unused."},     \
	    {.name = "cv_param.role",                                      \
		.type = SPEC_STRING,                                       \
		.fallback = "\"guest\"",                                   \
		.meaning = "Kept for FATE's configurations, unused."},     \
	    {.name = "cv_param.shuffle",                                   \
		.type = SPEC_BOOL,                                         \
		.fallback = is_shuffled,                                   \
		.meaning = "Whether rows are shuffled before the split."}, \
	    {.name = "cv_param.random_seed",                               \
		.type = SPEC_INT,                                          \
		.flags = SPEC_NULLABLE,                                    \
		.fallback = "1",                                           \
		.meaning = "Seed of that shuffle."},                       \
	{                                                                  \
		.name = "cv_param.need_cv", .type = SPEC_BOOL,             \
		.flags = SPEC_SAME, .fallback = "false",                   \
		.meaning = "Cross validation instead of a training: no "   \
			   "predictions, and no model to use."             \
	}

#define SPEC_SQN_ROWS                                                     \
	{.name = "sqn_param.update_interval_L",                           \
	    .type = SPEC_INT,                                             \
	    .flags = SPEC_SAME,                                           \
	    .fallback = "3",                                              \
	    SPEC_ABOVE(1),                                                \
	    .meaning = "Iterations between two curvature pairs of sqn."}, \
	    {.name = "sqn_param.memory_M",                                \
		.type = SPEC_INT,                                         \
		.fallback = "5",                                          \
		SPEC_ABOVE(1),                                            \
		.meaning = "Curvature pairs that sqn keeps."},            \
	    {.name = "sqn_param.sample_size",                             \
		.type = SPEC_INT,                                         \
		.flags = SPEC_SAME,                                       \
		.fallback = "5000",                                       \
		SPEC_ABOVE(1),                                            \
		.meaning = "Rows in sqn's Hessian samples."},             \
	    SPEC_SEED_ROW("sqn_param.random_seed")

#define SPEC_STEPWISE_ROWS                                             \
	{.name = "stepwise_param.score_name",                          \
	    .type = SPEC_STRING,                                       \
	    .flags = SPEC_IGNORE_CASE,                                 \
	    .fallback = "\"AIC\"",                                     \
	    .choices = spec_score_names,                               \
	    .meaning = "What stepwise selection compares."},           \
	    {.name = "stepwise_param.direction",                       \
		.type = SPEC_STRING,                                   \
		.flags = SPEC_IGNORE_CASE,                             \
		.fallback = "\"both\"",                                \
		.choices = spec_directions,                            \
		.meaning = "Whether it adds, drops, or does both."},   \
	    {.name = "stepwise_param.max_step",                        \
		.type = SPEC_INT,                                      \
		.fallback = "10",                                      \
		SPEC_ABOVE(1),                                         \
		.meaning = "Most steps of the selection."},            \
	    {.name = "stepwise_param.nvmin",                           \
		.type = SPEC_INT,                                      \
		.fallback = "2",                                       \
		SPEC_ABOVE(1),                                         \
		.meaning = "Fewest variables that may stay."},         \
	    {.name = "stepwise_param.nvmax",                           \
		.type = SPEC_INT,                                      \
		.flags = SPEC_NULLABLE,                                \
		.fallback = "null",                                    \
		SPEC_ABOVE(2),                                         \
		.meaning = "Most variables that may stay."},           \
	    {.name = "stepwise_param.need_stepwise",                   \
		.type = SPEC_BOOL,                                     \
		.flags = SPEC_SAME,                                    \
		.fallback = "false",                                   \
		.meaning = "Whether columns are selected in steps; "   \
			   "one host."},                               \
	    {.name = "stepwise_param.mode",                            \
		.type = SPEC_STRING,                                   \
		.fallback = "\"hetero\"",                              \
		.meaning = "Kept for FATE's configurations, unused."}, \
	{                                                              \
		.name = "stepwise_param.role", .type = SPEC_STRING,    \
		.fallback = "\"guest\"",                               \
		.meaning = "Kept for FATE's configurations, unused."   \
	}

#endif
