/*
 * GET (or POST) /v1/tracking/component/output/data/download. tar needs a
 * member's size before its content, so the CSV goes into a nameless spool
 * file first and is then compressed into the answer.
 */
#include "fcgi-app/archive_out.h"
#include "fcgi-app/output.h"
#include "fcgi-app/spool.h"
#include "lib/base/path.h"

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

static void
add_csv(struct archive_out *a, const struct spool *s)
{
	char chunk[16384];
	off_t at = 0;
	ssize_t n;

	archive_out_member(a, "output_data.csv", s->size);
	while ((n = pread(s->fd, chunk, sizeof(chunk), at)) > 0) {
		if (!archive_out_data(a, chunk, (size_t)n))
			return;
		at += n;
	}
}

static void
send_archive(const struct download *d, const struct spool *s, cJSON *header,
    struct reply *rp)
{
	struct buf text = BUF_INIT;
	cJSON *meta = cJSON_CreateObject();
	struct archive_out *a;

	path_set(&text, "job_%s_%s_%s_%s_output_data.tar.gz", d->target.job_id,
	    d->target.component, d->target.role, d->target.party_id);
	a = archive_out_open(rp, text.ptr);
	add_csv(a, s);
	buf_reset(&text);
	json_add(meta, "header", header);
	json_print(meta, JSON_PRETTY, &text);
	archive_out_text(a, "output_data_meta.json", text.ptr, text.len);
	archive_out_close(&a);
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
