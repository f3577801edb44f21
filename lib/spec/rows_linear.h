/*
 * The rows that the three linear models share, to be pasted into a table; see
 * rows.h.
 */
#ifndef FF_SPEC_ROWS_LINEAR_H
#define FF_SPEC_ROWS_LINEAR_H

#include "lib/spec/rows.h"

extern const char *const spec_penalties[];
extern const char *const spec_stops[];

const char *spec_check_binary_metrics(const cJSON *v);
const char *spec_check_regression_metrics(const cJSON *v);
/* Of a module: early stopping needs validation. */
const char *spec_check_validation(const cJSON *params);
/* Of a module: without a loss only the weights can tell convergence. */
void
spec_check_hosts(const cJSON *params, size_t n_hosts, struct buf *complaint);

#define SPEC_LINEAR_ROWS(optimizers, batch, init)                            \
	{.name = "penalty",                                                  \
	    .type = SPEC_STRING,                                             \
	    .flags = SPEC_NULLABLE | SPEC_IGNORE_CASE,                       \
	    .fallback = "\"L2\"",                                            \
	    .choices = spec_penalties,                                       \
	    .meaning = "What is added to the loss; null is none."},          \
	    {.name = "tol",                                                  \
		.type = SPEC_NUMBER,                                         \
		.fallback = "1e-05",                                         \
		SPEC_ABOVE(0),                                               \
		.meaning = "The threshold of early_stop."},                  \
	    {.name = "alpha",                                                \
		.type = SPEC_NUMBER,                                         \
		.fallback = "0.01",                                          \
		SPEC_ABOVE(0),                                               \
		.meaning = "The weight of the penalty."},                    \
	    {.name = "optimizer",                                            \
		.type = SPEC_STRING,                                         \
		.flags = SPEC_SAME | SPEC_IGNORE_CASE,                       \
		.fallback = "\"sgd\"",                                       \
		.choices = optimizers,                                       \
		.meaning = "How the arbiter turns a gradient into a step."}, \
	    {.name = "batch_size",                                           \
		.type = SPEC_INT,                                            \
		.flags = SPEC_SAME,                                          \
		.fallback = batch,                                           \
		.check = spec_check_batch_size,                              \
		.meaning = "Rows in a batch."},                              \
	    {.name = "learning_rate",                                        \
		.type = SPEC_NUMBER,                                         \
		.fallback = "0.01",                                          \
		.check = spec_check_positive,                                \
		.meaning = "The size of the first step."},                   \
	    SPEC_INIT_ROWS(init),                                            \
	{                                                                    \
		.name = "max_iter", .type = SPEC_INT, .flags = SPEC_SAME,    \
		.fallback = "100", .min = 1, .max = 1000000,                 \
		.meaning = "Most passes over the data."                      \
	}

#define SPEC_STOP_ROWS(stop, fall, is_root)                                   \
	{.name = "early_stop",                                                \
	    .type = SPEC_STRING,                                              \
	    .flags = SPEC_IGNORE_CASE,                                        \
	    .fallback = "\"" stop "\"",                                       \
	    .choices = spec_stops,                                            \
	    .meaning = "When training has converged: the loss changes by "    \
		       "less than tol, is below it, or the weights move "     \
		       "less."},                                              \
	    {.name = "decay",                                                 \
		.type = SPEC_NUMBER,                                          \
		.fallback = fall,                                             \
		SPEC_ABOVE(0),                                                \
		.meaning = "How fast the learning rate falls."},              \
	{                                                                     \
		.name = "decay_sqrt", .type = SPEC_BOOL, .fallback = is_root, \
		.meaning = "Whether it falls with the square root of the "    \
			   "iteration."                                       \
	}

#define SPEC_VALIDATION_ROWS(list, check_list)                                \
	{.name = "validation_freqs",                                          \
	    .type = SPEC_ANY,                                                 \
	    .flags = SPEC_SAME | SPEC_NULLABLE,                               \
	    .fallback = "null",                                               \
	    .check = spec_check_freqs,                                        \
	    .meaning = "When the model is evaluated in training: every n "    \
		       "iterations, at listed ones, or never."},              \
	    {.name = "early_stopping_rounds",                                 \
		.type = SPEC_INT,                                             \
		.flags = SPEC_SAME | SPEC_NULLABLE,                           \
		.fallback = "null",                                           \
		SPEC_ABOVE(1),                                                \
		.meaning = "Stop after so many validations without a "        \
			   "better metric."},                                 \
	    {.name = "metrics",                                               \
		.type = SPEC_LIST,                                            \
		.flags = SPEC_NULLABLE,                                       \
		.fallback = list,                                             \
		.check = check_list,                                          \
		.meaning = "What is evaluated in training: the single "       \
			   "values among them, or all when there are none."}, \
	{                                                                     \
		.name = "use_first_metric_only", .type = SPEC_BOOL,           \
		.fallback = "false",                                          \
		.meaning = "Whether early stopping looks at the first "       \
			   "metric only."                                     \
	}

#endif
