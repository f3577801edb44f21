/* What Upload and Download share. */
#ifndef FF_TASK_COMPONENTS_TRANSFER_H
#define FF_TASK_COMPONENTS_TRANSFER_H

#include "task/task.h"

/*
 * The one metric of both: point `count` of `data_access` in the name space
 * `what`, whose meta is of `metric_type`.
 */
void transfer_metric(
    struct task *t, const char *what, const char *metric_type, int64_t count);

/*
 * Writes the rows of a table as lines: the id, then `delimiter` and the value
 * unless that is empty. The file must not be there; it appears whole.
 * `progress` may be NULL.
 */
struct transfer_options {
	const char *table;
	const char *file; /* as messages name it */
	int dir_fd;	  /* the folder to write in */
	const char *name; /* of the file there */
	const char *delimiter;
	bool has_head; /* column names first, if the table has them */
	void (*progress)(void *arg, int64_t rows, int64_t total);
	void *arg;
};
enum err transfer_write(
    const struct transfer_options *o, int64_t *rows_out, struct buf *err);

#endif
