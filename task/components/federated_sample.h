/*
 * Private to FederatedSample: what was drawn, and the writing of it, which the
 * guest does for rows that it drew and the host for ids that it was told.
 */
#ifndef FF_TASK_COMPONENTS_FEDERATED_SAMPLE_H
#define FF_TASK_COMPONENTS_FEDERATED_SAMPLE_H

#include "task/task.h"

/* Of these rows, so many are drawn. */
struct sample_group {
	const cJSON *label; /* NULL: all rows are of one group */
	double rate;
	int64_t *rows; /* positions in the table; a draw reorders them */
	int64_t n, cap;
	int64_t n_drawn;
};

/* A row of the sample; rising by row, then key. */
struct sample_pick {
	int64_t row; /* in the table */
	int64_t key; /* its new id when upsampling */
};

struct sample {
	struct task *t;
	struct table_reader *in;
	bool is_up, is_stratified;
	uint64_t seed;
	struct sample_group *groups;
	size_t n_groups;
	struct sample_pick *picks;
	int64_t n_picks;
};

/* Draws from each group into s->picks (federated_sample_draw.c). */
enum err sample_draw(struct sample *s, struct buf *err);

/* ---- writing (federated_sample_write.c) ---- */

/*
 * Writes the picked rows as the task's output and, when `tells_hosts`, gives
 * every host their ids.
 */
enum err
sample_write_picks(struct sample *s, bool tells_hosts, struct buf *err);
/* Receives the guest's ids and writes the own rows of them. */
enum err sample_write_told(struct sample *s, struct buf *err);

#endif
