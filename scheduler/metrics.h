/*
 * metrics.jsonl, read from an offset on: whole lines only, numbers kept as
 * they were written, so that 1 and 1.0 stay apart.
 */
#ifndef FF_SCHEDULER_METRICS_H
#define FF_SCHEDULER_METRICS_H

#include "lib/store/ingest.h"

struct metrics {
	struct ingest_metric *v; /* texts point into `texts` */
	size_t n;
	char **texts;
	size_t n_texts;
	int64_t offset; /* behind the last whole line that was read */
	int64_t n_bad;	/* lines that are no metric; they are passed over */
};

/* At most `limit` bytes at once. An absent file gives none. */
enum err metrics_read(const char *path, int64_t offset, size_t limit,
    struct metrics *out, struct buf *err);
void metrics_release(struct metrics *m);

#endif
