/*
 * libFuzzer target: an upload of a table and its way back. The first byte says
 * whether there is a header and whether the rows are appended to a first
 * part. What was taken in must be found again row by row, in order, and what
 * is shown of it as CSV must make the same table. Files lie in memory.
 */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/table/import.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HAS_HEAD = 1, APPENDS = 2 };

static struct {
	char folder[64];
	char csv[80], first[80], table[80], again[80];
} at;

static void
remove_folder(void)
{
	(void)path_remove_tree(at.folder, NULL);
}

static void
make_folder(void)
{
	if (*at.folder)
		return;
	json_init();
	snprintf(at.folder, sizeof(at.folder), "/dev/shm/fuzz-csv-XXXXXX");
	if (!mkdtemp(at.folder))
		abort();
	atexit(remove_folder);
	snprintf(at.csv, sizeof(at.csv), "%s/csv", at.folder);
	snprintf(at.first, sizeof(at.first), "%s/first", at.folder);
	snprintf(at.table, sizeof(at.table), "%s/table", at.folder);
	snprintf(at.again, sizeof(at.again), "%s/again", at.folder);
}

static void
write_csv(const void *bytes, size_t len)
{
	int fd = open(at.csv, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static enum err
import(const char *to, const char *append_to, bool has_head,
    struct import_result *out)
{
	struct import_options o = {.file = at.csv,
	    .path = to,
	    .has_head = has_head,
	    .append_to = append_to};
	struct buf err = BUF_INIT;
	enum err rc = table_import(&o, out, &err);

	assert(!rc == !err.len);
	buf_release(&err);
	return rc;
}

/* Every row, in order and to be found; as CSV into `out`. */
static void
read_back(const struct import_result *r, bool has_head, struct buf *out)
{
	struct table_reader *reader = NULL, *finder = NULL;
	const struct table_schema *s;
	struct buf last = BUF_INIT;
	struct table_row row, found;
	int64_t n = 0;

	if (table_reader_open(at.table, &reader, NULL) ||
	    table_reader_open(at.table, &finder, NULL))
		abort();
	s = table_reader_schema(reader);
	if (has_head) {
		buf_adds(out, s->sid_name);
		for (size_t i = 0; i < s->n_header; i++)
			buf_addf(out, ",%s", s->header[i]);
		buf_addc(out, '\n');
	}
	for (; !table_reader_next(reader, &row, NULL); n++) {
		assert(!n || table_compare_ids(
				 last.ptr, last.len, row.id, row.id_len) < 0);
		buf_reset(&last);
		buf_add(&last, row.id, row.id_len);
		table_row_to_csv(s, &row, out);
		cJSON_Delete(table_row_to_json(s, &row));
		if (table_reader_find(finder, last.ptr, last.len, &found, NULL))
			abort();
		assert(found.id_len == last.len);
	}
	assert(n == r->stats.rows && n == table_reader_count(reader));
	table_reader_close(&reader);
	table_reader_close(&finder);
	buf_release(&last);
}

/* What reading changes: carriage returns, byte order marks, blank names. */
static bool
is_plain(const char *text, size_t len)
{
	return !memchr(text, '\r', len) && !memchr(text, ' ', len) &&
	       !memmem(text, len, "\xef\xbb\xbf", 3);
}

static void
check(
    const char *text, size_t len, const struct import_result *r, bool has_head)
{
	struct import_result again = {0};
	struct buf csv = BUF_INIT;

	assert(r->stats.rows + r->stats.duplicates == r->read + r->kept);
	cJSON_Delete(table_import_ledger(r));
	read_back(r, has_head, &csv);
	if (is_plain(text, len) && (!has_head || r->schema.n_header)) {
		write_csv(csv.ptr, csv.len);
		if (import(at.again, NULL, has_head, &again))
			abort();
		assert(!strcmp(again.stats.digest, r->stats.digest));
		table_schema_release(&again.schema);
	}
	buf_release(&csv);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	bool has_head = size && (data[0] & HAS_HEAD);
	bool appends = size && (data[0] & APPENDS);
	struct import_result first = {0}, r = {0};

	if (!size)
		return 0;
	make_folder();
	write_csv(text, size - 1);
	appends = appends && !import(at.first, NULL, has_head, &first);
	if (!import(at.table, appends ? at.first : NULL, has_head, &r))
		check(text, size - 1, &r, has_head);
	table_schema_release(&first.schema);
	table_schema_release(&r.schema);
	unlink(at.first);
	unlink(at.table);
	unlink(at.again);
	return 0;
}
