/*
 * What components share that turn one table of instances into another: the
 * input, the choice of columns, rows as plain vectors, the model's buffers.
 */
#ifndef FF_TASK_COMPONENTS_INSTANCES_H
#define FF_TASK_COMPONENTS_INSTANCES_H

#include "lib/model/model.h"
#include "task/task.h"

/* Opens the task's one input, whatever its kind; the caller closes *out. */
enum err instances_open_table(
    const struct task *t, struct table_reader **out, struct buf *err);

/*
 * Opens the task's one input, which must be a table of instances with
 * columns; the caller closes *out.
 */
enum err instances_open(
    const struct task *t, struct table_reader **out, struct buf *err);

/* Is this a fit (the model that came along says nothing)? */
bool instances_is_fit(const struct task *t);

/* Two parameters that choose columns, by their keys in one object. */
struct instances_choice {
	const cJSON *param;
	const char *indexes; /* -1 (all), null or a list of positions */
	const char *names;   /* null or a list */
};

/*
 * Which columns are meant: picked_out[column] for each of the header, the
 * caller frees it. A column that is not there is an error that names the
 * parameter.
 */
enum err instances_pick(const struct table_schema *s,
    const struct instances_choice *choice, bool **picked_out, struct buf *err);

/* Where v stands among n rising numbers, or would. */
size_t instances_place(const int64_t *rising, size_t n, int64_t v);

/* The position of a column, or -1. */
int64_t instances_column(const struct table_schema *s, const char *name);

/* A row's values by column: what a sparse row lacks is 0. */
void instances_expand(const struct table_schema *s, const struct table_row *row,
    double *values_out);

/* One row of the output in the making. */
struct instances_row {
	const struct table_row *in;
	const double *values; /* by column of the input */
	double *out;	      /* by column of the output, to be filled */
};
typedef enum err
instances_change(void *arg, const struct instances_row *row, struct buf *err);

/*
 * Writes every row of `in` with the values that `change` makes of them: the
 * output table of the task. The schema's kind is that of the input; sparse
 * rows keep no value below 1e-6.
 */
enum err instances_write(struct task *t, struct table_reader *in,
    const struct table_schema *schema, instances_change *change, void *arg,
    struct buf *err);

/* ---- the model's buffers ---- */

enum err instances_save(struct task *t, const char *buffer, const char *message,
    const ProtobufCMessage *m, struct buf *err);
/* The caller ends *out with protobuf_c_message_free_unpacked(). */
enum err instances_load(const struct task *t, const char *buffer,
    const char *message, ProtobufCMessage **out, struct buf *err);

/* The same of a model other than the task's own, which must be there. */
struct instances_buffer {
	const char *name;
	const char *message;
};
enum err instances_load_from(const struct task *t,
    const struct task_model *model, const struct instances_buffer *buffer,
    ProtobufCMessage **out, struct buf *err);

#endif
