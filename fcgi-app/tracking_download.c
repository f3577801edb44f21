/*
 * GET (or POST) /v1/tracking/component/output/data/download. tar needs a
 * member's size before its content, so the CSV goes into a nameless spool
 * file first and is then compressed into the answer.
 */
#include "fcgi-app/output.h"
#include "fcgi-app/spool.h"
#include "lib/base/log.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#define FLUSH_AT ((size_t)64 << 10)

struct download {
	struct target target;
	int64_t limit; /* -1: all */
	bool head;
};

static void
add_header(cJSON *header, struct buf *out)
{
	for (const cJSON *it = header->child; it; it = it->next)
		buf_addf(out, "%s%s", it == header->child ? "" : ",",
		    cJSON_IsString(it) ? it->valuestring : "None");
	buf_addc(out, '\n');
}

/* All rows to show; the label of the last decides the header, which stands
 * first: so the table is looked at from its first row, which decides too. */
static enum err
write_rows(const struct download *d, struct table_reader *r, struct spool *s,
    cJSON **header_out, struct buf *err)
{
	const struct table_schema *schema = table_reader_schema(r);
	struct buf text = BUF_INIT;
	struct table_row row;
	enum err rc = ERR_OK;

	for (int64_t i = 0; d->limit < 0 || i < d->limit; i++) {
		rc = table_reader_next(r, &row, err);
		if (rc)
			break;
		if (!i) {
			*header_out = table_header_to_json(
			    schema, row.label.type != TABLE_NO_LABEL);
			if (d->head)
				add_header(*header_out, &text);
		}
		table_row_to_csv(schema, &row, &text);
		if (text.ptr[text.len - 1] != '\n')
			buf_addc(&text, '\n');
		if (text.len < FLUSH_AT)
			continue;
		rc = spool_write(s, text.ptr, text.len, err);
		if (rc)
			break;
		buf_reset(&text);
	}
	if (!rc || rc == ERR_NOTFOUND)
		rc = spool_write(s, text.ptr, text.len, err);
	buf_release(&text);
	return rc;
}

static la_ssize_t
on_write(struct archive *a, void *arg, const void *bytes, size_t len)
{
	struct reply *rp = arg;

	reply_bytes(rp, bytes, len);
	if (!rp->is_broken)
		return (la_ssize_t)len;
	archive_set_error(a, 0, "the client went away");
	return -1;
}

static bool
add_member(struct archive *a, const char *name, int64_t size)
{
	struct archive_entry *e = archive_entry_new();
	bool ok;

	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	ok = archive_write_header(a, e) == ARCHIVE_OK;
	archive_entry_free(e);
	return ok;
}

static bool
add_csv(struct archive *a, const struct spool *s)
{
	char chunk[16384];
	off_t at = 0;
	ssize_t n;

	if (!add_member(a, "output_data.csv", s->size))
		return false;
	while ((n = pread(s->fd, chunk, sizeof(chunk), at)) > 0) {
		if (archive_write_data(a, chunk, (size_t)n) != n)
			return false;
		at += n;
	}
	return at == s->size;
}

static void
send_archive(const struct download *d, const struct spool *s, cJSON *header,
    struct reply *rp)
{
	struct archive *a = archive_write_new();
	struct buf text = BUF_INIT;
	cJSON *meta = cJSON_CreateObject();
	bool ok;

	buf_addf(&text,
	    "attachment; filename=job_%s_%s_%s_%s_output_data.tar.gz",
	    d->target.job_id, d->target.component, d->target.role,
	    d->target.party_id);
	reply_head(rp, "application/x-tar", text.ptr);
	buf_reset(&text);
	json_add(meta, "header", header);
	json_print(meta, JSON_PRETTY, &text);
	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter_gzip(a);
	archive_write_set_filter_option(a, "gzip", "compression-level", "1");
	archive_write_set_bytes_in_last_block(a, 1);
	ok =
	    archive_write_open(a, rp, NULL, on_write, NULL) == ARCHIVE_OK &&
	    add_csv(a, s) &&
	    add_member(a, "output_data_meta.json", (int64_t)text.len) &&
	    archive_write_data(a, text.ptr, text.len) == (la_ssize_t)text.len &&
	    archive_write_close(a) == ARCHIVE_OK;
	if (!ok)
		log_error("job=%s download broken off: %s", d->target.job_id,
		    archive_error_string(a) ? archive_error_string(a)
					    : "scratch file");
	archive_write_free(a);
	cJSON_Delete(meta);
	buf_release(&text);
}

static enum err
download(struct app *app, const struct download *d, struct table_reader *r,
    struct reply *rp, struct buf *err)
{
	struct spool s = {.fd = -1};
	cJSON *header = NULL;
	enum err rc = spool_open(&s, app->cfg, err);

	if (!rc)
		rc = write_rows(d, r, &s, &header, err);
	if (!rc)
		send_archive(d, &s, header, rp);
	else
		cJSON_Delete(header);
	spool_release(&s);
	return rc;
}

static enum err
refuse(struct reply *rp, const char *text)
{
	reply_http(rp, 500, 500, text);
	return ERR_OK;
}

enum err
tracking_output_download(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct download d = {
	    .limit = json_in_int(
		&in, "limit", JSON_OPTIONAL, -1, INT64_MAX / 1024, -1),
	    .head = json_in_bool(&in, "head", JSON_OPTIONAL, true),
	};
	struct table_reader *r = NULL;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &d.target, err);

	if (!rc)
		rc = output_open(app, &d.target, &r, err);
	if (!rc)
		rc = d.limit == 0 ? refuse(rp, "limit is 0")
		     : !r || !table_reader_count(r)
			 ? refuse(rp, "no data")
			 : download(app, &d, r, rp, err);
	table_reader_close(&r);
	return rc;
}
