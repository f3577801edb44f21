/*
 * One pass over the lines. A line's tabs become commas, its first field is
 * the id and the rest is the value, as in FATE; nothing is copied on the way
 * to the writer. After the first fault the rest is only read on to count the
 * faults, so that one answer names them all.
 */
#include "lib/table/import.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"
#include "lib/table/csv.h"

#include <string.h>

#define PROGRESS_EVERY 65536 /* lines; a power of two */

enum fault { FAULT_RAGGED, FAULT_NO_ID, FAULT_NOT_UTF8, FAULT_NUL, FAULT__MAX };

struct import {
	const struct import_options *o;
	struct import_result *result;
	struct csv_reader *csv;
	struct table_writer *writer;
	size_t n_fields; /* of the header with the id; 0: no header */
	int64_t first[FAULT__MAX];
	int64_t count[FAULT__MAX];
	size_t ragged_fields; /* of the first ragged line */
	int64_t n_faults;
};

/* ---- the header line ---- */

static void
trim(struct csv_line *line)
{
	while (line->len && strchr(" \t\r", line->text[line->len - 1]))
		line->text[--line->len] = '\0';
}

static enum err
check_names(const struct import *im, struct buf *err)
{
	const char *twice = table_schema_twice(&im->result->schema);

	return twice ? err_set(err, ERR_INVALID,
			   "the header of %s names the column '%s' twice",
			   im->o->file, twice)
		     : ERR_OK;
}

static enum err
take_header(struct import *im, struct csv_line *line, struct buf *err)
{
	struct table_schema *s = &im->result->schema;
	char *rest = line->text, *field;

	trim(line);
	if (!utf8_is_valid(line->text, line->len) ||
	    strlen(line->text) != line->len)
		return err_set(err, ERR_INVALID,
		    "the header (line %lld) of %s is not UTF-8 text",
		    (long long)line->number, im->o->file);
	im->n_fields = csv_split(line);
	s->sid_name = xstrdup(strsep(&rest, ","));
	while ((field = strsep(&rest, ",")))
		table_schema_add(s, field);
	return check_names(im, err);
}

/* ---- the rows ---- */

static bool
is_ascii(const char *s, size_t len)
{
	uint64_t any = 0, word;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, s + i, 8);
		any |= word;
	}
	for (; i < len; i++)
		any |= (unsigned char)s[i];
	return !(any & 0x8080808080808080U);
}

static void
note_fault(struct import *im, enum fault f, const struct csv_line *line)
{
	if (!im->count[f]++)
		im->first[f] = line->number;
	im->n_faults++;
}

static enum fault
find_fault(struct import *im, struct csv_line *line)
{
	size_t n = csv_split(line);

	if (memchr(line->text, '\0', line->len))
		return FAULT_NUL;
	if (!is_ascii(line->text, line->len) &&
	    !utf8_is_valid(line->text, line->len))
		return FAULT_NOT_UTF8;
	if (line->text[0] == ',')
		return FAULT_NO_ID;
	if (!im->n_fields || n == im->n_fields)
		return FAULT__MAX;
	if (!im->count[FAULT_RAGGED])
		im->ragged_fields = n;
	return FAULT_RAGGED;
}

static enum err
take_row(struct import *im, struct csv_line *line, struct buf *err)
{
	enum fault f = find_fault(im, line);
	struct table_row row = {.id = line->text};
	const char *comma;

	im->result->read++;
	if (f != FAULT__MAX)
		note_fault(im, f, line);
	if (im->n_faults)
		return ERR_OK;
	comma = memchr(line->text, ',', line->len);
	row.id_len = comma ? (size_t)(comma - line->text) : line->len;
	row.text = comma ? comma + 1 : "";
	row.text_len = comma ? line->len - row.id_len - 1 : 0;
	return table_writer_add(im->writer, &row, err);
}

static void
report(const struct import *im)
{
	int64_t size = csv_size(im->csv);

	if (im->o->progress && size > 0)
		im->o->progress(im->o->arg,
		    (int)(csv_offset(im->csv) * 100 / size), im->result->read);
}

/* ERR_NOTFOUND at the end of the file. */
static enum err
next_line(struct import *im, struct csv_line *line, struct buf *err)
{
	enum err rc;

	while (!(rc = csv_next(im->csv, line, err)) && !line->len)
		im->result->blank++;
	return rc;
}

static enum err
take_rows(struct import *im, struct buf *err)
{
	struct csv_line line;
	enum err rc;

	while (!(rc = next_line(im, &line, err))) {
		rc = take_row(im, &line, err);
		if (rc) {
			if (err)
				buf_addf(err, " (line %lld of %s)",
				    (long long)line.number, im->o->file);
			return rc;
		}
		if (!(im->result->read & (PROGRESS_EVERY - 1)))
			report(im);
	}
	report(im);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- what went wrong, in one sentence ---- */

static void
describe(const struct import *im, enum fault f, struct buf *text)
{
	static const char *const words[] = {
	    [FAULT_RAGGED] = "has another number of fields than the header",
	    [FAULT_NO_ID] = "has no id in its first field",
	    [FAULT_NOT_UTF8] = "is not UTF-8",
	    [FAULT_NUL] = "holds a NUL byte",
	};

	buf_addf(text, "%sline %lld ", text->len ? "; " : "",
	    (long long)im->first[f]);
	if (f == FAULT_RAGGED)
		buf_addf(text, "has %zu fields, the header has %zu",
		    im->ragged_fields, im->n_fields);
	else
		buf_adds(text, words[f]);
	buf_addf(text, " (%lld such line%s)", (long long)im->count[f],
	    im->count[f] == 1 ? "" : "s");
}

static enum err
refuse(const struct import *im, struct buf *err)
{
	struct buf text = BUF_INIT;

	for (enum fault f = 0; f < FAULT__MAX; f++)
		if (im->count[f])
			describe(im, f, &text);
	err_set(err, ERR_INVALID,
	    "%s was not stored, %lld of its %lld rows are faulty: %s",
	    im->o->file, (long long)im->n_faults, (long long)im->result->read,
	    text.ptr);
	buf_release(&text);
	return ERR_INVALID;
}

/* ---- appending ---- */

static bool
same_schema(const struct table_schema *a, const struct table_schema *b)
{
	if (a->kind != b->kind || a->n_header != b->n_header ||
	    !a->sid_name != !b->sid_name ||
	    (a->sid_name && strcmp(a->sid_name, b->sid_name)))
		return false;
	for (size_t i = 0; i < a->n_header; i++)
		if (strcmp(a->header[i], b->header[i]))
			return false;
	return true;
}

static enum err
keep_rows(struct import *im, struct buf *err)
{
	struct table_reader *from = NULL;
	struct table_row row;
	enum err rc = table_reader_open(im->o->append_to, &from, err);

	if (!rc && !same_schema(&im->result->schema, table_reader_schema(from)))
		rc = err_set(err, ERR_CONFLICT,
		    "%s has another header than the table it is appended to",
		    im->o->file);
	while (!rc && !(rc = table_reader_next(from, &row, err))) {
		im->result->kept++;
		rc = table_writer_add(im->writer, &row, err);
	}
	table_reader_close(&from);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- the whole ---- */

static enum err
start(struct import *im, struct buf *err)
{
	struct csv_line line;
	enum err rc = csv_open(im->o->file, &im->csv, err);

	if (rc)
		return rc;
	if (!csv_size(im->csv))
		return err_set(
		    err, ERR_INVALID, "%s is an empty file", im->o->file);
	if (!im->o->has_head)
		return ERR_OK;
	rc = next_line(im, &line, err);
	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_INVALID,
		    "%s holds nothing but empty lines", im->o->file);
	return rc ? rc : take_header(im, &line, err);
}

static enum err
check_rows(const struct import *im, struct buf *err)
{
	if (im->n_faults)
		return refuse(im, err);
	if (im->result->read)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    im->o->has_head ? "%s holds a header line but no rows"
			    : "%s holds nothing but empty lines",
	    im->o->file);
}

enum err
table_import(const struct import_options *o, struct import_result *result_out,
    struct buf *err)
{
	struct import im = {.o = o, .result = result_out};
	enum err rc;

	memset(result_out, 0, sizeof(*result_out));
	table_schema_init(&result_out->schema, TABLE_RAW);
	rc = start(&im, err);
	if (!rc)
		rc = table_writer_open(o->path, &result_out->schema,
		    TABLE_UNSORTED, &im.writer, err);
	if (!rc && o->append_to)
		rc = keep_rows(&im, err);
	if (!rc)
		rc = take_rows(&im, err);
	if (!rc)
		rc = check_rows(&im, err);
	if (!rc)
		rc = table_writer_finish(&im.writer, &result_out->stats, err);
	table_writer_abort(&im.writer);
	csv_close(&im.csv);
	return rc;
}

static void
add_reason(cJSON *list, int64_t n, const char *one, const char *many)
{
	struct buf text = BUF_INIT;

	if (n)
		buf_addf(&text, "%lld %s", (long long)n, n == 1 ? one : many);
	if (n)
		cJSON_AddItemToArray(list, cJSON_CreateString(text.ptr));
	buf_release(&text);
}

cJSON *
table_import_ledger(const struct import_result *r)
{
	cJSON *ledger = cJSON_CreateObject(), *reasons = cJSON_CreateArray();

	json_add_int(ledger, "read", r->read);
	json_add_int(ledger, "stored", r->stats.rows);
	json_add_int(ledger, "rejected", 0);
	json_add_int(ledger, "duplicates", r->stats.duplicates);
	json_add_int(ledger, "blank_lines", r->blank);
	json_add(ledger, "reasons", reasons);
	add_reason(reasons, r->stats.duplicates,
	    "row was replaced by a later row of the same id",
	    "rows were replaced by a later row of the same id");
	add_reason(reasons, r->blank, "empty line was skipped",
	    "empty lines were skipped");
	add_reason(reasons, r->kept, "row came from the version before",
	    "rows came from the version before");
	return ledger;
}
