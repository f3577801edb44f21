/* The writing half of Download, which needs no task around it. */
#include "task/components/transfer.h"
#include "lib/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 10000
#define WRITE_LEN      ((size_t)256 << 10)

static enum err
flush(int fd, struct buf *b, const char *path, struct buf *err)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, b->ptr + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return err_set_errno(
			    err, ERR_IO, "cannot write %s", path);
		if (n > 0)
			done += (size_t)n;
	}
	buf_reset(b);
	return ERR_OK;
}

static void
add_line(const struct table_schema *schema, const struct table_row *row,
    const char *delimiter, struct buf *out)
{
	buf_add(out, row->id, row->id_len);
	if (schema->kind == TABLE_RAW || schema->kind == TABLE_LIST) {
		if (row->text_len)
			buf_adds(out, delimiter);
		buf_add(out, row->text, row->text_len);
		buf_addc(out, '\n');
		return;
	}
	buf_truncate(out, out->len - row->id_len);
	table_row_to_csv(schema, row, out);
}

static enum err
write_rows(const struct transfer_options *o, struct table_reader *r, int fd,
    int64_t *rows, struct buf *err)
{
	struct buf out = BUF_INIT;
	struct table_row row;
	enum err rc;

	*rows = 0;
	while (!(rc = table_reader_next(r, &row, err))) {
		add_line(table_reader_schema(r), &row, o->delimiter, &out);
		if (out.len >= WRITE_LEN)
			rc = flush(fd, &out, o->file, err);
		if (rc)
			break;
		if (++*rows % PROGRESS_EVERY == 0 && o->progress)
			o->progress(o->arg, *rows, table_reader_count(r));
	}
	if (rc == ERR_NOTFOUND)
		rc = flush(fd, &out, o->file, err);
	if (!rc && fsync(fd) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", o->file);
	buf_release(&out);
	return rc;
}

/* link() and not rename(): it never replaces a file that is there. */
static enum err
put_in_place(const char *part, const char *file, struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc = ERR_OK;

	if (link(part, file) < 0)
		rc = err_set_errno(err, errno == EEXIST ? ERR_CONFLICT : ERR_IO,
		    "cannot create the output file %s", file);
	else
		rc = path_sync_dir(path_parent(file, &dir), err);
	buf_release(&dir);
	return rc;
}

enum err
transfer_write(
    const struct transfer_options *o, int64_t *rows_out, struct buf *err)
{
	struct table_reader *r = NULL;
	struct buf part = BUF_INIT;
	enum err rc;
	int fd = -1;

	if (path_exists(o->file))
		return err_set(err, ERR_CONFLICT,
		    "the output file %s exists already and is not overwritten",
		    o->file);
	rc = table_reader_open(o->table, &r, err);
	if (rc)
		goto out;
	path_set(&part, "%s.%d.part", o->file, (int)getpid());
	fd = open(part.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) {
		rc = err_set_errno(err, ERR_IO, "cannot create %s", part.ptr);
		goto out;
	}
	rc = write_rows(o, r, fd, rows_out, err);
	if (!rc)
		rc = put_in_place(part.ptr, o->file, err);
out:
	if (fd >= 0) {
		close(fd);
		unlink(part.ptr);
	}
	table_reader_close(&r);
	buf_release(&part);
	return rc;
}
