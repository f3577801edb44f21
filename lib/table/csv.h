/*
 * Lines of a text file, read in large pieces with memory that does not grow
 * with the file. No quoting: FATE's CSV has none.
 *
 * A line ends with LF or CR LF, the last one maybe with nothing. A byte order
 * mark in front of the file is dropped. Lines may be changed in place.
 */
#ifndef FF_TABLE_CSV_H
#define FF_TABLE_CSV_H

#include <stdint.h>

#include "lib/base/buf.h"

#define CSV_LINE_MAX ((size_t)16 << 20)

struct csv_reader;

struct csv_line {
	char *text; /* ends with a NUL; may hold others */
	size_t len;
	int64_t number; /* counts from 1 */
};

/*
 * ERR_NOTFOUND when the file is absent; ERR_INVALID when it is no regular
 * file. Never follows a symbolic link in the last component.
 */
enum err csv_open(const char *path, struct csv_reader **out, struct buf *err);
void csv_close(struct csv_reader **r);

/*
 * The next line, borrowed until the next call. ERR_NOTFOUND (err untouched)
 * behind the last; ERR_INVALID for a line longer than CSV_LINE_MAX.
 */
enum err csv_next(struct csv_reader *r, struct csv_line *out, struct buf *err);

/* Bytes of the file, and how many of them were given out. */
int64_t csv_size(const struct csv_reader *r);
int64_t csv_offset(const struct csv_reader *r);

/* Tabs become commas; returns the number of fields. */
size_t csv_split(struct csv_line *line);

#endif
