/*
 * Private to lib/table: sorts records that do not fit in memory.
 *
 * Records go into one arena of fixed size; a full arena is sorted and written
 * as a run beside the table; the runs are merged at the end. Memory is the
 * arena, then the merge's buffers, whatever the number of records.
 */
#ifndef FF_TABLE_SORT_H
#define FF_TABLE_SORT_H

#include "lib/table/row.h"

struct sorter;

/* Bytes of records in memory; tests take less. */
#define SORTER_ARENA_LEN ((size_t)16 << 20)

/* Scratch files are "<path>.run.*", unlinked as soon as they are open. */
struct sorter *sorter_new(const char *path, size_t arena_len);
/* NULL is fine. */
void sorter_free(struct sorter *s);

/* Copies the record; sets its seq. */
enum err
sorter_add(struct sorter *s, const struct record *rec, struct buf *err);

/* No more records: sorts what is there. sorter_next() may follow. */
enum err sorter_finish(struct sorter *s, struct buf *err);

/*
 * The next record in order of (id, seq), borrowed until the next call.
 * ERR_NOTFOUND (err untouched) behind the last.
 */
enum err sorter_next(struct sorter *s, struct record *rec_out, struct buf *err);

#endif
