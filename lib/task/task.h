/*
 * What a component sees of the world: its parameters, its inputs, its peers,
 * and the calls by which it reports. docs/task-directory.md describes the
 * files behind it. Strings and trees are borrowed from the task.
 *
 * A component is one function; it returns ERR_OK or an error whose text goes
 * to the job's status: `err` says what is wrong and what to do about it.
 */
#ifndef FF_LIB_TASK_TASK_H
#define FF_LIB_TASK_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/federation/mailbox.h"
#include "lib/table/table.h"

/* contract: components, section 2.2 */
enum task_mode {
	TASK_SKIP,	/* need_run is false */
	TASK_FIT,	/* train_data, or data without a model */
	TASK_FIT_EVAL,	/* train_data and eval_data */
	TASK_PREDICT,	/* eval_data (with a model) */
	TASK_TRANSFORM, /* data with a model */
};

struct task_data {
	const char *key;       /* "data", "train_data", ... */
	const char *component; /* that made it, NULL for an uploaded table */
	const char *name_space;
	const char *name;
	const char *path; /* NULL: the upstream made no table here */
	int partitions;
};

struct task_model {
	bool is_isometric;
	const char *component;
	const char *dir; /* holds one file per buffer */
};

struct task {
	const char *job_id;
	const char *task_id;
	const char *component;
	const char *module;
	const char *role;
	const char *party_id;
	int attempt;
	enum task_mode mode;
	const cJSON *root;  /* all of task.json */
	const cJSON *param; /* merged parameters of the module */
	const cJSON *roles; /* {"guest":[9999],...} */
	struct task_data *data;
	size_t n_data;
	struct task_model *models;
	size_t n_models;
	const char *data_alias;
	const char *model_alias;
	struct mailbox_party self;
	struct mailbox_party *peers; /* every other party of the component */
	size_t n_peers;
	struct mailbox *mail;	    /* NULL when there are no peers */
	const char *dir;	    /* the task's own folder */
	struct task_report *report; /* behind the calls below */
};

/* The input of that key, or NULL. */
const struct task_data *task_input(const struct task *t, const char *key);
/* The first data input whatever its key, or NULL. */
const struct task_data *task_any_input(const struct task *t);
/* The model to transform or predict with, or NULL. */
const struct task_model *task_model(const struct task *t);

/*
 * Peers of a role, in conf order: the i-th, or NULL. Guest is one; hosts may
 * be several.
 */
const struct mailbox_party *
task_peer(const struct task *t, const char *role, size_t i);
size_t task_n_peers(const struct task *t, const char *role);

/* Percent 0..100 and one short sentence, shown while the task runs. */
void task_progress(struct task *t, int percent, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A line in task.log, which users see as INFO.log. */
#define task_log(t, ...) ((void)(t), log_info(__VA_ARGS__))

/*
 * Metrics. `key_json` and `value_json` are JSON texts, so that 1 and 1.0 stay
 * apart ("\"auc\"", "0.98"); a metric's meta is given once and its ownership
 * passes. task_metric_meta adds "name" and "metric_type" itself.
 */
void task_metric(struct task *t, const char *name_space, const char *name,
    const char *key_json, const char *value_json);
void task_metric_meta(struct task *t, const char *name_space, const char *name,
    const char *meta_name, const char *metric_type, cJSON *extras);

/* A single numeric point: key text, double value. */
void task_metric_value(struct task *t, const char *name_space, const char *name,
    const char *key, double value);

/*
 * Where to write the output table (open a table_writer on it), and the word
 * that it is complete. `partitions` is what table_info will show.
 */
const char *task_output_path(struct task *t);
void task_output_table(struct task *t, const struct table_stats *stats,
    const struct table_schema *schema, int partitions);
/* The output is the input `data` unchanged (need_run false). */
void task_output_pass(struct task *t, const struct task_data *data);

/*
 * One model buffer: serialized protobuf of message `message` under `buffer`,
 * e.g. "HeteroLogisticRegressionParam" of "LRModelParam". Nothing is kept in
 * a predict job (model_alias is NULL): it applies a model and makes none.
 */
enum err task_output_model(struct task *t, const char *buffer,
    const char *message, const void *bytes, size_t len, struct buf *err);
/* Reads a buffer of an input model. */
enum err task_input_model(const struct task *t, const struct task_model *model,
    const char *buffer, struct buf *bytes_out, struct buf *err);

/*
 * The table that is to be published under a name of its own, instead of an
 * output; ledger (its ownership passes) may be NULL.
 */
void task_publish_table(struct task *t, const char *name_space,
    const char *name, const struct table_stats *stats,
    const struct table_schema *schema, int partitions, cJSON *ledger);

/*
 * Which version the published table may take the place of: the file of the
 * one that was appended to, or "" for a name that must be free (a table
 * without rows counts as free). Not called: any.
 */
void task_publish_replaces(struct task *t, const char *file);

/* ---- what a program can run ---- */

typedef enum err component_run(struct task *t, struct buf *err);

struct component {
	const char *module;
	component_run *run;
	bool needs_rows; /* an input table without rows is refused */
};

/* A program's components, one row each. */
struct component_table {
	const struct component *rows;
	size_t n;
};

#endif
