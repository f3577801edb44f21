/* The writing half of Download, which needs no task around it. */
#include "task/components/transfer.h"
#include "lib/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_EVERY 10000
#define WRITE_LEN      ((size_t)256 << 10)

static enum err
flush(int fd, struct buf *b, const char *path, struct buf *err)
{
	if (!path_write_all(fd, b->ptr, b->len))
		return err_set_errno(err, ERR_IO, "cannot write %s", path);
	buf_reset(b);
	return ERR_OK;
}

/* `line` is scratch, kept from row to row. */
static void
add_line(const struct table_schema *schema, const struct table_row *row,
    const char *delimiter, struct buf *line, struct buf *out)
{
	buf_add(out, row->id, row->id_len);
	if (schema->kind == TABLE_RAW || schema->kind == TABLE_LIST) {
		if (row->text_len)
			buf_adds(out, delimiter);
		buf_add(out, row->text, row->text_len);
		buf_addc(out, '\n');
		return;
	}
	buf_reset(line);
	table_row_to_csv(schema, row, line); /* id, comma, values */
	buf_adds(out, delimiter);
	buf_adds(out, line->ptr + row->id_len + 1);
}

/* The columns as the lines have them: the id, the label, the values. */
static void
add_head(
    const struct table_schema *schema, const char *delimiter, struct buf *out)
{
	const char *between = delimiter;

	buf_adds(out, schema->sid_name);
	if (schema->label_name) {
		buf_addf(out, "%s%s", between, schema->label_name);
		between = ",";
	}
	for (size_t i = 0; i < schema->n_header; i++) {
		buf_addf(out, "%s%s", between, schema->header[i]);
		between = ",";
	}
	buf_addc(out, '\n');
}

static enum err
write_rows(const struct transfer_options *o, struct table_reader *r, int fd,
    int64_t *rows, struct buf *err)
{
	struct buf out = BUF_INIT, line = BUF_INIT;
	struct table_row row;
	enum err rc;

	*rows = 0;
	if (o->has_head && table_reader_schema(r)->sid_name)
		add_head(table_reader_schema(r), o->delimiter, &out);
	while (!(rc = table_reader_next(r, &row, err))) {
		add_line(
		    table_reader_schema(r), &row, o->delimiter, &line, &out);
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
	buf_release(&line);
	buf_release(&out);
	return rc;
}

/* ---- the file ---- */

/* Nameless where there is such a thing: a killed task leaves nothing then. */
static enum err
create(const struct transfer_options *o, struct buf *part, int *fd_out,
    struct buf *err)
{
	int fd = openat(o->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		path_set(part, "%s.%d.part", o->name, (int)getpid());
		fd = openat(o->dir_fd, part->ptr,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	}
	*fd_out = fd;
	return fd < 0 ? err_set_errno(err, ERR_IO, "cannot create %s", o->file)
		      : ERR_OK;
}

/* A link and not rename(): it never replaces a file that is there. */
static enum err
put_in_place(const struct transfer_options *o, int fd, const struct buf *part,
    struct buf *err)
{
	struct buf from = BUF_INIT;
	int at = part->len ? o->dir_fd : AT_FDCWD;
	enum err rc = ERR_OK;

	if (part->len)
		path_set(&from, "%s", part->ptr);
	else
		path_set(&from, "/proc/self/fd/%d", fd);
	if (linkat(at, from.ptr, o->dir_fd, o->name,
		part->len ? 0 : AT_SYMLINK_FOLLOW) < 0)
		rc = err_set_errno(err, errno == EEXIST ? ERR_CONFLICT : ERR_IO,
		    "cannot create the output file %s", o->file);
	else if (fsync(o->dir_fd) < 0)
		rc = err_set_errno(
		    err, ERR_IO, "cannot sync the folder of %s", o->file);
	buf_release(&from);
	return rc;
}

static bool
is_there(const struct transfer_options *o)
{
	struct stat st;

	return fstatat(o->dir_fd, o->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err
transfer_write(
    const struct transfer_options *o, int64_t *rows_out, struct buf *err)
{
	struct table_reader *r = NULL;
	struct buf part = BUF_INIT;
	enum err rc;
	int fd = -1;

	if (is_there(o))
		return err_set(err, ERR_CONFLICT,
		    "the output file %s exists already and is not overwritten",
		    o->file);
	rc = table_reader_open(o->table, &r, err);
	if (!rc)
		rc = create(o, &part, &fd, err);
	if (!rc)
		rc = write_rows(o, r, fd, rows_out, err);
	if (!rc)
		rc = put_in_place(o, fd, &part, err);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && part.len)
		unlinkat(o->dir_fd, part.ptr, 0);
	table_reader_close(&r);
	buf_release(&part);
	return rc;
}
